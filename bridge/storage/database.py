"""Opening the database, bringing its tables up to date, and transactions with work to do after their commit."""

import asyncio
import shutil
import sqlite3
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Any
from urllib.parse import quote

import asyncpg
import asyncpg.exceptions
import structlog
from tortoise import Tortoise
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import (
    DBConnectionError,
    DoesNotExist,
    IntegrityError,
    MultipleObjectsReturned,
    OperationalError,
    TransactionManagementError,
)
from tortoise.expressions import F
from tortoise.transactions import in_transaction

from bridge.core.errors import ConfigError, StorageConflict, StorageContended, StorageUnavailable
from bridge.storage import fencing, fresh, full_text, planner, sqlite_files, sqlite_immediate, upgrading
from bridge.storage.models import Meta

log = structlog.get_logger()

APP = fresh.APP
MIGRATIONS = "bridge.storage.migrations"
_failed: list[str] = []
"""Why the last transaction could not be written, as long as none has been since."""
_LEAST_DISK = 1 << 20
"""Bytes without which not every message could be written."""
_SMALL = 256 << 20
"""Bytes of a database that is written anew in a second or two."""
_hooks: ContextVar[list[Callable[[], None]] | None] = ContextVar("after_commit", default=None)
_seen: ContextVar[dict[object, object] | None] = ContextVar("seen_before", default=None)
UNAVAILABLE = (
    OperationalError,
    DBConnectionError,
    TransactionManagementError,
    sqlite3.DatabaseError,
    asyncpg.exceptions.PostgresConnectionError,
    asyncpg.exceptions.InterfaceError,
    asyncpg.exceptions.InternalClientError,  # the connection broke while asyncpg was in the middle of something
    asyncpg.exceptions.PostgresSystemError,  # its disk cannot be read or written
    asyncpg.exceptions.OperatorInterventionError,  # the server is being shut down or started
    asyncpg.exceptions.InsufficientResourcesError,  # its disk is full, too many connections
    asyncpg.exceptions.TransactionRollbackError,  # a deadlock: the same again will do
    OSError,
)

# A program that is paused in the middle of a transaction must not keep its locks from the one that takes over.
_RUNNING = {
    "idle_in_transaction_session_timeout": "3s",
    "tcp_keepalives_idle": "3",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "2",
}


def tortoise_config(url: str, *, foreign_keys: bool = True, program: str | None = None) -> dict[str, Any]:
    """Tortoise's configuration for ``sqlite://PATH`` or ``postgres://...``. ``program``: its name, where it runs."""
    scheme, _, rest = url.partition("://")
    # Tortoise keeps prepared SQL per connection name for as long as the process lives, in the dialect it was made for.
    name = "sqlite" if scheme == "sqlite" else "postgres"
    if scheme == "sqlite":
        connection: Any = {
            "engine": "bridge.storage.sqlite_immediate",
            "credentials": {
                "file_path": rest,
                "foreign_keys": "ON" if foreign_keys else "OFF",
                "synchronous": "FULL",  # NORMAL may lose the last commits on power loss; this is a ledger
                # KiB. With the 2 MiB that SQLite takes by itself, a database of many years is read anew for each post.
                "cache_size": -48_000,
                "wal_autocheckpoint": 4000,  # pages: see ``sqlite_immediate``
                "busy_timeout": 5000,
                "secure_delete": "ON",  # what is erased is overwritten, not only marked as free
            },
        }
    elif scheme in ("postgres", "postgresql"):
        # All of the address, with what it says of TLS: Tortoise itself passes on the host, the port and names alone.
        connection = {
            "engine": "bridge.storage.postgres_pooled",
            "credentials": {"dsn": url, "minsize": 1, "maxsize": 8},
        }
        if program:
            connection["credentials"]["server_settings"] = {**_RUNNING, "application_name": program}
    else:
        raise ConfigError(f"bridge.database begins with {quote(scheme)}://: write sqlite://PATH or postgres://...")
    return {
        "connections": {name: connection},
        "apps": {
            APP: {
                "models": [
                    "bridge.storage.models",
                    "bridge.storage.models_desk",
                    "bridge.storage.models_members",
                    "bridge.storage.models_echo",
                    "bridge.storage.models_messages",
                    "bridge.storage.models_handover",
                    "bridge.storage.models_archive",
                ],
                "default_connection": name,
                "migrations": MIGRATIONS,
            }
        },
        "use_tz": True,
        "timezone": "UTC",
    }


