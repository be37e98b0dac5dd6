"""Items that say the same, joined: the one points to the other, which goes on."""

from bridge.core.states import ReviewState
from bridge.storage import submissions
from bridge.storage.models import Review, Submission


async def into(submission_id: int) -> list[Review]:
    """What was joined with an item, oldest first, with submissions and authors."""
    theirs = await Review.filter(submission_id=submission_id).values_list("id", flat=True)
    found = Review.filter(merged_into__in=list(theirs), state=ReviewState.MERGED).order_by("id")
    return await found.select_related("submission__identity__person")


async def by_number(community: str, number: int) -> Review | None:
    """The review that decides on the item of a number, locked until the transaction ends."""
    submission = await Submission.get_or_none(community=community, number=number)
    review = None if submission is None else await submissions.review_of_submission(submission.id)
    return None if review is None else await submissions.locked_review(review.id)
