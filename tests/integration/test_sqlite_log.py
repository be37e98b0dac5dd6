"""SQLite's write-ahead log: brought into the file beside the commits, and emptied when somebody is erased."""

import asyncio
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from bridge.core.errors import StorageUnavailable
from bridge.storage import database
from bridge.storage.models import Person
from tests.unit.storage.stage import NOW

pytestmark = [pytest.mark.usefixtures("opened"), pytest.mark.parametrize("kind", ["sqlite"])]


async def said(words: str) -> None:
    async with database.transaction():
        await Person.create(language=words, created_at=NOW)


def in_the_file(path: Path) -> int:
    """Rows in the file itself, whatever its log has (https://www.sqlite.org/uri.html#uriimmutable)."""
    with closing(sqlite3.connect(f"{path.as_uri()}?immutable=1", uri=True)) as connection:
        (count,) = connection.execute("SELECT count(*) FROM person").fetchone()
    return int(count)


async def test_what_is_committed_comes_into_the_file_while_the_log_is_small(tmp_path: Path) -> None:
    path = tmp_path / "baraza.db"
    await said("en")
    assert in_the_file(path) == 0
    for _ in range(100):
        await said("sw")
    async with asyncio.timeout(20):
        while in_the_file(path) < 60:  # noqa: ASYNC110 - a thread writes it, and tells nobody
            await asyncio.sleep(0.01)
    await database.close_database()  # waits for it
    assert in_the_file(path) == 101


async def test_a_log_that_cannot_be_emptied_is_no_success(tmp_path: Path) -> None:
    path = tmp_path / "baraza.db"
    await said("en")
    log = path.with_name("baraza.db-wal")

    def empties_it() -> None:
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("PRAGMA busy_timeout = 60000")
            other.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM person").fetchone()
        await said("sw")
        thread = threading.Thread(target=empties_it)  # it waits for the reader, and nobody else may meanwhile
        thread.start()
        try:
            await Person.all().count()
            with pytest.raises(StorageUnavailable, match=r"cannot be (cleaned|emptied) now"):
                await database.scrub(whole=False)
        finally:
            reader.execute("ROLLBACK")
            await asyncio.to_thread(thread.join)
    await said("fr")
    await database.scrub(whole=False)
    assert log.stat().st_size == 0
