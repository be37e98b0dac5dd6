"""What a call of the Bot API costs the processor: our backend beside the one that python-telegram-bot brings along.

`sendMessage` goes to the simulator without limits, a process of its own, with 1, 10 and 50 calls under way. Beside both
stands the floor: the same request by aiohttp alone, whose answer is parsed and nothing else.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from statistics import median

import aiohttp
from telegram._utils.types import JSONDict
from telegram.request import BaseRequest, HTTPXRequest, RequestData
from telegram.request._requestparameter import RequestParameter

from bridge.adapters.telegram.request import AiohttpRequest
from bridge.playground.botapi import BotApiSimulator, Limits
from tests.benchmarks.common import TEXT, machine, table

CALLS = int(os.environ.get("BARAZA_BENCH_CALLS", "1000"))
ROUNDS = int(os.environ.get("BARAZA_BENCH_ROUNDS", "3"))
UNDER_WAY = (1, 10, 50)
TOKEN = "700100:benchmark-token"
Call = Callable[[], Awaitable[object]]
Measure = Callable[[int], Coroutine[None, None, tuple[float, float]]]


async def _serve() -> None:
    """Until the standard input ends."""
    async with BotApiSimulator(limits=Limits.unlimited()) as simulator:
        owner = await simulator.users.create_user("Owner")
        bot = await simulator.users.create_bot("bench_bot", token=TOKEN)
        group = await simulator.users.create_group("Group", owner, supergroup=True, members=[bot["id"]])
        print(json.dumps({"url": f"{simulator.url}/bot{TOKEN}/sendMessage", "chat_id": group}), flush=True)
        await asyncio.to_thread(sys.stdin.read)


@contextmanager
def _simulator() -> Iterator[tuple[str, JSONDict]]:
    command = [sys.executable, "-m", "tests.benchmarks.bench_telegram_request", "serve"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        where = json.loads(process.stdout.readline())
        yield where["url"], {"chat_id": where["chat_id"], "text": TEXT, "disable_notification": True}
        process.stdin.close()


async def _timed(call: Call, under_way: int) -> tuple[float, float]:
    """Calls a second, and milliseconds of the processor that each took in this process."""
    left = CALLS

    async def lane() -> None:
        nonlocal left
        while left > 0:
            left -= 1
            await call()

    await asyncio.gather(*(call() for _ in range(under_way)))  # the connections are there
    began, used = time.perf_counter(), time.process_time()
    await asyncio.gather(*(lane() for _ in range(under_way)))
    return CALLS / (time.perf_counter() - began), (time.process_time() - used) / CALLS * 1000


async def _library(request: BaseRequest, url: str, params: JSONDict, under_way: int) -> tuple[float, float]:
    data = RequestData([RequestParameter.from_input(name, value) for name, value in params.items()])
    async with request:
        return await _timed(lambda: request.post(url, data), under_way)


async def _bare(url: str, params: JSONDict, under_way: int) -> tuple[float, float]:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=64)) as session:

        async def call() -> object:
            async with session.post(url, json=params) as response:
                return json.loads(await response.read())["result"]

        return await _timed(call, under_way)


def main() -> None:
    about = machine()
    rows = []
    with _simulator() as (url, params):
        for under_way in UNDER_WAY:
            ways: dict[str, Measure] = {
                "bare aiohttp": lambda count: _bare(url, params, count),
                "ours, over aiohttp": lambda count: _library(AiohttpRequest(), url, params, count),
                "the library's, over httpx": lambda count: _library(
                    HTTPXRequest(connection_pool_size=64), url, params, count
                ),
            }
            for name, measure in ways.items():
                found = [asyncio.run(measure(under_way)) for _ in range(ROUNDS)]
                rate, used = (median(column) for column in zip(*found, strict=True))
                rows.append((under_way, name, f"{rate:.0f}", f"{used:.2f}"))
    head = ("under way", "request", "calls/s", "CPU ms a call")
    table(f"sendMessage to the simulator, {CALLS} calls, median of {ROUNDS} ({about})", head, rows)


if __name__ == "__main__":
    asyncio.run(_serve()) if "serve" in sys.argv[1:] else main()
