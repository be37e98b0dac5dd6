"""Subject lines with their running numbers, the same everywhere; a discussion run from the channel, and exported."""

import asyncio
import csv
import io
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bridge.adapters.loopback.people import Message
from tests.acceptance.world import World, until
from tests.servers import free_port

TITLE = "Learning for quality"


@pytest.fixture
def world(tmp_path: Path) -> World:
    path = tmp_path / "world"
    path.mkdir()
    return World(path, free_port(), options='senior_ids = ["chat:ruth"]')


def prompt(world: World, words: str) -> Message | None:
    return next((m for m in reversed(world.chat.shown("mods")) if words in m.text and not m.user), None)


def offered(world: World, label: str, number: int) -> Callable[[], bool]:
    return lambda: any(label in shown for shown in world.labels(number))


async def presses(world: World, number: int, *labels: str) -> None:
    """One button after the other, as each appears on the card."""
    for label in labels:
        await until(offered(world, label, number))
        world.press(label, by="grace", number=number)


async def answers(world: World, words: str, text: str) -> None:
    """Reply to the message that a button led to."""
    await until(lambda: prompt(world, words))
    asked = prompt(world, words)
    assert asked is not None
    world.chat.writes("mods", text, user="grace", name="Grace", reply_to=asked.id)


def says(world: World, words: str, number: int) -> Callable[[], bool]:
    return lambda: words in world.card_text(number)


def types(world: World, number: int, text: str) -> None:
    """A reply to a card."""
    card = world.card(number)
    assert card is not None
    world.chat.writes("mods", text, user="grace", name="Grace", reply_to=card.id)


async def approve(world: World, number: int) -> None:
    types(world, number, "approve")
    await until(says(world, "Arrived in 3 of 3 groups", number))


async def writes(world: World, chat: str, text: str, number: int, *, reply_to: str | None = None) -> None:
    world.chat.writes(chat, text, user="amina", name="Amina", reply_to=reply_to)
    await until(lambda: world.card(number))


def posts(world: World, words: str) -> list[str]:
    """A post as it stands in the two chats and, last, on the phones."""
    found = [next(t for t in world.texts(chat) if words in t) for chat in ("kenya", "uganda")]
    return [*found, next(t for t in world.texts("phones", world.sms) if words in t)]


