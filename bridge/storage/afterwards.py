"""What becomes of a post after its publication: another wording, or that it is taken back; and who asked for either."""

from collections.abc import Sequence
from datetime import datetime

from bridge.core.message import Attachment, Uncarried
from bridge.core.states import POST, PostState, PostStep, ReviewState
from bridge.core.text import RichText
from bridge.storage import archive, beside, codec, feed, submissions
from bridge.storage.ledger_reads import EXHIBIT
from bridge.storage.models import Delivery, Post, Review, Revision, Submission

CORRECTION = "correction"
ASKED_BACK = "ask_retract"
"""In the audit log, and as the view of what moderators are shown: the author asks to have a post taken back."""


async def retract(post: Post, *, name: str, now: datetime) -> bool:
    """Take a post back, its private copies with it; False where somebody else was first."""
    values = {"state": POST.target(PostStep.RETRACT), "retracted_at": now, "retracted_name": name}
    if await Post.filter(id=post.id, state__in=POST.sources(PostStep.RETRACT)).update(**values) != 1:
        return False
    post.update_from_dict(values)
    await archive.drop([post.id])
    await feed.taken_back(post, now)
    return True


async def give_reason(submission_id: int, words: str) -> None:
    """Keep why a post was taken back, for the card of the review that published it."""
    review = await submissions.review_of_submission(submission_id)
    if review is not None:
        await Review.filter(id=review.id).update(words=words)


async def lock_live(post: Post) -> bool:
    """Lock a post until the transaction ends; False where it has been taken back."""
    return await Post.filter(id=post.id, state=PostState.LIVE).select_for_update().first() is not None


async def reword(post: Post, wording: Revision, now: datetime, **beside: str) -> bool:
    """Give a post that is not taken back another wording. ``beside``: further columns that change with it."""
    values = {
        "text": wording.text,
        "attachments": wording.attachments,
        "uncarried": wording.uncarried,
        "revision": wording.number,
        "corrected_at": now,
        **beside,
    }
    if await Post.filter(id=post.id, state=PostState.LIVE).update(**values) != 1:
        return False
    post.update_from_dict(values)
    await archive.keep(post)
    return True


async def open_correction(
    about: Review,
    text: RichText,
    attachments: Sequence[Attachment],
    uncarried: Sequence[Uncarried],
    now: datetime,
    *,
    editor: str,
    findings: str,
    approvals: int,
    headline: str,
    short: str = "",
    short_revision: int = 0,
) -> Review:
    """A new wording of what is published, held for review. ``editor``: the moderator's name, empty for the author.

    The notes that stand are its to begin with; ``short``: the short version, and of which wording it is.
    """
    number = await submissions.next_revision(about.submission_id)
    submission = await Submission.get(id=about.submission_id)
    await submissions.add_revision(submission, number, text, attachments, uncarried, now, editor, findings)
    review = await Review.create(
        kind=CORRECTION,
        community=about.community,
        submission=submission,
        revision=number,
        reasons=codec.dump_object({"codes": [CORRECTION]}),
        approvals=approvals,
        headline=headline,
        theme_id=about.theme_id,
        targets=about.targets,
        short=short,
        short_revision=short_revision,
        about_review=about.id,
        created_at=now,
    )
    approved = Review.filter(submission_id=about.submission_id, state=ReviewState.APPROVED).order_by("-id")
    await beside.copy_notes(await approved.first() or about, review)
    return review


async def held_correction(submission_id: int) -> Review | None:
    """The correction that waits for a decision, locked until the transaction ends; there is at most one."""
    waiting = Review.filter(submission_id=submission_id, kind=CORRECTION, state=ReviewState.HELD)
    found = await waiting.order_by("-id").select_for_update().first()
    return None if found is None else await submissions.review_by_id(found.id)


async def is_authors(review: Review) -> bool:
    """Is it the author's own? Corrections that moderators propose are not."""
    return review.kind != CORRECTION or not (await submissions.revision_of(review)).editor


async def published_before(review: Review) -> Revision | None:
    """The wording that stood in the groups before this (approved) correction replaced it."""
    earlier = (
        await Review.filter(submission_id=review.submission_id, state=ReviewState.APPROVED, id__lt=review.id)
        .order_by("-id")
        .first()
    )
    return None if earlier is None else await submissions.revision(review.submission_id, earlier.revision)


async def is_asked_back(review: Review) -> bool:
    """Has the author asked to have it taken back, and have the moderators been told?"""
    about = review.about_review if review.kind == CORRECTION else review.id
    return await Delivery.filter(review_id=about, kind=EXHIBIT, view=ASKED_BACK).exists()


async def copies(post: Post) -> list[Submission]:
    """What other communities were offered, or have published, of this post."""
    return await Submission.filter(origin_post_id=post.id).order_by("id")
