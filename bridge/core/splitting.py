"""Cutting a long text into parts a platform takes: at a paragraph, else a line, a sentence, a word, else anywhere."""

import re
from collections.abc import Callable

from bridge.core.graphemes import cut_before
from bridge.core.text import RichText

_BOUNDARIES = (
    re.compile(r"\n\s*\n"),
    re.compile(r"\n"),
    re.compile(r"(?:(?<=[.!?…؟।።։။])|(?<=[.!?…][\"'”’»)\]]))\s+|(?<=[。！？])\s*"),
    re.compile(r"\s+"),
)
_FIRST_GUESS = 512


def _window(text: RichText, fits: Callable[[RichText], bool], low: int, guess: int) -> tuple[RichText, bool]:
    """A beginning of the text that does not fit, at most about twice as long as one that does; or all of it, fitting.

    Asking about the whole rest for every part would take time by the square of a long text.
    """
    size = max(low + 1, guess)
    while size < len(text):
        window = text[:size]
        if not fits(window):
            return window, False
        size *= 2
    return text, fits(text)


def _longest_prefix(text: RichText, fits: Callable[[RichText], bool], low: int) -> int:
    """``low`` code points are known to fit, or none are."""
    high = len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if fits(text[:middle]):
            low = middle
        else:
            high = middle - 1
    return low


def _cut(text: str, room: int, indented: int) -> int:
    """Where to cut so that at most ``room`` code points come first; prefers boundaries in the later half."""
    for pattern in _BOUNDARIES:
        last = 0
        for match in pattern.finditer(text, max(room // 2 - 1, 0), room):
            if match.start() >= room // 2 and match.start() > indented:
                last = match.end()
        if last:
            return last
    index = cut_before(text, room)
    return index if index > indented else room


def split(text: RichText, fits: Callable[[RichText], bool]) -> list[RichText]:
    """Parts that each fit, in order; marks are closed and opened again at the cuts.

    ``fits`` is asked of whole parts, so it may count in any unit. Raises ValueError where not even one character fits.
    """
    if fits(text):
        return [text] if text else []
    parts: list[RichText] = []
    rest, indented = _begun(text, fits, at_line=True)
    guess = _FIRST_GUESS
    while rest:
        window, whole = _window(rest, fits, indented, guess)
        if whole:
            parts.append(rest)
            break
        room = _longest_prefix(window, fits, indented + 1 if indented else 0)
        if room == 0:
            raise ValueError("a part must hold at least one character")
        guess = room + 1
        index = _cut(rest.text, room, indented)
        parts.append(rest[:index].rstrip())  # never empty: there is a visible character in it
        rest, indented = _begun(rest[index:], fits, at_line=rest.text[index - 1] == "\n")
    return parts


def _begun(text: RichText, fits: Callable[[RichText], bool], *, at_line: bool) -> tuple[RichText, int]:
    """From its first visible character, or from the indentation of that line; and how long the indentation is.

    White space alone is no message on some platforms, so no part may be that. But lines of code and the inner items of
    lists say with their indentation what they belong to.
    """
    blank = len(text.text) - len(text.text.lstrip())
    line = text.text.rfind("\n", 0, blank) + 1
    if blank > line and (line or at_line) and blank < len(text) and fits(text[line : blank + 1]):
        return text[line:], blank - line
    return text[blank:], 0
