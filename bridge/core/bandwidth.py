"""What was sent cost: bytes, parts of SMS, money."""

from dataclasses import dataclass

from bridge.core.money import Price


@dataclass(frozen=True, kw_only=True)
class Month:
    """What one account handed over in one calendar month (UTC)."""

    month: str
    """Such as 2026-11."""
    channel: str
    account: str
    messages: int
    segments: int
    bytes: int
    cost: Price | None
    """None where nobody has said what it costs."""


@dataclass(frozen=True, kw_only=True)
class Spread:
    """How large the messages of a kind are on a channel: of half of them, and of nineteen in twenty, the largest."""

    channel: str
    kind: str
    messages: int
    bytes_p50: int
    bytes_p95: int
    segments_p50: int
    segments_p95: int


@dataclass(frozen=True, kw_only=True)
class Bandwidth:
    """Both, since a moment."""

    months: tuple[Month, ...]
    spreads: tuple[Spread, ...]
