"""What a day weighs on every channel: posts in twelve languages through the whole program, read from its ledger.

The rows of the budgets, and what holds each of them:

1. no byte of a file goes by mail or SMS unless asked: here; ``test_archive`` (what is asked for has its size beside it)
2. an SMS that nobody asked for is one part, two in scripts that need twice the room; GET is three: ``test_sms_budgets``
3. a digest a day, three messages a day, none at night, a month's money: ``test_sms_readers``, ``test_sms_walk``
4. letters: here; in all the corpora of posts: ``test_lettering``
5. what an answer quotes: here
6. digests: here; in all shapes: ``test_mail_digests``, ``test_digests``
7. small pictures: ``unit/media/test_small``
8. pages: here, and in all shapes: ``test_archive_pages``
9. five seconds at 50 kbit/s: here
10. an author's card: here
11. one copy for a person: here
12. the ledger and its report: here
13. another channel after a mailbox that is gone: ``test_bounces``
"""

import asyncio
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image
from typer.testing import CliRunner

from bridge.adapters.matrix.capabilities import CAPABILITIES as ROOM
from bridge.adapters.matrix.payload import to_payload
from bridge.cli.commands import app as commands
from bridge.core.bandwidth import Spread
from bridge.core.card import from_json
from bridge.core.ids import AccountId, UserId, UserRef
from bridge.core.message import Content
from bridge.core.text import plain
from bridge.playground.botapi import BotApiSimulator
from bridge.playground.post_office import AUTHSERV_ID, DOMAIN, PostOffice
from bridge.rendering import posts
from bridge.rendering.posts import PostView
from bridge.rendering.words import words
from bridge.storage import handovers, people
from bridge.storage.bells import feed_bell
from bridge.storage.database import transaction
from bridge.storage.models import Delivery
from bridge.storage.models_handover import Handover
from bridge.storage.models_members import Membership
from tests.acceptance.program import populate
from tests.acceptance.test_sms_walk import JOAO, Town, secrets
from tests.acceptance.world import until
from tests.integration.archive_stage import corpus, long_text
from tests.servers import free_port
from tests.sms_gateways import KannelStub

LANGUAGES = sorted(corpus())
BEN, EVE = "ben@example.net", "eve@example.com"
"""Reads everything as it comes; reads one digest a day."""
PUBLIC = "https://lists.example.org"
MORE = """
[accounts.mail]
kind = "email"
domain = "{domain}"
smtp = "127.0.0.1:{smtp}"
lmtp = "127.0.0.1:{lmtp}"
authserv_id = "{authserv}"
spool = "spool"
[accounts.tg]
kind = "telegram"
token = "file:tg"
api_url = "{api}"
"""
CARD = {
    "name": "Amina Okello",
    "role": "community health worker",
    "organisation": "Kibera Community Clinic",
    "country": "UG",
    "interests": "newborn care",
}
_COLUMNS = ("delivery_id", "channel", "kind", "bytes", "segments", "currency", "cost")
_ROUND_TRIP, _BYTES_A_SECOND, _FIRST_WINDOW = 2.0, 50_000 / 8, 10 * 1460
"""Of slow-2g, and what a server sends before it waits for an answer (RFC 6928)."""


@dataclass
class Day:
    """What was handed over."""

    letters: dict[str, list[bytes]] = field(default_factory=dict)
    """Those of posts and digests, by mailbox."""
    rows: list[dict[str, Any]] = field(default_factory=list)
    """Of the ledger, each with ``chat`` and ``post``."""
    spreads: dict[tuple[str, str], Spread] = field(default_factory=dict)
    pages: dict[str, tuple[int, str]] = field(default_factory=dict)
    """Bytes of an answer with its head, and what it says, by address."""
    report: str = ""


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    folder = tmp_path_factory.mktemp("day")
    stub = KannelStub()
    with pytest.MonkeyPatch.context() as patch:
        secrets(patch, stub)
        found, path = asyncio.run(_lived(folder, stub))
        patch.setenv("COLUMNS", "80")
        patch.setenv("NO_COLOR", "1")
        result = CliRunner().invoke(commands, ["--config", str(path), "report", "bandwidth"])
        assert result.exit_code == 0, result.output
        found.report = result.output
        print(result.output)
        yield found


