"""Two programs with one database: one works, the other waits and takes over. Nothing is lost, nothing is doubled."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from tests.acceptance.program import Program
from tests.acceptance.world import World, until
from tests.servers import free_port

HANDED_OVER = 10.0
"""Seconds after which the other one works."""


@pytest.fixture
def ends() -> Iterator[list[Program]]:
    """Programs that are not to outlive a test that fails."""
    programs: list[Program] = []
    yield programs
    for program in programs:
        if program.process is not None and program.process.returncode is None:
            program.process.kill()


class Waiting(Program):
    """``baraza run --standby``."""

    arguments = ("--standby",)

    async def waits(self) -> None:
        """Until it says that another one works."""
        await self.spawn()
        await until(lambda: any('"standby"' in line for line in self.output))


def ask(world: World, words: str) -> None:
    world.chat.writes("kenya", words, user="amina", name="Amina Okello")


async def test_whoever_waits_takes_over_from_a_killed_one(tmp_path: Path, postgres: str, ends: list[Program]) -> None:
    world = World(tmp_path, free_port(), database=postgres)
    first, second = Program(world.path), Waiting(world.path)
    ends += [first, second]
    await first.start()
    await second.waits()
    ask(world, "Which dose of zinc?")
    await until(lambda: world.card_text(1))
    world.press("Approve", by="grace")
    killed = time.monotonic()
    await first.kill()
    ask(world, "Said while nobody listened")
    async with asyncio.timeout(HANDED_OVER):
        await second._ready.wait()
    assert time.monotonic() - killed < HANDED_OVER
    await until(lambda: "Said while nobody listened" in world.card_text(2), 20)
    if "Approved" not in world.card_text(1):  # pressed in the moment of the kill, it may not have been heard
        world.press("Approve", by="grace")
    await until(lambda: "Arrived in 3 of 3 groups" in world.card_text(1), 20)
    for people, chat in ((world.chat, "kenya"), (world.chat, "uganda"), (world.sms, "phones")):
        assert len([text for text in world.texts(chat, people) if "Which dose of zinc?" in text]) == 1
    assert await second.stop() == 0


async def test_whose_lock_was_broken_has_it_again_or_ends(tmp_path: Path, postgres: str, ends: list[Program]) -> None:
    """The server ends the session that has the lock; the program lives on."""
    world = World(tmp_path, free_port(), database=postgres)
    first, second = Waiting(world.path), Waiting(world.path)
    ends += [first, second]
    await first.start()
    admin = await asyncpg.connect(postgres)  # type: ignore[no-untyped-call]  # asyncpg left it bare
    end = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted"
    try:
        assert await admin.fetch(end)
        await until(lambda: any('"ownership_regained"' in line for line in first.output))
        await second.waits()
        ask(world, "Which dose of zinc?")
        await until(lambda: world.card_text(1))
        # Whoever asks first has it: in the end exactly one of the two works.
        regained = sum("ownership_regained" in line for line in first.output)
        assert await admin.fetch(end)
        await until(
            lambda: second._ready.is_set() or sum("ownership_regained" in line for line in first.output) > regained, 20
        )
        if second._ready.is_set():
            assert first.process is not None
            async with asyncio.timeout(20):
                assert await first.process.wait() != 0
            assert any("has taken over this database" in line for line in first.output)
        world.press("Approve", by="grace")
        await until(lambda: "Arrived in 3 of 3 groups" in world.card_text(1), 20)
        assert len([text for text in world.texts("uganda") if "Which dose of zinc?" in text]) == 1
        for program in (first, second):
            if program.process is not None and program.process.returncode is None:
                assert await program.stop() == 0
    finally:
        await admin.close()


async def test_on_sqlite_too(tmp_path: Path, ends: list[Program]) -> None:
    world = World(tmp_path, free_port())
    first, second = Program(world.path), Waiting(world.path)
    ends += [first, second]
    await first.start()
    await second.waits()
    ask(world, "Which dose of zinc?")
    await until(lambda: world.card_text(1))
    assert await first.stop() == 0
    async with asyncio.timeout(HANDED_OVER):
        await second._ready.wait()
    world.press("Approve", by="grace")
    await until(lambda: "Arrived in 3 of 3 groups" in world.card_text(1))
    assert await second.stop() == 0
