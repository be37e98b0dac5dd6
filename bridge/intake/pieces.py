"""Messages that come in pieces, one event for each: joined from the inbox, so that a kill loses none.

Numbered pieces are waited for until all are there, a minute at most; then what is there is handled, with ``[…]`` for
the rest, and its author is told. A piece that comes after that makes the message longer. Some gateways hand pieces over
without numbers: there a message that is exactly full waits a moment for the next one, which then belongs to it.

Whole messages of the same person do not wait meanwhile: whoever writes STOP has done with the message before. Pieces
of other messages do, and reports of the network: two long messages often come crosswise. Networks repeat pieces, too.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from bridge.core.events import DeliveryReported, InboundEvent, MessageEdited, MessagePosted, Piece
from bridge.core.gsm import joined_halves
from bridge.core.text import plain
from bridge.storage import inbox, submissions
from bridge.storage import pieces as stored
from bridge.storage.models import Inbox
from bridge.storage.pieces import Arrived

PATIENCE: Final = timedelta(minutes=1)
"""For the other pieces, from the first one on."""
MOMENT: Final = timedelta(seconds=20)
"""For the next one after a full one without a number."""
_LATE: Final = timedelta(minutes=10)
"""For so long a piece is still taken for one of a message that was handled without it."""
_LOOK, _LATER_LOOK = timedelta(seconds=1), timedelta(seconds=5)
_SOON: Final = timedelta(seconds=10)
"""Within so long most pieces have come. Every look is written down, and anybody can send a thousand halves."""
GAP: Final = "[…]"


class IncompleteError(Exception):
    """More of it may come: to be looked at again."""

    def __init__(self, until: datetime) -> None:
        super().__init__("more of it may come")
        self.until = until


@dataclass(frozen=True, kw_only=True)
class Whole:
    """What an event is to be handled as."""

    event: InboundEvent
    keeps: tuple[int, MessagePosted] | None = None
    """The row that holds all words from now on, and those."""
    merged: tuple[int, ...] = ()
    """The rows whose words stand there."""
    is_repeat: bool = False
    """It was all said already: nothing is to be done."""


async def whole(row: Inbox, event: InboundEvent, now: datetime) -> Whole:
    """An event with the others that belong to it. Raises IncompleteError."""
    if not isinstance(event, MessagePosted) or event.piece is None:
        return Whole(event=event)
    found = await _whole(row, event, event.piece, now)
    if not isinstance(found.event, MessagePosted | MessageEdited):
        return found
    text = joined_halves(found.event.text.text)
    return found if text == found.event.text.text else replace(found, event=replace(found.event, text=plain(text)))


async def _whole(row: Inbox, event: MessagePosted, piece: Piece, now: datetime) -> Whole:
    if row.key.startswith(inbox.AGAIN) or not (piece.count or piece.full):
        return Whole(event=event)
    found = await stored.around(row, row.received_at - _LATE)
    return await _numbered(row, event, piece, found, now) if piece.count else _unnumbered(row, event, found, now)


async def keep(row: Inbox, found: Whole) -> None:
    """Part of the transaction that handles it. What is a repeat is done with by that."""
    if found.keeps is not None:
        await stored.replace(*found.keeps)
    for event_id in found.merged:
        if event_id != row.id:
            await stored.merge(event_id)


# --- numbered ---


def _texts(event: MessagePosted) -> dict[int, str]:
    """What an event says, by the numbers of the pieces."""
    piece = event.piece or Piece()
    return dict(piece.held) or {piece.number: event.text.text}


@dataclass
class _Message:
    """Pieces that belong together."""

    count: int
    before: "_Message | None"
    """The last one with the same numbers."""
    pieces: list[tuple[Arrived, MessagePosted]] = field(default_factory=list)
    texts: dict[int, str] = field(default_factory=dict)

    @property
    def is_complete(self) -> bool:
        return len(self.texts) >= self.count

    def takes(self, texts: dict[int, str]) -> bool:
        """Where it says something else already, or all of it is there, they are another message's."""
        return not self.is_complete and all(self.texts.get(number, text) == text for number, text in texts.items())

    @property
    def repeats(self) -> bool:
        """Has the message before it said all of it?"""
        said = {} if self.before is None else self.before.texts
        return bool(self.texts) and self.texts.items() <= said.items()


