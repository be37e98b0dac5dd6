"""Where an item comes from and where it goes, as its card shows it: groups, other communities, items joined with it."""

from typing import TYPE_CHECKING

from bridge.core.states import DeliveryState, ReviewState
from bridge.moderation.facts import CardFacts
from bridge.moderation.names import chat_names
from bridge.rendering.words import Words
from bridge.storage import ledger

if TYPE_CHECKING:
    from datetime import datetime


def lines(facts: CardFacts, w: Words) -> list[str]:
    """Whatever became of it."""
    found: list[str] = []
    if facts.forwarded is not None:
        community, number = facts.forwarded
        found.append(w._("🔀 Forwarded from {community} #{number}", community=community, number=number))
    if facts.origin_became == "retracted":
        found.append(w._("⚠️ It has been taken back there since"))
    elif facts.origin_became == "corrected":
        found.append(w._("⚠️ It has been corrected there since"))
    zone = facts.community.policy.zone
    for other in facts.merged:
        values = {"number": other.submission.number, "name": other.decided_name}
        when = "" if other.decided_at is None else w.time(other.decided_at, zone)
        found.append(w._("🔗 #{number} says the same: joined with this by {name}, {time}", time=when, **values))
    if facts.review.state == ReviewState.HELD:
        found += _chosen(facts, w)
    elif facts.review.state == ReviewState.APPROVED and facts.crossed:
        found.append(w._("🔀 Offered to: {communities}", communities=_communities(facts)))
    return found


def _chosen(facts: CardFacts, w: Words) -> list[str]:
    """What moderators chose for its approval."""
    found: list[str] = []
    if facts.targets:
        names = chat_names(facts.titles)
        chosen = ", ".join(names[chat] for chat in facts.titles if chat in facts.targets)
        gone = ", ".join(sorted(str(chat) for chat in facts.targets if chat not in facts.titles))
        found += [w._("📮 Only to: {chats}", chats=chosen)] if chosen else []
        found += [w._("⚠️ No longer connected, so left out: {chats}", chats=gone)] if gone else []
    if facts.crossed:
        found.append(w._("🔀 Then offered to: {communities}", communities=_communities(facts)))
    return found


def _communities(facts: CardFacts) -> str:
    return ", ".join(name for key, name in facts.community.others if key in facts.crossed)


def withdrawn(facts: CardFacts, w: Words) -> str:
    """Who took it back: its author, or for a copy the community that it comes from."""
    if facts.submission.origin_post_id is None:
        return w._("withdrawn by the author")
    return w._("withdrawn by {name}", name=facts.review.decided_name)


def withdrawal(facts: CardFacts, time: str, w: Words) -> str:
    """The same, with its time."""
    if facts.submission.origin_post_id is None:
        return w._("↩️ Withdrawn by the author, {time}", time=time)
    return w._("↩️ Withdrawn by {name}, {time}", name=facts.review.decided_name, time=time)


def waits(facts: CardFacts, w: Words) -> list[str]:
    """Which groups wait longer than the others, because it is their quiet time, and until when."""
    post = facts.post
    if post is None or post.publish_at is None:
        return []
    names = chat_names({row.address: title for row, title in facts.deliveries})
    chats: dict[datetime, list[str]] = {}
    for row, _ in facts.deliveries:
        planned = row.state == DeliveryState.PLANNED and row.operation == ledger.SEND and row.waits_for is None
        # Rows of the approval itself: a correction's come later, and an attempt that failed has a time of its own.
        first = planned and not row.attempts and row.planned_at == post.approved_at
        if first and row.due_at > post.publish_at:
            chats.setdefault(row.due_at, []).append(names[row.address])
    zone = facts.community.policy.zone
    return [
        w._("🌙 Quiet time until {time}: {chats}", time=w.time(until, zone), chats=", ".join(found))
        for until, found in sorted(chats.items())
    ]
