"""The patience with a question that is not answered: the author is reminded, then the moderators, then it lapses.

Only in waking hours, each step once, and never without a question: what nobody asked about waits for the moderators.
"""

from datetime import datetime, timedelta

import structlog

from bridge.core.community import Community
from bridge.core.errors import StorageUnavailable
from bridge.core.ids import Address, RemoteRef
from bridge.core.message import Content
from bridge.core.policy import Policy
from bridge.core.states import ReviewState, ReviewStep
from bridge.core.text import plain
from bridge.delivery.directory import Directory
from bridge.members import contact, reach
from bridge.members.reach import Letter
from bridge.moderation import authors, cards, joined, letters, profile_changes, restoring
from bridge.moderation.daily import duration
from bridge.rendering.words import words
from bridge.storage import afterwards, audit, dialogue, inbox, ledger, submissions
from bridge.storage.database import UNAVAILABLE, transaction
from bridge.storage.models import Query, Review

log = structlog.get_logger()


def step_of(policy: Policy) -> timedelta:
    """How long each step waits for the one before it; two fit before the lapse, whatever the config says."""
    return min(policy.remind_author, policy.lapse / 3)


async def tick(community: Community, directory: Directory, now: datetime) -> None:
    """Take every step that is due."""
    policy = community.policy
    if not policy.waking.contains(now, policy.zone):
        return
    overdue: list[int] = []
    for review_id in await dialogue.waiting_reviews(community.id):
        try:
            async with transaction():
                if await _look(review_id, community, directory, now):
                    overdue.append(review_id)
        except (StorageUnavailable, *UNAVAILABLE):
            raise
        except Exception as error:
            # Its neighbours are looked at all the same. Not the words of the error: they may quote somebody.
            log.error("patience_failed", review=review_id, error=type(error).__name__)
    if overdue:
        async with transaction():
            await _tell_moderators(overdue, community, now)


async def _look(review_id: int, community: Community, directory: Directory, now: datetime) -> bool:
    """Take the next step of one item; True where the moderators are to be told that nobody answers."""
    review = await submissions.locked_review(review_id)
    if review is None or review.state != ReviewState.HELD:
        return False
    asked = await dialogue.open_of_review(review_id)
    if not asked:
        return False
    for query in reversed(asked):
        await _deliver(query, review, community, directory, now)
    newest, step = asked[0], step_of(community.policy)
    since = max(review.lapses_from or newest.asked_at, newest.asked_at)
    if newest.reminded_at is None:
        if now >= since + step and await dialogue.note_reminded(newest, now):
            await _remind(newest, review, community, directory, now)
        return False
    if newest.escalated_at is None:
        return now >= max(since + 2 * step, newest.reminded_at + step)
    # What was escalated, or somebody is on, never ends by itself.
    in_hand = review.escalated_at is not None or bool(review.claimed_by)
    if now >= max(since + community.policy.lapse, newest.escalated_at + step) and not in_hand:
        await _lapse(review, community, directory, now)
    return False


async def _deliver(query: Query, review: Review, community: Community, directory: Directory, now: datetime) -> None:
    """Ask on another account of the same person what one account did not take."""
    if query.id not in await dialogue.undelivered([query]):
        return
    found = await reach.reach(review.submission.identity, directory)
    tried = {row.address for row in await dialogue.carriers(query)}
    if found is not None and found.direct is not None and found.direct not in tried:
        await letters.deliver(query, review, community, directory, now)


async def _remind(query: Query, review: Review, community: Community, directory: Directory, now: datetime) -> None:
    """Ask once more; who cannot be written to is invited once more."""
    if await letters.put(query, review, community, directory, now, again=True) is None:
        await reach.invite(review.submission, community, directory, now)
    await _write_down("remind_author", review, now)


async def _write_down(action: str, review: Review, now: datetime) -> None:
    await audit.write(
        community=review.community,
        actor=submissions.audit_actor(None),
        action=action,
        now=now,
        review_id=review.id,
        revision=review.revision,
    )


async def _tell_moderators(review_ids: list[int], community: Community, now: datetime) -> None:
    """One message for all items whose authors do not answer."""
    w = words(community.language)
    lines: list[str] = []
    told: list[Review] = []
    for review_id in review_ids:
        review = await submissions.locked_review(review_id)
        asked = [] if review is None else await dialogue.open_of_review(review_id)
        if review is None or not asked or not await dialogue.note_escalated(asked[0], now):
            continue
        await _write_down("remind_moderators", review, now)
        told.append(review)
        since = duration(int((now - (review.lapses_from or asked[0].asked_at)).total_seconds() // 60), w)
        if asked[0].id in await dialogue.undelivered(asked):
            line = w._(
                "⏳ #{number}: its author could not be asked for {time}.", number=review.submission.number, time=since
            )
        else:
            line = w._(
                "⏳ #{number}: its author has not answered for {time}.", number=review.submission.number, time=since
            )
        lines.append(line)
    if not lines:
        return
    lines.append(
        w._("You can decide without an answer, or ask again. What nobody answers lapses, and its author is told.")
    )
    for channel in community.moderators:
        address = await inbox.resolve(channel)
        reply_to = await _card_in(address, told[0]) if len(told) == 1 else None
        content = Content(text=plain("\n".join(lines)), reply_to=reply_to)
        await contact.say(address, content, community, now)


async def _card_in(address: Address, review: Review) -> RemoteRef | None:
    """The newest card of an item in a channel."""
    return next((row.ref for row in reversed(await ledger.card_rows(review.id)) if row.address == address), None)


async def _lapse(review: Review, community: Community, directory: Directory, now: datetime) -> None:
    """The end of a question that nobody answered. The text is kept, and its author can bring it back."""
    if not await submissions.decide(
        review, ReviewStep.LAPSE, revision=review.revision, by=None, name="", now=now, lapses_from=None
    ):
        return
    await submissions.close_queries(review.id)
    await cards.refresh(review, now)
    identity = review.submission.identity
    w = contact.language_of(identity, community)
    if review.kind == afterwards.CORRECTION:
        await _say_stays(review, community, directory, now)
        return
    await joined.tell_authors(review, community, directory, now, approved=False)
    await profile_changes.not_forgotten(identity, community, directory, now)
    said = w._(
        "The moderators' question about your post #{number} was never answered, so the post has not been published and "
        "nobody waits for it any more. Your text is kept.",
        number=review.submission.number,
    )
    letter = await restoring.offer(said, review, now, w)
    await authors.write(review, letter, community, directory, now, lifetime=ledger.LIFETIME)


async def _say_stays(review: Review, community: Community, directory: Directory, now: datetime) -> None:
    """A correction that nobody agreed to: what is published stays."""
    w = contact.language_of(review.submission.identity, community)
    text = w._(
        "The correction of post #{number} was not made. The post stays as it is.", number=review.submission.number
    )
    await authors.write(review, Letter(text=plain(text)), community, directory, now)
