"""What follows when deliveries are settled: cards show where a post has arrived."""

from collections.abc import Callable, Sequence
from datetime import datetime

import structlog

from bridge.core.community import Communities
from bridge.core.errors import Refusal
from bridge.core.states import DeliveryState
from bridge.delivery import correcting
from bridge.members import contact, copies
from bridge.moderation import arrival, cards, safeguarding
from bridge.rendering.words import words
from bridge.storage import chats, dialogue, handovers, ledger, people, submissions, traces, undoing
from bridge.storage.ledger import Effects
from bridge.storage.models import Delivery

log = structlog.get_logger()
_GIVES_UP = 3
"""Private messages in a row that nobody could be reached with: then they are written to no more."""
_PRIVATE = (ledger.NOTICE, ledger.COPY, ledger.DIGEST)


def arrivals(communities: Communities, now: Callable[[], datetime]) -> Effects:
    """The effects of outcomes, run in the transaction that records them."""

    async def effects(rows: Sequence[Delivery]) -> None:
        posts: set[int] = set()
        slow: set[int] = set()
        for row in rows:
            if row.post_id is not None and row.kind != ledger.REACTION:  # of which no card tells
                quick = row.kind == ledger.POST and (row.state != DeliveryState.PLANNED or row.due_at <= now())
                (posts if quick else slow).add(row.post_id)
            if row.operation == ledger.EDIT and row.post_id is not None and row.state == DeliveryState.REFUSED:
                await correcting.send_anew(row, now())
            if row.kind in _PRIVATE and row.state == DeliveryState.REFUSED and row.reason == Refusal.UNREACHABLE:
                await people.close_direct(row.account, row.chat)
                if await handovers.refused_in_a_row(row.address, Refusal.UNREACHABLE, _GIVES_UP):
                    await handovers.lose(row.address, now())
            if row.kind == ledger.COPY and row.operation == ledger.DELETE and row.state == DeliveryState.REFUSED:
                await _say_copy_stays(row, communities, now())
            if row.state == DeliveryState.REFUSED and dialogue.marked(row) is not None and row.review_id is not None:
                await _show_again(row.review_id, now())
            ended = undoing.ended_review(row) if row.operation == ledger.SEND else None
            if ended is not None:
                await _show_again(ended, now())
            if safeguarding.is_notice(row) and row.state in (DeliveryState.REFUSED, DeliveryState.UNCERTAIN):
                await _say_not_told(row, communities, now())
            shown = row.kind in (ledger.CARD, ledger.APPLICATION) and row.operation == ledger.SEND
            if shown and row.state == DeliveryState.REFUSED:
                await _say_card_refused(row, communities, now())
            if row.kind == ledger.REMOVAL and row.state == DeliveryState.REFUSED:
                await _say_original_stays(row, communities, now())
            if row.view == traces.FAREWELL:
                await traces.said_farewell(row)
            elif row.view == traces.ONCE:
                await traces.said_once(row)
        await cards.refresh_published(await submissions.of_posts(posts), now(), pause=cards.ARRIVAL_PAUSE)
        await cards.refresh_published(await submissions.of_posts(slow - posts), now(), pause=cards.SLOW_PAUSE)

    return effects


async def _say_copy_stays(row: Delivery, communities: Communities, now: datetime) -> None:
    """A post was taken back, and somebody's own copy of it cannot be removed."""
    community = communities.get(row.community)
    if community is not None and row.reason not in (Refusal.TARGET_GONE, Refusal.UNREACHABLE):
        await copies.removal_refused(row, community, now)


async def _show_again(review_id: int, now: datetime) -> None:
    """The cards of an item say what failed: a question did not reach its author, an original stays in its group.

    Or no longer offer what can no longer be undone.
    """
    review = await submissions.review_by_id(review_id)
    if review is not None:
        await cards.refresh(review, now)


async def _say_not_told(row: Delivery, communities: Communities, now: datetime) -> None:
    """Somebody who is to know of an escalated item was not reached after all."""
    community = communities.get(row.community)
    if community is not None:
        await safeguarding.not_delivered(row, community, now)


async def _say_original_stays(row: Delivery, communities: Communities, now: datetime) -> None:
    """Tell the moderators, at most once an hour, that members' originals cannot be taken out of a group."""
    community = communities.get(row.community)
    if community is None or row.reason == Refusal.TARGET_GONE:
        return
    if row.review_id is not None:
        await _show_again(row.review_id, now)
    w = words(community.language)
    text = w._(
        "⚠️ {chat}: I may not remove messages there, so originals stay visible before they are approved. Please give "
        "me the right to delete messages.",
        chat=await chats.title(row.address),
    )
    await contact.tell_moderators(community, text, now)


async def _say_card_refused(row: Delivery, communities: Communities, now: datetime) -> None:
    """A channel that is not shown its cards decides nothing: tell the others, at most once an hour."""
    community = communities.get(row.community)
    log.warning("card_refused", id=row.id, account=row.account, reason=row.reason)
    if community is None:
        return
    w = words(community.language)
    text = w._(
        "⚠️ {chat}: I cannot show posts to the moderators there ({reason}). Once that is mended, write /queue there.",
        chat=await chats.title(row.address),
        reason=arrival.refusal(row.reason, w),
    )
    await contact.tell_moderators(community, text, now, besides=row.address)