def _same_message(row: Inbox, piece: Piece, found: Sequence[Arrived]) -> _Message:
    """The pieces of the message that a row is one of. The network's numbers come round again."""
    last, wanted = _Message(piece.count, None), None
    for each in found:
        event = each.event
        if not isinstance(event, MessagePosted) or event.piece is None:
            continue
        if (event.piece.reference, event.piece.count) != (piece.reference, piece.count):
            continue
        texts = _texts(event)
        if not last.takes(texts):
            last = _Message(piece.count, last)
        last.texts |= texts
        last.pieces.append((each, event))
        if each.id == row.id:
            wanted = last
    return wanted or last


async def _numbered(row: Inbox, event: MessagePosted, piece: Piece, found: Sequence[Arrived], now: datetime) -> Whole:
    message = _same_message(row, piece, found)
    handled = next(((each, posted) for each, posted in message.pieces if not each.waits), None)
    rest = tuple(each.id for each, _ in message.pieces if each.waits and each.id != row.id)
    if handled is not None:
        if message.texts == _texts(handled[1]):
            return Whole(event=event, merged=(row.id, *rest), is_repeat=True)
        return await _longer(event, *handled, message.texts, (row.id, *rest))
    until = min((each.at for each, _ in message.pieces), default=row.received_at) + PATIENCE
    if not message.is_complete and now < until and not _has_more_to_say(message, found):
        pause = _LOOK if until - now > PATIENCE - _SOON else _LATER_LOOK
        raise IncompleteError(min(until, now + pause))
    if message.repeats:
        return Whole(event=event, merged=(row.id, *rest), is_repeat=True)
    first = next((each for _, each in message.pieces if 1 in _texts(each)), event)
    joined = _joined(event, piece, message.texts, first)
    return Whole(event=joined, keeps=(row.id, joined), merged=rest)


async def _longer(
    event: MessagePosted, before: Arrived, posted: MessagePosted, texts: dict[int, str], merged: tuple[int, ...]
) -> Whole:
    """A piece that came late. Where what came before is no post (an answer to a question), it is one of its own."""
    piece = posted.piece or Piece()
    if await submissions.submission_by_source(posted.ref) is None:
        alone = _joined(event, piece, _texts(event), event)
        return Whole(event=replace(alone, piece=None))
    joined = _joined(posted, piece, texts, posted)
    common = {name: getattr(event, name) for name in ("account", "chat", "key", "at", "sender", "chat_kind")}
    edit = MessageEdited(**common, ref=posted.ref, text=joined.text)
    return Whole(event=edit, keeps=(before.id, joined), merged=merged)


def _joined(event: MessagePosted, piece: Piece, texts: dict[int, str], first: MessagePosted) -> MessagePosted:
    """``event`` saying everything; ``first``: the piece that says whether it is a command."""
    said: list[str] = []
    for number in range(1, piece.count + 1):
        if number in texts:
            said.append(texts[number])
        elif not said or said[-1] != f"{GAP} ":
            said.append(f"{GAP} ")
    held = tuple(sorted(texts.items()))
    return replace(
        event,
        text=plain("".join(said).strip()),
        piece=replace(piece, held=held),
        missing=piece.count - len(texts),
        is_command=first.is_command,
    )


def _has_more_to_say(message: _Message, found: Sequence[Arrived]) -> bool:
    """Does something whole wait behind it?"""
    own = [each.id for each, _ in message.pieces]
    return any(each.waits and own and each.id > own[0] and _is_whole(each.event) for each in found)


def _is_whole(event: InboundEvent) -> bool:
    if isinstance(event, MessagePosted):
        return event.piece is None or not event.piece.count
    return not isinstance(event, DeliveryReported)


# --- without numbers ---


def _unnumbered(row: Inbox, event: MessagePosted, found: Sequence[Arrived], now: datetime) -> Whole:
    """A full one, with what goes on after it."""
    said, last, merged, ended = [event.text.text], row.received_at, [], False
    for each in found:
        if each.id <= row.id or not each.waits or isinstance(each.event, DeliveryReported):
            continue
        later = each.event
        ended = True
        if not isinstance(later, MessagePosted) or later.piece is None or later.piece.count:
            break
        if each.at - last > MOMENT:
            break
        said.append(later.text.text)
        merged.append(each.id)
        last, ended = each.at, not later.piece.full
        if ended:
            break
    if not ended and now < last + MOMENT:
        raise IncompleteError(min(last + MOMENT, now + _LOOK))
    joined = replace(event, text=plain("".join(said)), piece=None)
    return Whole(event=joined, keeps=(row.id, joined), merged=tuple(merged))


__all__ = ["MOMENT", "PATIENCE", "IncompleteError", "Whole", "keep", "whole"]
