"""A moderator's edit: long texts in parts, nothing lost by accident, nothing done for nothing."""

from pathlib import Path

import pytest

from bridge.adapters.loopback.people import Message
from tests.acceptance.test_dialogue import carded, instructs, make
from tests.acceptance.test_review_findings import heard, says, settled
from tests.acceptance.world import World, until

PARAGRAPHS = [" ".join([f"Paragraph {n}.", *[f"Word{n}"] * 200]) for n in range(4)]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make(tmp_path)


def parts(world: World) -> list[Message]:
    return [
        m
        for m in world.chat.shown("mods")
        if not m.user and ", part " in m.text and "new wording of this part" in m.text
    ]


def replies(world: World, prompt: Message, text: str, *, by: str = "grace") -> None:
    world.chat.writes("mods", text, user=by, name=by.title(), reply_to=prompt.id)


async def test_a_long_text_is_edited_part_by_part(world: World) -> None:
    async with world.bridge():
        says(world, "\n\n".join(PARAGRAPHS))
        await until(lambda: world.card())
        world.press("Edit", by="grace")
        await until(lambda: len(parts(world)) == 2)
        first, second = parts(world)
        assert first.text.endswith("\n\n".join(PARAGRAPHS[:2]))
        assert second.text.endswith("\n\n".join(PARAGRAPHS[2:]))
        replies(world, first, "A short beginning.")
        await carded(world, "Wording by moderator Grace")
        replies(world, second, "And an end.", by="peter")  # the part still stands in the newest wording
        await carded(world, "Wording by moderator Peter")
        world.press("Approve", by="grace")
        post = await heard(world, "A short beginning.\n\nAnd an end.", "uganda")
        assert "Word2" not in post.text


async def test_a_part_is_left_out_and_then_is_there_no_more(world: World) -> None:
    async with world.bridge():
        says(world, "\n\n".join(PARAGRAPHS))
        await until(lambda: world.card())
        world.press("Edit", by="grace")
        await until(lambda: len(parts(world)) == 2)
        first, second = parts(world)
        replies(world, second, "-")
        await carded(world, "Wording by moderator Grace")
        replies(world, second, "Too late")
        await heard(world, "#1 has been changed since. Look at the newer card; nothing was done.", "mods")
        replies(world, first, "All that stays")
        await carded(world, "All that stays")
        world.press("Approve", by="grace")
        assert (await heard(world, "All that stays", "uganda")).text.count("Word") == 0


async def test_the_same_wording_is_no_edit(world: World) -> None:
    async with world.bridge():
        says(world, "Give misoprostol")
        await until(lambda: world.card())
        instructs(world, "edit: Give misoprostol")
        await heard(world, "#1 reads like that already. Nothing was done.", "mods")
        await settled(world)
        assert "Wording by moderator" not in world.card_text()
        world.press("Approve", by="grace")
        await heard(world, "Your post #1 was approved")


async def test_an_edit_is_as_long_as_a_post_may_be(tmp_path: Path) -> None:
    world = make(tmp_path, "max_length = 200")
    async with world.bridge():
        says(world, "Give misoprostol")
        await until(lambda: world.card())
        instructs(world, "edit: " + "word " * 100)
        await heard(world, "at most 200 are possible. Nothing was done.", "mods")


async def test_words_copied_from_the_card_are_no_quotation(world: World) -> None:
    async with world.bridge():
        says(world, "Give misoprostol")
        await until(lambda: world.card())
        world.press("Edit", by="grace")
        prompt = await heard(world, "reply to this message with the new wording", "mods")
        world.chat.writes(
            "mods", "Give 400 µg", user="grace", name="Grace", reply_to=prompt.id, marks=[[0, 11, "quote", ""]]
        )
        await carded(world, "Wording by moderator Grace")
        world.press("Approve", by="grace")
        assert "quote" not in (await heard(world, "Give 400 µg", "uganda")).marks
