"""Room keys without a homeserver: whose they are, how many are kept, when a new one is made."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from vodozemac import InboundGroupSession

from bridge.adapters.matrix import bounds as bounds_module
from bridge.adapters.matrix import megolm as megolm_module
from bridge.adapters.matrix import olm as olm_module
from bridge.adapters.matrix.bounds import LINES, ROOM_KEYS, Bounds
from bridge.adapters.matrix.client import HomeServer, NoAnswer
from bridge.adapters.matrix.devices import Devices
from bridge.adapters.matrix.keystore import PICKLE_KEY, KeyStore
from bridge.adapters.matrix.megolm import Inbound, KeyMissing, Outbound, Refused, Unproven
from bridge.adapters.matrix.olm import Device, Olm, Unreadable, Whisper
from bridge.adapters.matrix.owners import Maker, Owners
from bridge.core.clock import SystemClock
from tests.contract.harness import MemoryState

NOW = datetime(2026, 3, 1, tzinfo=UTC)
AMINA, THIEF, US = "@amina:x", "@thief:x", "@us:x"


class Clock(SystemClock):
    """Leaps when told to."""

    def __init__(self) -> None:
        self.leap = timedelta()

    def now(self) -> datetime:
        return NOW + self.leap

    def monotonic(self) -> float:
        return self.leap.total_seconds()


class Homes:
    """What homeservers show of people's devices."""

    def __init__(self) -> None:
        self.shown: dict[str, dict[str, Any]] = {}
        self.silent = False
        self.asked = 0

    async def call(self, method: str, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        assert (method, path) == ("POST", "/_matrix/client/v3/keys/query")
        self.asked += 1
        if self.silent:
            raise NoAnswer("gone")
        return {"device_keys": {user: self.shown.get(user, {}) for user in body["device_keys"]}}


def store_of(state: MemoryState | None = None) -> KeyStore:
    store = KeyStore()
    store.open(state or MemoryState(), "D")
    return store


class Phone:
    """A device of somebody, with keys of its own."""

    def __init__(self, user: str, device: str, *, tells: bool = False) -> None:
        self.user, self.device, self.tells = user, device, tells
        self.store = store_of()
        self.olm = Olm(self.store, user, Bounds(self.store, Clock()))
        self.outbound = Outbound(self.store, user)

    async def on(self, homes: Homes) -> "Phone":
        await self.olm.open(self.device)
        homes.shown.setdefault(self.user, {})[self.device] = await self.olm.device_keys()
        return self

    @property
    def maker(self) -> Maker:
        return Maker(self.user, self.olm.curve, self.olm.ed, self.device if self.tells else "")

    async def key(self, room: str = "!r") -> dict[str, Any]:
        await self.outbound.current(room, {}, [], NOW)
        return await self.outbound.key(room)

    async def says(self, event: str) -> dict[str, Any]:
        inner = {"type": "m.room.message", "content": {}, "room_id": "!r"}
        session, sealed = await self.outbound.seal("!r", inner)
        content = {"algorithm": "m.megolm.v1.aes-sha2", "session_id": session, "ciphertext": sealed}
        return {"event_id": event, "sender": self.user, "type": "m.room.encrypted", "content": content}


class Us:
    """The bridge, as far as others' keys are concerned."""

    def __init__(self, homes: Homes) -> None:
        self.homes, self.clock, self.state = homes, Clock(), MemoryState()
        self.wakes()

    def wakes(self) -> None:
        """As after a restart."""
        self.store = store_of(self.state)
        self.bounds = Bounds(self.store, self.clock)
        self.olm = Olm(self.store, US, self.bounds)
        self.devices = Devices(self.store, cast("HomeServer", self.homes), self.clock)
        self.inbound = Inbound(self.store, Owners(self.devices, self.clock), self.bounds)

    async def reads(self, event: Mapping[str, Any]) -> bool:
        try:
            opened = await self.inbound.open("!r", event)
        except KeyMissing:
            return False
        return bool(opened["type"] == "m.room.message")


@pytest.fixture
def homes() -> Homes:
    return Homes()


@pytest.fixture
def us(homes: Homes) -> Us:
    return Us(homes)


# --- whose it is ---


async def test_a_key_handed_on_as_their_own_stands_in_nobodys_way(homes: Homes, us: Us) -> None:
    """Any member has the others' room keys, and may be faster than their owner."""
    amina, thief = await Phone(AMINA, "P").on(homes), await Phone(THIEF, "T").on(homes)
    key = await amina.key()
    event = await amina.says("$1")
    assert await us.inbound.take(thief.maker, key)
    assert not await us.reads(event)
    assert await us.inbound.take(amina.maker, key | {"room_id": "!other"})
    assert not await us.reads(event)
    assert await us.inbound.take(amina.maker, key) == key["session_id"]
    assert await us.reads(event)
    with pytest.raises(Refused):
        await us.inbound.open("!r", event | {"event_id": "$2"})


async def test_a_key_counts_only_from_a_device_that_its_user_has(homes: Homes, us: Us) -> None:
    """A homeserver can write a sender's name on anything, and shows everybody the same devices."""
    amina = await Phone(AMINA, "P").on(homes)
    forger, another = await Phone(AMINA, "F").on(Homes()), await Phone(AMINA, "P").on(Homes())
    key = await amina.key()
    event = await amina.says("$1")
    claims = [
        forger.maker,
        replace(amina.maker, curve=forger.olm.curve),
        replace(amina.maker, ed=forger.olm.ed),
        # A name that belongs to another device refutes what was sent along.
        replace(another.maker, claimed="P"),
    ]
    for claim in claims:
        assert await us.inbound.take(claim, key)
        assert not await us.reads(event)
    assert homes.asked == 2  # and not anew for every message
    us.clock.leap += timedelta(hours=1)
    us.wakes()
    assert not await us.reads(event)


async def test_a_false_key_that_was_faster_does_not_keep_the_true_one_out(homes: Homes, us: Us) -> None:
    amina, forger = await Phone(AMINA, "P").on(homes), await Phone(AMINA, "F").on(Homes())
    key = await amina.key()
    event = await amina.says("$1")
    await us.inbound.take(forger.maker, key)
    assert not await us.reads(event)
    assert await us.inbound.take(amina.maker, key) == key["session_id"]
    assert await us.reads(event)
    await us.store.flush()
    us.wakes()
    assert await us.reads(event)
    assert homes.asked == 2


async def test_a_new_device_whose_news_come_later_is_looked_for_once(homes: Homes, us: Us) -> None:
    await Phone(AMINA, "P").on(homes)
    await us.devices.of([AMINA])
    laptop = await Phone(AMINA, "L").on(homes)
    await us.inbound.take(laptop.maker, await laptop.key())
    assert await us.reads(await laptop.says("$1"))
    assert homes.asked == 2


@pytest.mark.parametrize("tells", [False, True], ids=["seen before", "with its keys sent along"])
async def test_what_a_device_wrote_counts_when_it_is_gone(homes: Homes, us: Us, *, tells: bool) -> None:
    old = await Phone(AMINA, "P", tells=tells).on(homes)
    if not tells:
        await us.devices.of([AMINA])
    await us.inbound.take(old.maker, await old.key())
    event = await old.says("$1")
    homes.shown[AMINA] = {}
    await us.devices.changed([AMINA])
    assert await us.reads(event)


async def test_while_nobody_can_say_it_waits_and_is_not_refused(homes: Homes, us: Us) -> None:
    amina = await Phone(AMINA, "P").on(homes)
    await us.inbound.take(amina.maker, await amina.key())
    event, homes.silent = await amina.says("$1"), True
    for _ in range(5):
        with pytest.raises(Unproven):
            await us.inbound.open("!r", event)
    assert homes.asked == 1  # the room does not wait for it every time
    homes.silent = False
    us.clock.leap += timedelta(minutes=2)
    assert await us.reads(event)


async def test_a_forwarded_key_needs_both_devices(homes: Homes, us: Us) -> None:
    amina, laptop = await Phone(AMINA, "P").on(homes), await Phone(AMINA, "L").on(homes)
    stranger = await Phone(AMINA, "S").on(Homes())
    await amina.key()
    event = await amina.says("$1")
    own = await amina.store.get(megolm_module._in(event["content"]["session_id"], "!r", AMINA))
    session = InboundGroupSession.from_pickle(own["p"], PICKLE_KEY)
    exported = session.export_at(0)
    assert exported is not None
    key = await amina.key() | {"session_key": exported.to_base64()}
    for maker, by, reads in (
        (amina.maker, stranger.maker, False),
        (stranger.maker, laptop.maker, False),
        (amina.maker, laptop.maker, True),
    ):
        await us.inbound.take(maker, key, by=by)
        assert await us.reads(event) == reads


async def test_keys_of_an_earlier_version_are_read_on(homes: Homes, us: Us) -> None:
    amina = await Phone(AMINA, "P").on(homes)
    await us.inbound.take(amina.maker, await amina.key())
    place = megolm_module._in((await amina.key())["session_id"], "!r", AMINA)
    kept = (await us.store.get(place))["keys"][0]
    us.store.stage(place, {**kept, "seen": {"0": "$1"}, "from": 0})
    first = await amina.says("$1")
    assert await us.reads(first)
    with pytest.raises(Refused):
        await us.inbound.open("!r", first | {"event_id": "$2"})
    assert await us.reads(await amina.says("$3"))


async def test_keys_that_a_device_sends_along_must_be_its_own(homes: Homes, us: Us) -> None:
    """MSC4147: such a message is to be thrown away."""
    await us.olm.open("D")
    amina, other = await Phone(AMINA, "P").on(homes), await Phone(AMINA, "Q").on(homes)
    mine = Device(user=US, id="D", curve=us.olm.curve, ed=us.olm.ed)

    async def heard(sent: Any) -> Whisper:
        key = next(iter((await us.olm.one_time_keys(0)).values()))["key"]
        await amina.olm.open_line(mine, key)
        amina.olm.device_keys = sent  # type: ignore[method-assign]
        content = await amina.olm.whisper(mine, "m.dummy", {})
        return await us.olm.heard({"type": "m.room.encrypted", "sender": AMINA, "content": content})

    own, others = await amina.olm.device_keys(), await other.olm.device_keys()

    def sends(value: Any) -> Any:
        async def keys() -> Any:
            return value

        return keys

    assert (await heard(sends(own))).claimed == "P"
    assert (await heard(sends(None))).claimed == ""
    wrongs: list[Any] = [others, {**own, "user_id": THIEF}, {**own, "signatures": others["signatures"]}, 7, {}, []]
    for wrong in wrongs:
        with pytest.raises(Unreadable):
            await heard(sends(wrong))


async def test_a_replay_is_refused_however_many_messages_came_since(
    homes: Homes, us: Us, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(megolm_module, "_REMEMBERED", 3)
    amina = await Phone(AMINA, "P").on(homes)
    await us.inbound.take(amina.maker, await amina.key())
    events = [await amina.says(f"${index}") for index in range(6)]
    for index in (1, 0, 2, 3, 4, 5):  # not always in order
        assert await us.reads(events[index])
    for event in events:
        with pytest.raises(Refused):
            await us.inbound.open("!r", event | {"event_id": "$again"})


# --- how many ---


async def test_who_sends_any_number_of_keys_drives_out_only_their_own(
    homes: Homes, us: Us, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounds_module, "ROOM_KEYS", bound := replace(ROOM_KEYS, most=5))
    monkeypatch.setattr(megolm_module, "ROOM_KEYS", bound)
    amina, thief = await Phone(AMINA, "P").on(homes), await Phone(THIEF, "T").on(homes)
    await us.inbound.take(amina.maker, await amina.key())
    used = await thief.key()
    await us.inbound.take(thief.maker, used)
    event = await thief.says("$1")
    for number in range(20):
        us.clock.leap += timedelta(days=1)
        assert await us.reads(event)  # what is in use stays
        await us.inbound.take(thief.maker, await thief.key(f"!{number}") | {"room_id": "!elsewhere"})
        await us.store.flush()
        us.wakes()
    held = [name for name in us.state.values if ":in:" in name]
    assert len(held) == 5 + 1
    assert await us.reads(event)
    assert await us.reads(await amina.says("$2"))


async def test_what_is_kept_of_one_sender_is_bounded_in_bytes(us: Us) -> None:
    bound = replace(ROOM_KEYS, bytes=10_000)
    for number in range(50):
        us.store.stage(f"in:{number}", {"p": "x" * 3_000})
        await us.bounds.used(bound, AMINA, f"in:{number}", 3_000)
    us.store.stage("in:monster", {"p": "x"})
    await us.bounds.used(bound, AMINA, "in:monster", 50_000)
    await us.store.flush()
    assert {name.removeprefix("e2e:D:") for name in us.state.values if ":in:" in name} == {"in:monster"}


async def test_any_number_of_devices_leave_a_bounded_number_of_lines(
    homes: Homes, us: Us, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(olm_module, "LINES", replace(LINES, most=3))
    await us.olm.open("D")
    mine = Device(user=US, id="D", curve=us.olm.curve, ed=us.olm.ed)
    for number in range(8):
        phone = await Phone(THIEF, f"T{number}").on(homes)
        await phone.olm.open_line(mine, next(iter((await us.olm.one_time_keys(0)).values()))["key"])
        content = await phone.olm.whisper(mine, "m.dummy", {})
        await us.olm.heard({"type": "m.room.encrypted", "sender": THIEF, "content": content})
        await us.store.flush()
    assert sum(":line:" in name for name in us.state.values) == 3


async def test_a_room_key_is_durable_before_the_line_that_brought_it() -> None:
    class Recorded(MemoryState):
        async def set(self, key: str, value: str) -> None:
            written.append(key.removeprefix("e2e:D:"))
            await super().set(key, value)

        async def delete(self, key: str) -> None:
            written.append(f"not {key.removeprefix('e2e:D:')}")
            await super().delete(key)

    written: list[str] = []
    store = store_of(Recorded())
    for name in ("account", "line:x", "ring:z", "in:y"):
        store.stage(name, {"p": name})
    store.drop("in:old")
    await store.flush()
    assert written == ["in:y", "not in:old", "ring:z", "line:x", "account"]


async def test_a_new_key_is_made_in_time() -> None:
    """After a week or a hundred messages, as the room says, and where somebody who has the old one is gone."""
    outbound = Outbound(store_of(), "@us:x")
    phone = Device(user="@a:x", id="P", curve="c1", ed="e1")
    laptop = Device(user="@a:x", id="L", curve="c2", ed="e2")

    async def session(rules: dict[str, Any], devices: list[Device], now: datetime = NOW) -> str:
        missing = await outbound.current("!r", rules, devices, now)
        await outbound.shared("!r", missing)
        return str((await outbound.key("!r"))["session_id"])

    async def written(times: int) -> None:
        for _ in range(times):
            await outbound.seal("!r", {})

    first = await session({}, [phone])
    assert await session({}, [phone, laptop]) == first  # a second device only gets it, too
    assert await outbound.current("!r", {}, [phone, laptop], NOW) == []
    second = await session({}, [laptop])
    assert second != first
    await written(99)
    assert await session({}, [laptop]) == second
    await written(1)
    third = await session({}, [laptop])
    assert third != second
    assert await session({}, [laptop], NOW + timedelta(days=6)) == third
    assert await session({"rotation_period_ms": 1000}, [laptop], NOW + timedelta(seconds=2)) != third
    fourth = await session({}, [laptop], NOW + timedelta(days=8))
    monster = {"rotation_period_msgs": 10**9}
    await written(10_000)
    assert await session(monster, [laptop], NOW + timedelta(days=8)) != fourth