async def _lived(folder: Path, stub: KannelStub) -> tuple[Day, Path]:
    office = PostOffice(folder / "office", people=[BEN, EVE], lmtp_port=free_port(), changed=lambda: None)
    async with BotApiSimulator() as simulator:
        telegram = await populate(simulator)
        (folder / "tg").write_text(telegram.token)
        (folder / "tg").chmod(0o600)
        town = Town(folder, stub, more="pushes_per_day = 0")
        await office.start()
        accounts = MORE.format(
            domain=DOMAIN, smtp=office.port, lmtp=office.lmtp_port, authserv=AUTHSERV_ID, api=simulator.url
        )
        text = town.world.path.read_text()
        for old, new in (
            ("[web]\n", f'[web]\npublic_url = "{PUBLIC}"\n'),
            ("[[communities]]", f"{accounts}\n[[communities]]"),
            ('moderators = ["chat:mods"]', 'moderators = ["chat:mods"]\ninboxes = ["mail:hifa"]\narchive = "public"'),
            ('chat = "chat:uganda"', f'chat = "tg:{telegram.uganda}"'),
        ):
            assert text.count(old) >= 1, old
            text = text.replace(old, new, 1)
        town.world.path.write_text(text)
        try:
            async with town.open():
                day = await _published(town, office)
        finally:
            await office.stop()
    return day, town.world.path


async def _published(town: Town, office: PostOffice) -> Day:
    world = town.world
    for reader, way in ((BEN, "mail"), (EVE, "daily")):
        office.writes(reader, f"hifa+join@{DOMAIN}", _mail("join"), name=reader.partition("@")[0].title())
        await until(lambda reader=reader: len(_of(office, reader)) == 1)  # type: ignore[misc]
        office.writes(reader, f"hifa+{way}@{DOMAIN}", _mail(way), name=reader.partition("@")[0].title())
        await until(lambda reader=reader: len(_of(office, reader)) == 2)  # type: ignore[misc]
    await town.says(JOAO, "JOIN", "You are now a member")
    await town.says(JOAO, "IMMEDIATE", "")
    before = {reader: len(_of(office, reader)) for reader in (BEN, EVE)}
    chart = world.chat.shares("chart.jpg", _photo())
    for number, language in enumerate(LANGUAGES, 1):
        user = f"amina{number}"
        async with transaction():
            identity = await people.introduce(UserRef(AccountId("chat"), UserId(user)), datetime.now(UTC))
            await people.save_profile(identity.person_id, CARD, shown=True, now=datetime.now(UTC))
        file = {"file": chart} if language == "en" else {}
        text = long_text(language, 1000 if file else 1200)
        world.chat.writes(user, text, user=user, name="Amina Okello", private=True, **file)
        await until(partial(world.card, number))
        world.press("Approve", by="grace", number=number)
        await until(lambda number=number: len(_of(office, BEN)) == before[BEN] + number)  # type: ignore[misc]
    await _answered(town, office)
    await until(lambda: any("We give 400 mcg." in text for text in world.texts("kenya")))
    await town.hears(JOAO, f"HIFA #{len(LANGUAGES) + 1} ")
    await Membership.filter(reading="daily").update(next_at=datetime.now(UTC))
    feed_bell.ring()
    await until(lambda: len(_of(office, EVE)) == before[EVE] + 1)
    async with asyncio.timeout(15):
        while await Handover.filter(channel="telegram", kind="post").count() < len(LANGUAGES) + 2:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    day = Day(letters={reader: [raw for raw in _of(office, reader) if b"\r\nList-Id: " in raw] for reader in before})
    rows = {row.id: row for row in await Delivery.all()}
    for each in await Handover.all().order_by("id"):
        row = rows[each.delivery_id]
        counted = {name: getattr(each, name) for name in _COLUMNS}
        day.rows.append({**counted, "chat": row.chat, "post": getattr(row, "post_id", None)})
    day.spreads = {(row.channel, row.kind): row for row in await handovers.spreads(datetime(2020, 1, 1, tzinfo=UTC))}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{world.port}") as web:
        for path in ("/hifa", *(f"/hifa/{number}" for number in range(1, len(LANGUAGES) + 2))):
            request = web.build_request("GET", path, headers={"Accept-Encoding": "gzip"})
            answer = await web.send(request, stream=True)
            sent = b"".join([chunk async for chunk in answer.aiter_raw()])
            head = sum(len(name) + len(value) + 4 for name, value in answer.headers.raw) + len(
                "HTTP/1.1 200 OK\r\n\r\n"
            )
            await answer.aclose()
            assert answer.headers["Content-Encoding"] == "gzip"
            day.pages[path] = (len(sent) + head, (await web.get(path)).text)
    return day


