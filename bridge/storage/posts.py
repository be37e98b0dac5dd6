"""Posts: what an approval makes, and where it is found again."""

import hashlib
import hmac
from collections.abc import Collection
from datetime import datetime
from typing import Any

from bridge.core.states import POST
from bridge.storage import archive, lookup, people
from bridge.storage.models import Meta, Post, Review, Revision, Submission


def drafted(review: Review, *, author: str, card: str, revision: Revision, now: datetime, **beside: Any) -> Post:
    """The post that approval of a wording makes, not stored. ``beside``: further columns."""
    submission = review.submission
    return Post(
        community=review.community,
        number=submission.number,
        submission=submission,
        revision=revision.number,
        author=author,
        text=revision.text,
        attachments=revision.attachments,
        uncarried=revision.uncarried,
        card=card,
        reply_post_id=submission.reply_post_id,
        reply_place=submission.reply_place,
        state=POST.initial,
        approved_at=now,
        **beside,
    )


async def publish(post: Post) -> Post:
    """Store the post of an approved review; inside the transaction of the approval."""
    await post.save(force_create=True)
    await archive.keep(post)
    return post


async def post_by_id(post_id: int) -> Post | None:
    return await lookup.first(Post, id=post_id)


async def post_by_number(community: str, number: int) -> Post | None:
    return await Post.get_or_none(community=community, number=number)


async def post_of_submission(submission_id: int) -> Post | None:
    return await lookup.first(Post, submission_id=submission_id)


async def author_key(post: Post) -> str:
    """What an author's posts in a community have in common; it leads to nobody, and to no other community."""
    submission = await Submission.get_or_none(id=post.submission_id).select_related("identity")
    if submission is None:
        return ""
    installation = await Meta.get_or_none(key="installation")
    secret = "" if installation is None else installation.value
    name = f"{post.community}:{submission.identity.person_id}"
    return hmac.new(f"author:{secret}".encode(), name.encode(), hashlib.sha256).hexdigest()[:24]


async def of_posts(post_ids: Collection[int]) -> list[int]:
    """The numbers of the submissions that these posts were made of."""
    if not post_ids:
        return []
    return [post.submission_id for post in await lookup.rows(Post, id=sorted(post_ids), order="id")]


async def posts_before(submission: Submission) -> int:
    """How many other posts of the same person were approved before this one was sent."""
    theirs = await people.accounts_of(submission.identity.person_id)
    return await Post.filter(submission__identity_id__in=theirs, submission_id__lt=submission.id).count()
