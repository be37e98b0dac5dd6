"""Which part of a post an answer is about, in a form that holds wherever the post is cut in another way. Pure.

Stored as a short text: ``file:`` with a file's fingerprint, ``item:`` with the place of a poll or of a point on the map
among what is neither text nor file, ``text:`` with a distance from the beginning of the text. Empty: the whole post.
"""

from collections.abc import Sequence

WHOLE = ""
_FILE, _ITEM, _TEXT = "file:", "item:", "text:"
_WINDOW = 24
"""Characters that are compared to find where a part of a text begins: headings and cards come before and after it."""
_STRIDE = 8
"""Characters from one such comparison to the next: what is found begins a few characters earlier."""
_HEADING = 4_000
"""Characters that may come before the words of the text in a part of it."""
_SHORTEST = 8
"""Fewer characters than this are found anywhere."""


def of_file(sha256: str) -> str:
    return _FILE + sha256


def of_item(index: int) -> str:
    return f"{_ITEM}{index}"


def of_text(distance: int) -> str:
    """The beginning of a text is the post itself."""
    return f"{_TEXT}{distance}" if distance > 0 else WHOLE


def file_of(spot: str) -> str:
    """The fingerprint of the file; empty where it is about none."""
    return spot.removeprefix(_FILE) if spot.startswith(_FILE) else ""


def item_of(spot: str) -> int | None:
    return _number(spot, _ITEM)


def distance_of(spot: str) -> int | None:
    return _number(spot, _TEXT)


def _number(spot: str, prefix: str) -> int | None:
    number = spot.removeprefix(prefix)
    return int(number) if spot.startswith(prefix) and number.isdecimal() else None


def flat(text: str) -> str:
    """A text as distances are counted in it: wherever it is cut, white space at the cut goes."""
    return " ".join(text.split())


def beginnings(parts: Sequence[str], text: str) -> list[int | None]:
    """For the parts of a text, as they stand in a chat one after another, where in it each begins.

    None where that cannot be told: it is in another language, or none of the text.
    """
    whole = flat(text)
    found: list[int | None] = []
    position = 0
    for part in map(flat, parts):
        begin = _begin(part, whole, position)
        found.append(None if begin is None else begin[0])
        position = position if begin is None else sum(begin)
    return found


def _begin(part: str, whole: str, position: int) -> tuple[int, int] | None:
    """Where the first words of a part that are of the text stand in it, and how many characters they go on alike."""
    size = min(_WINDOW, len(part))
    if size < min(_SHORTEST, len(whole)) or not size:
        return None
    for offset in range(0, min(len(part) - size + 1, _HEADING), _STRIDE):
        at = whole.find(part[offset : offset + size], position)
        if at >= 0:
            while offset and at > position and part[offset - 1] == whole[at - 1]:
                offset, at = offset - 1, at - 1
            alike = 0
            while part[offset + alike : offset + alike + 1] == whole[at + alike : at + alike + 1] != "":
                alike += 1
            return at, alike
    # The whole text is shorter than a window, between a heading and a card.
    return (position, len(whole) - position) if whole[position:] and whole[position:] in part else None


def place_of(parts: Sequence[str], index: int, excerpt: str, text: str) -> int | None:
    """How far into the text somebody means who answers that part, quoting ``excerpt`` of it or nothing."""
    found = beginnings(parts, text)
    begin = found[index]
    if begin is None:
        return None
    end = next((later for later in found[index + 1 :] if later is not None), len(text))
    words = flat(excerpt).rstrip("…").strip()
    at = flat(text).find(words, begin, end) if len(words) >= _SHORTEST else -1
    return max(at, begin)


def part_with(parts: Sequence[str], distance: int, text: str) -> int | None:
    """Which part of the text holds a place in it: the last that begins before it. None where that cannot be told."""
    held = [number for number, begin in enumerate(beginnings(parts, text)) if begin is not None and begin <= distance]
    return held[-1] if held else None
