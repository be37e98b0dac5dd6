"""What the rules of intake look up: how much somebody has sent lately, and what it said."""

from datetime import datetime

from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from bridge.core.errors import Refusal
from bridge.core.ids import Address
from bridge.core.states import DeliveryState, PostState, ReviewState
from bridge.storage import codec, lookup, people
from bridge.storage.ledger_reads import REMOVAL
from bridge.storage.models import Delivery, Post, Review, Revision, Submission

_MOST_TEXTS = 200
"""Recent texts that a new one is compared with, the newest."""


async def has_written(person_id: int, community: str) -> bool:
    """Has a person written in a group of a community, or does a post of theirs stand published there?"""
    accounts = await people.accounts_of(person_id)
    theirs = Submission.filter(identity_id__in=accounts, community=community, origin_post_id=None)
    return await theirs.filter(Q(private=False) | Q(post__state=PostState.LIVE)).exists()


async def published_by(person_id: int, community: str) -> int:
    """How many posts of a person stand published in a community."""
    accounts = await people.accounts_of(person_id)
    return await Post.filter(submission__identity_id__in=accounts, community=community, state=PostState.LIVE).count()


def _sent(community: str, since: datetime, besides: int | None) -> QuerySet[Submission]:
    """What members sent, not what other communities offered."""
    found = Submission.filter(community=community, created_at__gt=since, origin_post_id=None)
    return found if besides is None else found.exclude(id=besides)


async def _moments(found: QuerySet[Submission], limit: int) -> list[datetime]:
    return [row.created_at for row in await found.order_by("-created_at", "-id").limit(limit).only("id", "created_at")]


async def sent_by(
    person_id: int, community: str, since: datetime, *, limit: int, besides: int | None = None
) -> list[datetime]:
    """When a person sent messages since a moment, whatever became of them; the newest, newest first."""
    # By whose they are, and not by when they came: in a busy hour thousands do.
    own = await lookup.rows(
        Submission,
        identity_id=await people.accounts_of(person_id),
        community=community,
        origin_post_id=None,
        order="-id",
        limit=limit + 1,
    )
    return [row.created_at for row in own if row.id != besides and row.created_at > since][:limit]


async def sent_in(
    source: Address, community: str, since: datetime, *, limit: int, besides: int | None = None
) -> list[datetime]:
    """When messages came from a chat since a moment; the newest, newest first."""
    return await _moments(_sent(community, since, besides).filter(account=source.account, chat=source.chat), limit)


async def reworded(submission_id: int, since: datetime) -> int:
    """How many wordings of a submission its author has given since a moment."""
    return await Revision.filter(submission_id=submission_id, editor="", created_at__gt=since).count()


async def originals_stay(chat: Address, since: datetime) -> bool:
    """Was the bot, at its latest try since a moment, refused to take a member's message out of a chat?"""
    tried = Delivery.filter(account=chat.account, chat=chat.chat, kind=REMOVAL, done_at__gt=since)
    settled = tried.filter(state__in=[DeliveryState.DELIVERED, DeliveryState.REFUSED])
    last = await settled.exclude(reason=Refusal.TARGET_GONE).order_by("-id").first()
    return last is not None and last.state == DeliveryState.REFUSED


async def recent_texts(
    community: str, since: datetime, *, besides: int | None = None
) -> list[tuple[int, datetime, str]]:
    """(number, when, text) of what is held or was published since a moment, newest first."""
    reviews = Review.filter(
        community=community,
        state__in=[ReviewState.HELD, ReviewState.APPROVED],
        submission__community=community,  # by which, and by the moment, the few recent ones are found
        submission__created_at__gt=since,
        kind="post",
    )
    if besides is not None:
        reviews = reviews.exclude(submission_id=besides)
    found = {
        (review.submission_id, review.revision): review.submission
        for review in await reviews.order_by("-id").limit(_MOST_TEXTS).select_related("submission")
    }
    wordings = await Revision.filter(submission_id__in=[submission for submission, _ in found] or [0])
    texts = {(row.submission_id, row.number): row.text for row in wordings}
    return [
        (submission.number, submission.created_at, codec.load(codec.RICH_TEXT, texts[key]).text)
        for key, submission in found.items()
    ]
