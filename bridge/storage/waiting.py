"""The rows of the ledger that may go once they are due, as the databases know them: partial indexes of little.

A row is in them from when it waits for nothing until it is tried, so that they stay small beside all that was ever
sent. Whoever asks by one must repeat its condition word for word: SQLite recognises nothing else
(https://www.sqlite.org/partialindex.html#queries_using_partial_indexes).
"""

from typing import Any

from tortoise.indexes import Index


def _may_go(name: str) -> str:
    """It waits for nothing; said so that a question can be answered by one index alone, and no other looks as good.

    Told plainly, PostgreSQL expects as many rows as there were when it last counted them, which is none where nothing
    waited then, and takes any index that begins with the state or the account.
    """
    return f"(\"state\" || ':{name}') = 'planned:{name}' AND \"waits_for\" IS NULL"


_IS_URGENT = "\"view\" <> 'can_wait' AND \"view\" <> 'can_wait_less'"
IS_CHANGE = "\"operation\" IN ('edit', 'delete', 'prune') AND \"kind\" IN ('post', 'copy', 'removal')"
LANES = f"{_may_go('lane')} AND {_IS_URGENT}"
"""What goes before everything that can wait."""
CHANGES = f"{_may_go('change')} AND {_IS_URGENT} AND {IS_CHANGE}"
"""What changes or removes something that stands there."""
PATIENT = f"{_may_go('patience')} AND \"view\" IN ('can_wait', 'can_wait_less')"
"""What lets everything else go first."""
HOURS = _may_go("hour")


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
    PartialIndex(fields=["account", "chat", "id", "due_at"], name=BY_LANE, where=LANES),
    PartialIndex(fields=["account", "chat", "id"], name=BY_CHANGE, where=CHANGES),
    PartialIndex(fields=["account", "view", "id"], name=BY_PATIENCE, where=PATIENT),
    PartialIndex(fields=["account", "due_at"], name=BY_HOUR, where=HOURS),
)

__all__ = [
    "BY_CHANGE",
    "BY_HOUR",
    "BY_LANE",
    "BY_PATIENCE",
    "CHANGES",
    "HOURS",
    "INDEXES",
    "IS_CHANGE",
    "LANES",
    "PATIENT",
    "PartialIndex",
]
