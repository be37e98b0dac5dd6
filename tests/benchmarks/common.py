"""What the benchmarks share: tables, and a backlog of approved posts in a real ledger with a real worker on it."""

import asyncio
import cProfile
import os
import platform
import pstats
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from bridge import app, config
from bridge.cli.running import quick_loop, settle
from bridge.core.clock import SystemClock
from bridge.core.events import Sender
from bridge.core.ids import AccountId, Address, ChatId, MessageId, RemoteRef, UserId, UserRef
from bridge.core.policy import Role
from bridge.core.states import DeliveryState
from bridge.core.text import plain
from bridge.delivery.worker import Worker
from bridge.logs import configure
from bridge.moderation import cards, decisions
from bridge.moderation.acts import Act, Desk, Moderator
from bridge.moderation.effects import arrivals
from bridge.storage import database, ledger, people, submissions
from bridge.storage.bells import delivery_bell
from bridge.storage.database import after_commit, transaction
from bridge.storage.models import Delivery, Post

T = TypeVar("T")
TEXT = (
    "Is misoprostol safe to give at home after a birth when the nearest clinic is four hours away? "
    "We have been told different things by different trainers, and mothers ask us every week."
)


def table(title: str, head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a small table."""
    cells = [[str(cell) for cell in row] for row in (head, *rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    print(f"\n{title}")
    for row in cells:
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def machine() -> str:
    """What it ran on, in one line."""
    load = os.getloadavg()[0]
    return f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, load {load:.1f} at start"


def ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f}"


def spread(values: Sequence[float]) -> str:
    """Median with the least and the most."""
    return f"{statistics.median(values):.0f} ({min(values):.0f} to {max(values):.0f})"


def percentile(values: Sequence[float], share: float) -> float:
    """Nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, round(share * len(ordered)) - 1))]


def profiling() -> bool:
    return bool(os.environ.get("BARAZA_BENCH_PROFILE"))


def profiled(work: Callable[[], object], lines: int = 35) -> None:
    """Run something under the profiler and print where its time went."""
    profile = cProfile.Profile()
    profile.runcall(work)
    stats = pstats.Stats(profile)
    stats.sort_stats("tottime").print_stats(lines)
    stats.sort_stats("cumulative").print_stats(lines * 2)


def run(work: Coroutine[Any, Any, T]) -> T:
    """In the event loop that the program has."""
    with asyncio.Runner(loop_factory=quick_loop()) as runner:
        return runner.run(work)


@asynccontextmanager
async def backlog(toml: str, *, posts: int) -> AsyncIterator["Backlog"]:
    """A fresh database on disk with that many approved posts whose deliveries are planned; adapters are started."""
    with tempfile.TemporaryDirectory(prefix="baraza-bench-") as name:
        path = Path(name) / "baraza.toml"
        path.write_text(toml)
        configure(format="json", level="error")
        settings = config.load(path)
        bridge = app.Bridge(settings)
        installation = await database.open_database(settings.database)
        try:
            for adapter in bridge._adapters.values():
                await bridge._account(adapter)
            work = Backlog(bridge, installation)
            await work.approve(posts)
            settle()  # as the program does once it is ready
            try:
                yield work
            finally:
                for adapter in bridge._adapters.values():
                    await app.adapter_stopped(adapter)
        finally:
            await database.close_database()


class Backlog:
    """Approved posts and the worker that is to carry them out."""

    def __init__(self, bridge: app.Bridge, installation: str) -> None:
        self.bridge, self._installation = bridge, installation
        self.planning_seconds = 0.0
        self._made = 0
        self._clock = SystemClock()

    async def approve(self, count: int) -> None:
        """As intake and moderation do it, without the people: the time of the approvals alone is kept."""
        community = self.bridge._communities.all[0]
        directory, account = self.bridge._directory, AccountId("people")
        author = Sender(ref=UserRef(account, UserId("amina")), name="Amina Okello")
        grace = Sender(ref=UserRef(account, UserId("grace")), name="Grace")
        moderator = Moderator(sender=grace, channel=community.moderators[0])
        for number in range(self._made, self._made + count):
            now = self._clock.now()
            async with transaction():
                identity = await people.meet(author, now)
                review = await submissions.submit(
                    community=community.id,
                    identity=identity,
                    source=RemoteRef(account, ChatId("amina"), MessageId(f"m{number}")),
                    private=True,
                    intake="private",
                    text=plain(f"{number}: {TEXT}"),
                    attachments=(),
                    uncarried=(),
                    reasons=("all",),
                    now=now,
                )
                found = await submissions.review_by_id(review.id)
                assert found is not None
                await cards.plan(found, community, directory, now, gather=False)
            began = time.perf_counter()
            async with transaction():
                act = Act(
                    desk=Desk(communities=self.bridge._communities, directory=directory, now=now),
                    community=community,
                    review=found,
                    revision=1,
                    moderator=moderator,
                    identity=await people.meet(grace, now),
                    role=Role.MODERATOR,
                )
                verdict = await decisions.approve(act)
            self.planning_seconds += time.perf_counter() - began
            assert verdict is decisions.Verdict.DONE
        self._made += count

    async def carry_out(self) -> tuple[int, float]:
        """Let the worker deliver every planned post; returns how many and in how many seconds (all rows recorded)."""
        wanted = await Delivery.filter(kind=ledger.POST).count()
        async with self.working() as delivered:
            began = time.perf_counter()
            await delivered(wanted)
            seconds = time.perf_counter() - began
        return wanted, seconds

    @asynccontextmanager
    async def working(self) -> AsyncIterator[Callable[[int], Awaitable[None]]]:
        """The worker at work. What it gives waits until so many more groups have had a post, and that is recorded."""
        bridge, recorded, arrived = self.bridge, 0, asyncio.Event()
        real = arrivals(bridge._communities, self._clock.now)

        async def counted(rows: Sequence[Delivery]) -> None:
            await real(rows)
            count = sum(row.kind == ledger.POST and row.state == DeliveryState.DELIVERED for row in rows)

            def committed() -> None:
                nonlocal recorded
                recorded += count
                arrived.set()

            after_commit(committed)

        async def delivered(count: int) -> None:
            nonlocal recorded
            while recorded < count:
                arrived.clear()
                waiting = asyncio.create_task(arrived.wait())
                await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
                if task.done():
                    task.result()
            recorded -= count

        composer = bridge._compose
        worker = Worker(
            bridge._directory,
            installation=self._installation,
            compose=composer,
            prepare=composer.prepare,
            effects=counted,
            file_path=bridge._media.path,
            clock=self._clock,
        )
        delivery_bell.ring()
        task = asyncio.create_task(worker.run())
        try:
            yield delivered
        finally:
            worker.stop()
            await task

    async def payloads(self, newest: int = 0) -> list[tuple[Address, str, str]]:
        """What the worker would send, for the loops without a ledger: (lane, payload as JSON, content as JSON).

        ``newest``: of so many posts only, the latest.
        """
        rows = Delivery.filter(kind=ledger.POST).order_by("id").select_related("post")
        if newest:
            last = await Post.all().order_by("-id").limit(newest).values_list("id", flat=True)
            rows = rows.filter(post_id__in=[int(str(number)) for number in last])
        found = []
        for row in await rows:
            frozen = await self.bridge._compose(row)
            assert frozen is not None
            found.append((row.address, frozen.payload, frozen.content))
        return found
