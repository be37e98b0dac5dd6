"""Hints at what its author may not have meant to share, found in a post before it is shown. Nothing is ever removed.

Rules and word lists for English, French, Portuguese, Spanish and Swahili: no network, no model. What they find and what
they miss is measured on ``tests/corpora``; a text without hints is not thereby free of personal facts.
"""

from bridge.moderation.hints import numbers, people, phones, places, times
from bridge.moderation.hints.model import Hint, HintKind, label
from bridge.moderation.hints.passage import Passage, Spans

__all__ = ["Hint", "HintKind", "find", "label"]


def find(text: str, *, country: str = "") -> tuple[Hint, ...]:
    """The hints in a plain text, in its order, none over another; the time grows with the length of the text.

    ``country`` (ISO 3166, two letters) helps with telephone numbers written as within that country.
    """
    passage = Passage(text)
    taken: list[tuple[int, int, HintKind]] = []

    def take(kind: HintKind, spans: "list[tuple[int, int]]") -> None:
        others = Spans((start, end) for start, end, _ in taken)
        last = 0
        for start, end in sorted(spans):
            if start >= last and not others.touch(start, end):
                taken.append((start, end, kind))
                last = end

    take(HintKind.EMAIL, list(places.emails(passage)))
    take(HintKind.COORDINATES, list(places.coordinates(passage)))
    take(HintKind.BIRTH_DATE, list(times.birth_dates(passage)))
    take(HintKind.NATIONAL_ID, list(numbers.national_ids(passage)))
    take(HintKind.RECORD_NUMBER, list(numbers.record_numbers(passage)))
    so_far = Spans((start, end) for start, end, _ in taken)
    take(HintKind.PHONE, list(phones.find(passage, country, so_far)))
    take(HintKind.HIGH_AGE, list(times.high_ages(passage)))
    take(HintKind.NAMED_PATIENT, list(people.named_patients(passage)))
    hints = []
    for start, end, kind in sorted(taken):
        begin, stop = passage.original(start, end)
        hints.append(Hint(kind, begin, stop, text[begin:stop]))
    return tuple(hints)
