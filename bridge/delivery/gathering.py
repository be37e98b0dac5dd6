"""How long the worker waits for more calls to end, so that several are written down with one commit."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Final

from bridge.core.ids import Address
from bridge.storage import ledger
from bridge.storage.bells import delivery_bell

MANY: Final = 32
"""Rows under way from which on outcomes are gathered."""
_GATHERED: Final = 0.04
"""The longest that the first of them waits then, in seconds."""
_PAUSE, _AWHILE = 0.002, 0.01
"""Where one call ends within so many seconds of another, both are written down together; the longest that this goes on.
"""


async def gather(
    in_flight: Mapping[int, Address],
    done: Callable[[], Sequence[ledger.Outcome]],
    *,
    begun: bool,
    stopping: Callable[[], bool],
) -> None:
    """Where much is under way: several outcomes are written down, and several rows claimed, with one commit.

    ``in_flight``: by row id, those that ended and are not written down among them; ``done``: what has ended;
    ``begun``: did something just begin? Who answers at once waits for nobody else.
    """
    under_way = Counter(address.account for address in in_flight.values())
    much = {account for account, count in under_way.items() if count >= MANY}

    def more_will_end() -> bool:
        if stopping() or not MANY <= len(in_flight) > 4 * len(done()) // 3:
            return False
        return all(outcome.row.account in much for outcome in done()) if done() else begun

    with suppress(TimeoutError):
        async with asyncio.timeout(_GATHERED):
            while more_will_end():
                await delivery_bell.wait(_GATHERED)
    if all(outcome.row.account in much for outcome in done()):
        return
    ended = 0
    with suppress(TimeoutError):
        async with asyncio.timeout(_AWHILE):
            while ended < len(done()) < len(in_flight) and not stopping():
                ended = len(done())
                await asyncio.sleep(_PAUSE)


__all__ = ["MANY", "gather"]
