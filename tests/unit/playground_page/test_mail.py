"""The mail reader, and the mail server behind it: what it shows, what it sends, and what it refuses."""

import asyncio
import smtplib
from collections.abc import AsyncIterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from bridge.playground import cast, mail_device
from bridge.playground.post_office import AUTHSERV_ID, DOMAIN, MOST_BYTES, Letter, PostOffice, faults
from tests.unit.playground_page.conftest import Town

LETTER = (
    f"From: Amina Okello via Baraza Demo <demo@{DOMAIN}>\r\n"
    f"To: Baraza Demo <demo@{DOMAIN}>\r\n"
    f"Reply-To: Baraza Demo <demo@{DOMAIN}>\r\n"
    "Subject: [Baraza Demo] Who has ORS?\r\n"
    "Date: Wed, 25 Nov 2026 12:00:00 +0000\r\n"
    f"Message-ID: <p1.demo@{DOMAIN}>\r\n"
    "List-Unsubscribe: <https://baraza.example/u/abc>,\r\n"
    f" <mailto:demo+u-abc@{DOMAIN}>\r\n"
    "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    "Content-Type: text/plain; charset=utf-8\r\n"
    "\r\n"
    "Who has ORS?\r\n"
    ".two dots\r\n"
    "https://baraza.example/demo/1 and <script>alert(1)</script>\r\n"
).encode()


def test_a_flowed_letter_is_joined_and_names_have_no_quotation_marks() -> None:
    raw = LETTER.replace(b"charset=utf-8", b"charset=utf-8; format=flowed").replace(
        b"From: Amina Okello via Baraza Demo", b'From: "Amina Okello (Kenya) via Baraza Demo"'
    )
    raw = raw.replace(b"\r\n\r\nWho has ORS?\r\n", b"\r\n\r\nWho has \r\nORS?\r\n")
    letter = Letter(id="1", owner=cast.ESTHER_ADDRESS, mine=False, at=0.0, raw=raw)
    opened = mail_device._opened(letter)
    assert "Who has ORS?\n.two dots" in opened.body
    assert dict(opened.fields)["From"] == f"Amina Okello (Kenya) via Baraza Demo <demo@{DOMAIN}>"


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[PostOffice]:
    found = PostOffice(tmp_path, people=[cast.ESTHER_ADDRESS], lmtp_port=9, changed=lambda: None)
    await found.start()
    yield found
    await found.stop()


def hand_in(office: PostOffice, sender: str, recipient: str, mail: bytes) -> int:
    """The code of the mail server's last answer."""
    with smtplib.SMTP("127.0.0.1", office.port, timeout=5) as client:
        client.ehlo()
        for code, _ in (client.mail(sender), client.rcpt(recipient)):
            if code != 250:
                return code
        return client.data(mail)[0]


@pytest.mark.parametrize(
    ("sender", "recipient", "mail", "code"),
    [
        (f"demo+b-1@{DOMAIN}", cast.ESTHER_ADDRESS, LETTER, 250),
        ("", cast.ESTHER_ADDRESS, LETTER, 250),
        ("amina@clinic.example", cast.ESTHER_ADDRESS, LETTER, 553),
        (f"demo@{DOMAIN}", "nobody@clinic.example", LETTER, 550),
        (f"demo@{DOMAIN}", cast.ESTHER_ADDRESS, LETTER + b"x" * 70 * 1024 + b"\r\n", 500),
        (f"demo@{DOMAIN}", cast.ESTHER_ADDRESS, LETTER + b"too much\r\n" * (MOST_BYTES // 10), 552),
    ],
)
async def test_the_server_refuses_what_servers_refuse(
    office: PostOffice, sender: str, recipient: str, mail: bytes, code: int
) -> None:
    assert await asyncio.to_thread(hand_in, office, sender, recipient, mail) == code
    assert len(office.letters) == (code == 250)
    for letter in office.of(cast.ESTHER_ADDRESS):
        assert letter.raw == f"Return-Path: <{sender}>\r\n".encode() + mail


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b"", b"", ""),
        (b"\r\n", b"\n", "Line ends"),
        (b"Who has ORS?", "Qui a du sérum ?".encode(), "8-bit"),
        (b"Who has ORS?", b"x" * 999, "too long"),
        (b"From: ", b"X-From: ", "From must stand there once"),
        (b"Date: ", b"Date: Wed, 25 Nov 2026 12:00:00 +0000\r\nDate: ", "Date must stand there once"),
        (b"Message-ID", b"X-ID", "Message-ID must stand there once"),
        (f"<demo@{DOMAIN}>".encode(), b"<amina@clinic.example>", "aligned"),
    ],
)
def test_faults(old: bytes, new: bytes, words: str) -> None:
    found = faults(LETTER.replace(old, new) if old else LETTER, is_8bit=False)
    assert words in found
    assert bool(found) == bool(words)


async def test_the_list_the_letter_and_its_bytes(town: Town) -> None:
    assert "No letters yet." in await town.screen("esther")
    letter = town.office._keep(cast.ESTHER_ADDRESS, LETTER)
    html = await town.screen("esther")
    assert "Amina Okello via Baraza Demo" in html
    assert "[Baraza Demo] Who has ORS?" in html
    assert f"{len(LETTER):,} bytes" in html
    html = await town.screen("esther", letter.id)
    assert 'href="http://127.0.0.1:9/demo/1"' in html, "the invented name is looked up"
    assert ">https://baraza.example/demo/1</a>" in html
    assert "&lt;script&gt;" in html
    assert "<script>alert" not in html
    assert "Message-ID" in html