async def _answered(town: Town, office: PostOffice) -> None:
    """Somebody answers by mail, below two levels of what others wrote."""
    mail = _mail(
        "We give 400 mcg.\n\nOn Mon, 5 Oct 2026 at 10:12, Amina via HIFA <hifa@lists.baraza.example> wrote:\n"
        "> Which dose?\n> On Sun, 4 Oct 2026 at 9:00, Ben <ben@example.net> wrote:\n>> An older word\n>> and another\n"
    )
    mail["In-Reply-To"] = f"<p1.hifa@{DOMAIN}>"
    office.writes(BEN, f"hifa@{DOMAIN}", mail, name="Ben Otieno")
    number = len(LANGUAGES) + 1
    await until(partial(town.world.card, number))
    town.world.press("Approve", by="grace", number=number)


def _mail(text: str) -> EmailMessage:
    mail = EmailMessage(policy=policy.SMTP)
    mail["To"] = f"hifa@{DOMAIN}"
    mail.set_content(text)
    return mail


def _of(office: PostOffice, reader: str) -> list[bytes]:
    """Letters to somebody, as the mail server took them."""
    return [letter.raw.partition(b"\r\n")[2] for letter in office.of(reader) if not letter.mine]


def _photo() -> bytes:
    data = BytesIO()
    Image.effect_noise((1200, 900), 90).convert("RGB").save(data, "JPEG", quality=90)
    return data.getvalue()


def parts_of(raw: bytes) -> tuple[bytes, bytes]:
    head, _, body = raw.partition(b"\r\n\r\n")
    return head, body


# --- letters ---


def test_letters(day: Day) -> None:
    """Row 4: plain text in one part of 4 kB, 1.2 kB above it; 6 kB in all for 95 of 100, 2.5 kB for an ordinary one."""
    assert len(LANGUAGES) >= 12
    assert len(day.letters[BEN]) == len(LANGUAGES)
    for language, raw in zip(LANGUAGES, day.letters[BEN], strict=True):
        head, body = parts_of(raw)
        mail = message_from_bytes(raw, policy=policy.default)
        assert mail.get_content_type() == "text/plain"
        assert mail["Content-Transfer-Encoding"] in ("7bit", "8bit")
        assert len(head) <= 1200, language
        assert len(body) <= 4096, language
        assert len(raw) <= 6000, language
        text = long_text(language, 1000 if language == "en" else 1200)
        if len(text.encode()) <= 1.1 * len(text):
            assert len(raw) <= 2500, language
        assert text in body.decode().replace(" \r\n", " "), language
        assert mail["List-Archive"] == f"<{PUBLIC}/hifa>"
        assert b"<html" not in body.lower()
    ledger = [row["bytes"] for row in day.rows if row["channel"] == "email" and row["kind"] == "copy"]
    assert ledger == [len(raw) for raw in day.letters[BEN]], "the ledger says what was handed over"
    assert day.spreads["email", "copy"].bytes_p95 <= 6000


