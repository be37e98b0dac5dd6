"""What is known of rooms: which address of the config means which, which are private chats, what they are called."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from nio.api import RoomPreset

from bridge.adapters.matrix.addresses import may_be_private
from bridge.adapters.matrix.client import TROUBLE, Answer
from bridge.adapters.matrix.convert import RoomView
from bridge.adapters.matrix.session import Session
from bridge.core.events import ChatKind
from bridge.core.ids import AccountId, ChatId
from bridge.core.ports import AdapterContext

_log = structlog.get_logger(__name__)
_MARKER = "org.baraza.direct"
"""State event in private rooms that we made: finds a room again whose making was cut short."""


_LOOK_UP_SECONDS = 10.0
_UNTITLED_SECONDS = 300.0
"""How long a room goes without its name where the homeserver did not tell it."""


class Unreachable(Exception):
    """The person cannot be written to privately."""


class Misled(Exception):
    """What was said to replace a room knows nothing of it."""


def is_person(chat: str) -> bool:
    """Does this chat mean a person, in whichever room they can be reached privately?"""
    return chat.startswith("@")


class Rooms:
    """The account's rooms. Ids are opaque: since version 12 they name no server."""

    def __init__(self, context: AdapterContext, session: Session) -> None:
        self.account: AccountId = context.account
        self._configured = context.chats
        self._session = session
        self._room_of: dict[str, str] = {}
        self._chat_of: dict[str, ChatId] = {}
        self._person_in: dict[str, str] = {}
        """Private rooms: room -> the person; empty where it was looked up and is none."""
        self._members: dict[tuple[str, str], str] = {}
        self._titles: dict[str, str] = {}
        self._untitled: dict[str, float] = {}
        """When to ask again for a room's name."""
        self._clock = context.clock
        self._opening = asyncio.Lock()

    # --- addresses ---

    async def resolve(self) -> None:
        """Find the rooms behind the config's aliases; an alias of a server that is away leads where it last did."""
        await asyncio.gather(*(self._found(chat) for chat in self._configured if self.room_of(chat) is None))

    async def _found(self, chat: ChatId) -> None:
        try:
            async with asyncio.timeout(_LOOK_UP_SECONDS):
                await self.resolve_one(chat)
        except TROUBLE as error:
            known = await self._session.state.get(f"alias:{chat}")
            if known is not None:
                self.point(chat, known)
            _log.warning("alias_not_resolved", chat=chat, reason=f"{type(error).__name__}: {error}", known=known)

    async def resolve_one(self, chat: ChatId) -> None:
        """Find the room behind an alias, and remember it. Raises what may pass."""
        state = self._session.state
        left = await state.get(f"alias:{chat}") if await state.get(f"moved:{chat}") is not None else None
        if left is not None:
            self.point(chat, left)
            return
        room = await self.resolved(chat)
        if room is None:
            _log.warning("alias_unknown", chat=chat)
        else:
            await self.remember_alias(chat, room)

    async def remember_alias(self, alias: ChatId, room: str) -> None:
        """The alias leads to this room, from now on and after a restart."""
        self.point(alias, room)
        await self._session.state.set(f"alias:{alias}", room)

    async def leave_behind(self, alias: ChatId, room: str) -> None:
        """The room was replaced. The alias goes on meaning the old one, in which all that was said till now lies.

        Wherever the alias leads by then, the new room is known by its id.
        """
        await self.remember_alias(alias, room)
        await self._session.state.set(f"moved:{alias}", room)

    async def resolved(self, chat: str) -> str | None:
        """The room behind an alias; None where there is none."""
        server = self._session.server
        try:
            answer = await server.ask(server.room_resolve_alias(chat))
        except Answer as answer_no:
            if answer_no.status in (400, 403, 404):
                return None
            raise
        room = answer.get("room_id")
        return room if isinstance(room, str) else None

    def room_of(self, chat: ChatId) -> str | None:
        """The room that a chat other than a person's is; None for an alias that leads nowhere."""
        return self._room_of.get(chat) if chat.startswith("#") else str(chat)

    def chat_of(self, room: str) -> ChatId:
        return self._chat_of.get(room, ChatId(room))

    def point(self, alias: ChatId, room: str) -> None:
        """The alias now leads to this room."""
        self._room_of[alias], self._chat_of[room] = room, alias

    def is_configured(self, room: str) -> bool:
        return self.chat_of(room) in self._configured

    # --- joining ---

    async def join(self, room: str, via: str = "") -> bool:
        """Join a room. False where the homeserver says no; raises what may pass."""
        try:
            await self._session.server.join_by(room, via)
        except Answer as answer:
            if answer.status not in (400, 403, 404):
                raise
            _log.warning("room_not_joined", room=room, answer=str(answer))
            return False
        _log.info("room_joined", room=room)
        return True

    # --- private chats ---

    async def person_in(self, room: str) -> str | None:
        """Who is written to in this private room; None where it is no private room."""
        if room not in self._person_in:
            self._person_in[room] = await self._session.state.get(f"private:{room}") or ""
        return self._person_in[room] or None

    async def remember_private(self, room: str, person: str) -> None:
        if not may_be_private(room):
            _log.warning("private_room_id_too_long", person=person, length=len(room))
            return
        state = self._session.state
        await state.set(f"private:{room}", person)
        await state.set(f"direct:{person}", room)
        self._person_in[room] = person

    async def forget_private(self, room: str) -> None:
        person = await self.person_in(room)
        if person is None:
            return
        state = self._session.state
        if await state.get(f"direct:{person}") == room:
            await state.delete(f"direct:{person}")
        await state.delete(f"private:{room}")
        self._person_in[room] = ""
        _log.info("room_no_longer_private", room=room)

    async def known_direct(self, person: str) -> str | None:
        room = await self._session.state.get(f"direct:{person}")
        return room if room is not None and may_be_private(room) else None

    async def direct(self, person: str) -> str:
        """The room in which this person is reached privately: the known one, or a new one.

        Raises Unreachable when the person cannot be invited.
        """
        async with self._opening:
            room = await self.known_direct(person)
            if room is not None and await self._is_reached(room, person):
                return room
            room = await self._found_again(person) or await self._make_direct(person)
            await self.remember_private(room, person)
            await self._session.state.delete(f"opening:{person}")
            if not await self._is_reached(room, person):
                raise Unreachable
            return room

    async def _is_reached(self, room: str, person: str) -> bool:
        """Is the person there or invited, the latter again if need be? False where this room can no longer be used."""
        membership = self._members.get((room, person))
        server = self._session.server
        if membership is None:
            try:
                content = await server.state(room, "m.room.member", person)
            except Answer as answer:
                if answer.status == 403:
                    return False
                raise
            membership = str((content or {}).get("membership", "leave"))
        if membership not in ("join", "invite"):
            try:
                await server.ask(server.room_invite(room, person))
            except Answer as answer:
                if answer.status in (400, 403, 404):
                    return False
                raise
            membership = "invite"
        self._members[room, person] = membership
        return True

    async def _make_direct(self, person: str) -> str:
        """Making a room is no idempotent request, so the attempt is noted first and its room carries a marker."""
        server = self._session.server
        await self._session.state.set(f"opening:{person}", "1")
        try:
            answer = await server.ask(
                server.room_create(
                    is_direct=True,
                    preset=RoomPreset.trusted_private_chat,
                    invite=(person,),
                    initial_state=({"type": _MARKER, "state_key": "", "content": {"user": person}},),
                )
            )
        except Answer as answer_no:
            if answer_no.status in (400, 403, 404):
                await self._session.state.delete(f"opening:{person}")
                raise Unreachable from answer_no
            raise
        room = str(answer["room_id"])
        self._members[room, person] = "invite"
        return room

    async def _found_again(self, person: str) -> str | None:
        """The room of an attempt whose end was never heard of."""
        if await self._session.state.get(f"opening:{person}") is None:
            return None
        server = self._session.server
        for room in (await server.ask(server.joined_rooms())).get("joined_rooms", []):
            if self.is_configured(room) or not may_be_private(room) or await self.person_in(room):
                continue
            try:
                marker = await server.state(room, _MARKER)
            except Answer as answer:
                if answer.status != 403:
                    raise
                continue
            if marker is not None and marker.get("user") == person:
                return str(room)
        return None

    # --- what events say ---

    async def observe(self, room: str, event: Mapping[str, Any]) -> None:
        """Learn from a state event of a room."""
        kind, content, about = event.get("type"), event.get("content"), event.get("state_key")
        if not isinstance(content, Mapping) or not isinstance(about, str):
            return
        if kind in ("m.room.name", "m.room.canonical_alias"):
            self._titles.pop(room, None)
            self._untitled.pop(room, None)
        if kind != "m.room.member":
            return
        membership = str(content.get("membership"))
        if (room, about) in self._members:
            self._members[room, about] = membership
        person = await self.person_in(room)
        if person is None:
            return
        if about not in (person, self._session.user) and membership in ("join", "invite"):
            await self.forget_private(room)  # a third person would read what is meant for one

    async def view(self, room: str, names: Mapping[str, str]) -> RoomView:
        """What is needed to read events of a room."""
        person = None if self.is_configured(room) else await self.person_in(room)
        return RoomView(
            account=self.account,
            us=self._session.user,
            chat=ChatId(person) if person else self.chat_of(room),
            kind=ChatKind.PRIVATE if person else ChatKind.GROUP,
            title="" if person else await self.title(room),
            names=names,
            private_room=room if person else "",
        )

    async def title(self, room: str) -> str:
        """What a room is called; empty where that cannot be had: no event waits for a name."""
        if room not in self._titles and self._untitled.get(room, 0.0) <= self._clock.monotonic():
            title = ""
            try:
                for kind, key in (("m.room.name", "name"), ("m.room.canonical_alias", "alias")):
                    found = (await self._session.server.state(room, kind, seconds=_LOOK_UP_SECONDS) or {}).get(key)
                    if isinstance(found, str) and found:
                        title = found
                        break
                self._titles[room] = title
            except TROUBLE:
                self._untitled[room] = self._clock.monotonic() + _UNTITLED_SECONDS
        return self._titles.get(room, "")

    async def is_two(self, room: str) -> bool:
        """Are there no more than two in this room, ourselves included?"""
        server = self._session.server
        return len((await server.ask(server.joined_members(room))).get("joined", {})) <= 2

    async def moved(self, room: str, new_room: str, sender: str) -> bool:
        """Follow an upgrade: join the replacement, and see that it says where it comes from; else leave it again."""
        if not await self.join(new_room, server_of(sender)):
            return False
        server = self._session.server
        try:
            created = await server.state(new_room, "m.room.create")
        except Answer as answer:
            if answer.status not in (403, 404):
                raise
            created = None  # not let in after all
        predecessor = (created or {}).get("predecessor")
        if isinstance(predecessor, Mapping) and predecessor.get("room_id") == room:
            return True
        _log.warning("replacement_names_another_room", room=room, replacement=new_room)
        if not self.is_configured(new_room):
            await server.ask(server.room_leave(new_room))
        raise Misled


def server_of(user: str) -> str:
    """The server of a user id, which unlike a room's id always names it."""
    return user.partition(":")[2]


def names_in(events: Sequence[object]) -> dict[str, str]:
    """Display names that member events give, by user id."""
    names: dict[str, str] = {}
    for event in events:
        if not isinstance(event, Mapping) or event.get("type") != "m.room.member":
            continue
        content, user = event.get("content"), event.get("state_key")
        name = content.get("displayname") if isinstance(content, Mapping) else None
        if isinstance(user, str) and isinstance(name, str) and re.search(r"\S", name):
            names[user] = name
    return names
