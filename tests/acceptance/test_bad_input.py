"""Whatever strangers, full disks and broken networks do: a clear answer in the right place, nothing lost or published.

Every test also reads the log: it never holds what people wrote or what they are called.
"""

import asyncio
import io
import logging
import os
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing, contextmanager, suppress
from io import BytesIO
from pathlib import Path

import pytest
import structlog
from PIL import Image

from bridge import app, config, logs
from bridge.adapters.loopback.people import Message
from bridge.core.errors import StorageUnavailable
from bridge.playground.botapi import BotApiSimulator
from tests.acceptance.program import Telegram, populate, write_config
from tests.acceptance.world import World, readiness, until
from tests.servers import free_port

SAID, CALLED = "zincword", "Aminaname"
"""In every text and every name below, so that the log can be searched for them."""


@pytest.fixture
def out() -> Iterator[io.StringIO]:
    """The program's log, as an operator reads it."""
    root = logging.getLogger()
    before = (list(root.handlers), root.level, structlog.get_config(), sys.excepthook)
    stream = io.StringIO()
    logs.configure(format="json", stream=stream)
    yield stream
    root.handlers[:], sys.excepthook = before[0], before[3]
    root.setLevel(before[1])
    structlog.configure(**before[2])
    logging.captureWarnings(False)


@pytest.fixture(autouse=True)
def nothing_personal_in_the_log(out: io.StringIO) -> Iterator[None]:
    yield
    text = out.getvalue()
    assert text, "the program said nothing at all"
    assert SAID not in text.casefold()
    assert CALLED.casefold() not in text.casefold()


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, free_port())


def writes(world: World, text: str = SAID, *, chat: str = "u1", name: str = CALLED, **more: object) -> str:
    """Amina writes privately to the bot."""
    return world.chat.writes(chat, text, user="u1", name=name, private=chat == "u1", **more)


def answers(world: World) -> list[str]:
    """What pressers were told, in order."""
    return [str(line["text"]) for line in world.chat.sent() if line.get("op") == "answer"]


def published(world: World) -> list[str]:
    return [text for text in world.texts("uganda") + world.texts("phones", world.sms) if SAID in text]


async def held(world: World, text: str = SAID, number: int = 1) -> Message:
    """Something is with the moderators; its card."""
    writes(world, text)
    await until(lambda: world.card(number))
    card = world.card(number)
    assert card is not None
    return card


def said_to_amina(world: World, words: str) -> list[str]:
    return [text for text in world.texts("u1") if words in text]


# --- texts and names ------------------------------------------------------------------------------------------------


async def test_a_message_of_100_kb(world: World) -> None:
    async with world.bridge():
        writes(world, f"{SAID} " * 11_112)
        await until(lambda: said_to_amina(world, "100,007 characters; HIFA takes at most 20,000"))
        writes(world, SAID)
        await until(lambda: world.card())
        assert len(world.texts("mods")) == 1


@pytest.mark.parametrize("text", ["", "   \n\t ", "\u200b\u2060\ufeff", "\u2800\u3164", "\x00\x07"])
async def test_a_message_of_nothing(world: World, text: str) -> None:
    async with world.bridge():
        writes(world, text)
        await until(lambda: said_to_amina(world, "There was nothing in your message that can be passed on."))
        assert not world.texts("mods")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (f"\u202e{CALLED}\u2066\x00\x1b[31m\n", f"{CALLED} [31m"),
        (CALLED + "\u0301" * 40, CALLED + "\u0301" * 3),
        ("\u200d\u2800\u180e\u2064\U000e0041", "Member 1"),
        ("", "Member 1"),
        (f"{CALLED} " * 30, f"{CALLED} {CALLED}"),
        (f"{{{CALLED}}} %s {{0}}", f"{{{CALLED}}} %s {{0}}"),
    ],
    ids=["controls", "zalgo", "invisible", "empty", "long", "places"],
)
async def test_a_hostile_name(world: World, name: str, shown: str) -> None:
    async with world.bridge():
        writes(world, name=name)
        await until(lambda: world.card())
        assert not set(world.card_text()) & set("\u202e\u2066\x00\x1b\u200d\u2800")
        world.press("Approve", by="grace")
        await until(lambda: [text for text in world.texts("uganda") if SAID in text])
        post = published(world)[0]  # the group's come first
        assert post.startswith(f"HIFA #1 · {shown}")
        assert len(post.splitlines()[0]) <= len("HIFA #1 · ") + 64


