"""What happens because time has passed. Ticks only poke: what is due is written in the tables."""

from collections.abc import Awaitable, Callable
from datetime import datetime

import structlog

from bridge.core.community import Communities, Community
from bridge.core.errors import StorageUnavailable
from bridge.delivery.directory import Directory
from bridge.members import copies
from bridge.moderation import claims, daily, patience, reminders, unread
from bridge.storage.database import UNAVAILABLE

log = structlog.get_logger()

Tick = Callable[[Community, Directory, datetime], Awaitable[None]]
TICKS: tuple[Tick, ...] = (reminders.tick, daily.tick, claims.tick, patience.tick, unread.tick, copies.tick)


async def tick(communities: Communities, directory: Directory, now: datetime) -> None:
    """Once a minute. One timer's failure stops no other, nor those of another community."""
    for community in communities.all:
        for timer in TICKS:
            try:
                await timer(community, directory, now)
            except (StorageUnavailable, *UNAVAILABLE):
                return
            except Exception as error:
                # Not its words: they may quote what somebody wrote.
                log.error("timer_failed", timer=timer.__module__, error=type(error).__name__)
