"""Invented posts with what a careful moderator would want marked in them; see README.md."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from bridge.moderation.hints import Hint, HintKind

LANGUAGES = ("en", "fr", "pt", "es", "sw")
PARTS = ("tune", "held_out", "hard", "second")
POSTS = Path(__file__).parent / "posts"


@dataclass(frozen=True)
class Label:
    kind: HintKind
    start: int
    end: int


@dataclass(frozen=True)
class Post:
    file: str
    """The language of the file that it stands in."""
    part: str
    text: str
    labels: tuple[Label, ...]
    country: str
    """ISO 3166; empty where nothing tells it."""
    language: str | None
    """None where it is in two."""


@dataclass(frozen=True)
class Score:
    """How many hints were right, how many marked nothing that is labelled, how many labels were missed."""

    right: int = 0
    wrong: int = 0
    missed: int = 0

    @property
    def precision(self) -> float:
        return self.right / (self.right + self.wrong) if self.right + self.wrong else 1.0

    @property
    def recall(self) -> float:
        return self.right / (self.right + self.missed) if self.right + self.missed else 1.0

    def __add__(self, other: "Score") -> "Score":
        return Score(self.right + other.right, self.wrong + other.wrong, self.missed + other.missed)


@cache
def posts(language: str) -> tuple[Post, ...]:
    lines = (POSTS / f"{language}.jsonl").read_text(encoding="utf-8").splitlines()
    return tuple(_post(language, json.loads(line)) for line in lines)


def _post(file: str, row: dict[str, Any]) -> Post:
    text = row["text"]
    labels = []
    at = 0
    for entry in row["labels"]:
        start = text.index(entry["text"], at)
        at = start + len(entry["text"])
        labels.append(Label(HintKind(entry["kind"]), start, at))
    return Post(file, row["part"], text, tuple(labels), row.get("country", ""), row.get("language", file))


def agrees(label: Label, hint: Hint) -> bool:
    """The same kind, and together over at least half of the longer of the two."""
    shared = min(label.end, hint.end) - max(label.start, hint.start)
    return label.kind == hint.kind and shared * 2 >= max(label.end - label.start, hint.end - hint.start)


def score(labels: Sequence[Label], hints: Iterable[Hint]) -> dict[HintKind, Score]:
    """By kind. A hint answers one label at most."""
    open_labels = list(labels)
    found: dict[HintKind, Score] = {}
    for hint in hints:
        answered = next((label for label in open_labels if agrees(label, hint)), None)
        if answered:
            open_labels.remove(answered)
        found[hint.kind] = found.get(hint.kind, Score()) + Score(right=bool(answered), wrong=not answered)
    for label in open_labels:
        found[label.kind] = found.get(label.kind, Score()) + Score(missed=1)
    return found
