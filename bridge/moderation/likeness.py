"""Is this the same message again? Compared without letter case, accents, punctuation and order of lines."""

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


def normalised(text: str) -> tuple[str, ...]:
    """The words of a text as they are compared."""
    folded = unicodedata.normalize("NFKD", text[:_READ].casefold())
    return tuple(_WORDS.findall("".join(char for char in folded if not unicodedata.combining(char))))


def _shingles(words: tuple[str, ...]) -> frozenset[tuple[str, ...]]:
    return frozenset(words[index : index + _SHINGLE] for index in range(len(words) - _SHINGLE + 1))


def _figures(words: tuple[str, ...]) -> list[str]:
    return sorted(word for word in words if any(map(str.isdigit, word)))


def alike(one: str, other: str) -> bool:
    """Nearly the same words in nearly the same order. Numbers count: 200 mg is not 400 mg."""
    first, second = normalised(one), normalised(other)
    if min(len(first), len(second)) < _FEWEST:
        return False
    if first == second:
        return True
    if _figures(first) != _figures(second):
        return False
    mine, theirs = _shingles(first), _shingles(second)
    return len(mine & theirs) >= _ENOUGH * len(mine | theirs)


def first_alike(text: str, others: Iterable[tuple[int, str]]) -> int | None:
    """The number of the first of (number, text) that says the same; None where none does."""
    return next((number for number, other in others if alike(text, other)), None)
