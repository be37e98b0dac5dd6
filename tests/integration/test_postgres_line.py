"""The line to PostgreSQL breaks, and nobody is told: whoever is to end, ends."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from bridge.core.errors import StorageUnavailable
from bridge.storage import database, ownership
from bridge.storage.database import transaction
from bridge.storage.models import Meta
from tests.acceptance.line import Line, line_to
from tests.servers import free_port

pytestmark = pytest.mark.parametrize("kind", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)


@pytest.fixture
async def line(opened: str) -> AsyncIterator[Line]:
    """The database is open over this line."""
    await database.close_database()
    found = re.search(r":(\d+)/", opened)
    assert found is not None
    async with line_to(int(found[1])) as line:
        await database.open_database(opened.replace(found[0], f":{line.port}/"), migrate=False)
        yield line
        line.heal()


@pytest.mark.parametrize("at", ["question", "commit"])
async def test_who_is_cancelled_in_a_transaction_ends(line: Line, at: str) -> None:
    """Rolling back has nobody to talk to, which must not take the cancellation's place."""
    asks = asyncio.Event()

    async def work() -> None:
        async with transaction():
            await Meta.all().count()
            line.break_()
            asks.set()
            if at == "question":
                await Meta.all().count()

    task = asyncio.create_task(work())
    await asks.wait()
    await asyncio.wait({task}, timeout=0.1)
    task.cancel()
    await asyncio.wait({task}, timeout=5)
    assert task.done()
    assert task.cancelled()


async def test_who_is_cancelled_after_the_line_was_cut_is_cancelled(line: Line) -> None:
    async def work() -> None:
        async with transaction():
            await Meta.all().count()
            line.cut()
            await asyncio.sleep(60)

    task = asyncio.create_task(work())
    await asyncio.wait({task}, timeout=0.3)
    task.cancel()
    await asyncio.wait({task}, timeout=5)
    assert task.cancelled()
    async with asyncio.timeout(10):
        while True:
            try:
                async with transaction():
                    assert await Meta.all().count()
                break
            except StorageUnavailable:
                continue


async def test_what_the_address_asks_for_holds_for_every_connection(opened: str) -> None:
    """The tests' server knows no TLS: where the address insists on it, nothing is said there in the clear."""
    await database.close_database()
    with pytest.raises(StorageUnavailable, match="SSL"):
        await database.open_database(f"{opened}?sslmode=require", migrate=False)


async def test_who_takes_over_alone_waits_for_nothing_that_a_vanished_owner_was_in_the_middle_of(opened: str) -> None:
    """Its machine is gone, and the server goes on holding what its transactions have locked."""
    left: Any = await asyncpg.connect(opened, server_settings={"application_name": ownership.NAME})  # type: ignore[no-untyped-call]  # asyncpg left it bare
    command: Any = await asyncpg.connect(opened)  # type: ignore[no-untyped-call]
    for session, key in ((left, "locked"), (command, "of a command")):
        await session.execute("BEGIN")
        await session.execute("INSERT INTO meta (key, value) VALUES ($1, '')", key)
    async with ownership.only_program(opened), asyncio.timeout(5):
        await Meta.create(key="locked", value="")
    await command.execute("COMMIT")
    assert await Meta.exists(key="of a command")
    left.terminate()
    await command.close()


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("how", ["vanished", "refuses"])
async def test_of_several_servers_the_one_that_answers_is_used(opened: str, how: str, first: bool) -> None:
    found = re.search(r":(\d+)/", opened)
    assert found is not None
    async with line_to(int(found[1])) as gone:
        gone.break_()
        if how == "refuses":
            await gone.close()
        ports = [gone.port, int(found[1])] if first else [int(found[1]), gone.port]
        url = opened.replace(found[0], f":{ports[0]},127.0.0.1:{ports[1]}/")
        await database.close_database()
        async with asyncio.timeout(5):
            await database.open_database(url, migrate=False)
            async with transaction():
                assert await Meta.all().count()
        gone.heal()


async def test_where_none_of_several_answers_that_is_said(opened: str) -> None:
    await database.close_database()
    url = re.sub(r":\d+/", f":{free_port()},127.0.0.1:{free_port()}/", opened)
    with pytest.raises(StorageUnavailable, match="failed"):
        await database.open_database(url, migrate=False)
