"""Leases: what one of several programs works, and no other meanwhile. Only on PostgreSQL are there several.

A lease is a row with a holder and a time, by the database's own clock. It changes hands when its time is over, or when
it was given back. Two things keep a program from acting after that, however long it was paused or cut off:

- what it writes is fenced: ``confirm`` locks the rows of its leases in the same transaction, and whoever takes one over
  comes first, or ends that transaction;
- what it says to the world is said only while ``holds`` is true, which is reckoned from before the question that
  renewed the lease, so it ends before the lease does.
"""

import time
from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

import asyncpg

from bridge.core.errors import StorageUnavailable
from bridge.core.sharing import Ownership, Role
from bridge.storage.database import connection_now

VALID: Final = 5.0
"""Seconds that a lease is valid after it was taken or renewed."""
_MARGIN: Final = 1.0
"""Seconds before its end from which on nothing new is begun with it: what is begun takes a moment to get out."""
INTAKE: Final = "intake"
"""The lease of the work that belongs to no account: timers, private copies, upkeep."""
_ACCOUNT: Final = "account:"
_PROGRAM: Final = "program:"


def of_account(account: str) -> str:
    return f"{_ACCOUNT}{account}"


def account_of(name: str) -> str | None:
    """The account that a lease is of; None for any other."""
    return name.removeprefix(_ACCOUNT) if name.startswith(_ACCOUNT) else None


class Held(Protocol):
    """What a program may work on now."""

    def holds(self, account: str) -> bool:
        """May something be begun with this account at this moment?"""
        ...

    async def confirm(self, accounts: Collection[str]) -> set[str]:
        """Those that are ours until the surrounding transaction ends, whatever the clock says meanwhile."""
        ...


def boottime() -> float:
    """Seconds that go on while the machine sleeps: Python's monotonic clock stands still then."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


@dataclass(frozen=True, kw_only=True)
class Line:
    """A lease as everybody sees it."""

    name: str
    holder: str
    fence: int
    alive: bool


_MAKE = """
INSERT INTO lease (name, holder, fence, until) VALUES ($1, '', 0, clock_timestamp()) ON CONFLICT (name) DO NOTHING
"""
# A lock that waits for every transaction that has confirmed it; renewing it does not, else work would hold up itself.
_TAKE = f"""
WITH free AS (SELECT name FROM lease WHERE name = $1 AND until <= clock_timestamp() FOR UPDATE)
UPDATE lease SET holder = $2, fence = fence + 1, until = clock_timestamp() + interval '{VALID} seconds'
FROM free WHERE lease.name = free.name
RETURNING fence
"""  # noqa: S608 - a constant of ours
# A program that was paused or cut off in the middle of a question keeps its locks for as long as its session lives: the
# server waits for the rest of it, and no limit for idle transactions counts that. Its sessions bear its name; nobody's
# lease has no holder, and a session without a name is somebody else's: a backup, another program of the server.
_END = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity JOIN lease ON application_name = holder
WHERE name = $1 AND holder <> $2 AND holder <> '' AND until <= clock_timestamp() AND xact_start < until
AND datname = current_database() AND usename = session_user
"""
_RENEW = f"""
UPDATE lease SET until = clock_timestamp() + interval '{VALID} seconds'
WHERE name IN (
    SELECT name FROM lease WHERE holder = $1 AND name = ANY($2::text[]) ORDER BY name FOR NO KEY UPDATE
)
RETURNING name
"""  # noqa: S608
_RELEASE = "UPDATE lease SET until = clock_timestamp(), holder = '' WHERE name = $1 AND holder = $2"
_LOOK = "SELECT name, holder, fence, until > clock_timestamp() AS alive FROM lease ORDER BY name"
_FORGET = f"DELETE FROM lease WHERE name LIKE '{_PROGRAM}%' AND until < clock_timestamp() - interval '1 minute'"  # noqa: S608
_CONFIRM = """
SELECT name FROM lease WHERE name = ANY($1::text[]) AND holder = $2 AND until > clock_timestamp()
ORDER BY name FOR KEY SHARE
"""


