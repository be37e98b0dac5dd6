"""What a running program does for its own order: old rows and files leave. Part of the composition root."""

import asyncio
from contextlib import suppress

import structlog

from bridge.core.clock import Clock
from bridge.core.errors import StorageUnavailable
from bridge.core.membership import Retention
from bridge.media.store import MediaStore
from bridge.storage import archive, database, erasure, sqlite_files, upkeep
from bridge.storage.bells import upkeep_bell

log = structlog.get_logger()

_UNUSED_FOR = 600.0
"""Seconds that a file must have lain there before it is removed as used by nobody."""
_BACKUPS_STAY = 30 * 86400.0
"""Seconds that the copy made before an upgrade or a restore is kept."""


class Housekeeper:
    """Of several programs on one database, one has it."""

    def __init__(self, database_url: str, retention: Retention, media: MediaStore, clock: Clock) -> None:
        self._database = database_url
        self._retention = retention
        self._media = media
        self._clock = clock

    async def keep_up(self) -> None:
        """Once in a while: what is older than the config keeps leaves."""
        with suppress(StorageUnavailable):
            await upkeep.prune(self._clock.now(), self._retention)
        try:
            await self._remove_unused()
            if await erasure.is_marked():
                await database.scrub(whole=True)
                await erasure.unmark()
        except StorageUnavailable as error:
            log.warning("erasure_waits", error=type(error).__name__)
        await asyncio.to_thread(self._media.sweep)
        await asyncio.to_thread(sqlite_files.forget_backups, database.sqlite_path(self._database), _BACKUPS_STAY)
        await asyncio.to_thread(self._media.forget_copies, _BACKUPS_STAY)

    async def forget_files(self) -> None:
        """Somebody was erased: what the tables no longer hold leaves the disk, too."""
        while True:
            await upkeep_bell.wait(3600.0)
            try:
                await upkeep.after_erasure()
                await self._remove_unused()
                await database.scrub(whole=False)
            except (StorageUnavailable, *database.UNAVAILABLE) as error:
                log.warning("erasure_waits", error=type(error).__name__)  # it is marked, and done in an hour
            except Exception as error:
                log.error("erasure_failed", error=type(error).__name__)

    async def _remove_unused(self) -> None:
        for _ in range(2):  # when a file is gone, so is the use of what was made smaller of it
            for sha256 in await erasure.unused_files():
                if await asyncio.to_thread(self._media.remove, sha256, unused_for=_UNUSED_FOR):
                    await erasure.file_is_gone(sha256, self._clock.now())

    async def fill_archive(self) -> None:
        """Posts from before there was an archive, once."""
        try:
            count = await archive.fill()
        except (StorageUnavailable, *database.UNAVAILABLE):
            return  # the next start does it
        except Exception as error:  # not its words: they may quote somebody. No page is worth the whole program
            log.error("archive_not_filled", error=type(error).__name__)
            return
        if count:
            log.info("archive_filled", posts=count)
