"""Many rows at once, each with values of its own: one statement, prepared once, without the mapper's share per row."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from tortoise import Model
from tortoise.fields import Field
from tortoise.models import MetaInfo

Seen = Mapping[int, Mapping[str, str]]
"""What rows had in some columns of text when they were read."""


def seen(rows: Sequence[Model], columns: Sequence[str]) -> Seen:
    """To be taken before these rows are changed in memory."""
    return {row.pk: {column: getattr(row, column) for column in columns} for row in rows}


async def lock_each(
    model: type[Model], ids: Sequence[int], column: str, values: Collection[object], before: Seen | None = None
) -> set[int]:
    """Which of these rows have one of these values; nobody else changes them before the transaction ends.

    ``before``: only those that nobody has changed since they were read, as far as these columns go.
    """
    meta = model._meta  # noqa: SLF001 - Tortoise's documented way from a model to its connection
    wanted: list[object] = [meta.fields_map[column].to_db_value(value, model) for value in values]
    key, table = meta.db_pk_column, meta.db_table
    if _is_postgres(meta):
        also = "".join(f', "{name}"' for name in next(iter(before.values()), ())) if before else ""
        # Found by their numbers, whatever the server thinks of an index: how many rows are in a state changes quickly.
        statement = (
            f'WITH asked AS MATERIALIZED (SELECT "{key}", "{column}"{also} FROM "{table}" WHERE "{key}" = ANY($1) '  # noqa: S608 - our names
            f'ORDER BY "{key}" FOR UPDATE) SELECT "{key}"{also} FROM asked WHERE "{column}" = ANY($2)'
        )
        given: list[object] = [list(ids), wanted]
    else:  # where a transaction is alone from its beginning, and what it has read stays true
        before = None
        numbers, marks = (", ".join("?" * len(found)) for found in (ids, wanted))
        statement = f'SELECT "{key}" FROM "{table}" WHERE "{key}" IN ({numbers}) AND "{column}" IN ({marks})'  # noqa: S608 - our names
        given = [*ids, *wanted]
    _, rows = await meta.db.execute_query(statement, given)
    if before is None:
        return {row[key] for row in rows}
    return {row[key] for row in rows if all(row[name] == value for name, value in before[row[key]].items())}


async def which_stand(model: type[Model], column: str, numbers: Collection[int]) -> set[int]:
    """Which of these numbers some row has in a column."""
    if not numbers:
        return set()
    meta = model._meta  # noqa: SLF001 - as above
    asked = sorted(numbers)
    given: list[Any]
    if _is_postgres(meta):
        among, given = "= ANY($1)", [asked]
    else:  # as few lengths as possible: each is a sentence of its own, which SQLite has to understand first
        given = [*asked, *asked[-1:] * (-len(asked) % 32)]
        among = f"IN ({', '.join('?' * len(given))})"
    statement = f'SELECT DISTINCT "{column}" FROM "{meta.db_table}" WHERE "{column}" {among}'  # noqa: S608 - our names
    _, rows = await meta.db.execute_query(statement, given)
    return {row[column] for row in rows}


async def save_each(rows: Sequence[Model], columns: Sequence[str], same: Mapping[str, object] | None = None) -> None:
    """Write these columns of rows as they stand in memory, inside the caller's transaction.

    ``same``: what further columns of all of them are to have.

    The guards are the caller's: the rows are his to change (he holds them, or has just advanced them).
    """
    if not rows:
        return
    meta = rows[0]._meta  # noqa: SLF001 - as above
    table, key = meta.db_table, meta.db_pk_column
    fields = [meta.fields_map[name] for name in (*columns, key)]
    shared = {name: meta.fields_map[name].to_db_value(value, rows[0]) for name, value in (same or {}).items()}
    values = [[field.to_db_value(getattr(row, field.model_field_name), row) for field in fields] for row in rows]
    if _is_postgres(meta):  # which takes as long for a statement as for ten more rows of it
        assigned = ", ".join(
            [
                *(f'"{column}" = ${number}' for number, column in enumerate(shared, len(fields) + 1)),
                *(f'"{column}" = new."{column}"' for column in columns),
            ]
        )
        new = _from_arrays(fields, (*columns, key))
        statement = f'UPDATE "{table}" AS old SET {assigned} FROM {new} WHERE old."{key}" = new."{key}"'  # noqa: S608 - our names
        await meta.db.execute_query(statement, [*map(list, zip(*values, strict=True)), *shared.values()])
        return
    assigned = ", ".join(f'"{column}" = ?' for column in (*shared, *columns))
    values = [[*shared.values(), *own] for own in values]
    await meta.db.execute_many(f'UPDATE "{table}" SET {assigned} WHERE "{key}" = ?', values)  # noqa: S608 - our names


async def insert_each(model: type[Model], rows: Sequence[Mapping[str, object]]) -> None:
    """New rows, each with the same columns. What is left out must have a default in the database."""
    if not rows:
        return
    meta = model._meta  # noqa: SLF001 - as above
    fields = [meta.fields_map[name] for name in rows[0]]
    names = ", ".join(f'"{name}"' for name in rows[0])
    values = [
        [field.to_db_value(value, model) for field, value in zip(fields, row.values(), strict=True)] for row in rows
    ]
    if _is_postgres(meta):
        statement = f'INSERT INTO "{meta.db_table}" ({names}) SELECT {names} FROM {_from_arrays(fields, list(rows[0]))}'  # noqa: S608 - our names
        await meta.db.execute_query(statement, [list(column) for column in zip(*values, strict=True)])
        return
    marks = ", ".join("?" * len(fields))
    await meta.db.execute_many(f'INSERT INTO "{meta.db_table}" ({names}) VALUES ({marks})', values)  # noqa: S608 - our names


def _from_arrays(fields: Sequence[Field[Any]], names: Sequence[str]) -> str:
    """A table named ``new`` of arrays, one for each column."""
    types = [str(field.get_for_dialect("postgres", "SQL_TYPE")).partition("(")[0] for field in fields]
    arrays = ", ".join(f"${number}::{kind}[]" for number, kind in enumerate(types, 1))
    columns = ", ".join(f'"{name}"' for name in names)
    return f"unnest({arrays}) AS new({columns})"


def _is_postgres(meta: MetaInfo) -> bool:
    return bool(meta.db.capabilities.dialect == "postgres")
