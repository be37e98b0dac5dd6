"""What an author is told of a decision on their post."""

from collections.abc import Sequence
from datetime import datetime

from bridge.core.community import Community
from bridge.core.text import plain
from bridge.members.reach import Letter
from bridge.moderation import appeals, way
from bridge.moderation.panel import refusal_sentence
from bridge.moderation.reasons import Reason
from bridge.rendering.edits import changed, in_words
from bridge.rendering.words import Words
from bridge.storage import codec, dialogue, submissions
from bridge.storage.models import Post, Review, Revision


async def approved(
    review: Review,
    post: Post,
    wording: Revision,
    community: Community,
    now: datetime,
    w: Words,
    *,
    offered: Sequence[str] = (),
) -> Letter:
    """How far it goes and when, and what a moderator changed that its author has not agreed to already."""
    told = plain(way.sentences(review, post, community, now, w, offered=offered))
    own = await submissions.authors_revision(review.submission_id, before=wording.number) if wording.editor else None
    if own is None or review.consent == dialogue.GIVEN:
        return Letter(text=told)
    before, after = codec.load(codec.RICH_TEXT, own.text), codec.load(codec.RICH_TEXT, wording.text)
    return Letter(
        text=told + " " + w._("A moderator changed the wording:") + "\n\n" + (changed(before, after) or after),
        line=told + " " + in_words(before, after, w),
    )


async def rejected(review: Review, reason: Reason, own_words: str, now: datetime, w: Words) -> Letter:
    """Why not, and the way to a second look."""
    told = plain(rejection_text(review, reason, own_words, w))
    return await appeals.offer(told, review, now, w) if await appeals.possible(review) else Letter(text=told)


def rejection_text(review: Review, reason: Reason, own_words: str, w: Words) -> str:
    """Why, in a sentence; after an appeal, the last word."""
    number = review.submission.number
    why = refusal_sentence(reason, own_words, w).rstrip(". ")
    if review.kind == appeals.KIND and reason is Reason.OTHER:
        return w._(
            "Your post #{number} was looked at a second time and is still not published. The moderator writes: {words} "
            "This decision is final. You can change your text and send it as a new post.",
            number=number,
            words=own_words,
        )
    if review.kind == appeals.KIND:
        return w._(
            "Your post #{number} was looked at a second time and is still not published, because {reason}. This "
            "decision is final. You can change your text and send it as a new post.",
            number=number,
            reason=why,
        )
    if reason is Reason.OTHER:
        return w._(
            "Your post #{number} was not published. The moderator writes: {words} You can change it and send it again.",
            number=number,
            words=own_words,
        )
    return w._(
        "Your post #{number} was not published because {reason}. You can change it and send it again.",
        number=number,
        reason=why,
    )
