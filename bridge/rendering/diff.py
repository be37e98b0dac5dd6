"""What an edit did to a text, word by word: for people on phones, who see a few words around each change."""

import unicodedata
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from enum import IntEnum
from itertools import accumulate

from bridge.core.text import EMPTY, Mark, MarkKind, RichText, plain
from bridge.rendering.trivial import is_trivial
from bridge.rendering.words import Words

__all__ = ["changed", "in_words", "is_trivial"]

# Comparisons of one word with one other before a stretch is left as "all of this became all of that". Ordinary prose of
# 20,000 characters, every sentence touched, takes a third of it; what takes more is no edit but another text.
_MAX_STEPS = 2_000_000
_THIN = 3
"""Letters between two replacements that are too few to help the eye: "a of b" became "c of d"."""
_CUT = " … "
_QUOTED = 60
"""Characters of one quoted stretch, in words."""
_TOLD = 4
"""Changes told one by one, in words."""


@dataclass(frozen=True, slots=True)
class _Token:
    """A word, a number, a punctuation mark, a sign or a picture, with the white space before it."""

    gap: str
    text: str
    is_word: bool


@dataclass(frozen=True, slots=True)
class _Change:
    """A stretch of both texts: the same where ``is_same``, else ``old`` taken out and ``new`` put in."""

    is_same: bool
    old: Sequence[_Token]
    new: Sequence[_Token]


@dataclass(slots=True)
class _Budget:
    left: int = field(default=_MAX_STEPS)


def _stands_alone(char: str) -> bool:
    """Is it of a script that is written without spaces between words?"""
    return (
        "\u0e00" <= char <= "\u0eff"
        or "\u1000" <= char <= "\u109f"
        or "\u1780" <= char <= "\u17ff"
        or "\u3040" <= char <= "\u30ff"
        or "\u3400" <= char <= "\u9fff"
        or "\uf900" <= char <= "\ufaff"
        or char >= "\U00020000"
    )


def _belongs(text: str, start: int, index: int) -> bool:
    """Does the character belong to the token that begins at ``start`` and holds all before it?"""
    before, char, after = text[index - 1], text[index], text[index + 1 : index + 2]
    if before.isspace() or char.isspace():
        return False
    if char.isalnum() and not text[start].isalnum():
        return False
    if before == "\u200d" or unicodedata.category(char) in ("Mn", "Mc", "Me", "Cf"):
        return True
    if "\U0001f3fb" <= char <= "\U0001f3ff":  # skin tones
        return not before.isalnum()
    if "\U0001f1e6" <= before <= "\U0001f1ff" and "\U0001f1e6" <= char <= "\U0001f1ff":  # the two letters of a flag
        return True
    if char in ".,:/·" and before.isdigit():  # 0.5, 1,000, 18:00, 1/2: a number is seen whole
        return after.isdigit()
    if before in ".,:/·" and char.isdigit():
        return index > 1 and text[index - 2].isdigit()
    if char in "'’" and before.isalpha():
        return after.isalpha()
    if before in "'’" and char.isalpha():
        return index > 1 and text[index - 2].isalpha()
    if char.isalnum() and (before.isalnum() or unicodedata.category(before)[0] == "M" or before == "\u200c"):
        return not _stands_alone(char) and not _stands_alone(before)
    return False


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    index, size = 0, len(text)
    while index < size:
        gap_start = index
        while index < size and text[index].isspace():
            index += 1
        gap, start = text[gap_start:index], index
        if index == size:
            break
        index += 1
        while index < size and _belongs(text, start, index):
            index += 1
        tokens.append(_Token(gap, text[start:index], text[start].isalnum()))
    return tokens


