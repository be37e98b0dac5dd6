"""What the ledger's lanes would send next; ``ledger`` offers this, too.

A look takes as long as there are lanes, not rows: it goes from the first row of one lane to the first of the next by
the partial indexes of ``waiting``, however many rows wait behind.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeVar

from bridge.core.ids import Address, address_of
from bridge.core.turns import Turns
from bridge.storage.ledger_reads import CAN_WAIT, WAITS_LESS
from bridge.storage.models import Delivery
from bridge.storage.waiting import BY_CHANGE, BY_HOUR, BY_LANE, BY_PATIENCE, CHANGES, HOURS, IS_CHANGE, LANES, PATIENT

LOOK = 256
"""Rows of one account that can wait, at which one look at the ledger stops where any of them may go."""
_FURTHER = 4
"""So many times as many rows are looked at next where none of them may."""
MOST = 4096
"""Rows of one account that can wait, at which a look ends in any case: what is behind comes once some of them went."""
_TOGETHER = 100
"""Accounts that are asked about in one statement: SQLite puts no more than 500 questions together."""
_KEPT = 32
"""Statements of each sort that are kept as they were put into words."""
_About = TypeVar("_About")
_DUE = '"account" = lane."account" AND "chat" = lane."chat" AND "due_at" <= $1 ORDER BY "id" LIMIT 1'
_URGENT = """
WITH RECURSIVE lane ("account", "chat") AS (
    VALUES {accounts}
    UNION ALL
    SELECT lane."account", (
        SELECT CAST("chat" AS TEXT) FROM {by_lane}
        WHERE {urgent} AND "account" = lane."account" AND "chat" > lane."chat" ORDER BY "chat" LIMIT 1
    ) FROM lane WHERE lane."chat" IS NOT NULL
)
SELECT head."id", head."account", head."chat", head."community", head."kind" <> 'post' AS "talk",
    ({is_change}) AS "change"
