"""Mail in through a real Postfix, a card, an approval, letters out through Postfix into the world; then an answer."""

import asyncio
import re
import smtplib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from functools import partial
from pathlib import Path

import pytest

from bridge.storage.models_members import Membership
from tests.acceptance.world import World
from tests.acceptance.world import until as until_then
from tests.mail_servers import Postfix, Received, SmtpSink, short_folder
from tests.servers import ServerMissing, free_port, missing

DOMAIN = "lists.bridge.test"
until = partial(until_then, seconds=60)
"""A mail goes through two servers and three processes."""
MAIL = """
[accounts.mail]
kind = "email"
domain = "{domain}"
smtp = "127.0.0.1:{submission}"
lmtp = "127.0.0.1:{lmtp}"
spool = "spool"
authserv_id = "mx.bridge.test"
"""
PROVEN = "mx.bridge.test; dmarc=pass header.from=example.org"
"""What our own mail server writes above a mail whose sender is vouched for."""


@dataclass(frozen=True)
class Servers:
    postfix: Postfix
    sink: SmtpSink
    lmtp: int

    async def writes(self, who: str, to: str, text: str, **fields: str) -> None:
        """Somebody's mail server hands a mail to ours."""
        mail = EmailMessage(policy=SMTP)
        mail["From"] = who
        mail["To"] = f"{to}@{DOMAIN}"
        for name, value in fields.items():
            mail[name.replace("_", "-")] = value
        mail.set_content(text)
        sender = who.partition("<")[2].rstrip(">")

        def hand_over() -> None:
            with smtplib.SMTP("127.0.0.1", self.postfix.incoming) as client:
                client.sendmail(sender, [f"{to}@{DOMAIN}"], mail.as_bytes())

        await asyncio.to_thread(hand_over)

    def to(self, address: str) -> list[Received]:
        return [mail for mail in self.sink.mails() if address in mail.recipients]


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    with short_folder() as folder:
        lmtp = free_port()
        sink = SmtpSink(folder / "sink")
        postfix: Postfix | None = None
        try:
            sink.start()
            postfix = Postfix(folder / "postfix", domain=DOMAIN, lmtp_port=lmtp, relay_port=sink.port)
            postfix.start()
        except (ServerMissing, FileNotFoundError) as error:
            missing(str(error))
        try:
            yield Servers(postfix, sink, lmtp)
        finally:
            postfix.stop()
            sink.stop()


@pytest.fixture
async def world(tmp_path: Path, servers: Servers) -> AsyncIterator[World]:
    world = World(tmp_path, free_port(), options='inboxes = ["mail:hifa"]\njoining = "open"\nreading = "immediate"')
    mail = MAIL.format(domain=DOMAIN, submission=servers.postfix.submission, lmtp=servers.lmtp)
    config = world.path.read_text().replace("[[communities]]", f"{mail}\n[[communities]]", 1)
    for key in ("moderators", "moderator_ids"):
        config = config.replace(f'{key} = ["chat:', f'{key} = ["mail:grace@example.org", "chat:', 1)
    world.path.write_text(config)
    async with world.bridge():
        yield world


AMINA = "Amina Okello <amina@example.org>"
BEN = "Ben Otieno <ben@example.net>"


