"""How much each sender may make us keep: room keys and lines to devices, of which anybody may send any number."""

import hashlib
from dataclasses import dataclass
from datetime import timedelta

from bridge.adapters.matrix.keystore import KeyStore
from bridge.core.clock import Clock

_DAY = timedelta(days=1).total_seconds()
_GROWN = 2_000


@dataclass(frozen=True)
class Bound:
    """Of one kind and one sender. One's flood drives out nobody else's."""

    kind: str
    most: int
    bytes: int


ROOM_KEYS = Bound("keys", 500, 1_000_000)
"""A new one comes about every week or hundred messages of a room: these last for years of somebody's writing."""
LINES = Bound("lines", 250, 2_000_000)


class Bounds:
    """What has gone unused the longest goes first."""

    def __init__(self, store: KeyStore, clock: Clock) -> None:
        self._store, self._clock = store, clock

    async def used(self, bound: Bound, user: str, name: str, size: int) -> None:
        """This object of the store, of ``size`` bytes, was brought or used by ``user``. Staged."""
        today = int(self._clock.now().timestamp() / _DAY)
        of = hashlib.sha256(user.encode("utf-8", "replace")).hexdigest()
        ledger = f"ring:{bound.kind}:{of}"
        # From here on alone with it.
        names: dict[str, list[int]] = (await self._store.get(ledger)).get("names", {})
        known = names.get(name)
        if known is not None and known[0] == today and size <= known[1] + _GROWN:
            return  # seldom enough written for a list of hundreds
        names.pop(name, None)
        names[name] = [today, size]
        total = sum(entry[1] for entry in names.values())
        while len(names) > 1 and (len(names) > bound.most or total > bound.bytes):
            oldest = next(iter(names))
            total -= names.pop(oldest)[1]
            self._store.drop(oldest)
        self._store.stage(ledger, {"names": names})
