"""What the walks through all containers share."""

import math
from dataclasses import dataclass
from typing import BinaryIO

from bridge.media.refusal import MediaReason, UnfitMedia

MAX_SECONDS = 100 * 3600
"""Longer is a lie."""
_STEP = 1 << 16
_MAX_WORDS = 200


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a container says of what is in it, as far as it can be believed."""

    mime: str
    film: bool = False
    sound: bool = True
    seconds: float | None = None
    width: int | None = None
    height: int | None = None
    title: str = ""
    performer: str = ""


def broken() -> UnfitMedia:
    return UnfitMedia(MediaReason.BROKEN)


def read_at(file: BinaryIO, place: int, count: int) -> bytes:
    """Exactly so many bytes."""
    file.seek(place)
    data = file.read(count)
    if len(data) != count:
        raise broken()
    return data


def write_at(file: BinaryIO, place: int, data: bytes) -> None:
    file.seek(place)
    file.write(data)


def blank(file: BinaryIO, place: int, end: int) -> None:
    """Zeros from ``place`` to ``end``."""
    file.seek(place)
    zeros = bytes(_STEP)
    while place < end:
        count = min(_STEP, end - place)
        file.write(zeros[:count])
        place += count


def length(seconds: float) -> float | None:
    """A length that can be; None where there is none."""
    if not math.isfinite(seconds) or seconds < 0 or seconds > MAX_SECONDS:
        raise broken()
    return seconds or None


def side(value: int) -> int | None:
    """A width or height; None where it is not told."""
    if value > 16_384:
        raise broken()
    return value or None


def tidy(text: str) -> str:
    """A title as one short line of plain characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:_MAX_WORDS]