async def test_malformed_updates_are_parked_and_the_rest_goes_on(world: World) -> None:
    async with world.bridge():
        for raw in (
            b"this is no JSON " + SAID.encode() + b"\n",
            b'{"id": "x1", "chat": "u1"\n',
            b'{"id": 5, "chat": ["u1"], "user": null, "text": "' + SAID.encode() + b'"}\n',
            b'{"id": "x2", "chat": "u1", "user": "u1", "text": "\\ud83d ' + SAID.encode() + b'"}\n',
            b"\xff\xfe\x00" + SAID.encode() + b"\n",
            b"[" * 400 + b"]" * 400 + b"\n",
            b'{"id": "x3", "chat": "u1", "user": "u1", "text": "' + b"z" * (1 << 20) + b'"}\n',
            b"\n",
        ):
            world.chat.appends(raw)
        writes(world)
        await until(lambda: world.card())
        assert SAID in world.card_text()
        assert not published(world)


async def test_the_same_line_twice_is_one_post(world: World) -> None:
    async with world.bridge():
        await held(world)
        line = (world.directory / "chat" / "inbox.jsonl").read_bytes()
        world.chat.appends(line)
        await held(world, f"{SAID} again", number=2)
        assert len([m for m in world.chat.shown("mods") if m.buttons]) == 2


# --- buttons and replies --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("handle", ["", "x" * 64, "x" * 65, "\x00", "approve:1", "' OR 1=1 --", "é" * 32, "../../etc"])
async def test_a_forged_button(world: World, handle: str) -> None:
    async with world.bridge():
        card = await held(world)
        world.chat.does(chat="mods", user="grace", name=CALLED, press=handle, message=card.id)
        await until(lambda: answers(world))
        assert answers(world) == ["This button no longer does anything."]
        assert "waiting for a decision" in world.card_text()
    assert not published(world)


async def test_a_real_button_pressed_by_everybody_who_may_not(world: World) -> None:
    async with world.bridge():
        card = await held(world)
        approve = next(handle for label, handle in card.buttons if "Approve" in label)
        for user, chat in (("mallory", "mods"), ("u1", "u1"), ("mallory", "kenya"), ("u1", "mods")):
            world.chat.does(chat=chat, user=user, name=CALLED, press=approve, message=card.id)
        await until(lambda: len(answers(world)) == 4)
        assert {answer.split(".")[0] for answer in answers(world)} == {"Only this community's moderators may decide"}
        assert "waiting for a decision" in world.card_text()
    assert not published(world)


async def test_somebody_elses_withdraw_button(world: World) -> None:
    async with world.bridge():
        await held(world)
        await until(lambda: [m for m in world.chat.shown("u1") if m.buttons])
        receipt = next(m for m in world.chat.shown("u1") if m.buttons and "Withdraw" in m.buttons[0][0])
        for user in ("mallory", "grace"):
            world.chat.does(chat="kenya", user=user, name=CALLED, press=receipt.buttons[0][1], message=receipt.id)
        await until(lambda: len(answers(world)) == 2)
        assert "waiting for a decision" in world.card_text()


async def test_pressed_a_hundred_times(world: World) -> None:
    async with world.bridge():
        card = await held(world)
        approve = next(handle for label, handle in card.buttons if "Approve" in label)
        for number in range(100):
            world.chat.does(
                chat="mods", user=("grace", "peter")[number % 2], name=CALLED, press=approve, message=card.id
            )
        await until(lambda: len(answers(world)) == 100, seconds=40)
        assert answers(world)[0].startswith("Done.")
        assert all("has already approved #1" in answer for answer in answers(world)[1:])
        await until(lambda: "Arrived in 3 of 3" in world.card_text())
        assert len(published(world)) == 2  # one in each place that is looked at


