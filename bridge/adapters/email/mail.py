"""One mail as the child process that reads it hands it over: plain data, within known bounds."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

MOST_PARTS: Final = 200
DEEPEST: Final = 30
LONGEST_HEAD: Final = 256 * 1024
"""Bytes: two thousand recipients have room in it."""
MOST_FIELDS: Final = 1000
LONGEST_TEXT: Final = 200_000
"""Characters of what is read of a mail; a post is much shorter."""
MOST_FILES: Final = 50


class UnreadableMail(ValueError):
    """It is beyond a bound, or no mail; its words are a code for the operator."""


@dataclass(frozen=True, kw_only=True)
class File:
    """A file in a mail."""

    part: int
    """Its place among all parts."""
    name: str
    mime: str
    size: int
    """Bytes, decoded."""


@dataclass(frozen=True, kw_only=True)
class Bounce:
    """What a delivery report says."""

    action: str
    """``failed``, ``delayed``, ``delivered``, ``relayed``, ``expanded`` or ``complaint``."""
    status: str = ""
    """RFC 3463, such as 5.1.1; empty where it says none."""
    key: str = ""
    """Of the delivery, where the letter that came back with it says so."""
    leave: str = ""
    """Of a complaint: what stood in List-Unsubscribe of the letter that it is about."""


@dataclass(frozen=True, kw_only=True)
class Mail:
    """What was read of it."""

    message_id: str = ""
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    """Newest first."""
    sender: str = ""
    """The address in From, in small letters; empty where there is none that could be answered."""
    name: str = ""
    subject: str = ""
    text: str = ""
    """Its author's own words."""
    said_nothing: bool = False
    """There are no words but those that it quotes; ``text`` holds them all the same."""
    mingled: bool = False
    """Some of ``text`` may be what it quotes: nobody can tell."""
    cut: str = ""
    """What was taken off: the mail answered, a signature."""
    files: tuple[File, ...] = ()
    left_out: tuple[tuple[str, str, str], ...] = ()
    """(kind, words, refusal) of what is neither words nor a file that can be carried."""
    set_aside: str = ""
    """Why it is no post at all; empty for a person's mail."""
    bounce: Bounce | None = None
    proven: bool = False
    """Does our own mail server vouch for the address in From?"""
    language: str = ""
    notes: tuple[str, ...] = field(default=())
    """Codes of what was odd, for the log."""


def to_json(mail: Mail) -> dict[str, Any]:
    return asdict(mail)


def from_json(values: Mapping[str, Any]) -> Mail:
    """What ``to_json`` made."""
    known = dict(values)
    known["files"] = tuple(File(**each) for each in known["files"])
    known["left_out"] = tuple((str(kind), str(words), str(why)) for kind, words, why in known["left_out"])
    known["references"] = tuple(known["references"])
    known["notes"] = tuple(known["notes"])
    known["bounce"] = None if known["bounce"] is None else Bounce(**known["bounce"])
    return Mail(**known)
