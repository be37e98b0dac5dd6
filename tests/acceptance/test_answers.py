"""What an author says about their post, in the ways in which people say it on a phone."""

from pathlib import Path

import pytest

from tests.acceptance.test_dialogue import carded, instructs, make
from tests.acceptance.test_review_findings import heard, presses, says, settled
from tests.acceptance.world import World, until


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make(tmp_path)


async def asked(world: World, question: str) -> None:
    says(world, "Give misoprostol")
    await until(lambda: world.card())
    instructs(world, f"ask: {question}")
    await heard(world, question)


async def test_a_file_as_the_next_message_is_the_answer(world: World) -> None:
    world.chat.shares("leaflet.pdf", b"%PDF-1.4\n%%EOF\n")
    async with world.bridge():
        await asked(world, "Please send the leaflet.")
        says(world, "", file="leaflet.pdf")
        await carded(world, "💬 The author answered: [document leaflet.pdf")
        await until(lambda: [m for m in world.chat.shown("mods") if m.files])
        await settled(world)
        assert world.card(2) is None


async def test_an_answer_that_is_edited_says_what_it_says_now(world: World) -> None:
    async with world.bridge():
        await asked(world, "Which dose?")
        answer = says(world, "Give 400 mg")
        await carded(world, "💬 The author answered: Give 400 mg")
        for text in ("Give 400 µg", "Give 200 µg"):
            world.chat.does(chat="amina", user="amina", name="Amina", private=True, edit=answer, text=text)
            await carded(world, f"The author answered: {text} (before:")
        presses(world, await heard(world, "Your answer about #1"), "Make it the new text")
        preview = await heard(world, "This would be the new text of your post #1:")
        assert "Give 200 µg" in preview.text
        assert "mg" not in preview.text
        await settled(world)
        assert world.card(2) is None


async def test_an_edit_after_the_decision_changes_nothing(world: World) -> None:
    async with world.bridge():
        await asked(world, "Which dose?")
        answer = says(world, "400 mg")
        await carded(world, "💬 The author answered: 400 mg")
        world.press("Approve", by="grace")
        await carded(world, "Arrived in 3 of 3 groups")
        world.chat.does(chat="amina", user="amina", name="Amina", private=True, edit=answer, text="400 µg")
        await settled(world)
        assert "µg" not in world.card_text()


# --- what became of it ----------------------------------------------------------------------------------------------


async def test_what_was_refused_is_tried_again_by_one_press(world: World) -> None:
    async with world.bridge():
        says(world, "A post")
        await until(lambda: world.card())
        await settled(world)
        world.chat.trouble("forbidden", chat="uganda")
        world.press("Approve", by="grace")
        await carded(world, "Arrived in 2 of 3 groups")
        await carded(world, "no permission to post there")
        world.chat.calm()
        world.press("Try again", by="peter")
        await carded(world, "Arrived in 3 of 3 groups")
        await settled(world)
        assert not any("Try again" in label for label in world.labels())


RULES = """
time_zone = "Africa/Nairobi"
[[communities.rules]]
if = "all"
then = "approve"
"""


async def test_what_the_rules_published_was_published_by_nobody(tmp_path: Path) -> None:
    world = make(tmp_path, RULES)
    async with world.bridge():
        says(world, "A post")
        await carded(world, "✅ Published by the community's rules")
        instructs(world, "reject: advertising")
        told = await heard(world, "#1 was published by the community's rules.", "mods")
        assert "EAT" in told.text, "with the time that the card shows"
