"""What a hint is, and the words for it on the moderators' card."""

from dataclasses import dataclass
from enum import StrEnum

from bridge.rendering.words import Words


class HintKind(StrEnum):
    """What might tell readers who somebody is; where two cover the same words, the earlier in this list is kept."""

    EMAIL = "email"
    COORDINATES = "coordinates"
    BIRTH_DATE = "birth_date"
    NATIONAL_ID = "national_id"
    RECORD_NUMBER = "record_number"
    PHONE = "phone"
    HIGH_AGE = "high_age"
    NAMED_PATIENT = "named_patient"


@dataclass(frozen=True, slots=True)
class Hint:
    """A place in a text that its author may not have meant to share."""

    kind: HintKind
    start: int
    """Code points from the beginning of the plain text."""
    end: int
    """The code point after the last."""
    excerpt: str
    """The words themselves, personal: for the card and for the author, never for a log."""


def label(kind: HintKind, w: Words) -> str:
    """A few words for the card: "a telephone number"."""
    match kind:
        case HintKind.EMAIL:
            return w._("an e-mail address")
        case HintKind.COORDINATES:
            return w._("a place on the map")
        case HintKind.BIRTH_DATE:
            return w._("a date of birth")
        case HintKind.NATIONAL_ID:
            return w._("an identity number")
        case HintKind.RECORD_NUMBER:
            return w._("a patient's file number")
        case HintKind.PHONE:
            return w._("a telephone number")
        case HintKind.HIGH_AGE:
            return w._("an age of 90 or more")
        case HintKind.NAMED_PATIENT:
            return w._("a name beside an illness")
