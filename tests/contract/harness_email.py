"""E-mail for the contract suite: a mail server that queues and tries again, and a world that may take letters."""

import asyncio
import smtplib
from base64 import b64encode
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import make_msgid
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP

from bridge.adapters.email.adapter import build
from bridge.adapters.email.settings import Settings
from bridge.core.ids import ChatId, CommunityId, MessageId, RemoteRef, UserId
from bridge.core.message import UncarriedKind
from bridge.core.ports import Adapter, AdapterContext
from bridge.core.text import RichText
from bridge.playground.synapse import free_port
from tests.contract.harness import PERSONAL, Fault, Harness
from tests.contract.seen import Shown, Upload

DOMAIN = "lists.bridge.test"
MEMBER = "amina@example.org"
GARBAGE = (
    b"no mail at all",
    b"\r\n",
    b"\xff\xfe\x00\x00\r\n\r\n\x80\x81",
    b"From: \r\n\r\nnobody\r\n",
    b"From: " + b"(" * 3000 + b")" * 3000 + b" <amina@example.org>x\r\n\r\ndeep\r\n",
    b"X-Many: 1\r\n" * 3000 + b"\r\nfields\r\n",
    b"From: <amina@example.org>\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 3000,
    b"From: <mailer-daemon@example.org>\r\n\r\nI could not deliver your mail.\r\n",
)


SENDINGS = {
    UncarriedKind.ENCRYPTED: "Content-Type: multipart/encrypted; boundary=b\r\n\r\n"
    "--b\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n"
    "--b\r\nContent-Type: application/octet-stream\r\n\r\n-----BEGIN PGP MESSAGE-----\r\n--b--\r\n",
    UncarriedKind.FORWARDED: "Content-Type: message/rfc822\r\n\r\n"
    f"From: Grace <grace@example.org>\r\nSubject: For you\r\n\r\n{PERSONAL} said this\r\n",
    UncarriedKind.DOCUMENT: "Content-Type: application/ms-tnef; name=winmail.dat\r\n\r\nx\r\n",
    UncarriedKind.UNKNOWN: "Content-Type: text/calendar\r\n\r\nBEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n"
    f"SUMMARY:{PERSONAL} trains nurses\r\nDTSTART:20261201T090000Z\r\nEND:VEVENT\r\n",
}


