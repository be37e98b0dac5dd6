"""A list of notes in a file, one JSON object a line, that only grows: what the demo's servers keep between two runs."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class Notebook:
    """One file, readable by its owner only."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path = path

    def read(self) -> list[dict[str, Any]]:
        """All notes. The last line of a program that was killed while it wrote is none."""
        found: list[dict[str, Any]] = []
        if self._path.exists():
            for line in self._path.read_text("utf-8").splitlines():
                try:
                    note = json.loads(line)
                except ValueError:
                    continue
                if isinstance(note, dict):
                    found.append(note)
        return found

    def add(self, note: Mapping[str, object]) -> None:
        with open(self._path, "a", encoding="utf-8", opener=_private) as file:
            file.write(json.dumps(note, ensure_ascii=False) + "\n")


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
