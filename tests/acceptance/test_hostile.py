"""People who mean harm, or only press and write too much: moderators go on working, and nobody is drowned."""

from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from tests.acceptance.world import World, until
from tests.servers import free_port


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, free_port())


def writes(world: World, text: str, *, user: str = "amina", chat: str = "", **more: object) -> str:
    """Somebody writes to the bot, or in a chat."""
    return world.chat.writes(chat or user, text, user=user, name=user.title(), private=not chat, **more)


def cards(world: World) -> list[str]:
    return [text for text in world.texts("mods") if text.startswith("HIFA #")]


# --- floods ---------------------------------------------------------------------------------------------------------


async def test_two_hundred_edits_are_a_handful_of_cards(world: World) -> None:
    async with world.bridge():
        message = writes(world, "wording 0")
        await until(lambda: world.card())
        for number in range(1, 201):
            world.chat.does(
                chat="amina", user="amina", name="Amina", edit=message, text=f"wording {number}", private=True
            )
        writes(world, "Another person's question", user="daniel")
        await until(lambda: world.card(2), seconds=60)
        await until(lambda: "\n\nwording 200\n" in world.card_text(1), seconds=60)
        assert len([text for text in cards(world) if text.startswith("HIFA #1 ")]) <= 12
        world.press("Approve", by="grace")
        await until(lambda: [text for text in world.texts("uganda") if "wording 200" in text])


async def test_two_hundred_messages_in_a_hold_group(world: World) -> None:
    async with world.bridge():
        for number in range(200):
            writes(world, f"buy now number {number}", user="mallory", chat="kenya")
        writes(world, "Which dose of zinc?", chat="kenya")
        await until(lambda: [text for text in cards(world) if "Which dose of zinc?" in text])
        assert len(cards(world)) < 12
        number = next(n for n in range(1, 20) if "Which dose of zinc?" in world.card_text(n))
        world.press("Approve", by="grace", number=number)
        await until(lambda: [text for text in world.texts("kenya") if "Which dose of zinc?" in text])
        await until(lambda: not [m for m in world.chat.shown("kenya") if m.user])
        limits = [text for text in world.texts("mallory") if "takes at most" in text]
        assert len(limits) == 1, "told politely, once"
        assert not [text for text in world.texts("kenya") if "buy now" in text]


async def test_a_stranger_who_repeats_commands_is_answered_once(world: World) -> None:
    said = ("/queue", "/next", "/help", "/moderators", "/moderators add @me", "/emergency on", "/discussion", "/what")
    async with world.bridge():
        for _ in range(10):
            for command in said:
                writes(world, command, user="mallory", chat="mods")
            for command in ("/id", "/help", "/get 1", "/status"):
                writes(world, command, user="mallory", chat="kenya")
        writes(world, "/queue", user="grace", chat="mods")
        writes(world, "Is zinc safe?")
        await until(lambda: world.card() and "post waiting" in world.texts("mods")[-1], seconds=45)
        assert len(world.texts("mods")) <= len(said) + 2
        await until(lambda: len(world.texts("kenya")) == 2)
        for _ in range(3):
            writes(world, "/next", user="grace", chat="mods")
        await until(lambda: len([text for text in world.texts("mods") if text.startswith("#1 · Amina")]) >= 3)


async def test_written_and_taken_back_again_and_again(world: World) -> None:
    """What nobody has been shown and is no longer offered is no card."""
    async with world.bridge():
        message = writes(world, "Is zinc safe?")
        await until(lambda: world.card())
        world.press("Approve", by="grace")
        await until(lambda: "Arrived in 3 of 3" in world.card_text())
        for number in range(30):
            for text in (f"Is zinc harmful? {number}", "Is zinc safe?"):
                world.chat.does(chat="amina", user="amina", name="Amina", edit=message, text=text, private=True)
        writes(world, "Another person's question", user="daniel")
        await until(lambda: world.card(2), seconds=60)
        assert len(cards(world)) <= 12


