"""Several programs share one database: one is killed, one is paused, the bells fall silent. Nothing is lost or doubled.

Longer: BARAZA_SHARING_ROUNDS=20.
"""

import asyncio
import os
import random
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg

from tests.acceptance.program import Program, command
from tests.acceptance.world import World, until
from tests.servers import free_port

HANDED_OVER = 10.0
"""Seconds after which another one works."""
ARRIVED = 30.0
"""Seconds in which it has worked off what was left, on a machine that does much else."""
ROUNDS = int(os.environ.get("BARAZA_SHARING_ROUNDS", "1"))


class Partner(Program):
    """``baraza run``: one of several, by default with all roles."""

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    @property
    def port(self) -> int:
        return int(next(line for line in self.config.read_text().splitlines() if "listen" in line).split(":")[1][:-1])

    @property
    def lives(self) -> bool:
        return self.process is not None and self.process.returncode is None


def owner_of(programs: Sequence[Partner], account: str) -> Partner:
    """The program that works an account, by its own log."""
    fences = {}
    for program in programs:
        for line in program.output if program.lives else ():
            if f'"account:{account}"' in line and '"lease_taken"' in line:
                fences[int(line.split('"fence": ')[1].split(",")[0].rstrip("}"))] = program
    return fences[max(fences)]


class Town:
    """Programs around one world, each with a config file of its own, because each listens at a port of its own."""

    def __init__(self, directory: Path, database: str) -> None:
        self.world = World(directory, free_port(), database=database, options=TRUSTED)
        self.database = database
        self.programs: list[Partner] = []
        self.admin: Any = None
        self.posts = 0

    def program(self, *, roles: str = "", kind: type[Partner] = Partner) -> Partner:
        text = self.world.path.read_text().replace(f":{self.world.port}", f":{free_port()}")
        path = self.world.directory / f"program{len(self.programs)}.toml"
        path.write_text(text)
        made = kind(path)
        if roles:
            made.arguments = ("--roles", roles)  # type: ignore[misc]  # of this one alone
        self.programs.append(made)
        return made

    async def leases(self) -> dict[str, str]:
        """By lease, who has it."""
        rows = await self.admin.fetch("SELECT name, holder FROM lease WHERE until > clock_timestamp()")
        return {row["name"]: row["holder"] for row in rows if not row["name"].startswith("program:")}

    async def holders(self) -> list[str]:
        """The programs that are alive."""
        rows = await self.admin.fetch(
            "SELECT holder FROM lease WHERE name LIKE 'program:%' AND until > clock_timestamp()"
        )
        return [row["holder"] for row in rows]

    async def owners(self) -> set[str]:
        """Who has anything."""
        return set((await self.leases()).values())

    async def holder(self, program: Partner) -> str:
        """A program as the others see it."""
        return next(holder for holder in await self.holders() if f":{program.pid}:" in holder)

    @staticmethod
    def said(program: Partner, event: str) -> bool:
        return any(f'"{event}"' in line for line in program.output)

    def owner(self, account: str) -> Partner:
        return owner_of(self.programs, account)

    async def is_taken_from(self, program: Partner) -> None:
        """Until all that it had is another's."""
        began = time.monotonic()
        async with asyncio.timeout(HANDED_OVER):
            while len(held := await self.leases()) < 3 or any(f":{program.pid}:" in who for who in held.values()):  # noqa: ASYNC110 - no event tells of another program's leases
                await asyncio.sleep(0.1)
        print(f"handed over after {time.monotonic() - began:.1f} s")

    def write(self) -> str:
        """A post of somebody new: it is published by itself. Cards of one who writes a lot would be gathered."""
        self.posts += 1
        words = f"Question number {self.posts:04} about zinc"
        self.world.chat.writes("kenya", words, user=f"member{self.posts}", name=f"Member {self.posts}")
        return words

    def copies(self) -> list[int]:
        """How often each post stands in each group it was to go to."""
        shown = [self.world.texts("uganda"), self.world.texts("phones", self.world.sms)]
        return [
            sum(f"number {number:04} about" in text for text in texts)
            for number in range(1, self.posts + 1)
            for texts in shown
        ]

    async def is_whole(self, seconds: float = 30.0) -> None:
        """Every post once in every group, and nothing left over."""
        await until(lambda: all(self.copies()), seconds)
        await self.nothing_left(seconds)
        assert set(self.copies()) == {1}
        assert not await self.admin.fetchval("SELECT count(*) FROM delivery WHERE state = 'uncertain'")

    async def nothing_left(self, seconds: float) -> None:
        unfinished = "SELECT count(*) FROM delivery WHERE state IN ('planned', 'attempting', 'in_doubt')"
        unread = "SELECT count(*) FROM inbox WHERE state <> 'done'"
        await eventually(lambda: self.admin.fetchval(f"SELECT ({unfinished}) + ({unread})"), 0, seconds)

    async def is_shared(self) -> None:
        """Until the accounts are with two programs; they are given from one to the other."""
        async with asyncio.timeout(15):
            while not (len(held := await self.leases()) == 3 and held["account:chat"] != held["account:sms"]):  # noqa: ASYNC110 - no event tells of another program's leases
                await asyncio.sleep(0.1)

    async def arrive(self, words: str, seconds: float) -> None:
        """Until a post stands in both groups."""
        places = (("uganda", self.world.chat), ("phones", self.world.sms))
        await until(lambda: all(any(words in t for t in self.world.texts(*place)) for place in places), seconds)


