"""Counts of what happened since the program started, for the figures that no table keeps."""

from collections import Counter
from collections.abc import Mapping


class Tally:
    """Counts by name and labels. One for a program, given to whoever counts and whoever shows."""

    def __init__(self) -> None:
        self._counts: dict[str, Counter[tuple[str, ...]]] = {}

    def count(self, name: str, *labels: str) -> None:
        """One more."""
        self._counts.setdefault(name, Counter())[labels] += 1

    def of(self, name: str) -> Mapping[tuple[str, ...], int]:
        """All counts of a name, by their labels."""
        return self._counts.get(name, Counter())


ANSWERS = "delivery_answers"
"""Account, and sent, refused, later or unknown."""
REFUSALS = "refusals"
"""Account and reason."""
POSTPONED = "postponed"
"""Account, and limit (429) or trouble."""
