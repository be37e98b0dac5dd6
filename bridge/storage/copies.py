"""Copies of a post in other communities: each is an item of its own there, with the same source."""

from bridge.core.states import ReviewState
from bridge.storage import submissions
from bridge.storage.counting import lock
from bridge.storage.models import Review, Submission


async def take_turns(community: str) -> None:
    """One copy after the other: until the transaction ends no other is made in this community."""
    await lock(f"copies:{community}")


async def is_known(community: str, submission: Submission) -> bool:
    """Has a community the same item already: as its own, or as a copy that was not withdrawn?"""
    same = Review.filter(
        community=community,
        submission__account=submission.account,
        submission__chat=submission.chat,
        submission__message=submission.message,
    )
    return await same.exclude(state=ReviewState.WITHDRAWN).exists()


async def reviews(post_id: int) -> list[Review]:
    """What decides on the copies of a post, each locked until the transaction ends, oldest first."""
    found: list[Review] = []
    for copy in await Submission.filter(origin_post_id=post_id).order_by("id"):
        newest = await submissions.review_of_submission(copy.id)
        review = None if newest is None else await submissions.locked_review(newest.id)
        found += [] if review is None else [review]
    return found
