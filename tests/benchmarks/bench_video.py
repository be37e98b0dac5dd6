"""Memory and time while the real program carries a film of 45 MB from a Matrix room to Telegram and to another room."""

import asyncio
import contextlib
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bridge.playground.synapse import SynapseServer
from tests.acceptance.kinds_stage import Stage, stage_of
from tests.benchmarks.bench_media import MEGABYTES, film_in
from tests.benchmarks.common import machine, table
from tests.servers import SYNAPSE_VENV
from tests.unit.media.films import mp4

_MB = 1024.0


def resident(pid: int) -> float:
    """Megabytes of memory that a process has now; 0 when it has ended."""
    with contextlib.suppress(OSError), Path(f"/proc/{pid}/status").open(errors="replace") as status:
        for line in status:
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / _MB
    return 0.0


def children(pid: int) -> list[int]:
    """The processes that a process has started, and theirs."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += [int(child), *children(int(child))]
    return found


class Watch:
    """Samples a program's memory until it is stopped."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.peak = self.workers = 0.0

    @asynccontextmanager
    async def __call__(self) -> AsyncIterator["Watch"]:
        self.peak = self.workers = 0.0
        task = asyncio.create_task(self._sample())
        try:
            yield self
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _sample(self) -> None:
        while True:
            self.peak = max(self.peak, resident(self.pid))
            self.workers = max(self.workers, sum(map(resident, children(self.pid))))
            await asyncio.sleep(0.02)


async def _carry(stage: Stage, data: bytes, words: str) -> None:
    """From upload by a member to the last group."""
    sender = stage.roomers[0]
    info = {"duration": 7000, "w": 640, "h": 360}
    await sender.send_media(
        stage.hall, "m.video", data, filename="film.mp4", mimetype="video/mp4", caption=words, info=info
    )
    await stage.approve_on_telegram(words, seconds=180)
    for shown in (await stage.kenya(), await stage.uganda()):
        assert len(stage.file_of(shown[-1])) > len(data) * 0.9, "it arrived as a film, not in words"


async def measure() -> None:
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder) / "baraza"
        directory.mkdir()
        server = SynapseServer(Path(folder) / "synapse", venv=SYNAPSE_VENV)
        await server.start()
        rows = []
        try:
            async with stage_of(directory, server) as stage:
                assert stage.program.process is not None
                watch = Watch(stage.program.process.pid)
                await _carry(stage, mp4(payload=1000), "A first one")  # so that everything is loaded
                for megabytes in (5, MEGABYTES):
                    data = film_in(Path(folder), megabytes).read_bytes()
                    idle, began = resident(watch.pid), time.perf_counter()
                    async with watch():
                        await _carry(stage, data, f"A film of {megabytes} MB")
                    took = time.perf_counter() - began
                    above = watch.peak - idle
                    rows.append([megabytes, f"{idle:.0f}", f"{above:.1f}", f"{watch.workers:.0f}", f"{took:.1f}"])
        finally:
            await server.stop()
    print(machine())
    head = ("film, MB", "program idle, MB", "peak above idle, MB", "workers' peak, MB", "seconds to the last group")
    table("A film from a Matrix room to another, to two Telegram groups and to the moderators of both", head, rows)


if __name__ == "__main__":
    asyncio.run(measure())
