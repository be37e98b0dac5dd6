"""50 Matrix rooms behind a stub homeserver that answers at once or after 50 ms: durable deliveries per second.

Beside them the floor: the same sends by the same client with one lane per room, and no ledger.
"""

import asyncio
import os
import statistics
import time
from typing import Any

from bridge.adapters.matrix.client import HomeServer
from bridge.adapters.matrix.payload import complete
from bridge.core.ids import delivery_key
from bridge.storage import codec
from tests.benchmarks.common import backlog, machine, profiled, profiling, run, spread, table
from tests.benchmarks.matrix_stub import DEVICE, TOKEN, USER, stub

ROOMS = 50
POSTS = int(os.environ.get("BARAZA_BENCH_POSTS", "40"))
ROUNDS = int(os.environ.get("BARAZA_BENCH_ROUNDS", "3"))


def toml(url: str) -> str:
    groups = "".join(f'[[communities.groups]]\nchat = "matrix:!room{n}:stub"\nintake = "none"\n' for n in range(ROOMS))
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
[accounts.matrix]
kind = "matrix"
homeserver = "{url}"
user_id = "{USER}"
access_token = "env:BARAZA_BENCH_TOKEN"
device_id = "{DEVICE}"
[[communities]]
id = "hifa"
name = "HIFA"
moderators = ["people:mods"]
moderator_ids = ["people:grace"]
undo_seconds = 0
{groups}"""


async def measure(delay: float) -> tuple[float, float]:
    """Deliveries per second with the ledger, and without."""
    os.environ["BARAZA_BENCH_TOKEN"] = TOKEN
    async with stub(delay) as url:
        async with backlog(toml(url), posts=POSTS) as work:
            lines = await work.payloads()
            count, seconds = await work.carry_out()
        server = HomeServer(url, USER)
        server.use_token(TOKEN)
        lanes: dict[str, list[tuple[str, dict[str, Any]]]] = {}
        for number, (address, payload, _) in enumerate(lines):
            key = delivery_key(number, "bench")
            content = complete(codec.load_object(payload), key=key, reply_to=None, files={})
            lanes.setdefault(address.chat, []).append((key, content))

        async def lane(room: str, todo: list[tuple[str, dict[str, Any]]]) -> None:
            for key, content in todo:
                await server.put(room, "m.room.message", content, key)

        began = time.perf_counter()
        await asyncio.gather(*(lane(room, todo) for room, todo in lanes.items()))
        bare = len(lines) / (time.perf_counter() - began)
        if server.client_session is not None:
            await server.client_session.close()
    return count / seconds, bare


def main() -> None:
    if profiling():
        profiled(lambda: run(measure(0.0)))
        return
    about = machine()
    rows = []
    for delay in (0.0, 50.0):
        found = [run(measure(delay)) for _ in range(ROUNDS)]
        ours, bare = zip(*found, strict=True)
        ratio = statistics.median(a / b for a, b in found)
        rows.append((f"{delay:.0f} ms", spread(ours), spread(bare), f"{ratio:.2f}"))
    table(
        f"{POSTS} posts to {ROOMS} Matrix rooms, SQLite, {ROUNDS} rounds, interleaved ({about})",
        ("stub answers after", "durable deliveries/s", "without a ledger/s", "ratio"),
        rows,
    )


if __name__ == "__main__":
    main()
