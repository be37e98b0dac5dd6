"""Approvals where more than one is needed. All of them stay in the audit log; these rows are those that still count."""

from datetime import datetime

from bridge.core.states import ReviewState
from bridge.storage.models import Identity, Review
from bridge.storage.models_desk import Vote


async def cast(review: Review, revision: int, shows: str, *, by: Identity, name: str, now: datetime) -> Vote:
    """Add one; the review is locked by the caller's transaction, so nobody's counts twice."""
    return await Vote.create(
        review_id=review.id,
        revision=revision,
        shows=shows,
        person_id=by.person_id,
        actor=str(by.ref),
        name=name,
        at=now,
    )


async def forget(review_id: int) -> None:
    """None counts any more."""
    await Vote.filter(review_id=review_id).delete()


async def take_back(review_id: int, person_id: int) -> bool:
    """A person's; False where they have given none."""
    return bool(await Vote.filter(review_id=review_id, person_id=person_id).delete())


async def waiting_with(community: str, person_id: int) -> list[int]:
    """The held reviews that a person has approved and that wait for others."""
    theirs = Vote.filter(review__community=community, review__state=ReviewState.HELD, person_id=person_id)
    return sorted({vote.review_id for vote in await theirs})