def test_files_stay_where_they_are(day: Day) -> None:
    """Row 1."""
    number = LANGUAGES.index("en") + 1
    raw = day.letters[BEN][number - 1]
    match = re.search(rf"\[photo, (\d+) kB; small, up to 8 kB: {PUBLIC}/hifa/{number}/file/1/240\]", raw.decode())
    assert match is not None
    assert int(match[1]) > 100
    assert len(raw) < 2500
    assert all(row["bytes"] < 700 for row in day.rows if row["channel"] == "sms")


def test_an_answer_brings_no_more_than_a_line_of_what_it_answers(day: Day) -> None:
    """Row 5: nothing of the second level, and at most 240 characters of context."""
    path = f"/hifa/{len(LANGUAGES) + 1}"
    assert "We give 400 mcg." in day.pages[path][1]
    assert "older word" not in day.pages[path][1]
    [digest] = day.letters[EVE]
    assert "We give 400 mcg." in digest.decode()
    assert "older word" not in digest.decode()
    shown = [row for row in day.rows if row["channel"] == "loopback" and row["kind"] == "post"]
    first = max(row["bytes"] for row in shown[-1:])
    assert first <= 1200, "answer, context, card"


def test_an_authors_card(day: Day) -> None:
    """Row 10: 160 characters in a letter; 40 in an SMS is a matter of ``rendering.cards.tail`` and its tests."""
    for raw in day.letters[BEN]:
        [card] = [line for line in parts_of(raw)[1].decode().split("\r\n") if line.startswith("HIFA profile: ")]
        assert len(card) <= 160
        assert "Kibera Community Clinic" in card


# --- digests ---


def test_the_digest(day: Day) -> None:
    """Row 6: 500 bytes a post, 15 kB in all, one letter, from a machine."""
    [raw] = day.letters[EVE]
    head, body = parts_of(raw)
    count = len(LANGUAGES) + 1
    assert len(raw) <= 15_000
    assert f"{count} new messages" in body.decode()
    items = body.decode().split("-" * 70)[1].split(f"\r\n{'-' * 30}\r\n")[:-1]
    index = body.decode().split("-" * 70)[0].split("\r\n\r\n")[1].split("\r\n")
    assert len(items) == len(index) == count
    for line, item in zip(index, items, strict=True):
        assert len(line.encode()) + len(item.encode()) + 34 <= 500 + 4
    assert b"Auto-Submitted: auto-generated" in head
    assert b"List-Unsubscribe: " in head
    [row] = [row for row in day.rows if row["kind"] == "digest"]
    assert row["bytes"] == len(raw)


# --- SMS, groups, and all of them ---


def test_sms(day: Day) -> None:
    """Row 2, on the texts of this corpus, which are six times as long."""
    pushes = [row for row in day.rows if row["channel"] == "sms" and row["kind"] == "copy"]
    assert len(pushes) == len(LANGUAGES) + 1
    assert max(row["segments"] for row in pushes) <= 2
    assert sum(row["segments"] == 1 for row in pushes) >= 6
    assert all(row["currency"] == "KES" and row["cost"] == 800_000 * row["segments"] for row in pushes)


def test_a_group_is_sent_little_more_than_the_words(day: Day) -> None:
    """A post in a Telegram group, as JSON: its text, its card, and where it is bold."""
    rows = [row for row in day.rows if row["channel"] == "telegram" and row["kind"] == "post"]
    rows.sort(key=lambda row: row["delivery_id"])
    assert len(rows) == len(LANGUAGES) + 2, "one of them with a photo before it; and the answer"
    for number, language in enumerate(LANGUAGES, 1):
        said = [row["bytes"] for row in rows if row["post"] == number]
        text = long_text(language, 1000 if language == "en" else 1200)
        assert min(said) <= len(text.encode()) + 600, language


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_matrix_room_is_sent_the_words_twice(language: str) -> None:
    """As HTML beside the plain text: what the protocol wants for bold letters, and nothing besides."""
    text = long_text(language, 1200)
    card = from_json({"label": "HIFA", **CARD})
    view = PostView(community="HIFA", number=482, author=card.name, text=plain(text), card=card, headline=text[:60])
    shown = to_payload(Content(text=posts.compose(view, ROOM, words("en"), quoting=False)))
    assert len(json.dumps(shown, ensure_ascii=False).encode()) <= 2 * len(text.encode()) + 1600


