"""Where more than one moderator must approve: what somebody is told whose approval was counted, and taking it back."""

from datetime import datetime

from bridge.core.community import Community
from bridge.core.states import ReviewState
from bridge.moderation import cards, decisions, permissions, powers
from bridge.moderation.acts import Act, Deed, Reply
from bridge.moderation.decisions import Verdict
from bridge.moderation.facts import facts_of
from bridge.storage import audit, people, submissions
from bridge.storage import votes as store
from bridge.storage.models import Identity


async def reply(act: Act, verdict: Verdict) -> Reply:
    """What the person who approved is told; where nobody else could approve it, that too: it would wait for ever."""
    told = decisions.told(verdict, act)
    if verdict is not Verdict.VOTED or act.community.trust_channel or await _others_left(act):
        return told
    text = act.w._("Nobody else here may decide on it: a coordinator can add somebody with /moderators add.")
    return Reply(text=f"{told.text} {text}", alert=True)


async def _others_left(act: Act) -> bool:
    """Is there anybody who may approve and has not?"""
    done = {vote.person_id for vote in (await facts_of(act.review, act.community, act.revision)).votes}
    if not act.community.policy.own_posts:
        done.add(act.review.submission.identity.person_id)
    for ref in await permissions.others(act.community, act.identity):
        other = await people.find(ref)
        if other is None or other.person_id not in done:
            return True
    return False


async def has_approved(act: Act) -> bool:
    """Has this person approved what would go out now, where others must, too?"""
    if act.review.approvals <= 1:
        return False
    facts = await facts_of(act.review, act.community, act.revision)
    return any(vote.person_id == act.identity.person_id for vote in facts.votes)


async def unapprove(act: Act) -> Reply:
    """Take one's own approval back, while others are still waited for."""
    if not await store.take_back(act.review.id, act.identity.person_id):
        text = act.w._("You have not approved #{number}. Nothing was done.", number=act.number)
        return Reply(text=text, alert=True)
    await audit.write(
        community=act.review.community,
        actor=submissions.audit_actor(act.identity),
        action="unapprove",
        now=act.now,
        review_id=act.review.id,
        revision=act.review.revision,
        detail=powers.audited(act),
    )
    await cards.refresh(act.review, act.now)
    return Reply(text=act.w._("Your approval of #{number} is taken back.", number=act.number), on_card=True)


async def withdraw_all(community: Community, identity: Identity, now: datetime) -> None:
    """The approvals of somebody who may no longer decide stop counting, wherever others are still waited for."""
    for review_id in await store.waiting_with(community.id, identity.person_id):
        review = await submissions.locked_review(review_id)
        if review is not None and review.state == ReviewState.HELD:
            await store.take_back(review.id, identity.person_id)
            await cards.refresh(review, now)


DEEDS = (Deed(name="unapprove", word=lambda w: w._("unapprove"), perform=unapprove, any_revision=True),)
