"""Is this the same message again? Compared without letter case, accents and punctuation."""

import re
import unicodedata
from collections.abc import Iterable

_READ = 4000
"""Characters compared: who sends the same again sends the same beginning."""
_WORDS = re.compile(r"\w+")
_SHINGLE = 3
_ENOUGH = 0.8
"""The share of three-word runs that two texts have in common, of all that either has."""
_FEWEST = 3
"""Words: "Thank you!" is said again and again."""
_LONGER = 1.5
"""So many times as long as the other, a text is not nearly the same."""

Words = tuple[str, ...]


def normalised(text: str) -> Words:
    """The words of a text as they are compared."""
    text = text[:_READ]
    if text.isascii():
        return tuple(_WORDS.findall(text.lower()))
    folded = unicodedata.normalize("NFKD", text.casefold())
    return tuple(_WORDS.findall("".join(char for char in folded if not unicodedata.combining(char))))


def _shingles(words: Words) -> frozenset[Words]:
    return frozenset(words[index : index + _SHINGLE] for index in range(len(words) - _SHINGLE + 1))


def _figures(words: Words) -> list[str]:
    return sorted(word for word in words if any(map(str.isdigit, word)))


def _alike(first: Words, second: Words) -> bool:
    if min(len(first), len(second)) < _FEWEST:
        return False
    if first == second:
        return True
    if _figures(first) != _figures(second):
        return False
    mine, theirs = _shingles(first), _shingles(second)
    return len(mine & theirs) >= _ENOUGH * len(mine | theirs)


def alike(one: str, other: str) -> bool:
    """Nearly the same words in nearly the same order. Numbers count: 200 mg is not 400 mg."""
    return _alike(normalised(one), normalised(other))


def first_alike(text: str, others: Iterable[tuple[int, str]]) -> int | None:
    """The number of the first of (number, text) that says the same; None where none does."""
    words = normalised(text)
    size = min(len(text), _READ)
    for number, other in others:
        length = min(len(other), _READ)
        if max(size, length) <= _LONGER * min(size, length) and _alike(words, normalised(other)):
            return number
    return None
