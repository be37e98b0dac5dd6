"""Moderators' notes under a post: never part of the author's words, labelled, signed, and anchored where wanted."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from bridge.core.text import RichText, plain
from bridge.rendering.words import Words

_QUOTED, _QUOTED_BRIEFLY = 100, 30
"""Characters of a passage that a note repeats where the passage itself cannot be marked."""
_LOOKALIKES = ("'‘’‚‛`´ʼ", '"“”„‟«»‹›', "-‐‑‒–—−")


@dataclass(frozen=True, kw_only=True)
class NoteView:
    text: str
    name: str
    """Of the moderator; notes are grouped by it."""
    initials: str
    anchor: str = ""
    """The author's words that it stands beside, empty for the whole post."""


def find(passage: str, text: str) -> tuple[int, int] | None:
    """Where a passage stands in a text, in code points; None where it does not.

    Spaces and lines, capitals, and the kinds of quotation marks, apostrophes and dashes may differ.
    """
    words = passage.split()
    if not words:
        return None
    pattern = r"\s+".join("".join(map(_alike, word)) for word in words)
    match = re.search(rf"(?<!\w){pattern}(?!\w)", text, re.IGNORECASE) or re.search(pattern, text, re.IGNORECASE)
    return None if match is None else match.span()


def _alike(char: str) -> str:
    for kind in _LOOKALIKES:
        if char in kind:
            return f"[{re.escape(kind)}]"
    return re.escape(char)


def arranged(notes: Sequence[NoteView], text: str) -> list[NoteView]:
    """In the order of publication: each moderator's together, and those with an anchor as these stand in the text."""
    places = []
    for index, note in enumerate(notes):
        found = find(note.anchor, text)
        places.append((len(text) + 1 if found is None else found[1], index))
    first: dict[tuple[str, str], tuple[int, int]] = {}
    for note, place in zip(notes, places, strict=True):
        signature = (note.name, note.initials)
        first[signature] = min(place, first.get(signature, place))
    order = sorted(zip(places, notes, strict=True), key=lambda pair: (first[pair[1].name, pair[1].initials], pair[0]))
    return [note for _, note in order]


def anchored(text: RichText, notes: Sequence[NoteView], w: Words, *, brief: bool) -> RichText:
    """A text with a mark behind every passage that one of the (arranged) notes stands beside."""
    alone = len(notes) == 1
    marks = []
    for number, note in enumerate(notes, 1):
        found = find(note.anchor, text.text)
        if found is None:
            continue
        mark = "*" if brief else w._("*see note below")
        marks.append((found[1], number, f" [{mark}]" if alone else f" [*{number}]"))
    for place, _, mark in sorted(marks, reverse=True):
        text = _inserted(text, place, mark)
    return text


def _inserted(text: RichText, place: int, addition: str) -> RichText:
    """With an addition that belongs to whatever mark reaches over its place."""
    shift = len(addition)
    moved = tuple(
        replace(m, start=m.start + shift * (m.start >= place), end=m.end + shift * (m.end > place)) for m in text.marks
    )
    return RichText(text.text[:place] + addition + text.text[place:], moved)


def paragraphs(notes: Sequence[NoteView], shown: str, community: str, w: Words, *, brief: bool) -> list[RichText]:
    """``[*Note from HIFA moderator (NPW): ...]``: one paragraph for each moderator's (arranged) notes.

    ``shown``: the text that the reader has before them; a note beside a passage that is not in it quotes the passage.
    """
    found: list[RichText] = []
    for _, numbered in groupby(enumerate(notes, 1), key=lambda pair: (pair[1].name, pair[1].initials)):
        items = [(number, find(note.anchor, shown) is not None, note) for number, note in numbered]
        first = items[0][2]
        values = {"community": community, "initials": first.initials}
        if len(items) == 1:
            number, starred, note = items[0]
            star = "" if not starred else "*" if len(notes) == 1 else f"*{number} "
            values["text"] = _text(note, w, quoting=not starred, brief=brief)
            said = (
                w._("Note from moderator {initials}: {text}", **values)
                if brief
                else w._("Note from {community} moderator ({initials}): {text}", **values)
            )
        else:
            star = ""
            values["text"] = " ".join(
                f"{'*' if starred else ''}{number}. {_text(note, w, quoting=not starred, brief=brief)}"
                for number, starred, note in items
            )
            said = (
                w._("Notes from moderator {initials}: {text}", **values)
                if brief
                else w._("Notes from {community} moderator ({initials}): {text}", **values)
            )
        found.append(plain(f"[{star}{said}]"))
    return found


def _text(note: NoteView, w: Words, *, quoting: bool, brief: bool) -> str:
    text = " ".join(note.text.split()) if brief else note.text
    if not note.anchor or not quoting:
        return text
    passage = plain(" ".join(note.anchor.split())).shortened(_QUOTED_BRIEFLY if brief else _QUOTED).text
    return w._("“{passage}”: {note}", passage=passage, note=text)
