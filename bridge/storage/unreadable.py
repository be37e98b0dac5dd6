"""Which posts could not be shown to those who read alone, and of which of them the moderators know."""

import json
from collections.abc import Collection
from datetime import datetime, timedelta

from bridge.core.ids import CommunityId
from bridge.storage.models import Meta

_PAUSE = timedelta(hours=1)
"""Between two messages about it: what fails with one post may fail with all."""
_AT_ONCE = 30
_REMEMBERED = 1000


async def to_tell(community: CommunityId, numbers: Collection[int], now: datetime) -> list[int]:
    """Note posts by their numbers, in the caller's transaction; returns those to tell of now.

    Each is told of once, and nothing within an hour of the last time: it waits until then.
    """
    key = _key(community)
    row = await Meta.get_or_none(key=key)
    known = _Known.of(row)
    new = sorted(set(numbers) - {*known.told, *known.waiting})
    waiting = [*known.waiting, *new]
    due = waiting[:_AT_ONCE] if known.at is None or abs(now - known.at) >= _PAUSE else []
    if not new and not due:
        return []
    told = [*known.told, *due][-_REMEMBERED:]
    at = now if due else known.at
    value = json.dumps(
        {"told": told, "waiting": waiting[len(due) :][:_REMEMBERED], "at": None if at is None else at.isoformat()}
    )
    await Meta.update_or_create(key=key, defaults={"value": value})
    return due


async def any_waits(community: CommunityId) -> bool:
    return bool(_Known.of(await Meta.get_or_none(key=_key(community))).waiting)


class _Known:
    """What a row holds."""

    def __init__(self, told: list[int], waiting: list[int], at: datetime | None) -> None:
        self.told, self.waiting, self.at = told, waiting, at

    @classmethod
    def of(cls, row: Meta | None) -> "_Known":
        if row is None:
            return cls([], [], None)
        kept = json.loads(row.value)
        return cls(kept["told"], kept["waiting"], kept["at"] and datetime.fromisoformat(kept["at"]))


def _key(community: CommunityId) -> str:
    return f"unreadable:{community}"


__all__ = ["any_waits", "to_tell"]
