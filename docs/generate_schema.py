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
        fresh.SCRIPT.write_text(await schema.on_sqlite(Path(folder) / "baraza.db"), encoding="utf-8")
    server = PostgresServer()
    server.start()
    try:
        fresh.POSTGRES.write_text(await schema.on_postgres(server.url()), encoding="utf-8")
    finally:
        server.stop()


if __name__ == "__main__":
    asyncio.run(generate())