def test_a_person_is_sent_a_post_once(day: Day) -> None:
    """Row 11."""
    copies = [row for row in day.rows if row["kind"] == "copy"]
    assert len(copies) == len({(row["chat"], row["post"]) for row in copies}) == 2 * len(LANGUAGES) + 1
    ids = [message_from_bytes(raw)["Message-ID"] for raw in day.letters[BEN]]
    assert ids == [f"<p{number}.hifa@{DOMAIN}>" for number in range(1, len(LANGUAGES) + 1)]


# --- pages ---


def test_a_page_is_there_in_five_seconds(day: Day) -> None:
    """Rows 8 and 9: one request; 2 kB for a post, 10 kB for a list; at 50 kbit/s and 2 s there and back.

    A page needs nothing beside itself (no style sheet, script, picture or letter forms to fetch), so it is one
    request. What it takes is its round trips and its bytes: ``trips * 2 s + bytes / 6,250 a second``; all of it fits
    into what a server sends before it waits for the reader's answer (ten segments of 1,460 bytes), so there is no
    further trip.

    - From a list to a post, and for every page after the first: the connection stands, 1 trip: 2.4 s.
    - The first page, over a new connection: 1 trip for TCP and 1 for the page, 4.4 s for a post. With TLS 1.3 to a
      server that the phone knows (0-RTT) it is the same.
    - With TLS to a server that it has never met there is a third trip, and no page, however small, comes within 5 s:
      at this delay that is 6 s before the first byte. What can be done is that it is nothing but these trips.
    - An SMS is there at once; a letter of 6 kB takes 1 s on a connection that the mail program keeps open.
    """
    for path, (size, said) in day.pages.items():
        assert not re.search(r"<(script|img|iframe|object|link[^>]+stylesheet|video|audio)|@import|url\(", said), path
        assert size <= _FIRST_WINDOW
        moving = size / _BYTES_A_SECOND
        if path == "/hifa":
            assert size <= 10_000 + 1000
            assert _ROUND_TRIP + moving <= 5
            continue
        assert size <= 2048 + 1000, "a head is about 600 bytes"
        assert 2 * _ROUND_TRIP + moving <= 5, path
        assert _ROUND_TRIP + moving <= 2.5, path
    letter = max(len(raw) for raw in day.letters[BEN])
    assert _ROUND_TRIP + letter / _BYTES_A_SECOND <= 5
    assert _ROUND_TRIP + len(day.letters[EVE][0]) / _BYTES_A_SECOND <= 5


# --- the report ---


def test_the_report_shows_the_ledger(day: Day) -> None:
    """Row 12: p50 and p95 of every channel, money by month, in 80 columns."""
    lines = day.report.splitlines()
    assert max(map(len, lines)) <= 80
    cells = [[cell.strip() for cell in line.strip("│").split("│")] for line in lines if line.startswith("│")]
    for (channel, kind), spread in day.spreads.items():
        figures = [channel, kind, *map(str, (spread.messages, spread.bytes_p50, spread.bytes_p95))]
        assert figures in [line[:5] for line in cells], (channel, kind)
    [money] = [line for line in cells if line[1:3] == ["phone", "sms"]]
    sent = [row for row in day.rows if row["channel"] == "sms"]
    assert money[3] == str(len(sent))
    assert money[4] == str(sum(row["segments"] for row in sent))
    assert money[6] == f"KES {sum(row['cost'] for row in sent) / 1_000_000:.2f}"
