"""Room keys: those we were given to read with, and our own to write with. No network here.

https://spec.matrix.org/latest/client-server-api/#mmegolmv1aes-sha2
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog
from vodozemac import ExportedSessionKey, GroupSession, InboundGroupSession, MegolmMessage, SessionKey

from bridge.adapters.matrix.bounds import ROOM_KEYS, Bounds
from bridge.adapters.matrix.keystore import PICKLE_KEY, KeyStore
from bridge.adapters.matrix.olm import MEGOLM, Device
from bridge.adapters.matrix.owners import Maker, Owners, Unsure

_log = structlog.get_logger(__name__)

_REMEMBERED = 500
"""Messages of one key of which it is remembered which event they were: the same one in another event is a replay."""
_NEVER_INSIDE = frozenset({"m.room.redaction", "m.room.encrypted"})
"""What the homeserver must be able to judge means nothing inside an encrypted event."""
_WEEK = timedelta(days=7)
_SESSION_ID = 200
_MOST_SOURCES = 4
_MOST_MESSAGES = 10_000
"""With one key, whatever a room's settings say."""


class KeyMissing(Exception):
    """The key of this event has not come, or only one that begins later."""


class Refused(Exception):
    """The event cannot be read, and no key will change that."""


class Unproven(KeyMissing):
    """The key is there; whether it is its sender's, nobody can say now."""


class Inbound:
    """Room keys of others."""

    def __init__(self, store: KeyStore, owners: Owners, bounds: Bounds) -> None:
        self._store, self._owners, self._bounds = store, owners, bounds

    async def take(self, maker: Maker, content: Mapping[str, Any], *, by: Maker | None = None) -> str | None:
        """Keep a room key; its session id where it is new or reaches further back, else None. Flush afterwards.

        ``maker`` is the device that writes with it, by its own word until it is first used. ``by`` is the one that
        forwarded it.
        """
        try:
            if content["algorithm"] != MEGOLM:
                return None
            room, name, key = content["room_id"], content["session_id"], content["session_key"]
            session = (
                InboundGroupSession(SessionKey(key))
                if by is None
                else InboundGroupSession.import_session(ExportedSessionKey(key))
            )
        except (KeyError, TypeError, ValueError):
            return None
        if session.session_id != name or not isinstance(room, str):
            return None
        place = _in(name, room, maker.user)
        kept = await self._store.get(place)
        keys = _keys(kept)
        fresh: dict[str, Any] = {"p": session.pickle(PICKLE_KEY), **_said(maker)}
        if by is not None:
            fresh["by"] = {"user": by.user, **_said(by)}
        same = next((key for key in keys if _source(key) == _source(fresh)), None)
        changes = True
        if same is not None:
            old = InboundGroupSession.from_pickle(same["p"], PICKLE_KEY)
            changes = session.first_known_index < old.first_known_index
            same["p"] = fresh["p"] if changes else same["p"]
        elif len(keys) < _MOST_SOURCES:
            keys.append(fresh)
        else:
            return None
        if changes:
            self._store.stage(place, _kept(kept, keys))
        await self._bounds.used(ROOM_KEYS, maker.user, place, _size(keys, kept))
        return str(name) if changes else None

    async def open(self, room: str, event: Mapping[str, Any]) -> dict[str, Any]:
        """The event as it was before its encryption. Raises KeyMissing or Refused. Flush afterwards."""
        content = event.get("content")
        outer: Mapping[str, Any] = content if isinstance(content, Mapping) else {}
        if outer.get("algorithm") != MEGOLM:
            raise Refused("an algorithm that is not ours")
        name = session_of(event)
        try:
            message = MegolmMessage.from_base64(outer["ciphertext"])
        except (KeyError, TypeError, ValueError):
            raise Refused("no ciphertext") from None
        if name is None:
            raise Refused("it does not say which key it needs")
        user = str(event.get("sender"))
        place = _in(name, room, user)
        missing: Exception = KeyMissing(name)
        for key in sorted(_keys(await self._store.get(place)), key=lambda key: not _is_proven(key)):
            session = InboundGroupSession.from_pickle(key["p"], PICKLE_KEY)
            try:
                opened = session.decrypt(message)
            except ValueError:
                if _is_proven(key) and message.message_index() >= session.first_known_index:
                    missing = Refused("the ciphertext is not sound")
                continue
            try:
                if _is_proven(key) or await self._prove(user, key, place):
                    await self._once(place, user, str(opened.message_index), str(event.get("event_id")))
                    return _clear(room, event, outer, opened.plaintext)
            except Unsure:
                missing = Unproven(name)
        raise missing

    async def _prove(self, user: str, key: Mapping[str, Any], place: str) -> bool:
        """Is the key its sender's? Asked once for each. Raises Unsure."""
        makers = [Maker.loaded(user, key)]
        if "by" in key:
            makers.append(Maker.loaded(str(key["by"]["user"]), key["by"]))
        for maker in makers:
            if not await self._owners.has(maker):
                _log.warning("room_key_of_no_device", user=maker.user)
                return False
        kept = await self._store.get(place)  # others may have changed it meanwhile
        keys = _keys(kept)
        for other in keys:
            if _source(other) == _source(key):
                other["proven"] = True
        self._store.stage(place, _kept(kept, keys))
        return True

    async def _once(self, place: str, user: str, index: str, event: str) -> None:
        kept = await self._store.get(place)
        mark = _mark(event)
        seen: dict[str, str] = kept.get("seen", {})
        if seen.get(index, mark) not in (mark, event) or (index not in seen and int(index) < kept.get("from", 0)):
            raise Refused("a message that was there before, in another event")
        if index not in seen:
            seen[index] = mark
            since = kept.get("from", 0)
            while len(seen) > _REMEMBERED:  # what lies before those remembered is read no more
                oldest = min(seen, key=int)
                del seen[oldest]
                since = max(since, int(oldest) + 1)
            kept = {**kept, "seen": seen, "from": since}
            self._store.stage(place, kept)
        if not _is_own(kept):
            await self._bounds.used(ROOM_KEYS, user, place, _size(_keys(kept), kept))