async def baraza(world: World, *arguments: str) -> str:
    """The command line, as an operator uses it beside the running program."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bridge",
        "--config",
        str(world.path),
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "LC_ALL": "C"},
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return out.decode("utf-8")


async def test_headline_theme_and_numbers_are_the_same_everywhere(world: World) -> None:
    async with world.bridge():
        world.chat.writes("mods", f"/discussion open {TITLE}\nWhat helps?", user="ruth", name="Ruth")
        await until(lambda: prompt(world, f"Ruth has opened the discussion “{TITLE}”"))

        await writes(world, "kenya", "We boil water.", 1)
        await presses(world, 1, "More", "Headline")
        await answers(world, "with the headline", "Clean water?")
        await until(says(world, "🏷️ Headline: Clean water?", 1))
        await presses(world, 1, "Further", "Theme", TITLE)
        await until(says(world, f"📚 Theme: {TITLE}", 1))
        await until(offered(world, f"☑️ {TITLE}", 1))
        await approve(world, 1)

        await writes(world, "kenya", "We walk far.", 2)
        types(world, 2, "theme: learning for QUALITY")
        await until(says(world, f"📚 Theme: {TITLE}", 2))
        await approve(world, 2)

        standing = next(m for m in world.chat.shown("kenya") if "We boil water." in m.text and not m.user)
        await writes(world, "kenya", "We filter it.", 3, reply_to=standing.id)
        assert "🏷️ Headline: Clean water?" in world.card_text(3), "a reply inherits both"
        assert f"📚 Theme: {TITLE}" in world.card_text(3)
        await approve(world, 3)

        for text in posts(world, "We boil water.")[:2]:
            assert f"{TITLE} (1) Clean water?\n" in text
        for text in posts(world, "We walk far.")[:2]:
            assert f"{TITLE} (2)\n" in text
        for text in posts(world, "We filter it.")[:2]:
            assert f"{TITLE} (3) Clean water? (2)\n" in text
        phones = [posts(world, words)[2] for words in ("We boil water.", "We walk far.", "We filter it.")]
        for text, subject in zip(phones, ("(1) Clean water?", f"{TITLE} (2)", "(3) Clean water? (2)"), strict=True):
            assert subject in text


async def test_a_headline_of_its_own_follows_the_name_and_number_of_the_sub_thread(world: World) -> None:
    """As HIFA writes them: the number counts the posts of the sub-thread, not those of the new headline."""
    async with world.bridge():
        await writes(world, "kenya", "We boil water.", 1)
        types(world, 1, "headline: Clean water?")
        await until(says(world, "🏷️ Headline: Clean water?", 1))
        await approve(world, 1)
        for number, words, answered in ((2, "We filter it.", "We boil water."), (3, "Ours broke.", "We filter it.")):
            standing = next(m for m in world.chat.shown("kenya") if answered in m.text and not m.user)
            await writes(world, "kenya", words, number, reply_to=standing.id)
            if number == 2:
                types(world, 2, "headline: Filters in schools")
                await until(says(world, "🏷️ Headline: Filters in schools", 2))
            await approve(world, number)
        for words, subject in (
            ("We filter it.", "Clean water? (2) Filters in schools"),
            ("Ours broke.", "Clean water? (3) Filters in schools"),
        ):
            assert all(subject in text for text in posts(world, words))
            assert f" · {subject}\n" in await baraza(world, "export", "posts", "--format", "markdown")


async def test_whoever_cannot_reply_says_which_post_is_answered_and_joins_its_sub_thread(world: World) -> None:
    """A plain phone writes "Re #1"; of what says nothing a moderator says it."""
    async with world.bridge():
        world.chat.writes("mods", f"/discussion open {TITLE}", user="ruth", name="Ruth")
        await until(lambda: prompt(world, "has opened the discussion"))
        await writes(world, "kenya", "We boil water.", 1)
        types(world, 1, "headline: Clean water?")
        types(world, 1, f"theme: {TITLE}")
        await until(says(world, f"📚 Theme: {TITLE}", 1))
        await approve(world, 1)
        await until(says(world, f"📚 Theme: {TITLE} (1)", 1))

        phone = "+254700000001"
        world.sms.writes(phone, "re #1: We use chlorine", user=phone, private=True)
        await until(says(world, "Answers #1", 2))
        assert "🏷️ Headline: Clean water?" in world.card_text(2), "as any answer it has the headline and the theme"
        assert "\nWe use chlorine\n" in world.card_text(2)
        await approve(world, 2)

        await writes(world, "uganda", "#1 thing is soap", 3)
        assert "Answers" not in world.card_text(3)
        await presses(world, 3, "More", "Further", "Theme", "Answers which post?")
        await answers(world, "with the number of the post that it answers", "#7")
        await until(lambda: prompt(world, "There is no published post with that number."))
        types(world, 3, "answers: 1")
        await until(says(world, "Answers #1", 3))
        types(world, 3, "answers: -")
        await until(lambda: "Answers" not in world.card_text(3))
        types(world, 3, "answers: #2")
        await until(says(world, "Answers #2", 3))
        await approve(world, 3)

        found = [next(t for t in world.texts("kenya") if words in t) for words in ("chlorine", "soap")]
        assert [f"{TITLE} ({n}) Clean water? ({n})\n" in text for n, text in enumerate(found, 2)] == [True, True]
        assert " · Re #2\n" in found[1]
        answer = next(m for m in world.chat.shown("kenya") if "soap" in m.text and not m.user)
        answered = next(m for m in world.chat.shown("kenya") if "chlorine" in m.text and not m.user)
        assert answer.reply_to == answered.id, "and is shown to reply to it"


async def test_a_discussion_is_closed_quoted_and_exported(world: World) -> None:
    async with world.bridge():
        world.chat.writes("mods", f"/discussion open {TITLE}\nsponsor: Mandara", user="ruth", name="Ruth")
        await until(lambda: prompt(world, "has opened the discussion"))
        await writes(world, "kenya", "We boil water. =It’s far.", 1)
        await presses(world, 1, "More", "Further", "Theme", TITLE)
        await until(says(world, f"📚 Theme: {TITLE}", 1))
        await approve(world, 1)
        await presses(world, 1, "More", "Mark a quotation")
        await answers(world, "reply with the passage", "it's FAR")
        await until(lambda: prompt(world, "Marked as a quotation: “It’s far”"))
        await until(says(world, "💬 1 quotation marked", 1))

        world.chat.writes("mods", f"/discussion close {TITLE}", user="grace", name="Grace")
        await until(lambda: prompt(world, "senior"))
        world.chat.writes("mods", f"/discussion close {TITLE}", user="ruth", name="Ruth")
        await until(lambda: prompt(world, "has closed the discussion"))
        await writes(world, "kenya", "Too late?", 2)
        await presses(world, 2, "More", "Further", "Theme")
        await until(offered(world, "Another theme", 2))
        assert not [label for label in world.labels(2) if TITLE in label]
        assert not [t for t in world.texts("kenya") if "discussion" in t], "nothing is announced to groups"

        told = json.loads(await baraza(world, "export", "discussion", TITLE, "--format", "json"))
        assert (told["sponsor"], told["state"], told["counter"]) == ("Mandara", "closed", 1)
        assert [post["text"] for post in told["posts"]] == ["We boil water. =It’s far."]
        quoted = list(csv.DictReader(io.StringIO(await baraza(world, "export", "quotations"))))
        assert [(row["quotation"], row["author"], row["link"], row["selected_by"]) for row in quoted] == [
            ("It’s far", "Amina", "HIFA #1", "Grace")
        ]
        assert "## HIFA \\#1 · Learning for quality (1)" in await baraza(
            world, "export", "posts", "--format", "markdown"
        )
