"""What comes in from a real homeserver, whatever happens in between."""

import asyncio

import pytest
from aiohttp import web

from bridge.adapters.matrix import receiving
from bridge.core.checks import ChatUse
from bridge.core.community import Intake
from bridge.core.errors import AccountError
from bridge.core.events import (
    BotMembershipChanged,
    ChatKind,
    ChatMoved,
    ChatRenamed,
    MessageDeleted,
    MessagePosted,
    Missed,
)
from bridge.core.ids import ChatId
from bridge.core.ports import Later, Sent
from tests.contract.harness import wait_for
from tests.unit.adapters.matrix.conftest import World, said


async def test_a_kill_between_commit_and_acknowledgement_loses_and_repeats_nothing(world: World) -> None:
    amina = await world.person("Amina")
    room = await amina.create_room("Village", invite=[world.bot])
    adapter = await world.started(room)
    await amina.send_text(room, "one")
    await world.heard("one")
    world.sink.deadly = True
    await amina.send_text(room, "two")
    await asyncio.wait_for(world.sink.died.wait(), 10)
    await amina.send_text(room, "three")
    assert adapter._task is not None
    adapter._task.cancel()
    world.sink.deadly = False
    await amina.send_text(room, "four")
    await world.started(room)
    await world.heard("four")
    assert world.bodies() == ["one", "two", "three", "four"]


async def test_a_long_absence_is_filled_in_order(world: World) -> None:
    amina = await world.person("Amina")
    room = await amina.create_room("Village", invite=[world.bot])
    adapter = await world.started(room)
    await amina.send_text(room, "before")
    await world.heard("before")
    await adapter.stop()
    away = [f"away {number}" for number in range(230)]  # the server gives at most 100 at once
    for text in away:
        await amina.send_text(room, text)
    world.proxy.requests.clear()
    await world.started(room)
    await world.heard(away[-1])
    assert world.bodies() == ["before", *away]
    assert any("/messages?" in path for _, path in world.proxy.requests), "the timeline was not limited"


async def test_an_absence_too_long_is_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiving, "MAX_GAP", 100)
    amina = await world.person("Amina")
    room = await amina.create_room("Village", invite=[world.bot])
    adapter = await world.started(room)
    await amina.send_text(room, "before")
    await world.heard("before")
    await adapter.stop()
    for number in range(230):
        await amina.send_text(room, f"away {number}")
    await world.started(room)
    await world.heard("away 229")
    told = await world.sink.first(Missed)
    assert (told.chat, told.too_many) == (room, True)
    assert told.since is not None
    assert told.since < told.until
    assert world.bodies()[-200:] == [f"away {number}" for number in range(30, 230)]
    assert "away 20" not in world.bodies()


async def test_history_is_not_replayed_and_nothing_after_joining_is_lost(world: World) -> None:
    amina = await world.person("Amina")
    old = await amina.create_room("Old", invite=[world.bot])
    await amina.send_text(old, "long ago")
    adapter = await world.started(old, inviters=[amina.user_id])
    await amina.send_text(old, "now")
    await world.heard("now")
    await adapter.stop()
    new = await amina.create_room("New", invite=[world.bot])
    for number in range(120):
        await amina.send_text(new, f"before you came {number}")
    await adapter.start(world.sink, world.state)
    await world.sink.first(BotMembershipChanged, lambda event: event.chat == new and event.present)
    await amina.send_text(new, "welcome")
    await world.heard("welcome")
    assert world.bodies() == ["now", "welcome"]


async def test_what_was_said_while_in_a_crowd_joins_late_is_kept(world: World) -> None:
    """Joined, then more events than one answer holds: everything since the joining counts, nothing before it."""
    amina = await world.person("Amina")
    adapter = await world.started(inviters=[amina.user_id])
    world.sink.deadly = True
    hall = await amina.create_room("Hall")
    await amina.send_text(hall, "before")
    await amina.invite(hall, world.bot)
    await wait_for(lambda: any("/join/" in path for _, path in world.proxy.requests))
    members = f"/_matrix/client/v3/rooms/{hall}/joined_members"
    async with asyncio.timeout(10):  # asked is not yet joined: what is written before that is not ours to read
        while world.bot not in (await amina._call("GET", members))["joined"]:  # noqa: ASYNC110 - a server's state
            await asyncio.sleep(0.05)
    await adapter.stop()
    world.sink.deadly = False
    world.sink.events.clear()
    for number in range(130):
        await amina.send_text(hall, f"after {number}")
    await world.started(inviters=[amina.user_id])
    await world.heard("after 129")
    assert world.bodies() == [f"after {number}" for number in range(130)]


