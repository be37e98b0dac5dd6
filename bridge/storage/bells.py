"""Wake-ups between the rooms of one process: rung after a commit, never before.

Where several programs share a database, what a commit rings is rung in the others, too (``broadcast``).
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress

from bridge.storage.database import after_commit


class Bell:
    """A reusable event: ``wait`` returns when it was rung since the last wait, or when the time is over."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._rung = False
        self._waiting: asyncio.Future[None] | None = None

    def ring(self) -> None:
        self._rung = True
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    def ring_after_commit(self) -> None:
        after_commit(self._ring_everywhere)

    def _ring_everywhere(self) -> None:
        self.ring()
        if _elsewhere:
            _elsewhere[-1](self.name)

    async def wait(self, seconds: float) -> None:
        """One waiter at a time; ``seconds`` is the longest wait."""
        if not self._rung and seconds > 0:
            self._waiting = asyncio.get_running_loop().create_future()
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._waiting
            self._waiting = None
        self._rung = False


_elsewhere: list[Callable[[str], None]] = []

inbox_bell = Bell("inbox")
delivery_bell = Bell("delivery")
feed_bell = Bell("feed")
"""Something was published, changed or taken back: private copies follow."""
upkeep_bell = Bell("upkeep")
groups_bell = Bell("groups")
"""A group was connected or disconnected from inside a chat: every program has to know."""
BELLS: Mapping[str, Bell] = {
    bell.name: bell for bell in (inbox_bell, delivery_bell, feed_bell, upkeep_bell, groups_bell)
}


def broadcast(tell: Callable[[str], None] | None) -> None:
    """From now on ``tell`` is given the name of every bell that a commit of ours rings; None ends that."""
    _elsewhere.clear()
    if tell is not None:
        _elsewhere.append(tell)
