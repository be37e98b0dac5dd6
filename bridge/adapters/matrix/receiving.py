"""What a sync answer means: every event of every room exactly as long as we were in it, gaps filled, invitations."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import structlog

from bridge.adapters.matrix.ballots import Ballots
from bridge.adapters.matrix.client import TROUBLE, Answer, NoAnswer
from bridge.adapters.matrix.convert import previous_membership, to_event
from bridge.adapters.matrix.encryption import Encryption
from bridge.adapters.matrix.errands import PATIENCE, Errands, invitations
from bridge.adapters.matrix.rooms import Rooms, names_in
from bridge.adapters.matrix.sealed import Sealed
from bridge.adapters.matrix.session import SINCE, Session
from bridge.core.events import ChatMoved, InboundEvent, Missed, Unreadable
from bridge.core.ports import AdapterContext

_log = structlog.get_logger(__name__)
_LAZY = {"lazy_load_members": True, "include_redundant_members": True}
_NOTHING = {"not_types": ["*"]}
MAX_GAP = 5_000
"""Events of one room that are fetched after an absence; what is older is reported as missing."""
_PAGE = 100
_SOON = 2_000
HEARD = "heard_at"
"""When the homeserver last told us something, for the people who are told that something is missing."""
MAX_GAP_FAILURES = 8
"""Attempts to read what was missed in one room, each of which keeps every room waiting."""

FILTER: dict[str, Any] = {
    "presence": _NOTHING,
    "account_data": _NOTHING,
    "room": {
        "ephemeral": _NOTHING,
        "account_data": _NOTHING,
        "state": _LAZY,  # which brings the senders' names along with what they wrote
        "timeline": {"limit": 500},
    },
}
FIRST_FILTER: dict[str, Any] = {
    **FILTER,
    "room": {**FILTER["room"], "state": _NOTHING, "timeline": {"limit": 1}},
}
"""For the very first answer, of which only the place in the stream and the invitations count."""

Event = Mapping[str, Any]


class Receiver:
    """Turns sync answers into events and new state, to be committed together."""

    def __init__(
        self, context: AdapterContext, session: Session, rooms: Rooms, errands: Errands, encryption: Encryption
    ) -> None:
        self._clock = context.clock
        self._session = session
        self._rooms = rooms
        self._errands = errands
        self._sealed = Sealed(context.clock, rooms, encryption)
        self._encryption = encryption
        self._patient = True
        """Does this answer still wait for errands? The first that fails is enough."""
        self._gap_failures: dict[str, int] = {}
        self._ballots = Ballots(session, encryption)

    async def read(self, answer: Event, since: str | None) -> tuple[list[InboundEvent], dict[str, str]]:
        """Events in order, and the state to commit with them and with the errands' own.

        Raises what the homeserver's client raises, where history cannot be read.
        """
        place = answer.get("next_batch")
        if not isinstance(place, str):
            raise TypeError("a sync answer without next_batch")
        rooms = _mapping(answer.get("rooms"))
        for room, section in _mapping(rooms.get("invite")).items():
            for inviter, direct in invitations(_mapping(section), self._session.user):
                self._errands.invited(room, inviter, direct=direct)
        self._patient = True
        await self._encryption.received(answer)  # the keys before what they open
        now = self._clock.now()
        state = {SINCE: place, HEARD: now.isoformat()}
        if since is None:  # what was said before we first came is not ours to read
            return [], state
        self._sealed.begin()
        events: list[InboundEvent] = await self._sealed.recovered()
        for kind in ("join", "leave"):
            for room, section in _mapping(rooms.get(kind)).items():
                timeline = _mapping(_mapping(section).get("timeline"))
                happened = _events(timeline.get("events"))
                names = names_in(_objects(_mapping(_mapping(section).get("state")).get("events")))
                lost: list[InboundEvent] = []
                if timeline.get("limited"):
                    self._encryption.forget_rooms(room)
                if timeline.get("limited") and self._was_inside(happened):
                    older, lost = await self._gap(room, timeline.get("prev_batch"), since, names)
                    happened = older + happened
                events += lost
                private = await self._rooms.person_in(room) is not None
                counting = self._while_inside(happened, private=private)
                events += await self._events(room, zip(happened, counting, strict=True), names)
                if happened and isinstance(happened[-1].get("event_id"), str):
                    state[f"last:{room}"] = happened[-1]["event_id"]
        events += await self._sealed.told()
        return events, state | self._sealed.end()

    def patience(self, milliseconds: int) -> int:
        """How long the homeserver may wait for something to happen: what waits for its key must be told in time."""
        if not self._encryption.can_wait():
            return 0
        if self._encryption.chores.is_proving():  # what comes of it is read with the next answer
            milliseconds = min(milliseconds, _SOON)
        due = self._encryption.waiting.next_due()
        if due is None:
            return milliseconds
        return max(0, min(milliseconds, int((due - self._clock.now()).total_seconds() * 1000) + 1))

    # --- timelines ---

    async def _events(
        self, room: str, happened: Iterable[tuple[Event, bool]], names: dict[str, str]
    ) -> list[InboundEvent]:
        events: list[InboundEvent] = []
        for event, counts in happened:
            names |= names_in([event])  # people came in, and said who they are, before we did
            self._encryption.observe(room, event)  # whatever was known before we came is out of date
            if not counts:
                continue
            if self._is_own_join(event):
                await self._joined(room, event)
            await self._rooms.observe(room, event)
            opened = await self._sealed.opened(room, event, names)
            if opened is None:
                continue
            self._encryption.declined.in_room(room, opened)
            view = replace(await self._rooms.view(room, names), ballots=await self._ballots.needed(room, opened))
            read = to_event(opened, view, self._clock.now())
            if isinstance(read, ChatMoved):
                read = await self._moved(room, str(event["sender"]), read)
            if isinstance(read, Unreadable):
                _log.warning("event_unreadable", room=room, event_id=read.key, reason=read.reason)
            if read is not None:
                events.append(read)
        return events

    async def _joined(self, room: str, event: Event) -> None:
        """A private invitation may have been followed without our having kept its answer: its join still says so."""
        unsigned = _mapping(event.get("unsigned"))
        inviter = unsigned.get("prev_sender")
        direct = _mapping(unsigned.get("prev_content")).get("is_direct") is True
        if direct and isinstance(inviter, str) and inviter != self._session.user:
            await self._rooms.remember_private(room, inviter)
        if await self._rooms.person_in(room) is not None:
            if self._patient:
                try:
                    async with asyncio.timeout(PATIENCE):
                        await self._errands.counted(room)
                except TROUBLE:
                    self._patient = False
                else:
                    return
            self._errands.count_later(room)

    async def _moved(self, room: str, sender: str, move: ChatMoved) -> InboundEvent | None:
        if self._patient:  # at once where possible: it comes before what is said in the new room
            try:
                async with asyncio.timeout(PATIENCE):
                    return await self._errands.moved(room, sender, move)
            except TROUBLE:
                self._patient = False
        self._errands.move_later(room, sender, move)
        return None

    async def _gap(
        self, room: str, start: object, since: str, names: dict[str, str]
    ) -> tuple[list[dict[str, Any]], list[InboundEvent]]:
        """What came between ``since`` and the timeline's beginning, oldest first, and what must be said about it."""
        last = await self._session.state.get(f"last:{room}")
        found: list[dict[str, Any]] = []
        place = start if isinstance(start, str) else None
        while place is not None and len(found) < MAX_GAP:
            try:
                page = await self._session.server.messages(room, place, since, _PAGE, _LAZY)
            except (Answer, NoAnswer) as error:
                status = error.status if isinstance(error, Answer) else 500
                if status in (403, 404):
                    _log.warning("gap_not_readable", room=room, answer=str(error))
                    return list(reversed(found)), [await self._missing(room, names, since)]
                failures = self._gap_failures[room] = self._gap_failures.get(room, 0) + (status >= 500)
                if failures < MAX_GAP_FAILURES:
                    raise
                _log.error("gap_not_told", room=room, answer=str(error))
                self._gap_failures.pop(room, None)
                return list(reversed(found)), [await self._missing(room, names, since)]
            # The names of that time must not cover later ones.
            names.update({**names_in(_objects(page.get("state"))), **names})
            for event in _events(page.get("chunk")):
                # `to` is honoured by servers to different degrees: the last event we know ends the gap in any case.
                if last is not None and event.get("event_id") == last:
                    self._gap_failures.pop(room, None)
                    return list(reversed(found)), []
                found.append(event)
                if self._is_own_join(event):
                    return list(reversed(found)), []
            following = page.get("end")
            place = following if isinstance(following, str) and following != place else None
        self._gap_failures.pop(room, None)
        if place is None:
            return list(reversed(found)), []
        _log.error("gap_too_long", room=room, events=len(found))
        return list(reversed(found)), [await self._missing(room, names, since, too_many=True)]

    async def _missing(self, room: str, names: dict[str, str], since: str, *, too_many: bool = False) -> Missed:
        """Known by where it began: a second look at the same absence tells of no second one."""
        view = await self._rooms.view(room, names)
        heard = await self._session.state.get(HEARD)
        return Missed(
            account=view.account,
            chat=view.chat,
            key=f"missed:{since}:{room}",
            at=self._clock.now(),
            since=None if heard is None else datetime.fromisoformat(heard),
            until=self._clock.now(),
            too_many=too_many,
        )

    def _while_inside(self, happened: Sequence[Event], *, private: bool) -> list[bool]:
        """Which events count: only what came while we were members: a new member is shown what was said before them.

        A private chat counts from the invitation: people write their first message into it before we could come.
        """
        inside = self._was_inside(happened)
        counting = []
        for event in happened:
            membership = self._own_membership(event)
            if membership == "join" or (membership == "invite" and private):
                inside = True
            counting.append(inside)
            if membership in ("leave", "ban"):
                inside = False
        return counting

    def _was_inside(self, happened: Sequence[Event]) -> bool:
        """Were we members before the first of these events? Only what it says about ourselves can tell otherwise."""
        for event in happened:
            membership = self._own_membership(event)
            if membership is not None:
                before = previous_membership(event)
                return before == "join" if before is not None else membership not in ("join", "invite", "knock")
        return True

    def _own_membership(self, event: Event) -> str | None:
        if event.get("type") != "m.room.member" or event.get("state_key") != self._session.user:
            return None
        return str(_mapping(event.get("content")).get("membership"))

    def _is_own_join(self, event: Event) -> bool:
        return self._own_membership(event) == "join" and previous_membership(event) != "join"


def _mapping(value: object) -> Event:
    return value if isinstance(value, Mapping) else {}


def _objects(value: object) -> list[dict[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _events(value: object) -> list[dict[str, Any]]:
    """Whatever stands where events should: what is none becomes something that cannot be read as one."""
    entries = value if isinstance(value, list) else []
    return [entry if isinstance(entry, dict) else {"not_an_event": entry} for entry in entries]
