"""The loop that looks after private copies: when something was published, and each minute."""

import structlog

from bridge.core.clock import Clock
from bridge.core.community import Communities
from bridge.core.errors import StorageUnavailable
from bridge.delivery.directory import Directory
from bridge.members import copies
from bridge.storage.bells import feed_bell
from bridge.storage.database import UNAVAILABLE

log = structlog.get_logger()
_TROUBLE = 2.0
"""Seconds to wait when something failed."""
_BREATH = 0.05
"""Seconds between two batches: others want to write, too."""


class Feeder:
    """Plans private copies batch after batch, each in a transaction of its own."""

    def __init__(self, communities: Communities, directory: Directory, clock: Clock) -> None:
        self._communities = communities
        self._directory = directory
        self._clock = clock

    async def run(self) -> None:
        """Until cancelled; a batch that is cut short is as if it had never been begun."""
        while True:
            wait = _BREATH
            try:
                if not await copies.work_off(self._communities, self._directory, self._clock.now()):
                    wait = await copies.wait_seconds(self._clock.now())
            except (StorageUnavailable, *UNAVAILABLE) as error:
                log.error("copies_wait", error=type(error).__name__)
                wait = _TROUBLE
            except Exception as error:
                # Not its words: they may quote somebody. The next look begins where the last commit ended.
                log.error("copies_failed", error=type(error).__name__)
                wait = _TROUBLE
            if wait in (_BREATH, _TROUBLE):
                await self._clock.sleep(wait)
            else:
                await feed_bell.wait(max(_BREATH, wait))
