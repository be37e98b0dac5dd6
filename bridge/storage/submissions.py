"""Submissions, their revisions and reviews, and decisions; offers posts and the handles that buttons carry, too."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from bridge.core.ids import RemoteRef
from bridge.core.message import Attachment, Uncarried
from bridge.core.states import REVIEW, ReviewState, ReviewStep
from bridge.core.text import RichText
from bridge.storage import audit, codec, lookup, people
from bridge.storage.audit import audit_actor
from bridge.storage.counting import next_number
from bridge.storage.handles import handle, handle_by_token
from bridge.storage.models import Identity, Query, Review, Revision, Submission
from bridge.storage.posts import (
    author_key,
    drafted,
    of_posts,
    post_by_id,
    post_by_number,
    post_of_submission,
    posts_before,
    publish,
)
from bridge.storage.questions import ask, close_queries, queries, reopen_queries
from bridge.storage.reasons import Reasons
from bridge.storage.sources import (
    add_source,
    drop_source,
    end_run,
    files_of,
    followed,
    is_known,
    share,
    sources,
    submission_by_album,
    submission_by_source,
)


async def submit(
    *,
    community: str,
    identity: Identity,
    source: RemoteRef,
    private: bool,
    intake: str,
    text: RichText,
    attachments: Sequence[Attachment],
    uncarried: Sequence[Uncarried],
    reasons: Sequence[str],
    now: datetime,
    album: str = "",
    reply_post_id: int | None = None,
    reply_place: str = "",
    reply_excerpt: str = "",
    findings: str = "{}",
    noted: Sequence[str] = (),
    publish: bool = False,
    approvals: int = 1,
    headline: str = "",
    theme_id: int | None = None,
    origin_post_id: int | None = None,
    said: RichText | None = None,
    cut: str = "",
) -> Review:
    """A new submission with its first revision, held for review; inside the caller's transaction.

    ``cut``: what it held and is not taken as its author's words; ``said``: what of the text its author wrote.
    ``reasons``, ``noted``, ``publish``: see ``storage.reasons``.
    """
    submission = await Submission.create(
        community=community,
        number=await next_number(f"submission:{community}"),
        identity=identity,
        account=source.account,
        chat=source.chat,
        message=source.message,
        private=private,
        intake=intake,
        album=album,
        reply_post_id=reply_post_id,
        reply_place=reply_place,
        reply_excerpt=reply_excerpt,
        cut=cut,
        origin_post_id=origin_post_id,
        created_at=now,
    )
    if origin_post_id is None:
        own = text if said is None else said
        await add_source(submission, source, text=own, attachments=attachments, uncarried=uncarried, now=now)
    await add_revision(submission, 1, text, attachments, uncarried, now, findings=findings)
    return await Review.create(
        community=community,
        submission=submission,
        revision=1,
        reasons=Reasons(codes=tuple(reasons), noted=tuple(noted), publish=publish).stored(),
        approvals=approvals,
        headline=headline,
        theme_id=theme_id,
        created_at=now,
    )


async def add_revision(
    submission: Submission,
    number: int,
    text: RichText,
    attachments: Sequence[Attachment],
    uncarried: Sequence[Uncarried],
    now: datetime,
    editor: str = "",
    findings: str = "{}",
) -> Revision:
    """Keep one wording; its number must be new (``next_revision``)."""
    return await Revision.create(
        submission=submission,
        number=number,
        text=codec.dump(codec.RICH_TEXT, text),
        attachments=codec.dump(codec.ATTACHMENTS, tuple(attachments)),
        uncarried=codec.dump(codec.UNCARRIED, tuple(uncarried)),
        editor=editor,
        findings=findings,
        created_at=now,
    )


async def next_revision(submission_id: int) -> int:
    """The number of a further wording: all reviews of a submission share one count."""
    newest = await Revision.filter(submission_id=submission_id).order_by("-number").first()
    return 1 if newest is None else newest.number + 1


async def revise(
    review: Review,
    text: RichText,
    attachments: Sequence[Attachment],
    uncarried: Sequence[Uncarried],
    now: datetime,
    *,
    editor: str = "",
    findings: str = "{}",
) -> bool:
    """A new wording while it is held: older buttons stop counting. False where it was decided meanwhile."""
    number = await next_revision(review.submission_id)
    # Nobody has to agree to what is the author's own; and another link is not shown because the one before it was.
    values: dict[str, Any] = {"revision": number} if editor else {"revision": number, "consent": "", "previews": False}
    held = Review.filter(id=review.id, state=ReviewState.HELD, revision=review.revision)
    if await held.update(**values) != 1:
        return False
    review.update_from_dict(values)
    if not editor:
        await Query.filter(review_id=review.id, kind="consent", answered_at__isnull=True).update(closed=True)
    submission = await Submission.get(id=review.submission_id)
    await add_revision(submission, number, text, attachments, uncarried, now, editor, findings)
    return True


async def decide(
    review: Review,
    step: ReviewStep,
    *,
    revision: int,
    by: Identity | None,
    name: str,
    now: datetime,
    reason: str = "",
    words: str = "",
    detail: Mapping[str, Any] | None = None,
    **values: Any,
) -> bool:
    """One conditional change of state and its line in the audit log; False where somebody else was first.

    ``by``: who decided, None for the program itself; ``detail``: for the audit line; ``values``: further columns.
    """
    changed = await Review.filter(id=review.id, state__in=REVIEW.sources(step), revision=revision).update(
        state=REVIEW.target(step),
        decided_by="" if by is None else str(by.ref),
        decided_name=name,
        decided_at=now,
        reason=reason,
        words=words,
        **values,
    )
    if changed != 1:
        return False
    await audit.write(
        community=review.community,
        actor=audit_actor(by),
        action=step.value,
        now=now,
        review_id=review.id,
        revision=revision,
        reason=reason,
        detail=detail,
    )
    await Review.filter(id=review.id).update(claimed_by="", claimed_name="", claimed_at=None)
    await review.refresh_from_db()
    return True


async def review_by_id(review_id: int) -> Review | None:
    return await lookup.first(Review, related=("submission", "identity", "person"), id=review_id)


async def locked_review(review_id: int) -> Review | None:
    """The same, locked until the caller's transaction ends: of two moderators at once one comes after the other."""
    # The lock first, then the reading: an outer join cannot be locked. SQLite has one writer, who is this transaction.
    can_lock = Review._meta.db.capabilities.support_for_update  # noqa: SLF001 - Tortoise's way from a model to its connection
    if can_lock and await Review.filter(id=review_id).select_for_update().first() is None:
        return None
    return await review_by_id(review_id)


