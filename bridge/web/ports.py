"""What the pages need of the other rooms; ``app`` gives it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bridge.core.clock import Clock
from bridge.core.community import Communities, Community


@dataclass(frozen=True, kw_only=True)
class Way:
    """One way to take part."""

    kind: str
    """``email``, ``sms``, or what the platform is called."""
    link: str = ""
    address: str = ""
    """A mail address or a telephone number."""
    words: str = ""
    """What must be written there."""


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A small picture in the media store."""

    sha256: str
    size: int
    width: int
    height: int


@dataclass(frozen=True, kw_only=True)
class Ports:
    """The callables behind the pages."""

    communities: Communities
    clock: Clock
    ways: Callable[[Community], Sequence[Way]]
    small: Callable[[str, str], Awaitable[Picture | None]]
    """Make a small picture of a file (its SHA-256) of a kind; None where too many are waiting.

    Raises MediaRefused for what is no picture.
    """
    file: Callable[[str], Path]
    """Where a file of the media store lies."""
    unsubscribe: Callable[[int, str], Awaitable[None]]
    """Send a person nothing more of a community. Repeated, it changes nothing."""
    installation: Callable[[], Awaitable[str]]
    """This installation's own id, which stays."""
    trusted_proxies: Sequence[str] = ()


__all__ = ["Picture", "Ports", "Way"]
