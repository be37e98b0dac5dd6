"""Servers that the program needs are restarted, replaced or stand still; what was said meanwhile arrives, once."""

import asyncio
import random
import re
import resource
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
import pytest

from bridge.playground.botapi import BotApiSimulator
from bridge.playground.botapi.limits import Limits
from bridge.playground.matrix_user import MatrixUser
from bridge.playground.synapse import SynapseServer, SynapseUnavailable
from tests.acceptance.line import line_to
from tests.acceptance.program import Matrix, Telegram, command, populate, running, write_config
from tests.acceptance.test_sharing import ALL_ROLES, Partner, Town, ask, eventually, town
from tests.acceptance.world import World, until
from tests.servers import (
    OWNER,
    PostgresServer,
    ServerMissing,
    StandbyServer,
    detached,
    free_port,
    missing,
    started_synapse,
    unique,
)

pytestmark = [pytest.mark.crash, pytest.mark.timeout(240)]


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """A PostgreSQL that only this test uses."""
    try:
        server = PostgresServer(durable=True)
        server.start()
    except ServerMissing as error:
        missing(str(error))
    yield server
    server.stop()


async def ready(world: World) -> bool:
    """What /readyz says, which must not take long whatever happens."""
    wait = aiohttp.ClientTimeout(total=9)
    async with (
        aiohttp.ClientSession(timeout=wait) as http,
        http.get(f"http://127.0.0.1:{world.port}/readyz") as answer,
    ):
        return answer.status == 200


async def until_ready(world: World, *, is_ready: bool, seconds: float = 30.0) -> None:
    async with asyncio.timeout(seconds):
        while await ready(world) is not is_ready:  # noqa: ASYNC110 - it is asked from outside
            await asyncio.sleep(0.2)


@pytest.mark.parametrize("how", ["restarted", "replaced", "still"])
async def test_postgresql(tmp_path: Path, server: PostgresServer, how: str) -> None:
    """It crashes and comes back; another one has a copy of its data; it stands still with its connections open."""
    async with line_to(server.port) as line:
        admin = await asyncpg.connect(server.url())  # type: ignore[no-untyped-call]  # asyncpg left it bare
        await admin.execute(f"CREATE DATABASE baraza TEMPLATE template0 OWNER {OWNER}")
        await admin.close()
        address = server.url("baraza").replace(f":{server.port}/", f":{line.port}/")
        world = World(tmp_path, free_port(), database=address)
        async with world.bridge():
            for number in range(1, 4):
                world.chat.writes("kenya", f"Question {number}?", user="amina", name="Amina")
                await until(lambda number=number: world.card(number))  # type: ignore[misc]
            world.press("Approve", by="grace", number=1)
            if how == "still":
                server.freeze()
            else:
                server.crash()
            world.chat.writes("kenya", "Said while it was away?", user="amina", name="Amina")
            world.press("Approve", by="grace", number=2)
            try:
                await until_ready(world, is_ready=False)
            finally:
                server.thaw()
            if how == "restarted":
                server.start_again()
            elif how == "replaced":
                server.take_over()
                line.to = server.port
            await until_ready(world, is_ready=True)
            await until(lambda: world.card(4), 40)
            world.press("Approve", by="grace", number=3)
            for number in (1, 2, 3):
                await until(lambda number=number: "Arrived in 3 of 3" in world.card_text(number), 40)  # type: ignore[misc]
            assert "Said while it was away" in world.card_text(4)
        for people, chat in ((world.chat, "kenya"), (world.chat, "uganda"), (world.sms, "phones")):
            texts = world.texts(chat, people)
            assert [sum(f"Question {number}?" in text for text in texts) for number in (1, 2, 3)] == [1, 1, 1]
            assert not any("while it was away" in text for text in texts)


@pytest.fixture
def standby(server: PostgresServer) -> Iterator[StandbyServer]:
    """One that follows it."""
    try:
        standby = StandbyServer(server)
        standby.start()
    except ServerMissing as error:
        missing(str(error))
    yield standby
    standby.stop()


