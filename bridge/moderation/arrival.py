"""Where a post stands: "Arrived in 6 of 7 groups", a line for whatever did not simply arrive, and what came later."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bridge.core.errors import Refusal
from bridge.core.states import DeliveryState, PostState
from bridge.moderation.facts import CardFacts
from bridge.moderation.names import chat_names
from bridge.rendering import sms
from bridge.rendering.words import Words
from bridge.storage import codec, ledger, ledger_changes
from bridge.storage.models import Delivery, Post

if TYPE_CHECKING:
    from bridge.core.ids import Address

_WAITING = (DeliveryState.PLANNED, DeliveryState.ATTEMPTING)
_ON_ITS_WAY = (*_WAITING, DeliveryState.IN_DOUBT)
_FINAL = frozenset({Refusal.UNSUPPORTED, Refusal.TOO_LATE})
"""Trying again would be answered in the same way."""


@dataclass(frozen=True, kw_only=True)
class _Place:
    """The rows of a post in one chat."""

    name: str
    is_thin: bool
    sends: Sequence[Delivery]
    """What makes up the post, the author's own original included; whatever became of it."""
    changes: Sequence[Delivery]
    """Edits and removals."""

    @property
    def is_uncertain(self) -> bool:
        return any(row.state == DeliveryState.UNCERTAIN for row in self.sends)


def lines(facts: CardFacts, w: Words) -> list[str]:
    """What a card says about the way of its post."""
    chats: dict[Address, list[Delivery]] = {}
    for row, _ in facts.deliveries:
        chats.setdefault(row.address, []).append(row)
    names = chat_names({row.address: title for row, title in facts.deliveries})
    places = [
        _Place(
            name=names[address],
            is_thin=address in facts.thin,
            sends=[row for row in rows if row.operation == ledger.SEND and row.detail != ledger_changes.DROPPED],
            changes=[row for row in rows if row.operation != ledger.SEND],
        )
        for address, rows in chats.items()
    ]
    if facts.post is not None and facts.post.state == PostState.RETRACTED:
        return _taken_back(places, w)
    corrected = facts.post is not None and facts.post.corrected_at is not None
    return [*_arrived(places, w), *(_corrected(places, facts.post, w) if corrected and facts.post else [])]


# --- sent ---


def private_line(facts: CardFacts, w: Words) -> list[str]:
    """Those who read alone are summed up."""
    arrived, count = facts.copies
    if not count:
        return []
    told = [w._("✉️ Private copies: {arrived} of {count}", arrived=w.number(arrived), count=w.number(count))]
    reported, failed = facts.told
    if reported or failed:
        told.append(
            w._(
                "📬 Reported: {arrived} arrived, {failed} did not",
                arrived=w.number(reported),
                failed=w.number(failed),
            )
        )
    return told


def _arrived(places: Sequence[_Place], w: Words) -> list[str]:
    if not places:
        return []
    if all(row.state in _WAITING and row.attempts <= 1 for place in places for row in place.sends):
        return [w.ngettext("On its way to {count} group", "On its way to {count} groups", len(places))]
    arrived = [place for place in places if all(row.state == DeliveryState.DELIVERED for row in place.sends)]
    told = [
        w.ngettext(
            "Arrived in {arrived} of {count} group",
            "Arrived in {arrived} of {count} groups",
            len(places),
            arrived=w.number(len(arrived)),
        )
    ]
    for place in places:
        if place.is_uncertain:
            told.append(_look(place, w))
        elif refused := _first(place.sends, DeliveryState.REFUSED):
            told.append(w._("⚠️ {chat}: {reason}", chat=place.name, reason=refusal(refused.reason, w)))
        elif waiting := next(filter(_is_tried_again, place.sends), None):
            told.append(
                w.ngettext(
                    "⏳ {chat}: tried {count} time, trying again",
                    "⏳ {chat}: tried {count} times, trying again",
                    waiting.attempts,
                    chat=place.name,
                )
            )
        elif place.is_thin and place in arrived:
            texts = [codec.load(codec.CONTENT, row.content).text.text for row in place.sends if row.content]
            count = sum(sms.segments(text).count for text in texts)
            told.append(w.ngettext("📱 {chat}: {count} SMS", "📱 {chat}: {count} SMS", count, chat=place.name))
    return told


def _is_tried_again(row: Delivery) -> bool:
    """Between two attempts, or during a later one than the first."""
    return (row.state == DeliveryState.PLANNED and row.attempts > 0) or (
        row.state == DeliveryState.ATTEMPTING and row.attempts > 1
    )


def _look(place: _Place, w: Words) -> str:
    return w._("⚠️ {chat}: it may have arrived. Please look there and say so below.", chat=place.name)


def _first(rows: Sequence[Delivery], state: DeliveryState) -> Delivery | None:
    return next((row for row in rows if row.state == state), None)


def refusal(code: str, w: Words) -> str:
    """Why a platform did not take a message, in a few words."""
    match code:
        case Refusal.FORBIDDEN:
            return w._("no permission to post there")
        case Refusal.UNREACHABLE:
            return w._("cannot be reached")
        case Refusal.CHAT_GONE:
            return w._("no such group any more")
        case Refusal.TOO_BIG:
            return w._("too big for that platform")
        case Refusal.BAD_CREDENTIALS:
            return w._("the account is not accepted any more")
        case Refusal.EXPIRED:
            return w._("given up after a week of trying")
        case _:
            return w._("refused by the platform")