async def test_a_reply_to_an_unknown_message(world: World) -> None:
    async with world.bridge():
        await held(world)
        world.chat.writes("mods", "approve", user="grace", name=CALLED, reply_to="b999")
        world.chat.writes("mods", "approve", user="grace", name=CALLED)
        writes(world, f"{SAID} as an answer", reply_to="b998")
        await until(lambda: world.card(2))
        assert "waiting for a decision" in world.card_text(1)
        assert "waiting for a decision" in world.card_text(2)
    assert not published(world)


async def test_an_edit_after_the_approval(world: World) -> None:
    async with world.bridge():
        message = writes(world)
        await until(lambda: world.card())
        world.press("Approve", by="grace")
        await until(lambda: published(world))
        world.chat.does(chat="u1", user="u1", name=CALLED, edit=message, text=f"{SAID} changed", private=True)
        await until(lambda: said_to_amina(world, "Your change to post #1 is with the moderators"))
        assert not [text for text in published(world) if "changed" in text]


async def test_an_edit_to_nothing_keeps_the_wording(world: World) -> None:
    async with world.bridge():
        message = writes(world)
        await until(lambda: world.card())
        world.chat.does(chat="u1", user="u1", name=CALLED, edit=message, text="\u200b", private=True)
        world.chat.does(chat="u1", user="mallory", name=CALLED, edit=message, text="taken over", private=True)
        await held(world, f"{SAID} the next", number=2)
        assert SAID in world.card_text(1)
        assert "taken over" not in world.card_text(1)


async def test_a_flood_in_the_moderators_channel(world: World) -> None:
    async with world.bridge():
        card = await held(world)
        for number in range(150):
            world.chat.writes("mods", f"{SAID} talk {number}", user="grace", name=CALLED)
        for _ in range(50):
            world.chat.writes("mods", "approve of this?", user="grace", name=CALLED, reply_to=card.id)
            world.chat.writes("mods", "approve", user="mallory", name=CALLED, reply_to=card.id)
        world.chat.writes("mods", "reject duplicate", user="grace", name=CALLED, reply_to=card.id)
        await until(lambda: "Rejected by" in world.card_text(), seconds=60)
        told = [text for text in world.texts("mods") if "Only this community's moderators may decide" in text]
        assert len(told) == 1
    assert not published(world)


async def test_a_flood_of_posts_in_a_group_is_answered_shortly(world: World) -> None:
    world.path.write_text(world.path.read_text().replace('intake = "hold"', 'intake = "none"'))
    async with world.bridge():
        for number in range(30):
            world.chat.writes("kenya", f"{SAID} {number}", user="u1", name=CALLED)
        await held(world)
        assert len([text for text in world.texts("kenya") if "only receives posts" in text]) <= 30


# --- files ----------------------------------------------------------------------------------------------------------


def picture() -> bytes:
    file = BytesIO()
    Image.new("RGB", (64, 48), (20, 120, 60)).save(file, "JPEG")
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("a.bin", bytes(range(256)) * 8, "this kind of file is not carried"),
        ("a.jpg", b"", "the file is empty. Please send it again."),
        ("a.exe", b"MZ" + bytes(2000), "Please send a PDF."),
        ("a.zip", b"PK\x03\x04" + bytes(2000), "Please"),
        ("gone.jpg", None, "the file is no longer there. Please send it again."),
    ],
    ids=["unknown", "empty", "program", "archive", "gone"],
)
async def test_a_file_that_cannot_be_carried(world: World, name: str, data: bytes | None, why: str) -> None:
    if data is not None:
        world.chat.shares(name, data)
    async with world.bridge():
        writes(world, file=name)
        await until(lambda: world.card())
        kind = "photo" if name.endswith(".jpg") else "document"
        assert f"[{kind} that could not be carried]" in world.card_text()
        await until(lambda: said_to_amina(world, "is with the moderators"))
        (receipt,) = said_to_amina(world, "is with the moderators")
        assert f"Your {kind} was not carried: " in receipt
        assert why in receipt
        world.press("Approve", by="grace")
        await until(lambda: len(published(world)) == 2)
        assert all(f"[{kind} that could not be carried]" in text for text in published(world))
        assert not any("Please send" in text for text in published(world))


