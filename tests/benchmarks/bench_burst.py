"""A burst of posts into a real Synapse room by a trusted author: is any lost on its way into the other rooms?

The author has sent everything before the first half is out. What stands in the rooms is read page by page afterwards,
for a sync may leave out what came all at once. Beside it the floor: a bare loop with the same client that sends as many
texts into as many rooms of its own, in the same turn.
"""

import asyncio
import os
import re
import sqlite3
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack, closing
from pathlib import Path

from bridge.adapters.loopback.people import People
from bridge.adapters.matrix.client import HomeServer
from bridge.core.ids import delivery_key
from bridge.playground.matrix_user import MatrixUser
from bridge.playground.synapse import MatrixLogin, SynapseServer
from tests.acceptance.program import Program
from tests.benchmarks.bench_inbound import alive
from tests.benchmarks.common import TEXT, machine, table
from tests.crash.accounts import history
from tests.servers import detached, free_port, started_synapse, unique

POSTS = int(os.environ.get("BARAZA_BENCH_POSTS", "500"))
ROOMS = int(os.environ.get("BARAZA_BENCH_ROOMS", "2"))
"""Other rooms, into which everything goes."""
_CASE = re.compile(r"burst-(\d{4})")


def write_toml(directory: Path, synapse: SynapseServer, login: MatrixLogin, rooms: Sequence[str]) -> Path:
    (directory / "matrix").touch(mode=0o600)
    (directory / "matrix").write_text(login.password + "\n")
    groups = "".join(
        f'[[communities.groups]]\nchat = "matrix:{room}"\nintake = "{"none" if n else "hold"}"\n'
        for n, room in enumerate(rooms)
    )
    path = directory / "baraza.toml"
    path.write_text(f"""
[bridge]
database = "sqlite://baraza.db"
media = "media"
[web]
listen = "127.0.0.1:{free_port()}"
[accounts.matrix]
kind = "matrix"
homeserver = "{synapse.url}"
user_id = "{login.user_id}"
password = "file:matrix"
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
[[communities.rules]]
if = "trusted"
then = "approve"
{groups}""")
    return path


async def _until(program: Program, database: Path, question: str, wanted: int, seconds: float) -> None:
    """Wait until the database says so."""
    async with asyncio.timeout(seconds):
        with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as connection:
            while connection.execute(question).fetchone()[0] < wanted:
                alive(program)
                await asyncio.sleep(0.02)


async def trust(program: Program, fatima: MatrixUser, room: str, people: People, database: Path) -> None:
    """The author's first post, approved by a moderator who trusts them from then on."""
    await fatima.send_text(room, "good morning")
    async with asyncio.timeout(30):
        while not (cards := [each for each in people.shown("mods") if each.buttons]):  # noqa: ASYNC110 - a file: nothing rings
            await asyncio.sleep(0.05)
    people.writes("mods", "trust", user="grace", name="Grace", reply_to=cards[-1].id)
    await _until(program, database, "SELECT count(*) FROM standing", 1, 30)


async def measure(synapse: SynapseServer) -> None:
    about = machine()
    async with AsyncExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="baraza-bench-")))
        bot, login = [await synapse.register(unique(name), displayname=name.title()) for name in ("baraza", "fatima")]
        fatima = await stack.enter_async_context(MatrixUser(synapse.url, login.user_id, login.access_token))
        rooms = [await fatima.create_room(f"Room {n}", invite=[bot.user_id]) for n in range(ROOMS + 1)]
        own = [await fatima.create_room(f"Floor {n}") for n in range(ROOMS)]
        program = Program(write_toml(directory, synapse, bot, rooms))
        await program.start(seconds=60)
        stack.push_async_callback(program.stop)
        database = (directory / "baraza.db").absolute()
        await trust(program, fatima, rooms[0], People(directory / "people"), database)
        # A post goes into the author's own room, too, beside the original, which the bot may not remove there.
        delivered = "SELECT count(*) FROM delivery WHERE kind = 'post' AND state = 'delivered' AND detail = ''"
        await _until(program, database, delivered, ROOMS + 1, 30)
        server = HomeServer(synapse.url, login.user_id)
        server.use_token(login.access_token)
        began = time.perf_counter()
        gate = asyncio.Semaphore(16)

        async def send(room: str, number: int, key: str) -> None:
            async with gate:
                # As a client writes it: what bears the mark of a bridge is not taken for a member's.
                await server.put(
                    room, "m.room.message", {"msgtype": "m.text", "body": f"burst-{number:04d}: {TEXT}"}, key
                )

        await asyncio.gather(*(send(rooms[0], n, delivery_key(n, "burst")) for n in range(POSTS)))
        sent = time.perf_counter() - began
        await _until(program, database, delivered, (ROOMS + 1) * (POSTS + 1), 600)
        everywhere = time.perf_counter() - began
        await program.stop()
        began = time.perf_counter()
        todo = [(room, n, delivery_key(n, room)) for room in own for n in range(POSTS)]
        await asyncio.gather(*(send(*each) for each in todo))
        floor = time.perf_counter() - began
        if server.client_session is not None:
            await server.client_session.close()
        lost = doubled = 0
        for room in rooms[1:]:
            bodies = [str(event["content"]["body"]) for event in await history(fatima, room)]
            seen = Counter(int(match[1]) for body in bodies if (match := _CASE.search(body)))
            lost += POSTS - len(seen)
            doubled += sum(seen.values()) - len(seen)
    table(
        f"{POSTS} posts at once into a Synapse room, to {ROOMS} others ({about})",
        ("what", "figure"),
        [
            ("lost, of all deliveries", f"{lost} of {POSTS * ROOMS}"),
            ("doubled", doubled),
            ("seconds until the author had sent the last", f"{sent:.1f}"),
            ("seconds until the last was out in the other rooms", f"{everywhere:.1f}"),
            (
                "deliveries/s, the author's own room among them, from the first post on",
                f"{POSTS * (ROOMS + 1) / everywhere:.0f}",
            ),
            ("seconds that a bare loop takes for the same sends alone", f"{floor:.1f}"),
        ],
    )


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="baraza-bench-synapse-") as name:
        synapse = started_synapse(Path(name))
        try:
            asyncio.run(measure(synapse))
        finally:
            detached(synapse.stop)


if __name__ == "__main__":
    main()