async def eventually(ask: Callable[[], Awaitable[object]], answer: object, seconds: float) -> None:
    async with asyncio.timeout(seconds):
        while await ask() != answer:  # noqa: ASYNC110 - it is a database's answer
            await asyncio.sleep(0.1)


ALL_ROLES = [""]
"""By default a program has all."""
TRUSTED = """
[[communities.rules]]
if = "all"
then = "approve"
"""


async def ask(program: Partner, path: str) -> tuple[int, dict[str, Any]]:
    async with aiohttp.ClientSession() as http, http.get(f"http://127.0.0.1:{program.port}{path}") as answer:
        return answer.status, await answer.json() if answer.content_type == "application/json" else {}


@asynccontextmanager
async def town(directory: Path, database: str, *roles: str, kind: type[Partner] = Partner) -> AsyncIterator[Town]:
    """Programs with these roles, the first of which makes the tables."""
    made = Town(directory, database)
    try:
        first, *others = [made.program(roles=each, kind=kind) for each in roles]
        await first.spawn()
        await asyncio.gather(*(program.spawn() for program in others))
        await asyncio.gather(*(program.until_ready() for program in made.programs))
        made.admin = await asyncpg.connect(database)  # type: ignore[no-untyped-call]  # asyncpg left it bare
        yield made
    except BaseException:
        for program in made.programs:
            print("-----", *program.output[-40:], sep="\n")
        raise
    finally:
        if made.admin is not None:
            await made.admin.close()
        for program in made.programs:
            if program.lives:
                os.kill(program.pid, signal.SIGCONT)
                program.process.kill()  # type: ignore[union-attr]  # it lives
        await asyncio.gather(*(program.kill() for program in made.programs))


async def test_cut_off_or_paused_or_killed_nothing_is_lost_or_doubled(tmp_path: Path, postgres: str) -> None:
    async with town(tmp_path, postgres, *ALL_ROLES * 3) as here:
        await here.is_shared()
        for number in range(ROUNDS):
            await bells_fall_silent_and_ring_again(here)
            await one_is_paused_beyond_its_lease(here, "chat" if number % 2 else "sms")
            killed = await an_owner_is_killed(here, random.choice(["chat", "sms"]))
            if ROUNDS > 1:
                await killed.start()
        await here.is_whole()
        assert await here.owners() <= {*await here.holders()}


