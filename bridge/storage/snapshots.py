"""Whole copies of the database: made while the program runs, and put in the place of another.

SQLite by its online backup; PostgreSQL by its own pg_dump, psql and pg_restore, which must be at hand.
"""

import asyncio
import contextlib
import os
import shutil
import sqlite3
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

from bridge.core.errors import StorageUnavailable
from bridge.storage import postgres_hosts
from bridge.storage.database import UNAVAILABLE

RESTORED = "restored"
"""The row of ``meta`` that tells the next start when a copy was put in place: the ledger may be behind the world."""
_SERVER_PROGRAMS = Path("/usr/lib/postgresql")
"""Where Debian puts them, beside the PATH."""
_MIGRATIONS = Path(__file__).with_name("migrations")


@dataclass(frozen=True, kw_only=True)
class Counted:
    """What a copy holds."""

    tables: Mapping[str, int]
    """Rows of every table."""
    migrations: tuple[str, ...]
    installation: str


class Damaged(Exception):
    """A copy is not what it should be; the reason in words."""


def unknown_migrations(applied: Sequence[str]) -> list[str]:
    """Those that this program does not have: the copy was written by a newer one."""
    return sorted(set(applied) - {path.stem for path in _MIGRATIONS.glob("[0-9]*.py")})


# --- SQLite ---------------------------------------------------------------------------------------------------------


def copy_sqlite(path: Path, target: Path) -> Counted:
    """A consistent copy in one file, whoever writes meanwhile. ``target`` must not be there."""
    if not path.exists():
        raise StorageUnavailable(f"there is no database yet at {path}: start Baraza once with `baraza run`")
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as source:
            source.execute("PRAGMA busy_timeout = 10000")
            with contextlib.closing(sqlite3.connect(target)) as copy:
                # All pages in one go: in steps it would begin anew whenever another process writes, and never end.
                source.backup(copy, pages=-1)
                copy.execute("PRAGMA journal_mode = DELETE")  # one file, without a log beside it
    except sqlite3.DatabaseError as error:
        raise StorageUnavailable(
            f"the database cannot be copied ({error}): is {path} a database, and is there room on the disk?"
        ) from error
    return check_sqlite(target)


def check_sqlite(path: Path) -> Counted:
    """Read a copy from end to end and count. Raises Damaged."""
    try:
        with contextlib.closing(sqlite3.connect(path)) as copy:
            found = [str(row[0]) for row in copy.execute("PRAGMA integrity_check(1)")]
            if found != ["ok"]:
                raise Damaged(f"its database is damaged ({found[0]})")
            names = [
                str(row[0])
                for row in copy.execute(
                    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
                )
            ]
            quoted = ((name, name.replace('"', '""')) for name in names)
            tables = {name: int(copy.execute(f'SELECT count(*) FROM "{q}"').fetchone()[0]) for name, q in quoted}  # noqa: S608 - a table's own name
            meta = copy.execute("SELECT value FROM meta WHERE key = 'installation'").fetchone()
            applied = copy.execute("SELECT name FROM tortoise_migrations WHERE app = 'baraza' ORDER BY name").fetchall()
    except sqlite3.DatabaseError as error:
        raise Damaged(f"its database cannot be read ({error})") from error
    installation = "" if meta is None else str(meta[0])
    return Counted(tables=tables, migrations=tuple(str(row[0]) for row in applied), installation=installation)


def sqlite_is_empty(path: Path) -> bool:
    """Is there no database, or one without a table?"""
    if not path.exists() or path.stat().st_size == 0:
        return True
    try:
        with contextlib.closing(sqlite3.connect(path)) as connection:
            return int(connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]) == 0
    except sqlite3.DatabaseError:
        return False


def mark_sqlite(path: Path, moment: str) -> None:
    """Write into a copy that it is one; see ``RESTORED``."""
    try:
        with contextlib.closing(sqlite3.connect(path)) as copy, copy:
            copy.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (RESTORED, moment))
    except sqlite3.DatabaseError as error:
        raise StorageUnavailable(
            f"the copy cannot be written ({error}): check the disk. Nothing was changed"
        ) from error


def replace_sqlite(staged: Path, path: Path, kept: Path) -> None:
    """Put a checked copy in the place of the database, in one step; ``kept`` is the old one afterwards.

    Nothing else may have the database open.
    """
    if not sqlite_is_empty(path):
        with contextlib.suppress(sqlite3.DatabaseError), contextlib.closing(sqlite3.connect(path)) as old:
            old.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # what is still in its log goes into the file that is kept
        kept.unlink(missing_ok=True)
        try:
            os.link(path, kept)
        except OSError:  # a file system without hard links
            shutil.copy2(path, kept)
        kept.chmod(0o600)
    for suffix in ("-wal", "-shm"):  # of the old one: SQLite would take them for the new one's
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    staged.replace(path)
    descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


# --- PostgreSQL -----------------------------------------------------------------------------------------------------


