"""The line to PostgreSQL breaks, and nobody is told: whoever is to end, ends."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from bridge.core.errors import StorageUnavailable
from bridge.storage import database, ownership, postgres_hosts, snapshots
from bridge.storage.database import transaction
from bridge.storage.models import Meta
from tests.acceptance.line import Line, line_to
from tests.servers import free_port

pytestmark = pytest.mark.parametrize("kind", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)


def port_of(url: str) -> int:
    found = re.search(r":(\d+)/", url)
    assert found is not None
    return int(found[1])


@pytest.fixture
async def line(opened: str) -> AsyncIterator[Line]:
    """The database is open over this line."""
    await database.close_database()
    port = port_of(opened)
    async with line_to(port) as line:
        await database.open_database(opened.replace(f":{port}/", f":{line.port}/"), migrate=False)
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


async def test_no_session_of_ours_is_without_a_name(opened: str) -> None:
    """Neither a command's nor the one that has the lock; a program's bear its own name."""
    names = "SELECT application_name FROM pg_stat_activity WHERE datname = current_database()"
    server: Any = await asyncpg.connect(opened)  # type: ignore[no-untyped-call]  # asyncpg left it bare
    async with ownership.only_program(opened):
        await Meta.all().count()
        assert {row[0] for row in await server.fetch(names)} >= {"baraza command", "baraza lock"}
    await database.close_database()
    await database.open_database(opened, migrate=False, program="a program")
    async with snapshots._connection(opened) as connection:
        assert await connection.fetchval("SHOW application_name") == "baraza backup"
        assert "a program" in {row[0] for row in await server.fetch(names)}
    assert postgres_hosts.environment(opened)["PGAPPNAME"] == "baraza backup"
    await server.close()


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("how", ["vanished", "refuses"])
async def test_of_several_servers_the_one_that_answers_is_used(opened: str, how: str, first: bool) -> None:
    port = port_of(opened)
    async with line_to(port) as gone:
        gone.break_()
        if how == "refuses":
            await gone.close()
        ports = [gone.port, port] if first else [port, gone.port]
        url = opened.replace(f":{port}/", f":{ports[0]},127.0.0.1:{ports[1]}/")
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


class Standby(asyncpg.connection.Connection):
    """Of a server that says no; ``Standby.asked`` is set once one has said so."""

    asked = asyncio.Event()

    def terminate(self) -> None:
        super().terminate()  # type: ignore[no-untyped-call]  # asyncpg left it bare
        Standby.asked.set()


async def test_a_standby_that_is_made_the_primary_is_found_while_the_other_server_is_silent(opened: str) -> None:
    """The one named first has vanished: nobody waits until that one has been given up."""
    port = port_of(opened)
    name = opened.rpartition("/")[2]
    server: Any = await asyncpg.connect(opened)  # type: ignore[no-untyped-call]  # asyncpg left it bare
    Standby.asked = asyncio.Event()
    try:
        async with line_to(port) as gone, asyncio.timeout(20):
            gone.break_()
            await server.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
            url = opened.replace(f":{port}/", f":{gone.port},127.0.0.1:{port}/")
            connecting = asyncio.create_task(postgres_hosts.connect(url, connection_class=Standby, timeout=60))
            await Standby.asked.wait()
            assert not connecting.done()
            await server.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")
            connection = await connecting
            assert await connection.fetchval("SELECT 1")
            await connection.close()
            gone.heal()
    finally:
        await server.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")
        await server.close()


async def test_of_two_that_can_be_written_to_the_one_named_first_is_used(
    opened: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where it answers a little later: one program's connections all go to the same server."""
    monkeypatch.setattr(postgres_hosts, "_LEAD", 10.0, raising=False)
    port = port_of(opened)
    carried: list[bytes] = []
    async with line_to(port) as first:
        first.delay, first.watch = 0.005, carried.append
        url = opened.replace(f":{port}/", f":{first.port},127.0.0.1:{port}/")
        connection = await postgres_hosts.connect(url)
        await connection.execute("SELECT 'through the first'")
        await connection.close()
    assert any(b"through the first" in piece for piece in carried)


async def test_a_server_that_never_answers_is_not_waited_for_long(opened: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_hosts, "_PATIENCE", 0.1, raising=False)
    async with line_to(port_of(opened)) as gone, asyncio.timeout(20):
        gone.break_()
        for hosts in (f":{gone.port}/", f":{gone.port},127.0.0.1:{gone.port}/"):
            with pytest.raises(TimeoutError):
                await postgres_hosts.connect(opened.replace(f":{port_of(opened)}/", hosts))
        gone.heal()
