"""Tortoise's SQLite backend with ``BEGIN IMMEDIATE``.

A deferred transaction that reads and then writes fails at once with "database is locked" when another connection has
written in between, and no busy timeout helps: https://www.sqlite.org/lang_transaction.html#immediate
"""

import sqlite3

from tortoise.backends.base.client import TransactionalDBClient, TransactionContext
from tortoise.backends.sqlite.client import SqliteClient, SqliteTransactionContext, SqliteTransactionWrapper
from tortoise.connection import get_connections
from tortoise.exceptions import OperationalError


class _ImmediateWrapper(SqliteTransactionWrapper):
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
    """One connection, queries one at a time, every transaction a writer from its first statement."""

    def _in_transaction(self) -> TransactionContext:
        return _ImmediateContext(_ImmediateWrapper(self), self._lock)


client_class = ImmediateSqliteClient
