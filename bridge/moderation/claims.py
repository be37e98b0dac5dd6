"""Claims: a moderator says that they are at work on an item, and for a while nobody else decides on it.

A claim ends by itself, and any moderator may take it over: what is claimed is never stuck.
"""

from datetime import datetime

from bridge.core.community import Community
from bridge.delivery.directory import Directory
from bridge.moderation import cards, decisions, permissions, powers
from bridge.moderation.acts import Act, Deed, Reply
from bridge.moderation.announcing import announce
from bridge.moderation.decisions import Verdict
from bridge.storage import audit, people, submissions, working
from bridge.storage.database import transaction
from bridge.storage.models import Identity, Review


async def claim(act: Act) -> Reply:
    """Mine from now on; somebody else's claim is taken over, and everybody hears of it."""
    review, w = act.review, act.w
    refused = await powers.own(act) or await powers.reserved(act)
    if refused is not None:
        return refused
    other, before = await powers.claimed(act), review.claimed_name
    claimant = permissions.ref_of(review.claimed_by)
    former = None if claimant is None or other is None else await people.find(claimant)
    name = act.moderator.name
    if not await working.claim(review, by=str(act.identity.ref), name=name, at=act.now):
        await review.refresh_from_db()
        return await powers.claimed(act) or decisions.told(Verdict.DECIDED, act)
    await audit.write(
        community=review.community,
        actor=submissions.audit_actor(act.identity),
        action="claim",
        now=act.now,
        review_id=review.id,
        revision=review.revision,
        detail={} if former is None else {"from": former.id},
    )
    await cards.refresh(review, act.now)
    if other is not None:
        text = w._("✋ {name} has taken #{number} over from {other}.", name=name, number=act.number, other=before)
        await announce(act.community, text, act.now)
    until = w.time(act.now + act.community.policy.claim_for, act.community.policy.zone)
    return Reply(text=w._("#{number} is yours until {time}.", number=act.number, time=until), on_card=True)


async def release(act: Act) -> Reply:
    """No longer mine. Somebody else's claim is taken over, not released."""
    review, w = act.review, act.w
    refused = await powers.claimed(act)
    if refused is not None:
        return refused
    if not review.claimed_by:
        return Reply(text=w._("Nobody has claimed #{number}.", number=act.number), alert=True)
    if not await _let_go(review, act.identity, act.now):
        return decisions.told(await decisions.lost(review, act.revision), act)
    return Reply(text=w._("#{number} is free for everybody.", number=act.number), on_card=True)


async def _let_go(review: Review, by: Identity | None, now: datetime, *, action: str = "release") -> bool:
    if not await working.claim(review):
        return False
    await audit.write(
        community=review.community,
        actor=submissions.audit_actor(by),
        action=action,
        now=now,
        review_id=review.id,
        revision=review.revision,
    )
    await cards.refresh(review, now)
    return True


async def release_all(community: Community, identity: Identity, now: datetime) -> list[int]:
    """Let go of everything that a person has claimed, on whichever account; returns the numbers of the items."""
    released: list[int] = []
    for review_id in await working.claimed(community.id):
        review = await submissions.locked_review(review_id)
        if review is None or not await permissions.is_claimant(review, identity):
            continue
        if await _let_go(review, identity, now):
            released.append(int(review.submission.number))
    return released


async def _ended(review: Review) -> bool:
    """Nobody's any more; the card goes on to say whose it was."""
    return await working.claim(review, name=review.claimed_name, at=review.claimed_at)


async def tick(community: Community, directory: Directory, now: datetime) -> None:
    """Claims that have lasted their time end, and the cards say so."""
    since = now - community.policy.claim_for
    for review_id in await working.claimed(community.id, since=since):
        async with transaction():
            review = await submissions.locked_review(review_id)
            ends = None if review is None else permissions.claim_ends(review, community)
            if review is None or ends is None or ends > now or not await _ended(review):
                continue
            await audit.write(
                community=review.community,
                actor=submissions.audit_actor(None),
                action="claim_expired",
                now=now,
                review_id=review.id,
                revision=review.revision,
            )
            await cards.refresh(review, now)


DEEDS = (
    Deed(name="claim", word=lambda w: w._("claim"), perform=claim, any_revision=True),
    Deed(name="release", word=lambda w: w._("release"), perform=release, any_revision=True),
)
