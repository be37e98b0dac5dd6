"""A member's rights over what is held, with the whole program running: on a phone, in the groups, and on the disk."""

import json
import os
import re
import time
from pathlib import Path

import pytest

from bridge import app, config, housekeeping, office
from bridge.storage.bells import upkeep_bell
from tests.acceptance.world import World, until
from tests.servers import free_port

WORDS = "Uniquely Zeituni asks whether misoprostol keeps without a refrigerator"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, free_port(), options="keep_posts = false")


def private(world: World, user: str) -> list[str]:
    return world.texts(user)


def files_of(world: World) -> list[Path]:
    root = world.directory / "media"
    return [path for path in root.rglob("*") if path.is_file()]


def on_disk(world: World, *words: str) -> list[str]:
    """Which of these can be read in the database's files or the media folder."""
    paths = [*world.directory.glob("baraza.db*"), *files_of(world)]
    content = b"".join(path.read_bytes() for path in paths)
    return [word for word in words if word.encode() in content]


async def test_a_member_is_forgotten(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(housekeeping, "_UNUSED_FOR", 0.0)
    async with world.bridge():
        world.chat.writes("zeituni", "hello", user="zeituni", name="Zeituni Abdi", private=True)
        await until(lambda: world.card(1))
        world.chat.writes("kenya", WORDS, user="zeituni", name="Zeituni Abdi")
        await until(lambda: world.card(2))
        world.press("Approve", by="grace", number=2)
        await until(lambda: "Arrived in 3 of 3" in world.card_text(2))
        world.chat.writes("kenya", "I agree with that", user="juma", name="Juma", reply_to=_post(world, "kenya"))
        await until(lambda: world.card(3))
        world.press("Approve", by="grace", number=3)
        await until(lambda: "Arrived in 3 of 3" in world.card_text(3))
        world.chat.writes("zeituni", "/forget", user="zeituni", name="Zeituni Abdi", private=True)
        await until(lambda: any("will be erased" in text for text in private(world, "zeituni")))
        asked = next(text for text in private(world, "zeituni") if "will be erased" in text)
        assert "1 published post of yours will be taken back" in asked
        assert "cannot be called back from: sms:phones" in asked
        world.chat.writes("zeituni", "FORGET ME", user="zeituni", name="Zeituni Abdi", private=True)
        await until(lambda: any("everything about you is erased" in text for text in private(world, "zeituni")))
        assert "sms:phones" in private(world, "zeituni")[-1]
        await until(lambda: not [text for chat in ("kenya", "uganda", "mods") for text in hers(world, chat)])
        assert [t for t in world.texts("uganda") if "I agree with that" in t], "what Juma wrote stays"
        assert "asked to be forgotten" in world.card_text(2)
        assert [t for t in world.texts("phones", world.sms) if "Zeituni" in t], "an SMS is not called back"
        await until(lambda: not on_disk(world, "Zeituni", "zeituni", "misoprostol"))
        # Who writes again is somebody new.
        world.chat.writes("zeituni", "Hello again", user="zeituni", name="Z", private=True)
        await until(lambda: "first post" in world.card_text(4))
    assert (await _verified(world)) == ["hifa"]


def hers(world: World, chat: str) -> list[str]:
    return [text for text in world.texts(chat) if "Zeituni" in text or "misoprostol" in text]


def _post(world: World, chat: str) -> str:
    return next(message.id for message in world.chat.shown(chat) if not message.user and "misoprostol" in message.text)


async def _verified(world: World) -> list[str]:
    async with app.open_storage(config.load(world.path)):
        return [chain.community for chain in await office.audit_chains() if chain.broken_at is None]


async def test_a_picture_of_theirs_leaves_the_disk(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(housekeeping, "_UNUSED_FOR", 0.0)
    async with world.bridge():
        world.chat.shares("clinic.txt", b"A list of what is out of stock in Zeituni's clinic")
        world.chat.writes("amina", "The list", user="amina", name="Amina", private=True, file="clinic.txt")
        await until(lambda: world.card(1))
        await until(lambda: files_of(world))
        world.chat.writes("amina", "/forget", user="amina", name="Amina", private=True)
        await until(lambda: any("will be erased" in text for text in private(world, "amina")))
        world.chat.writes("amina", "forget me", user="amina", name="Amina", private=True)
        await until(lambda: not files_of(world))
    assert not on_disk(world, "out of stock")


async def test_my_data_comes_as_files_and_does_not_stay(world: World) -> None:
    async with world.bridge():
        world.chat.writes("amina", WORDS, user="amina", name="Amina Okello", private=True)
        await until(lambda: world.card(1))
        world.chat.writes("amina", "my data", user="amina", name="Amina Okello", private=True)
        await until(lambda: len(_received(world, "amina")) == 2)
        found = {name: (world.directory / "chat" / "files" / sha) for name, sha in _received(world, "amina")}
        export = json.loads(found["my-data.json"].read_bytes())
        assert export["wordings"][0]["text"] == WORDS
        assert WORDS in found["my-data.txt"].read_text()
        assert len(files_of(world)) == 2
    # The next look, when they have lain there for ten minutes.
    for path in files_of(world):
        os.utime(path, (time.time() - 700, time.time() - 700))
    upkeep_bell.ring()
    async with world.bridge():
        await until(lambda: not files_of(world))


def _received(world: World, chat: str) -> list[tuple[str, str]]:
    return [
        (str(file["name"]), str(file["sha256"]))
        for line in world.chat.sent()
        if line.get("chat") == chat
        for file in line.get("files") or []  # type: ignore[attr-defined]  # as the outbox holds them
    ]


async def test_a_phone_and_a_chat_become_one_person(world: World) -> None:
    """By SMS, which anybody can send in another's name: the code must also be read on the phone."""
    async with world.bridge():
        world.chat.writes("amina", "/link", user="amina", name="Amina", private=True)
        await until(lambda: any("Your code is" in text for text in private(world, "amina")))
        code = _code(private(world, "amina")[-1])
        world.sms.writes("+254700000001", f"LINK {code}", user="+254700000001", private=True)
        await until(lambda: any("this account is theirs" in text for text in world.texts("+254700000001", world.sms)))
        second = _code(world.texts("+254700000001", world.sms)[-1])
        world.sms.writes("+254700000001", f"link {second}", user="+254700000001", private=True)
        await until(lambda: any("one person from now on" in text for text in private(world, "amina")))
        world.chat.writes("amina", "accounts", user="amina", name="Amina", private=True)
        await until(lambda: any("Your accounts" in text for text in private(world, "amina")))
        assert "2. sms +254700000001 · confirmed by a code" in private(world, "amina")[-1]
        world.sms.writes("+254700000001", "Is zinc safe?", user="+254700000001", private=True)
        await until(lambda: world.card(1))
        assert "Account sms:+254700000001 · confirmed by a code" in world.card_text(1)


def _code(text: str) -> str:
    match = re.search(r"LINK (\d{4} \d{4})", text)
    assert match is not None
    return match[1]
