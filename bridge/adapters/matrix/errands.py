"""What events ask of us and other servers may delay or refuse: done beside the sync, again and again, not in its way.

An invitation into a room of a dead server fails as long as that server is dead; the other rooms are heard meanwhile.
"""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from bridge.adapters.matrix.addresses import may_be_private
from bridge.adapters.matrix.client import TROUBLE, Answer
from bridge.adapters.matrix.describing import may_close
from bridge.adapters.matrix.rooms import Misled, Rooms, is_person
from bridge.adapters.matrix.session import Session
from bridge.adapters.matrix.settings import Settings
from bridge.core.events import ChatMoved, InboundEvent, Unreadable
from bridge.core.ids import ChatId
from bridge.core.ports import AdapterContext, Sink

_log = structlog.get_logger(__name__)
_INVITES, _MOVES, _UNCOUNTED, _VISITS, _CLOSED = "invites", "moves", "uncounted", "visits", "closed"
_MAX_INVITES = 200
_AT_ONCE = 8
_FIRST_PAUSE, _LONGEST_PAUSE = 5.0, 3600.0
VISIT = timedelta(days=1)
"""How long the account stays in a stranger's room where nobody asks for it to be connected."""
PATIENCE = 10.0
"""Seconds that the sync waits for an errand before it is left to be done beside it."""

Errand = tuple[str, str]
"""What is to be done, and for which room or chat."""


