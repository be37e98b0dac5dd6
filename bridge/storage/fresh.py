"""A new database begins with all its tables: carrying out every migration there ever was takes many seconds.

``fresh.sql`` and ``fresh_postgres.sql`` are what the migrations come to, written by ``make schema`` after each new one;
a test compares. Where one does not belong to the migrations that there are, it is left alone, and they are carried out.
"""

import asyncio
import importlib
import pkgutil
import re
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.migrations.recorder import MigrationRecorder

SCRIPT = Path(__file__).with_name("fresh.sql")
POSTGRES = Path(__file__).with_name("fresh_postgres.sql")
_END = ";;\n"
_RECORD = "tortoise_migrations"
APP = "baraza"
"""Whose migrations these are, among those that a database may know."""
_NAMES = re.compile(r"^-- migration (\w+)$", re.MULTILINE)


def migrations(module: str) -> list[str]:
    """The names of all migrations, in their order."""
    package = importlib.import_module(module)
    return sorted(found.name for found in pkgutil.iter_modules(package.__path__) if found.name[0].isdigit())


def _read(file: Path, module: str) -> tuple[list[str], list[str]]:
    """The migrations that a script comes to, and its statements; none where it is not that of these migrations."""
    script = file.read_text(encoding="utf-8") if file.exists() else ""
    names = _NAMES.findall(script)
    if names != migrations(module):
        return [], []
    return names, [statement for statement in script.split(_END) if statement.strip()]


def create(path: Path, module: str) -> bool:
    """Make every table in a file that has none; False where that is not to be done here. All of it, or nothing."""
    names, statements = _read(SCRIPT, module)
    if not names:
        return False
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("BEGIN IMMEDIATE")  # two programs that start at once take turns
        if database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            return False
        for statement in statements:
            database.execute(statement)
        now = datetime.now(UTC).isoformat(sep=" ")
        database.executemany(
            f"INSERT INTO {_RECORD} (app, name, applied_at) VALUES (?, ?, ?)",  # noqa: S608 - a constant of ours
            [(APP, name, now) for name in names],
        )
        database.execute("COMMIT")
    return True


async def create_on_postgres(connection: BaseDBAsyncClient, module: str) -> bool:
    """The same inside the caller's transaction, in a schema without tables but that of migrations, which names none."""
    others = await connection.execute_query_dict(
        "SELECT 1 FROM pg_tables WHERE schemaname = current_schema() AND tablename <> $1 LIMIT 1", [_RECORD]
    )
    names, statements = await asyncio.to_thread(_read, POSTGRES, module)
    if others or not names:
        return False
    await connection.execute_script(";".join(statements))
    recorder = MigrationRecorder(connection)
    for name in names:
        await recorder.record_applied(APP, name)
    return True


def head(module: str) -> str:
    """What a script says of the migrations that it comes to."""
    return "".join(f"-- migration {name}\n" for name in migrations(module))


def dumped(path: Path, module: str) -> str:
    """The script that makes the tables of a migrated database."""
    with closing(sqlite3.connect(path)) as database:
        rows = database.execute("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid")
        found = [(kind, name, sql) for kind, name, sql in rows if not name.startswith("sqlite_")]
    virtual = [name for _, name, sql in found if sql.startswith("CREATE VIRTUAL")]
    own = [sql for _, name, sql in found if not any(name.startswith(f"{each}_") for each in virtual)]
    return head(module) + joined(own)


def joined(statements: Sequence[str]) -> str:
    """As a script keeps them. Raises ValueError where one could not be told from two."""
    if any(_END in statement for statement in statements):
        raise ValueError(f"a statement has {_END!r} in it")
    return "".join(f"{statement}{_END}" for statement in statements)
