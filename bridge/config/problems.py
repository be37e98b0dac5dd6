"""What is wrong with a config file, said so that its owner can mend it. Values are never repeated."""

import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bridge.core.errors import ConfigError

if TYPE_CHECKING:
    from pydantic import ValidationError

Loc = tuple[str | int, ...]
"""Where something stands in the file: keys, and indexes of lists from 0."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing to mend."""

    key: str
    """Dotted, with indexes from 0, such as communities[0].groups[1].chat; empty for the whole file."""
    reason: str
    suggestion: str = ""
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        where = [f"line {self.line}"] if self.line else []
        where += [f"column {self.column}"] if self.column else []
        where += [self.key] if self.key else []
        text = f"{', '.join(where)}: {self.reason}" if where else self.reason
        return f"{text}; {self.suggestion}" if self.suggestion else text


class InvalidConfig(ConfigError):
    """The configuration cannot be used: correct the named keys and start again."""

    def __init__(self, path: Path, problems: Sequence[Problem]) -> None:
        self.path = path
        self.problems = tuple(problems)
        if len(self.problems) == 1:
            message = f"{path} cannot be used: {self.problems[0]}"
        else:
            lines = "".join(f"\n  - {problem}" for problem in self.problems)
            message = f"{path} cannot be used, {len(self.problems)} things are wrong:{lines}"
        super().__init__(message)


def dotted(loc: Loc) -> str:
    """Write a place the way people do: ("communities", 0, "name") is communities[0].name."""
    text = ""
    for part in loc:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            bare = part if re.fullmatch(r"[A-Za-z0-9_-]+", part) else repr(part[:40])
            text += f".{bare}" if text else bare
    return text


def did_you_mean(wrong: str, known: Iterable[str]) -> str:
    """A suggestion for a misspelt name, or the list of what there is."""
    names = sorted(known)
    close = difflib.get_close_matches(wrong.lower(), names, n=1, cutoff=0.6)
    if close:
        return f"did you mean {close[0]}?"
    return f"there is: {', '.join(names)}" if names else ""


# --- line numbers ---------------------------------------------------------------------------------------------------

_KEY = r"(?:[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*')"
_HEADER = re.compile(rf"^\s*(\[\[?)\s*({_KEY}(?:\s*\.\s*{_KEY})*)\s*\]")
_ASSIGNMENT = re.compile(rf"^\s*({_KEY}(?:\s*\.\s*{_KEY})*)\s*=")
_MULTILINE = re.compile(r'"""|\'\'\'')


class Lines:
    """Which line a key stands on; tomllib does not say. Only for messages: a wrong guess does no harm."""

    def __init__(self, text: str) -> None:
        self._lines: dict[Loc, int] = {}
        table: Loc = ()
        counts: dict[Loc, int] = {}
        quote = ""
        for number, line in enumerate(text.splitlines(), 1):
            if quote:
                quote = "" if quote in line else quote
                continue
            header = _HEADER.match(line)
            if header:
                table = self._enter(_split(header[2]), header[1] == "[[", counts)
                self._lines.setdefault(table, number)
                continue
            assignment = _ASSIGNMENT.match(line)
            if assignment:
                self._lines.setdefault((*table, *_split(assignment[1])), number)
            opened = _MULTILINE.findall(line)
            quote = opened[0] if len(opened) % 2 else ""

    def _enter(self, names: Sequence[str], repeated: bool, counts: dict[Loc, int]) -> Loc:
        place: Loc = ()
        for index, name in enumerate(names):
            place = (*place, name)
            if repeated and index == len(names) - 1:
                counts[place] = counts.get(place, -1) + 1
            if place in counts:
                place = (*place, counts[place])
        return place

    def find(self, loc: Loc) -> int | None:
        """The line of a key, or of the nearest table around it."""
        for length in range(len(loc), 0, -1):
            if loc[:length] in self._lines:
                return self._lines[loc[:length]]
        return None


def _split(key: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in re.findall(_KEY, key))


# --- pydantic's words into ours -------------------------------------------------------------------------------------

_TYPES = {
    "string_type": "must be text in quotes",
    "bool_type": "must be true or false, without quotes",
    "int_type": "must be a whole number, without quotes",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number, without quotes",
    "list_type": "must be a list, written [...]",
    "tuple_type": "must be a list, written [...]",
    "set_type": "must be a list, written [...]",
    "frozen_set_type": "must be a list, written [...]",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "path_type": "must be a path in quotes",
    "url_type": "must be an address in quotes, such as https://example.org",
    "url_parsing": "is no web address; write one such as https://example.org",
    "url_scheme": "must begin with https:// (or http://)",
    "string_too_short": "must not be empty",
}


def translate(
    error: "ValidationError",
    place: Loc,
    *,
    known: Callable[[Loc], Iterable[str]],
    example: Callable[[Loc], str],
) -> list[tuple[Loc, str, str]]:
    """What pydantic found below ``place``: (where, reason, suggestion), without any of the values."""
    found: list[tuple[Loc, str, str]] = []
    items = error.errors(include_url=False, include_input=True)
    for item in items:
        loc: Loc = (*place, *item["loc"])
        kind = item["type"]
        context: Mapping[str, Any] = item.get("ctx", {})
        suggestion = ""
        if kind == "missing":
            reason = "is missing"
            shown = example(loc)
            suggestion = f"write for example {shown}" if shown else ""
        elif kind == "extra_forbidden":
            reason = "there is no such key here"
            suggestion = did_you_mean(str(loc[-1]), known(loc[:-1]))
        elif kind in ("literal_error", "enum"):
            allowed = re.findall(r"'([^']*)'", str(context.get("expected", "")))
            reason = f"must be one of: {', '.join(allowed)}" if allowed else "is not one of the possible words"
            given = item.get("input")
            close = difflib.get_close_matches(given, allowed, n=1) if isinstance(given, str) else []
            suggestion = f"did you mean {close[0]}?" if close else ""
        elif kind == "too_short":
            if any(
                len(other["loc"]) > len(item["loc"]) and other["loc"][: len(item["loc"])] == item["loc"]
                for other in items
            ):
                continue  # too short only because of the wrong entries, which are named themselves
            reason = f"must have at least {context.get('min_length', 1)} entry"
            suggestion = f"write for example {example(loc)}"
        elif kind == "value_error":
            reason = str(context.get("error", item["msg"]))
        elif kind in _TYPES:
            reason = _TYPES[kind]
            shown = example(loc)
            suggestion = f"for example {shown}" if shown else ""
        else:
            reason = item["msg"][:1].lower() + item["msg"][1:]
        found.append((loc, reason, suggestion))
    return found
