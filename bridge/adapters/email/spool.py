"""Mail as it came, on disk: until it is read, and for some days where there are files in it or nobody could read it."""

import asyncio
import hashlib
import os
import re
import secrets
import time
from pathlib import Path
from typing import Final

_NAME: Final = re.compile(r"[0-9a-f]{64}\.eml")


class Spool:
    """One folder of one account. A mail's name is made of its bytes: the same mail again is the same file."""

    def __init__(self, folder: Path, keep_days: int) -> None:
        self._folder = folder
        self._keep = keep_days * 86400.0

    async def open(self) -> None:
        """Make the folder; raises OSError where that cannot be."""
        await asyncio.to_thread(self._folder.mkdir, parents=True, exist_ok=True, mode=0o700)

    async def put(self, raw: bytes) -> Path:
        """On the disk when this returns."""
        return await asyncio.to_thread(self._put, raw)

    def _put(self, raw: bytes) -> Path:
        target = self._folder / f"{hashlib.sha256(raw).hexdigest()}.eml"
        if target.exists():
            os.utime(target)
            return target
        written = self._folder / f".{secrets.token_hex(8)}"
        descriptor = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        written.replace(target)
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return target

    def find(self, name: str) -> Path | None:
        """A mail by its name, if it is still there."""
        path = self._folder / name
        return path if _NAME.fullmatch(name) and path.exists() else None

    def scratch(self) -> Path:
        """A file that is nobody's yet."""
        return self._folder / f".{secrets.token_hex(8)}"

    async def drop(self, path: Path) -> None:
        await asyncio.to_thread(path.unlink, missing_ok=True)

    async def sweep(self) -> None:
        """Remove what has lain there long enough."""
        await asyncio.to_thread(self._sweep)

    def _sweep(self) -> None:
        now = time.time()  # the age of a file is by the disk's own clock
        for path in self._folder.iterdir():
            limit = self._keep if _NAME.fullmatch(path.name) else 3600.0
            try:
                if now - path.stat().st_mtime > limit:
                    path.unlink()
            except FileNotFoundError:
                continue