async def test_a_media_folder_that_cannot_be_written(world: World, out: io.StringIO) -> None:
    (world.directory / "media").write_text("a file where the folder should be")
    world.chat.shares("a.jpg", picture())
    async with world.bridge():
        writes(world, file="a.jpg")
        await until(lambda: "the media folder cannot be written" in out.getvalue())
        world.chat.writes("daniel", f"{SAID} from another chat", user="daniel", name=CALLED, private=True)
        await until(lambda: world.card())  # nobody else waits for it
        (world.directory / "media").unlink()
        await until(lambda: world.card(2))
        assert any(m.files for m in world.chat.shown("mods"))
    assert not published(world)


# --- the database and the disk --------------------------------------------------------------------------------------


def locked(database: sqlite3.Connection) -> bool:
    """Take the lock, if the bridge does not hold it just now: waiting here would keep it from letting go."""
    with suppress(sqlite3.OperationalError):
        database.execute("BEGIN IMMEDIATE")
    return database.in_transaction


async def test_a_database_locked_for_three_seconds(world: World) -> None:
    async with world.bridge():
        await held(world)
        with closing(sqlite3.connect(world.directory / "baraza.db", isolation_level=None, timeout=0)) as other:
            await until(lambda: locked(other))
            writes(world, f"{SAID} while locked")
            world.press("Approve", by="grace")
            await asyncio.sleep(3)  # the lock itself is what is tested
            assert not published(world)
            other.execute("ROLLBACK")
        await until(lambda: world.card(2))
        await until(lambda: "Arrived in 3 of 3" in world.card_text(1))
        assert len(published(world)) == 2


async def test_a_database_folder_that_cannot_be_written(world: World, out: io.StringIO) -> None:
    world.path.write_text(world.path.read_text().replace("sqlite://baraza.db", "sqlite:///proc/baraza/baraza.db"))
    out.write(".")
    with pytest.raises(StorageUnavailable, match=r"cannot be created .*: make its folder writable"):
        await app.run(config.load(world.path))


@contextmanager
def small_disk(path: Path, size: str) -> Iterator[Callable[[str], None]]:
    """A disk of its own at ``path``; gives a way to mount it with other options."""

    def mount(options: str) -> None:
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(path)], capture_output=True, text=True, check=False
        )
        if done.returncode:
            pytest.skip(f"no disk of its own can be mounted here: {done.stderr.strip()}")

    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    path.mkdir(exist_ok=True)
    mount(f"size={size}")
    try:
        yield lambda options: mount(f"remount,{options}")
    finally:
        subprocess.run(["umount", "-l", str(path)], check=False)


async def test_a_full_disk(world: World, out: io.StringIO) -> None:
    with small_disk(world.directory / "disk", "8m"):
        world.path.write_text(world.path.read_text().replace("sqlite://baraza.db", "sqlite://disk/baraza.db"))
        async with world.bridge():
            await held(world)
            filler = world.directory / "disk" / "filler"
            with filler.open("wb", buffering=0) as file:
                try:
                    while True:
                        file.write(bytes(4096))
                except OSError:
                    pass
            for number in range(11):  # with the one before as many as one person may send in an hour
                writes(world, f"{SAID} {number} " + "x" * 9000)
            world.press("Approve", by="grace", number=1)
            await until(lambda: out.getvalue().count("not_stored") >= 4)
            assert not published(world)
            assert out.getvalue().count("ledger_unavailable") < 50  # a log that fills the disk is no help
            status, said = await readiness(world)
            assert (status, said["database"]) == (503, False)
            filler.unlink()
            await until(lambda: world.card(12), seconds=60)
            await until(lambda: "Arrived in 3 of 3" in world.card_text(1), seconds=30)
        with closing(sqlite3.connect(world.directory / "disk" / "baraza.db")) as database:
            assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)