async def test_a_mail_becomes_a_post_and_its_answer_another_one(world: World, servers: Servers) -> None:
    await servers.writes(BEN, "hifa+join", "", Message_ID="<join@example.net>")
    await until(lambda: servers.to("ben@example.net"))
    line = re.search(r"confirm-[\w-]+", servers.to("ben@example.net")[0].text)
    assert line is not None, "nobody vouches for whoever wrote that"
    await servers.writes(BEN, "hifa", f"Yes.\n\n{line[0]}\n", Message_ID="<yes@example.net>")
    await until(lambda: len(servers.to("ben@example.net")) > 1)
    await servers.writes(
        AMINA, "hifa", "Which dose of misoprostol do you give at home?\n", Subject="Misoprostol at home: which dose?"
    )
    await until(lambda: world.card_text(1))
    assert "Which dose of misoprostol" in world.card_text(1)
    assert "Misoprostol at home: which dose?" in world.card_text(1)
    await until(lambda: servers.to("amina@example.org"))
    receipt = servers.to("amina@example.org")[0]
    assert receipt.mail["Auto-Submitted"] in ("auto-replied", "auto-generated")
    world.press("Approve", by="grace")
    await until(lambda: [m for m in servers.to("ben@example.net") if m.mail["List-Id"]])
    [letter] = [m for m in servers.to("ben@example.net") if m.mail["List-Id"]]
    assert letter.mail["Message-ID"] == f"<p1.hifa@{DOMAIN}>"
    assert letter.sender.startswith("hifa+b-")
    assert letter.mail["From"].startswith("Amina Okello")
    assert "Which dose of misoprostol" in letter.text
    assert "To leave HIFA: hifa+u-" in letter.text

    await servers.writes(BEN, "hifa", "get 1", Subject="get 1")
    await until(lambda: [m for m in servers.to("ben@example.net") if "Misoprostol" in str(m.mail["Subject"])][1:])
    asked = [m for m in servers.to("ben@example.net") if "Misoprostol" in str(m.mail["Subject"])][1]
    assert asked.mail["Message-ID"] != letter.mail["Message-ID"], "a mailbox would show it as one with the first"
    assert asked.mail["Auto-Submitted"] == "auto-replied"

    quoted = "".join(f"> {line}\n" for line in letter.text.splitlines())
    await servers.writes(
        BEN,
        "hifa",
        f"We give 400 mcg.\n\nOn Mon, 5 Oct 2026 at 10:12, Amina Okello via HIFA <hifa@{DOMAIN}> wrote:\n{quoted}",
        Subject="Re: [HIFA] Misoprostol at home: which dose?",
        In_Reply_To=f"<p1.hifa@{DOMAIN}>",
    )
    await until(lambda: world.card_text(2))
    assert "We give 400 mcg." in world.card_text(2)
    assert "\nOn Mon, 5 Oct" not in world.card_text(2)
    assert "characters were taken off" in world.card_text(2)
    world.press("Restore what was cut", by="grace", number=2)
    await until(lambda: "> HIFA #1" in world.card_text(2))
    assert not any("Restore" in label for label in world.labels(2))
    world.press("Approve", by="grace", number=2)
    await until(lambda: [text for text in world.texts("kenya") if "We give 400 mcg." in text])
    assert any("Re #1" in text for text in world.texts("kenya"))

    leave = re.search(r"mailto:(hifa\+u-[^@]+)@", str(letter.mail["List-Unsubscribe"]))
    assert leave is not None
    await servers.writes("Robot <noreply@example.net>", leave[1], "")
    async with asyncio.timeout(60):
        while not await Membership.exists(reading="none"):  # noqa: ASYNC110 - nothing rings in a table
            await asyncio.sleep(0.1)
    assert not servers.to("noreply@example.net"), "a provider's machine is not answered"


async def test_a_moderator_decides_by_answering_a_letter(world: World, servers: Servers) -> None:
    grace = "Grace Wanjiru <grace@example.org>"
    await servers.writes(AMINA, "hifa", "Is oxytocin to be kept cold?\n", Subject="Oxytocin")

    def letters() -> list[Received]:
        return [m for m in servers.to("grace@example.org") if "Is oxytocin to be kept cold?" in m.text]

    await until(letters)
    letter = letters()[0]
    assert letter.mail["Auto-Submitted"] == "auto-generated"
    assert "approve  reject: ...  ask: ...  edit: ...  note: ..." in letter.text
    answer = str(letter.mail["Reply-To"]).partition("<")[2].partition("@")[0]
    assert answer.startswith("hifa+m-")
    quoted = "".join(f"> {line}\n" for line in letter.text.splitlines())
    attribution = f"On Mon, 5 Oct 2026 at 10:12, HIFA <hifa@{DOMAIN}> wrote:\n"
    back = {"Subject": f"Re: {letter.mail['Subject']}", "In_Reply_To": str(letter.mail["Message-ID"])}

    await servers.writes(grace, answer, f"approve\n\n{attribution}{quoted}", **back)
    await until(lambda: [m for m in servers.to("grace@example.org") if "does not vouch" in m.text])
    robot = {**back, "Auto_Submitted": "auto-replied", "Authentication_Results": PROVEN}
    await servers.writes(grace, answer, f"approve\n\n{attribution}{quoted}", **robot)
    await servers.writes(grace, answer, f"{attribution}{quoted}", Authentication_Results=PROVEN, **back)
    await until(lambda: [m for m in servers.to("grace@example.org") if "Your answer was empty" in m.text])
    broken = f"{attribution}{quoted}approve\n"  # the end of a quoted line that a program broke and did not mark
    await servers.writes(grace, answer, broken, Authentication_Results=PROVEN, **back)
    await until(lambda: [m for m in servers.to("grace@example.org") if "own words alone" in " ".join(m.text.split())])
    assert "waiting for a decision" in world.card_text(1), "nobody has decided yet"

    await servers.writes(grace, answer, f"approve\n\n{attribution}{quoted}", Authentication_Results=PROVEN, **back)
    await until(lambda: "Approved by Grace Wanjiru" in world.card_text(1))
    await until(lambda: [text for text in world.texts("kenya") if "Is oxytocin to be kept cold?" in text])
    await until(lambda: [m for m in servers.to("grace@example.org") if "#1: Done." in m.text])
    [done] = [m for m in servers.to("grace@example.org") if "#1: Done." in m.text]
    assert done.mail["Auto-Submitted"] == "auto-replied"
    assert len(letters()) == 1, "no letter about what is decided"
