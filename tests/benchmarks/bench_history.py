"""The same work beside a database of many years and beside one without posts, in turns: posts, presses, lists, pages.

Both programs run at the same time, each on an invented network of its own that answers at once.
``BARAZA_BENCH_HISTORY`` says how many posts there have been. Then what is done now and then (figures, upkeep, a backup)
is timed: SQLite has one writer, and this program one connection to it, so that the longest single step is what people
would notice. ``BARAZA_BENCH_PROFILE=1`` shows the slowest questions to the database instead.
"""

import asyncio
import itertools
import json
import os
import re
import statistics
import tempfile
import time
import urllib.request
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bridge.adapters.loopback.people import People
from tests.acceptance.program import Program, command
from tests.benchmarks import history, slowest
from tests.benchmarks.common import TEXT, machine, ms, percentile, profiling, table
from tests.servers import free_port

HISTORY = int(os.environ.get("BARAZA_BENCH_HISTORY", "1000000"))
KEPT = os.environ.get("BARAZA_BENCH_HISTORY_FILE", "")
"""A database that ``tests.benchmarks.history`` made before, to be copied instead of making one."""
POSTS = int(os.environ.get("BARAZA_BENCH_POSTS", "100"))
ROOMS = 10
WAITING = int(os.environ.get("BARAZA_BENCH_WAITING", "20"))
"""Posts that wait for a decision meanwhile."""


class Tail:
    """What the program writes into its network's folder, line by line, each with the moment at which it was seen."""

    def __init__(self, path: Path) -> None:
        self._path, self._offset = path, 0
        self.lines: list[tuple[float, dict[str, Any]]] = []

    def look(self) -> None:
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            file.seek(self._offset)
            raw = file.read()
        whole = raw.rfind(b"\n") + 1
        now = time.perf_counter()
        self.lines += [(now, json.loads(line)) for line in raw[:whole].splitlines()]
        self._offset += whole

    async def wait(self, fits: Callable[[dict[str, Any]], bool], since: int, count: int = 1) -> list[float]:
        """The moments of the first so many lines behind a place that fit."""
        async with asyncio.timeout(30):
            while True:
                self.look()
                found = [at for at, line in self.lines[since:] if fits(line)]
                if len(found) >= count:
                    return found[:count]
                await asyncio.sleep(0.001)


@dataclass(kw_only=True)
class Side:
    """One of the two: its folder, its program, and how long everything took there."""

    name: str
    directory: Path
    port: int = field(default_factory=free_port)
    seconds: dict[str, list[float]] = field(default_factory=dict)
    numbers: list[int] = field(default_factory=list)
    """Of the posts, those that wait first."""

    def __post_init__(self) -> None:
        self.people = People(self.directory / "people")
        self.tail = Tail(self.directory / "people" / "outbox.jsonl")
        self.config = self.directory / "baraza.toml"
        rooms = [f'[[communities.groups]]\nchat = "people:room{n}"\nintake = "none"\n' for n in range(ROOMS)]
        others = "".join(
            f'[[communities]]\nid = "{each}"\nname = "{each.upper()}"\nmoderators = ["people:mods-{each}"]\n'
            f'moderator_ids = ["people:grace"]\n'
            f'[[communities.groups]]\nchat = "people:{each}0"\nintake = "none"\n'
            for each, _ in history.COMMUNITIES[1:]
        )
        self.config.write_text(f"""
[bridge]
database = "sqlite://baraza.db"
media = "media"
[web]
listen = "127.0.0.1:{self.port}"
trusted_proxies = ["127.0.0.1"]
[accounts.people]
kind = "loopback"
directory = "people"
thin = false
poll_interval = 0.002
[[communities]]
id = "hifa"
name = "HIFA"
moderators = ["people:mods"]
moderator_ids = ["people:grace"]
undo_seconds = 0
archive = "public"
[[communities.rules]]
if = "all"
then = "hold"
{"".join(rooms)}
[[communities.groups]]
chat = "people:clinic"
intake = "hold"
{others}""")

    def note(self, what: str, seconds: float) -> None:
        self.seconds.setdefault(what, []).append(seconds)

    async def post(self, number: int, author: str) -> str:
        """Somebody writes; returns the handle of the card's button for approval."""
        words = f"case-{number:05d}"
        since, began = len(self.tail.lines), time.perf_counter()
        self.people.writes("clinic", f"{words}: {TEXT}", user=author, name="Amina Okello")

        def is_card(line: dict[str, Any]) -> bool:
            return line.get("chat") == "mods" and words in str(line.get("text")) and bool(line.get("buttons"))

        (at,) = await self.tail.wait(is_card, since)
        self.note("from a post to its card", at - began)
        line = next(line for _, line in self.tail.lines[since:] if is_card(line))
        self.numbers.append(int(re.findall(r"#(\d+)", str(line["text"]))[0]))
        return next(str(b["press"]) for row in line["buttons"] for b in row if "Approve" in str(b["label"]))

    async def approve(self, number: int, handle: str) -> None:
        words = f"case-{number:05d}"
        since, began = len(self.tail.lines), time.perf_counter()
        self.people.does(chat="mods", user="grace", name="Grace", press=handle, message="x")

        def is_post(line: dict[str, Any]) -> bool:
            return str(line.get("chat")).startswith("room") and words in str(line.get("text"))

        times = await self.tail.wait(is_post, since, ROOMS)
        self.note("from a press to the first group", min(times) - began)
        self.note(f"from a press to the last of {ROOMS} groups", max(times) - began)

    async def order(self, said: str, answer: str) -> None:
        since, began = len(self.tail.lines), time.perf_counter()
        self.people.writes("mods", said, user="grace", name="Grace")
        (at,) = await self.tail.wait(lambda line: line.get("chat") == "mods" and answer in str(line.get("text")), since)
        self.note(said, at - began)

    async def page(self, what: str, path: str) -> None:
        began = time.perf_counter()
        await asyncio.to_thread(_get, f"http://127.0.0.1:{self.port}{path}")
        self.note(what, time.perf_counter() - began)


