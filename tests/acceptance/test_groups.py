"""A group is connected from inside its own chat: on Telegram with buttons, on Matrix with reactions."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from bridge.playground.botapi import BotApiSimulator
from bridge.playground.matrix_user import MatrixUser
from bridge.playground.synapse import SynapseServer
from tests.acceptance.program import Matrix, Telegram, command, populate, running, write_config
from tests.acceptance.world import World, until
from tests.servers import free_port, unique


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


async def test_a_telegram_group_from_the_first_hello_to_the_last(tmp_path: Path, telegram: Telegram) -> None:
    config, _ = write_config(tmp_path, telegram=telegram)
    users = telegram.users
    async with running(config):
        clinic = await users.create_group("Clinic <b>Mombasa</b>", telegram.daniel, supergroup=False)
        await users.add_member(clinic, telegram.bot, by=telegram.daniel)
        hello = await telegram.find(telegram.daniel, clinic, "To connect this group, write here:")
        assert "/bridge hifa – HIFA" in hello["text"]

        await users.write(telegram.daniel, clinic, "/bridge hifa")
        asked = await telegram.find(telegram.daniel, clinic, "I have asked the moderators of HIFA")
        assert "I may not delete messages here" in asked["text"]
        card = await telegram.find(telegram.grace, telegram.mods, "wants to connect a group")
        assert "Group: Clinic <b>Mombasa</b>" in card["text"]
        assert "telegram · 2 people in it" in card["text"]
        assert "From Daniel Mwangi" in card["text"]
        labels = [key["text"] for row in card["buttons"] for key in row]
        assert labels == ["📋 Connect: originals stay", "📥 Connect: only receives", "❌ Decline"]
        answer = await telegram.press(telegram.grace, telegram.mods, "wants to connect", "originals stay")
        assert answer["text"] == "Done."
        await telegram.find(telegram.daniel, clinic, "This group is now connected with HIFA.")

        await users.write(telegram.daniel, clinic, "Is amodiaquine in stock anywhere?")
        await telegram.find(telegram.grace, telegram.mods, "Is amodiaquine in stock anywhere?")
        await telegram.press(telegram.grace, telegram.mods, "Is amodiaquine", "Approve")
        await telegram.find(telegram.amina, telegram.kenya, "Is amodiaquine in stock anywhere?")

        # Made an administrator, and then held: a reply to the card is enough. The group becomes a supergroup meanwhile.
        larger = await users.migrate(clinic, by=telegram.daniel)
        await users.promote(larger, telegram.bot, by=telegram.daniel)
        card = await telegram.find(telegram.grace, telegram.mods, "wants to connect a group")
        await users.write(telegram.grace, telegram.mods, "intake: hold", reply_to=card["id"])
        await telegram.find(telegram.grace, telegram.mods, "Connected: posts are held")
        number = await users.write(telegram.daniel, larger, "Where is ORS made?")
        await telegram.find(telegram.grace, telegram.mods, "Where is ORS made?")
        assert number not in [m["id"] for m in await telegram.messages(telegram.daniel, larger)]
        await telegram.press(telegram.grace, telegram.mods, "Where is ORS made?", "Approve")
        await telegram.find(telegram.daniel, larger, "Where is ORS made?")

        await users.write(telegram.grace, telegram.mods, "/groups")
        listed = await telegram.find(telegram.grace, telegram.mods, "HIFA: 4 groups")
        assert "G1 Clinic <b>Mombasa</b> (telegram) · posts are held · last post arrived" in listed["text"]

    status, out = await command(config, "groups", "--json")
    assert status == 0
    told = next(line for line in json.loads(out)["groups"] if line["source"] == "chat")
    assert (told["chat"], told["state"], told["by"]) == (f"telegram:{larger}", "linked", "Grace Moderator")
    status, out = await command(config, "check")
    assert f"telegram:{larger}" in out

    async with running(config):  # it is known after a restart
        await users.write(telegram.daniel, larger, "Does zinc help?")
        await telegram.find(telegram.grace, telegram.mods, "Does zinc help?")
        await users.add_member(larger, telegram.amina, by=telegram.daniel)
        await users.write(telegram.amina, larger, "/unbridge")
        await telegram.find(telegram.amina, larger, "Only an administrator of this group")
        await users.write(telegram.daniel, larger, "/unbridge")
        await telegram.find(telegram.daniel, larger, "This group is no longer connected with HIFA.")
        await telegram.find(telegram.grace, telegram.mods, "was disconnected by Daniel Mwangi")
        await users.write(telegram.daniel, larger, "Is anybody there?")
        await users.write(telegram.grace, telegram.mods, "/queue")
        queue = await telegram.find(telegram.grace, telegram.mods, "HIFA: 1 post waiting")
        assert "#3" in queue["text"]


async def test_a_stranger_invites_the_bot_to_a_matrix_room(tmp_path: Path, telegram: Telegram, matrix: Matrix) -> None:
    config, _ = write_config(tmp_path, telegram=telegram, matrix=matrix)
    async with running(config):
        # Neither is Fatima a moderator nor is her room in the config file.
        room = await matrix.fatima.create_room("Nurses <i>Kano</i>", invite=[matrix.bot.user_id])
        hello = await matrix.fatima.wait_for(lambda u: u.rooms[room].find("To connect this group, write here:"), 20)
        assert "I leave again after a day" in hello.body
        await matrix.fatima.send_text(room, "!bridge hifa")
        await matrix.fatima.wait_for(lambda u: u.rooms[room].find("I have asked the moderators of HIFA"), 20)
        card = await matrix.peter.wait_for(lambda u: u.rooms[matrix.mods].find("wants to connect a group"), 20)
        assert "Group: Nurses <i>Kano</i>" in card.body
        assert "matrix · 2 people in it" in card.body
        assert "I may not delete messages here" in card.body
        there = await telegram.find(telegram.grace, telegram.mods, "wants to connect a group")
        assert "Nurses <i>Kano</i>" in there["text"]

        def offered(user: MatrixUser) -> bool:
            item = user.rooms[matrix.mods].item(card.event_id)
            return item is not None and "📋" in item.reactions

        await matrix.peter.wait_for(offered, 20)
        await matrix.peter.react(matrix.mods, card.event_id, "📋")
        await matrix.fatima.wait_for(lambda u: u.rooms[room].find("This group is now connected with HIFA."), 20)
        await telegram.find(telegram.grace, telegram.mods, "Approved by Peter")
        # The loser is told who won.
        await telegram.users.write(telegram.grace, telegram.mods, "approve", reply_to=there["id"])
        await telegram.find(telegram.grace, telegram.mods, "Peter has already approved A1.")

        await matrix.fatima.send_text(room, "Does breastfeeding protect?")
        await telegram.find(telegram.grace, telegram.mods, "Does breastfeeding protect?")
        await telegram.press(telegram.grace, telegram.mods, "Does breastfeeding protect?", "Approve")
        await telegram.find(telegram.amina, telegram.kenya, "Does breastfeeding protect?")
        await telegram.users.write(telegram.amina, telegram.kenya, "It does, for six months and more.")
        await telegram.find(telegram.grace, telegram.mods, "It does, for six months and more.")
        await telegram.press(telegram.grace, telegram.mods, "It does, for six months", "Approve")
        await matrix.fatima.wait_for(lambda u: u.rooms[room].find("It does, for six months and more."), 20)

        await matrix.fatima.send_text(room, "!unbridge")
        await matrix.fatima.wait_for(lambda u: u.rooms[room].find("no longer connected with HIFA"), 20)


async def test_by_numbers_and_words_alone_on_a_plain_channel(tmp_path: Path) -> None:
    world = World(tmp_path, free_port())
    world.sms.describes("market", "Market women", members=["bot", "rose", "joy"], admins=["rose"])
    async with world.bridge():
        world.sms.writes("market", "!bridge hifa", user="joy", name="Joy")
        await until(lambda: any("asked the moderators" in text for text in world.texts("market", world.sms)))
        await until(lambda: any("Group: Market women" in text for text in world.texts("mods")))
        card = next(m for m in world.chat.shown("mods") if "Group: Market women" in m.text and not m.user)
        assert "loopback · 3 people in it" in card.text
        world.chat.writes("mods", "approve: none", user="grace", name="Grace", reply_to=card.id)
        await until(lambda: any("now connected with HIFA" in text for text in world.texts("market", world.sms)))
        world.sms.writes("market", "/unbridge", user="joy", name="Joy")
        await until(lambda: any("Only an administrator" in text for text in world.texts("market", world.sms)))
        world.sms.writes("market", "/unbridge", user="rose", name="Rose")
        await until(lambda: any("no longer connected" in text for text in world.texts("market", world.sms)))
