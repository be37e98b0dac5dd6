"""Tortoise's PostgreSQL backend, whose transactions give back their connection whatever happens.

When BEGIN fails (the server was restarted), Tortoise's own keeps the connection out of the pool and leaves the
transaction that never began as the task's connection: a task that lives as long as the program would never reach the
server again.

Its connections end soon after the machine at their other end has vanished, which else is noticed in a quarter of an
hour, or never where an answer was awaited.
"""

import asyncio
import socket
from contextlib import suppress
from types import TracebackType
from typing import Any

import asyncpg
import asyncpg.connection
from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.backends.base.client import TransactionalDBClient, TransactionContext, TransactionContextPooled
from tortoise.connection import get_connections
from tortoise.exceptions import TransactionManagementError

from bridge.storage import postgres_hosts

_SILENT = 15
"""Seconds without a sign of the other machine, after which a connection is over."""
_ROLLBACK = 2.0
"""Seconds to tell the server; it does the same by itself when the connection has ended."""
_BROKEN = (
    asyncpg.exceptions.InterfaceError,
    asyncpg.exceptions.InternalClientError,
    asyncpg.exceptions.PostgresError,
    TransactionManagementError,
    OSError,
)
_WATCH = (("TCP_KEEPIDLE", 5), ("TCP_KEEPINTVL", 3), ("TCP_KEEPCNT", 3), ("TCP_USER_TIMEOUT", 1000 * _SILENT))


class WatchedConnection(asyncpg.connection.Connection):
    """Asks the kernel to look whether the server's machine is still there, also while nothing is said."""

    def __init__(self, protocol: Any, transport: Any, *arguments: Any) -> None:
        super().__init__(protocol, transport, *arguments)
        line = transport.get_extra_info("socket")
        if line is None or line.family not in (socket.AF_INET, socket.AF_INET6):
            return
        line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _WATCH:
            if hasattr(socket, name):  # not every system has each of them
                line.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)

    def get_reset_query(self) -> str:
        """Nothing: no connection of the pool is ever given settings, locks or channels that would outlast its task.

        Asked after every query that is not part of a transaction, it was a third of what the server was asked.
        """
        return ""


class _PooledContext(TransactionContextPooled):
    async def __aenter__(self) -> TransactionalDBClient:
        await self.ensure_connection()
        self.client._connection = await self.client._parent._pool.acquire()  # noqa: SLF001 - as Tortoise does
        self.token = get_connections().set(self.connection_name, self.client)
        try:
            await self.client.begin()
        except BaseException:
            await self._give_back(broken=True)
            raise
        return self.client

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc_val: BaseException | None, exc_tb: TracebackType | None
    ) -> None:
        broken = True
        try:
            if exc_type is None and not self.client._finalized:  # noqa: SLF001 - as Tortoise does
                await self.client.commit()
            broken = exc_type is not None and not await self._rolled_back()
        finally:
            await self._give_back(broken=broken)

    async def _rolled_back(self) -> bool:
        """Did the server hear it? If not, what this is rolled back for is raised: above all a cancellation."""
        if self.client._finalized:  # noqa: SLF001 - as Tortoise does
            return True
        try:
            async with asyncio.timeout(_ROLLBACK):
                await self.client.rollback()
        except (*_BROKEN, TimeoutError):
            return False
        return True

    async def _give_back(self, *, broken: bool) -> None:
        get_connections().reset(self.token)
        connection, pool = self.client._connection, self.client._parent._pool  # noqa: SLF001 - as Tortoise does
        if broken:
            with suppress(*_BROKEN):  # it may be over already
                connection.terminate()  # nobody knows what it is in the middle of: the pool makes another
        if pool:
            with suppress(*_BROKEN):
                await pool.release(connection)


class PooledPostgresClient(AsyncpgDBClient):
    """A pool of connections; a transaction has one of its own while it lasts."""

    connection_class = WatchedConnection  # type: ignore[assignment]  # Tortoise names the very class

    def __init__(self, *, dsn: str, **options: Any) -> None:
        super().__init__(**options)
        self._dsn = dsn  # of its own: what Tortoise knows it writes into the log

    async def create_pool(self, **options: Any) -> Any:
        """Where to, and how, says the address alone."""
        for name in ("host", "port", "user", "password", "database"):
            options.pop(name)
        return await asyncpg.create_pool(self._dsn, connect=postgres_hosts.connect, **options)  # type: ignore[no-untyped-call]  # asyncpg left it bare

    def _in_transaction(self) -> TransactionContext:
        return _PooledContext(TransactionWrapper(self), self._pool_init_lock)


client_class = PooledPostgresClient