async def test_a_database_on_a_disk_that_became_read_only(world: World, out: io.StringIO) -> None:
    with small_disk(world.directory / "disk", "8m") as remount:
        world.path.write_text(world.path.read_text().replace("sqlite://baraza.db", "sqlite://disk/baraza.db"))
        async with world.bridge():
            await held(world)
        remount("ro")
        with pytest.raises((StorageUnavailable, OSError)) as refused:
            await app.run(config.load(world.path))
        assert isinstance(refused.value, StorageUnavailable), refused.value
        assert "writable" in str(refused.value)
        remount("rw")
        async with world.bridge():
            await held(world, f"{SAID} afterwards", number=2)
            assert "waiting for a decision" in world.card_text(1)


# --- against the strict simulator -----------------------------------------------------------------------------------


@pytest.fixture
async def telegram() -> AsyncIterator[Telegram]:
    async with BotApiSimulator() as simulator:
        yield await populate(simulator)


class InProcess(World):
    """The same bridge over another config."""

    def __init__(self, path: Path) -> None:
        self.path = path


HTML = f'<b>{SAID}</b><a href="https://evil.example">here</a>&lt;i&gt; *x* _y_ `z` [a](http://b) <script>'


async def test_markup_in_names_and_texts_stays_text(tmp_path: Path, telegram: Telegram) -> None:
    await telegram.users.rename(telegram.amina, f"<b>{CALLED}</b>", '<a href="tg://x">&')
    path, phone = write_config(tmp_path, telegram=telegram)
    async with InProcess(path).bridge():
        await telegram.users.write(telegram.amina, telegram.bot, HTML)
        card = await telegram.find(telegram.grace, telegram.mods, "waiting for a decision")
        assert HTML in card["text"]
        await telegram.press(telegram.grace, telegram.mods, "waiting for a decision", "Approve")
        post = await telegram.find(telegram.daniel, telegram.uganda, SAID)
        assert HTML in post["text"]
        assert f'<b>{CALLED}</b> <a href="tg://x">&' in post["text"]
        for message in (card, post):
            assert {entity["type"] for entity in message["entities"]} <= {
                "bold",
                "italic",
                "url",
                "mention",
                "blockquote",
            }
            bold = [e for e in message["entities"] if e["type"] == "bold"]
            assert [e["offset"] for e in bold] == [0]
        await until(lambda: phone.sent())
        # GSM 03.38 has no backtick: with one, an SMS would hold less than half.
        assert HTML.replace("`", "'") in str(phone.sent()[0]["text"])


async def test_an_album_of_ten_is_one_post(tmp_path: Path, telegram: Telegram) -> None:
    path, _ = write_config(tmp_path, telegram=telegram)
    async with InProcess(path).bridge():
        album = await telegram.users.new_album()
        for number in range(10):
            await telegram.users.send_file(
                telegram.amina,
                telegram.bot,
                "photo",
                picture(),
                caption=SAID if number == 0 else "",
                media_group_id=album,
            )
        await telegram.find(telegram.grace, telegram.mods, "waiting for a decision", seconds=60)

        async def cards() -> list[str]:
            shown = await telegram.messages(telegram.grace, telegram.mods)
            return [str(m["text"]) for m in shown if "waiting for a decision" in str(m["text"])]

        async with asyncio.timeout(20):
            while not any("[10 × photo" in text for text in await cards()):  # noqa: ASYNC110 - two platforms
                await asyncio.sleep(0.1)
        assert len(await cards()) == 1
        assert not [m for m in await telegram.messages(telegram.daniel, telegram.uganda) if SAID in str(m["text"])]
