"""The mail side of a round: a real Postfix in front of the program, the world behind it, an author and the readers."""

import asyncio
import re
import smtplib
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP

from tests.mail_servers import Postfix, Received, SmtpSink, short_folder
from tests.servers import ServerMissing, free_port, missing

DOMAIN = "lists.bridge.test"
READERS = ("ben@example.org", "ruth@example.org", "tom@example.org")
_OURS = "mx.bridge.test"
_EACH = 20
_POST = re.compile(r"<p(\d+)\.hifa@")
_FROM_HERE = b"\nMessage-ID:"
"""Above it stands what Postfix writes itself: the time, and its queue number."""


def writer_of(index: int) -> str:
    """Who writes that post. Nobody writes many: who is answered more than thirty times an hour may be a machine."""
    return f"zawadi{index // _EACH}@example.org"


@dataclass(frozen=True)
class Mail:
    """Postfix with the world behind it. It keeps what the program does not take, and comes again a second later."""

    postfix: Postfix
    sink: SmtpSink
    lmtp: int

    def lines(self) -> list[str]:
        """The account, as the config file has it."""
        return [
            "[accounts.mail]",
            'kind = "email"',
            f'domain = "{DOMAIN}"',
            f'smtp = "127.0.0.1:{self.postfix.submission}"',
            f'lmtp = "127.0.0.1:{self.lmtp}"',
            'spool = "spool"',
            f'authserv_id = "{_OURS}"',
        ]

    async def write(self, who: str, to: str, text: str, number: str) -> str:
        """Somebody's mail server hands ours a mail whose sender is vouched for; returns its Message-ID."""
        mail = EmailMessage(policy=SMTP)
        mail["Authentication-Results"] = f"{_OURS}; dmarc=pass header.from={who.partition('@')[2]}"
        mail["From"], mail["To"], mail["Subject"] = who, f"{to}@{DOMAIN}", "A question"
        mail["Message-ID"] = f"<{number}@{who.partition('@')[2]}>"
        mail.set_content(text)
        await asyncio.to_thread(self._hand_over, who, to, mail.as_bytes())
        return str(mail["Message-ID"])

    def _hand_over(self, who: str, to: str, raw: bytes) -> None:
        with smtplib.SMTP("127.0.0.1", self.postfix.incoming) as client:
            client.sendmail(who, [f"{to}@{DOMAIN}"], raw)

    def posts(self) -> "Letters":
        """What the readers have, by reader and post's number."""
        found: Letters = defaultdict(list)
        for mail in self.sink.mails():
            named = _POST.match(str(mail.mail["Message-ID"]))
            if named is not None and mail.mail["List-Id"]:
                for reader in mail.recipients:
                    found[reader, int(named[1])].append(mail)
        return found


Letters = defaultdict[tuple[str, int], list[Received]]


def differ(mails: list[Received]) -> bool:
    """Is a repeat anything else than the same bytes, from its Message-ID on?"""
    return len({mail.raw.partition(_FROM_HERE)[2] for mail in mails}) != 1


@contextmanager
def mail_servers() -> Iterator[Mail]:
    """Started, and stopped again; the test ends where they cannot be had."""
    with short_folder() as folder:
        lmtp = free_port()
        sink = SmtpSink(folder / "sink")
        postfix: Postfix | None = None
        try:
            sink.start()
            postfix = Postfix(folder / "postfix", domain=DOMAIN, lmtp_port=lmtp, relay_port=sink.port)
            postfix.start()
        except (ServerMissing, FileNotFoundError) as error:
            sink.stop()
            missing(str(error))
        try:
            yield Mail(postfix, sink, lmtp)
        finally:
            postfix.stop()
            sink.stop()
