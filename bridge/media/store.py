"""Files on disk, found by the SHA-256 of their bytes. No name that anybody sent is ever a path here."""

import asyncio
import contextlib
import hashlib
import os
import re
import secrets
import shutil
import threading
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

from bridge.core.errors import StorageUnavailable
from bridge.media.refusal import MediaReason, UnfitMedia

_SHA256 = re.compile(r"[0-9a-f]{64}")
_WRITE_SIZE = 1 << 18
_ABANDONED_SECONDS = 3600
_BEFORE = ".before-restore-"


@dataclass(frozen=True, kw_only=True)
class Stored:
    sha256: str
    size: int
    """Bytes."""


class MediaStore:
    """A folder of files: ``ab/cd/<sha256>``, mode 600, complete or not there at all.

    Writing raises StorageUnavailable where the disk does not take it. Several processes may share the folder.
    """

    def __init__(self, root: Path) -> None:
        """``root`` is made at the first write. No I/O here."""
        self._root = root
        self._incoming = root / "incoming"
        self.cleaning = asyncio.Semaphore(1)
        """One picture is decoded at a time: each may need hundreds of megabytes."""

    def path(self, sha256: str) -> Path:
        """Where the file lies, if it is there; ValueError for what is no SHA-256."""
        if not _SHA256.fullmatch(sha256):
            raise ValueError("a file is found by 64 lower-case hex digits")
        return self._root / sha256[:2] / sha256[2:4] / sha256

    async def put(self, stream: AsyncIterator[bytes], limit: int) -> Stored:
        """Keep the bytes as they are; raises UnfitMedia when there are more than ``limit``, or none."""
        async with self.receive(stream, limit) as incoming:
            return await self.adopt(incoming)

    @contextlib.asynccontextmanager
    async def receive(self, stream: AsyncIterator[bytes], limit: int) -> AsyncIterator[Path]:
        """The bytes in a private temporary file, which is removed afterwards unless it was adopted."""
        path = await asyncio.to_thread(self._new)
        try:
            await self._fill(path, stream, limit)
            yield path
        finally:
            path.unlink(missing_ok=True)

    async def adopt(self, incoming: Path) -> Stored:
        """Move a file made by ``receive`` or ``temporary`` to its place, durably."""
        return await asyncio.to_thread(self._adopt, incoming)

    @contextlib.asynccontextmanager
    async def temporary(self) -> AsyncIterator[Path]:
        """An empty private file on the same disk, removed afterwards unless it was adopted."""
        path = await asyncio.to_thread(self._new)
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)

    def remove(self, sha256: str, *, unused_for: float) -> bool:
        """Remove a file that nothing uses; False where it was (re)written less than ``unused_for`` seconds ago.

        A message that brings the same bytes again may be on its way into the tables.
        """
        place = self.path(sha256)
        try:
            if time.time() - place.stat().st_mtime < unused_for:
                return False
            place.unlink()
        except FileNotFoundError:
            return True
        except OSError as error:
            raise _unavailable(error) from error
        return True

    def sweep(self) -> int:
        """Remove what a killed process left half-written an hour ago or longer; returns how many.

        What anybody is still writing is younger: an arriving file grows, or its sender is given up.
        """
        old, left = time.time() - _ABANDONED_SECONDS, 0
        for path in self._incoming.glob("*"):
            with contextlib.suppress(FileNotFoundError):  # adopted or removed meanwhile
                if path.stat().st_mtime < old:
                    path.unlink()
                    left += 1
        return left

    def make_room(self, sha256: str) -> Path:
        """Where a file is to be put, with the folders on the way."""
        place = self.path(sha256)
        self._make(place.parent)
        return place

    def _make(self, folder: Path) -> None:
        """One after the other: ``parents`` would let others look into those on the way."""
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        for part in [*reversed(folder.relative_to(self._root).parents[:-1]), folder.relative_to(self._root)]:
            (self._root / part).mkdir(mode=0o700, exist_ok=True)

    def files(self) -> Iterator[tuple[str, Path]]:
        """Every complete file, by its hash; one may be gone by the time it is looked at."""
        for path in sorted(self._root.glob("[0-9a-f][0-9a-f]/[0-9a-f][0-9a-f]/*")):
            if _SHA256.fullmatch(path.name):
                yield path.name, path

    def kept_aside(self, label: str) -> Path:
        """Where the whole folder is kept as it was before a restore."""
        return self._root.with_name(f"{self._root.name}{_BEFORE}{label}")

    def forget_copies(self, older_than: float) -> int:
        """Remove the copies made before restores that are older than so many seconds; returns how many."""
        left = 0
        for copy in self._root.parent.glob(f"{self._root.name}{_BEFORE}*"):
            with contextlib.suppress(OSError):
                if time.time() - copy.stat().st_mtime > older_than:
                    shutil.rmtree(copy) if copy.is_dir() else copy.unlink()
                    left += 1
        return left

    def _new(self) -> Path:
        path = self._incoming / secrets.token_hex(16)
        try:
            self._make(self._incoming)
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        except OSError as error:
            raise _unavailable(error) from error
        return path

    async def _fill(self, path: Path, stream: AsyncIterator[bytes], limit: int) -> None:
        size, waiting = 0, bytearray()
        file = await asyncio.to_thread(_Arriving, path)
        try:
            async for chunk in stream:
                size += len(chunk)
                if size > limit:
                    raise UnfitMedia(MediaReason.TOO_BIG, limit=limit)
                waiting += chunk
                if len(waiting) >= _WRITE_SIZE:
                    await asyncio.to_thread(file.write, bytes(waiting))
                    waiting.clear()
            if not size:
                raise UnfitMedia(MediaReason.EMPTY)
            await asyncio.to_thread(file.write, bytes(waiting))
        finally:
            file.close()

    def _adopt(self, incoming: Path) -> Stored:
        try:
            with incoming.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
                size = file.tell()
                os.fsync(file.fileno())
            place = self.path(digest)
            if place.exists():
                os.utime(place)  # it is wanted again: whoever removes what is unused sees that
                return Stored(sha256=digest, size=size)
            self._make(place.parent)
            incoming.replace(place)
            for folder in (place.parent, place.parent.parent, self._root):  # a new name is durable once its folder is
                _sync_folder(folder)
        except OSError as error:
            raise _unavailable(error) from error
        return Stored(sha256=digest, size=size)


class _Arriving:
    """The file that ``_new`` made, open as long as bytes come: one that vanished is not begun again in its middle."""

    def __init__(self, path: Path) -> None:
        try:
            self._file = path.open("r+b", buffering=0)
        except OSError as error:
            raise _unavailable(error) from error
        self._lock = threading.Lock()

    def write(self, data: bytes) -> None:
        rest = memoryview(data)
        try:
            with self._lock:
                while rest:
                    rest = rest[self._file.write(rest) :]
        except OSError as error:
            raise _unavailable(error) from error

    def close(self) -> None:
        """Waits for a write whose caller was cancelled: its thread still holds the descriptor."""
        with self._lock:
            self._file.close()


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unavailable(error: OSError) -> StorageUnavailable:
    return StorageUnavailable(f"the media folder cannot be written ({error.strerror}): check the disk and its rights")
