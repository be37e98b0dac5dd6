"""The demo's mail server, as strict as one: SMTP from the bridge, mailboxes for people, LMTP to the bridge.

It stands for the operator's own server (which proves who wrote, and says so in Authentication-Results) and for the
world behind it: it knows its people's addresses only, and takes from the bridge only what a good mail server takes.
"""

import asyncio
import base64
import secrets
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import format_datetime, formataddr, getaddresses, localtime
from pathlib import Path

import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session

from bridge.playground.lmtp_client import LmtpRefused, hand_over
from bridge.playground.notebook import Notebook

log = structlog.get_logger()
DOMAIN = "lists.baraza.example"
"""Of the community's address."""
AUTHSERV_ID = "mail.baraza.example"
MOST_BYTES = 1024 * 1024
_LONGEST_LINE = 998
_PAUSE, _LONGEST_PAUSE = 0.3, 5.0


@dataclass(frozen=True, kw_only=True)
class Letter:
    """One mail in somebody's mailbox. ``mine``: the owner wrote it. ``raw`` is the mail as it came, every byte."""

    id: str
    owner: str
    mine: bool
    at: float
    raw: bytes
    recipient: str = ""


class PostOffice:
    """``lmtp_port`` is where the bridge takes mail."""

    def __init__(
        self,
        directory: Path,
        *,
        people: Collection[str],
        lmtp_port: int,
        changed: Callable[[], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.letters: list[Letter] = []
        self.lmtp_port = lmtp_port
        self.port = 0
        self._people = frozenset(people)
        self._changed = changed
        self._clock = clock
        self._notes = Notebook(directory / "letters.jsonl")
        self._queue: asyncio.Queue[Letter] = asyncio.Queue()
        self._server: asyncio.Server | None = None
        self._carrier: asyncio.Task[None] | None = None
        self._read()

    def of(self, owner: str) -> list[Letter]:
        """A mailbox, oldest first."""
        return [letter for letter in self.letters if letter.owner == owner]

    async def start(self) -> None:
        """Listen on a free port of this machine."""
        self._server = await asyncio.get_running_loop().create_server(self._session, "127.0.0.1", 0)
        self.port = int(self._server.sockets[0].getsockname()[1])
        self._carrier = asyncio.create_task(self._carry(), name="post office")

    async def stop(self) -> None:
        if self._carrier is not None:
            self._carrier.cancel()
            await asyncio.wait([self._carrier])
        if self._server is not None:
            self._server.close()

    def _session(self) -> SMTP:
        return SMTP(
            _Door(self._people, self._deliver),
            data_size_limit=MOST_BYTES,
            hostname=AUTHSERV_ID,
            ident="demo",
            enable_SMTPUTF8=False,
            auth_exclude_mechanism=["LOGIN", "PLAIN"],
            loop=asyncio.get_running_loop(),
        )

    # --- from the bridge

    def _deliver(self, sender: str, recipient: str, content: bytes) -> None:
        self._keep(recipient, f"Return-Path: <{sender}>\r\n".encode() + content)

    # --- to the bridge

    def writes(self, owner: str, recipient: str, mail: EmailMessage, *, name: str) -> int:
        """A person's mail program hands in a mail; its bytes."""
        mail["From"] = formataddr((name, owner))
        mail["Date"] = format_datetime(localtime())
        mail["Message-ID"] = f"<{secrets.token_hex(12)}@{owner.rpartition('@')[2]}>"
        raw = mail.as_bytes(policy=policy.SMTP)
        letter = self._keep(owner, raw, mine=True, recipient=recipient)
        self._queue.put_nowait(letter)
        return len(raw)

    async def _carry(self) -> None:
        while True:
            letter = await self._queue.get()
            pause = _PAUSE
            while True:
                try:
                    await hand_over(self.lmtp_port, letter.owner, letter.recipient, _proven(letter))
                except LmtpRefused as refused:
                    self._keep(letter.owner, _report(letter, str(refused)))
                except (OSError, EOFError, ValueError):  # gone, slow or strange: again
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, _LONGEST_PAUSE)
                    continue
                self._notes.add({"carried": letter.id})
                break

    # --- what is kept

    def _keep(self, owner: str, raw: bytes, *, mine: bool = False, recipient: str = "") -> Letter:
        letter = Letter(id=secrets.token_hex(6), owner=owner, mine=mine, at=self._clock(), raw=raw, recipient=recipient)
        self.letters.append(letter)
        self._notes.add(
            {
                "id": letter.id,
                "owner": owner,
                "mine": mine,
                "at": letter.at,
                "recipient": recipient,
                "raw": base64.b64encode(raw).decode(),
            }
        )
        self._changed()
        return letter

    def _read(self) -> None:
        carried = set()
        for note in self._notes.read():
            if "carried" in note:
                carried.add(str(note["carried"]))
            elif {"id", "owner", "mine", "at", "recipient", "raw"} <= set(note):
                letter = Letter(
                    id=str(note["id"]),
                    owner=str(note["owner"]),
                    mine=bool(note["mine"]),
                    at=float(note["at"]),
                    recipient=str(note["recipient"]),
                    raw=base64.b64decode(str(note["raw"])),
                )
                self.letters.append(letter)
        for letter in self.letters:
            if letter.mine and letter.id not in carried:
                self._queue.put_nowait(letter)


class _Door:
    """What a mail server says to the bridge."""

    def __init__(self, people: frozenset[str], deliver: Callable[[str, str, bytes], None]) -> None:
        self._people = people
        self._deliver = deliver

    async def handle_MAIL(  # noqa: N802 - aiosmtpd looks for this name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        address = address.strip("<>")
        if address and address.rpartition("@")[2].lower() != DOMAIN:
            return "553 5.7.1 Sender is not of this server"
        envelope.mail_from = address or "<>"
        envelope.mail_options.extend(options)
        return "250 2.1.0 Ok"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd looks for this name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address.lower() not in self._people:
            return "550 5.1.1 No such user"
        if envelope.rcpt_tos:
            return "452 4.5.3 One recipient at a time"
        envelope.rcpt_tos.append(address.lower())
        return "250 2.1.5 Ok"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content
        raw = content if isinstance(content, bytes) else (content or "").encode()
        if wrong := faults(raw, is_8bit="BODY=8BITMIME" in (option.upper() for option in envelope.mail_options)):
            log.warning("demo_mail_refused", why=wrong)
            return wrong
        self._deliver((envelope.mail_from or "").strip("<>"), envelope.rcpt_tos[0], raw)
        return "250 2.0.0 Ok"


def faults(raw: bytes, *, is_8bit: bool) -> str:
    """Why a mail server would not take this mail from the bridge; empty where it would."""
    if b"\n" in raw.replace(b"\r\n", b"") or b"\r" in raw.replace(b"\r\n", b""):
        return "550 5.6.11 Line ends must be CR LF"
    if not raw.isascii() and not is_8bit:
        return "554 5.6.3 8-bit text was not announced"
    if any(len(line) > _LONGEST_LINE for line in raw.split(b"\r\n")):
        return "554 5.6.0 Line too long"
    if not raw.partition(b"\r\n\r\n")[0].isascii():
        return "554 5.6.7 8-bit header without SMTPUTF8"
    mail = message_from_bytes(raw, policy=policy.compat32)
    for name in ("From", "Date", "Message-ID"):
        if len(mail.get_all(name, [])) != 1:
            return f"550 5.6.0 {name} must stand there once"
    author = getaddresses([str(mail["From"])])
    if len(author) != 1 or author[0][1].rpartition("@")[2].lower() != DOMAIN:
        return "550 5.7.26 From is not aligned with the signing domain"
    return ""


def _proven(letter: Letter) -> bytes:
    """With what the operator's own server writes on top: where it came from, and that its author is proven."""
    domain = letter.owner.rpartition("@")[2]
    stamp = format_datetime(localtime())
    head = (
        f"Return-Path: <{letter.owner}>\r\n"
        f"Authentication-Results: {AUTHSERV_ID};\r\n dmarc=pass header.from={domain};\r\n"
        f" dkim=pass header.d={domain}\r\n"
        f"Received: from mx.{domain} by {AUTHSERV_ID} with ESMTPS id {letter.id};\r\n {stamp}\r\n"
    )
    return head.encode() + letter.raw


def _report(letter: Letter, words: str) -> bytes:
    """Mail that could not be delivered comes back, as it does anywhere."""
    mail = EmailMessage()
    mail["From"] = f"Mail Delivery System <mailer-daemon@{AUTHSERV_ID}>"
    mail["To"] = letter.owner
    mail["Subject"] = "Undelivered mail"
    mail["Date"] = format_datetime(localtime())
    mail["Message-ID"] = f"<{secrets.token_hex(12)}@{AUTHSERV_ID}>"
    mail["Auto-Submitted"] = "auto-replied"
    mail.set_content(f"Your mail to {letter.recipient} could not be delivered. The server there said:\n\n{words}\n")
    return mail.as_bytes(policy=policy.SMTP)


__all__ = ["AUTHSERV_ID", "DOMAIN", "Letter", "PostOffice", "faults"]