def _current() -> BaseDBAsyncClient:
    return Meta._meta.db  # noqa: SLF001 - there is no other way to it - Tortoise's documented way from a model to its connection


def connection_now() -> BaseDBAsyncClient:
    """The connection of the transaction that surrounds the caller, for what the mapper cannot say."""
    return _current()


async def _connect(url: str, *, foreign_keys: bool = True, program: str | None = None) -> BaseDBAsyncClient:
    # Workers are started before and after this call alike, so the connection must not hang on a context variable.
    config = tortoise_config(url, foreign_keys=foreign_keys, program=program)
    await Tortoise.init(config=config, _enable_global_fallback=True)
    return _current()


def sqlite_path(url: str) -> Path | None:
    return Path(url.partition("://")[2]) if url.startswith("sqlite://") else None


async def _upgrade(url: str, *, from_script: bool, alone: bool) -> None:
    """Apply outstanding migrations; refuse a database that is newer than this program.

    Where others work with it meanwhile (not ``alone``), only those that they need not know of.
    """
    apps, path = tortoise_config(url)["apps"], sqlite_path(url)
    if path is not None and from_script and await asyncio.to_thread(fresh.create, path, apps[APP]["migrations"]):
        return
    # Tortoise rebuilds a SQLite table by dropping it, and with foreign keys on that deletes the rows of its children.
    connection = await _connect(url, foreign_keys=False)
    try:
        if path is not None:
            await upgrading.on_sqlite(connection, path, apps, alone=alone)
        else:
            await upgrading.on_postgres(connection, apps, from_script=from_script, alone=alone)
    finally:
        await Tortoise.close_connections()


async def open_database(
    url: str, *, migrate: bool = True, from_script: bool = True, program: str | None = None, alone: bool = True
) -> str:
    """Connect, upgrade where needed, and return the id of this installation.

    ``program``: the name of one that runs, and is no command. Unless it is ``alone``, others are there already.

    Without ``migrate`` nothing is created or changed. Without ``from_script`` a new database is made by carrying out
    all migrations, which comes to the same.

    Raises ConfigError where the database is newer than the program, StorageUnavailable where it cannot be reached.
    """
    _failed.clear()
    path = sqlite_path(url)
    if path is not None:
        if not migrate and not path.exists():
            raise StorageUnavailable(f"there is no database yet at {path}: start Baraza once with `baraza run`")
        sqlite_files.prepare(path)
    try:
        if path is not None:
            await asyncio.to_thread(sqlite_files.look, path)
        if migrate:
            await _upgrade(url, from_script=from_script, alone=alone)
            if path is not None:
                await asyncio.to_thread(planner.tell, path)
        await _connect(url, program=program)
        row, _ = await Meta.get_or_create(key="installation", defaults={"value": uuid.uuid4().hex})
    # A wrong password and a file that is no database are refusals, not failures of a connection.
    except (*UNAVAILABLE, asyncpg.exceptions.PostgresError, sqlite3.DatabaseError) as error:
        await close_database()
        where = f"the database {path}" if path is not None else "the PostgreSQL server"
        raise StorageUnavailable(
            f"{where} cannot be used ({type(error).__name__}: {reason_of(error)}): check that it is there, "
            "writable, not full and not locked by another program, then start again"
        ) from error
    except asyncio.CancelledError:
        # Stopped while it starts: the thread of a connection that is left open keeps the whole program from ending.
        await close_database()
        raise
    return row.value


def reason_of(error: BaseException) -> str:
    text = str(error) or (getattr(error, "strerror", "") or "no answer")
    return text.splitlines()[0][:200] if "password" not in text else "the password or user is not accepted"


async def close_database() -> None:
    """Close every connection; harmless when none is open."""
    with suppress(Exception):
        await Tortoise.close_connections()


def _is_about_a_value(error: BaseException) -> bool:
    """One item that PostgreSQL cannot store, which drivers report like a failure of the server."""
    refused = error.__cause__ if isinstance(error, OperationalError) else error
    client_side = isinstance(refused, asyncpg.exceptions.InterfaceError) and isinstance(refused, ValueError)
    return client_side or isinstance(refused, asyncpg.exceptions.DataError)


def _gave_way(error: BaseException) -> bool:
    refused = error.__cause__ if isinstance(error, OperationalError) else error
    return isinstance(refused, asyncpg.exceptions.TransactionRollbackError)


