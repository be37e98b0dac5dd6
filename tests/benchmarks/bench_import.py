"""Members taken in from a file, beside the same rows written by SQLite: ``python -m tests.benchmarks.bench_import``."""

import asyncio
import csv
import sqlite3
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from bridge import app, config, office
from tests.acceptance.world import World

MEMBERS = 18_000


def write_file(path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["chat", "sms", "name", "role", "organisation", "country", "interests", "show_profile"])
        for number in range(MEMBERS):
            row = [f"user{number}", f"+2547{number:08d}", f"Member {number}", "community health worker"]
            writer.writerow([*row, "Nyalenda Health Centre", "Kenya", "maternal and newborn health", "yes"])


def floor(path: Path) -> float:
    """Five rows a member (person, two accounts, profile, membership), committed every 500 members."""
    database = sqlite3.connect(path)
    database.executescript(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
        "CREATE TABLE row (id INTEGER PRIMARY KEY, kind TEXT, owner INTEGER, text TEXT);"
    )
    started = time.perf_counter()
    for first in range(0, MEMBERS, 500):
        with database:
            database.executemany(
                "INSERT INTO row (kind, owner, text) VALUES (?, ?, ?)",
                [(kind, first + n, "maternal and newborn health " * 4) for n in range(500) for kind in "pabcm"],
            )
    database.close()
    return time.perf_counter() - started


async def taken(directory: Path) -> tuple[float, float]:
    """Seconds for the file, and for the same file again."""
    world = World(directory, 0)
    await world.with_tables()
    loaded = config.load(world.path)
    write_file(directory / "members.csv")
    times = []
    async with app.open_storage(loaded):
        for _ in range(2):
            started = time.perf_counter()
            table = office.read_members(directory / "members.csv")
            async for report in office.import_members(
                loaded, table, "hifa", region="", shown=False, dry=False, now=datetime.now(UTC)
            ):
                done = report
            times.append(time.perf_counter() - started)
            assert done.lines == MEMBERS, done
            assert not done.refused, done.refused[0]
    return times[0], times[1]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        base = floor(Path(folder) / "floor.db")
        first, again = asyncio.run(taken(Path(folder)))
    print(
        f"{MEMBERS} members: {first:.1f} s ({first / base:.0f} times SQLite alone, {base:.2f} s); again {again:.1f} s"
    )


if __name__ == "__main__":
    main()
