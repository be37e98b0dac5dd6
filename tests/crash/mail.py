"""The mail side of a round: a real Postfix in front of the program, the world behind it, an author and the readers."""

import asyncio
import re
import smtplib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP

from tests.mail_servers import Postfix, Received, SmtpSink, short_folder
from tests.servers import ServerMissing, free_port, missing

DOMAIN = "lists.bridge.test"
READERS = ("ben@example.org", "ruth@example.org", "tom@example.org")
_OURS = "mx.bridge.test"
_EACH = 20
_LOOK = 0.003
"""Seconds between two looks into Postfix's log: a letter is on its disk for a few before the program is told so."""
_SETTLED = 4.0
"""Seconds without a new letter, after which none is expected any more."""
_OF_CASE = re.compile(r": (\w+): message-id=<case-(\d{4})@")
_HANDED_IN = re.compile(r"/lmtp\[\d+\]: (\w+): .*? status=(\w+)")
_POST = re.compile(r"<p(\d+)\.hifa@")
_FROM_HERE = b"\nMessage-ID:"
"""Above it stands what Postfix writes itself: the time, and its queue number."""


def writer_of(index: int) -> str:
    """Who writes that post. Nobody writes many: who is answered more than thirty times an hour may be a machine."""
    return f"zawadi{index // _EACH}@example.org"


@dataclass
class Counts:
    """Of the mail of one round."""

    wrong: list[str] = field(default_factory=list)
    acknowledged: int = 0
    """Mails in, for which the program answered 250 at the end of DATA."""
    put_off: int = 0
    """Attempts to hand one in while nobody took it, or while nobody answered any more."""
    in_inbox: int = 0
    due: int = 0
    """Letters: approved posts times readers."""
    missing: int = 0
    arrived: int = 0
    repeated: int = 0
    """Letters that a reader has more than once, each further one counted: what SMTP cannot avoid."""
    different: int = 0
    """Readers' posts whose repeats have other bytes or another Message-ID."""

    def facts(self) -> dict[str, object]:
        return {
            "mails in, acknowledged after DATA": self.acknowledged,
            "mails in, put off by a kill": self.put_off,
            "mails in the inbox": self.in_inbox,
            "letters due": self.due,
            "letters arrived": self.arrived,
            "letters missing": self.missing,
            "letters repeated": self.repeated,
            "repeats with other bytes or Message-ID": self.different,
        }


@dataclass(kw_only=True)
class Mail:
    """Postfix with the world behind it. It keeps what the program does not take, and comes again a second later."""

    postfix: Postfix
    sink: SmtpSink
    lmtp: int
    on_letter: Callable[[], None] = lambda: None
    """Called when a post's letter is being written to Postfix's disk."""

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
        """Somebody's mail server hands ours a mail whose sender is vouched for; returns its Message-ID.

        It returns when Postfix has answered 250: from now on nobody but us knows where the mail is.
        """
        mail = EmailMessage(policy=SMTP)
        mail["Authentication-Results"] = f"{_OURS}; dmarc=pass header.from={who.partition('@')[2]}"
        mail["From"], mail["To"], mail["Subject"] = who, f"{to}@{DOMAIN}", "A question"
        mail["Message-ID"] = f"<{number}@{who.partition('@')[2]}>"
        mail.set_content(text)
        await asyncio.to_thread(self._hand_over, who, to, mail.as_bytes())
        return str(mail["Message-ID"])

    def _hand_over(self, who: str, to: str, raw: bytes) -> None:
        with smtplib.SMTP("127.0.0.1", self.postfix.incoming, timeout=30) as client:
            client.sendmail(who, [f"{to}@{DOMAIN}"], raw)

    async def follow(self) -> None:
        """Look into Postfix's log for letters that come in; until cancelled."""
        with self.postfix.log_path.open("rb") as log:
            rest = log.read()[:0]
            while True:
                *lines, rest = (rest + log.read()).split(b"\n")
                for line in lines:
                    if b": message-id=<p" in line:
                        self.on_letter()
                await asyncio.sleep(_LOOK)

    async def letters(self, expected: int) -> list[Received]:
        """What has left Postfix, once all expected is there and nothing more comes."""
        before, quiet = -1, 0.0
        while True:
            found = [m for m in await asyncio.to_thread(self.sink.mails) if m.mail["List-Id"] and number_of(m)]
            quiet = quiet + 0.5 if len(found) == before else 0.0
            if quiet >= (1.0 if len(found) >= expected else _SETTLED):
                return found
            before = len(found)
            await asyncio.sleep(0.5)


def number_of(letter: Received) -> int:
    """Of the post that a letter brings; 0 for any other letter."""
    named = _POST.match(str(letter.mail["Message-ID"]))
    return 0 if named is None else int(named[1])


async def examine_mail(mail: Mail, written: Iterable[int], approved: set[int], inbox: Counter[int]) -> Counts:
    """``written``: posts by mail; ``approved``: numbers of posts; ``inbox``: how often each mail stands in it."""
    counts = Counts(due=len(approved) * len(READERS), in_inbox=len(inbox))
    _mails_in(mail.postfix.log_path.read_text(errors="replace"), written, inbox, counts)
    by_reader: dict[tuple[str, int], list[Received]] = defaultdict(list)
    for letter in await mail.letters(counts.due):
        for reader in letter.recipients:
            by_reader[reader, number_of(letter)].append(letter)
    counts.arrived = len(by_reader)
    for reader, number in by_reader:
        if reader not in READERS or number not in approved:
            counts.wrong.append(f"#{number} came to {reader}, and nobody approved it or reads it there")
    for reader in READERS:
        for number in approved:
            letters = by_reader.get((reader, number), [])
            if not letters:
                counts.missing += 1
                counts.wrong.append(f"#{number} never came to {reader}")
                continue
            counts.repeated += len(letters) - 1
            if differ(letters):
                counts.different += 1
                counts.wrong.append(f"#{number} came to {reader} in different words")
    return counts


def _mails_in(log: str, written: Iterable[int], inbox: Mapping[int, int], counts: Counts) -> None:
    """What was acknowledged, by the log of the one who was told so, stands in the inbox, once."""
    case = {queued: int(index) for queued, index in _OF_CASE.findall(log)}
    outcomes = [(case[queued], status) for queued, status in _HANDED_IN.findall(log) if queued in case]
    taken = {index for index, status in outcomes if status == "sent"}
    counts.acknowledged, counts.put_off = len(taken), sum(status == "deferred" for _, status in outcomes)
    for index in sorted({*written, *taken}):
        stands = inbox.get(index, 0)
        if stands != 1 or index not in taken:
            counts.wrong.append(f"mail {index}: acknowledged is {index in taken}, stands {stands} times in the inbox")
    bounced = sorted({index for index, status in outcomes if status not in ("sent", "deferred")})
    counts.wrong += [f"mail {index} was refused" for index in bounced]


def differ(mails: list[Received]) -> bool:
    """Is a repeat anything else than the same bytes, from its Message-ID on?"""
    return len({mail.raw.partition(_FROM_HERE)[2] or mail.raw for mail in mails}) != 1


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
            yield Mail(postfix=postfix, sink=sink, lmtp=lmtp)
        finally:
            postfix.stop()
            sink.stop()
