"""Messages that come in pieces, one event for each: joined from the inbox, so that a kill loses none.

Numbered pieces are waited for until all are there, a minute at most; then what is there is handled, with ``[…]`` for
the rest, and its author is told. A piece that comes after that makes the message longer. Some gateways hand pieces over
without numbers: there a message that is exactly full waits a moment for the next one, which then belongs to it.

Nothing else of the same person waits meanwhile: whoever writes STOP has done with the message before.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from bridge.core.events import InboundEvent, MessageEdited, MessagePosted, Piece
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
_LOOK: Final = timedelta(seconds=1)
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


async def whole(row: Inbox, event: InboundEvent, now: datetime) -> Whole:
    """An event with the others that belong to it. Raises IncompleteError."""
    if not isinstance(event, MessagePosted) or event.piece is None or row.key.startswith(inbox.AGAIN):
        return Whole(event=event)
    found = await stored.around(row, row.received_at - _LATE)
    if event.piece.count:
        return await _numbered(row, event, event.piece, found, now)
    return _unnumbered(row, event, found, now) if event.piece.full else Whole(event=event)


async def keep(row: Inbox, found: Whole) -> None:
    """Part of the transaction that handles it."""
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


def _same_message(row: Inbox, piece: Piece, found: Sequence[Arrived]) -> list[tuple[Arrived, MessagePosted]]:
    """The pieces of the message that a row is one of. The network's numbers come round again."""
    groups: list[list[tuple[Arrived, MessagePosted]]] = [[]]
    seen: set[int] = set()
    for each in found:
        event = each.event
        if not isinstance(event, MessagePosted) or event.piece is None:
            continue
        if (event.piece.reference, event.piece.count) != (piece.reference, piece.count):
            continue
        numbers = set(_texts(event))
        if seen & numbers or len(seen) == piece.count:
            groups.append([])
            seen = set()
        seen |= numbers
        groups[-1].append((each, event))
    return next(group for group in groups if any(each.id == row.id for each, _ in group))


async def _numbered(row: Inbox, event: MessagePosted, piece: Piece, found: Sequence[Arrived], now: datetime) -> Whole:
    group = _same_message(row, piece, found)
    texts = {number: text for _, each in group for number, text in _texts(each).items()}
    handled = next(((each, posted) for each, posted in group if not each.waits), None)
    rest = tuple(each.id for each, _ in group if each.waits and each.id != row.id)
    if handled is not None:
        return await _longer(event, *handled, texts, (row.id, *rest))
    until = min(each.at for each, _ in group) + PATIENCE
    if len(texts) < piece.count and now < until and not _has_more_to_say(group, found):
        raise IncompleteError(min(until, now + _LOOK))
    joined = _joined(event, piece, texts, next((each for _, each in group if 1 in _texts(each)), event))
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


def _has_more_to_say(group: Sequence[tuple[Arrived, MessagePosted]], found: Sequence[Arrived]) -> bool:
    """Does something wait behind it that is no piece of it?"""
    own = {each.id for each, _ in group}
    return any(each.waits and each.id > min(own) and each.id not in own for each in found)


# --- without numbers ---


def _unnumbered(row: Inbox, event: MessagePosted, found: Sequence[Arrived], now: datetime) -> Whole:
    """A full one, with what goes on after it."""
    said, last, merged, ended = [event.text.text], row.received_at, [], False
    for each in found:
        if each.id <= row.id:
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