class _Letters:
    """The world's side: what was taken, and what goes wrong."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, bytes]] = []
        self.fault: Fault | None = None

    async def handle_RCPT(  # noqa: N802 - aiosmtpd looks for these names
        self, server: SMTP, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        match self.fault:
            case Fault.RATE_LIMITED:
                return "450 4.7.1 Slowly, please"
            case Fault.FORBIDDEN:
                return "550 5.7.1 Not from you"
            case Fault.CHAT_GONE:
                return "550 5.1.1 No such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 Ok"

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:  # noqa: N802
        if self.fault is Fault.SERVER_ERROR:
            return "*** out of memory"
        self.taken += [(address, envelope.content) for address in envelope.rcpt_tos]
        if self.fault is Fault.CUT_AFTER_REQUEST and server.transport is not None:
            server.transport.close()
        return "250 Ok"


class EmailHarness(Harness):
    groups = False
    describes = False
    tells_lengths = False
    uncarried = frozenset(SENDINGS)
    exact_limit = False
    rate_limit_seconds = 0.0
    unknown_message = "nobody.knows@example.org"

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.group = self.private = ChatId(MEMBER)
        self._name = PERSONAL
        self._smtp_port, self._lmtp_port = 25, 2424
        self._world = _Letters()
        self._server: asyncio.Server | None = None
        self._sessions: list[SMTP] = []
        self._queue: deque[bytes] = deque()
        self._carrier: asyncio.Task[None] | None = None
        self._count = 0

    @property
    def secrets(self) -> Sequence[str]:
        return ()

    def context(self) -> AdapterContext:
        return AdapterContext(
            account=self.account, clock=self.clock, inboxes={CommunityId("hifa"): ("HIFA", ChatId("hifa"))}
        )

    async def open_far_side(self) -> None:
        self._smtp_port, self._lmtp_port = free_port(), free_port()
        await self._listen()
        self._carrier = asyncio.create_task(self._carry())

    async def close_far_side(self) -> None:
        if self._carrier is not None:
            self._carrier.cancel()
            await asyncio.wait([self._carrier])
        await self._hang_up()

    async def _listen(self) -> None:
        def session() -> SMTP:
            made = SMTP(self._world, enable_SMTPUTF8=True, hostname="world.test", loop=asyncio.get_running_loop())
            self._sessions.append(made)
            return made

        self._server = await asyncio.get_running_loop().create_server(session, "127.0.0.1", self._smtp_port)

    async def _hang_up(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
        handlers = [session._handler_coroutine for session in self._sessions if session._handler_coroutine is not None]
        for session in self._sessions:
            if session.transport is not None:
                session.transport.close()
        for handler in handlers:
            handler.cancel()
        await asyncio.gather(*handlers, return_exceptions=True)
        self._sessions.clear()

    def build_adapter(self) -> Adapter:
        settings = Settings(
            domain=DOMAIN,
            smtp=f"127.0.0.1:{self._smtp_port}",
            lmtp=f"127.0.0.1:{self._lmtp_port}",
            spool=self.directory / "spool",
            prefix=False,
        )
        return build(settings, self.context())

    @property
    def owner_user(self) -> UserId:
        return UserId("owner@example.org")

    # --- members ---

    async def _carry(self) -> None:
        """As a mail server does: in order, and again until it is taken."""
        while True:
            if not self._queue:
                await asyncio.sleep(0.01)
                continue
            if await asyncio.to_thread(self._hand_over, self._queue[0]):
                self._queue.popleft()
            else:
                await asyncio.sleep(0.05)

    def _hand_over(self, raw: bytes) -> bool:
        try:
            with smtplib.LMTP("127.0.0.1", self._lmtp_port) as client:
                client.sendmail(MEMBER, [f"hifa@{DOMAIN}"], raw)
        except (OSError, smtplib.SMTPException):
            return False
        return True

    async def member_writes(
        self, chat: ChatId, text: RichText, *, reply_to: RemoteRef | None = None, file: Upload | None = None
    ) -> RemoteRef:
        mail = EmailMessage(policy=policy.SMTP)
        self._count += 1
        identity = make_msgid(str(self._count), domain="example.org")
        mail["Message-ID"] = identity
        name = b64encode(self._name.encode()).decode()
        if reply_to is not None:
            mail["In-Reply-To"] = f"<{reply_to.message}>"
        mail.set_content(text.text, cte="base64")
        if file is not None:
            main, _, sub = file.mime.partition("/")
            mail.add_attachment(file.data, maintype=main, subtype=sub, filename=file.name)
        self._queue.append(f"From: =?utf-8?b?{name}?= <{MEMBER}>\r\n".encode() + mail.as_bytes())
        return RemoteRef(self.account, chat, MessageId(identity.strip("<>")))

    async def member_sends(self, chat: ChatId, kind: UncarriedKind) -> RemoteRef:
        identity = make_msgid(kind.value, domain="example.org")
        head = f"From: {PERSONAL} <{MEMBER}>\r\nMessage-ID: {identity}\r\nMIME-Version: 1.0\r\n"
        self._queue.append((head + SENDINGS[kind]).encode())
        return RemoteRef(self.account, chat, MessageId(identity.strip("<>")))

    async def member_edits(self, ref: RemoteRef, text: RichText) -> None:
        raise NotImplementedError

    async def member_deletes(self, ref: RemoteRef) -> None:
        """A mail is deleted from one mailbox, and nobody is told."""

    async def member_presses(self, ref: RemoteRef, button: int) -> None:
        raise NotImplementedError

    async def member_renames(self, name: str) -> None:
        self._name = name

    async def garbage(self) -> int:
        self._queue.extend(GARBAGE)
        return len(GARBAGE)

    async def shown(self, chat: ChatId) -> list[Shown]:
        return [self._shown(address, raw) for address, raw in self._world.taken if address == chat]

    def _shown(self, address: str, raw: bytes) -> Shown:
        mail = message_from_bytes(raw, policy=policy.default)
        chat = ChatId(address)

        def ref(value: str) -> RemoteRef:
            return RemoteRef(self.account, chat, MessageId(value.strip("<> ")))

        return Shown(
            ref=ref(str(mail["Message-ID"])),
            text=str(mail.get_content()).replace("\r\n", "\n").rstrip("\n"),
            reply_to=ref(str(mail["In-Reply-To"])) if mail["In-Reply-To"] else None,
            ours=True,
        )

    @asynccontextmanager
    async def fault(self, kind: Fault) -> AsyncIterator[None]:
        self._world.fault = kind
        if kind is Fault.CONNECT_REFUSED:
            await self._hang_up()
        try:
            yield
        finally:
            self._world.fault = None
            if kind is Fault.CONNECT_REFUSED:
                await self._listen()
