"""What the program takes while nothing happens: Telegram (the simulator), Matrix (a real Synapse) and a phone.

As it is, with 18,000 members who read privately, and with 100,000 deliveries that wait for their hour; then the same
100,000 as due at once: how long until the program is ready and until the first of them arrives.
"""

import asyncio
import os
import sqlite3
import tempfile
import time
from contextlib import AsyncExitStack, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bridge.core.message import Content
from bridge.core.text import plain
from bridge.playground.botapi import BotApiSimulator
from bridge.playground.synapse import SynapseServer
from bridge.storage import codec
from tests.acceptance.program import Program, populate, write_config
from tests.acceptance.tables import begin_with_tables
from tests.benchmarks.bench_startup import people_of
from tests.benchmarks.common import TEXT, machine, table
from tests.benchmarks.history import Tables, moment
from tests.servers import detached, started_synapse

SECONDS = float(os.environ.get("BARAZA_BENCH_SECONDS", "60"))
MEMBERS = int(os.environ.get("BARAZA_BENCH_MEMBERS", "18000"))
WAITING = int(os.environ.get("BARAZA_BENCH_ROWS", "100000"))
GROUPS = 50
_TICKS = os.sysconf("SC_CLK_TCK")


def used(process: int) -> float:
    """CPU seconds of a process so far."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def memory(process: int) -> float:
    """MiB that it has in memory."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def add_members(path: Path) -> None:
    now = moment(datetime.now(UTC))
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        tables, everybody = Tables(connection), range(1000, 1000 + MEMBERS)
        tables.put("person", "id created_at", ((n, now) for n in everybody))
        tables.put(
            "identity",
            "account user name direct_chat direct_open created_at person_id",
            (("sms", f"+2547{n:08}", f"Reader {n}", f"+2547{n:08}", 1, now, n) for n in everybody),
        )
        tables.put(
            "membership",
            "community state reading media hour created_at joined_at person_id",
            (("hifa", "member", "daily", 1, 7, now, now, n) for n in everybody),
        )
        connection.execute("COMMIT")


def add_rows(path: Path, due: datetime) -> None:
    """Posts that have been approved and go into fifty groups on the phone's network."""
    at, hour, later = moment(datetime.now(UTC)), moment(due), moment(due + timedelta(days=7))
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        tables, posts = Tables(connection), range(1, WAITING // GROUPS + 1)
        tables.put("person", "id created_at", [(1, at)])
        tables.put("identity", "id account user name created_at person_id", [(1, "sms", "u1", "Amina", at, 1)])
        rows = ((n, "hifa", n, "sms", "u1", f"m{n}", 1, "private", at, 1) for n in posts)
        tables.put("submission", "id community number account chat message private intake created_at identity_id", rows)
        text = '{"text":"' + TEXT + '","marks":[]}'
        tables.put(
            "revision", "id number text attachments uncarried created_at submission_id",
            ((n, 1, text, "[]", "[]", at, n) for n in posts),
        )  # fmt: skip
        tables.put(
            "review", "id kind community revision state reasons decided_at created_at submission_id",
            ((n, "post", "hifa", 1, "approved", "[]", at, at, n) for n in posts),
        )  # fmt: skip
        card = '{"country":"","interests":"","label":"HIFA","name":"Amina","new":true,"organisation":"","role":""}'
        tables.put(
            "post",
            "id community number revision author text attachments uncarried card state approved_at submission_id",
            ((n, "hifa", n, 1, "Amina", text, "[]", "[]", card, "live", at, n) for n in posts),
        )  # fmt: skip
        words = codec.dump(codec.CONTENT, Content(text=plain(TEXT)))
        tables.put(
            "delivery", "kind community account chat part operation state due_at expires_at planned_at post_id content",
            (
                ("post", "hifa", "sms", f"group{group}", 1, "send", "planned", hour, later, at, n, words)
                for n in posts
                for group in range(GROUPS)
            ),
        )  # fmt: skip
        tables.put("counter", "name value", [("submission:hifa", len(posts))])
        connection.execute("COMMIT")


def arrivals(outbox: Path) -> int:
    return outbox.read_bytes().count(b"\n") if outbox.exists() else 0


async def idle(config: Path) -> tuple[str, str, str]:
    """Seconds to ready; percent of one core; MiB at the end."""
    program = Program(config)
    began = time.perf_counter()
    await program.start(seconds=120)
    ready = time.perf_counter() - began
    assert program.process is not None
    await asyncio.sleep(10)  # the first syncs and looks
    before, since = used(program.process.pid), time.perf_counter()
    await asyncio.sleep(SECONDS)
    share = (used(program.process.pid) - before) / (time.perf_counter() - since)
    size = memory(program.process.pid)
    await program.stop()
    return f"{ready:.1f}", f"{share:.2%}", f"{size:.0f}"


async def first(config: Path, outbox: Path) -> tuple[str, str, str]:
    """Seconds from the start of the program to ready, and to the first arrival; MiB ten seconds later."""
    program = Program(config)
    began = time.perf_counter()
    await program.spawn()
    while not arrivals(outbox):  # noqa: ASYNC110 - a file: nothing rings
        await asyncio.sleep(0.002)
    arrived = time.perf_counter() - began
    await program.until_ready(60)
    ready = time.perf_counter() - began
    assert program.process is not None
    await asyncio.sleep(10)
    size = memory(program.process.pid)
    lines = arrivals(outbox)
    await program.stop()
    print(f"  (of those that were due {lines} had arrived ten seconds later)")
    return f"{ready:.1f}", f"{arrived:.1f}", f"{size:.0f}"


async def measure(synapse: SynapseServer) -> None:
    about = machine()
    async with AsyncExitStack() as stack:
        simulator = await stack.enter_async_context(BotApiSimulator())
        telegram = await populate(simulator)
        matrix = await stack.enter_async_context(people_of(synapse))
        rows = []

        async def prepared() -> tuple[Path, Path]:
            directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="baraza-bench-")))
            config, people = write_config(directory, telegram=telegram, matrix=matrix)
            await begin_with_tables(config)
            return config, people.directory / "outbox.jsonl"

        config, _ = await prepared()
        rows.append(("a new database", *await idle(config)))
        config, _ = await prepared()
        add_members(config.parent / "baraza.db")
        rows.append((f"{MEMBERS} members", *await idle(config)))
        config, _ = await prepared()
        add_rows(config.parent / "baraza.db", datetime.now(UTC) + timedelta(hours=6))
        rows.append((f"{WAITING} deliveries wait for their hour", *await idle(config)))
        config, outbox = await prepared()
        add_rows(config.parent / "baraza.db", datetime.now(UTC))
        due = await first(config, outbox)
    table(f"Idle for {SECONDS:.0f} s ({about})", ("with", "seconds to ready", "CPU, of one core", "MiB"), rows)
    head = ("with", "seconds to ready", "to the first arrival", "MiB ten seconds later")
    table("Started with what is due at once", head, [(f"{WAITING} deliveries that are due", *due)])


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="baraza-bench-synapse-") as name:
        synapse = started_synapse(Path(name))
        try:
            asyncio.run(measure(synapse))
        finally:
            detached(synapse.stop)


if __name__ == "__main__":
    main()
