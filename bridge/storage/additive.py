"""Which migrations may be carried out while programs of an earlier version go on working with the database.

They know nothing of a new table, and leave a new column out when they insert a row: then it needs a value of its own.
What is to stand there instead, ``filling`` gives it afterwards.
A PostgreSQL database remembers the last migration that a program has to know, so an earlier one may also start anew.
"""

from collections.abc import Collection, Sequence
from typing import Final

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.fields import Field
from tortoise.migrations.executor import PlanStep
from tortoise.migrations.migration import Migration
from tortoise.migrations.operations import AddField, AddIndex, CreateModel, Operation, RunPython

_ADDS: Final = (CreateModel, AddIndex)
_FILLS: Final = ("0015_namesakes",)
"""Migrations whose code gives values to the columns that they add, and does nothing else."""
_KEY: Final = "schema"
"""Of the row in ``meta``: the newest migration, and the last one that has to be known."""


def is_additive(migration: Migration) -> bool:
    """Can a program that has never heard of these changes go on reading and writing?"""
    return all(
        _adds(each) or (isinstance(each, RunPython) and migration.name in _FILLS) for each in migration.operations
    )


def _adds(operation: Operation) -> bool:
    return isinstance(operation, _ADDS) or (isinstance(operation, AddField) and _has_a_value(operation))


def _has_a_value(operation: AddField) -> bool:
    field = operation.field
    return isinstance(field, Field) and (field.null or field.has_db_default())


async def remember(connection: BaseDBAsyncClient, steps: Sequence[PlanStep]) -> None:
    """After all of ``steps``, which are every migration that there is."""
    needed = [step.migration.name for step in steps if not is_additive(step.migration)]
    value = f"{steps[-1].migration.name} {needed[-1] if needed else steps[0].migration.name}"
    await connection.execute_query(
        "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        [_KEY, value],
    )


async def may_go_on(connection: BaseDBAsyncClient, known: Collection[str], unknown: Collection[str]) -> bool:
    """Was only added what a program that knows these migrations need not know?"""
    rows = await connection.execute_query_dict("SELECT value FROM meta WHERE key = $1", [_KEY])
    newest, _, needed = str(rows[0]["value"] if rows else "").partition(" ")
    return newest == max(unknown) and needed in known