async def lock(review: Review) -> None:
    """Lock a review that was read before, until the caller's transaction ends, and bring it up to date."""
    await Review.filter(id=review.id).select_for_update().first()
    await review.refresh_from_db()


async def review_by_number(community: str, number: int) -> Review | None:
    return (
        await Review.filter(community=community, submission__number=number)
        .order_by("-id")
        .select_related("submission__identity__person")
        .first()
    )


async def held(community: str, limit: int = 20) -> list[Review]:
    """The queue, longest waiting first."""
    return (
        await Review.filter(community=community, state=ReviewState.HELD)
        .order_by("id")
        .limit(limit)
        .select_related("submission__identity__person")
    )


async def decided_since(community: str, since: datetime) -> list[Review]:
    """What was decided (or withdrawn) since a moment."""
    decided = Review.filter(community=community, decided_at__gte=since).exclude(state=ReviewState.HELD)
    return await decided.order_by("id")


async def count_held(community: str) -> int:
    return await Review.filter(community=community, state=ReviewState.HELD).count()


async def revision(submission_id: int, number: int) -> Revision:
    """One wording of a submission."""
    found = await lookup.first(Revision, submission_id=submission_id, number=number)
    if found is None:
        raise LookupError("there is no such wording")
    return found


async def revision_of(review: Review) -> Revision:
    """The wording now under review."""
    return await revision(review.submission_id, review.revision)


