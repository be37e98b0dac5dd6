"""Hints at what its author may not have meant to share, found in a post before it is shown. Nothing is ever removed.

Rules and word lists for English, French, Portuguese, Spanish and Swahili: no network, no model. What they find and what
they miss is measured on ``tests/corpora``; a text without hints is not thereby free of personal facts.
"""

from collections.abc import Iterable

from bridge.moderation.hints import numbers, people, phones, places, times
from bridge.moderation.hints.model import Hint, HintKind, label
from bridge.moderation.hints.passage import Passage, Spans

__all__ = ["Hint", "HintKind", "find", "label"]


def find(text: str, *, country: str = "") -> tuple[Hint, ...]:
    """The hints in a plain text, in its order, none over another; the time grows with the length of the text.

    ``country`` (ISO 3166, two letters) helps with telephone numbers written as within that country.
    """
    passage = Passage(text)
    found = _Found()
    found.take(HintKind.EMAIL, places.emails(passage))
    found.take(HintKind.COORDINATES, places.coordinates(passage))
    found.take(HintKind.BIRTH_DATE, times.birth_dates(passage))
    found.take(HintKind.NATIONAL_ID, numbers.national_ids(passage))
    found.take(HintKind.RECORD_NUMBER, numbers.record_numbers(passage))
    found.take(HintKind.PHONE, phones.find(passage, country, found.spans()))
    found.take(HintKind.PHONE, phones.spelled(passage))
    found.take(HintKind.HIGH_AGE, times.high_ages(passage))
    found.take(HintKind.NAMED_PATIENT, people.named_patients(passage))
    return found.hints(passage)


class _Found:
    """Places of the folded text with what they are; what came first keeps its place."""

    def __init__(self) -> None:
        self._taken: list[tuple[int, int, HintKind]] = []

    def spans(self) -> Spans:
        return Spans((start, end) for start, end, _ in self._taken)

    def take(self, kind: HintKind, spans: Iterable[tuple[int, int]]) -> None:
        before = self.spans()
        last = 0
        for start, end in sorted(spans):
            if start >= last and not before.touch(start, end):
                self._taken.append((start, end, kind))
                last = end

    def hints(self, passage: Passage) -> tuple[Hint, ...]:
        places = [(*passage.original(start, end), kind) for start, end, kind in sorted(self._taken)]
        return tuple(Hint(kind, start, end, passage.text[start:end]) for start, end, kind in places)
