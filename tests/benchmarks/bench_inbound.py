"""Posts taken in: how many a second are committed, understood and shown to the moderators as cards.

The posts have been written while the program was not there: updates of the Telegram simulator, a Matrix room on a real
Synapse, lines of the loopback network. Counted is from the moment at which the first is handed to the inbox: where one
answer of a platform brings all of them, as a sync of Matrix does, they come in with one commit. Beside it the floor, on
the same backlog: the bare client that reads as much and keeps nothing.
"""

import asyncio
import os
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, closing
from dataclasses import astuple, dataclass, replace
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from pydantic import SecretStr

from bridge.adapters.loopback.network import Network
from bridge.adapters.loopback.people import People
from bridge.adapters.matrix.client import HomeServer
from bridge.adapters.telegram.client import Client
from bridge.adapters.telegram.settings import Settings
from bridge.playground.botapi import BotApiSimulator, Limits
from bridge.playground.matrix_user import MatrixUser
from bridge.playground.synapse import SynapseServer
from tests.acceptance.program import Program, ProgramFailed
from tests.benchmarks.common import TEXT, machine, run, table
from tests.servers import detached, free_port, started_synapse, unique

POSTS = int(os.environ.get("BARAZA_BENCH_POSTS", "300"))
ROUNDS = int(os.environ.get("BARAZA_BENCH_ROUNDS", "3"))
AUTHORS = POSTS // 3
"""Cards of whoever writes much let those of others go first: nobody here writes more than three times."""


@dataclass(frozen=True)
class Found:
    """Posts a second, and milliseconds of the program's own work for each."""

    committed: float
    """To the inbox."""
    handled: float
    """Understood, and held for the moderators."""
    carded: float
    """Shown to them."""
    work: float
    bare: float = 0.0
    """Read by the bare client."""


def write_toml(directory: Path, account: str, chat: str) -> Path:
    path = directory / "baraza.toml"
    path.write_text(f"""
[bridge]
database = "sqlite://baraza.db"
media = "media"
[web]
listen = "127.0.0.1:{free_port()}"
[accounts.people]
kind = "loopback"
directory = "people"
thin = false
poll_interval = 0.01
{account}
[[communities]]
id = "hifa"
name = "HIFA"
moderators = ["people:mods"]
moderator_ids = ["people:grace"]
undo_seconds = 0
[[communities.rules]]
if = "all"
then = "hold"
[[communities.groups]]
chat = "{chat}"
intake = "hold"
""")
    return path


def alive(program: Program) -> None:
    if program.process is None or program.process.returncode is not None:
        raise ProgramFailed("it ended:\n" + "\n".join(program.output[-40:]))


