"""What all migrations come to, carried out one after the other, in the words of each database."""

from pathlib import Path
from typing import Any

import pytest

from bridge.storage import database, fresh
from bridge.storage.postgres_pooled import PooledPostgresClient, WatchedConnection

_CHANGES = ("CREATE ", "ALTER ", "COMMENT ", "DROP ")
_OTHERS = ("SELECT ", "INSERT INTO ", "BEGIN", "COMMIT", "SAVEPOINT ", "RELEASE ")
"""What makes no table. What else is said must be looked at by a person first."""


async def on_sqlite(path: Path) -> str:
    """Makes a database there."""
    await database.open_database(f"sqlite://{path}", from_script=False)
    await database.close_database()
    return fresh.dumped(path, database.MIGRATIONS)


async def on_postgres(url: str) -> str:
    """Makes the tables of an empty database. PostgreSQL keeps no statements: they are heard as they are sent."""
    heard: list[str] = []

    class Heard(WatchedConnection):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            self.add_query_logger(lambda record: heard.append(record.query))  # type: ignore[no-untyped-call]  # asyncpg left it bare

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(PooledPostgresClient, "connection_class", Heard)
        await database.open_database(url, from_script=False)
        await database.close_database()
    said = [statement.strip().rstrip(";") for statement in heard]
    assert not (odd := [statement for statement in said if not statement.startswith((*_CHANGES, *_OTHERS))]), odd
    changes = [statement for statement in said if statement.startswith(_CHANGES)]
    own = [statement for statement in changes if "tortoise_migrations" not in statement]
    return fresh.head(database.MIGRATIONS) + fresh.joined(own)
