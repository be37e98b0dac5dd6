"""End-to-end encryption: which rooms have it, who gets our keys, and which keys we were given.

All devices of a room's members can read what we send: whom to trust is for people to decide, and a bridge that falls
silent because somebody has a new phone helps nobody.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import structlog

from bridge.adapters.matrix.bounds import Bounds
from bridge.adapters.matrix.chores import Chores, count_of
from bridge.adapters.matrix.client import CLIENT, Answer, quoted
from bridge.adapters.matrix.devices import Devices
from bridge.adapters.matrix.identity import Identity
from bridge.adapters.matrix.keystore import KeyStore
from bridge.adapters.matrix.megolm import Inbound, KeyMissing, Outbound, Refused
from bridge.adapters.matrix.olm import MEGOLM, Device, Olm, Unreadable, Whisper
from bridge.adapters.matrix.owners import Maker, Owners
from bridge.adapters.matrix.payload import DELIVERY
from bridge.adapters.matrix.session import Session
from bridge.adapters.matrix.verification import Declined
from bridge.adapters.matrix.waiting import Waiting
from bridge.core.clock import Clock
from bridge.core.ports import StateStore

_log = structlog.get_logger(__name__)
_BATCH = 50
_NO_KEYS_SECONDS = 600.0
"""How long a device that has no one-time key left is passed over."""
_HELD = "held"


class Encryption:
    """The account's device, as far as keys are concerned."""

    def __init__(self, clock: Clock, session: Session) -> None:
        self._clock, self._session = clock, session
        self.store = KeyStore()
        bounds = Bounds(self.store, clock)
        self.olm = Olm(self.store, session.user, bounds)
        self.devices = Devices(self.store, session.server, clock)
        owners = Owners(self.devices, clock)
        self.inbound = Inbound(self.store, owners, bounds)
        self._outbound = Outbound(self.store, session.user)
        self.identity = Identity(session, self.olm)
        self.waiting = Waiting()
        """Changed by the receiver only, together with what it commits."""
        self.fresh: set[str] = set()
        """Sessions that may be read now and could not before, until what they open is to be committed."""
        self.declined = Declined(clock, session, self.sealed)
        self.chores = Chores(clock, session, self.store, self.olm, self.devices, owners, self.declined)
        self._clear: set[str] = set()
        """Rooms that are not encrypted, as far as is known."""
        self._rules: dict[str, Mapping[str, Any]] = {}
        self._members: dict[str, list[str]] = {}
        self._age = 0
        """What was asked before this last changed may be out of date when its answer comes."""
        self._sharing: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._passed_over: dict[tuple[str, str], float] = {}

    # --- life ---

    async def open(self, state: StateStore) -> None:
        """Come back with the device's keys and see that the homeserver has their public halves.

        Raises what may pass. Where the homeserver will not have our keys, `baraza check` says so.
        """
        self.store.open(state, self._device)
        await self.olm.open(self._device)
        self.waiting = Waiting.loaded(await state.get(self.held_key))
        # A key may have come and not have been used: its news is not told twice.
        self.fresh |= self.waiting.sessions()
        self.forget_rooms()
        try:
            answer = await self.chores.upload({"device_keys": await self.olm.device_keys()})
            await self.chores.top_up(count_of(answer.get("one_time_key_counts")))
            await self.identity.open(state)
        except Answer as refusal:
            await self._session.checked(refusal)
            if refusal.status >= 500 or refusal.status == 429:
                raise
            _log.error("keys_refused", answer=str(refusal))

    async def look(self, state: StateStore) -> bool:
        """Load the device's keys to show them; False where it has none yet. Changes nothing."""
        self.store.open(state, self._device)
        if not await self.store.get("account"):
            return False
        await self.olm.open(self._device)
        return True

    @property
    def _device(self) -> str:
        return self._session.server.device_id or ""

    @property
    def held_key(self) -> str:
        return self.store.key_of(_HELD)

    # --- receiving ---

    async def received(self, answer: Mapping[str, Any]) -> None:
        """Take the keys that a sync answer brings. They are durable afterwards; ``fresh`` says what they may open."""
        lists = _mapping(answer.get("device_lists"))
        changed = {*_texts(lists.get("changed")), *_texts(lists.get("left"))}
        # Of those who left, nothing is heard any more: they are asked for again should they come back.
        await self.devices.changed(changed)
        self.fresh |= self.waiting.sessions(changed) | self.chores.proven
        self.chores.proven.clear()
        async with self.store.whole():
            for event in _list(_mapping(answer.get("to_device")).get("events")):
                if not isinstance(event, Mapping):
                    continue
                if event.get("type") != "m.room.encrypted":
                    self.declined.between_devices(event.get("sender"), event.get("type"), event.get("content"))
                    continue
                try:
                    name = await self._heard(await self.olm.heard(event))
                except Unreadable as reason:
                    _log.warning("to_device_unreadable", reason=str(reason))
                    if reason.wedged:
                        curve, user = _mapping(event.get("content")).get("sender_key"), event.get("sender")
                        self.chores.wedged(str(curve), str(user))
                else:
                    self.fresh |= {name} if name else set()
        self.chores.told(answer)
        await self.store.flush()

    async def _heard(self, whisper: Whisper) -> str | None:
        content = whisper.content
        told = Maker(whisper.user, whisper.curve, whisper.ed, whisper.claimed)
        if whisper.kind == "m.room_key":
            return await self.inbound.take(told, content)
        if whisper.kind != "m.forwarded_room_key":
            self.declined.between_devices(whisper.user, whisper.kind, content)
            return None
        # Only what we asked for, and only from its maker or from another device of our own.
        user = self.chores.asked_of(str(content.get("session_id")))
        if user is None or whisper.user not in (user, self._session.user):
            return None
        curve, ed = str(content.get("sender_key")), str(content.get("sender_claimed_ed25519_key"))
        return await self.inbound.take(Maker(user, curve, ed), content, by=told)

    def can_wait(self) -> bool:
        """Is there nothing to be read anew at once?"""
        return not self.fresh and not self.chores.proven

    # --- rooms ---

    def forget_rooms(self, room: str | None = None) -> None:
        """Something may have happened in the room (or in all of them) that we did not see."""
        self._age += 1
        if room is None:
            self._clear.clear()
            self._rules.clear()
            self._members.clear()
        else:
            self._clear.discard(room)
            self._rules.pop(room, None)
            self._members.pop(room, None)

    def observe(self, room: str, event: Mapping[str, Any]) -> None:
        """Learn from a state event of a room."""
        if event.get("type") in ("m.room.member", "m.room.encryption") and "state_key" in event:
            self.forget_rooms(room)

    async def is_encrypted(self, room: str) -> bool:
        """Once encrypted, a room stays so for us, whatever the homeserver says later."""
        return await self._rules_of(room) is not None

    async def _rules_of(self, room: str) -> Mapping[str, Any] | None:
        if room in self._rules:
            return self._rules[room]
        if room in self._clear:
            return None
        kept, age = await self.store.get(f"room:{room}"), self._age
        try:
            rules = await self._session.server.state(room, "m.room.encryption")
        except Answer as answer:
            if answer.status not in (400, 403, 404):
                raise
            return kept.get("rules")  # no room of ours: sending will say so
        if rules is None and not kept:
            if age == self._age:
                self._clear.add(room)
            return None
        if rules is None:
            _log.error("encryption_gone", room=room)
            rules = kept["rules"]
        if kept.get("rules") != rules:
            self.store.stage(f"room:{room}", {"rules": rules})
            await self.store.flush()
        if age == self._age:
            self._rules[room] = rules
        return rules

    async def _members_of(self, room: str) -> list[str]:
        if room not in self._members:
            age = self._age
            path = f"{CLIENT}/v3/rooms/{quoted(room)}/members"
            answer = await self._session.server.call("GET", path, query={"not_membership": "leave"})
            members = []
            for event in _list(answer.get("chunk")):
                content = _mapping(_mapping(event).get("content"))
                if content.get("membership") in ("join", "invite") and isinstance(event.get("state_key"), str):
                    members.append(event["state_key"])
            if age != self._age:  # somebody left meanwhile, perhaps: good for this once
                return members
            self._members[room] = members
        return self._members[room]

    async def clear(self, room: str, event: Mapping[str, Any]) -> Mapping[str, Any]:
        """An event of the room as it was before its encryption, where it had any and we have the key."""
        if event.get("type") != "m.room.encrypted":
            return event
        try:
            return await self.inbound.open(room, event)
        except (KeyMissing, Refused):
            return event

    # --- sending ---

    async def sealed(self, room: str, kind: str, content: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """Type and content as they may leave for this room. Raises what the homeserver's client raises."""
        rules = await self._rules_of(room)
        if rules is None:
            return kind, dict(content)
        async with self._sharing[room]:
            members = await self._members_of(room)
            mine = (self._session.user, self.olm.device)
            devices = [d for d in await self.devices.of(members) if (d.user, d.id) != mine]
            missing = await self._outbound.current(room, rules, devices, self._clock.now())
            await self._share(room, missing)
            inner = {"type": kind, "content": content, "room_id": room}
            session, ciphertext = await self._outbound.seal(room, inner)
            await self.store.flush()
        outer: dict[str, Any] = {
            "algorithm": MEGOLM,
            "sender_key": self.olm.curve,
            "device_id": self.olm.device,
            "session_id": session,
            "ciphertext": ciphertext,
        }
        # What the homeserver must see to do its work; and what finds our own sending again.
        return "m.room.encrypted", outer | {key: content[key] for key in ("m.relates_to", DELIVERY) if key in content}

    async def _share(self, room: str, missing: Sequence[Device]) -> None:
        """Give the room's key to devices that have not got it."""
        await self._open_lines(missing)
        key = await self._outbound.key(room)
        for at in range(0, len(missing), _BATCH):
            messages: dict[str, dict[str, Any]] = {}
            reached = []
            for device in missing[at : at + _BATCH]:
                content = await self.olm.whisper(device, "m.room_key", key)
                if content is not None:
                    messages.setdefault(device.user, {})[device.id] = content
                    reached.append(device)
            if reached:
                await self.store.flush()
                await self._session.to_device("m.room.encrypted", messages)
                await self._outbound.shared(room, reached)

    async def _open_lines(self, devices: Sequence[Device]) -> None:
        now = self._clock.monotonic()
        self._passed_over = {who: until for who, until in self._passed_over.items() if until > now}
        without = [
            device
            for device in devices
            if not await self.olm.has_line(device.curve) and (device.user, device.id) not in self._passed_over
        ]
        keys = await self.devices.claim(without)
        for device in without:
            try:
                await self.olm.open_line(device, keys[device.user, device.id])
            except (KeyError, ValueError):
                self._passed_over[device.user, device.id] = now + _NO_KEYS_SECONDS
                _log.warning("device_without_keys", user=device.user)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _texts(value: object) -> list[str]:
    return [entry for entry in _list(value) if isinstance(entry, str)]
