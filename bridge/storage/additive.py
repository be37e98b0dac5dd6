"""Which migrations may be carried out while programs of an earlier version go on working with the database.

They know nothing of a new table, and leave a new column out when they insert a row: then it needs a value of its own.
"""

from collections.abc import Iterable
from typing import Final

from tortoise.fields import Field
from tortoise.migrations.operations import AddField, AddIndex, CreateModel, Operation

_ADDS: Final = (CreateModel, AddIndex)


def is_additive(operations: Iterable[Operation]) -> bool:
    """Can a program that has never heard of these changes go on reading and writing?"""
    return all(isinstance(each, _ADDS) or (isinstance(each, AddField) and _has_a_value(each)) for each in operations)


def _has_a_value(operation: AddField) -> bool:
    field = operation.field
    return isinstance(field, Field) and (field.null or field.has_db_default())