FROM lane JOIN {head}
"""
"""The first change of every lane, else its first row."""
_FIRST = """COALESCE(
    (SELECT "id" FROM {by_change} WHERE {changes} AND {due}),
    (SELECT "id" FROM {by_lane} WHERE {urgent} AND {due})
)"""
_HEAD = {
    True: f'"delivery" AS head ON head."id" = {_FIRST}',
    # Asked for one row of each lane, PostgreSQL cannot think of reading the whole table instead.
    False: f'LATERAL (SELECT * FROM "delivery" WHERE "id" = {_FIRST} LIMIT 1) AS head ON TRUE',  # noqa: S608 - constants of ours
}
"""By whether it is SQLite."""
_PATIENT = """
SELECT * FROM (
    SELECT "id", "account", "chat", "view" FROM {by_patience}
    WHERE {patient} AND "view" = '{view}' AND "account" = ${0} AND "id" > ${1} AND "due_at" <= $1
    ORDER BY "id" LIMIT ${2}
) AS "found{0}"
"""

_NEXT = """
SELECT MIN("due_at") AS "at" FROM {by_hour} WHERE {hours} AND "account" = ${n} AND "due_at" > $1
UNION ALL
SELECT MIN("due_at") FROM "delivery" WHERE "state" = 'in_doubt' AND "account" = ${n} AND "due_at" > $1
"""


async def heads(
    now: datetime,
    accounts: Sequence[str],
    turns: Turns | None = None,
    is_stuck: Callable[[Address], bool] = lambda _: False,
) -> list[tuple[int, Address]]:
    """The first row of every lane that may go now, in the order in which lanes of one account go: (row id, lane).

    What changes or removes something that stands there goes before everything else, then what people wait for (cards,
    answers, notices), then posts. In each the communities take turns (``turns`` knows whose it is, from one look to the
    next), each with its oldest first: where they share an account that may send only so much, five hundred posts of one
    keep no other waiting. What can wait goes last, in its lane and among the lanes: nor do twenty thousand private
    copies. Of these the oldest of every account are looked at: as many as it takes to find a lane that ``is_stuck``
    does not say of that nothing can go there now.
    """
    if not accounts:
        return []
    lanes = {lane: head for head, lane in await _urgent(now, accounts, turns or Turns())}
    for head, lane in await _patient(now, accounts, is_stuck):
        lanes.setdefault(lane, head)
    return [(head, lane) for lane, head in lanes.items()]


async def next_due(now: datetime, accounts: Sequence[str]) -> datetime | None:
    """When the next row that is not due yet, and waits for nothing else, will be."""
    if not accounts:
        return None
    found = [
        row["at"] for some in _slices(accounts, _TOGETHER) for row in await _asked(_next_query, len(some), now, some)
    ]
    times = (datetime.fromisoformat(at) if isinstance(at, str) else at for at in found if at is not None)
    return min(times, default=None)


async def _urgent(now: datetime, accounts: Sequence[str], turns: Turns) -> list[tuple[int, Address]]:
    rows = [row for some in _slices(accounts, _TOGETHER) for row in await _asked(_urgent_query, len(some), now, some)]
    ranked = [
        (0 if row["change"] else 1 if row["talk"] else 2, row["id"], row["account"], row["chat"], row["community"])
        for row in rows
    ]
    return [(head, address_of(account, chat)) for head, account, chat in in_turn(ranked, turns)]


async def _patient(
    now: datetime, accounts: Sequence[str], is_stuck: Callable[[Address], bool]
) -> list[tuple[int, Address]]:
    """Rows of lanes, in their order: several of one lane, too."""
    found: list[tuple[int, int, Address]] = []
    asked = {(account, view): (0, LOOK) for account in accounts for view in (WAITS_LESS, CAN_WAIT)}
    left = dict.fromkeys(accounts, MOST)
    while asked:
        pages: dict[tuple[str, str], list[tuple[int, Address]]] = {key: [] for key in asked}
        for keys in _slices(list(asked), 2 * _TOGETHER):
            wanted = [value for key in keys for value in (key[0], *asked[key])]
            for row in await _asked(_patient_query, tuple(view for _, view in keys), now, wanted):
                pages[row["account"], row["view"]].append((row["id"], address_of(row["account"], row["chat"])))
        for key, page in pages.items():
            found += [(_PATIENCE[key[1]], head, lane) for head, lane in page]
            _, limit = asked.pop(key)
            left[key[0]] -= len(page)
            if len(page) == limit and left[key[0]] > 0 and all(map(is_stuck, {lane for _, lane in page})):
                asked[key] = page[-1][0], min(limit * _FURTHER, left[key[0]])
    return [(head, lane) for _, head, lane in sorted(found)]


_PATIENCE = {WAITS_LESS: 0, CAN_WAIT: 1}


def _slices(found: Sequence[_About], size: int) -> list[Sequence[_About]]:
    return [found[start : start + size] for start in range(0, len(found), size)]


async def _asked(
    query: Callable[[_About, bool], str], about: _About, now: datetime, values: Sequence[object]
) -> list[dict[str, Any]]:
    connection = Delivery._meta.db  # noqa: SLF001 - Tortoise's documented way from a model to its connection
    sqlite = connection.capabilities.dialect == "sqlite"
    return await connection.execute_query_dict(query(about, sqlite).strip(), [str(now) if sqlite else now, *values])


@lru_cache(maxsize=_KEPT)
def _urgent_query(count: int, sqlite: bool) -> str:
    accounts = ", ".join(f"(CAST(${number} AS TEXT), '')" for number in range(2, count + 2))
    query = _URGENT.replace("{head}", _HEAD[sqlite]).format(
        accounts=accounts,
        by_lane=_by(BY_LANE, sqlite),
        by_change=_by(BY_CHANGE, sqlite),
        urgent=LANES,
        changes=CHANGES,
        is_change=IS_CHANGE,
        due=_DUE,
    )
    return query.replace("$", "?") if sqlite else query


@lru_cache(maxsize=_KEPT)
def _patient_query(views: tuple[str, ...], sqlite: bool) -> str:
    by = _by(BY_PATIENCE, sqlite)
    query = "UNION ALL".join(
        _PATIENT.format(*range(n, n + 3), view=view, by_patience=by, patient=PATIENT)
        for n, view in zip(range(2, 3 * len(views) + 2, 3), views, strict=True)
    )
    return query.replace("$", "?") if sqlite else query


@lru_cache(maxsize=_KEPT)
def _next_query(count: int, sqlite: bool) -> str:
    by = _by(BY_HOUR, sqlite)
    query = "UNION ALL".join(_NEXT.format(n=n, by_hour=by, hours=HOURS) for n in range(2, count + 2))
    return query.replace("$", "?") if sqlite else query


def _by(index: str, sqlite: bool) -> str:
    """SQLite is told by which index, whatever it knows of the rows; PostgreSQL counts them."""
    return f'"delivery" INDEXED BY "{index}"' if sqlite else '"delivery"'


def in_turn(rows: Iterable[tuple[int, int, str, str, str]], turns: Turns) -> list[tuple[int, str, str]]:
    """Rows of (rank, row id, account, chat, community) by rank, in which one row of every community follows another:
    (row id, account, chat)."""
    ahead: Counter[tuple[str, str]] = Counter()
    placed: list[tuple[int, int, int, str, str]] = []
    for rank, head, account, chat, whose in sorted(rows):
        placed.append((rank, turns.next(whose, at=account) + ahead[account, whose], head, account, chat))
        ahead[account, whose] += 1
    return [(head, account, chat) for _, _, head, account, chat in sorted(placed)]


__all__ = ["LOOK", "heads", "in_turn", "next_due"]