_VISITORS = itertools.count(1)


def _get(url: str) -> bytes:
    # Each a visitor of their own: one alone may not search so often.
    request = urllib.request.Request(url, headers={"X-Forwarded-For": f"10.{next(_VISITORS) % 250}.0.1"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - our own program
        body: bytes = answer.read()
        return body


async def _in_turns(sides: Sequence[Side], work: Callable[[Side], Awaitable[None]], pause: float = 0.0) -> None:
    for side in sides:
        await work(side)
        if pause:
            await asyncio.sleep(pause)


async def _people_work(sides: Sequence[Side]) -> None:
    # Cards of whoever writes much let those of others go first: nobody here writes more than four times.
    numbers = range(WAITING, WAITING + POSTS)
    for number in range(WAITING):

        async def holds(side: Side, number: int = number) -> None:
            await side.post(number, f"u{number + 1}")

        await _in_turns(sides, holds)
    for side in sides:
        side.seconds.clear()
    for number in numbers:

        async def decides(side: Side, number: int = number) -> None:
            handle = await side.post(number, f"u{1000 + number // 4}")
            await side.approve(number, handle)

        async def looks(side: Side) -> None:
            await side.order("/queue", "waiting")

        await _in_turns(sides, decides, 0.05)
        if number % 2:
            await _in_turns(sides, looks, 0.05)


async def _readers_look(sides: Sequence[Side]) -> None:
    for number in range(POSTS):
        case = f"case-{WAITING + number:05d}"
        pages = {
            "archive, newest": "/hifa",
            "archive, a post": "/hifa/POST",
            "archive, months": "/hifa/months",
            "archive, search for a rare word": f"/hifa/search?q={case}",
            "archive, search for frequent words": "/hifa/search?q=misoprostol+birth",
            "metrics": "/metrics",
        }
        for what, path in pages.items():

            async def reads(side: Side, what: str = what, path: str = path, at: int = WAITING + number) -> None:
                await side.page(what, path.replace("POST", str(side.numbers[at])))

            await _in_turns(sides, reads)


async def _commands(sides: Sequence[Side]) -> list[tuple[str, ...]]:
    """Seconds on both sides, once each, beside the running program; of each only the longer part is start-up."""
    wanted = {
        "baraza status": ("status",),
        "baraza trace": ("trace", "hifa#21"),
        "baraza statistics, one month": ("statistics", "--community", "hifa", "--month", f"{datetime.now(UTC):%Y-%m}"),
        "baraza deliveries": ("deliveries",),
    }
    rows = []
    for what, arguments in wanted.items():
        times = []
        for side in sides:
            began = time.perf_counter()
            status, said = await command(side.config, *arguments)
            assert status in (0, 1), said
            times.append(time.perf_counter() - began)
        rows.append((what, *(f"{seconds:.1f}" for seconds in times)))
    return rows


async def measure() -> None:
    about = machine()
    async with AsyncExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="baraza-bench-")))
        sides = []
        for name in ("old", "new"):
            (directory / name).mkdir()
            sides.append(Side(name=name, directory=directory / name))
        old = sides[0]
        size = await asyncio.to_thread(_made, old.directory / "baraza.db")
        history.fill(sides[1].directory / "baraza.db", 0, datetime.now(UTC))  # the same members, who never wrote
        await asyncio.to_thread(
            os.sync
        )  # else the first fsync of the program waits for gigabytes that were just written
        if profiling():
            await slowest.of(old.config, lambda: _people_and_readers([old]), old.directory / "baraza.db")
            return
        started = []
        for side in sides:
            program = Program(side.config)
            began = time.perf_counter()
            await program.start(seconds=120)
            started.append(time.perf_counter() - began)
            stack.push_async_callback(program.stop)
        await _people_and_readers(sides)
        commands = await _commands(sides)
        _latencies(sides, about, size)
        table(
            "Seconds, once each, beside the running program",
            ("what", "with the history", "no posts"),
            [("start-up to ready", *(f"{seconds:.1f}" for seconds in started)), *commands],
        )
        await stack.aclose()


async def _people_and_readers(sides: Sequence[Side]) -> None:
    await _people_work(sides)
    await _readers_look(sides)


def _made(path: Path) -> str:
    if KEPT:
        os.system(f"cp --reflink=auto '{KEPT}' '{path}'")  # noqa: S605 - whoever runs it names the file
        return f"{HISTORY} posts, {path.stat().st_size / 1e9:.1f} GB"
    made = history.fill(path, HISTORY, datetime.now(UTC))
    return f"{made.posts} posts, {made.deliveries} rows of the ledger, {made.megabytes / 1000:.1f} GB"


def _latencies(sides: Sequence[Side], about: str, size: str) -> None:
    old, new = sides
    rows = []
    for what in old.seconds:
        a, b = old.seconds[what], new.seconds[what]
        p50 = statistics.median(a), statistics.median(b)
        p99 = percentile(a, 0.99), percentile(b, 0.99)
        rows.append((what, len(a), *map(ms, (p50[0], p50[1], p99[0], p99[1])), f"{p99[0] / p99[1]:.2f}"))
    table(
        f"With {size}, and with none beside it (18,000 members in both); ms ({about})",
        ("what", "times", "p50", "no posts", "p99", "no posts", "ratio of p99"),
        rows,
    )


def main() -> None:
    asyncio.run(measure())


if __name__ == "__main__":
    main()
