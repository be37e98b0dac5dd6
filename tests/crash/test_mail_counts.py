"""The accounts of a round's mail see what they are there to see."""

from collections import Counter
from pathlib import Path

import pytest

from tests.crash import mail as mail_of_rounds
from tests.crash.mail import DOMAIN, READERS, Counts, Mail, examine_mail
from tests.mail_servers import Postfix, SmtpSink

LOG = """\
postfix/cleanup[1]: AAA1: message-id=<case-0004@example.org>
postfix/lmtp[2]: AAA1: to=<hifa@lists.bridge.test>, relay=none, delay=1, status=deferred (Connection refused)
postfix/lmtp[2]: AAA1: to=<hifa@lists.bridge.test>, relay=127.0.0.1, delay=2, status=sent (250 2.0.0 Taken)
"""


def letter(reader: str, *, words: str = "case-0004: zinc?", number: int = 1, queued: str = "Q1") -> str:
    return (
        f"X-Mail-Args: <hifa+b-0@{DOMAIN}>\nX-Rcpt-Args: <{reader}>\nReceived: by postfix {queued}\n"
        f"Message-ID: <p{number}.hifa@{DOMAIN}>\nList-Id: HIFA <hifa.{DOMAIN}>\nSubject: Zinc\n\n{words}\n"
    )


async def counted(folder: Path, letters: list[str], inbox: dict[int, int]) -> Counts:
    sink = SmtpSink(folder / "sink")
    (folder / "sink").mkdir()
    for number, text in enumerate(letters):
        (folder / "sink" / str(number)).write_text(text)
    postfix = Postfix(folder, domain=DOMAIN, lmtp_port=1, relay_port=1)
    postfix.log_path.write_text(LOG)
    return await examine_mail(Mail(postfix=postfix, sink=sink, lmtp=1), [4], {1}, Counter(inbox))


@pytest.fixture(autouse=True)
def nothing_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail_of_rounds, "_SETTLED", 0.5)


async def test_equal_repeats_are_counted_and_nothing_is_wrong(tmp_path: Path) -> None:
    again = letter(READERS[0], queued="Q2")
    counts = await counted(tmp_path, [*map(letter, READERS), again], {4: 1})
    assert counts.wrong == []
    assert (counts.acknowledged, counts.put_off, counts.in_inbox) == (1, 1, 1)
    assert (counts.arrived, counts.repeated, counts.different, counts.missing) == (len(READERS), 1, 0, 0)


async def test_a_repeat_that_differs(tmp_path: Path) -> None:
    again = letter(READERS[0], words="case-0004: other words", queued="Q2")
    counts = await counted(tmp_path, [*map(letter, READERS), again], {4: 1})
    assert counts.different == 1
    assert counts.wrong == [f"#1 came to {READERS[0]} in different words"]


async def test_an_acknowledged_mail_that_is_nowhere(tmp_path: Path) -> None:
    counts = await counted(tmp_path, [*map(letter, READERS)], {})
    assert counts.wrong == ["mail 4: acknowledged is True, stands 0 times in the inbox"]


async def test_a_reader_without_the_letter_and_letters_that_nobody_approved(tmp_path: Path) -> None:
    counts = await counted(tmp_path, [*map(letter, READERS[1:]), letter(READERS[1], number=9)], {4: 1})
    assert counts.missing == 1
    assert counts.wrong[0].startswith(f"#9 came to {READERS[1]}, and nobody approved it")
