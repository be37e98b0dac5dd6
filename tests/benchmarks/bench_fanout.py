"""One approved post to 1, 10, 50 and 500 groups: Telegram (the simulator without limits), Matrix (a real Synapse).

Beside it, in turns with it, two loops that send to all rooms at once and keep nothing: one calls python-telegram-bot
and matrix-nio as they come, the other what the bridge has made of them. Counted is from the commit of the approval to
the last recorded arrival; CPU is this process's, in which nothing else runs.
"""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import telegram
from nio.client.async_client import AsyncClient
from nio.responses import RoomSendResponse
from pydantic import SecretStr
from telegram.request import HTTPXRequest

from bridge.adapters.matrix.client import HomeServer
from bridge.adapters.matrix.payload import complete
from bridge.adapters.telegram.client import Client
from bridge.adapters.telegram.settings import Settings
from bridge.core.ids import Address, delivery_key
from bridge.playground.botapi import BotApiSimulator, Limits
from bridge.playground.matrix_user import MatrixUser
from bridge.playground.synapse import SynapseServer
from bridge.storage import codec
from tests.benchmarks.common import backlog, machine, run, table
from tests.servers import detached, started_synapse, unique

SIZES = tuple(int(each) for each in os.environ.get("BARAZA_BENCH_GROUPS", "1,10,50,500").split(","))
SENDS = int(os.environ.get("BARAZA_BENCH_SENDS", "1500"))
"""About so many deliveries on either side for each size; at most 50 posts, at least 3."""
TOKEN = "700100:benchmark-token"
Send = Callable[[Address, str, int], Awaitable[object]]
Loop = Callable[[], AbstractAsyncContextManager[Send]]
Taken = tuple[float, float]
"""Groups a second, CPU seconds for each."""