@pytest.mark.parametrize("address", ["moves", "names both"])
async def test_a_standby_takes_the_place_of_a_primary_that_is_killed(
    tmp_path: Path, server: PostgresServer, standby: StandbyServer, address: str
) -> None:
    """Replication is synchronous: what was committed is there. A floating address moves along, or both are named."""
    admin = await asyncpg.connect(server.url())  # type: ignore[no-untyped-call]  # asyncpg left it bare
    await admin.execute(f"CREATE DATABASE baraza TEMPLATE template0 OWNER {OWNER}")
    await admin.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
    await admin.execute("SELECT pg_reload_conf()")
    await eventually(lambda: admin.fetchval("SELECT sync_state FROM pg_stat_replication"), "sync", 15)
    await admin.close()
    async with line_to(server.port) as line:
        ports = f":{line.port}/" if address == "moves" else f":{server.port},127.0.0.1:{standby.port}/"
        url = server.url("baraza").replace(f":{server.port}/", ports)
        async with town(tmp_path, url, *ALL_ROLES * 2) as here:
            await here.is_shared()
            writing = asyncio.create_task(_keep_writing(here))
            await until(lambda: here.posts > 6)
            server.kill()
            program = here.programs[0]
            await eventually(lambda: _status(program), 503, 10)
            print(f"nobody answers for {(pause := random.uniform(0.0, 7.0)):.1f} s")  # a lease is valid for 5
            await asyncio.sleep(pause)
            there: Any = await asyncpg.connect(standby.url())  # type: ignore[no-untyped-call]
            assert await there.fetchval("SELECT pg_promote()")
            await there.close()
            line.to = standby.port
            posts = here.posts
            await until(lambda: here.posts > posts + 6, 60)
            writing.cancel()
            here.admin = await asyncpg.connect(standby.url("baraza"))  # type: ignore[no-untyped-call]
            await here.is_whole(60)


async def _status(program: Partner) -> int:
    return (await ask(program, "/readyz"))[0]


async def _keep_writing(here: Town) -> None:
    while True:
        here.write()
        await asyncio.sleep(0.15)


@pytest.fixture
async def telegram() -> AsyncIterator[Telegram]:
    async with BotApiSimulator(limits=Limits.unlimited()) as simulator:
        yield await populate(simulator)


@pytest.fixture
def own_synapse(tmp_path: Path) -> Iterator[SynapseServer]:
    """A Synapse that only this test uses."""
    try:
        server = started_synapse(tmp_path / "synapse")
    except SynapseUnavailable as error:
        missing(str(error))
    yield server
    detached(server.stop)


Visitor = Callable[[str], Awaitable[MatrixUser]]


async def test_synapse_is_restarted(tmp_path: Path, own_synapse: SynapseServer, telegram: Telegram) -> None:
    bot = await own_synapse.register(unique("baraza"), displayname="Baraza")
    login = await own_synapse.register(unique("fatima"), displayname="Fatima")
    async with MatrixUser(own_synapse.url, login.user_id, login.access_token) as fatima:
        room = await fatima.create_room("Health room", invite=[bot.user_id])
        mods = await fatima.create_room("Moderators", invite=[bot.user_id])
        matrix = Matrix(url=own_synapse.url, bot=bot, fatima=fatima, peter=fatima, room=room, mods=mods)
        config, phone = write_config(tmp_path, telegram=telegram, matrix=matrix)
        async with running(config) as program:
            await telegram.users.write(telegram.amina, telegram.bot, "Is zinc safe?")
            await telegram.find(telegram.grace, telegram.mods, "Is zinc safe?")
            await own_synapse.stop()
            await telegram.press(telegram.grace, telegram.mods, "Is zinc safe?", "Approve")
            # The other platforms do not wait for it.
            await telegram.find(telegram.daniel, telegram.uganda, "Is zinc safe?")
            await until(lambda: any("zinc" in str(line.get("text")) for line in phone.sent()))
            await telegram.find(telegram.grace, telegram.mods, "Arrived in 3 of 4")
            _, said = await command(config, "status")
            assert "planned" in said
            assert re.search(r"matrix\s.*\bno\b", said), said
            await own_synapse.start()
            await telegram.find(telegram.grace, telegram.mods, "Arrived in 4 of 4", seconds=90)
            await fatima.wait_for(lambda u: any("zinc" in body for _, _, body in _bodies(u, room)), 30)
            await fatima.send_text(room, "And for a child of two?")
            assert program.process is not None
            assert program.process.returncode is None
        assert sum("zinc" in body for _, _, body in _bodies(fatima, room)) == 1


def _bodies(user: MatrixUser, room: str) -> list[tuple[str, str, str]]:
    from tests.crash.town import bodies

    return bodies(user.rooms[room])


async def test_no_file_handles_are_left(tmp_path: Path, telegram: Telegram) -> None:
    """Nothing can be opened for a while: the program stays, and does everything afterwards."""
    config, phone = write_config(tmp_path, telegram=telegram)
    async with running(config) as program:
        assert program.process is not None
        pid = program.process.pid
        await telegram.users.write(telegram.amina, telegram.bot, "Is zinc safe?")
        await telegram.find(telegram.grace, telegram.mods, "Is zinc safe?")
        before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (3, before[1]))
        pressing = asyncio.create_task(telegram.press(telegram.grace, telegram.mods, "Is zinc safe?", "Approve"))
        await telegram.users.write(telegram.daniel, telegram.uganda, "And for a child of two?")
        await asyncio.sleep(2)  # the lack itself is what is tested
        assert program.process.returncode is None
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
        await asyncio.gather(pressing, return_exceptions=True)
        await telegram.find(telegram.grace, telegram.mods, "And for a child of two?", seconds=40)
        await until(lambda: any("zinc" in str(line.get("text")) for line in phone.sent()), 40)
        assert program.process.returncode is None
