"""Durable deliveries per second of one process on SQLite, over the loopback network: with the ledger and without.

Both write the same lines to the same kind of folder (each line is synced to the disk); the difference is the ledger's.
"""

import asyncio
import os
import statistics
import tempfile
import time
from pathlib import Path

from bridge.adapters.loopback.network import Network
from bridge.core.ids import delivery_key
from bridge.storage import codec
from tests.benchmarks.common import backlog, machine, profiled, profiling, run, spread, table

ROOMS = 50
POSTS = int(os.environ.get("BARAZA_BENCH_POSTS", "20"))
ROUNDS = int(os.environ.get("BARAZA_BENCH_ROUNDS", "3"))


def toml(rooms: int) -> str:
    groups = "".join(f'[[communities.groups]]\nchat = "people:room{n}"\nintake = "none"\n' for n in range(rooms))
    return f"""
[bridge]
database = "sqlite://baraza.db"
media = "media"
[web]
listen = "127.0.0.1:1"
[accounts.people]
kind = "loopback"
directory = "people"
thin = false
[[communities]]
id = "hifa"
name = "HIFA"
moderators = ["people:mods"]
moderator_ids = ["people:grace"]
undo_seconds = 0
{groups}"""


async def measure() -> tuple[float, float, float]:
    """Approved rows planned per second, deliveries per second, and the same sends without a ledger per second."""
    async with backlog(toml(ROOMS), posts=POSTS) as work:
        lines = await work.payloads()
        count, seconds = await work.carry_out()
        planned = count / work.planning_seconds
    with tempfile.TemporaryDirectory(prefix="baraza-bench-") as name:
        network = Network(Path(name), text_limit=4096, caption_limit=1024)
        network.open()
        lanes: dict[str, list[dict[str, object]]] = {}
        for number, (address, payload, _) in enumerate(lines):
            line = {"op": "send", "chat": address.chat, "key": delivery_key(number, "bench")}
            lanes.setdefault(address.chat, []).append({**line, **codec.load_object(payload)})

        async def lane(todo: list[dict[str, object]]) -> None:
            for line in todo:
                await asyncio.to_thread(network.post, line)

        began = time.perf_counter()
        await asyncio.gather(*map(lane, lanes.values()))
        bare = len(lines) / (time.perf_counter() - began)
    return planned, count / seconds, bare


def main() -> None:
    if profiling():
        profiled(lambda: run(measure()))
        return
    about = machine()
    rows = [run(measure()) for _ in range(ROUNDS)]
    planned, ours, bare = zip(*rows, strict=True)
    ratios = [ours / bare for _, ours, bare in rows]
    table(
        f"Ledger: {POSTS} posts to {ROOMS} loopback chats, SQLite, {ROUNDS} rounds, interleaved ({about})",
        ("what", "median (least to most)"),
        [
            ("rows planned by approvals, per s", spread(planned)),
            ("durable deliveries, per s", spread(ours)),
            ("the same sends without a ledger, per s", spread(bare)),
            ("ratio", f"{statistics.median(ratios):.2f}"),
        ],
    )


if __name__ == "__main__":
    main()