async def amend(
    review: Review,
    text: RichText,
    attachments: Sequence[Attachment],
    uncarried: Sequence[Uncarried],
    *,
    findings: str = "{}",
) -> bool:
    """Complete the wording under review before anybody was shown it (the further items of an album).

    False where it was changed or decided meanwhile.
    """
    # Locks the review until the transaction ends, so that nobody decides on or rewords what is being completed.
    held = Review.filter(id=review.id, state=ReviewState.HELD, revision=review.revision)
    if await held.update(revision=review.revision) != 1:
        return False
    await Revision.filter(submission_id=review.submission_id, number=review.revision).update(
        text=codec.dump(codec.RICH_TEXT, text),
        attachments=codec.dump(codec.ATTACHMENTS, tuple(attachments)),
        uncarried=codec.dump(codec.UNCARRIED, tuple(uncarried)),
        findings=findings,
    )
    return True


async def authors_revision(submission_id: int, *, before: int | None = None) -> Revision | None:
    """The author's own latest wording (older than revision ``before``), whatever moderators made of it."""
    own = Revision.filter(submission_id=submission_id, editor="").order_by("-number")
    return await (own if before is None else own.filter(number__lt=before)).first()


async def has_words(submission_id: int) -> bool:
    """Is there still a wording, or a file? Of what was never published nothing is kept after its time."""
    rows = await Revision.filter(submission_id=submission_id)
    return any(
        codec.load(codec.RICH_TEXT, row.text) or row.attachments != "[]" or row.uncarried != "[]" for row in rows
    )


async def revision_before(submission_id: int, number: int) -> Revision | None:
    """The wording that another one took the place of."""
    return await Revision.filter(submission_id=submission_id, number__lt=number).order_by("-number").first()


async def edited_by_moderator(submission_id: int, number: int) -> bool:
    """Is this wording a moderator's, and another than the author's own?"""
    wording = await Revision.get_or_none(submission_id=submission_id, number=number)
    if wording is None or not wording.editor:
        return False
    own = await authors_revision(submission_id, before=number)
    return own is None or own.text != wording.text


async def review_of_submission(submission_id: int) -> Review | None:
    """The review that decides whether it is published: the first one, or the appeal against it."""
    return (
        await Review.filter(submission_id=submission_id, kind__in=["post", "appeal"])
        .order_by("-id")
        .select_related("submission__identity__person")
        .first()
    )


async def reviews_by(identity: Identity, limit: int = 5) -> list[Review]:
    """A person's latest submissions, newest first."""
    return (
        await Review.filter(submission__identity_id__in=await people.accounts_of(identity.person_id))
        .order_by("-id")
        .limit(limit)
        .select_related("submission")
    )


async def approved_reviews(submission_ids: Collection[int]) -> list[int]:
    """Those of these submissions that ended with an approval, oldest first."""
    if not submission_ids:
        return []
    asked = sorted(submission_ids)
    return [row.id for row in await lookup.rows(Review, submission_id=asked, state=ReviewState.APPROVED, order="id")]


async def reviews_of_submission(submission_id: int) -> list[Review]:
    """All of them, oldest first: of the post, of an appeal, of corrections."""
    return (
        await Review.filter(submission_id=submission_id).order_by("id").select_related("submission__identity__person")
    )


__all__ = [
    "add_revision",
    "add_source",
    "amend",
    "approved_reviews",
    "ask",
    "audit_actor",
    "author_key",
    "authors_revision",
    "close_queries",
    "count_held",
    "decide",
    "decided_since",
    "drafted",
    "drop_source",
    "edited_by_moderator",
    "end_run",
    "files_of",
    "followed",
    "handle",
    "handle_by_token",
    "held",
    "is_known",
    "lock",
    "locked_review",
    "next_revision",
    "of_posts",
    "post_by_id",
    "post_by_number",
    "post_of_submission",
    "posts_before",
    "publish",
    "queries",
    "reopen_queries",
    "review_by_id",
    "review_by_number",
    "review_of_submission",
    "reviews_by",
    "reviews_of_submission",
    "revise",
    "revision",
    "revision_before",
    "revision_of",
    "share",
    "sources",
    "submission_by_album",
    "submission_by_source",
    "submit",
]