def _said(maker: Maker) -> dict[str, str]:
    said = {"curve": maker.curve, "ed": maker.ed}
    return said | {"claimed": maker.claimed} if maker.claimed else said


def _keys(kept: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What different devices gave us as one and the same key: no false one may keep the true one out."""
    if "p" in kept:  # as it was written once, and is still for our own
        return [{name: kept[name] for name in ("p", "curve", "ed") if name in kept}]
    return [dict(key) for key in kept.get("keys", [])]


def _kept(kept: Mapping[str, Any], keys: list[dict[str, Any]]) -> dict[str, Any]:
    return {**{name: kept[name] for name in ("seen", "from") if name in kept}, "keys": keys}


def _is_own(kept: Mapping[str, Any]) -> bool:
    return "p" in kept and "curve" not in kept


def _is_proven(key: Mapping[str, Any]) -> bool:
    return key.get("proven") is True or _is_own(key)


def _source(key: Mapping[str, Any]) -> tuple[Any, ...]:
    by = key.get("by")
    return key.get("curve"), key.get("ed"), (by["user"], by["curve"], by["ed"]) if by else None


def _size(keys: list[dict[str, Any]], kept: Mapping[str, Any]) -> int:
    return sum(len(key["p"]) + 200 for key in keys) + 30 * len(kept.get("seen", {})) + 100


def _mark(event: str) -> str:
    """An event in short: its id may be long, and hundreds of them are remembered."""
    return base64.b64encode(hashlib.sha256(event.encode("utf-8", "replace")).digest()[:12]).decode()


def _clear(room: str, event: Mapping[str, Any], outer: Mapping[str, Any], plaintext: bytes) -> dict[str, Any]:
    try:
        inner = json.loads(plaintext)
        kind, content = inner["type"], inner["content"]
        wrong = inner["room_id"] != room or kind in _NEVER_INSIDE or "state_key" in inner
    except (KeyError, TypeError, ValueError, RecursionError):
        raise Refused("its inside is no event") from None
    if wrong or not isinstance(content, dict):
        raise Refused("its inside is no event of this room")
    if "m.relates_to" in outer and "m.relates_to" not in content:
        content["m.relates_to"] = outer["m.relates_to"]
    return {**event, "type": kind, "content": content}


def session_of(event: Mapping[str, Any]) -> str | None:
    """Which key an encrypted event needs."""
    content = event.get("content")
    name = content.get("session_id") if isinstance(content, Mapping) else None
    return name if isinstance(name, str) and 0 < len(name) <= _SESSION_ID else None


class Outbound:
    """Our own key of each room, and who has it."""

    def __init__(self, store: KeyStore, user: str) -> None:
        self._store, self._user = store, user

    async def current(self, room: str, rules: Mapping[str, Any], devices: list[Device], now: datetime) -> list[Device]:
        """See that the room's key is fit for its next message; the devices that have not got it yet.

        A new key is made where the old one was used long or often enough, and where somebody has it who is no longer
        among ``devices``.
        """
        kept = await self._store.get(_out(room))
        here = {_who(device) for device in devices}
        if (
            not kept
            or kept["count"] >= min(_number(rules.get("rotation_period_msgs"), 100), _MOST_MESSAGES)
            or now - datetime.fromisoformat(kept["made"]) >= _period(rules)
            or not here >= set(kept["shared"])
        ):
            session = GroupSession()
            pickle = session.pickle(PICKLE_KEY)
            kept = {"p": pickle, "id": session.session_id, "made": now.isoformat(), "count": 0, "shared": {}}
            self._store.stage(_out(room), kept)
            # What we wrote ourselves is looked at again before it is edited.
            own = InboundGroupSession(session.session_key).pickle(PICKLE_KEY)
            self._store.stage(_in(session.session_id, room, self._user), {"p": own})
        return [device for device in devices if _who(device) not in kept["shared"]]

    async def key(self, room: str) -> dict[str, Any]:
        """The content of the ``m.room_key`` that lets others read from here on."""
        session = GroupSession.from_pickle((await self._store.get(_out(room)))["p"], PICKLE_KEY)
        name, key = session.session_id, session.session_key.to_base64()
        return {"algorithm": MEGOLM, "room_id": room, "session_id": name, "session_key": key}

    async def shared(self, room: str, devices: list[Device]) -> None:
        kept = await self._store.get(_out(room))
        self._store.stage(_out(room), {**kept, "shared": kept["shared"] | {_who(device): 1 for device in devices}})

    async def seal(self, room: str, inner: Mapping[str, Any]) -> tuple[str, str]:
        """Session id and ciphertext. Flush before it is sent."""
        kept = await self._store.get(_out(room))
        session = GroupSession.from_pickle(kept["p"], PICKLE_KEY)
        ciphertext = session.encrypt(json.dumps(inner, ensure_ascii=False).encode()).to_base64()
        self._store.stage(_out(room), {**kept, "p": session.pickle(PICKLE_KEY), "count": kept["count"] + 1})
        return session.session_id, ciphertext


def _who(device: Device) -> str:
    return f"{device.user} {device.id} {device.curve}"


def _in(session: str, room: str, user: str) -> str:
    """A key is its owner's: whoever hands us another's as their own neither reads with it nor stands in its way."""
    return "in:" + hashlib.sha256(json.dumps([session, room, user]).encode()).hexdigest()


def _out(room: str) -> str:
    return f"out:{room}"


def _number(value: object, otherwise: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else otherwise


def _period(rules: Mapping[str, Any]) -> timedelta:
    milliseconds = _number(rules.get("rotation_period_ms"), 0)
    return min(timedelta(milliseconds=min(milliseconds, 10**12)), _WEEK * 52) if milliseconds else _WEEK
