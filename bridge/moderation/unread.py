"""What a community's rules publish without a moderator."""

from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from bridge.core.community import Community
from bridge.core.errors import StorageUnavailable
from bridge.core.policy import Check
from bridge.core.states import ReviewState
from bridge.core.text import plain
from bridge.delivery.directory import Directory
from bridge.members import contact, reach
from bridge.members.reach import Letter
from bridge.moderation import cards, decisions, emergency, sharing
from bridge.storage import desk, reasons, submissions
from bridge.storage.database import UNAVAILABLE, transaction
from bridge.storage.models import Review

log = structlog.get_logger()

ALBUM = "album"
"""The code of an item whose further files are awaited: the rules let it out, but not in pieces."""
GATHERED = timedelta(seconds=10)
"""The items of an album come within seconds."""


async def publish(review: Review, community: Community, directory: Directory, now: datetime, codes: list[str]) -> bool:
    """Publish it, and ask its author about what may identify somebody; False where somebody decided first."""
    if not await decisions.approve_by_rules(review, codes, community, directory, now):
        return False
    identity = review.submission.identity
    w = contact.language_of(identity, community)
    wording = await submissions.revision_of(review)
    question = sharing.asked_when_published(wording.findings, review.submission.number, w)
    if question:
        await reach.write(identity, Letter(text=plain(question)), community, directory, now, review_id=review.id)
    return True


async def tick(community: Community, directory: Directory, now: datetime) -> None:
    """Publish albums that are complete, unless a moderator has begun to work on them."""
    for waiting in await reasons.to_publish(community.id, now - GATHERED):
        try:
            async with transaction():
                await _let_out(waiting.id, community, directory, now)
        except (StorageUnavailable, *UNAVAILABLE):
            raise
        except Exception as error:
            # Its neighbours are looked at all the same. Not the words of the error: they may quote somebody.
            log.error("album_not_published", review=waiting.id, error=type(error).__name__)


async def _let_out(review_id: int, community: Community, directory: Directory, now: datetime) -> None:
    review = await submissions.locked_review(review_id)
    if review is None or not await _is_untouched(review):
        return
    # What the moderators have said since it was judged counts.
    held = [Check.EMERGENCY.value] if await desk.setting(community.id, emergency.KEY) else []
    if await desk.standing(review.submission.identity.person_id, community.id) == "held":
        held.append(Check.ALWAYS_HELD.value)
    if held:
        await reasons.keep(review, reasons.of(review).with_more(held, []), approvals=review.approvals)
        await cards.refresh(review, now)
        return
    await reasons.keep(review, replace(reasons.of(review), publish=False), approvals=review.approvals)
    await publish(review, community, directory, now, [ALBUM])


async def _is_untouched(review: Review) -> bool:
    """Does it wait for its further files alone?"""
    if review.state != ReviewState.HELD or not reasons.of(review).publish:
        return False
    wording = await submissions.revision_of(review)
    worked_on = review.claimed_at or review.escalated_at or wording.editor or await submissions.queries(review.id)
    return not worked_on
