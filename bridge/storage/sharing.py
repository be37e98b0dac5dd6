"""One program among several on the same PostgreSQL database: a session with its leases, and the bells of the others.

Programs that share hold the lock of ``ownership`` together, so they and one that wants the database for itself (an
earlier version, a restore) keep each other out.
"""

import asyncio
import os
import secrets
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any, Final, TypeVar

import asyncpg
import structlog

from bridge.core.errors import StorageUnavailable
from bridge.storage import bells, filling, leases, postgres_hosts
from bridge.storage.database import UNAVAILABLE, reason_of
from bridge.storage.leases import Leases, Line
from bridge.storage.ownership import KEEPALIVE, KEY
from bridge.storage.postgres_pooled import WatchedConnection

log = structlog.get_logger()
T = TypeVar("T")

_CHANNEL: Final = "baraza"
_AGAIN: Final = 0.5
"""Seconds between two tries."""
_PATIENCE: Final = 2.0
"""Seconds that a question of ours may take; less than a lease has left when it is renewed in time."""
_GATHERED: Final = 0.03
"""Seconds for which rings are gathered: under load there are hundreds in one second, and each wakes every program."""
# A lease that a paused program has locked is not waited for: another round comes.
_SETTINGS: Final = {**KEEPALIVE, "lock_timeout": "1s"}
_TROUBLE = (*UNAVAILABLE, asyncpg.exceptions.PostgresError)


