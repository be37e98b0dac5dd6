"""What other servers delay or refuse concerns one room, and never what is heard in the others."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web

from bridge.adapters.matrix import errands, receiving, rooms
from bridge.adapters.matrix.adapter import MatrixAdapter
from bridge.adapters.matrix.settings import Settings
from bridge.core.events import ChatKind, ChatMoved, MessagePosted, Missed, Unreadable
from bridge.core.ids import AccountId, ChatId
from bridge.core.ports import AdapterContext, JsonObject, Outgoing, Sent
from tests.contract.harness import MemoryState, RecordingSink, wait_for

BOT, MALLORY = "@baraza:hs", "@mallory:dead"
MODS, DEAD = "!mods:hs", "!dead:dead"


class LeapingClock:
    """Sleeps take no time, but wait until the test lets them."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 23, tzinfo=UTC)
        self.slept: list[float] = []
        self.awake = asyncio.Event()

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return self.time.timestamp()

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await self.awake.wait()
        self.time += timedelta(seconds=seconds)
        await asyncio.sleep(0)


class Homeserver:
    """Answers what it is told to; what is not told is not found."""

    def __init__(self) -> None:
        self.faults: dict[str, int | None] = {}
        """Part of a path -> the HTTP status it is answered with; None for never."""
        self.answers: dict[str, dict[str, Any]] = {"/joined_members": {"joined": {BOT: {}, MALLORY: {}}}}
        self.asked: list[str] = []
        self.syncs: list[dict[str, Any]] = []
        self.new = asyncio.Event()
        self.healed = asyncio.Event()

    def heal(self) -> None:
        self.faults.clear()
        self.healed.set()

    def say(self, **sections: dict[str, Any]) -> None:
        self.syncs.append(sections)
        self.new.set()

    def said(self, body: str, room: str = MODS) -> dict[str, Any]:
        event = {"type": "m.room.message", "event_id": f"${body}", "sender": "@grace:hs"}
        return {room: {"timeline": {"events": [event | {"content": {"msgtype": "m.text", "body": body}}]}}}

    async def handle(self, request: web.Request) -> web.StreamResponse:
        path = request.path
        self.asked.append(path)
        for part, status in self.faults.items():
            if part in path:
                if status is None:
                    await self.healed.wait()
                return web.json_response({"errcode": "M_UNKNOWN"}, status=status or 500)
        for part, answer in self.answers.items():
            if part in path:
                return web.json_response(answer)
        if path.endswith(("/login", "/whoami")):
            return web.json_response({"access_token": "t", "device_id": "D", "user_id": BOT})
        if path.endswith("/joined_rooms"):
            return web.json_response({"joined_rooms": [MODS]})
        if "/join/" in path:
            return web.json_response({"room_id": path.rpartition("/")[2]})
        if path.endswith("/sync"):
            return web.json_response(await self._sync(request.query.get("since")))
        return web.json_response({"errcode": "M_NOT_FOUND"}, status=404)

    async def _sync(self, since: str | None) -> dict[str, Any]:
        place = int(since or 0)
        while since is not None and place >= len(self.syncs):
            self.new.clear()
            await self.new.wait()
        return {"next_batch": str(place if since is None else place + 1)} | (
            {} if since is None else {"rooms": self.syncs[place]}
        )


class Place:
    def __init__(self, server: Homeserver, url: str) -> None:
        self.server, self.url, self.clock = server, url, LeapingClock()
        self.state = MemoryState()
        self.sink = RecordingSink(self.state)

    @asynccontextmanager
    async def adapter(self, *chats: str, **settings: Any) -> AsyncIterator[MatrixAdapter]:
        raw = {"kind": "matrix", "homeserver": self.url, "user_id": BOT, "password": "p", "direct_invites": "anyone"}
        raw |= settings
        context = AdapterContext(account=AccountId("m"), clock=self.clock, chats=frozenset(map(ChatId, (MODS, *chats))))
        adapter = MatrixAdapter(Settings.model_validate(raw), context)
        await adapter.start(self.sink, self.state)
        try:
            yield adapter
        finally:
            await adapter.stop()

    async def hears(self, body: str) -> MessagePosted:
        return await self.sink.first(MessagePosted, lambda event: event.text.text == body)

    def joins(self, room: str) -> int:
        return sum("/join/" in path and room in path for path in self.server.asked)


@pytest.fixture
async def place(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Place]:
    for module in (errands, receiving):
        monkeypatch.setattr(module, "PATIENCE", 0.2)
    monkeypatch.setattr(rooms, "_LOOK_UP_SECONDS", 0.2)
    server = Homeserver()
    application = web.Application()
    application.router.add_route("*", "/{tail:.*}", server.handle)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield Place(server, f"http://127.0.0.1:{runner.addresses[0][1]}")
    with suppress(TimeoutError):
        await runner.cleanup()


