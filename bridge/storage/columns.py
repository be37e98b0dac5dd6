"""What the columns of several tables have in common."""

from typing import Any

from tortoise import fields

SHORT = 64
ID = 255


def id_column() -> Any:
    """The primary key of most tables."""
    return fields.BigIntField(primary_key=True)
