"""A database that can be read and not written, and a clock that is set, while the program runs."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from tortoise import Tortoise

from bridge.core.clock import SystemClock
from tests.acceptance.world import World, readiness, until
from tests.servers import free_port


async def pragma(words: str) -> None:
    await Tortoise.get_connection("sqlite").execute_query(f"PRAGMA {words}")


@asynccontextmanager
async def locked(path: Path) -> AsyncIterator[None]:
    """Another program has the lock, for longer than anybody waits for it."""
    await pragma("busy_timeout=100")
    with closing(sqlite3.connect(path, isolation_level=None, timeout=5)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@asynccontextmanager
async def read_only(_: Path) -> AsyncIterator[None]:
    """Every write is answered as on a disk that became read-only."""
    await pragma("query_only=ON")
    yield
    await pragma("query_only=OFF")


@pytest.mark.parametrize("fault", [locked, read_only])
async def test_what_cannot_be_written_is_said_and_done_afterwards(
    tmp_path: Path, fault: Callable[[Path], AbstractAsyncContextManager[None]]
) -> None:
    world = World(tmp_path, free_port())
    async with world.bridge():
        world.chat.writes("amina", "Is zinc safe?", user="amina", name="Amina", private=True)
        await until(world.card)
        assert (await readiness(world))[0] == 200
        async with fault(tmp_path / "baraza.db"):
            world.press("Approve", by="grace")
            world.chat.writes("amina", "And for a child of two?", user="amina", name="Amina", private=True)
            async with asyncio.timeout(10):
                while (await readiness(world))[1]["database"]:  # noqa: ASYNC110 - it is asked from outside
                    await asyncio.sleep(0.1)
            assert (await readiness(world))[0] == 503
            assert world.texts("uganda") == []
        await until(lambda: "Arrived in 3 of 3" in world.card_text(1), 20)
        await until(lambda: world.card(2), 20)
        assert (await readiness(world))[0] == 200
    assert sum("zinc" in text for text in world.texts("uganda")) == 1


@pytest.mark.parametrize("hours", [pytest.param(3, marks=pytest.mark.crash), -3])
async def test_the_clock_is_set_while_the_program_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    told, ahead = SystemClock.now, timedelta(0)

    def now(self: SystemClock) -> datetime:
        return told(self) + ahead

    monkeypatch.setattr(SystemClock, "now", now)
    world = World(tmp_path, free_port())
    async with world.bridge():
        for number in (1, 2):
            world.chat.writes("amina", f"Question {number}?", user="amina", name="Amina", private=True)
            await until(lambda number=number: world.card(number))  # type: ignore[misc]
            if number == 2:
                ahead = timedelta(hours=hours)
            world.press("Approve", by="grace", number=number)
            await until(lambda number=number: "Arrived in 3 of 3" in world.card_text(number))  # type: ignore[misc]
    assert [sum(f"Question {number}?" in text for text in world.texts("uganda")) for number in (1, 2)] == [1, 1]