@asynccontextmanager
async def transaction() -> AsyncIterator[None]:
    """All or nothing. Functions given to ``after_commit`` inside run once the commit is done, never otherwise.

    Raises StorageUnavailable where the database cannot be read or written now, StorageContended where another
    transaction was in the way; nothing was changed.
    Joining: inside another transaction this is part of that one.
    """
    if _hooks.get() is not None:
        yield
        return
    hooks: list[Callable[[], None]] = []
    token, seen = _hooks.set(hooks), _seen.set({})
    try:
        async with in_transaction():
            if (fence := fencing.current()) is not None:
                await fence()
            yield
        _failed.clear()
    except IntegrityError:  # Tortoise derives it from the errors of an unreachable database
        # The driver's text names the values, which may be a telephone number: it is not passed on.
        raise StorageConflict from None
    except (DoesNotExist, MultipleObjectsReturned) as error:  # likewise: a defect of one item, not of the server
        raise LookupError(str(error)) from error
    except UNAVAILABLE as error:
        if _is_about_a_value(error):  # whose text quotes the value, so it is not passed on
            raise ValueError("a value that the database cannot store") from None
        kind = StorageContended if _gave_way(error) else StorageUnavailable
        if kind is StorageUnavailable:
            _failed[:] = [reason_of(error)]
        raise kind(f"the database cannot be written now ({reason_of(error)})") from error
    finally:
        _hooks.reset(token)
        _seen.reset(seen)
    for hook in hooks:
        hook()


def seen_before() -> dict[object, object]:
    """What the surrounding transaction has looked up and need not ask for again; whoever changes it clears this.

    Outside of a transaction nothing is kept.
    """
    seen = _seen.get()
    return {} if seen is None else seen


def after_commit(hook: Callable[[], None]) -> None:
    """Run ``hook`` when the surrounding transaction has committed; at once where there is none."""
    hooks = _hooks.get()
    if hooks is None:
        hook()
    elif hook not in hooks:
        hooks.append(hook)


def _file_of(connection: BaseDBAsyncClient) -> Path:
    return Path(str(connection.filename)).absolute()  # type: ignore[attr-defined]  # of the SQLite client


def _size_of(connection: BaseDBAsyncClient) -> int:
    return _file_of(connection).stat().st_size


async def aside(query: str) -> list[tuple[Any, ...]]:
    """Ask something that reads a whole table. SQLite answers on a connection of its own: nobody's work waits for it."""
    connection = _current()
    if connection.capabilities.dialect != "sqlite":
        return [tuple(dict(row).values()) for row in await connection.execute_query_dict(query)]
    path = _file_of(connection)

    def ask() -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=5)) as reader:
            return list(reader.execute(query))

    return await asyncio.to_thread(ask)


async def scrub(*, whole: bool) -> None:
    """Leave nothing of what was removed in SQLite's files: empty the write-ahead log; ``whole``: write it all anew.

    Not where it is large: nobody could write for minutes, and what is removed is overwritten anyhow: ``secure_delete``.
    PostgreSQL does this by itself (autovacuum). Raises StorageUnavailable where it cannot be done now.
    """
    connection = _current()
    if connection.capabilities.dialect != "sqlite":
        return
    try:
        await full_text.tidy(connection)
        emptied = await sqlite_immediate.empty_log(connection)
        if emptied and whole and _size_of(connection) <= _SMALL:
            await connection.execute_script("VACUUM")
            emptied = await sqlite_immediate.empty_log(connection)
    except UNAVAILABLE as error:
        raise StorageUnavailable(f"the database cannot be cleaned now ({reason_of(error)})") from error
    if not emptied:
        raise StorageUnavailable("the database's log cannot be emptied now: another program reads it")


async def installation() -> str:
    """The id of this installation, which stays."""
    return (await Meta.get(key="installation")).value


async def ping() -> None:
    """Ask the database a trivial question, and write where that failed the last time; raises StorageUnavailable."""
    connection = _current()
    try:
        if connection.capabilities.dialect == "sqlite":
            free = (await asyncio.to_thread(shutil.disk_usage, _file_of(connection).parent)).free
            if free < _LEAST_DISK:  # a row that is rewritten in its place may still fit
                raise StorageUnavailable("the disk that the database is on is full")
        await _current().execute_query("SELECT 1")
        if _failed:  # a full disk can be read all the same
            async with transaction():
                await Meta.filter(key="installation").update(value=F("value"))
    except UNAVAILABLE as error:
        raise StorageUnavailable(f"the database does not answer ({reason_of(error)})") from error