# --- corrected ---


def _corrected(places: Sequence[_Place], post: Post, w: Words) -> list[str]:
    """Which chats show the newest wording; those that need no change are not counted."""
    wanted: list[tuple[_Place, list[Delivery]]] = []
    for place in places:
        rows = [row for row in (*place.sends, *place.changes) if _is_of(row, post)]
        wanted += [(place, rows)] if rows else []
    if not wanted:
        return []
    if all(row.state in _WAITING and row.attempts <= 1 for _, rows in wanted for row in rows):
        return [
            w.ngettext(
                "The correction is on its way to {count} group",
                "The correction is on its way to {count} groups",
                len(wanted),
            )
        ]
    done = sum(all(row.state == DeliveryState.DELIVERED for row in rows) for _, rows in wanted)
    told = [
        w.ngettext(
            "Corrected in {done} of {count} group",
            "Corrected in {done} of {count} groups",
            len(wanted),
            done=w.number(done),
        )
    ]
    for place, rows in wanted:
        refused = _first([row for row in rows if row.operation != ledger.SEND], DeliveryState.REFUSED)
        if refused is None:
            continue
        if refused.reason == Refusal.UNSUPPORTED:
            told.append(w._("☎️ {chat}: cannot be corrected there", chat=place.name))
        elif refused.operation == ledger.DELETE:
            reason = change_refusal(refused.reason, w)
            told.append(
                w._(
                    "⚠️ {chat}: the end of the older wording could not be removed: {reason}",
                    chat=place.name,
                    reason=reason,
                )
            )
        else:
            reason = change_refusal(refused.reason, w)
            told.append(w._("⚠️ {chat}: the correction was refused: {reason}", chat=place.name, reason=reason))
    return told


def _is_of(row: Delivery, post: Post) -> bool:
    """Does this row carry the newest wording, or still stand in its way?"""
    if row.state == DeliveryState.CANCELLED:
        return False
    late = row.operation == ledger.DELETE and row.state == DeliveryState.REFUSED
    return late or (row.revision == post.revision and row.revision > 0)


def change_refusal(code: str, w: Words) -> str:
    """Why a platform did not change or remove a message, in a few words."""
    match code:
        case Refusal.FORBIDDEN:
            return w._("no permission")
        case Refusal.TOO_LATE:
            return w._("it is too old for that")
        case Refusal.TARGET_GONE:
            return w._("I cannot tell which message it is, or it is gone")
        case Refusal.UNSUPPORTED:
            return w._("not possible there")
        case _:
            return refusal(code, w)


# --- taken back ---


def _taken_back(places: Sequence[_Place], w: Words) -> list[str]:
    leaving = [(place, _standing(place)) for place in places]
    if leaving and all(any(row.state in _ON_ITS_WAY for row in rows) for _, rows in leaving):
        return [w.ngettext("Being taken back from {count} group", "Being taken back from {count} groups", len(leaving))]
    gone = sum(not place.is_uncertain and not rows for place, rows in leaving)
    told = [
        w.ngettext(
            "Taken back in {gone} of {count} group",
            "Taken back in {gone} of {count} groups",
            len(leaving),
            gone=w.number(gone),
        )
    ]
    for place, rows in leaving:
        if place.is_uncertain:
            told.append(_look(place, w))
        elif refused := _first(rows, DeliveryState.REFUSED):
            told.append(_stays(place, refused, w))
        elif rows:
            told.append(w._("⏳ {chat}: being removed", chat=place.name))
    return told


def _stays(place: _Place, refused: Delivery, w: Words) -> str:
    if refused.reason == Refusal.UNSUPPORTED:
        return w._("☎️ {chat}: cannot be recalled there", chat=place.name)
    return w._(
        "⚠️ {chat}: it could not be removed: {reason}. Please remove it by hand.",
        chat=place.name,
        reason=change_refusal(refused.reason, w),
    )


def _standing(place: _Place) -> list[Delivery]:
    """The removals, each message's newest, of what still stands in a chat or may."""
    newest: dict[tuple[int | None, str], Delivery] = {}
    for row in place.changes:
        if row.operation == ledger.DELETE:
            newest[row.target_id, row.target_message] = row
    absent = {row.id for row in place.sends if row.state in ledger_changes.DEAD and not _perhaps(row, newest)}
    return [
        row
        for (target, _), row in newest.items()
        if target not in absent and row.state not in (DeliveryState.DELIVERED, DeliveryState.CANCELLED)
    ]


def _perhaps(row: Delivery, removals: dict[tuple[int | None, str], Delivery]) -> bool:
    """Was it called off although an earlier attempt may have arrived, where nothing can be removed?"""
    removal = removals.get((row.id, ""))
    refused = removal is not None and removal.state == DeliveryState.REFUSED
    return refused and row.doubted and row.state == DeliveryState.CANCELLED


# --- what can be tried again ---


def retryable(facts: CardFacts) -> list[Delivery]:
    """The refused rows that are worth another attempt."""
    post = facts.post
    if post is None:
        return []
    return [row for row, _ in facts.deliveries if is_retryable(row, post)]


def is_retryable(row: Delivery, post: Post) -> bool:
    if row.state != DeliveryState.REFUSED or row.reason in _FINAL:
        return False
    if post.state == PostState.RETRACTED or row.operation == ledger.DELETE:
        return row.operation == ledger.DELETE
    return row.operation == ledger.SEND or row.revision == post.revision