def invitation(room: str, *, direct: bool = True) -> dict[str, Any]:
    member = {"type": "m.room.member", "state_key": BOT, "sender": MALLORY}
    content = {"membership": "invite", "is_direct": direct}
    return {room: {"invite_state": {"events": [member | {"content": content}]}}}


@pytest.mark.parametrize("status", [401, 418, 429, 500, 502, None])
async def test_an_invitation_that_fails_waits_and_everybody_is_heard(place: Place, status: int | None) -> None:
    async with place.adapter():
        place.server.faults["/join/"] = status
        place.server.say(invite=invitation(DEAD), join=place.server.said("approve"))
        await place.hears("approve")
        place.server.say(join=place.server.said("again"))
        await place.hears("again")
        assert place.state.values["since"] == "2"
        await wait_for(lambda: place.joins(DEAD) == 1)
        assert DEAD in json.loads(place.state.values["invites"])


async def test_a_failed_invitation_is_tried_again_with_growing_pauses_and_after_a_restart(place: Place) -> None:
    async with place.adapter():
        place.server.faults["/join/"] = 502
        place.server.say(invite=invitation(DEAD))
        await wait_for(lambda: place.clock.slept)
        place.clock.awake.set()
        await wait_for(lambda: place.joins(DEAD) >= 4)
        place.clock.awake.clear()
    pauses = [round(pause) for pause in place.clock.slept]
    assert pauses[:3] == [5, 10, 20]
    assert DEAD in json.loads(place.state.values["invites"])
    place.server.heal()
    async with place.adapter():
        await wait_for(lambda: json.loads(place.state.values["invites"]) == {})
    assert place.state.values[f"private:{DEAD}"] == MALLORY


async def test_a_refused_invitation_is_forgotten(place: Place) -> None:
    async with place.adapter():
        place.server.faults["/join/"] = 403
        place.server.say(invite=invitation(DEAD))
        await wait_for(lambda: place.joins(DEAD) == 1)
        await wait_for(lambda: json.loads(place.state.values["invites"]) == {})
    assert f"private:{DEAD}" not in place.state.values


async def test_a_private_room_whose_id_is_too_long_to_keep_is_never_used(place: Place) -> None:
    """A message in it is known by the room's id and its own: together they would fit in no column."""
    long, known = f"!{'r' * 240}:dead", f"!{'k' * 240}:dead"
    await place.state.set("direct:@grace:hs", known)  # from before such rooms were declined
    async with place.adapter() as adapter:
        member = {"type": "m.room.member", "event_id": "$j", "state_key": BOT, "sender": BOT}
        told = {"prev_sender": MALLORY, "prev_content": {"membership": "invite", "is_direct": True}}
        joined = member | {"content": {"membership": "join"}, "unsigned": told}
        place.server.say(invite=invitation(long), join={long: {"timeline": {"events": [joined]}}})
        place.server.say(join=place.server.said("heard"))
        await place.hears("heard")
        await wait_for(lambda: json.loads(place.state.values["invites"]) == {})
        assert place.joins(long) == 0
        assert not [key for key in place.state.values if "private:" in key or key == f"direct:{MALLORY}"]
        place.server.answers["/createRoom"] = {"room_id": DIRECT}
        place.server.answers["/m.room.member"] = {"membership": "join"}
        place.server.answers["/send/"] = {"event_id": "$e"}
        payload: JsonObject = {"type": "m.room.message", "content": {"msgtype": "m.text", "body": "hello"}}
        answer = await adapter.send(Outgoing(chat=ChatId("@grace:hs"), payload=payload), "key")
        assert isinstance(answer, Sent), answer
        assert answer.refs[0].message == f"{DIRECT} $e"


@pytest.mark.parametrize("status", [502, None])
async def test_a_replacement_that_cannot_be_joined_yet_is_followed_later(place: Place, status: int | None) -> None:
    async with place.adapter():
        place.server.faults["/join/"] = status
        place.server.answers["/m.room.power_levels"] = {"users": {"@grace:hs": 50}}
        place.server.answers["/m.room.create"] = {}
        tombstone = {"type": "m.room.tombstone", "state_key": "", "event_id": "$t", "sender": "@grace:hs"}
        events = [tombstone | {"content": {"replacement_room": DEAD}}]
        place.server.say(join={MODS: {"timeline": {"events": events}}})
        place.server.say(join=place.server.said("heard"))
        await place.hears("heard")
        assert not place.sink.of(ChatMoved)
        place.server.heal()
        place.server.answers["/m.room.create"] = {"predecessor": {"room_id": MODS}}
        place.clock.awake.set()
        moved = await place.sink.first(ChatMoved)
        assert (moved.chat, moved.new_chat, moved.key) == (MODS, DEAD, "$t")
        assert json.loads(place.state.values["moves"]) == {}


