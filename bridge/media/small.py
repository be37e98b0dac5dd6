"""Pictures made small for readers who asked for them and pay for each byte; in the worker, like all decoding."""

import asyncio
from dataclasses import dataclass, replace

from bridge.core.errors import MediaRefused
from bridge.media.clean import DEFAULT_LIMITS, shrink
from bridge.media.refusal import MediaReason, UnfitMedia
from bridge.media.store import MediaStore

_QUALITIES = (50, 40, 30, 20)
_LEAST = ((120, 20, 4_096), (80, 20, 4_096))
_SMALLER = tuple((160, quality, 4_096) for quality in _QUALITIES)
STEPS: dict[str, tuple[tuple[int, int, int], ...]] = {
    "160": (*_SMALLER, *_LEAST),
    "240": (*((240, quality, 8_192) for quality in _QUALITIES), *_SMALLER, *_LEAST),
    "480": (
        *((480, quality, 25_000) for quality in _QUALITIES),
        (360, 40, 25_000),
        (360, 20, 25_000),
        (240, 20, 25_000),
    ),
}
"""By kind: longest side, JPEG quality and most bytes, tried in turn until the picture fits."""
_WAITING = 4
"""Pictures that may wait for their turn: beyond that, readers are asked to come back."""
_SECONDS = 10


@dataclass(frozen=True, kw_only=True)
class Small:
    sha256: str
    size: int
    """Bytes."""
    width: int
    height: int


class Busy(MediaRefused):
    """Too many pictures are being made: later."""


class Shrinker:
    """Makes one at a time, beside what members send: readers never keep a post from being taken in."""

    def __init__(self, store: MediaStore) -> None:
        self._store = store
        self._turn = asyncio.Semaphore(1)
        self._waiting = 0

    async def make(self, sha256: str, kind: str) -> Small:
        """A small JPEG of a picture in the store, kept there. Raises UnfitMedia, Busy and StorageUnavailable."""
        source = self._store.path(sha256)
        if not await asyncio.to_thread(source.is_file):
            raise UnfitMedia(MediaReason.GONE)
        if self._waiting >= _WAITING:
            raise Busy
        self._waiting += 1
        try:
            async with self._turn, self._store.temporary() as target:
                limits = replace(DEFAULT_LIMITS, max_seconds=_SECONDS)
                found = await shrink(source, target, STEPS[kind], limits)
                if not found.picture or not found.width or not found.height:
                    raise UnfitMedia(MediaReason.UNSUPPORTED)
                stored = await self._store.adopt(target)
        finally:
            self._waiting -= 1
        return Small(sha256=stored.sha256, size=stored.size, width=found.width, height=found.height)


__all__ = ["STEPS", "Busy", "Shrinker", "Small"]
