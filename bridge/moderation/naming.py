"""What a moderator means who types names or numbers out of a list: "Kenya, Matrix", "1 and 3", "all"."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bridge.rendering.words import Words

_MOST = 2000
"""Characters read: no list is that long."""
_NUMBERS = re.compile(r"#?\d{1,3}(?:\s+#?\d{1,3})+")


@dataclass(frozen=True)
class Unclear:
    """Words that name nothing, or more than one thing."""

    said: str
    choices: tuple[int, ...] = ()
    """Places in the list of what they may name; empty: nothing."""


def _folded(text: str) -> str:
    return " ".join(text.casefold().split()).strip(" .")


def chosen(
    text: str, names: Sequence[str], w: Words, *, families: Mapping[str, Sequence[int]] | None = None
) -> list[int] | Unclear:
    """The places in ``names`` that a text means, in their order; ``[]`` for a text without words.

    Separated by commas, semicolons, lines or "and". Each piece is a number counted from 1, a name, the beginning or
    another part of exactly one name, or one of ``families``: a name for several at once.
    """
    wanted = _folded(text[:_MOST])
    if wanted in {_folded(word) for word in ("all", w._("all"))}:
        return list(range(len(names)))
    glue = re.escape(_folded(w._("and")))
    pieces = [piece for piece in re.split(r"[,;\n]+", text[:_MOST]) if _folded(piece)]
    found: set[int] = set()
    while pieces:
        # A name may hold a comma itself, or the word between two of them: the longest that is a name counts.
        for size in range(len(pieces), 0, -1):
            exact = _exact(",".join(pieces[:size]), names)
            if exact is not None:
                found.add(exact)
                pieces = pieces[size:]
                break
        else:
            first, pieces = pieces[0], pieces[1:]
            for part in _parts(first, names, glue):
                meant = _meant(part, names, families or {})
                if isinstance(meant, Unclear):
                    return meant
                found.update(meant)
    return sorted(found)


def _exact(text: str, names: Sequence[str]) -> int | None:
    said = _folded(text)
    same = [place for place, name in enumerate(names) if _folded(name) == said]
    return same[0] if len(same) == 1 else None


def _parts(piece: str, names: Sequence[str], glue: str) -> list[str]:
    folded = _folded(piece)
    if any(folded in _folded(name) for name in names):
        return [piece]
    if _NUMBERS.fullmatch(folded):
        return folded.split()
    return [part for part in re.split(rf"\s(?:and|{glue}|&|\+)\s", folded) if part]


def _meant(part: str, names: Sequence[str], families: Mapping[str, Sequence[int]]) -> Sequence[int] | Unclear:
    exact = _exact(part, names)
    if exact is not None:
        return [exact]
    said = _folded(part)
    digits = said.removeprefix("#")
    if digits.isdecimal() and len(digits) <= 3 and 1 <= int(digits) <= len(names):
        return [int(digits) - 1]
    for name, places in families.items():
        if _folded(name) == said:
            return places
    for matches in (
        [place for place, name in enumerate(names) if _folded(name).startswith(said)],
        [place for place, name in enumerate(names) if said in _folded(name)],
    ):
        if len(matches) == 1:
            return matches
        if matches:
            return Unclear(part.strip(), tuple(matches))
    return Unclear(part.strip())


def listed(names: Sequence[str], ticked: Sequence[bool]) -> str:
    """A numbered list, one to a line, with what is chosen."""
    return "\n".join(
        f"{number}. {'☑️' if on else '⬜'} {name}"
        for number, (name, on) in enumerate(zip(names, ticked, strict=True), 1)
    )


def explained(unclear: Unclear, names: Sequence[str], w: Words) -> str:
    """Why nothing was done, for the person who typed it."""
    if unclear.choices:
        choices = ", ".join(names[place] for place in unclear.choices)
        return w._("“{said}” may mean: {choices}. Nothing was done.", said=unclear.said[:80], choices=choices)
    return w._("There is nothing called “{said}” here. Nothing was done.", said=unclear.said[:80])
