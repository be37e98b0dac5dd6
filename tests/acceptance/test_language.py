"""A member chooses the language they are written to in: by button, by number, by word, on any phone."""

from pathlib import Path

import pytest

from bridge.rendering.sms import segments
from tests.acceptance.world import World, until
from tests.servers import free_port


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, free_port())


def sms(world: World, text: str) -> None:
    world.sms.writes("amina", text, user="amina", name="Amina", private=True)


def told(world: World) -> list[str]:
    """What stands on the phone."""
    return world.texts("amina", world.sms)


async def test_a_plain_phone_says_language_sw(world: World) -> None:
    async with world.bridge():
        sms(world, "LANGUAGE sw")
        await until(lambda: told(world))
        assert "Kiswahili" in told(world)[0]
        sms(world, "Zinki inatosha kwa siku ngapi?")
        await until(lambda: len(told(world)) == 2)
        assert "#1" in told(world)[1]
        assert "Asante" in told(world)[1]
        assert "Thank you" not in told(world)[1]
        # nothing of the command itself is held
        await until(lambda: world.card(1))
        assert world.card(2) is None
        assert "Zinki inatosha" in world.card_text(1)


async def test_a_number_answers_the_question(world: World) -> None:
    async with world.bridge():
        sms(world, "Lugha")
        await until(lambda: told(world))
        asked = told(world)[0]
        assert "1. English" in asked
        assert "5. Kiswahili" in asked
        assert "LANGUAGE sw" in asked
        assert segments(asked).count == 1
        sms(world, "5")
        await until(lambda: len(told(world)) == 2)
        assert "Kiswahili" in told(world)[1]
        sms(world, "5")  # answers nothing any more: a message like any other
        await until(lambda: world.card())
        assert "Asante" in told(world)[-1]


async def test_other_words_are_no_answer(world: World) -> None:
    async with world.bridge():
        sms(world, "LANGUAGE")
        await until(lambda: told(world))
        sms(world, "Is zinc safe for children?")
        await until(lambda: world.card())
        assert "Is zinc safe for children?" in world.card_text()
        await until(lambda: len(told(world)) == 2)
        assert "Thank you" in told(world)[1]


async def test_a_language_that_is_not_spoken(world: World) -> None:
    async with world.bridge():
        sms(world, "LANGUAGE German")
        await until(lambda: told(world))
        assert told(world)[0].startswith("I do not speak German yet.")
        assert "2. francais" in told(world)[0]
        sms(world, "francais")
        await until(lambda: len(told(world)) == 2)
        assert "français" in told(world)[1]


async def test_buttons_where_there_are_some(world: World) -> None:
    async with world.bridge():
        world.chat.writes("amina", "/language", user="amina", name="Amina", private=True)
        await until(lambda: world.texts("amina"))
        message = next(m for m in world.chat.shown("amina") if not m.user)
        assert "Which language do you want? Now: English." in message.text
        assert "LANGUAGE sw" not in message.text
        labels = dict(message.buttons)
        handle = next(labels[label] for label in labels if "Kiswahili" in label)
        assert any("français" in label for label in labels)
        world.chat.does(chat="amina", user="joseph", name="Joseph", press=handle, message=message.id)
        world.chat.does(chat="amina", user="amina", name="Amina", press=handle, message=message.id)
        await until(lambda: len(world.texts("amina")) == 2)
        assert "Kiswahili" in world.texts("amina")[1]
        world.chat.writes("amina", "Zinki inatosha kwa siku ngapi?", user="amina", name="Amina", private=True)
        await until(lambda: len(world.texts("amina")) >= 3)
        assert "Asante" in world.texts("amina")[2]
        # of whom the button was not made for, nothing has changed
        world.chat.writes("joseph", "Is zinc safe?", user="joseph", name="Joseph", private=True)
        await until(lambda: world.texts("joseph"))
        assert "Thank you" in world.texts("joseph")[0]


async def test_help_mentions_it_and_a_group_sends_people_on(world: World) -> None:
    async with world.bridge():
        world.chat.writes("amina", "/help", user="amina", name="Amina", private=True)
        await until(lambda: world.texts("amina"))
        assert "/language" in world.texts("amina")[0]
        world.chat.writes("uganda", "/language sw", user="amina", name="Amina")
        await until(lambda: world.texts("uganda"))
        assert "I answer that privately" in world.texts("uganda")[0]
        assert world.card() is None
