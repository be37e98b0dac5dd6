"""Writes ``bridge/storage/fresh.sql``, with which a new database begins: ``make schema``; a test compares."""

import asyncio
import tempfile
from pathlib import Path

from bridge.storage import database, fresh


async def generated() -> str:
    """What all migrations come to, carried out one after the other."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "baraza.db"
        await database.open_database(f"sqlite://{path}", from_script=False)
        await database.close_database()
        return fresh.dumped(path, database.MIGRATIONS)


if __name__ == "__main__":
    fresh.SCRIPT.write_text(asyncio.run(generated()), encoding="utf-8")