def _lines(tokens: Sequence[_Token]) -> list[Sequence[_Token]]:
    ends = [*(at for at, token in enumerate(tokens) if at and "\n" in token.gap), len(tokens)]
    return [tokens[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def _matches(
    old: Sequence[Hashable], new: Sequence[Hashable], budget: _Budget, *, only_rare: bool
) -> list[tuple[int, int, int]]:
    """Where both are the same: (start in old, start in new, length), in order, at most until the budget is spent."""
    head = 0
    while head < min(len(old), len(new)) and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    found = [(0, 0, head), (len(old) - tail, len(new) - tail, tail)]
    matcher: SequenceMatcher[Hashable] = SequenceMatcher(None, old, new, autojunk=only_rare)
    # What the matcher looks at, item by item. (What it calls popular it does not look for, only takes along.)
    places: dict[Hashable, list[int]] = matcher.b2j  # type: ignore[attr-defined]  # documented, but not in typeshed
    costs = [0, *accumulate(1 + len(places.get(item, ())) for item in old)]
    waiting = [(head, len(old) - tail, head, len(new) - tail)]
    while waiting:
        old_start, old_end, new_start, new_end = waiting.pop()
        cost = costs[old_end] - costs[old_start]
        if old_start == old_end or new_start == new_end or cost > budget.left:
            continue
        budget.left -= cost
        i, j, size = matcher.find_longest_match(old_start, old_end, new_start, new_end)
        if size:
            found.append((i, j, size))
            waiting += [(i + size, old_end, j + size, new_end), (old_start, i, new_start, j)]
    return sorted(match for match in found if match[2])


def _stretches(
    old: Sequence[Hashable], new: Sequence[Hashable], budget: _Budget, *, only_rare: bool
) -> Iterator[tuple[bool, slice, slice]]:
    """Both sequences from end to end, in stretches that are the same or not."""
    at_old = at_new = 0
    for i, j, size in [*_matches(old, new, budget, only_rare=only_rare), (len(old), len(new), 0)]:
        if at_old < i or at_new < j:
            yield False, slice(at_old, i), slice(at_new, j)
        if size:
            yield True, slice(i, i + size), slice(j, j + size)
        at_old, at_new = i + size, j + size


def _flat(lines: Sequence[Sequence[_Token]]) -> list[_Token]:
    return [token for line in lines for token in line]


def _key(tokens: Sequence[_Token]) -> tuple[str, ...]:
    return tuple(token.text for token in tokens)


class _Level(IntEnum):
    """What is compared with what: each level looks only into what differed on the one before."""

    LINES = 0
    RARE_WORDS = 1
    """Of a long stretch only the words that are rare in it find each other; their neighbours follow."""
    WORDS = 2


def _refined(old: Sequence[_Token], new: Sequence[_Token], level: _Level, budget: _Budget) -> Iterator[_Change]:
    old_units = _lines(old) if level is _Level.LINES else [[token] for token in old]
    new_units = _lines(new) if level is _Level.LINES else [[token] for token in new]
    old_keys, new_keys = [*map(_key, old_units)], [*map(_key, new_units)]
    for is_same, i, j in _stretches(old_keys, new_keys, budget, only_rare=level is _Level.RARE_WORDS):
        change = _Change(is_same, _flat(old_units[i]), _flat(new_units[j]))
        if _replaces(change) and level is not _Level.WORDS:
            yield from _refined(change.old, change.new, _Level(level + 1), budget)
        else:
            yield change


def _compared(before: str, after: str) -> list[_Change]:
    """Both texts from end to end; after what is the same comes what is not, and after that what is."""
    changes: list[_Change] = []
    for change in _refined(_tokens(before), _tokens(after), _Level.LINES, _Budget()):
        if changes and changes[-1].is_same == change.is_same:
            change = _merged(changes.pop(), change)
        elif len(changes) > 1 and _replaces(change) and _replaces(changes[-2]) and _is_thin(changes[-1]):
            between = changes.pop()
            change = _merged(changes.pop(), between, change)
        changes.append(change)
    return changes


def _merged(*changes: _Change) -> _Change:
    is_same = all(change.is_same for change in changes)
    return _Change(is_same, _flat([c.old for c in changes]), _flat([c.new for c in changes]))


def _replaces(change: _Change) -> bool:
    return not change.is_same and bool(change.old) and bool(change.new)


def _is_thin(change: _Change) -> bool:
    return sum(len(token.text) for token in change.new if token.is_word) <= _THIN


def _text(tokens: Sequence[_Token]) -> str:
    return "".join(token.gap + token.text if at else token.text for at, token in enumerate(tokens))


def _beginning(tokens: Sequence[_Token], room: int) -> Sequence[_Token]:
    """As many as take so many characters."""
    ends = accumulate(len(token.text) + (len(token.gap) if at else 0) for at, token in enumerate(tokens))
    return tokens[: sum(end <= room for end in ends)]


def _end(tokens: Sequence[_Token], room: int) -> Sequence[_Token]:
    starts = accumulate(len(token.gap) + len(token.text) for token in reversed(tokens))
    kept = sum(start - len(token.gap) <= room for start, token in zip(starts, reversed(tokens), strict=True))
    return tokens[len(tokens) - kept :]


def _touch(left: _Token, right: _Token) -> bool:
    """Would the two read as one word?"""
    return not right.gap and left.is_word and right.is_word and not _stands_alone(right.text[0])


class _Sheet:
    """The difference as it is written."""

    def __init__(self) -> None:
        self._text = ""
        self._marks: list[Mark] = []
        self._last: _Token | None = None
        self._is_cut = False

    def put(self, tokens: Sequence[_Token], kind: MarkKind | None = None) -> None:
        if not tokens:
            return
        first = tokens[0]
        if self._is_cut:
            self._text += _CUT[-1]
        elif self._last is not None:
            self._text += " " if _touch(self._last, first) else first.gap
        start = len(self._text)
        self._text += _text(tokens)
        if kind is not None:
            self._marks.append(Mark(start, len(self._text), kind))
        self._last, self._is_cut = tokens[-1], False

    def cut(self) -> None:
        self._text += _CUT.rstrip() if self._text else _CUT.strip()
        self._is_cut = True

    def done(self) -> RichText:
        return RichText(self._text, tuple(self._marks))


def changed(before: RichText, after: RichText, *, context: int = 40) -> RichText:
    """What became of ``before``: struck what was taken out, bold what was put in, and the words around.

    A stretch that stayed is shortened to ``context`` characters, whole words, with " … " for what is left out; in the
    middle, half of them on either side.
    EMPTY where no word changed, only marks or white space. At most both texts long; bounded time.
    """
    changes = _compared(before.text, after.text)
    if all(change.is_same for change in changes):
        return EMPTY
    sheet = _Sheet()
    for at, change in enumerate(changes):
        if not change.is_same:
            sheet.put(change.old, MarkKind.STRIKE)
            sheet.put(change.new, MarkKind.BOLD)
        elif len(_text(change.new)) <= context + len(_CUT):
            sheet.put(change.new)
        else:
            is_first, is_last = at == 0, at == len(changes) - 1
            room = context if is_first or is_last else context // 2
            if not is_first:
                sheet.put(_beginning(change.new, room))
            sheet.cut()
            if not is_last:
                sheet.put(_end(change.new, room))
    return sheet.done()


def _quoted(tokens: Sequence[_Token]) -> str:
    line = " ".join(_text(tokens).split()).replace('"', "'")
    return plain(line).shortened(_QUOTED, "...").text


def _is_short(change: _Change) -> bool:
    return all(sum(token.is_word for token in side) < 3 for side in (change.old, change.new))


def in_words(before: RichText, after: RichText, w: Words) -> str:
    """The difference for chats without formatting: ``Changed: "give 400 mg" to "give 500 mg".``

    The first few changes, each shortened. Empty where no word changed.
    """
    changes = _compared(before.text, after.text)
    said: list[str] = []
    for at, change in enumerate(changes):
        if change.is_same:
            continue
        old, new = change.old, change.new
        if _is_short(change):  # one word alone says little: not what "not" stood before
            left, right = changes[max(0, at - 1) : at], changes[at + 1 : at + 2]
            old = _flat([*(c.old[-1:] for c in left), old, *(c.old[:1] for c in right)])
            new = _flat([*(c.new[-1:] for c in left), new, *(c.new[:1] for c in right)])
        if old and new:
            said.append(w._('Changed: "{before}" to "{after}".', before=_quoted(old), after=_quoted(new)))
        elif old:
            said.append(w._('Taken out: "{text}".', text=_quoted(old)))
        else:
            said.append(w._('Put in: "{text}".', text=_quoted(new)))
    more = len(said) - _TOLD
    if more > 0:
        said[_TOLD:] = [w.ngettext("And {count} more change.", "And {count} more changes.", more)]
    return " ".join(said)