async def bells_fall_silent_and_ring_again(here: Town) -> None:
    """The sessions with the leases and the bells are ended by the server; the programs live on."""
    end = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ShareLock'"
    assert len(await here.admin.fetch(end)) == 3
    await here.arrive(here.write(), ARRIVED)
    await until(lambda: all(here.said(program, "sharing_mended") for program in here.programs))
    began = time.monotonic()
    await here.arrive(here.write(), ARRIVED)
    assert time.monotonic() - began < 15, "nobody looks by themselves so soon: a bell was heard"
    assert not any(here.said(program, "lease_lost") for program in here.programs)


async def one_is_paused_beyond_its_lease(here: Town, account: str) -> None:
    for _ in range(4):
        here.write()
    await asyncio.sleep(random.uniform(0.0, 0.2))
    owner = here.owner(account)
    os.kill(owner.pid, signal.SIGSTOP)
    await here.is_taken_from(owner)
    await here.arrive(here.write(), ARRIVED)
    os.kill(owner.pid, signal.SIGCONT)
    await until(partial(here.said, owner, "lease_lost"))
    await here.arrive(here.write(), ARRIVED)
    assert owner.lives


async def an_owner_is_killed(here: Town, account: str) -> Partner:
    for _ in range(3):
        here.write()
    await asyncio.sleep(random.uniform(0.0, 0.3))
    owner = here.owner(account)
    await owner.kill()
    await here.is_taken_from(owner)
    await here.arrive(here.write(), ARRIVED)
    return owner


async def test_each_does_its_part(tmp_path: Path, postgres: str) -> None:
    async with town(tmp_path, postgres, "web", "deliver", "intake") as here:
        web, deliver, intake = here.programs
        await here.arrive(here.write(), ARRIVED)
        assert (await ask(web, "/robots.txt"))[0] == 200
        owners = {
            "account:chat": await here.holder(deliver),
            "account:sms": await here.holder(deliver),
            "intake": await here.holder(intake),
        }

        async def told() -> object:
            status, body = await ask(web, "/readyz")
            return status, body["roles"], body["leases"], body["nobodys"], body["owners"]

        # Where the machine has much to do a lease may be given up for a moment, and taken again.
        await eventually(told, (200, ["web"], {}, [], owners), 15)
        for other in (deliver, intake):
            assert (await ask(other, "/readyz"))[0] == 200
            assert (await ask(other, "/robots.txt"))[0] == 404, "pages are for those that have the role"
        await deliver.kill()
        await until(partial(here.said, web, "nobody_works"), 15)

        async def left() -> object:
            status, body = await ask(web, "/readyz")
            return status, body["nobodys"]

        await eventually(left, (200, ["account:chat", "account:sms"]), 15)  # pages are answered all the same
        code, said = await command(here.world.path, "check")
        assert (code, "no program has the role deliver" in said) == (1, True), said


async def another_media_folder_is_refused(here: Town) -> None:
    stranger = here.program()
    stranger.config.write_text(stranger.config.read_text().replace('media = "media"', 'media = "elsewhere"'))
    await stranger.spawn()
    assert stranger.process is not None
    async with asyncio.timeout(30):
        assert await stranger.process.wait() != 0
    assert any("is not the folder that the other programs" in line for line in stranger.output)


async def test_what_is_stopped_is_handed_over_at_once_and_one_for_itself_waits(tmp_path: Path, postgres: str) -> None:
    async with town(tmp_path, postgres, *ALL_ROLES * 2) as here:
        await here.is_shared()
        await another_media_folder_is_refused(here)
        stopped, other, _ = here.programs
        assert await stopped.stop() == 0
        began = time.monotonic()
        await eventually(lambda: here.owners(), {await here.holder(other)}, 5)
        assert time.monotonic() - began < 3, "a lease is valid for longer: it was given back"
        await here.arrive(here.write(), ARRIVED)

        class Alone(Program):
            arguments = ("--standby",)

        alone = Alone(here.world.path)
        await alone.spawn()
        try:
            await until(lambda: any('"standby"' in line for line in alone.output))
            assert await other.stop() == 0
            assert await here.leases() == {}
            await alone.until_ready()
            await here.arrive(here.write(), ARRIVED)
            await here.is_whole()
        finally:
            await alone.kill()
