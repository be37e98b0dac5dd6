"""Taking a decision back before anybody has seen it: the item waits again as if nothing had been decided.

An approval before anything of the post was sent; a rejection, or a merge, before the authors were told.
"""

from bridge.core.states import PostState, ReviewState, ReviewStep
from bridge.core.text import plain
from bridge.members import contact
from bridge.members.reach import Letter
from bridge.moderation import authors, cards, crossing, decisions, powers
from bridge.moderation.acts import Act, Deed, Reply
from bridge.storage import afterwards, desk, dialogue, submissions, undoing
from bridge.storage.models import Post, Review
from bridge.storage.models_desk import Vote


async def undo(act: Act) -> Reply:
    """All or nothing; where a worker has begun to send, the post stands."""
    review, w = act.review, act.w
    if review.state != ReviewState.APPROVED:
        return await _undo_end(act)
    post = await submissions.post_of_submission(review.submission_id)
    hindered = await _hindered(act, post)
    if hindered:
        return Reply(text=hindered, alert=True)
    if post is None or not await undoing.lock_unattempted(post):
        await cards.refresh(review, act.now)
        return Reply(text=_too_late(act), alert=True)
    if not await submissions.decide(
        review,
        ReviewStep.UNDO,
        revision=act.revision,
        by=act.identity,
        name=act.moderator.name,
        now=act.now,
        detail=powers.audited(act, post=post.id),
    ):
        return decisions.told(await decisions.lost(review, act.revision), act)
    await _as_before(review)
    told = await undoing.call_off_notices(review.id, post)
    elsewhere = await crossing.withdraw(post, act.community, act.desk.communities, act.now, by=act.identity)
    await undoing.erase(post)
    if told:
        await _tell_author(act)
    await cards.refresh(review, act.now)
    text = w._("The approval of #{number} is undone. It waits again.", number=act.number)
    if elsewhere:
        more = w._(
            "It was approved already in: {communities}. The moderators there are told.",
            communities=", ".join(elsewhere),
        )
        return Reply(text=f"{text} {more}", alert=True)
    return Reply(text=text, on_card=True)


async def _as_before(review: Review) -> None:
    await desk.dress(review, decided_by="", decided_name="", decided_at=None)
    await submissions.reopen_queries(review)


async def _undo_end(act: Act) -> Reply:
    """It was rejected, or joined with another."""
    review, w, was = act.review, act.w, act.review.state
    refused = await powers.own(act) or await powers.reserved(act)
    if refused is not None:
        return refused
    if review.kind == afterwards.CORRECTION:
        return Reply(text=await _hindered(act, None), alert=True)
    if await dialogue.appealed(review) or not await undoing.call_off_end(review):
        await cards.refresh(review, act.now)
        return Reply(text=_told_already(act), alert=True)
    target = None if review.merged_into is None else await submissions.review_by_id(review.merged_into)
    if not await submissions.decide(
        review,
        ReviewStep.UNDO,
        revision=act.revision,
        by=act.identity,
        name=act.moderator.name,
        now=act.now,
        detail=powers.audited(act, was=was.value),
        merged_into=None,
    ):
        return decisions.told(await decisions.lost(review, act.revision), act)
    await _as_before(review)
    await Vote.filter(review_id=review.id).delete()  # as after an approval, all are asked anew
    await cards.refresh(review, act.now)
    if target is not None:
        await cards.refresh(target, act.now)
    return Reply(text=w._("The decision on #{number} is undone. It waits again.", number=act.number), on_card=True)


def _told_already(act: Act) -> str:
    if act.review.state == ReviewState.MERGED:
        return act.w._("Too late: the authors of #{number} have been told. Nothing was done.", number=act.number)
    return act.w._(
        "Too late: the author of #{number} has been told. They can ask for a second look, or send it again. Nothing "
        "was done.",
        number=act.number,
    )


async def _hindered(act: Act, post: Post | None) -> str:
    """Why this cannot be undone however early it is; empty where it can."""
    w, number = act.w, act.number
    if act.review.kind == afterwards.CORRECTION:
        return w._("A correction cannot be undone. Correct #{number} once more. Nothing was done.", number=number)
    if post is not None and post.state == PostState.RETRACTED:
        return w._("{name} has already taken #{number} back.", name=post.retracted_name, number=number)
    if post is not None and post.corrected_at is not None:
        return w._(
            "#{number} has been corrected since, so its approval stands. You can take it back. Nothing was done.",
            number=number,
        )
    if await afterwards.held_correction(act.review.submission_id) is not None:
        return w._("A correction of #{number} waits: please decide on that first. Nothing was done.", number=number)
    return ""


def _too_late(act: Act) -> str:
    return act.w._(
        "Too late: #{number} is already on its way. To remove it from the groups, choose “Take it back”. Nothing was "
        "done.",
        number=act.number,
    )


async def _tell_author(act: Act) -> None:
    """Who was told of the approval hears that it does not stand."""
    w = contact.language_of(act.review.submission.identity, act.community)
    text = w._(
        "Your post #{number} has not gone out yet: the moderators look at it once more. You will hear here what "
        "becomes of it.",
        number=act.number,
    )
    await authors.write(act.review, Letter(text=plain(text)), act.community, act.desk.directory, act.now)


DEEDS = (
    Deed(
        name="undo",
        word=lambda w: w._("undo"),
        perform=undo,
        states=frozenset({ReviewState.APPROVED, ReviewState.REJECTED, ReviewState.MERGED}),
    ),
)
