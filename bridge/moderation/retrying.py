"""The deeds that settle what a platform refused, or what nobody knows the outcome of and nobody wants any more."""

from bridge.core.errors import TransitionRefused
from bridge.core.states import DeliveryStep, ReviewState
from bridge.moderation import arrival, verdicts
from bridge.moderation.acts import ALWAYS, Act, Deed, Reply
from bridge.moderation.effects import arrivals
from bridge.storage import audit, ledger, submissions


async def retry(act: Act) -> Reply:
    """Try everything of the post that was refused once more."""
    post = await submissions.post_of_submission(act.review.submission_id)
    rows = [] if post is None else [row for row in await ledger.of_post(post.id) if arrival.is_retryable(row, post)]
    effects = arrivals(act.desk.communities, lambda: act.now)
    tried: list[int] = []
    for row in rows:
        try:
            await ledger.settle(row.id, DeliveryStep.RETRY, act.now, effects, by=str(act.moderator.sender.ref))
        except TransitionRefused:  # somebody else has done it at this moment
            continue
        tried.append(row.id)
    if not tried:
        return Reply(text=act.w._("Nothing was refused that could be tried again."), alert=True)
    await audit.write(
        community=act.community.id,
        actor=submissions.audit_actor(act.identity),
        action="retry",
        now=act.now,
        review_id=act.review.id,
        revision=act.review.revision,
        detail={"deliveries": tried},
    )
    chats = len({row.address for row in rows if row.id in tried})
    return Reply(
        text=act.w.ngettext("Trying again in {count} group.", "Trying again in {count} groups.", chats), on_card=True
    )


async def give_up(act: Act) -> Reply:
    """Say of an uncertain send that it is not there, and need not be."""
    return await verdicts.settle(act, DeliveryStep.GIVE_UP)


DEEDS = (
    Deed(
        name="retry",
        word=lambda w: w._("retry"),
        perform=retry,
        states=frozenset({ReviewState.APPROVED}),
        any_revision=True,
    ),
    Deed(name="give_up", perform=give_up, states=ALWAYS, any_revision=True),
)
