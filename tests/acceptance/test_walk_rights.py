"""One person on Telegram and Matrix: from joining to being forgotten; moderators on either platform."""

import asyncio
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


async def _linked(telegram: Telegram, fatima: MatrixUser) -> str:
    """Amina on Telegram is Fatima on Matrix; returns the private room on Matrix."""
    chat = telegram.bot
    await telegram.users.write(telegram.amina, chat, f"/link matrix {fatima.user_id}")
    room = await fatima.wait_for(
        lambda u: next((each.room_id for each in u.rooms.values() if each.membership == "invite"), None), 20
    )
    await fatima.join(room)
    letter = await fatima.wait_for(lambda u: u.rooms[room].find("says that this account is theirs"), 20)
    match = CODE.search(letter.body)
    assert match is not None
    await fatima.send_text(room, f"LINK {match[1]}")
    await fatima.wait_for(lambda u: u.rooms[room].find("this account are one person now"), 20)
    return room


async def _reacts(user: MatrixUser, room: str, text: str, emoji: str) -> str:
    """React with what is offered under the newest message that contains a text; returns what that says."""

    def offered(u: MatrixUser) -> str | None:
        item = u.rooms[room].find(text)
        return item.event_id if item is not None and emoji in item.reactions else None

    event = await user.wait_for(offered, 20)
    await user.react(room, event, emoji)
    item = user.rooms[room].item(event)
    assert item is not None
    return item.body


async def _shows_none(telegram: Telegram, user: int, chat: int, *words: str) -> None:
    """Wait until nothing there shows any of these: edits on Telegram are paced."""
    async with asyncio.timeout(40):
        while True:
            version = await telegram.users.version()
            shown = [str(message.get("text")) for message in await telegram.messages(user, chat)]
            if not [text for text in shown if any(word in text for word in words)]:
                return
            await telegram.users.wait(version, 5.0)


async def test_a_members_whole_life(tmp_path: Path, telegram: Telegram, matrix: Matrix) -> None:
    config, _ = write_config(tmp_path, telegram=telegram, matrix=matrix)
    amina, chat, grace, mods = telegram.amina, telegram.bot, telegram.grace, telegram.mods
    fatima, peter = matrix.fatima, matrix.peter

    async def says(text: str) -> None:
        await telegram.users.write(amina, chat, text)

    async def hears(text: str) -> str:
        return str((await telegram.find(amina, chat, text))["text"])

    async def waits_for(user: MatrixUser, room: str, gone: str) -> None:
        await user.wait_for(lambda u: u.rooms[room].find(gone) is None, 20)

    async def in_channel(text: str) -> str:
        return (await peter.wait_for(lambda u: u.rooms[matrix.mods].find(text), 20)).body

    async with running(config):
        # She comes by a link, joins, and says who she is.
        await telegram.users.start(amina, chat, "hifa")
        await telegram.press(amina, chat, "Do you want to become a member of HIFA?", "Join")
        await telegram.press(amina, chat, "How do you want to read HIFA?", "A digest every Monday")
        await hears("You read HIFA: a digest every Monday at 07:00.")
        await telegram.press(amina, chat, "May I ask you 9 short questions", "Yes, ask me")
        for number, answer in enumerate(("Amina O'Neill <b>", "MD & MPH", "midwife", "Kisumu Clinic", "Kisumu"), 1):
            await hears(f"{number} of 9")
            await says(answer)
        await hears("In which country?")
        await says("Kenia")
        await telegram.press(amina, chat, "7 of 9", "Skip")
        await telegram.press(amina, chat, "8 of 9", "Skip")
        await telegram.press(amina, chat, "9 of 9", "Skip")
        await telegram.press(amina, chat, "May I show it?", "Leave out: Town")
        await hears("Not shown: Town.")
        await telegram.press(amina, chat, "Not shown: Town.", "Show it")
        await hears("The moderators see it before readers do")

        # A moderator on Matrix sees it, by a reaction.
        card = await _reacts(peter, matrix.mods, "a changed profile", "✅")
        assert "Full name: Amina O'Neill <b>" in card
        assert "Kisumu" in card  # the clinic
        assert "Town" not in card
        await hears("It stands under your posts from now on.")
        await telegram.find(grace, mods, "✅ Approved by Peter")

        # A change that one on Telegram declines, in words; then one that Matrix lets through.
        await says("/profile role surgeon")
        await telegram.press(grace, mods, "Role: midwife → surgeon", "Decline")
        asked = await telegram.find(grace, mods, "why not?")
        await telegram.users.write(grace, mods, "Where do you operate?", reply_to=asked["id"])
        assert "They write: Where do you operate?" in await hears("did not take over the change of your profile")
        await in_channel("❌ Declined by Grace")
        await says("/profile role nurse and midwife")
        await _reacts(peter, matrix.mods, "Role: midwife → nurse and midwife", "✅")
        await telegram.find(grace, mods, "Role: midwife → nurse and midwife")

        # Her Matrix account is hers, too: what she writes there has her profile.
        room = await _linked(telegram, fatima)
        said = "Zinc is out of stock in Bungoma"
        await fatima.send_text(matrix.room, said)
        await telegram.press(grace, mods, said, "Approve")
        post = await telegram.find(amina, telegram.kenya, said)
        assert "Amina O'Neill <b>" in post["text"]
        assert "nurse and midwife" in post["text"]

        # How she reads, by reactions there and buttons here.
        await fatima.send_text(room, "!settings")
        menu = await _reacts(fatima, room, "What is set for you in HIFA:", "1️⃣")
        assert menu.count("Reading:") == 1
        await _reacts(fatima, room, "How do you want to read HIFA?", "2️⃣")
        await fatima.wait_for(lambda u: u.rooms[room].find("You read HIFA: each message at once."), 20)
        await says("/settings")
        await telegram.press(amina, chat, "1. Reading: each message at once", "Language")
        await telegram.press(amina, chat, "In which language shall HIFA write to you?", "Français")
        await hears("Désormais HIFA vous écrit")
        await says("/settings language en")

        await says("/leave")
        await telegram.press(amina, chat, "Do you want to leave HIFA?", "Yes, leave")
        await hears("You have left HIFA")
        await fatima.send_text(room, "!settings")
        await fatima.wait_for(lambda u: u.rooms[room].find("You are not a member of HIFA."), 20)

        await fatima.send_text(room, "!forget")
        await _reacts(fatima, room, "1 published post of yours will be taken back", "🗑️")
        await fatima.wait_for(lambda u: u.rooms[room].find("everything about you is erased here"), 20)
        await hears("everything about you is erased here")
        await waits_for(fatima, matrix.room, said)
        await waits_for(peter, matrix.mods, "midwife")
        invited = [each for each in fatima.rooms.values() if each.membership == "invite"]
        assert not invited, "nothing more is sent to who was forgotten"
        for user, group in ((amina, telegram.kenya), (grace, mods)):
            await _shows_none(telegram, user, group, said, "midwife")
