"""What a reader takes for one character: where a text may be cut without tearing an accent, a flag or a face apart.

Close to the extended grapheme clusters of https://www.unicode.org/reports/tr29/ by the properties that Python knows,
and in doubt together: a cut that a reader would not notice is missed now and then, none is made that they would see.
"""

import unicodedata
from typing import Final

_JOINER: Final = "\u200d"
_NON_JOINER: Final = "\u200c"
_VIRAMA: Final = 9
"""The canonical combining class of the signs that join Indic consonants."""


def _extends(char: str) -> bool:
    """Does it belong to the character before it?"""
    if char < "\u0300":
        return False
    return (
        char in (_JOINER, _NON_JOINER)
        or unicodedata.category(char)[0] == "M"
        or "\U0001f3fb" <= char <= "\U0001f3ff"  # tones of skin
        or "\U000e0020" <= char <= "\U000e007f"  # the tags of a region's flag
        or char in "\uff9e\uff9f"
    )


def _is_region(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"


def _hangul(char: str) -> str:
    """L, V, T, or LV/LVT of a Korean syllable; empty for everything else."""
    if "\u1100" <= char <= "\u115f" or "\ua960" <= char <= "\ua97c":
        return "L"
    if "\u1160" <= char <= "\u11a7" or "\ud7b0" <= char <= "\ud7c6":
        return "V"
    if "\u11a8" <= char <= "\u11ff" or "\ud7cb" <= char <= "\ud7fb":
        return "T"
    if "\uac00" <= char <= "\ud7a3":
        return "LVT" if (ord(char) - 0xAC00) % 28 else "LV"
    return ""


def _joins_letters(text: str, index: int) -> bool:
    """Is ``index`` the second letter of an Indic conjunct (a letter, a virama, joiners in any order, a letter)?"""
    if unicodedata.category(text[index]) != "Lo":
        return False
    place = index - 1
    seen = False
    while place >= max(0, index - 4) and (text[place] == _JOINER or unicodedata.category(text[place]) == "Mn"):
        seen = seen or unicodedata.combining(text[place]) == _VIRAMA
        place -= 1
    return seen


def is_inside(text: str, index: int, back: int = 64) -> bool:
    """Would a cut before ``index`` tear a character apart? Looks back at most ``back`` places."""
    if not 0 < index < len(text):
        return False
    here, before = text[index], text[index - 1]
    if here == "\n" and before == "\r":
        return True
    if _extends(here) or before == _JOINER:
        return True
    if _is_region(here):
        # Two make a flag: inside one where an odd number of them stands before.
        start = index
        while start > max(0, index - back) and _is_region(text[start - 1]):
            start -= 1
        return (index - start) % 2 == 1
    kind, previous = _hangul(here), _hangul(before)
    if kind and previous:
        return (
            (previous == "L" and kind != "T")
            or (previous in ("LV", "V") and kind in ("V", "T"))
            or (previous in ("LVT", "T") and kind == "T")
        )
    return _joins_letters(text, index)


def cut_before(text: str, index: int, back: int = 64) -> int:
    """The last place at or before ``index`` where a cut tears nothing apart.

    ``index`` itself where ``back`` places hold none: a tower of accents must be cut somewhere.
    """
    place = index
    while place > 0 and index - place < back:
        if not is_inside(text, place, back):
            return place
        place -= 1
    return index
