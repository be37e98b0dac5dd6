"""What the rules of intake look up: how much somebody has sent lately, and what it said."""

from datetime import datetime

from tortoise.queryset import QuerySet

from bridge.core.ids import Address
from bridge.core.states import PostState, ReviewState
from bridge.storage import codec
from bridge.storage.models import Post, Review, Revision, Submission

_MOST_TEXTS = 200
"""Recent texts that a new one is compared with, the newest."""


async def published_by(person_id: int, community: str) -> int:
    """How many posts of a person stand published in a community."""
    return await Post.filter(
        submission__identity__person_id=person_id, community=community, state=PostState.LIVE
    ).count()


def _sent(community: str, since: datetime, besides: int | None) -> QuerySet[Submission]:
    found = Submission.filter(community=community, created_at__gt=since, origin_post_id=None)
    return found if besides is None else found.exclude(id=besides)


async def sent_by(person_id: int, community: str, since: datetime, besides: int | None = None) -> int:
    """How many messages a person has sent since a moment, whatever became of them."""
    return await _sent(community, since, besides).filter(identity__person_id=person_id).count()


async def sent_in(source: Address, community: str, since: datetime, besides: int | None = None) -> int:
    """How many messages have come from a chat since a moment."""
    return await _sent(community, since, besides).filter(account=source.account, chat=source.chat).count()


async def recent_texts(community: str, since: datetime, besides: int | None = None) -> list[tuple[int, str]]:
    """(number, text) of what is held or was published since a moment, newest first."""
    reviews = Review.filter(
        community=community,
        state__in=[ReviewState.HELD, ReviewState.APPROVED],
        submission__created_at__gt=since,
        kind="post",
    )
    if besides is not None:
        reviews = reviews.exclude(submission_id=besides)
    found = await reviews.order_by("-id").limit(_MOST_TEXTS).select_related("submission")
    wanted = {(review.submission_id, review.revision): review.submission.number for review in found}
    wordings = await Revision.filter(submission_id__in=[review.submission_id for review in found] or [0])
    texts = {
        wanted[row.submission_id, row.number]: codec.load(codec.RICH_TEXT, row.text).text
        for row in wordings
        if (row.submission_id, row.number) in wanted
    }
    return sorted(texts.items(), reverse=True)
