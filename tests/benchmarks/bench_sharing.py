"""Durable deliveries per second on one PostgreSQL: one program, and two that share its accounts, each a process.

Two loopback accounts with the same number of groups. The server is on the same machine and syncs every commit; the
programs are the real ones, and start to send at the same moment, when the leases are divided. Each program puts every
post into words for its own account, so that what two are worth depends on how many groups a post goes to.
"""

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import asyncpg

from tests.benchmarks.common import backlog, machine, spread, table
from tests.servers import OWNER, PostgresServer, free_port, unique

SIZES = tuple(int(each) for each in os.environ.get("BARAZA_BENCH_GROUPS", "50,400").split(","))
SENDS = int(os.environ.get("BARAZA_BENCH_SENDS", "3000"))
"""Deliveries in each round."""
ROUNDS = int(os.environ.get("BARAZA_BENCH_ROUNDS", "3"))
ROOT = Path(__file__).parents[2]


def toml(database: str, folder: str, rooms: int) -> str:
    chats = [f"{account}:room{n}" for n in range(rooms // 2) for account in ("people", "others")]
    groups = "".join(f'[[communities.groups]]\nchat = "{chat}"\nintake = "none"\n' for chat in chats)
    accounts = "".join(
        f'[accounts.{name}]\nkind = "loopback"\ndirectory = "{folder}/{name}"\nthin = false\n'
        for name in ("people", "others")
    )
    return f"""
[bridge]
database = "{database}"
media = "{folder}/media"
[web]
listen = "127.0.0.1:{free_port()}"
{accounts}
[[communities]]
id = "hifa"
name = "HIFA"
moderators = ["people:mods"]
moderator_ids = ["people:grace"]
undo_seconds = 0
{groups}"""


async def program(stack: AsyncExitStack, config: Path) -> int:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bridge",
        "--config",
        str(config),
        "run",
        "--log-level",
        "error",
        cwd=ROOT,
        stdout=asyncio.subprocess.DEVNULL,
    )

    async def end() -> None:
        process.terminate()
        await process.wait()

    stack.push_async_callback(end)
    return process.pid


def processor_seconds(pid: int) -> float:
    """That a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def idle_seconds() -> float:
    """Of all cores, since the machine was started."""
    return int(Path("/proc/stat").read_text().split(maxsplit=5)[4]) / os.sysconf("SC_CLK_TCK")


async def until(admin: Any, query: str, answer: int) -> None:
    async with asyncio.timeout(300):
        while await admin.fetchval(query) != answer:  # noqa: ASYNC110 - it is a database's answer
            await asyncio.sleep(0.2)


async def measure(server: PostgresServer, programs: int, rooms: int) -> tuple[float, float, float]:
    """Deliveries per second, from the first claim to the last that was written down; cores that the programs used in
    that time, and cores that were idle.
    """
    async with AsyncExitStack() as stack:
        admin: Any = await asyncpg.connect(server.url())  # type: ignore[no-untyped-call]  # asyncpg left it bare
        name = unique("bench").replace("-", "_")
        await admin.execute(f"CREATE DATABASE {name} TEMPLATE template0 OWNER {OWNER}")
        await admin.close()
        url = server.url(name)
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="baraza-bench-"))
        async with backlog(toml(url, folder, rooms), posts=max(1, SENDS // rooms)):
            pass
        admin = await asyncpg.connect(url)  # type: ignore[no-untyped-call]  # asyncpg left it bare
        stack.push_async_callback(admin.close)
        await admin.execute("UPDATE delivery SET due_at = due_at + interval '1 hour'")
        pids = []
        for number in range(programs):
            config = Path(folder) / f"{number}.toml"
            config.write_text(toml(url, folder, rooms))
            pids.append(await program(stack, config))
        held = "FROM lease WHERE until > clock_timestamp() AND name LIKE 'account:%'"
        await until(admin, f"SELECT count(*)::int {held}", 2)
        await until(admin, f"SELECT count(DISTINCT holder)::int {held}", programs)
        used, idle, began = sum(map(processor_seconds, pids)), idle_seconds(), time.perf_counter()
        await admin.execute("UPDATE delivery SET due_at = now()")
        await admin.execute("SELECT pg_notify('baraza', 'bench delivery')")
        await until(admin, "SELECT count(*)::int FROM delivery WHERE kind = 'post' AND state <> 'delivered'", 0)
        took = time.perf_counter() - began
        cores = (sum(map(processor_seconds, pids)) - used) / took, (idle_seconds() - idle) / took
        count, seconds = await admin.fetchrow(
            "SELECT count(*), extract(epoch FROM max(done_at) - min(attempted_at)) FROM delivery WHERE kind = 'post'"
        )
        return float(count) / float(seconds), *cores


def cores_of(rows: Sequence[tuple[float, float, float]]) -> str:
    return ", ".join(f"{statistics.median(row[place] for row in rows):.2f}" for place in (1, 2))


async def measured() -> None:
    server = PostgresServer()
    await asyncio.to_thread(server.start)
    rows = []
    try:
        admin: Any = await asyncpg.connect(server.url())  # type: ignore[no-untyped-call]  # asyncpg left it bare
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            await admin.execute(f"ALTER SYSTEM SET {setting} = on")
        await admin.execute("SELECT pg_reload_conf()")
        await admin.close()
        about = machine()
        for rooms in SIZES:
            one: list[tuple[float, float, float]] = []
            two: list[tuple[float, float, float]] = []
            for _ in range(ROUNDS):
                one.append(await measure(server, 1, rooms))
                two.append(await measure(server, 2, rooms))
            ratio = statistics.median(b[0] / a[0] for a, b in zip(one, two, strict=True))
            rates = (spread([rate for rate, _, _ in each]) for each in (one, two))
            rows.append((rooms, *rates, f"{ratio:.2f}", cores_of(one), cores_of(two)))
    finally:
        await asyncio.to_thread(server.stop)
    table(
        f"Sharing: {SENDS} durable deliveries on PostgreSQL by one program, and by two, a second; {ROUNDS} rounds, "
        f"interleaved; cores that the programs used, cores idle ({about})",
        ("groups", "one program", "two together", "ratio", "one: used, idle", "two: used, idle"),
        rows,
    )


if __name__ == "__main__":
    asyncio.run(measured())