def _tool(name: str) -> str:
    """A program of PostgreSQL. Raises StorageUnavailable."""
    found = shutil.which(name)
    if found is None:
        places = sorted(_SERVER_PROGRAMS.glob(f"*/bin/{name}"), key=lambda path: path.parts)
        found = str(places[-1]) if places else None
    if found is None:
        raise StorageUnavailable(
            f"{name} is not on this machine, and a PostgreSQL database cannot be copied without it: install the "
            "client programs of PostgreSQL (on Debian and Ubuntu: apt install postgresql-client), or run pg_dump where "
            "the server is"
        )
    return found


def _environment(url: str) -> dict[str, str]:
    """Ours, with whom to connect to."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return {**kept, **postgres_hosts.environment(url)}


async def _run(url: str, name: str, *arguments: str, text: bytes | None = None) -> None:
    process = await asyncio.create_subprocess_exec(
        _tool(name),
        *arguments,
        stdin=asyncio.subprocess.DEVNULL if text is None else asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env=_environment(url),
    )
    _, errors = await process.communicate(text)
    if process.returncode:
        # Its first line names the failure; later ones may quote what stands in a row.
        said = errors.decode(errors="replace").strip().splitlines()
        raise StorageUnavailable(f"{name} failed: {said[0][:300] if said else process.returncode}")


@contextlib.asynccontextmanager
async def _connection(url: str) -> AsyncIterator[Any]:
    try:
        connection = await postgres_hosts.connect(url, server_settings={"application_name": postgres_hosts.BACKUP})
    except (*UNAVAILABLE, asyncpg.exceptions.PostgresError) as error:
        raise StorageUnavailable(f"the PostgreSQL server cannot be used ({type(error).__name__})") from error
    try:
        yield connection
    finally:
        await connection.close()


async def _tables(connection: Any) -> list[str]:
    rows = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename")
    return [str(row[0]) for row in rows]


async def copy_postgres(url: str, target: Path) -> Counted:
    """A consistent copy; it is counted in the very snapshot that is copied. Raises StorageUnavailable."""
    _tool("pg_dump")
    async with _connection(url) as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        snapshot = await connection.fetchval("SELECT pg_export_snapshot()")
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        await _run(
            url,
            "pg_dump",
            "--format=custom",
            "--compress=0",  # the archive is compressed
            "--no-owner",
            "--no-privileges",
            f"--snapshot={snapshot}",
            f"--file={target}",
        )
        names = await _tables(connection)
        if "meta" not in names:
            raise StorageUnavailable("there is no Baraza in this database yet: start it once with `baraza run`")
        tables = {
            name: int(await connection.fetchval(f'SELECT count(*) FROM "{name}"'))  # noqa: S608 - a table's own name
            for name in names
        }
        installation = str(await connection.fetchval("SELECT value FROM meta WHERE key = 'installation'") or "")
        applied = await connection.fetch("SELECT name FROM tortoise_migrations WHERE app = 'baraza' ORDER BY name")
    return Counted(tables=tables, migrations=tuple(str(row[0]) for row in applied), installation=installation)


async def check_postgres(url: str, dump: Path) -> dict[str, int]:
    """The rows of every table in a dump, without a database. Raises Damaged."""
    process = await asyncio.create_subprocess_exec(
        _tool("pg_restore"),
        "--data-only",
        "--file=-",
        str(dump),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=_environment(url),
        limit=1 << 30,  # a row is a line
    )
    if process.stdout is None:  # it was asked for
        raise Damaged("its database cannot be read")
    counted: dict[str, int] = {}
    table = ""
    async for line in process.stdout:
        if table:
            if line == b"\\.\n":
                table = ""
            else:
                counted[table] += 1
        elif line.startswith(b"COPY public."):
            table = line.split(b" ", 2)[1].removeprefix(b"public.").strip(b'"').decode()
            counted[table] = 0
    if await process.wait():
        raise Damaged("its database cannot be read by pg_restore")
    return counted


async def postgres_is_empty(url: str) -> bool:
    async with _connection(url) as connection:
        return not await _tables(connection)


async def replace_postgres(url: str, dump: Path, moment: str) -> None:
    """Put a dump in the place of what is in the database: in one transaction, all or nothing."""
    script = dump.with_name(f"{dump.name}.sql")
    os.close(os.open(script, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        await _run(url, "pg_restore", "--no-owner", "--no-privileges", f"--file={script}", str(dump))
        async with _connection(url) as connection:
            there = ", ".join(f'public."{name}"' for name in await _tables(connection))
        before = f"DROP TABLE {there} CASCADE;\n" if there else ""
        after = (
            f"INSERT INTO public.meta (key, value) VALUES ('{RESTORED}', '{moment}') "  # noqa: S608 - our own time
            "ON CONFLICT (key) DO UPDATE SET value = excluded.value;\n"
            if moment
            else ""
        )
        text = f"{before}\\i {_quoted(script)}\n{after}".encode()
        await _run(url, "psql", "--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1", text=text)
    finally:
        script.unlink(missing_ok=True)


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("\\", "\\\\").replace("'", "\\'") + "'"
