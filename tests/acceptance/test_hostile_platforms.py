"""The same on the strict Telegram simulator and a real Synapse: who may decide, see and read, and what is too late."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from bridge.playground.botapi import BotApiSimulator
from bridge.playground.matrix_timeline import TimelineItem
from bridge.playground.matrix_user import MatrixUser
from bridge.playground.synapse import SynapseServer
from tests.acceptance.program import Matrix, Telegram, populate, running, write_config
from tests.acceptance.world import until
from tests.servers import unique


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
    mods = await peter.create_room("Moderators", invite=[bot.user_id, fatima.user_id])
    await fatima.join(mods)
    return Matrix(url=synapse.url, bot=bot, fatima=fatima, peter=peter, room=room, mods=mods)


async def sees(user: MatrixUser, room: str, words: str) -> TimelineItem:
    """The newest message there with these words, waiting for it."""
    return await user.wait_for(lambda u: u.rooms[room].find(words), timeout=20)


async def told(telegram: Telegram, user: int, words: str) -> dict[str, Any]:
    return await telegram.find(user, telegram.bot, words)


# --- Telegram -------------------------------------------------------------------------------------------------------


async def test_only_members_are_handed_posts(tmp_path: Path, telegram: Telegram) -> None:
    users = telegram.users
    stranger, reader = await users.create_user("Mallory", "", "mallory"), await users.create_user("Rehema", "", "r")
    await users.add_member(telegram.uganda, reader, by=telegram.grace)
    for user in (stranger, reader, telegram.grace):
        await users.start(user, telegram.bot)
    config, _ = write_config(tmp_path, telegram=telegram)
    async with running(config):
        await users.write(telegram.amina, telegram.bot, "Is zinc safe?")
        await telegram.press(telegram.grace, telegram.mods, "Is zinc safe?", "Approve")
        await telegram.find(telegram.daniel, telegram.uganda, "Is zinc safe?")
        for user in (stranger, reader, telegram.grace, telegram.amina):
            await users.write(user, telegram.bot, "/get 1")
        await told(telegram, stranger, "The posts of HIFA are for its members.")
        for user in (reader, telegram.grace, telegram.amina):
            await told(telegram, user, "HIFA #1")
        await users.remove_member(telegram.uganda, reader, by=telegram.grace)
        await users.write(reader, telegram.bot, "/get 1")
        await told(telegram, reader, "The posts of HIFA are for its members.")
        assert not [m for m in await telegram.messages(stranger, telegram.bot) if "zinc" in str(m["text"])]


async def test_presses_of_everybody_who_may_not(tmp_path: Path, telegram: Telegram) -> None:
    """A member who was let into the channel, an anonymous administrator, a post in the name of a channel."""
    users = telegram.users
    await users.add_member(telegram.mods, telegram.daniel, by=telegram.grace)
    await users.add_member(telegram.mods, telegram.amina, by=telegram.grace)
    news = await users.create_channel("News", telegram.daniel)
    config, _ = write_config(tmp_path, telegram=telegram)
    async with running(config):
        await users.write(telegram.amina, telegram.bot, "Is zinc safe?")
        card = await telegram.find(telegram.grace, telegram.mods, "waiting for a decision")
        answer = await telegram.press(telegram.daniel, telegram.mods, "waiting for a decision", "Approve")
        assert answer["text"].startswith("Only this community's moderators may decide")
        assert answer["show_alert"]
        await users.promote(telegram.mods, telegram.grace, anonymous=True)
        await users.write(telegram.grace, telegram.mods, "approve", reply_to=card["id"])
        await telegram.find(telegram.daniel, telegram.mods, "You are writing anonymously")
        await users.write(telegram.daniel, telegram.mods, "approve", reply_to=card["id"], as_channel=news)
        await users.write(telegram.daniel, telegram.mods, "/moderators add", reply_to=card["id"])
        await telegram.find(telegram.daniel, telegram.mods, "Only this community's moderators may decide")
        assert "waiting for a decision" in (await telegram.find(telegram.grace, telegram.mods, "Is zinc"))["text"]
        # A press is always a person's own.
        assert (await telegram.press(telegram.grace, telegram.mods, "waiting for", "Approve"))["text"].startswith(
            "Done"
        )


async def test_two_hundred_presses_in_a_second(tmp_path: Path, telegram: Telegram) -> None:
    users = telegram.users
    await users.add_member(telegram.mods, telegram.daniel, by=telegram.grace)
    config, _ = write_config(tmp_path, telegram=telegram)
    async with running(config):
        await users.write(telegram.amina, telegram.bot, "Is zinc safe?")
        card = await telegram.find(telegram.grace, telegram.mods, "waiting for a decision")
        shown = next(b["text"] for row in card["buttons"] for b in row if "Approve" in b["text"])
        crowd = [(telegram.grace, telegram.daniel)[number % 2] for number in range(200)]
        answers = await asyncio.gather(
            *(users.press(user, telegram.mods, card["id"], text=shown, timeout=60) for user in crowd)
        )
        said = [answer["text"].split(".")[0] for answer in answers]
        assert said.count("Done") == 1
        assert said.count("Only this community's moderators may decide") == 100
        assert sum("has already approved #1" in text for text in said) == 99
        await telegram.find(telegram.daniel, telegram.uganda, "Is zinc safe?")
        posts = [m for m in await telegram.messages(telegram.daniel, telegram.uganda) if "zinc" in str(m["text"])]
        assert len(posts) == 1


async def test_who_blocks_the_bot_while_asked(tmp_path: Path, telegram: Telegram) -> None:
    users = telegram.users
    config, _ = write_config(tmp_path, telegram=telegram)
    async with running(config):
        await users.write(telegram.amina, telegram.bot, "Is zinc safe?")
        card = await telegram.find(telegram.grace, telegram.mods, "waiting for a decision")
        await told(telegram, telegram.amina, "is with the moderators")
        await users.block(telegram.amina, telegram.bot)
        await users.write(telegram.grace, telegram.mods, "ask: Which dose?", reply_to=card["id"])
        await telegram.find(telegram.grace, telegram.mods, "they may have blocked me")
        await users.write(telegram.grace, telegram.mods, "reject: duplicate", reply_to=card["id"])
        await telegram.find(telegram.grace, telegram.mods, "Rejected by Grace")
        await users.unblock(telegram.amina, telegram.bot)
        await users.write(telegram.amina, telegram.bot, "/status")
        await told(telegram, telegram.amina, "#1")


# --- Matrix ---------------------------------------------------------------------------------------------------------


async def private_room(user: MatrixUser, matrix: Matrix) -> str:
    room = await user.create_room("", invite=[matrix.bot.user_id], direct=True)
    await user.wait_for(lambda u: matrix.bot.user_id in u.rooms[room].members)
    return room


async def test_a_member_of_the_moderators_room_who_is_none(tmp_path: Path, matrix: Matrix) -> None:
    config, phones = write_config(tmp_path, matrix=matrix)
    async with running(config):
        phones.writes("+1", "Is zinc safe?", user="+1", name="Amina", private=True)
        card = await sees(matrix.fatima, matrix.mods, "waiting for a decision")
        await matrix.fatima.react(matrix.mods, card.event_id, "✅")
        refused = "Only this community's moderators may decide"
        await sees(matrix.fatima, matrix.mods, refused)
        for words in ("approve", "reject: duplicate", "edit: Buy now"):
            await matrix.fatima.reply(matrix.mods, card.event_id, words)
        await matrix.fatima.send_text(matrix.mods, "!moderators add " + matrix.fatima.user_id)
        await matrix.peter.reply(matrix.mods, card.event_id, "reject: duplicate")
        await sees(matrix.peter, matrix.mods, "Rejected by Peter")
        assert not [m for m in phones.sent() if m.get("chat") == "phones"]


async def test_the_original_is_deleted_while_it_is_held(tmp_path: Path, matrix: Matrix) -> None:
    """In a room whose originals stay, the author redacts theirs: it is withdrawn. Somebody else's redaction is not."""
    config, _ = write_config(tmp_path, matrix=matrix)
    config.write_text(config.read_text().replace('intake = "hold"', 'intake = "copy"'))
    async with running(config):
        first = await matrix.fatima.send_text(matrix.room, "Is zinc safe?")
        second = await matrix.fatima.send_text(matrix.room, "Are masks of use?")
        for text in ("Is zinc safe?", "Are masks of use?"):
            await sees(matrix.peter, matrix.mods, text)
        await matrix.fatima.redact(matrix.room, first)
        await matrix.peter.redact(matrix.room, second)
        withdrawn = await sees(matrix.peter, matrix.mods, "withdrawn by the author")
        assert "Is zinc safe?" in withdrawn.body
        other = await sees(matrix.peter, matrix.mods, "Are masks of use?")
        assert "waiting for a decision" in other.body
        await matrix.peter.reply(matrix.mods, withdrawn.event_id, "approve")
        await sees(matrix.peter, matrix.mods, "The author has withdrawn #1")


async def test_only_people_in_the_room_are_handed_posts(
    tmp_path: Path, matrix: Matrix, matrix_user: Callable[[str], Awaitable[MatrixUser]]
) -> None:
    stranger = await matrix_user("Mallory")
    config, phones = write_config(tmp_path, matrix=matrix)
    async with running(config):
        phones.writes("+1", "Is zinc safe?", user="+1", name="Amina", private=True)
        card = await sees(matrix.peter, matrix.mods, "waiting for a decision")
        await matrix.peter.reply(matrix.mods, card.event_id, "approve")
        await until(lambda: [m for m in phones.sent() if m.get("chat") == "phones"])
        for user, words in ((stranger, "The posts of HIFA are for its members."), (matrix.fatima, "Is zinc safe?")):
            room = await private_room(user, matrix)
            await user.send_text(room, "get 1")
            await sees(user, room, words)