async def test_invitations_are_followed_only_where_permitted(world: World) -> None:
    amina, stranger = await world.person("Amina"), await world.person("Stranger")
    adapter = await world.started(inviters=[amina.user_id], group_invites="moderators")
    unwanted = await stranger.create_room("Spam", invite=[world.bot])
    wanted = await amina.create_room("Village", invite=[world.bot])
    joined = await world.sink.first(BotMembershipChanged, lambda event: event.present)
    assert joined.chat == wanted
    assert joined.chat_title == "Village"
    assert joined.actor is not None
    assert joined.actor.ref.user == amina.user_id
    await wait_for(lambda: unwanted in world.state.values.get("invites", ""))
    assert not [path for _, path in world.proxy.requests if "/join/" in path and unwanted.strip("!")[:20] in path]
    await adapter.stop()
    await world.started(inviters=[amina.user_id, stranger.user_id], group_invites="moderators")  # it was changed
    await world.sink.first(BotMembershipChanged, lambda event: event.chat == unwanted and event.present)


async def test_private_invitations_follow_the_setting(world: World) -> None:
    amina = await world.person("Amina")
    adapter = await world.started(direct_invites="nobody")
    room = await amina.create_room("", invite=[world.bot], direct=True)
    await wait_for(lambda: room in world.state.values.get("invites", ""))
    await adapter.stop()
    await world.started(direct_invites="anyone")
    await wait_for(lambda: room not in world.state.values.get("invites", ""))
    await amina.send_text(room, "/profile")
    event = await world.heard("/profile")
    assert event.chat_kind is ChatKind.PRIVATE
    assert event.chat == amina.user_id
    assert event.is_command


async def test_a_third_person_ends_a_private_chat(world: World) -> None:
    amina, guest = await world.person("Amina"), await world.person("Guest")
    adapter = await world.started()
    room = await amina.create_room("", invite=[world.bot], direct=True)
    await amina.send_text(room, "alone")
    assert (await world.heard("alone")).chat_kind is ChatKind.PRIVATE
    await amina.invite(room, guest.user_id)
    await guest.join(room)
    await guest.send_text(room, "me too")
    event = await world.heard("me too")
    assert event.chat_kind is ChatKind.GROUP
    assert event.chat == room
    outcome = await said(adapter, amina.user_id, "for you only", "a" * 32)
    assert isinstance(outcome, Sent)
    assert room not in outcome.refs[0].message


@pytest.mark.parametrize("version", ["10", "12"])
async def test_a_removal_is_seen(world: World, version: str) -> None:
    amina = await world.person("Amina")
    room = await amina.create_room("Village", invite=[world.bot], room_version=version)
    await world.started(room)
    event_id = await amina.send_text(room, "oops")
    posted = await world.heard("oops")
    await amina.redact(room, event_id)
    deleted = await world.sink.first(MessageDeleted)
    assert deleted.ref == posted.ref
    assert deleted.sender is not None
    assert deleted.sender.ref.user == amina.user_id


async def test_being_removed_is_noticed_after_what_was_said_before(world: World) -> None:
    amina = await world.person("Amina")
    room = await amina.create_room("Village", invite=[world.bot])
    adapter = await world.started(room)
    await world.sink.first(BotMembershipChanged, lambda event: event.present)
    await adapter.stop()
    await amina.send_text(room, "last words")
    await amina.kick(room, world.bot)
    await amina.send_text(room, "behind your back")
    await world.started()
    gone = await world.sink.first(BotMembershipChanged, lambda event: not event.present)
    assert gone.chat == room
    assert gone.actor is not None
    assert gone.actor.ref.user == amina.user_id
    assert world.bodies() == ["last words"]


async def test_a_homeserver_that_comes_up_late(world: World) -> None:
    amina = await world.person("Amina")
    room = await amina.create_room("Village", invite=[world.bot])
    await world.proxy.close()
    adapter = await world.started(room)
    assert not adapter.health().connected
    assert adapter.health().detail
    refused = await said(adapter, room, "too early", "a" * 32)
    assert isinstance(refused, Later)
    assert refused.whole_account
    await world.proxy.open()
    await wait_for(lambda: adapter.health().connected, 20)
    await amina.send_text(room, "good morning")
    await world.heard("good morning")


