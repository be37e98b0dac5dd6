"""An empty database with its tables, made once: making them takes longer than most tests."""

import asyncio
import atexit
import secrets
import shutil
import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

import asyncpg
import asyncpg.exceptions

from bridge import config
from bridge.core.errors import ConfigError

_MADE: list[Path] = []
_TEMPLATES: dict[str, str] = {}
"""By PostgreSQL server: the name of a database with empty tables."""
_MAKE = (
    "import asyncio, sys\n"
    "from bridge.storage import database\n"
    "async def make():\n"
    "    await database.open_database(sys.argv[1])\n"
    "    await database.close_database()\n"
    "asyncio.run(make())\n"
)


async def begin_with_tables(path: Path) -> None:
    """Put a copy where a config file wants its database, unless there is one that holds something."""
    try:
        loaded = config.load(path)
    except ConfigError:  # the program is to say so itself
        return
    wanted = loaded.sqlite_path
    if wanted is None:
        await _in_postgres(loaded.database)
        return
    if wanted.exists():
        return
    if not _MADE:
        _MADE.append(await _made())
    wanted.parent.mkdir(parents=True, exist_ok=True)
    await asyncio.to_thread(shutil.copy, _MADE[0], wanted)


async def _in_postgres(url: str) -> None:
    """In place of an empty database of the tests' own server; any other is left alone."""
    server, _, name = url.rpartition("/")
    if not name.startswith("test_"):
        return
    try:
        here: Any = await asyncpg.connect(url)  # type: ignore[no-untyped-call]  # asyncpg left it bare
    except (OSError, asyncpg.exceptions.PostgresError):  # the program is to say so itself
        return
    holds = await here.fetchval("SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace")
    await here.close()
    if holds:
        return
    admin: Any = await asyncpg.connect(f"{server}/postgres")  # type: ignore[no-untyped-call]  # asyncpg left it bare
    try:
        if server not in _TEMPLATES:
            template = f"tables_{secrets.token_hex(4)}"
            await admin.execute(f"CREATE DATABASE {template} TEMPLATE template0")
            await _make(f"{server}/{template}")
            there: Any = await asyncpg.connect(f"{server}/{template}")  # type: ignore[no-untyped-call]  # asyncpg left it bare
            await there.execute("DELETE FROM meta WHERE key = 'installation'")
            await there.close()
            _TEMPLATES[server] = template
        await admin.execute(f"DROP DATABASE {name}")
        await admin.execute(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATES[server]}")
    finally:
        await admin.close()


async def _make(url: str) -> None:
    """By a process of its own: whoever asks may have another database open."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", _MAKE, url)
    assert await process.wait() == 0


async def _made() -> Path:
    template = Path(tempfile.mkdtemp(prefix="baraza-tables-")) / "baraza.db"
    atexit.register(shutil.rmtree, template.parent, ignore_errors=True)
    await _make(f"sqlite://{template}")
    with closing(sqlite3.connect(template)) as database, database:
        database.execute("DELETE FROM meta WHERE key = 'installation'")  # each copy is an installation of its own
    return template
