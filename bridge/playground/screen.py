"""What a device shows at one moment, as data: the devices make it, the templates draw it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from markupsafe import Markup

from bridge.core.errors import BarazaError

Compose = Literal["text", "start", "join", "none"]
SHOWN_MESSAGES = 100
"""The newest messages of a chat that a device shows."""
COLOURS = 7
_EMPTY = Markup()


class DeviceRefused(BarazaError):
    """The device cannot do that now."""


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A file that somebody chose in the page."""

    name: str
    mime: str
    data: bytes


@dataclass(frozen=True, kw_only=True)
class Notice:
    """What a phone shows over the chat for a while: a toast, or an alert that stays until somebody presses OK."""

    text: str
    kind: Literal["toast", "alert", "error"] = "toast"


@dataclass(frozen=True, kw_only=True)
class Quoted:
    """The message that another one answers."""

    id: str
    sender: str
    excerpt: str


@dataclass(frozen=True, kw_only=True)
class ShownFile:
    url: str
    is_picture: bool
    name: str
    size: str
    width: int = 0
    height: int = 0


@dataclass(frozen=True, kw_only=True)
class Button:
    """An inline button: it either sends ``data`` to the bot or is a link with these attributes."""

    label: str
    data: str = ""
    link: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Chip:
    """A reaction under a message."""

    key: str
    count: int
    mine: bool


@dataclass(frozen=True, kw_only=True)
class Bubble:
    """One message. ``body`` is safe HTML."""

    id: str
    sender: str = ""
    colour: int = 0
    mine: bool = False
    is_bot: bool = False
    time: str = ""
    body: Markup = _EMPTY
    excerpt: str = ""
    source: str = ""
    """The text to change, where this person may change it; empty otherwise."""
    edited: bool = False
    service: str = ""
    quoted: Quoted | None = None
    files: tuple[ShownFile, ...] = ()
    buttons: tuple[tuple[Button, ...], ...] = ()
    chips: tuple[Chip, ...] = ()
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Tab:
    """A chat on a device. ``latest`` changes when something new is in it."""

    key: str
    title: str
    latest: str = ""


@dataclass(frozen=True, kw_only=True)
class LetterLine:
    """One letter in a mail program's list."""

    id: str
    sender: str
    subject: str
    excerpt: str
    size: str
    time: str
    mine: bool = False


@dataclass(frozen=True, kw_only=True)
class OpenLetter:
    """A letter that is being read. ``fields`` and ``more`` are of its header; ``body`` is safe HTML."""

    id: str
    subject: str
    fields: tuple[tuple[str, str], ...]
    more: tuple[tuple[str, str], ...]
    body: Markup
    can_unsubscribe: bool = False


@dataclass(frozen=True, kw_only=True)
class Screen:
    """One chat on one device. ``waiting`` is said in the place of messages that cannot be shown yet."""

    tab: str
    tabs: tuple[Tab, ...]
    title: str
    subtitle: str = ""
    bubbles: tuple[Bubble, ...] = ()
    compose: Compose = "text"
    start_payload: str = ""
    waiting: str = ""
    empty: str = "No messages yet."
    letters: tuple[LetterLine, ...] = ()
    letter: OpenLetter | None = None
    page: Markup = _EMPTY
    """Of a browser; safe HTML."""


def clock_words(seconds: float) -> str:
    """The time of day, in this machine's zone, as a phone would show it."""
    return datetime.fromtimestamp(seconds).astimezone().strftime("%H:%M")


def colour_of(identity: str | int | None) -> int:
    """A colour that stays with a person."""
    return sum(str(identity).encode()) % COLOURS