def worked(program: Program) -> float:
    """Seconds of a processor that it has used so far."""
    assert program.process is not None
    fields = Path(f"/proc/{program.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def taken_in(config: Path) -> Found:
    """Start the program, and wait until the last post is committed, understood, and has its card."""
    program = Program(config)
    await program.spawn()
    database = (config.parent / "baraza.db").absolute()
    try:
        async with asyncio.timeout(300):
            with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as connection:

                async def reached(question: str, count: int) -> float:
                    while connection.execute(question).fetchone()[0] < count:
                        alive(program)
                        await asyncio.sleep(0.002)
                    return time.time()

                posted = "SELECT count(*) FROM inbox WHERE event LIKE '%case-%'"
                carded = (
                    "SELECT count(*) FROM delivery WHERE kind = 'card' AND operation = 'send' AND state = 'delivered'"
                )
                await reached(posted, 1)
                before = worked(program)
                committed = await reached(posted, POSTS)
                handled = await reached(f"{posted} AND state = 'done'", POSTS)
                shown = await reached(carded, POSTS)
                work = worked(program) - before
                (first,) = connection.execute("SELECT min(due_at) FROM inbox WHERE event LIKE '%case-%'").fetchone()
                began = datetime.fromisoformat(first).timestamp()
    finally:
        await program.stop()
    return Found(POSTS / (committed - began), POSTS / (handled - began), POSTS / (shown - began), 1000 * work / POSTS)


async def timed(read: Callable[[], Awaitable[None]]) -> float:
    began = time.perf_counter()
    await read()
    return POSTS / (time.perf_counter() - began)


async def on_telegram(directory: Path) -> Found:
    async with BotApiSimulator(limits=Limits.unlimited()) as simulator:
        users = simulator.users
        owner = await users.create_user("Owner")
        bot = await users.create_bot("bench_bot", "Baraza", privacy=False)
        authors = [await users.create_user("Author", str(n)) for n in range(AUTHORS)]
        group = await users.create_group("Group", owner, supergroup=True, members=[bot["id"], *authors])

        async def write() -> None:
            for number in range(POSTS):
                await users.write(authors[number % AUTHORS], group, f"case-{number:04d}: {TEXT}")

        client = Client(Settings(kind="telegram", token=SecretStr(bot["token"]), api_url=simulator.url))
        await client.open()
        offset: int | None = None

        async def read() -> None:
            nonlocal offset
            left = POSTS
            while left > 0:
                for update in await client.updates(offset, 5):
                    offset = update["update_id"] + 1
                    left -= "message" in update and "case-" in str(update["message"].get("text"))

        await write()
        bare = await timed(read)
        await client.updates(offset, 0)  # which acknowledges the last
        await client.close_connections()
        await write()
        os.environ["BARAZA_BENCH_TOKEN"] = bot["token"]
        account = (
            f'[accounts.telegram]\nkind = "telegram"\ntoken = "env:BARAZA_BENCH_TOKEN"\napi_url = "{simulator.url}"'
        )
        return replace(await taken_in(write_toml(directory, account, f"telegram:{group}")), bare=bare)


async def on_loopback(directory: Path) -> Found:
    people = People(directory / "people")
    for number in range(POSTS):
        author = f"a{number % AUTHORS}"
        people.writes("group", f"case-{number:04d}: {TEXT}", user=author, name=f"Author {author}")
    network = Network(directory / "people", text_limit=4096, caption_limit=1024)
    network.open()

    async def read() -> None:
        at = left = 0
        while left < POSTS:
            lines = await asyncio.to_thread(network.receive, at)
            at, left = lines[-1].end, left + len(lines)

    bare = await timed(read)
    return replace(await taken_in(write_toml(directory, "", "people:group")), bare=bare)


async def on_matrix(directory: Path, synapse: SynapseServer) -> Found:
    async with AsyncExitStack() as stack:
        bot = await synapse.register(unique("baraza"), displayname="Baraza")
        logins = [await synapse.register(unique("author")) for _ in range(AUTHORS)]
        authors = [MatrixUser(synapse.url, login.user_id, login.access_token) for login in logins]
        for author in authors:
            stack.push_async_callback(author.stop)
        await stack.enter_async_context(authors[0])
        room = await authors[0].create_room("Group", invite=[bot.user_id, *(login.user_id for login in logins[1:])])
        for author in authors[1:]:
            await author.join(room)
        (directory / "secret").touch(mode=0o600)
        (directory / "secret").write_text(bot.password + "\n")
        account = (
            f'[accounts.matrix]\nkind = "matrix"\nhomeserver = "{synapse.url}"\nuser_id = "{bot.user_id}"\n'
            'password = "file:secret"'
        )
        config = write_toml(directory, account, f"matrix:{room}")
        program = Program(config)  # which joins, and knows from where on it has to read
        await program.start(seconds=60)
        await authors[0].wait_for(lambda user: bot.user_id in user.rooms[room].members or None, 30)
        await program.stop()
        server = HomeServer(synapse.url, bot.user_id)
        server.use_token(bot.access_token)
        since = str((await server.call("GET", "/_matrix/client/v3/sync?timeout=0"))["next_batch"])
        gate = asyncio.Semaphore(8)

        async def write(number: int) -> None:
            async with gate:
                await authors[number % AUTHORS].send_text(room, f"case-{number:04d}: {TEXT}")

        await asyncio.gather(*map(write, range(POSTS)))

        async def read() -> None:
            """A sync brings the latest of a room, and the way back to the others."""
            found = await server.call("GET", f"/_matrix/client/v3/sync?timeout=0&since={since}")
            timeline = found["rooms"]["join"][room]["timeline"]
            count = sum(event["type"] == "m.room.message" for event in timeline["events"])
            start = str(timeline["prev_batch"])
            while count < POSTS:
                path = f"/_matrix/client/v3/rooms/{quote(room, safe='')}/messages?dir=b&limit=100&from={start}"
                page = await server.call("GET", path)
                count += sum(event["type"] == "m.room.message" for event in page["chunk"])
                start = str(page["end"])

        bare = await timed(read)
        if server.client_session is not None:
            await server.client_session.close()
        return replace(await taken_in(config), bare=bare)


def main() -> None:
    about = machine()
    rows = []

    def row(where: str, found: list[Found]) -> None:
        columns = zip(*map(astuple, found), strict=True)
        committed, handled, shown, work, bare = (statistics.median(column) for column in columns)
        rows.append((where, f"{committed:.0f}", f"{handled:.0f}", f"{shown:.0f}", f"{work:.1f}", f"{bare:.0f}"))

    for where, work in (("Telegram", on_telegram), ("loopback", on_loopback)):
        found = []
        for _ in range(ROUNDS):
            with tempfile.TemporaryDirectory(prefix="baraza-bench-") as name:
                found.append(run(work(Path(name))))
        row(where, found)
    with tempfile.TemporaryDirectory(prefix="baraza-bench-synapse-") as server:
        synapse = started_synapse(Path(server))
        try:
            found = []
            for _ in range(ROUNDS):
                with tempfile.TemporaryDirectory(prefix="baraza-bench-") as name:
                    found.append(run(on_matrix(Path(name), synapse)))
            row("Matrix", found)
        finally:
            detached(synapse.stop)
    head = ("from", "committed/s", "understood/s", "with their cards/s", "CPU ms a post", "read by the bare client/s")
    table(f"{POSTS} posts that wait when the program starts, SQLite, medians of {ROUNDS} ({about})", head, rows)


if __name__ == "__main__":
    main()
