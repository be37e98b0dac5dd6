"""Who works on an item: claims, and escalation to named people. Each change is one conditional update."""

from datetime import datetime

from bridge.core.states import ReviewState
from bridge.storage.models import Review


async def claim(review: Review, *, by: str = "", name: str = "", at: datetime | None = None) -> bool:
    """Change who has claimed a held item (empty: nobody), where that is still what we read."""
    before = review.claimed_at
    held = Review.filter(id=review.id, state=ReviewState.HELD, claimed_by=review.claimed_by)
    still = held.filter(claimed_at__isnull=True) if before is None else held.filter(claimed_at=before)
    values = {"claimed_by": by, "claimed_name": name, "claimed_at": at}
    if await still.update(**values) != 1:
        return False
    review.update_from_dict(values)
    return True


async def claimed(community: str, *, since: datetime | None = None) -> list[int]:
    """The held reviews that somebody has claimed (``since``: not later than), oldest first."""
    found = Review.filter(community=community, state=ReviewState.HELD).exclude(claimed_by="").order_by("id")
    return [row.id for row in await (found if since is None else found.filter(claimed_at__lte=since)).only("id")]


async def escalate(review: Review, *, name: str, now: datetime) -> bool:
    """True once, while it is held; whoever worked on it did so without knowing, so their claim ends."""
    open_ = Review.filter(id=review.id, state=ReviewState.HELD, escalated_at__isnull=True)
    values = {"escalated_name": name, "escalated_at": now, "claimed_by": "", "claimed_name": "", "claimed_at": None}
    changed = await open_.update(**values)
    await review.refresh_from_db()
    return changed == 1


async def deescalate(review: Review) -> bool:
    """False where it is decided, or escalated no more."""
    still = Review.filter(id=review.id, state=ReviewState.HELD, escalated_at__isnull=False)
    if await still.update(escalated_name="", escalated_at=None) != 1:
        return False
    await review.refresh_from_db()
    return True
