"""Where the keys of encryption are kept: in the adapter's own durable state, beside the login they belong to.

Every change is first only staged; ``flush`` makes it durable. Nothing may leave the house that depends on a change that
is not: a ratchet that is sent from and then forgotten would be used twice, and a key that the homeserver has deleted
after delivery cannot be fetched again.
"""

import asyncio
import json
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from bridge.core.errors import AccountError
from bridge.core.ports import StateStore

_CACHED = 2_000
_NOTHING = object()
PICKLE_KEY = b"baraza keeps its keys in the db."
"""vodozemac encrypts what it hands out. The database holds the login as well, so a secret key would add nothing."""


class KeyStore:
    """Named JSON objects of one device."""

    def __init__(self) -> None:
        self._state: StateStore | None = None
        self._prefix = ""
        self._cache: OrderedDict[str, str | None] = OrderedDict()
        self._staged: dict[str, str | None] = {}
        """None: to be deleted."""
        self._writing = asyncio.Lock()

    def open(self, state: StateStore, device: str) -> None:
        """Keys belong to a device: another one begins with none."""
        prefix = f"e2e:{device}:"
        if prefix != self._prefix:
            self._cache.clear()
            self._staged.clear()
        self._state, self._prefix = state, prefix

    def key_of(self, name: str) -> str:
        """What an object is called in the adapter's state."""
        return self._prefix + name

    async def get(self, name: str) -> dict[str, Any]:
        """The object of that name; empty where there is none.

        What follows in the caller up to its next ``await`` is alone with it: so load, change and stage in one go.
        """
        if name not in self._staged and name not in self._cache:
            found = await self._opened().get(self.key_of(name))
            if name not in self._cache:  # while we waited, somebody may have read it, and changed it
                self._cache[name] = found
        raw = self._staged[name] if name in self._staged else self._cache[name]
        if name in self._cache:
            self._cache.move_to_end(name)
        while len(self._cache) > _CACHED:
            self._cache.popitem(last=False)
        value = json.loads(raw) if raw else {}
        return value if isinstance(value, dict) else {}

    def stage(self, name: str, value: dict[str, Any]) -> None:
        raw = json.dumps(value, separators=(",", ":"))
        self._staged[name] = raw
        self._cache[name] = raw

    def drop(self, name: str) -> None:
        """Stage that there is no such object."""
        self._staged[name] = None
        self._cache[name] = None

    async def flush(self) -> None:
        """Make durable what was staged before this was called. Raises StorageUnavailable, and stays staged."""
        state = self._opened()
        async with self._writing:
            # A crash half-way must not leave the line further on than the room key that came through it.
            for name, raw in sorted(self._staged.items(), key=lambda item: _last(item[0])):
                if raw is None:
                    await state.delete(self.key_of(name))
                else:
                    await state.set(self.key_of(name), raw)
                if self._staged.get(name, _NOTHING) is raw:
                    del self._staged[name]

    @asynccontextmanager
    async def whole(self) -> AsyncIterator[None]:
        """What is staged inside becomes durable together: nobody else's flush comes in between."""
        async with self._writing:
            yield

    def _opened(self) -> StateStore:
        if self._state is None:
            raise AccountError("The account is not connected yet: try again shortly.")
        return self._state


def _last(name: str) -> int:
    for place, beginning in enumerate(("ring:", "line:", "account"), start=1):
        if name.startswith(beginning):
            return place
    return 0
