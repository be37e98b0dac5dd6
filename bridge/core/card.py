"""The author card: who is speaking and from where. Its facts are frozen into a post when it is approved."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class CardForm(StrEnum):
    """How much of a card is shown under a post."""

    DEFAULT = ""
    """What the chat bears: the paragraph, or the tail where every character costs."""
    PARAGRAPH = "paragraph"
    TWO_LINES = "two_lines"
    LINE = "line"
    TAIL = "tail"
    """At most 40 characters of an SMS."""


@dataclass(frozen=True, kw_only=True)
class Extra:
    """An answer to a question of the community's own."""

    label: Mapping[str, str]
    """By language tag."""
    value: str
    kind: str = ""
    """``country`` or ``languages``, where the value is a code that readers are shown by name."""


@dataclass(frozen=True, kw_only=True)
class AuthorCard:
    """What readers are told of an author. Empty fields were not given; nothing here was given without consent."""

    label: str
    """The community's name, as in "HIFA profile:"."""
    name: str
    role: str = ""
    organisation: str = ""
    country: str = ""
    """An ISO 3166 code where the country is known, else as it was written."""
    interests: str = ""
    degrees: str = ""
    town: str = ""
    languages: str = ""
    """Tags where the languages are known, each behind a comma."""
    email: str = ""
    """As a mailbox has it; how it is shown is for the rendering."""
    title: str = ""
    """Given by a coordinator: Country Representative for Kenya."""
    biography: str = ""
    """A curated text in place of the sentence made of the answers."""
    new: bool = False
    """Nothing is known of them yet."""
    extra: tuple[Extra, ...] = ()


_ALWAYS = ("label", "name", "role", "organisation", "country", "interests")


def to_json(card: AuthorCard) -> dict[str, Any]:
    """A card as JSON has it; what is empty is left out, so that cards of earlier versions read and compare alike."""
    values = {name: getattr(card, name) for name in card.__dataclass_fields__ if name != "extra"}
    found = {name: value for name, value in values.items() if value or name in _ALWAYS}
    if card.extra:
        found["extra"] = [
            {"label": dict(extra.label), "value": extra.value, **({"kind": extra.kind} if extra.kind else {})}
            for extra in card.extra
        ]
    return found


def from_json(values: Mapping[str, Any]) -> AuthorCard:
    """A stored card again, of this version or an earlier one; what a later one added is left out."""
    known = {name: values[name] for name in AuthorCard.__dataclass_fields__ if name in values and name != "extra"}
    extra = tuple(
        Extra(label=row["label"], value=row["value"], kind=row.get("kind", "")) for row in values.get("extra", ())
    )
    return AuthorCard(**known, extra=extra)
