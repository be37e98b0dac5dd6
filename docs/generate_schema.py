"""Writes ``bridge/storage/fresh*.sql``, with which new databases begin: ``make schema``; tests compare.

It starts a PostgreSQL of its own for that.
"""

import asyncio
import tempfile
from pathlib import Path

from bridge.storage import fresh
from tests import schema
from tests.servers import PostgresServer


async def generate() -> None:
    """Both, each from a database of its kind."""
    with tempfile.TemporaryDirectory() as folder:
        sqlite = await schema.on_sqlite(Path(folder) / "baraza.db")
    server = PostgresServer()
    server.start()
    try:
        postgres = await schema.on_postgres(server.url())
    finally:
        server.stop()
    fresh.SCRIPT.write_text(sqlite, encoding="utf-8")
    fresh.POSTGRES.write_text(postgres, encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(generate())
