"""Tortoise's SQLite backend with ``BEGIN IMMEDIATE``, and with checkpoints that nobody's commit waits for.

A deferred transaction that reads and then writes fails at once with "database is locked" when another connection has
written in between, and no busy timeout helps: https://www.sqlite.org/lang_transaction.html#immediate
"""

import asyncio
import sqlite3
from contextlib import suppress

from tortoise.backends.base.client import BaseDBAsyncClient, TransactionalDBClient, TransactionContext
from tortoise.backends.sqlite.client import SqliteClient, SqliteTransactionContext, SqliteTransactionWrapper
from tortoise.connection import get_connections
from tortoise.exceptions import OperationalError

_COMMITS, _QUIET = 64, 0.03
"""After so many, what they wrote (some hundred pages) is brought from the log into the file, as soon as there was no
commit for so many seconds."""

_PATIENCE, _BETWEEN = 1.0, 0.1
"""For so many seconds it is tried again and again to empty the log, with so many between."""


class _ImmediateWrapper(SqliteTransactionWrapper):
    async def commit(self) -> None:
        await super().commit()
        if isinstance(self._parent, ImmediateSqliteClient):
            self._parent.committed()

    async def begin(self) -> None:
        try:
            if self._connection.in_transaction:
                await self._connection.commit()
            await self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            raise OperationalError(error) from error


class _ImmediateContext(SqliteTransactionContext):
    async def __aenter__(self) -> TransactionalDBClient:
        # When BEGIN fails, Tortoise's own leaves its lock taken, so that every later query waits for ever, and leaves
        # the transaction that never began as this task's connection, so that it goes on outside any transaction.
        await self._trxlock.acquire()
        token = None
        try:
            await self.ensure_connection()
            token = self.token = get_connections().set(self.connection_name, self.connection)
            await self.connection.begin()
        except BaseException:
            if token is not None:
                get_connections().reset(token)
            self._trxlock.release()
            raise
        client: TransactionalDBClient = self.connection
        return client


class ImmediateSqliteClient(SqliteClient):
    """One connection, queries one at a time, every transaction a writer from its first statement.

    The log is brought into the file in a quiet moment. A commit does that itself only where there was none for long
    (``wal_autocheckpoint``). No second connection does it meanwhile: in versions of SQLite before 3.51.3 two that do
    may damage the file (https://www.sqlite.org/wal.html#walresetbug).
    """

    _commits = 0
    _quiet: asyncio.TimerHandle | None = None
    _checkpoint: asyncio.Task[None] | None = None

    def committed(self) -> None:
        self._commits += 1
        if self._commits >= _COMMITS:
            if self._quiet is not None:
                self._quiet.cancel()
            self._quiet = asyncio.get_running_loop().call_later(_QUIET, self._begin)

    def _begin(self) -> None:
        self._commits = 0
        self._checkpoint = asyncio.create_task(self._bring_in())

    async def _bring_in(self) -> None:
        with suppress(OperationalError, sqlite3.Error):  # the next commit says what is wrong
            await self.execute_query("PRAGMA wal_checkpoint(PASSIVE)")

    async def close(self) -> None:
        if self._quiet is not None:
            self._quiet.cancel()
        if self._checkpoint is not None:
            self._checkpoint.cancel()
        await super().close()

    def _in_transaction(self) -> TransactionContext:
        return _ImmediateContext(_ImmediateWrapper(self), self._lock)


async def empty_log(connection: BaseDBAsyncClient) -> bool:
    """Bring all of the log into the file and make the log empty; False where somebody reads or does that all the time.

    Outside of a transaction.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + _PATIENCE
    while True:
        # While another connection is at it this is refused at once, whatever the timeout, and as an answer only.
        (answer,) = await connection.execute_query_dict("PRAGMA wal_checkpoint(TRUNCATE)")
        if not answer["busy"]:
            return True
        if loop.time() > until:  # or as long as the timeout, where somebody reads: everybody waits for that
            return False
        await asyncio.sleep(_BETWEEN)


client_class = ImmediateSqliteClient
