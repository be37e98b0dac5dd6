"""A lapsed item comes back as a new one, with the kept text and what was asked and answered."""

from datetime import datetime

from bridge.core.community import Community
from bridge.core.ids import MessageId, RemoteRef
from bridge.core.message import Button
from bridge.core.states import ReviewState
from bridge.core.text import plain
from bridge.members.reach import Letter
from bridge.moderation import cards
from bridge.moderation.acts import Desk
from bridge.rendering.words import Words
from bridge.storage import audit, codec, dialogue, submissions
from bridge.storage.models import Identity, Review


async def offer(said: str, review: Review, now: datetime, w: Words) -> Letter:
    """A sentence, with the way back."""
    token = await submissions.handle("submission", review.submission_id, "restore", now)
    return Letter(
        text=plain(said),
        buttons=((Button(label=w._("Send it to the moderators again"), emoji="♻️", handle=token),),),
        typed=w._("To send it to the moderators again, write RESTORE {number}", number=review.submission.number),
    )


def status(review: Review, w: Words) -> str:
    """A lapsed item in its author's list."""
    return w._(
        "#{number}: closed, because a question was not answered. The text is kept: to send it to the moderators again, "
        "write RESTORE {number}",
        number=review.submission.number,
    )


async def restore(found: Review, community: Community, identity: Identity, desk: Desk, w: Words) -> str:
    """Hold the author's own latest wording anew, once for every lapsed item; returns what to tell them."""
    review = await submissions.locked_review(found.id)
    number = found.submission.number
    if review is None or review.state != ReviewState.LAPSED:
        return w._("#{number} has not lapsed: there is nothing to bring back. /status says how it is.", number=number)
    later = await dialogue.successor(review.id)
    if later is not None:
        return w._("#{number} came back already, as #{new}.", number=number, new=later.submission.number)
    submission = review.submission
    if not await submissions.has_words(submission.id):
        return w._("#{number} lapsed long ago, and its text is no longer kept. Please write it again.", number=number)
    wording = await submissions.authors_revision(submission.id) or await submissions.revision_of(review)
    attachments = codec.load(codec.ATTACHMENTS, wording.attachments)
    uncarried = codec.load(codec.UNCARRIED, wording.uncarried)
    again = await submissions.submit(
        community=community.id,
        identity=identity,
        # Not the original: what becomes of that message now says nothing about this item.
        source=RemoteRef(submission.source.account, submission.source.chat, MessageId(f"restored:{review.id}")),
        private=True,
        intake="private",
        text=codec.load(codec.RICH_TEXT, wording.text),
        attachments=attachments,
        uncarried=uncarried,
        reasons=codec.load_object(review.reasons).get("codes", []),
        now=desk.now,
        reply_post_id=submission.reply_post_id,
        reply_place=submission.reply_place,
        findings=wording.findings,
        approvals=review.approvals,
        theme_id=review.theme_id,
        headline=review.headline,
    )
    await dialogue.succeed(again, review)
    restored = await submissions.review_by_id(again.id) or again
    await dialogue.copy(review, restored)
    await audit.write(
        community=community.id,
        actor=submissions.audit_actor(identity),
        action="restore",
        now=desk.now,
        review_id=restored.id,
        revision=restored.revision,
        detail={"lapsed": review.id},
    )
    await cards.plan(restored, community, desk.directory, desk.now, gather=False)
    return w._(
        "Your text of #{number} is with the moderators again, as #{new}.",
        number=number,
        new=restored.submission.number,
    )
