"""Tortoise's SQLite backend with ``BEGIN IMMEDIATE``.

A deferred transaction that reads and then writes fails at once with "database is locked" when another connection has
written in between, and no busy timeout helps: https://www.sqlite.org/lang_transaction.html#immediate
"""

import sqlite3
from typing import Any

from tortoise.backends.base.client import TransactionContext
from tortoise.backends.sqlite.client import SqliteClient, SqliteTransactionContext, SqliteTransactionWrapper
from tortoise.exceptions import OperationalError


class _ImmediateWrapper(SqliteTransactionWrapper):
    async def begin(self) -> None:
        try:
            await self._connection.commit()
            await self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            raise OperationalError(error) from error


class _ImmediateContext(SqliteTransactionContext):
    async def __aenter__(self) -> Any:
        # Tortoise's own leaves its lock taken when BEGIN fails, and every later query would wait for ever.
        try:
            return await super().__aenter__()
        except BaseException:
            if self._trxlock.locked():
                self._trxlock.release()
            raise


class ImmediateSqliteClient(SqliteClient):
    """One connection, queries one at a time, every transaction a writer from its first statement."""

    def _in_transaction(self) -> TransactionContext:
        return _ImmediateContext(_ImmediateWrapper(self), self._lock)


client_class = ImmediateSqliteClient
