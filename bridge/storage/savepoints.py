"""Part of a transaction that may fail alone."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tortoise.transactions import in_transaction

from bridge.storage.database import seen_before


@asynccontextmanager
async def savepoint() -> AsyncIterator[None]:
    """Inside a transaction: where what is done here fails none of it stays, and the transaction can go on."""
    try:
        async with in_transaction():
            yield
    except BaseException:
        seen_before().clear()
        raise


__all__ = ["savepoint"]
