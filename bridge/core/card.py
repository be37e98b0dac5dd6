"""The author card: who is speaking and from where. Its facts are frozen into a post when it is approved."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class AuthorCard:
    """What readers are told of an author. Empty fields were not given; nothing here was given without consent."""

    label: str
    """The community's name, as in "HIFA profile:"."""
    name: str
    role: str = ""
    organisation: str = ""
    country: str = ""
    interests: str = ""