async def test_names_travel_with_messages_after_a_restart(world: World) -> None:
    amina = await world.person("Amina")
    room = await amina.create_room("Village", invite=[world.bot])
    adapter = await world.started(room)
    await amina.send_text(room, "one")
    assert (await world.heard("one")).sender.name == "Amina"
    await adapter.stop()
    await world.started(room)
    await amina.send_text(room, "two")
    event = await world.heard("two")
    assert event.sender.name == "Amina"
    assert event.sender.handle == amina.user_id
    assert event.chat_title == "Village"


async def test_names_are_known_from_before_we_came(world: World) -> None:
    """The first answer about a room holds the member's coming, ours, and the member's message: all at once."""
    amina = await world.person("Amina")
    room = await amina.create_room("Village", invite=[world.bot])
    release = asyncio.Event()

    async def hold(request: web.Request) -> web.StreamResponse | None:
        if request.path.endswith("/sync") and "since" in request.query:
            await release.wait()
        return None

    world.proxy.before = hold
    await world.started(room)
    await amina.send_text(room, "one")
    release.set()
    assert (await world.heard("one")).sender.name == "Amina"


async def test_a_room_upgrade_that_may_not_be_joined_is_told(world: World) -> None:
    amina = await world.person("Amina")
    room = await amina.create_room("Village", invite=[world.bot], room_version="10")
    await world.started(room)
    await amina.send_text(room, "here")
    await world.heard("here")
    upgraded = await amina._call("POST", f"/_matrix/client/v3/rooms/{room}/upgrade", {"new_version": "12"})
    assert upgraded["replacement_room"] != room
    told = await world.sink.first(ChatMoved)
    assert (told.chat, told.new_chat, told.followed) == (room, upgraded["replacement_room"], False)
    await amina.invite(told.new_chat, world.bot)  # by somebody who may invite us nowhere else
    moved = await world.sink.first(ChatMoved, lambda event: event.followed)
    assert (moved.chat, moved.new_chat) == (room, told.new_chat)
    await amina.send_text(moved.new_chat, "we live here now")
    assert (await world.heard("we live here now")).chat == moved.new_chat


@pytest.mark.parametrize(("before", "after"), [("10", "11"), ("11", "12"), ("12", "12")])
async def test_a_room_upgrade_that_may_be_joined_moves_the_chat(world: World, before: str, after: str) -> None:
    amina = await world.person("Amina")
    room = await amina.create_room("Village", invite=[world.bot], room_version=before)
    assert (":" in room) is (before != "12")
    await amina._call("PUT", f"/_matrix/client/v3/rooms/{room}/state/m.room.join_rules", {"join_rule": "public"})
    await world.started(room)
    upgraded = await amina._call("POST", f"/_matrix/client/v3/rooms/{room}/upgrade", {"new_version": after})
    moved = await world.sink.first(ChatMoved)
    assert moved.chat == room
    assert moved.new_chat == upgraded["replacement_room"]
    await amina.send_text(moved.new_chat, "we live here now")
    assert (await world.heard("we live here now")).chat == moved.new_chat


async def test_an_alias_of_the_config_names_the_chat(world: World) -> None:
    amina = await world.person("Amina")
    room = await amina.create_room("Village", invite=[world.bot])
    alias = f"#{room[1:9].lower()}:{world.synapse.server_name}"
    await amina._call("PUT", f"/_matrix/client/v3/directory/room/{alias.replace('#', '%23')}", {"room_id": room})
    adapter = await world.started(alias)
    outcome = await said(adapter, alias, "hello", "a" * 32)
    assert isinstance(outcome, Sent)
    assert outcome.refs[0].chat == alias
    await amina.reply(room, outcome.refs[0].message, "hello yourself")
    event = await world.heard("hello yourself")
    assert event.chat == alias
    assert event.reply_to == outcome.refs[0]


async def test_an_alias_goes_on_meaning_the_room_that_was(world: World) -> None:
    """What was said there is known by the alias; the new room by its id, also after a restart."""
    amina = await world.person("Amina")
    room = await amina.create_room("Village", invite=[world.bot])
    await amina._call("PUT", f"/_matrix/client/v3/rooms/{room}/state/m.room.join_rules", {"join_rule": "public"})
    alias = f"#{room[1:9].lower()}:{world.synapse.server_name}"
    await amina._call("PUT", f"/_matrix/client/v3/directory/room/{alias.replace('#', '%23')}", {"room_id": room})
    await amina.set_power_levels(room, users={world.bot: 50})  # an upgrade silences all others
    adapter = await world.started(alias)
    first = await said(adapter, alias, "hello", "a" * 32)
    assert isinstance(first, Sent)
    upgraded = await amina._call("POST", f"/_matrix/client/v3/rooms/{room}/upgrade", {"new_version": "12"})
    moved = await world.sink.first(ChatMoved)
    assert (moved.chat, moved.new_chat) == (alias, upgraded["replacement_room"])
    await adapter.stop()
    adapter = await world.started(alias)
    await amina.send_text(moved.new_chat, "after")
    assert (await world.heard("after")).chat == moved.new_chat
    outcome = await said(adapter, moved.new_chat, "here we are", "b" * 32)
    assert isinstance(outcome, Sent)
    assert outcome.refs[0].chat == moved.new_chat
    assert isinstance(await adapter.delete(first.refs[0], "c" * 32), Sent)
    gone = await amina._call("GET", f"/_matrix/client/v3/rooms/{room}/event/{first.refs[0].message}")
    assert gone["content"] == {}
    findings = await adapter.check([ChatUse(chat=ChatId(alias), intake=Intake.COPY)], world.state)
    assert not [f for f in findings if "replaced" in f.message], findings  # the alias went along by itself


