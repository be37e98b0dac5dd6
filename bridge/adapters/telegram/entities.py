"""Telegram's message entities and our marks: UTF-16 code units on one side, code points on the other.

Not carried to Telegram: what it has no entity for. Headings become bold, lists are text with bullets on both sides.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from heapq import heappop, heappush
from typing import Any, Final
from urllib.parse import urlsplit

from bridge.core.calls import call_places, defused_text
from bridge.core.text import EXPANDABLE, Mark, MarkKind, RichText

MAX_ENTITIES: Final = 100
"""Telegram silently leaves out what comes after (https://limits.tginfo.me/en)."""

_KINDS: Final[Mapping[str, MarkKind]] = {
    "bold": MarkKind.BOLD,
    "italic": MarkKind.ITALIC,
    "underline": MarkKind.UNDERLINE,
    "strikethrough": MarkKind.STRIKE,
    "spoiler": MarkKind.SPOILER,
    "code": MarkKind.CODE,
    "pre": MarkKind.PRE,
    "blockquote": MarkKind.QUOTE,
    "expandable_blockquote": MarkKind.QUOTE,
    "text_link": MarkKind.LINK,
    "text_mention": MarkKind.MENTION,
}
"""What is missing (url, hashtag, mention, custom_emoji ...) says the same without a mark."""
_NAMES: Final = {kind: name for name, kind in _KINDS.items() if name != "expandable_blockquote"}
_MOST_READ: Final = 2_000
"""Twenty times what Telegram sends."""
_HANDLE: Final = re.compile("@(?=[A-Za-z0-9_])")
# Whole ids of Matrix: Telegram would make a link to a stranger of their beginning.
_FOREIGN_ID: Final = re.compile(r"(?<![A-Za-z0-9_])@(?=[a-z0-9._=/+-]+:[a-z0-9-]+\.[a-z0-9.-]*[a-z])", re.IGNORECASE)
_EXPANDABLE: Final = (MarkKind.QUOTE, EXPANDABLE)
_SURROGATE = re.compile("[\ud800-\udfff]")


def utf16_length(text: str) -> int:
    """How long Telegram finds a text."""
    return len(text) + sum(char > "\uffff" for char in text)


def _utf16_positions(text: str) -> list[int]:
    """The UTF-16 offset of every code point, and of the end."""
    positions = [0]
    for char in text:
        positions.append(positions[-1] + 1 + (char > "\uffff"))
    return positions


# --- Telegram -> us -------------------------------------------------------------------------------------------------


def to_rich_text(text: str, entities: object) -> RichText:
    """Read a text with its entities; what lies outside or is malformed is left out, never an error."""
    if not isinstance(entities, list) or not entities:
        return RichText(text)
    positions = _utf16_positions(text)
    marks = [
        mark for entity in entities[:_MOST_READ] if isinstance(entity, Mapping) and (mark := _mark(entity, positions))
    ]
    return RichText.clipped(text, marks)


def _mark(entity: Mapping[str, Any], positions: Sequence[int]) -> Mark | None:
    kind, offset, length = _KINDS.get(str(entity.get("type"))), entity.get("offset"), entity.get("length")
    if kind is None or not isinstance(offset, int) or not isinstance(length, int) or length <= 0:
        return None
    # An offset inside a surrogate pair counts for the whole character.
    start = bisect_left(positions, max(0, offset) + 1) - 1
    end = bisect_left(positions, offset + length)
    value = ""
    if kind is MarkKind.LINK:
        value = str(entity.get("url") or "")
    elif kind is MarkKind.PRE:
        value = str(entity.get("language") or "")
    elif kind is MarkKind.MENTION:
        user = entity.get("user")
        value = str(user.get("id", "")) if isinstance(user, Mapping) else ""
    elif entity["type"] == "expandable_blockquote":
        value = EXPANDABLE
    if not value and kind in (MarkKind.LINK, MarkKind.MENTION):
        return None
    return Mark(start, end, kind, value) if start < end else None


# --- us -> Telegram -------------------------------------------------------------------------------------------------


def to_entities(content: RichText) -> list[dict[str, Any]]:
    """Entities that Telegram takes as they are: in order, properly nested, none inside code, no quote in a quote.

    Marks that Telegram cannot say (an address that is not http or https) are left out.
    """
    positions = _utf16_positions(content.text)
    pieces = filter(None, (_inked(mark, content.text) for mark in _nested(content)))
    marks = sorted(pieces, key=lambda mark: (mark.start, -mark.end, _RANK[mark.kind]))
    return [_entity(mark, positions) for mark in marks]


_RANK: Final = {
    kind: rank
    for rank, kind in enumerate(
        (
            MarkKind.QUOTE,
            MarkKind.PRE,
            MarkKind.LINK,
            MarkKind.MENTION,
            MarkKind.CODE,
            MarkKind.BOLD,
            MarkKind.ITALIC,
            MarkKind.UNDERLINE,
            MarkKind.STRIKE,
            MarkKind.SPOILER,
        )
    )
}
_MOST_AT_ONCE: Final = 100
_ALONE: Final = (MarkKind.LINK, MarkKind.PRE, MarkKind.CODE, MarkKind.MENTION)
"""At most one of these at a place, the first that is there: an address must not be lost to how it is set."""


def _nested(content: RichText) -> Iterator[Mark]:
    """The same marks, cut where they would cross, with neighbours of one kind joined."""
    said = (_said(m) for m in content.marks)
    marks = _united([mark for m in said if m is not None and (mark := _inked(m, content.text))])
    waiting = sorted(marks, key=lambda m: m.start, reverse=True)
    active: list[Mark] = []
    borders = sorted({0, len(content.text), *(m.start for m in marks), *(m.end for m in marks)})
    open_marks: list[Mark] = []
    for start in borders[:-1]:
        active = [m for m in active if m.end > start]
        while waiting and waiting[-1].start <= start:
            active.append(waiting.pop())
        wanted = _compatible(active)
        held = {(m.kind, m.value) for m in wanted}
        keep = next((n for n, m in enumerate(open_marks) if (m.kind, m.value) not in held), len(open_marks))
        here = {(m.kind, m.value) for m in open_marks[:keep]}
        if any(m.kind is MarkKind.QUOTE and (m.kind, m.value) not in here for m in wanted):
            keep = 0  # a quote is a block: everything else begins again inside it
        yield from _closed(open_marks[keep:], start)
        del open_marks[keep:]
        here = {(m.kind, m.value) for m in open_marks}
        missing = [m for m in wanted if (m.kind, m.value) not in here]
        missing.sort(key=lambda m: (m.kind is not MarkKind.QUOTE, -m.end, _RANK[m.kind]))
        open_marks += [Mark(start, len(content.text), m.kind, m.value) for m in missing]
    yield from _closed(open_marks, len(content.text))


def _united(marks: Sequence[Mark]) -> list[Mark]:
    """Marks that say the same of overlapping stretches made one, so that neither is cut for the other's sake."""
    united: list[Mark] = []
    for mark in sorted(marks, key=lambda m: (m.kind, m.value, m.start)):
        last = united[-1] if united else None
        if last is not None and (last.kind, last.value) == (mark.kind, mark.value) and mark.start <= last.end:
            united[-1] = Mark(last.start, max(last.end, mark.end), mark.kind, mark.value)
        else:
            united.append(mark)
    return united if len(united) <= _MOST_AT_ONCE else list(_thinned(united))


def _thinned(marks: Sequence[Mark]) -> Iterator[Mark]:
    """No more of one kind open at a place than a person could mean: the first that began."""
    ends: dict[MarkKind, list[int]] = {}
    for mark in sorted(marks, key=lambda m: (m.start, m.end)):
        open_ends = ends.setdefault(mark.kind, [])
        while open_ends and open_ends[0] <= mark.start:
            heappop(open_ends)
        if len(open_ends) < _MOST_AT_ONCE:
            heappush(open_ends, mark.end)
            yield mark


def _inked(mark: Mark, text: str) -> Mark | None:
    """Without white space at its start, as Telegram keeps marks; what then crosses another it would drop."""
    start = mark.end - len(text[mark.start : mark.end].lstrip())
    return Mark(start, mark.end, mark.kind, mark.value) if start < mark.end else None


def _closed(open_marks: Sequence[Mark], end: int) -> Iterator[Mark]:
    for mark in open_marks:
        if mark.start < end:
            yield Mark(mark.start, end, mark.kind, mark.value)


def _compatible(marks: Sequence[Mark]) -> list[Mark]:
    """Of the marks over one stretch, those that Telegram lets stand together; one of each kind, the narrowest."""
    narrowest: dict[MarkKind, Mark] = {}
    for mark in sorted(marks, key=lambda m: m.end - m.start, reverse=True):
        narrowest[mark.kind] = mark
    chosen = next((kind for kind in _ALONE if kind in narrowest), None)
    if chosen in (MarkKind.PRE, MarkKind.CODE):
        return [mark for kind, mark in narrowest.items() if kind in (chosen, MarkKind.QUOTE)]
    return [mark for kind, mark in narrowest.items() if kind is chosen or kind not in _ALONE]


def _said(mark: Mark) -> Mark | None:
    """The mark as Telegram can say it; None where it cannot."""
    if mark.kind is MarkKind.HEADING:
        return Mark(mark.start, mark.end, MarkKind.BOLD)
    sayable = (mark.kind is not MarkKind.LINK or usable_url(mark.value)) and (
        mark.kind is not MarkKind.MENTION or _is_ours(mark.value)
    )
    return mark if sayable else None


def _is_ours(person: str) -> bool:
    """Is this the id of somebody on Telegram?"""
    return person.isascii() and person.isdigit() and len(person) < 20


def usable_url(url: str) -> bool:
    """Would Telegram take this address in a link or a button? (It refuses the whole message otherwise.)"""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port  # reading the port checks it
    except ValueError:
        return False
    if parts.scheme not in ("http", "https") or re.search(r"[\x00-\x20<>\"\x7f]", url):
        return False
    if ":" in host:  # an IPv6 address
        return True
    return "." in host and all(re.fullmatch(r"[\w-]{1,63}", label) for label in host.strip(".").split("."))


def _entity(mark: Mark, positions: Sequence[int]) -> dict[str, Any]:
    entity: dict[str, Any] = {
        "type": "expandable_blockquote" if (mark.kind, mark.value) == _EXPANDABLE else _NAMES[mark.kind],
        "offset": positions[mark.start],
        "length": positions[mark.end] - positions[mark.start],
    }
    if mark.kind is MarkKind.LINK:
        entity["url"] = mark.value
    elif mark.kind is MarkKind.PRE and mark.value:
        entity["language"] = mark.value
    elif mark.kind is MarkKind.MENTION:
        # Telegram reads the id alone; the other two are what makes it a User.
        entity["user"] = {"id": int(mark.value), "is_bot": False, "first_name": ""}
    return entity


def outgoing(content: RichText) -> RichText:
    """The text as it is sent: without half characters, and calling nobody who is not meant.

    Bots that call all members look for words like "@all"; Telegram itself takes the beginning of a Matrix id, and the
    name of somebody mentioned on another platform, for one of its own people.
    """
    text = RichText(without_surrogates(content.text), content.marks)
    places = [*call_places(text.text), *call_places(text.text, _FOREIGN_ID)]
    for mark in text.marks:
        if mark.kind is MarkKind.MENTION and not _is_ours(mark.value):
            places += [found.end() for found in _HANDLE.finditer(text.text, mark.start, mark.end)]
    return defused_text(text, places)


def without_surrogates(text: str) -> str:
    """Half characters replaced: neither Telegram nor a database takes them."""
    return _SURROGATE.sub("\ufffd", text)
