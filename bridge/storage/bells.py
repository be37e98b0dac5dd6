"""Wake-ups between the rooms of one process: rung after a commit, never before."""

import asyncio
from contextlib import suppress

from bridge.storage.database import after_commit


class Bell:
    """A reusable event: ``wait`` returns when it was rung since the last wait, or when the time is over."""

    def __init__(self) -> None:
        self._rung = False
        self._waiting: asyncio.Future[None] | None = None

    def ring(self) -> None:
        self._rung = True
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    def ring_after_commit(self) -> None:
        after_commit(self.ring)

    async def wait(self, seconds: float) -> None:
        """One waiter at a time; ``seconds`` is the longest wait."""
        if not self._rung and seconds > 0:
            self._waiting = asyncio.get_running_loop().create_future()
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._waiting
            self._waiting = None
        self._rung = False


inbox_bell = Bell()
delivery_bell = Bell()
feed_bell = Bell()
"""Something was published, changed or taken back: private copies follow."""
upkeep_bell = Bell()
