"""The file that a SQLite database is, and the copies beside it that were made before upgrades."""

import os
import sqlite3
import time
from contextlib import suppress
from pathlib import Path

from bridge.core.errors import StorageUnavailable


def prepare(path: Path) -> None:
    """Make an empty one where there is none, for nobody else to read."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not path.exists():
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    except OSError as error:
        raise StorageUnavailable(
            f"the database {path} cannot be created ({error.strerror}): make its folder writable for this user, "
            "or set bridge.database to another place"
        ) from error


def look(path: Path) -> None:
    """Open the file once by ourselves: when its first connection fails, Tortoise keeps a lock and waits for ever."""
    connection = sqlite3.connect(path)
    try:
        connection.execute("PRAGMA schema_version").fetchone()
    finally:
        connection.close()


def back_up(path: Path, label: str) -> Path:
    """A whole copy beside it."""
    target = path.with_name(f"{path.name}.before-{label}")
    source = sqlite3.connect(path)
    try:
        copy = sqlite3.connect(target)
        try:
            source.backup(copy)
        finally:
            copy.close()
    finally:
        source.close()
    target.chmod(0o600)
    return target


def forget_backups(path: Path | None, older_than: float) -> int:
    """Remove the copies made before upgrades that are older than so many seconds; returns how many.

    They hold what has been erased since. An upgrade that turned out badly is noticed sooner.
    """
    old = [] if path is None else [*path.parent.glob(f"{path.name}.before-*")]
    left = 0
    for copy in old:
        with suppress(OSError):  # somebody else removed it, or holds it: another time
            if time.time() - copy.stat().st_mtime > older_than:
                copy.unlink()
                left += 1
    return left
