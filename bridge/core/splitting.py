"""Cutting a long text into parts a platform takes: at a paragraph, else a line, a sentence, a word, else anywhere."""

import re
import unicodedata
from collections.abc import Callable

from bridge.core.text import RichText

_BOUNDARIES = (re.compile(r"\n\s*\n"), re.compile(r"\n"), re.compile(r"(?<=[.!?…。؟।።])\s+"), re.compile(r"\s+"))


def _joins(text: str, index: int) -> bool:
    """Would a cut before ``index`` tear a character apart (combining marks, joiners, variation selectors)?"""
    return 0 < index < len(text) and (
        unicodedata.combining(text[index]) != 0 or text[index] in "\u200d\ufe0f" or text[index - 1] == "\u200d"
    )


def _longest_prefix(text: RichText, fits: Callable[[RichText], bool]) -> int:
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if fits(text[:middle]):
            low = middle
        else:
            high = middle - 1
    return low


def _cut(text: str, room: int) -> int:
    """Where to cut so that at most ``room`` code points come first; prefers boundaries in the later half."""
    for pattern in _BOUNDARIES:
        ends = [match.end() for match in pattern.finditer(text, 0, room) if match.start() >= room // 2]
        if ends:
            return ends[-1]
    index = room
    while index > max(1, room - 64) and _joins(text, index):
        index -= 1
    return index


def split(text: RichText, fits: Callable[[RichText], bool]) -> list[RichText]:
    """Parts that each fit, in order; marks are closed and opened again at the cuts.

    ``fits`` is asked of whole parts, so it may count in any unit. Raises ValueError where not even one character fits.
    """
    if fits(text):
        return [text] if text else []
    parts: list[RichText] = []
    rest = _begun(text)
    while rest:
        if fits(rest):
            parts.append(rest)
            break
        room = _longest_prefix(rest, fits)
        if room == 0:
            raise ValueError("a part must hold at least one character")
        index = _cut(rest.text, room)
        parts.append(rest[:index].rstrip())  # never empty: it begins with a visible character
        rest = _begun(rest[index:])
    return parts


def _begun(text: RichText) -> RichText:
    """From its first visible character: white space alone is no message on some platforms, so no part may be that."""
    return text[len(text.text) - len(text.text.lstrip()) :]