async def test_an_answer_of_many_files(world: World) -> None:
    for number in range(25):
        file = BytesIO()
        Image.new("RGB", (64, 48), (number * 9, 120, 60)).save(file, "PNG")
        world.chat.shares(f"{number}.png", file.getvalue())
    async with world.bridge():
        writes(world, "Is zinc safe?")
        await until(lambda: world.card())
        card = world.card()
        assert card is not None
        writes(world, "ask: Which tablets?", user="grace", chat="mods", reply_to=card.id)
        await until(lambda: [m for m in world.chat.shown("amina") if "Which tablets?" in m.text])
        asked = next(m for m in world.chat.shown("amina") if "Which tablets?" in m.text)
        for number in range(25):
            writes(world, "", file=f"{number}.png", reply_to=asked.id)
        await until(lambda: sum("is with the moderators" in text for text in world.texts("amina")) == 26, seconds=40)
        refused = [text for text in world.texts("amina") if "so many files already" in text]
        assert len(refused) == 5
        await until(lambda: len([m for m in world.chat.shown("mods") if m.files]) == 20)


# --- what is too much -----------------------------------------------------------------------------------------------


async def test_an_edit_that_is_longer_than_a_post_may_be(world: World) -> None:
    async with world.bridge():
        writes(world, "Is zinc safe?")
        await until(lambda: world.card())
        card = world.card()
        assert card is not None
        writes(world, "edit: " + "word " * 5000, user="grace", chat="mods", reply_to=card.id)
        await until(lambda: "and at most 20,000 are possible" in world.texts("mods")[-1])
        assert "Is zinc safe?" in world.card_text()
        world.press("Approve", by="grace")
        await until(lambda: [text for text in world.texts("uganda") if "Is zinc safe?" in text])


async def test_a_wall_becomes_a_short_post(world: World) -> None:
    async with world.bridge():
        writes(world, "zinc" + "\n" * 19_000 + "safe" + "\u0301" * 900 + " \u2067?")
        await until(lambda: world.card())
        assert "zinc\n\n\nsafe" + "\u0301" * 4 + " ?" in world.card_text()
        world.press("Approve", by="grace")
        await until(lambda: [text for text in world.texts("uganda") if "zinc" in text])
        (post,) = [text for text in world.texts("uganda") if "zinc" in text]
        assert len(post) < 200


# --- the wrong place ------------------------------------------------------------------------------------------------


async def test_a_button_sent_with_another_items_card(world: World) -> None:
    """Whatever message a press names, it acts on the item of its handle, and shows that item's card."""
    async with world.bridge():
        writes(world, "Is zinc safe?")
        writes(world, "Are masks of use?", user="daniel")
        await until(lambda: world.card(1) and world.card(2))
        first, second = world.card(1), world.card(2)
        assert first is not None
        assert second is not None
        more = next(handle for label, handle in first.buttons if "More" in label)
        world.chat.does(chat="mods", user="grace", name="Grace", press=more, message=second.id)
        await until(lambda: [label for label in world.labels(1) if "Back" in label])
        assert not [label for label in world.labels(2) if "Back" in label]


@pytest.mark.parametrize("how", ["config", "chat"])
async def test_a_moderator_who_leaves_between_press_and_reply(tmp_path: Path, how: str) -> None:
    world = World(tmp_path, free_port(), options='coordinator_ids = ["chat:ruth"]')
    async with world.bridge():
        writes(world, "/moderators add chat:mary", user="ruth", chat="mods")
        await until(lambda: [text for text in world.texts("mods") if "chat:mary is now moderator" in text])
        writes(world, "Is zinc safe?")
        await until(lambda: world.card())
        who = "mary" if how == "chat" else "peter"
        world.press("Edit", by=who)
        await until(lambda: [text for text in world.texts("mods") if "reply to this message with the new" in text])
        prompt = next(m for m in world.chat.shown("mods") if "reply to this message with the new" in m.text)
        if how == "chat":
            writes(world, "/moderators remove chat:mary", user="ruth", chat="mods")
            await until(lambda: [text for text in world.texts("mods") if "is no moderator any more" in text])
    if how == "config":
        world.path.write_text(world.path.read_text().replace(', "chat:peter"', ""))
    async with world.bridge():
        writes(world, "Taken over", user=who, chat="mods", reply_to=prompt.id)
        await until(lambda: [text for text in world.texts("mods") if "Only this community's moderators" in text])
        writes(world, "Is zinc safe for infants?", user="grace", chat="mods", reply_to=prompt.id)
        await until(lambda: "Is zinc safe for infants?" in world.card_text())
        assert not [text for text in cards(world) if "Taken over" in text]