async def test_a_closed_room_of_the_config_is_named_with_what_to_write(world: World) -> None:
    amina = await world.person("Amina")
    room = await amina.create_room("Village", invite=[world.bot])
    await amina._call("PUT", f"/_matrix/client/v3/rooms/{room}/state/m.room.join_rules", {"join_rule": "public"})
    adapter = await world.started(room)
    await amina._call("POST", f"/_matrix/client/v3/rooms/{room}/upgrade", {"new_version": "12"})
    moved = await world.sink.first(ChatMoved)
    findings = await adapter.check([ChatUse(chat=ChatId(room), intake=Intake.HOLD)], world.state)
    assert [f.mend for f in findings if "replaced" in f.message and f"matrix:{moved.new_chat}" in f.mend]


async def test_a_room_that_is_renamed(world: World) -> None:
    amina = await world.person("Amina")
    room = await amina.create_room("Village", invite=[world.bot])
    await world.started(room)
    await amina.send_text(room, "one")
    assert (await world.heard("one")).chat_title == "Village"
    await amina._call("PUT", f"/_matrix/client/v3/rooms/{room}/state/m.room.name", {"name": "Town"})
    await world.sink.first(ChatRenamed, lambda event: event.title == "Town")
    await amina.send_text(room, "two")
    assert (await world.heard("two")).chat_title == "Town"


async def test_encrypted_events_are_told(world: World) -> None:
    amina = await world.person("Amina")
    room = await amina.create_room("Village", invite=[world.bot])
    await world.started(room)
    content = {"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "AAAA", "session_id": "s", "device_id": "d"}
    await amina.send(room, "m.room.encrypted", content)
    event = await world.sink.first(MessagePosted)
    assert [lost.kind for lost in event.uncarried] == ["encrypted"]


async def test_a_wrong_password_is_the_operators_to_mend(world: World) -> None:
    with pytest.raises(AccountError, match="password"):
        await world.started(password="wrong")


async def test_a_dead_token_without_a_password_stops_in_plain_words(world: World) -> None:
    adapter = await world.started(password=None, access_token=world.login.access_token, device_id=world.login.device_id)

    async def refuse(request: web.Request) -> web.StreamResponse | None:
        return web.json_response({"errcode": "M_UNKNOWN_TOKEN", "error": "Unknown"}, status=401)

    world.proxy.before = refuse
    amina = await world.person("Amina")
    await amina.create_room("", invite=[world.bot], direct=True)  # ends the sync that is under way
    await wait_for(lambda: "access token" in adapter.health().detail)
    assert not adapter.health().connected
    assert world.login.access_token not in adapter.health().detail


async def test_the_device_stays_the_same_when_its_token_dies(world: World) -> None:
    amina = await world.person("Amina")
    room = await amina.create_room("Village", invite=[world.bot])
    adapter = await world.started(room)
    first = await said(adapter, room, "once", "a" * 32)
    old = f"Bearer {world.state.values['login']}"

    async def refuse(request: web.Request) -> web.StreamResponse | None:
        if request.headers.get("Authorization") != old:
            return None
        return web.json_response({"errcode": "M_UNKNOWN_TOKEN", "error": "Unknown", "soft_logout": True}, status=401)

    device = world.state.values["device"]
    world.proxy.before = refuse
    assert isinstance(await said(adapter, room, "once", "a" * 32), Later)
    assert await said(adapter, room, "once", "a" * 32) == first, "another device would have posted it again"
    assert world.state.values["device"] == device
    assert f"Bearer {world.state.values['login']}" != old
    await amina.send_text(room, "still there?")
    await world.heard("still there?")
