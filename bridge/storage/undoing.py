"""An approval that is undone before anything of its post was sent: the post goes, with all that it was given.

Approved again, the post comes back under the same id, so that whatever answered it or was copied from it still fits.
A rejection (or that an item was joined with another) is undone before anybody was told of it.
"""

import re
from collections.abc import Iterable, Sequence

from tortoise.queryset import QuerySet

from bridge.core.states import DeliveryState, DeliveryStep, ReviewState, ReviewStep
from bridge.storage import archive, codec, ledger_changes
from bridge.storage.counting import give_back
from bridge.storage.ledger_reads import NOTICE, POST
from bridge.storage.ledger_steps import advance
from bridge.storage.models import Decision, Delivery, Post, Review

APPROVED = "approved"
"""What the notices that tell of an approval bear as their ``view``."""
UNDO = ReviewStep.UNDO.value
"""In the audit log; its detail has the id of the post that went, or (``was``) the state that was left."""
_ENDED = re.compile(r"ended:(\d{1,18})")


def is_unattempted(rows: Iterable[Delivery]) -> bool:
    """Has nothing of a post been tried yet? A member's own message that stands in its group is no attempt."""
    ours = [row for row in rows if row.detail != ledger_changes.ORIGINAL]
    return bool(ours) and all(row.state == DeliveryState.PLANNED and not row.attempts for row in ours)


async def lock_unattempted(post: Post) -> bool:
    """Is nothing of it tried yet? Then nothing will be until the caller's transaction ends."""
    # Looked at without a lock first: where the outcome of a send is being written down, its rows are not waited for.
    if not is_unattempted(await Delivery.filter(post_id=post.id, kind=POST)):
        return False
    if not is_unattempted(await ledger_changes.locked(post.id)):
        return False
    # After its rows, as a worker does. It is not given to those who read privately while this is decided.
    now_there = await Post.filter(id=post.id).select_for_update().first()
    return now_there is not None and now_there.feed_number is None


async def erase(post: Post) -> None:
    """Remove a post and its rows (``lock_unattempted`` comes first), and give back its running numbers."""
    await Delivery.filter(post_id=post.id).delete()
    await Post.filter(id=post.id).delete()
    await archive.drop([post.id])
    if post.theme_number is not None:
        await give_back(f"theme:{post.theme_id}", post.theme_number)
    if post.thread_id is not None:
        await give_back(f"thread:{post.thread_id}", post.thread_number - 1)


async def call_off_notices(review_id: int, post: Post) -> bool:
    """Cancel what nobody has been told yet of this approval; True where somebody has been told, or may have been."""
    told = False
    notices = Delivery.filter(review_id=review_id, kind=NOTICE, view=APPROVED, planned_at__gte=post.approved_at)
    for row in await notices.order_by("id"):
        untold = row.state == DeliveryState.PLANNED and not row.attempts
        told |= not (untold and await advance(row, DeliveryStep.CANCEL))
    return told


async def former_id(review_id: int) -> int | None:
    """The id of the post that an earlier approval of this review had made."""
    details = [codec.load_object(line.detail) for line in await Decision.filter(review_id=review_id, action=UNDO)]
    return max((int(detail["post"]) for detail in details if "post" in detail), default=None)


# --- rejected, or joined with another ---


def ended(review: Review) -> str:
    """What the notices that tell of such an end bear as their ``view``, and what removes them again."""
    return f"ended:{review.id}"


def ended_review(row: Delivery) -> int | None:
    """The id of the review whose end a notice tells of."""
    match = _ENDED.fullmatch(row.view) if row.kind == NOTICE else None
    return None if match is None else int(match[1])


def _notices(review: Review) -> QuerySet[Delivery]:
    return Delivery.filter(kind=NOTICE, view=ended(review), planned_at__gte=review.decided_at).order_by("id")


def _untold(rows: Sequence[Delivery]) -> bool:
    return bool(rows) and all(row.state == DeliveryState.PLANNED and not row.attempts for row in rows)


async def is_untold(review: Review) -> bool:
    """Does everybody who is to be told of its end still wait to be?"""
    return review.state in (ReviewState.REJECTED, ReviewState.MERGED) and _untold(await _notices(review))


async def call_off_end(review: Review) -> bool:
    """Tell nobody; False, and nothing done, where somebody has been told or is just being."""
    rows = await _notices(review).select_for_update()
    if not _untold(rows):
        return False
    for row in rows:
        await advance(row, DeliveryStep.CANCEL)
    return True