TOMBSTONE = {"type": "m.room.tombstone", "state_key": "", "event_id": "$t", "content": {"replacement_room": DEAD}}


async def test_a_tombstone_without_power_is_not_followed(place: Place) -> None:
    """No server lets it through, but the one that tells us may be lied to, or lie."""
    async with place.adapter():
        place.server.answers["/m.room.power_levels"] = {"users": {"@grace:hs": 50}}
        place.server.answers["/m.room.create"] = {"predecessor": {"room_id": MODS}}
        place.server.say(join={MODS: {"timeline": {"events": [TOMBSTONE | {"sender": MALLORY}]}}})
        place.server.say(join=place.server.said("heard"))
        await place.hears("heard")
    assert not place.sink.of(ChatMoved)
    assert ["power" in event.reason for event in place.sink.of(Unreadable)] == [True]
    assert place.joins(DEAD) == 0


@pytest.mark.parametrize("created", [{}, {"predecessor": {"room_id": "!other:hs"}}, {"predecessor": "x"}])
async def test_a_replacement_that_does_not_name_the_room_is_left_again(place: Place, created: dict[str, Any]) -> None:
    async with place.adapter():
        place.server.answers |= {
            "/m.room.power_levels": {"users": {"@grace:hs": 50}},
            "/m.room.create": created,
            "/leave": {},
        }
        place.server.say(join={MODS: {"timeline": {"events": [TOMBSTONE | {"sender": "@grace:hs"}]}}})
        place.server.say(join=place.server.said("heard"))
        await place.hears("heard")
    assert not place.sink.of(ChatMoved)
    assert (place.joins(DEAD), leaves(place, DEAD)) == (1, 1)


DIRECT = "!direct:hs"


@pytest.mark.parametrize(("others", "private"), [([], True), (["@third:hs"], False)])
async def test_a_private_chat_is_the_person_in_whichever_room(place: Place, others: list[str], private: bool) -> None:
    """Its room may be replaced like any; what is meant for one must not be read by others there."""
    async with place.adapter():
        await place.state.set(f"private:{DIRECT}", "@grace:hs")
        await place.state.set("direct:@grace:hs", DIRECT)
        place.server.answers |= {
            "/m.room.power_levels": {"users": {"@grace:hs": 100}},
            "/m.room.create": {"predecessor": {"room_id": DIRECT}},
            "/joined_members": {"joined": {user: {} for user in (BOT, "@grace:hs", *others)}},
        }
        place.server.say(join={DIRECT: {"timeline": {"events": [TOMBSTONE | {"sender": "@grace:hs"}]}}})
        place.server.say(join=place.server.said("there", DEAD))
        event = await place.hears("there")
    assert not place.sink.of(ChatMoved), "the chat is who it was"
    assert event.chat == ("@grace:hs" if private else DEAD)
    assert event.chat_kind is (ChatKind.PRIVATE if private else ChatKind.GROUP)
    assert place.state.values["direct:@grace:hs"] == (DEAD if private else DIRECT)


@pytest.mark.parametrize(
    ("created", "sender", "follows"),
    [
        ({"room_version": "12"}, "@creator:hs", True),
        ({"room_version": "12", "additional_creators": ["@second:hs"]}, "@second:hs", True),
        ({"room_version": "12", "additional_creators": ["@second:hs"]}, "@third:hs", False),
        ({"room_version": "12", "additional_creators": "@third:hs"}, "@third:hs", False),
        ({"room_version": "11"}, "@creator:hs", False),
        ({"room_version": "11", "additional_creators": ["@second:hs"]}, "@second:hs", False),
    ],
)
async def test_creators_of_newer_rooms_may_close_them_without_a_level(
    place: Place, created: dict[str, Any], sender: str, follows: bool
) -> None:
    async with place.adapter():
        content = created | {"predecessor": {"room_id": MODS}}  # of version 12: without an event_id
        place.server.answers |= {
            "/m.room.power_levels": {"users": {"@grace:hs": 50}},
            "/m.room.create": content | {"sender": "@creator:hs", "content": content},
        }
        place.server.say(join={MODS: {"timeline": {"events": [TOMBSTONE | {"sender": sender}]}}})
        place.server.say(join=place.server.said("heard"))
        await place.hears("heard")
    assert [event.new_chat for event in place.sink.of(ChatMoved)] == ([DEAD] if follows else [])


