"""A whole evening: a health worker's SMS in Swahili, a question from Matrix, an edit and the approval on Telegram."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from bridge.playground.botapi import BotApiSimulator
from bridge.playground.matrix_user import MatrixUser
from bridge.playground.synapse import SynapseServer
from tests.acceptance.program import Matrix, Telegram, populate, running, write_config
from tests.acceptance.world import until
from tests.servers import unique

AUTHOR = "+254700000001"


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


async def test_a_post_by_sms_is_asked_about_edited_and_published(
    tmp_path: Path, telegram: Telegram, matrix: Matrix, capsys: pytest.CaptureFixture[str]
) -> None:
    config, phones = write_config(tmp_path, telegram=telegram, matrix=matrix)
    heard: list[str] = []

    def told() -> list[str]:
        return [str(m["text"]) for m in phones.sent() if m.get("chat") == AUTHOR]

    def note(who: str, text: str) -> None:
        heard.append(f"{who:<22} {text}")

    async with running(config):
        said = "Je dawa ya malaria mtoto kilo 8 ni kiasi gani?"
        phones.writes(AUTHOR, "LUGHA sw", user=AUTHOR, name="Amina Okello", private=True)
        await until(told)
        phones.writes(AUTHOR, said, user=AUTHOR, name="Amina Okello", private=True)
        note("Amina, SMS", said)
        card = await matrix.peter.wait_for(lambda u: u.rooms[matrix.mods].find("waiting for a decision"))
        await telegram.find(telegram.grace, telegram.mods, "waiting for a decision")
        note("Matrix card", card.body)
        await until(told)
        note("SMS to Amina", told()[-1])

        def offered(user: MatrixUser) -> bool:
            item = user.rooms[matrix.mods].item(card.event_id)
            return item is not None and "❓" in item.reactions

        await matrix.peter.wait_for(offered)
        await matrix.peter.react(matrix.mods, card.event_id, "❓")
        prompt = await matrix.peter.wait_for(lambda u: u.rooms[matrix.mods].find("what do you want to ask"))
        await matrix.peter.reply(matrix.mods, prompt.event_id, "Dawa gani? Tafadhali andika jina lake.")
        note("Peter, Matrix", "❓ Dawa gani? Tafadhali andika jina lake.")
        await until(lambda: [t for t in told() if "Dawa gani?" in t])
        note("SMS to Amina", next(t for t in told() if "Dawa gani?" in t))
        phones.writes(AUTHOR, "Ni AL (Coartem).", user=AUTHOR, name="Amina Okello", private=True)
        note("Amina, SMS", "Ni AL (Coartem).")
        await telegram.find(telegram.grace, telegram.mods, "Ni AL (Coartem).")
        await matrix.peter.wait_for(lambda u: u.rooms[matrix.mods].find("Ni AL (Coartem)."))

        await telegram.press(telegram.grace, telegram.mods, "Ni AL (Coartem).", "Edit")
        asked = await telegram.find(telegram.grace, telegram.mods, "reply to this message with the new wording")
        wording = "Dawa ya malaria AL (Coartem) kwa mtoto wa kilo 8: ni kiasi gani?"
        await telegram.users.write(telegram.grace, telegram.mods, wording, reply_to=asked["id"])
        note("Grace, Telegram", f"Edit: {wording}")
        newer = await telegram.find(telegram.grace, telegram.mods, "Wording by moderator Grace")
        note("Telegram card", newer["text"])
        await matrix.peter.wait_for(lambda u: u.rooms[matrix.mods].find("Wording by moderator Grace"))
        await telegram.press(telegram.grace, telegram.mods, "Wording by moderator Grace", "Approve")
        note("Grace, Telegram", "Approve")

        arrived = await matrix.fatima.wait_for(lambda u: u.rooms[matrix.room].find(wording))
        for user, chat in ((telegram.amina, telegram.kenya), (telegram.daniel, telegram.uganda)):
            assert "Amina Okello" in (await telegram.find(user, chat, wording))["text"]
        await until(lambda: [m for m in phones.sent() if m.get("chat") == "phones" and wording in str(m["text"])])
        await until(lambda: "Coartem" in told()[-1])
        note("Matrix group", arrived.body)
        note("SMS group", next(str(m["text"]) for m in phones.sent() if m.get("chat") == "phones"))
        note("SMS to Amina", told()[-1])
        done = await telegram.find(telegram.grace, telegram.mods, "Arrived in 4 of 4 groups")
        assert "Approved by Grace" in done["text"]
        there = await matrix.peter.wait_for(lambda u: u.rooms[matrix.mods].find("Arrived in 4 of 4 groups"))
        assert "Approved by Grace" in there.body
        note("Telegram card", done["text"])
    if "BARAZA_WALK" in os.environ:  # the transcript, for people
        with capsys.disabled():
            print("\n\n".join(["", *heard]))