def toml(account: str, chats: Sequence[str]) -> str:
    groups = "".join(f'[[communities.groups]]\nchat = "{chat}"\nintake = "none"\n' for chat in chats)
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
{account}
[[communities]]
id = "hifa"
name = "HIFA"
moderators = ["people:mods"]
moderator_ids = ["people:grace"]
undo_seconds = 0
{groups}"""


async def measure(account: str, chats: Sequence[str], *bare: Loop) -> list[tuple[Taken, ...]]:
    """Of the bridge and of the bare loops, for post after post, in turns."""
    posts = max(3, min(50, SENDS // len(chats)))
    found: list[tuple[Taken, ...]] = []
    async with (
        backlog(toml(account, chats), posts=0) as work,
        work.working() as delivered,
        AsyncExitStack() as stack,
    ):
        loops = [await stack.enter_async_context(loop()) for loop in bare]
        number = 0
        for turn in range(-1, posts):  # the first warms connections up
            await work.approve(1)
            taken = [await timed(len(chats), delivered(len(chats)))]
            await asyncio.sleep(0.3)  # cards are brought up to date
            lines = await work.payloads(1)
            for send in loops:
                calls = (send(lane, payload, number + n) for n, (lane, payload, _) in enumerate(lines))
                taken.append(await timed(len(chats), asyncio.gather(*calls)))
                number += len(lines)
            if turn >= 0:
                found.append(tuple(taken))
    return found


async def timed(count: int, work: Awaitable[object]) -> Taken:
    began, used = time.perf_counter(), time.process_time()
    await work
    return count / (time.perf_counter() - began), (time.process_time() - used) / count


# --- Telegram ---


async def _serve(groups: int) -> None:
    """The simulator, until the standard input ends."""
    async with BotApiSimulator(limits=Limits.unlimited()) as simulator:
        users = simulator.users
        owner = await users.create_user("Owner")
        bot = await users.create_bot("bench_bot", token=TOKEN)
        chats = [
            await users.create_group(f"Group {n}", owner, supergroup=True, members=[bot["id"]]) for n in range(groups)
        ]
        print(json.dumps({"url": simulator.url, "chats": chats}), flush=True)
        await asyncio.to_thread(sys.stdin.read)


@contextmanager
def simulator(groups: int) -> Iterator[dict[str, Any]]:
    """Its address, and the chats of that many groups."""
    command = [sys.executable, "-m", "tests.benchmarks.bench_fanout", "serve", str(groups)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        where: dict[str, Any] = json.loads(process.stdout.readline())
        yield where
        process.stdin.close()


async def on_telegram(url: str, chats: Sequence[int]) -> list[tuple[Taken, ...]]:
    os.environ["BARAZA_BENCH_TOKEN"] = TOKEN
    account = (
        f'[accounts.telegram]\nkind = "telegram"\ntoken = "env:BARAZA_BENCH_TOKEN"\napi_url = "{url}"\n'
        "messages_per_second = 0\ngroup_messages_per_minute = 0\nchat_interval = 0"
    )

    @asynccontextmanager
    async def bare() -> AsyncIterator[Send]:
        client = Client(Settings(kind="telegram", token=SecretStr(TOKEN), api_url=url))
        await client.open()

        async def send(_: Address, payload: str, __: int) -> object:
            params = dict(codec.load_object(payload))
            return await client.call(str(params.pop("method")), params)

        yield send
        await client.close_connections()

    @asynccontextmanager
    async def library() -> AsyncIterator[Send]:
        bot = telegram.Bot(TOKEN, base_url=f"{url}/bot", request=HTTPXRequest(connection_pool_size=128))

        async def send(_: Address, payload: str, __: int) -> object:
            params = dict(codec.load_object(payload))
            return await bot.do_api_request(str(params.pop("method")), params, pool_timeout=60)

        async with bot:
            yield send

    return await measure(account, [f"telegram:{chat}" for chat in chats], bare, library)


# --- Matrix ---


async def rooms_of(synapse: SynapseServer, count: int) -> tuple[list[str], str, str, str]:
    """Rooms in which the bot is already; and its name, token and device."""
    login = await synapse.register(unique("baraza"), displayname="Baraza")
    fatima = await synapse.register(unique("fatima"), displayname="Fatima")
    async with (
        MatrixUser(synapse.url, fatima.user_id, fatima.access_token) as founder,
        MatrixUser(synapse.url, login.user_id, login.access_token) as joiner,
    ):
        rooms = []
        for number in range(count):
            room = await founder.create_room(f"Room {number}", invite=[login.user_id])
            await joiner.join(room)
            rooms.append(room)
    return rooms, login.user_id, login.access_token, login.device_id


async def on_matrix(
    synapse: SynapseServer, rooms: Sequence[str], user: str, token: str, device: str
) -> list[tuple[Taken, ...]]:
    os.environ["BARAZA_BENCH_MATRIX"] = token
    account = (
        f'[accounts.matrix]\nkind = "matrix"\nhomeserver = "{synapse.url}"\nuser_id = "{user}"\n'
        f'access_token = "env:BARAZA_BENCH_MATRIX"\ndevice_id = "{device}"'
    )

    @asynccontextmanager
    async def bare() -> AsyncIterator[Send]:
        server = HomeServer(synapse.url, user)
        server.use_token(token)

        async def send(lane: Address, payload: str, number: int) -> object:
            key = delivery_key(number, "bare")
            content = complete(codec.load_object(payload), key=key, reply_to=None, files={})
            return await server.put(lane.chat, "m.room.message", content, key)

        yield send
        if server.client_session is not None:
            await server.client_session.close()

    @asynccontextmanager
    async def library() -> AsyncIterator[Send]:
        client = AsyncClient(synapse.url, user, device)
        client.restore_login(user, device, token)

        async def send(lane: Address, payload: str, number: int) -> object:
            key = delivery_key(number, "library")
            content = complete(codec.load_object(payload), key=key, reply_to=None, files={})
            answer = await client.room_send(lane.chat, "m.room.message", content, key)
            assert isinstance(answer, RoomSendResponse), answer
            return answer

        yield send
        await client.close()  # type: ignore[no-untyped-call]  # nio left it bare

    return await measure(account, [f"matrix:{room}" for room in rooms], bare, library)


def row(where: str, size: int, found: Sequence[tuple[Taken, ...]]) -> tuple[object, ...]:
    sides = list(zip(*found, strict=True))
    cells: list[object] = [where, size, len(found)]
    for side in sides:
        share = statistics.median(ours[0] / each[0] for ours, each in zip(sides[0], side, strict=True))
        rate, cpu = (statistics.median(each[n] for each in side) for n in (0, 1))
        cells += [f"{rate:.0f}", f"{cpu * 1000:.2f}", *([] if side is sides[0] else [f"{share:.0%}"])]
    return tuple(cells)


def main() -> None:
    about = machine()
    with simulator(max(SIZES)) as where:
        rows = [row("Telegram", size, run(on_telegram(where["url"], where["chats"][:size]))) for size in SIZES]
    with tempfile.TemporaryDirectory(prefix="baraza-bench-synapse-") as name:
        synapse = started_synapse(Path(name))
        try:
            rooms, *login = run(rooms_of(synapse, max(SIZES)))
            rows += [row("Matrix", size, run(on_matrix(synapse, rooms[:size], *login))) for size in SIZES]
        finally:
            detached(synapse.stop)
    head = ["where", "groups", "posts", "deliveries/s", "CPU ms each"]
    for loop in ("our client", "the library"):
        head += [f"{loop}/s", "CPU ms each", "share"]
    table(f"One approved post to many groups, SQLite, in turns with bare loops; medians ({about})", head, rows)


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[2]))) if "serve" in sys.argv[1:] else main()