class Errands:
    """Invitations to follow, upgrades to follow, configured rooms to join, private rooms to count."""

    def __init__(self, settings: Settings, context: AdapterContext, session: Session, rooms: Rooms) -> None:
        self._settings, self._context, self._session, self._rooms = settings, context, session, rooms
        self._clock = context.clock
        self._invites: dict[str, list[Any]] = {}
        self._moves: dict[str, list[str]] = {}
        self._closed: dict[str, list[str]] = {}
        """Replacements of rooms that we were not let into, and what was said of each."""
        self._uncounted: list[str] = []
        self._configured: set[ChatId] = set()
        self._visits: dict[str, str] = {}
        """Rooms of strangers that we were invited to, and since when nothing has come of it."""
        self._kept: set[str] = set()
        self._failures: dict[Errand, int] = {}
        self._due: dict[Errand, float] = {}
        self._awake = asyncio.Event()
        self.writing = asyncio.Lock()
        """Held while ``state`` is written, so that no older one is written over a newer one."""

    # --- what there is to do ---

    def state(self) -> dict[str, str]:
        """What is still to be done, to be committed with the events that asked for it."""
        return {
            _INVITES: json.dumps(self._invites),
            _MOVES: json.dumps(self._moves),
            _UNCOUNTED: json.dumps(self._uncounted),
            _VISITS: json.dumps(self._visits),
            _CLOSED: json.dumps(self._closed),
        }

    def invited(self, room: str, inviter: object, *, direct: bool) -> None:
        """Note an invitation: followed where that is permitted, else kept for the day when the config permits it."""
        self._invites.pop(room, None)
        self._invites[room] = [inviter, direct]
        while len(self._invites) > _MAX_INVITES:
            del self._invites[next(iter(self._invites))]
        if not self._follows(room):
            _log.info("invite_left_pending", room=room, inviter=inviter)
        self._again("invite", room)

    def move_later(self, room: str, sender: str, move: ChatMoved) -> None:
        self._moves[move.new_chat] = [room, sender, move.chat, move.key, move.at.isoformat(), move.raw]
        self._again("move", move.new_chat)

    def count_later(self, room: str) -> None:
        if room not in self._uncounted:
            self._uncounted.append(room)
        self._again("count", room)

    def _again(self, kind: str, room: str) -> None:
        """Something new was said of it: do it now, whatever came of it before."""
        self._failures.pop((kind, room), None)
        self._due.pop((kind, room), None)
        self._awake.set()

    def _follows(self, room: str) -> bool:
        inviter, direct = self._invites[room]
        if inviter in self._context.permitted_inviters or self._rooms.is_configured(room) or room in self._closed:
            return True
        if direct is True:
            return self._settings.direct_invites == "anyone"
        waiting = sum(1 for visited in self._visits if visited not in self._kept)
        return self._settings.group_invites == "anyone" and waiting < self._settings.unlinked_rooms

    def keep(self, chat: ChatId, *, wanted: bool) -> None:
        """From now on a room is (or is no longer) one that was connected or that somebody asked to connect."""
        room = self._rooms.room_of(chat)
        if room is None or (room in self._kept) is wanted:
            return
        (self._kept.add if wanted else self._kept.discard)(room)
        if room in self._visits:  # what is said there about it must still arrive
            self._visits[room] = self._clock.now().isoformat()
        self._awake.set()

    def _leaves_in(self, room: str) -> float:
        """Seconds until a visit is over."""
        return (datetime.fromisoformat(self._visits[room]) + VISIT - self._clock.now()).total_seconds()

    # --- doing it ---

    async def connected(self, sink: Sink) -> None:
        """Take up what was left, and have a first try at it. Raises what the homeserver itself answers wrongly."""
        server, stored = self._session.server, self._session.state
        self._invites = json.loads(await stored.get(_INVITES) or "{}")
        self._moves = json.loads(await stored.get(_MOVES) or "{}")
        self._uncounted = json.loads(await stored.get(_UNCOUNTED) or "[]")
        self._visits = json.loads(await stored.get(_VISITS) or "{}")
        self._closed = json.loads(await stored.get(_CLOSED) or "{}")
        self._failures.clear()
        self._due.clear()
        joined = set((await server.ask(server.joined_rooms())).get("joined_rooms", []))
        chats = (chat for chat in self._context.chats if not is_person(chat))
        self._configured = {chat for chat in chats if self._rooms.room_of(chat) not in joined}
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                while await self._batch(sink):
                    pass
        self._awake.set()

    async def run(self, sink: Sink) -> None:
        """Do what is to be done whenever it is due, until cancelled."""
        while True:
            self._awake.clear()
            if await self._batch(sink):
                continue
            waiting = [self._due[errand] for errand in self._open() if errand in self._due]
            pauses = [min(waiting) - self._clock.monotonic()] if waiting else []
            pauses += [max(1.0, self._leaves_in(room)) for room in self._visits if room not in self._kept]
            await self._wait(min(pauses) if pauses else None)

    async def _wait(self, seconds: float | None) -> None:
        waits: list[asyncio.Future[Any]] = [asyncio.ensure_future(self._awake.wait())]
        if seconds is not None:
            waits.append(asyncio.ensure_future(self._clock.sleep(max(0.0, seconds))))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    def _open(self) -> list[Errand]:
        return [
            *(("configured", chat) for chat in self._configured),
            *(("move", room) for room in self._moves),
            *(("count", room) for room in self._uncounted),
            *(("invite", room) for room in self._invites if self._follows(room)),
            *(("leave", room) for room in self._visits if room not in self._kept and self._leaves_in(room) <= 0),
        ]

    async def _batch(self, sink: Sink) -> bool:
        """Try some of what is due, what failed least first: the hopeless must not keep the rest waiting."""
        now = self._clock.monotonic()
        due = [errand for errand in self._open() if self._due.get(errand, now) <= now]
        due.sort(key=lambda errand: self._failures.get(errand, 0))
        await asyncio.gather(*(self._try(errand, sink) for errand in due[:_AT_ONCE]))
        return bool(due)

    async def _try(self, errand: Errand, sink: Sink) -> None:
        kind, about = errand
        work: dict[str, Callable[[], Awaitable[None]]] = {
            "configured": lambda: self._enter(ChatId(about)),
            "move": lambda: self._move(about, sink),
            "count": lambda: self._count(about),
            "invite": lambda: self._follow(about),
            "leave": lambda: self._leave(about),
        }
        try:
            await work[kind]()
        except Exception as error:  # whatever it is, it is this room's alone
            failures = self._failures[errand] = self._failures.get(errand, 0) + 1
            pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(failures - 1, 20))
            if isinstance(error, Answer) and error.retry_after is not None:
                pause = max(pause, error.retry_after)
            self._due[errand] = self._clock.monotonic() + pause
            reason = f"{type(error).__name__}: {error}" if isinstance(error, TROUBLE) else type(error).__name__
            _log.warning("room_errand_failed", errand=kind, room=about, reason=reason, again_in=pause)
        else:
            self._failures.pop(errand, None)
            self._due.pop(errand, None)

    async def _enter(self, chat: ChatId) -> None:
        """Join a room of the config; where it is refused `baraza check` says so."""
        if self._rooms.room_of(chat) is None:
            await self._rooms.resolve_one(chat)
        room = self._rooms.room_of(chat)
        if room is not None:
            await self._rooms.join(room)
        self._configured.discard(chat)

    async def _follow(self, room: str) -> None:
        inviter, direct = self._invites[room]
        if not self._follows(room):
            return  # others were quicker, and there is no more room
        if direct and not self._rooms.is_configured(room):
            if not may_be_private(room):
                _log.warning("private_room_declined", inviter=inviter, reason="its id is too long", length=len(room))
                self._invites.pop(room, None)
                await self._write(_INVITES)
                return
            await self._rooms.remember_private(room, str(inviter))
        stranger = inviter not in self._context.permitted_inviters and not self._rooms.is_configured(room)
        if (
            stranger and not direct and room not in self._closed
        ):  # counted before the joining, so that several at once keep to the limit
            self._visits[room] = self._clock.now().isoformat()
        if not await self._rooms.join(room):  # withdrawn, for instance
            await self._rooms.forget_private(room)
            self._visits.pop(room, None)
        elif room in self._closed:
            old, sender, chat, key, at, raw = self._closed.pop(room)
            self._moves[room] = [old, sender, chat, f"{key}+", at, raw]  # another event than the one that told of it
            self._again("move", room)
            await self._write(_MOVES)
            await self._write(_CLOSED)
        self._invites.pop(room, None)
        await self._write(_VISITS)
        await self._write(_INVITES)

    async def _leave(self, room: str) -> None:
        """Nothing came of a visit."""
        server = self._session.server
        try:
            await server.ask(server.room_leave(room))
        except Answer as answer:
            if answer.status not in (400, 403, 404):  # we are out already
                raise
        _log.info("room_left", room=room)
        self._visits.pop(room, None)
        await self._write(_VISITS)
        self._awake.set()  # there is room for another invitation

    async def _count(self, room: str) -> None:
        await self.counted(room)
        if room in self._uncounted:
            self._uncounted.remove(room)
        await self._write(_UNCOUNTED)

    async def _move(self, new_room: str, sink: Sink) -> None:
        room, sender, chat, key, at, raw = noted = self._moves[new_room]
        move = ChatMoved(
            account=self._context.account,
            chat=ChatId(chat),
            key=key,
            at=datetime.fromisoformat(at),
            raw=raw,
            new_chat=ChatId(new_room),
        )
        event = await self.moved(room, sender, move)
        async with self.writing:
            rest = {other: entry for other, entry in self._moves.items() if entry is not noted}
            state = {_MOVES: json.dumps(rest), _CLOSED: json.dumps(self._closed)}
            await sink.accept([] if event is None else [event], state=state)
            self._moves = rest

    async def _write(self, key: str) -> None:
        async with self.writing:
            await self._session.state.set(key, self.state()[key])

    # --- what the sync tries by itself first ---

    async def counted(self, room: str) -> None:
        """A room with a third person in it is no private chat. Raises what the homeserver's client raises."""
        try:
            alone = await self._rooms.is_two(room)
        except Answer as answer:
            if answer.status != 403:  # we are out again
                raise
            return
        if not alone:
            await self._rooms.forget_private(room)

    async def moved(self, room: str, sender: str, move: ChatMoved) -> InboundEvent | None:
        """The server let only someone with the power to close the room say so; still, look who, and where it leads.

        Raises what the homeserver's client raises.
        """
        if not await may_close(self._session.server, sender, room):
            return _unbelieved(move, "somebody without the power for it says that the room was replaced")
        try:
            followed = await self._rooms.moved(room, move.new_chat, sender)
        except Misled:
            return _unbelieved(move, "the room that is said to replace this one does not name it as its predecessor")
        if not followed:  # an invitation there is followed, whoever sends it
            self._closed[move.new_chat] = [room, sender, move.chat, move.key, move.at.isoformat(), move.raw]
            return None if is_person(move.chat) else replace(move, followed=False)
        if is_person(move.chat):
            await self._private_moved(move)
            return None
        if room in self._visits:
            self._visits[move.new_chat] = self._visits.pop(room)
            if room in self._kept:
                self._kept.add(move.new_chat)
        if move.chat.startswith("#"):
            await self._rooms.leave_behind(move.chat, room)
        return move

    async def _private_moved(self, move: ChatMoved) -> None:
        """The chat is the person, in whichever room: theirs is the new one, as long as nobody else is in it."""
        if await self._rooms.is_two(move.new_chat):
            await self._rooms.remember_private(move.new_chat, move.chat)
        else:
            _log.warning("private_room_moved_among_others", room=move.new_chat)


def _unbelieved(move: ChatMoved, reason: str) -> Unreadable:
    """Kept for a person; nothing is done."""
    return Unreadable(account=move.account, chat=move.chat, key=move.key, at=move.at, raw=move.raw, reason=reason)


def invitations(section: Mapping[str, Any], user: str) -> Sequence[tuple[object, bool]]:
    """Who invites ``user``, and whether for a private chat, as an invited room's part of a sync answer says."""
    state = section.get("invite_state")
    events = state.get("events") if isinstance(state, Mapping) else None
    found = []
    for event in events if isinstance(events, list) else ():
        if not isinstance(event, Mapping) or event.get("type") != "m.room.member" or event.get("state_key") != user:
            continue
        content = event.get("content")
        if isinstance(content, Mapping) and content.get("membership") == "invite":
            found.append((event.get("sender"), content.get("is_direct") is True))
    return found
