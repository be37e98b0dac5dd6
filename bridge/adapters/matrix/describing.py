"""What a homeserver says of a room, and of who is in it."""

from collections.abc import Mapping
from typing import Any

from bridge.adapters.matrix.client import CLIENT, TROUBLE, Answer, HomeServer, quoted
from bridge.adapters.matrix.rooms import Rooms, is_person
from bridge.adapters.matrix.session import Session
from bridge.core.ids import ChatId, UserId
from bridge.core.ports import ChatFacts

_ALMIGHTY = 1 << 53
_CREATORS_RULE = frozenset(str(version) for version in range(1, 12))
"""Room versions in which creators have only the power they are given."""


async def describe(session: Session, rooms: Rooms, chat: ChatId) -> ChatFacts | None:
    """None for what is no room, or none that the account is in. Raises OSError when it cannot be told now."""
    room = None if is_person(chat) else rooms.room_of(chat)
    if room is None or await rooms.person_in(room):
        return None
    server, user = session.server, session.user
    try:
        members = (await server.ask(server.joined_members(room))).get("joined", {})
        if user not in members:
            return None
        powers = await server.state(room, "m.room.power_levels") or {}
        mine = await power_of(server, user, room, powers)
        encrypted = await server.state(room, "m.room.encryption") is not None
        return ChatFacts(
            title=await rooms.title(room),
            members=len(members),
            hears=True,
            removes=mine >= redacting(powers),
            writes=mine >= writing(powers),
            encrypted=encrypted,
        )
    except Answer as answer:
        if answer.status in (403, 404):
            return None
        raise ConnectionError(f"the room cannot be looked at now ({answer})") from None
    except TROUBLE as error:
        raise ConnectionError(f"the room cannot be looked at now ({type(error).__name__})") from None


async def administers(session: Session, rooms: Rooms, chat: ChatId, user: UserId) -> bool:
    """May this person change the room's settings? Raises OSError when it cannot be told now."""
    room = None if is_person(chat) else rooms.room_of(chat)
    if room is None:
        return False
    server = session.server
    try:
        powers = await server.state(room, "m.room.power_levels") or {}
        return await power_of(server, user, room, powers) >= level(powers.get("state_default"), 50)
    except Answer as answer:
        if answer.status in (403, 404):
            return False
        raise ConnectionError(f"the room cannot be looked at now ({answer})") from None
    except TROUBLE as error:
        raise ConnectionError(f"the room cannot be looked at now ({type(error).__name__})") from None


async def power_of(server: HomeServer, user: str, room: str, powers: Mapping[str, Any]) -> int:
    """How much somebody may do in a room. Raises what the homeserver's client raises."""
    # Since version 12 creators may do anything and stand in no list of levels:
    # https://spec.matrix.org/v1.16/rooms/v12/
    path = f"{CLIENT}/v3/rooms/{quoted(room)}/state/m.room.create/"
    answer = await server.call("GET", path, query={"format": "event"})
    created = mapping(answer.get("content"))
    creators = {answer.get("sender"), *(created.get("additional_creators") or ())}
    if str(created.get("room_version", "1")) not in _CREATORS_RULE and user in creators:
        return _ALMIGHTY
    return level(mapping(powers.get("users")).get(user), level(powers.get("users_default"), 0))


async def may_close(server: HomeServer, user: str, room: str) -> bool:
    """May this person say that a room is replaced? Raises what the homeserver's client raises."""
    try:
        powers = await server.state(room, "m.room.power_levels") or {}
        needed = level(mapping(powers.get("events")).get("m.room.tombstone"), level(powers.get("state_default"), 50))
        return await power_of(server, user, room, powers) >= needed
    except Answer as answer:
        if answer.status not in (403, 404):
            raise
        return False


def redacting(powers: Mapping[str, Any]) -> int:
    """The level that removing others' messages needs."""
    event = level(mapping(powers.get("events")).get("m.room.redaction"), level(powers.get("events_default"), 0))
    return max(level(powers.get("redact"), 50), event)


def writing(powers: Mapping[str, Any], kind: str = "m.room.message") -> int:
    """The level that sending something needs."""
    return level(mapping(powers.get("events")).get(kind), level(powers.get("events_default"), 0))


def mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def level(value: object, otherwise: int) -> int:
    """A power level, however it is written."""
    try:
        return int(str(value))  # old rooms hold levels as text
    except ValueError:
        return otherwise
