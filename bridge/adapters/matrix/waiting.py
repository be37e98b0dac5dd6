"""Encrypted events whose key has not come: kept, told after a while, and read when it comes after all."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from bridge.adapters.matrix.megolm import session_of

GRACE = timedelta(seconds=20)
"""Keys often come a moment after what they open: only after this is anybody told of a message that cannot be read."""
KEPT = timedelta(days=14)
_MAX_EVENTS = 1_000
_MAX_BYTES = 2_000_000


@dataclass(frozen=True, kw_only=True)
class Held:
    """One event that waits."""

    room: str
    event: Mapping[str, Any]
    name: str
    """The sender's, at that time."""
    since: datetime
    told: bool = False
    size: int = field(default=0, compare=False)

    @property
    def id(self) -> str:
        return str(self.event.get("event_id"))


class Waiting:
    """What waits, in order. Changed on a ``copy`` that replaces it once what came of it is to be committed."""

    def __init__(self, entries: list[Held] | None = None) -> None:
        self._entries = entries or []

    @classmethod
    def loaded(cls, raw: str | None) -> "Waiting":
        entries = []
        for room, event, name, since, told in json.loads(raw) if raw else []:
            at = datetime.fromisoformat(since)
            entries.append(Held(room=room, event=event, name=name, since=at, told=told, size=_size(event)))
        return cls(entries)

    def dumped(self) -> str:
        return json.dumps([[e.room, e.event, e.name, e.since.isoformat(), e.told] for e in self._entries])

    def copy(self) -> "Waiting":
        return Waiting(list(self._entries))

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, room: str, event: Mapping[str, Any], name: str, now: datetime) -> bool:
        """False where there is no room for more: it must be told at once, and cannot be read later."""
        if any(entry.id == event.get("event_id") for entry in self._entries):
            return True
        size = _size(event)
        if len(self._entries) >= _MAX_EVENTS or sum(entry.size for entry in self._entries) + size > _MAX_BYTES:
            return False
        self._entries.append(Held(room=room, event=event, name=name, since=now, size=size))
        return True

    def with_key(self, sessions: set[str]) -> list[Held]:
        """What these keys may open."""
        return [entry for entry in self._entries if session_of(entry.event) in sessions]

    def sessions(self, senders: Collection[str] | None = None) -> set[str]:
        """The keys that what waits needs; of these senders only, where they are given."""
        return {
            session
            for entry in self._entries
            if (session := session_of(entry.event)) is not None
            and (senders is None or entry.event.get("sender") in senders)
        }

    def due(self, now: datetime) -> list[Held]:
        """What must be told now. What was told long ago is given up."""
        self._entries = [entry for entry in self._entries if not entry.told or now - entry.since < KEPT]
        return [entry for entry in self._entries if not entry.told and now - entry.since >= GRACE]

    def told(self, told: Held) -> None:
        self._entries = [replace(entry, told=True) if entry is told else entry for entry in self._entries]

    def drop(self, event: str, room: str) -> None:
        """It was read, or removed by its author."""
        self._entries = [entry for entry in self._entries if (entry.id, entry.room) != (event, room)]

    def sender_of(self, session: str) -> str | None:
        """Who wrote with this key."""
        return next((str(e.event.get("sender")) for e in self._entries if session_of(e.event) == session), None)

    def next_due(self) -> datetime | None:
        """When the next of them must be told."""
        return min((entry.since + GRACE for entry in self._entries if not entry.told), default=None)


def _size(event: Mapping[str, Any]) -> int:
    return len(json.dumps(event))
