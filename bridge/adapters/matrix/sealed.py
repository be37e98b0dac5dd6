"""Encrypted events as they come in: opened at once, or kept until their key comes, or told as what cannot be read."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import structlog

from bridge.adapters.matrix.convert import to_event
from bridge.adapters.matrix.encryption import Encryption
from bridge.adapters.matrix.megolm import KeyMissing, Refused, Unproven, session_of
from bridge.adapters.matrix.rooms import Rooms
from bridge.adapters.matrix.waiting import Held, Waiting
from bridge.core.clock import Clock
from bridge.core.events import InboundEvent, MessageEdited, MessagePosted

_log = structlog.get_logger(__name__)

Event = Mapping[str, Any]


class Sealed:
    """What waits for its key is changed on a copy from ``begin`` to ``end``: reading an answer may fail half-way."""

    def __init__(self, clock: Clock, rooms: Rooms, encryption: Encryption) -> None:
        self._clock, self._rooms, self._encryption = clock, rooms, encryption
        self._waiting = Waiting()
        self._before = ""
        self._tried: set[str] = set()

    def begin(self) -> None:
        self._waiting = self._encryption.waiting.copy()
        self._before = self._waiting.dumped()

    def end(self) -> dict[str, str]:
        """What to commit with the events."""
        self._encryption.waiting = self._waiting
        self._encryption.fresh -= self._tried
        after = self._waiting.dumped()
        return {self._encryption.held_key: after} if after != self._before else {}

    async def opened(self, room: str, event: Event, names: Mapping[str, str]) -> Event | None:
        """The event to read, decrypted where it was encrypted and can be; None where it waits for its key."""
        # What we removed ourselves is held for the moderators: it is still to be read.
        if event.get("type") == "m.room.redaction" and event.get("sender") != self._encryption.olm.user:
            content = event.get("content")
            target = event.get("redacts") or (content.get("redacts") if isinstance(content, Mapping) else None)
            self._waiting.drop(str(target), room)
        if not self._is_sealed(event):
            return event
        try:
            opened = await self._encryption.inbound.open(room, event)
        except Refused as reason:
            _log.warning("event_not_decrypted", room=room, reason=str(reason))
            return event
        except KeyMissing as missing:
            name = names.get(str(event.get("sender")), "")
            if not self._waiting.add(room, event, name, self._clock.now()):
                _log.warning("event_not_decrypted", room=room, reason="too many wait for their key")
                return event
            session, user = str(session_of(event)), str(event.get("sender"))
            if isinstance(missing, Unproven):
                self._encryption.chores.prove(session, user)
            else:
                self._encryption.chores.ask_for(session, room, user)
            return None
        await self._encryption.store.flush()
        return opened

    def _is_sealed(self, event: Event) -> bool:
        if event.get("type") != "m.room.encrypted" or "state_key" in event:
            return False
        unsigned = event.get("unsigned")
        redacted = isinstance(unsigned, Mapping) and "redacted_because" in unsigned
        return not redacted and event.get("sender") != self._encryption.olm.user

    async def recovered(self) -> list[InboundEvent]:
        """What can be read with keys that have just come."""
        events = []
        self._tried = set(self._encryption.fresh)
        for held in self._waiting.with_key(self._tried) if self._tried else ():
            try:
                opened = await self._encryption.inbound.open(held.room, held.event)
            except Unproven:
                self._encryption.chores.prove(str(session_of(held.event)), str(held.event.get("sender")))
                continue
            except (KeyMissing, Refused):
                continue
            self._waiting.drop(held.id, held.room)
            read = await self._read(held, opened)
            if read is not None:
                _log.info("event_decrypted_late", room=held.room, told=held.told)
                events.append(_in_place_of_told(read) if held.told else read)
        await self._encryption.store.flush()
        return events

    async def told(self) -> list[InboundEvent]:
        """What has waited long enough for somebody to be told."""
        events = []
        for held in self._waiting.due(self._clock.now()):
            self._waiting.told(held)
            read = await self._read(held, held.event)
            if read is not None:
                events.append(read)
        return events

    async def _read(self, held: Held, event: Event) -> InboundEvent | None:
        names = {str(event.get("sender")): held.name} if held.name else {}
        return to_event(event, await self._rooms.view(held.room, names), held.since)


def _in_place_of_told(event: InboundEvent) -> InboundEvent:
    """The message was told as one that cannot be read: now it changes into what it says."""
    key = f"{event.key} opened"
    if not isinstance(event, MessagePosted):
        return replace(event, key=key)
    return MessageEdited(
        account=event.account,
        chat=event.chat,
        key=key,
        at=event.at,
        raw=event.raw,
        ref=event.ref,
        sender=event.sender,
        chat_kind=event.chat_kind,
        text=event.text,
        files=event.files,
        uncarried=event.uncarried,
    )