class Share:
    """What one program holds together with others. Every method that asks raises StorageUnavailable."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: Any = None
        self._turn = asyncio.Lock()
        self._mending: asyncio.Task[None] | None = None
        self._telling: asyncio.Task[None] | None = None
        self._rung: set[str] = set()
        self._closed = False
        self.leases = Leases(_name())
        self.alone = False
        """Was nobody else there when we came?"""
        self.lost = asyncio.Event()
        """A program has the database for itself."""

    # --- coming and going ---

    async def join(self, waits: Callable[[], object]) -> None:
        """Share the database; where a program has it for itself, wait for its end, having said so once."""
        told = tries = 0
        while True:
            try:
                connection: Any = await self._connect()
                if await connection.fetchval("SELECT pg_try_advisory_lock($1)", KEY):
                    self.alone = True  # nobody comes until ``settle``
                elif not await connection.fetchval("SELECT pg_try_advisory_lock_shared($1)", KEY):
                    await connection.close()
                    tries += 1
                    if tries == 10 and not told:  # another one that is just beginning lets us in soon
                        waits()
                        told = 1
                    await asyncio.sleep(_AGAIN)
                    continue
            except _TROUBLE as error:
                if not told:
                    raise StorageUnavailable(f"the PostgreSQL server cannot be used ({reason_of(error)})") from error
                await asyncio.sleep(_AGAIN)
                continue
            self._connection = connection
            connection.add_termination_listener(self._ended)
            return

    async def settle(self) -> None:
        """The tables are there. Whoever came alone takes what killed programs have left, and lets others come."""
        if self.alone:
            await self._ask(lambda c: c.execute("UPDATE lease SET until = clock_timestamp(), holder = ''"))
            await self._ask(lambda c: c.execute("SELECT pg_advisory_lock_shared($1)", KEY))
            await self._ask(lambda c: c.execute("SELECT pg_advisory_unlock($1)", KEY))
        await self._ask(lambda c: c.add_listener(_CHANNEL, self._heard))
        bells.broadcast(self._ring)
        with suppress(*UNAVAILABLE):  # the next one to start does it
            await filling.fill()

    async def close(self) -> None:
        bells.broadcast(None)
        self._closed = True
        for task in (self._mending, self._telling):
            if task is not None:
                task.cancel()
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(*_TROUBLE):
                connection.remove_termination_listener(self._ended)
                await connection.close(timeout=1.0)

    async def _connect(self) -> Any:
        return await postgres_hosts.connect(
            self._url,
            server_settings={**_SETTINGS, "application_name": self.leases.holder},
            connection_class=WatchedConnection,
            command_timeout=_PATIENCE,
            timeout=_PATIENCE,
        )

    def _ended(self, _: object) -> None:
        """The session is over, and we are not: the server was restarted, or the network broke."""
        self._connection = None
        self.leases.suspended = True
        if not self._closed:
            log.warning("sharing_interrupted")
            self._mending = asyncio.get_running_loop().create_task(self._mend(), name="sharing")

    async def _mend(self) -> None:
        while True:
            connection: Any = None
            try:
                connection = await self._connect()
                if not await connection.fetchval("SELECT pg_try_advisory_lock_shared($1)", KEY):
                    log.error("sharing_lost")
                    self.lost.set()
                    await connection.close()
                    return
                await connection.add_listener(_CHANNEL, self._heard)
            except _TROUBLE:
                if connection is not None:
                    connection.terminate()
                await asyncio.sleep(_AGAIN)
                continue
            connection.add_termination_listener(self._ended)
            self._connection = connection
            log.info("sharing_mended")
            for bell in bells.BELLS.values():  # what was rung meanwhile was not heard
                bell.ring()
            return

    # --- leases ---

    async def take(self, name: str) -> int | None:
        """Its fence; None where another program has it."""
        return await self._ask(lambda c: self.leases.take(c, name))

    async def renew(self) -> None:
        await self._ask(self.leases.renew)

    async def release(self, names: Iterable[str]) -> None:
        await self._ask(lambda c: self.leases.release(c, names))

    async def enrol(self, roles: Iterable[str]) -> None:
        """Be counted among the programs of these roles, as long as we renew."""

        async def each(connection: Any) -> None:
            for role in roles:
                await self.leases.enrol(connection, role)

        await self._ask(each)

    async def look(self) -> Sequence[Line]:
        return await self._ask(leases.look)

    async def _ask(self, work: Callable[[Any], Awaitable[T]]) -> T:
        async with self._turn:
            if self._connection is None:
                raise StorageUnavailable("the session with the PostgreSQL server is interrupted")
            connection = self._connection
            try:
                return await work(connection)
            except TimeoutError as error:
                # A connection that does not answer is worth nothing; the listener goes on from here.
                connection.terminate()
                raise StorageUnavailable("the PostgreSQL server does not answer") from error
            except _TROUBLE as error:
                raise StorageUnavailable(f"the PostgreSQL server cannot be used ({reason_of(error)})") from error

    # --- bells ---

    def _heard(self, _connection: object, _pid: int, _channel: str, said: object) -> None:
        sender, _, name = str(said).partition(" ")
        if sender != self.leases.holder and name in bells.BELLS:
            bells.BELLS[name].ring()

    def _ring(self, name: str) -> None:
        self._rung.add(name)
        if self._telling is None or self._telling.done():
            self._telling = asyncio.get_running_loop().create_task(self._tell(), name="ringing")

    async def _tell(self) -> None:
        """What cannot be told now is found by the others' own looks."""
        while self._rung:
            names, self._rung = self._rung, set()
            with suppress(StorageUnavailable):
                await self._ask(partial(self._notify, names))
            await asyncio.sleep(_GATHERED)

    async def _notify(self, names: Iterable[str], connection: Any) -> None:
        for name in names:
            await connection.execute("SELECT pg_notify($1, $2)", _CHANNEL, f"{self.leases.holder} {name}")


def _name() -> str:
    """Of a program, for people and for the others: its machine, and something that no other one has."""
    machine = "".join(letter for letter in socket.gethostname() if letter.isalnum() or letter in "-.")[:32]
    return f"{machine or 'machine'}:{os.getpid()}:{secrets.token_hex(4)}"


@asynccontextmanager
async def joined(url: str, waits: Callable[[], object]) -> AsyncIterator[Share]:
    """One program among several, until the block ends; call ``settle`` once the tables are there."""
    share = Share(url)
    try:
        await share.join(waits)
        yield share
    finally:
        await share.close()
