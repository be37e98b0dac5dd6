"""From SQLite to PostgreSQL: every row of every table, in one transaction, compared before it is committed."""

import asyncio
import hashlib
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg
from tortoise import Model, Tortoise

from bridge.core.errors import ConfigError, StorageUnavailable
from bridge.storage import database, ownership
from bridge.storage.database import UNAVAILABLE, reason_of

if TYPE_CHECKING:
    from tortoise.fields import Field

_BATCH = 2000
"""Rows that are held in memory at a time."""


@dataclass(frozen=True, kw_only=True)
class Copied:
    """What was copied."""

    tables: dict[str, int]
    """Rows of every table."""

    @property
    def rows(self) -> int:
        return sum(self.tables.values())


class _Table:
    """One table, as its model describes it."""

    def __init__(self, model: type[Model]) -> None:
        meta = model._meta  # noqa: SLF001 - Tortoise's documented way from a model to its columns
        self._model = model
        self.name = meta.db_table
        self.key = meta.db_pk_column
        self.counts_by_itself = bool(meta.pk.generated)
        self.fields: dict[str, Field[Any]] = {
            column: meta.fields_map[name] for name, column in meta.fields_db_projection.items()
        }
        relations: list[Any] = [meta.fields_map[name] for name in (*meta.fk_fields, *meta.o2o_fields)]
        self.parents = {each.related_model._meta.db_table for each in relations} - {self.name}  # noqa: SLF001 - as above

    @property
    def columns(self) -> str:
        return ", ".join(f'"{column}"' for column in self.fields)

    def converted(self, row: Sequence[Any]) -> list[Any]:
        """A row of SQLite as PostgreSQL takes it."""
        return [
            None if value is None else field.to_db_value(field.to_python_value(value), self._model)
            for field, value in zip(self.fields.values(), row, strict=True)
        ]


async def to_postgres(path: Path, url: str) -> Copied:
    """Copy a database into an empty one; no program may be running with either.

    Raises ConfigError where the other is not empty or no PostgreSQL, StorageUnavailable where one cannot be used. Then
    the other one is as empty as before.
    """
    if not url.startswith(("postgres://", "postgresql://")):
        raise ConfigError("a database is copied from SQLite to postgres://USER:PASSWORD@HOST/NAME, and no other way")
    if not await asyncio.to_thread(path.exists):
        raise StorageUnavailable(f"there is no database yet at {path}: start Baraza once with `baraza run`")
    async with ownership.only_program(f"sqlite://{path}"), ownership.only_program(url):
        await database.open_database(f"sqlite://{path}")  # brings it up to date
        await database.close_database()
        await database.open_database(url)
        try:
            tables = _in_order(_Table(model) for model in Tortoise.apps[database.APP].values())
        finally:
            await database.close_database()
        try:
            connection: Any = await asyncpg.connect(url)  # type: ignore[no-untyped-call]  # asyncpg left it bare
            try:
                async with connection.transaction():
                    return await _copy(path, connection, tables)
            finally:
                await connection.close()
        except (*UNAVAILABLE, asyncpg.exceptions.PostgresError) as error:
            raise StorageUnavailable(f"the copy was not made ({reason_of(error)}): nothing was changed") from error


async def _copy(path: Path, connection: Any, tables: Sequence[_Table]) -> Copied:
    for table in tables:
        if table.name == "meta":  # its installation was made a moment ago; that of the source takes its place
            await connection.execute('DELETE FROM "meta"')
        elif await connection.fetchval(f'SELECT 1 FROM "{table.name}" LIMIT 1'):  # noqa: S608 - a table's own name
            raise ConfigError(
                f"the PostgreSQL database is not empty (there are rows in {table.name}): give a new one, made with "
                "CREATE DATABASE"
            )
    copied: dict[str, int] = {}
    address = f"{await asyncio.to_thread(lambda: path.absolute().as_uri())}?mode=ro"
    with closing(sqlite3.connect(address, uri=True, check_same_thread=False)) as source:
        for table in tables:
            copied[table.name] = await _copy_table(source, connection, table)
    return Copied(tables=copied)


async def _copy_table(source: sqlite3.Connection, connection: Any, table: _Table) -> int:
    count, ours = 0, hashlib.sha256()
    question = f'SELECT {table.columns} FROM "{table.name}" ORDER BY "{table.key}"'  # noqa: S608 - our own names
    cursor = source.execute(question)
    while rows := await asyncio.to_thread(cursor.fetchmany, _BATCH):
        records = [table.converted(row) for row in rows]
        await connection.copy_records_to_table(table.name, records=records, columns=list(table.fields))
        _add(ours, records)
        count += len(records)
    theirs, found = hashlib.sha256(), 0
    # Texts are ordered by their bytes, as SQLite does.
    order = f'"{table.key}"' + ("" if table.counts_by_itself else '::text COLLATE "C"')
    if not table.counts_by_itself and await _is_number(connection, table):
        order = f'"{table.key}"'
    async for row in connection.cursor(f'SELECT {table.columns} FROM "{table.name}" ORDER BY {order}'):  # noqa: S608
        _add(theirs, [list(row.values())])
        found += 1
    if (count, ours.digest()) != (found, theirs.digest()):
        raise StorageUnavailable(
            f"the copy of {table.name} is not what was copied ({count} rows, {found} there): nothing was changed. "
            "Please report this"
        )
    if table.counts_by_itself and count:
        await connection.execute(
            f'SELECT setval(pg_get_serial_sequence($1, $2), (SELECT max("{table.key}") FROM "{table.name}"))',  # noqa: S608
            f'"{table.name}"',
            table.key,
        )
    return count


async def _is_number(connection: Any, table: _Table) -> bool:
    kind = await connection.fetchval(
        "SELECT data_type FROM information_schema.columns WHERE table_name = $1 AND column_name = $2",
        table.name,
        table.key,
    )
    return "int" in str(kind)


def _add(digest: Any, records: Iterable[Sequence[Any]]) -> None:
    """A row as both databases give it back."""
    for record in records:
        digest.update(repr([_plain(value) for value in record]).encode("utf-8", "surrogatepass"))


def _plain(value: Any) -> Any:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value


def _in_order(tables: Iterable[_Table]) -> list[_Table]:
    """Parents before their children."""
    left = {table.name: table for table in tables}
    placed: list[_Table] = []

    def ready() -> Iterator[_Table]:
        return (table for table in left.values() if not table.parents & left.keys())

    while left:
        table = next(ready())
        placed.append(left.pop(table.name))
    return placed