class Leases:
    """The leases of one program. ``connection`` is one of its own: renewing never waits for a place in a pool."""

    def __init__(self, holder: str) -> None:
        self.holder = holder
        self._until: dict[str, float] = {}
        self.suspended = False
        """Is it uncertain whether the database still knows us? Then nothing is begun, and nothing given up."""

    @property
    def names(self) -> set[str]:
        """Those that we took and have not been seen to lose."""
        return set(self._until)

    def is_over(self, name: str) -> bool:
        """Has its time passed, or has another program taken it?"""
        return boottime() >= self._until.get(name, 0.0)

    def holds(self, account: str) -> bool:
        return not self.suspended and not self.is_over(of_account(account))

    async def confirm(self, accounts: Collection[str]) -> set[str]:
        wanted = {of_account(account): account for account in accounts}
        return {wanted[name] for name in await self._confirmed(wanted)}

    async def stand(self, name: str) -> None:
        """The fence of one lease, inside a transaction. Raises StorageUnavailable where it is not ours any more."""
        if not await self._confirmed([name]):
            raise StorageUnavailable(f"another program has {name}")

    async def _confirmed(self, names: Iterable[str]) -> list[str]:
        rows = await connection_now().execute_query_dict(_CONFIRM, [sorted(names), self.holder])
        return [row["name"] for row in rows]

    async def take(self, connection: Any, name: str) -> int | None:
        """Its fence; None where another program has it."""
        await connection.execute(_MAKE, name)
        with suppress(asyncpg.exceptions.PostgresError):  # not allowed to: then its transactions are waited for
            await connection.execute(_END, name, self.holder)
        asked = boottime()
        fence: int | None = await connection.fetchval(_TAKE, name, self.holder)
        if fence is not None:
            self._until[name] = asked + VALID - _MARGIN
        return fence

    async def renew(self, connection: Any) -> None:
        """All that are still ours. Those that are not any more are dropped from ``names``."""
        asked = boottime()
        ours = {row["name"] for row in await connection.fetch(_RENEW, self.holder, sorted(self._until))}
        self._until = {name: asked + VALID - _MARGIN for name in self._until if name in ours}
        self.suspended = False

    async def release(self, connection: Any, names: Iterable[str]) -> None:
        """Let others have them at once; what they stand for must have ended."""
        for name in list(names):
            self._until.pop(name, None)
            await connection.execute(_RELEASE, name, self.holder)

    async def enrol(self, connection: Any, role: str) -> None:
        """Be counted among the programs of a role."""
        await self.take(connection, f"{_PROGRAM}{role}:{self.holder}")

    def drop(self, name: str) -> None:
        """It is no longer worked here, and was not given back: its time ends by itself."""
        self._until.pop(name, None)


async def look(connection: Any) -> list[Line]:
    """All leases, as they stand."""
    await connection.execute(_FORGET)
    return [Line(**dict(row)) for row in await connection.fetch(_LOOK)]


async def ownership(now: datetime) -> Ownership | None:
    """Who does what; None where no program shares this database now."""
    rows = [] if connection_now().capabilities.dialect == "sqlite" else await connection_now().execute_query_dict(_LOOK)
    lines = [Line(**row) for row in rows]
    count = {role: programs(lines, role) for role in Role}
    if not any(count.values()):
        return None
    alive = [line for line in lines if line.alive and not is_program(line.name)]
    (clock,) = await connection_now().execute_query_dict("SELECT clock_timestamp() AS now")
    return Ownership(
        programs=count,
        owners={account_of(line.name) or line.name: line.holder for line in alive},
        database_ahead=clock["now"] - now,
    )


def programs(lines: Iterable[Line], role: str) -> int:
    """How many programs of a role are alive."""
    return sum(line.alive and line.name.startswith(f"{_PROGRAM}{role}:") for line in lines)


def is_program(name: str) -> bool:
    return name.startswith(_PROGRAM)
