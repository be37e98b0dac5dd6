"""One person on Telegram and Matrix: linked by a code that goes from one to the other, then forgotten on both."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from bridge.playground.botapi import BotApiSimulator
from bridge.playground.matrix_user import MatrixUser
from bridge.playground.synapse import SynapseServer
from tests.acceptance.program import Matrix, Telegram, populate, running, write_config
from tests.servers import unique

CODE = re.compile(r"LINK (\d{4} \d{4})")


@pytest.fixture
async def telegram() -> AsyncIterator[Telegram]:
    async with BotApiSimulator() as simulator:
        yield await populate(simulator)


@pytest.fixture
async def matrix(synapse: SynapseServer, matrix_user: Callable[[str], Awaitable[MatrixUser]]) -> Matrix:
    bot = await synapse.register(unique("baraza"), displayname="Baraza")
    fatima, peter = await matrix_user("Fatima"), await matrix_user("Peter")
    power = {"users": {bot.user_id: 50}}
    room = await peter.create_room("Health room", invite=[bot.user_id, fatima.user_id], power_levels=power)
    await fatima.join(room)
    mods = await peter.create_room("Moderators", invite=[bot.user_id])
    return Matrix(url=synapse.url, bot=bot, fatima=fatima, peter=peter, room=room, mods=mods)


async def test_a_matrix_account_is_linked_by_a_code_sent_there_and_both_are_forgotten(
    tmp_path: Path, telegram: Telegram, matrix: Matrix
) -> None:
    config, _ = write_config(tmp_path, telegram=telegram, matrix=matrix)
    fatima = matrix.fatima
    async with running(config):
        chat = telegram.bot  # as Telegram calls the private chat with it
        await telegram.users.start(telegram.amina, telegram.bot)
        await telegram.users.write(telegram.amina, chat, f"/link matrix {fatima.user_id}")
        await telegram.find(telegram.amina, chat, "I am sending a code to that account")
        room = await fatima.wait_for(
            lambda u: next((each.room_id for each in u.rooms.values() if each.membership == "invite"), None), 20
        )
        await fatima.join(room)
        letter = await fatima.wait_for(lambda u: u.rooms[room].find("says that this account is theirs"), 20)
        match = CODE.search(letter.body)
        assert match is not None
        await telegram.users.write(telegram.amina, chat, f"LINK {match[1]}")
        await telegram.find(telegram.amina, chat, "are one person now")
        await fatima.wait_for(lambda u: u.rooms[room].find("one person from now on"), 20)

        said = "Zinc is out of stock in Bungoma"
        await fatima.send_text(matrix.room, said)
        card = await telegram.find(telegram.grace, telegram.mods, said)
        assert "confirmed by a code" in card["text"]
        await telegram.press(telegram.grace, telegram.mods, said, "Approve")
        await telegram.find(telegram.amina, telegram.kenya, said)
        await telegram.find(telegram.grace, telegram.mods, "Arrived in 4 of 4 groups")

        await telegram.users.write(telegram.amina, chat, "/forget")
        await telegram.find(telegram.amina, chat, "1 published post of yours will be taken back")
        await telegram.press(telegram.amina, chat, "This cannot be undone", "Erase everything about me")
        await telegram.find(telegram.amina, chat, "everything about you is erased here")
        await fatima.wait_for(lambda u: u.rooms[room].find("everything about you is erased here"), 20)
        await telegram.find(telegram.grace, telegram.mods, "asked to be forgotten")
        await fatima.wait_for(lambda u: True if u.rooms[matrix.room].find(said) is None else None, 20)
        for user, group in ((telegram.amina, telegram.kenya), (telegram.grace, telegram.mods)):
            assert not [m for m in await telegram.messages(user, group) if said in str(m.get("text"))]
