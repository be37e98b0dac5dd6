"""The rows of the ledger that may go once they are due, as the databases know them: partial indexes of little.

A row is in them from when it waits for nothing until it is tried, so that they stay small beside all that was ever
sent. Whoever asks by one must repeat its condition word for word: SQLite recognises nothing else
(https://www.sqlite.org/partialindex.html#queries_using_partial_indexes).
"""

from typing import Any

from tortoise.indexes import Index

MAY_GO = '"state" = \'planned\' AND "waits_for" IS NULL'
URGENT = f"{MAY_GO} AND \"view\" <> 'can_wait' AND \"view\" <> 'can_wait_less'"
"""What goes before everything that can wait."""
CHANGES = f"{URGENT} AND \"operation\" IN ('edit', 'delete', 'prune') AND \"kind\" IN ('post', 'copy', 'removal')"
"""What changes or removes something that stands there."""
PATIENT = f"{MAY_GO} AND \"view\" IN ('can_wait', 'can_wait_less')"
"""What lets everything else go first."""


class PartialIndex(Index):
    """Of the rows alone of which ``where`` is true; Tortoise's own knows only equality."""

    def __init__(self, *, fields: list[str], name: str, where: str) -> None:
        super().__init__(fields=fields, name=name)
        self.where = where
        self.extra = f" WHERE {where}"

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        path, args, kwargs = super().deconstruct()
        return path, args, {**kwargs, "where": self.where}


BY_LANE, BY_CHANGE = "delivery_by_lane", "delivery_by_change"
BY_PATIENCE, BY_HOUR = "delivery_by_patience", "delivery_by_hour"
INDEXES = (
    # When it is due stands beside it, so that what waits for its hour is passed over without being read.
    PartialIndex(fields=["account", "chat", "id", "due_at"], name=BY_LANE, where=URGENT),
    PartialIndex(fields=["account", "chat", "id"], name=BY_CHANGE, where=CHANGES),
    PartialIndex(fields=["account", "view", "id"], name=BY_PATIENCE, where=PATIENT),
    PartialIndex(fields=["account", "due_at"], name=BY_HOUR, where=MAY_GO),
)

__all__ = [
    "BY_CHANGE",
    "BY_HOUR",
    "BY_LANE",
    "BY_PATIENCE",
    "CHANGES",
    "INDEXES",
    "MAY_GO",
    "PATIENT",
    "URGENT",
    "PartialIndex",
]
