"""A new SQLite database begins with all its tables: carrying out every migration there ever was takes seconds.

``fresh.sql`` is what the migrations come to, written by ``make schema`` after each new one; a test compares. Where it
does not belong to the migrations that there are, it is left alone, and they are carried out.
"""

import importlib
import pkgutil
import re
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

SCRIPT = Path(__file__).with_name("fresh.sql")
_RECORD = "tortoise_migrations"
_APP = "baraza"
_NAMES = re.compile(r"^-- migration (\w+)$", re.MULTILINE)


def migrations(module: str) -> list[str]:
    """The names of all migrations, in their order."""
    package = importlib.import_module(module)
    return sorted(found.name for found in pkgutil.iter_modules(package.__path__) if found.name[0].isdigit())


def create(path: Path, module: str) -> bool:
    """Make every table in a file that has none; False where that is not to be done here. All of it, or nothing."""
    script = SCRIPT.read_text(encoding="utf-8")
    names = _NAMES.findall(script)
    if names != migrations(module):
        return False
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("BEGIN IMMEDIATE")  # two programs that start at once take turns
        if database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            return False
        for statement in script.split(";;\n"):
            if statement.strip():
                database.execute(statement)
        now = datetime.now(UTC).isoformat(sep=" ")
        database.executemany(
            f"INSERT INTO {_RECORD} (app, name, applied_at) VALUES (?, ?, ?)",  # noqa: S608 - a constant of ours
            [(_APP, name, now) for name in names],
        )
        database.execute("COMMIT")
    return True


def dumped(path: Path, module: str) -> str:
    """The script that makes the tables of a migrated database."""
    with closing(sqlite3.connect(path)) as database:
        rows = database.execute("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid")
        found = [(kind, name, sql) for kind, name, sql in rows if not name.startswith("sqlite_")]
    virtual = [name for _, name, sql in found if sql.startswith("CREATE VIRTUAL")]
    own = [sql for _, name, sql in found if not any(name.startswith(f"{each}_") for each in virtual)]
    head = "".join(f"-- migration {name}\n" for name in migrations(module))
    return head + ";;\n".join(own) + ";;\n"
