"""Rich text: a plain string and marks over it, counted in code points. Never HTML, Markdown or UTF-16 offsets."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import accumulate, pairwise
from typing import Self


class MarkKind(StrEnum):
    """What a stretch of text is, in terms every platform can say or leave out."""

    BOLD = "bold"
    ITALIC = "italic"
    UNDERLINE = "underline"
    STRIKE = "strike"
    SPOILER = "spoiler"
    CODE = "code"
    PRE = "pre"
    """A block of code; the mark's value is its language, or empty."""
    LINK = "link"
    """The mark's value is the address."""
    MENTION = "mention"
    """The mark's value is the platform's own id of the person."""
    QUOTE = "quote"
    """The mark's value is ``expandable`` where readers see its first lines until they ask for the rest."""
    HEADING = "heading"
    """A line above a section; the mark's value is its level, "1" (the highest) to "6"."""


EXPANDABLE = "expandable"


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """One mark over ``[start, end)``, in code points."""

    start: int
    end: int
    kind: MarkKind
    value: str = ""


@dataclass(frozen=True, slots=True)
class RichText:
    """Text with marks. Marks lie inside the text, are never empty, and may nest or overlap."""

    text: str = ""
    marks: tuple[Mark, ...] = ()

    def __post_init__(self) -> None:
        size = len(self.text)
        for mark in self.marks:
            if not 0 <= mark.start < mark.end <= size:
                raise ValueError(f"a {mark.kind} mark [{mark.start}, {mark.end}) lies outside a text of {size}")

    def __len__(self) -> int:
        return len(self.text)

    def __bool__(self) -> bool:
        return bool(self.text)

    def __add__(self, other: "RichText | str") -> "RichText":
        added = RichText(other) if isinstance(other, str) else other
        shift = len(self.text)
        moved = tuple(replace(m, start=m.start + shift, end=m.end + shift) for m in added.marks)
        return RichText(self.text + added.text, self.marks + moved)

    def __getitem__(self, part: slice) -> "RichText":
        start, end, step = part.indices(len(self.text))
        if step != 1:
            raise ValueError("rich text is cut with a step of 1")
        end = max(start, end)
        kept = tuple(
            replace(m, start=max(m.start, start) - start, end=min(m.end, end) - start)
            for m in self.marks
            if max(m.start, start) < min(m.end, end)
        )
        return RichText(self.text[start:end], kept)

    @classmethod
    def clipped(cls, text: str, marks: Iterable[Mark]) -> Self:
        """Build from foreign marks: what runs outside the text is cut, what is empty is left out."""
        size = len(text)
        inside = (replace(m, start=max(0, m.start), end=min(size, m.end)) for m in marks)
        return cls(text, tuple(sorted({m for m in inside if m.start < m.end})))

    def strip(self) -> "RichText":
        """Without white space at either end."""
        start = len(self.text) - len(self.text.lstrip())
        return self[start : max(start, len(self.text.rstrip()))]

    def rstrip(self) -> "RichText":
        return self[: len(self.text.rstrip())]

    def without(self, unwanted: Callable[[str], bool]) -> "RichText":
        """Leave out single characters; marks close up around the gaps."""
        return self.without_places({place for place, char in enumerate(self.text) if unwanted(char)})

    def without_places(self, places: Collection[int]) -> "RichText":
        """The same, by position."""
        if not places:
            return self
        position = [0]
        kept: list[str] = []
        for place, char in enumerate(self.text):
            if place not in places:
                kept.append(char)
            position.append(len(kept))
        moved = (replace(m, start=position[m.start], end=position[m.end]) for m in self.marks)
        return RichText("".join(kept), tuple(m for m in moved if m.start < m.end))

    def with_insertions(self, additions: Mapping[int, str]) -> "RichText":
        """With an addition before each of these places; it belongs to the marks that reach over the place.

        For many additions at once: one by one they take time by the square of the text.
        """
        places = sorted(additions)
        if not places:
            return self
        moved = list(accumulate((len(additions[place]) for place in places), initial=0))
        borders = [0, *places, len(self.text)]
        pieces = [self.text[borders[0] : borders[1]]]
        for place, end in pairwise(borders[1:]):
            pieces += [additions[place], self.text[place:end]]
        marks = (
            replace(
                m, start=m.start + moved[bisect_right(places, m.start)], end=m.end + moved[bisect_left(places, m.end)]
            )
            for m in self.marks
        )
        return RichText("".join(pieces), tuple(marks))

    def shortened(self, limit: int, ellipsis: str = "…") -> "RichText":
        """At most ``limit`` code points, cut at a word where one ends in the last fifth."""
        if len(self.text) <= limit:
            return self
        if limit < len(ellipsis):
            return self[: max(0, limit)]
        room = limit - len(ellipsis)
        space = self.text.rfind(" ", room - room // 5, room + 1)
        return self[: space if space > 0 else room].rstrip() + ellipsis


EMPTY = RichText()


def plain(text: str) -> RichText:
    """Unmarked text."""
    return RichText(text)


def marked(text: str, kind: MarkKind, value: str = "") -> RichText:
    """A text that carries one mark from end to end."""
    return RichText(text, (Mark(0, len(text), kind, value),)) if text else RichText()


def emphasised(content: RichText, kind: MarkKind) -> RichText:
    """The same text with one more mark from end to end."""
    return RichText(content.text, (Mark(0, len(content.text), kind), *content.marks)) if content.text else content


def joined(parts: Iterable[RichText | str], separator: str = "") -> RichText:
    """One text of many."""
    result = RichText()
    for index, part in enumerate(parts):
        if index and separator:
            result = result + separator
        result = result + part
    return result