async def test_an_answer_goes_where_the_letter_says_with_its_thread_and_the_quotation(town: Town) -> None:
    letter = town.office._keep(cast.ESTHER_ADDRESS, LETTER)
    assert (await town.do("esther", "write", tab=letter.id, text="Two boxes.\n.")).status == 204
    sent = town.office.letters[-1]
    assert (sent.mine, sent.recipient) == (True, f"demo@{DOMAIN}")
    mail = message_from_bytes(sent.raw, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    assert mail["Subject"] == "Re: [Baraza Demo] Who has ORS?"
    assert mail["From"] == "Esther Banda <esther@clinic.example>"
    assert mail["In-Reply-To"] == f"<p1.demo@{DOMAIN}>"
    text = mail.get_content().replace("\r\n", "\n")
    assert text.startswith("Two boxes.\n.\n\nOn Wed, 25 Nov 2026")
    assert "> Who has ORS?" in text
    assert f"Sent to demo@{DOMAIN}: {len(sent.raw):,} bytes." in await town.screen("esther")


async def test_a_new_letter_takes_its_subject_in_one_line(town: Town) -> None:
    fields = {"tab": "write", "subject": "Zinc\nBcc: all@clinic.example", "text": "Which dose?"}
    assert (await town.do("esther", "write", **fields)).status == 204
    mail = message_from_bytes(town.office.letters[-1].raw, policy=policy.default)
    assert mail["To"] == cast.COMMUNITY_ADDRESS
    assert mail["Subject"] == "Zinc Bcc: all@clinic.example"
    assert mail["Bcc"] is None
    assert (await town.do("esther", "write", tab="write", text="x" * 20_001)).status == 422
    assert (await town.do("esther", "write", tab="write", text=" ")).status == 422


async def test_unsubscribing_posts_and_without_that_way_writes(town: Town) -> None:
    letter = town.office._keep(cast.ESTHER_ADDRESS, LETTER)
    answer = await town.do("esther", "unsubscribe", tab=letter.id)
    assert answer.status == 422
    assert "Is the bridge running?" in await answer.text()
    without = LETTER.replace(b"List-Unsubscribe-Post", b"X-Post")
    letter = town.office._keep(cast.ESTHER_ADDRESS, without)
    assert (await town.do("esther", "unsubscribe", tab=letter.id)).status == 204
    assert town.office.letters[-1].recipient == f"demo+u-abc@{DOMAIN}"
    letter = town.office._keep(cast.ESTHER_ADDRESS, LETTER.replace(b"List-", b"X-"))
    assert (await town.do("esther", "unsubscribe", tab=letter.id)).status == 422


async def test_mail_waits_for_the_bridge_and_comes_proven_and_a_refusal_comes_back(tmp_path: Path) -> None:
    heard: list[bytes] = []
    refuses = False

    async def lmtp(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 here\r\n")
        while line := await reader.readline():
            if line.startswith(b"QUIT"):
                break
            if line.startswith(b"DATA"):
                writer.write(b"354 go on\r\n")
                heard.append(await reader.readuntil(b"\r\n.\r\n"))
            if refuses and line.startswith(b"RCPT"):
                writer.write(b"550 5.1.1 No such address\r\n")
            else:
                writer.write(b"250-fine\r\n250 so\r\n" if line.startswith(b"LHLO") else b"250 fine\r\n")
        writer.close()

    arrived = asyncio.Event()
    first = PostOffice(tmp_path, people=[cast.ESTHER_ADDRESS], lmtp_port=9, changed=lambda: None)
    mail = EmailMessage()
    mail["To"] = cast.COMMUNITY_ADDRESS
    mail.set_content("hello\n.\n")
    first.writes(cast.ESTHER_ADDRESS, cast.COMMUNITY_ADDRESS, mail, name="Esther Banda")  # and the program ends
    server = await asyncio.start_server(lmtp, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    second = PostOffice(tmp_path, people=[cast.ESTHER_ADDRESS], lmtp_port=port, changed=arrived.set)
    await second.start()
    try:
        async with asyncio.timeout(5):
            while not heard:  # noqa: ASYNC110 - the other side is a socket
                await asyncio.sleep(0.01)
        assert f"Authentication-Results: {AUTHSERV_ID};\r\n dmarc=pass header.from=clinic.example".encode() in heard[0]
        assert b"\r\nhello\r\n..\r\n.\r\n" in heard[0]
        refuses = True
        again = EmailMessage()
        again["To"] = "other@lists.baraza.example"
        again.set_content("hello")
        second.writes(cast.ESTHER_ADDRESS, "other@lists.baraza.example", again, name="Esther Banda")
        arrived.clear()
        async with asyncio.timeout(5):
            await arrived.wait()
        report = second.of(cast.ESTHER_ADDRESS)[-1]
        assert b"550 5.1.1 No such address" in report.raw
    finally:
        await second.stop()
        server.close()
