"""Many rows at once, each with values of its own: one statement, prepared once, without the mapper's share per row."""

from collections.abc import Sequence

from tortoise import Model


async def save_each(rows: Sequence[Model], columns: Sequence[str]) -> None:
    """Write these columns of rows as they stand in memory, inside the caller's transaction.

    The guards are the caller's: the rows are his to change (he holds them, or has just advanced them).
    """
    if not rows:
        return
    meta = rows[0]._meta  # noqa: SLF001 - Tortoise's documented way from a model to its connection
    fields = [meta.fields_map[column] for column in columns]
    postgres = meta.db.capabilities.dialect == "postgres"
    marks = [f"${number}" if postgres else "?" for number in range(1, len(columns) + 2)]
    assigned = ", ".join(f'"{column}" = {mark}' for column, mark in zip(columns, marks, strict=False))
    statement = f'UPDATE "{meta.db_table}" SET {assigned} WHERE "{meta.db_pk_column}" = {marks[-1]}'  # noqa: S608 - our names
    values = [
        [*(field.to_db_value(getattr(row, field.model_field_name), row) for field in fields), row.pk] for row in rows
    ]
    await meta.db.execute_many(statement, values)
