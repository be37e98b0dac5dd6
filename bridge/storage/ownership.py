"""One program for a database: two would send everything twice. The one that waits takes over where the other ended.
How several share the work instead: ``sharing``.

On SQLite that is a lock on a file, on PostgreSQL an advisory lock of a session: both end with their process, however it
ends. A session can end without its program, too (the server was restarted, the network broke): then the program tries
to have the lock again, and ends itself where another one has it by then.
"""

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import asyncpg
import structlog

from bridge.core.errors import StorageUnavailable
from bridge.storage import postgres_hosts, sqlite_files
from bridge.storage.database import UNAVAILABLE, reason_of, sqlite_path
from bridge.storage.postgres_pooled import WatchedConnection

log = structlog.get_logger()

KEY = 0x0BA2A2A
"""The number of our lock among a PostgreSQL database's advisory locks."""
NAME = "baraza"
"""Of the sessions of a program that has the database for itself."""
_AGAIN = 1.0
"""Seconds between two tries."""
# What a program that had it was in the middle of when its machine vanished: the server would keep its locks for hours.
_LEFT = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE application_name = $1 AND datname = current_database() AND usename = session_user AND xact_start IS NOT NULL
"""
# A machine that vanished says no goodbye: after this long its session, and with it the lock, is over.
KEEPALIVE = {"tcp_keepalives_idle": "3", "tcp_keepalives_interval": "2", "tcp_keepalives_count": "2"}


@asynccontextmanager
async def only_program(url: str, *, waits: Callable[[], object] | None = None) -> AsyncIterator[asyncio.Event]:
    """Hold a database for one program. Yields what is set once another program may have it.

    ``waits``: is called once where another program has it, and then it is waited for. Without it that is refused.
    Raises StorageUnavailable.
    """
    path = sqlite_path(url)
    if path is not None:
        async with _file_lock(path, waits):
            yield asyncio.Event()
        return
    session = _Session(url)
    try:
        await session.take(waits)
        yield session.lost
    finally:
        await session.close()


@asynccontextmanager
async def _file_lock(path: Path, waits: Callable[[], object] | None) -> AsyncIterator[None]:
    sqlite_files.prepare(path)
    try:
        lock = os.open(path.with_name(f"{path.name}.lock"), os.O_CREAT | os.O_WRONLY, 0o600)
        file = os.fdopen(lock, "w")
    except OSError as error:
        raise StorageUnavailable(
            f"the folder of the database {path} cannot be written ({error.strerror}): make it writable for this user, "
            "or set bridge.database to another place"
        ) from error
    with file:
        told = False
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError as error:
                if waits is None:
                    raise StorageUnavailable(
                        f"another Baraza is already running with {path}: stop it first, or give this one another "
                        "database"
                    ) from error
            if not told:
                waits()
                told = True
            await asyncio.sleep(_AGAIN)
        yield


class _Session:
    """An advisory lock and the connection that has it."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: Any = None
        self._guard: asyncio.Task[None] | None = None
        self.lost = asyncio.Event()

    async def take(self, waits: Callable[[], object] | None) -> None:
        """Have the lock; where another program has it, wait for its end or raise StorageUnavailable."""
        told = False
        while True:
            try:
                if await self._try():
                    with suppress(asyncpg.exceptions.PostgresError):  # not allowed to: then the server ends them
                        await self._connection.execute(_LEFT, NAME)
                    break
            except UNAVAILABLE as error:
                if not told:
                    raise StorageUnavailable(f"the PostgreSQL server cannot be used ({reason_of(error)})") from error
            else:
                if waits is None:
                    raise StorageUnavailable(
                        "another Baraza is already running on this PostgreSQL database: stop it first, give this one "
                        "another, or let it wait with --standby"
                    )
                if not told:
                    waits()
                    told = True
            await asyncio.sleep(_AGAIN)

    async def _try(self) -> bool:
        connection = await postgres_hosts.connect(
            self._url,
            server_settings={**KEEPALIVE, "application_name": "baraza lock"},
            connection_class=WatchedConnection,
        )
        taken = False
        try:
            taken = bool(await connection.fetchval("SELECT pg_try_advisory_lock($1)", KEY))
            if taken:
                self._connection = connection
                connection.add_termination_listener(self._ended)
        finally:
            if not taken:
                with suppress(*UNAVAILABLE):
                    await connection.close()
        return taken

    def _ended(self, _: object) -> None:
        """The session that had the lock is over, and we are not."""
        self._guard = asyncio.get_running_loop().create_task(self._again(), name="ownership")

    async def _again(self) -> None:
        """While the server is away nobody can have the lock; once it answers, whoever asks first."""
        self._connection = None
        log.warning("ownership_interrupted")
        while True:
            try:
                if await self._try():
                    log.info("ownership_regained")
                    return
            except UNAVAILABLE:
                await asyncio.sleep(_AGAIN / 4)
                continue
            log.error("ownership_lost")
            self.lost.set()
            return

    async def close(self) -> None:
        connection, self._connection = self._connection, None
        if self._guard is not None:
            self._guard.cancel()
        if connection is not None:
            with suppress(*UNAVAILABLE):
                connection.remove_termination_listener(self._ended)
                await connection.close()