@pytest.mark.parametrize("status", [500, None])
async def test_no_event_waits_for_a_title_or_a_count(place: Place, status: int | None) -> None:
    async with place.adapter():
        place.server.say(invite=invitation(DEAD))
        await wait_for(lambda: place.state.values.get("invites") == "{}" and place.joins(DEAD) == 1)
        place.server.faults |= {"/m.room.name": status, "/joined_members": status}
        own = {"type": "m.room.member", "state_key": BOT, "sender": BOT, "event_id": "$j"}
        joined = {DEAD: {"timeline": {"events": [own | {"content": {"membership": "join"}}]}}}
        place.server.say(join=joined | place.server.said("untitled"))
        await place.hears("untitled")
        assert json.loads(place.state.values["uncounted"]) == [DEAD]
        place.server.heal()
        place.server.answers["/joined_members"] = {"joined": {BOT: {}, MALLORY: {}, "@eve:hs": {}}}
        place.clock.awake.set()
        await wait_for(lambda: f"private:{DEAD}" not in place.state.values)  # a third person is in there


@pytest.mark.parametrize("status", [502, None])
async def test_a_configured_room_that_cannot_be_entered_yet_does_not_stop_the_others(
    place: Place, status: int | None
) -> None:
    place.server.faults |= {"/directory/room/": status, "/join/": status}
    async with place.adapter("#far:dead", "!other:dead"):
        place.server.say(join=place.server.said("heard"))
        await place.hears("heard")
        place.server.heal()
        place.server.answers["/directory/room/"] = {"room_id": "!far:dead"}
        place.clock.awake.set()
        await wait_for(lambda: place.joins("!far:dead") and place.joins("!other:dead"))
    place.server.faults["/directory/room/"] = 502
    async with place.adapter("#far:dead") as again:
        assert again._rooms.room_of(ChatId("#far:dead")) == "!far:dead"  # where it led last


async def test_history_that_cannot_be_read_is_told_and_the_rest_is_heard(place: Place) -> None:
    async with place.adapter():
        place.clock.awake.set()
        place.server.faults["/messages"] = 500
        section = place.server.said("after the gap")
        section[MODS]["timeline"] |= {"limited": True, "prev_batch": "p"}
        place.server.say(join=section)
        await place.hears("after the gap")
    assert [(event.chat, event.too_many) for event in place.sink.of(Missed)] == [(MODS, False)]
    assert sum("/messages" in path for path in place.server.asked) == receiving.MAX_GAP_FAILURES


# --- rooms of strangers ---


def leaves(place: Place, room: str) -> int:
    return sum(path.endswith("/leave") and room in path for path in place.server.asked)


async def test_a_strangers_room_is_left_after_a_day_unless_it_is_wanted(place: Place) -> None:
    place.server.answers["/leave"] = {}
    async with place.adapter() as adapter:
        place.server.say(invite=invitation(DEAD, direct=False))
        await wait_for(lambda: json.loads(place.state.values.get("visits", "{}")) != {})
        adapter.keep(ChatId(DEAD), wanted=True)
        place.clock.time += timedelta(days=3)
        place.server.say(invite=invitation("!other:dead", direct=False))  # which makes it look at what there is to do
        await wait_for(lambda: place.joins("!other:dead") == 1)
        assert leaves(place, DEAD) == 0
        adapter.keep(ChatId(DEAD), wanted=False)  # from now on a day
        before = place.clock.now()
        place.clock.awake.set()
        await wait_for(lambda: leaves(place, DEAD) == 1)
        assert place.clock.now() >= before + errands.VISIT
        await wait_for(lambda: json.loads(place.state.values["visits"]) == {})


async def test_a_visit_is_known_after_a_restart(place: Place) -> None:
    place.server.answers["/leave"] = {}
    async with place.adapter():
        place.server.say(invite=invitation(DEAD, direct=False))
        await wait_for(lambda: json.loads(place.state.values.get("visits", "{}")) != {})
    place.clock.time += timedelta(days=2)
    async with place.adapter():
        await wait_for(lambda: leaves(place, DEAD) == 1)


async def test_it_waits_in_no_more_strangers_rooms_than_the_operator_says(place: Place) -> None:
    place.server.answers["/leave"] = {}
    async with place.adapter(unlinked_rooms=1) as adapter:
        place.server.say(invite=invitation(DEAD, direct=False) | invitation("!other:dead", direct=False))
        await wait_for(lambda: len(json.loads(place.state.values.get("visits", "{}"))) == 1)
        place.server.say(join=place.server.said("heard"))
        await place.hears("heard")
        assert len(json.loads(place.state.values["visits"])) == 1
        [waiting] = json.loads(place.state.values["invites"])
        [visited] = json.loads(place.state.values["visits"])
        adapter.keep(ChatId(visited), wanted=True)  # connected: there is room for the next
        await wait_for(lambda: place.joins(waiting) == 1)


async def test_moderators_alone_may_invite_where_the_operator_says_so(place: Place) -> None:
    async with place.adapter(group_invites="moderators"):
        place.server.say(invite=invitation(DEAD, direct=False), join=place.server.said("heard"))
        await place.hears("heard")
        assert place.joins(DEAD) == 0
        assert DEAD in json.loads(place.state.values["invites"])
