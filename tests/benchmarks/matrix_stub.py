"""A homeserver that keeps nothing: answers every send at once or after a fixed delay. Runs as a process of its own.

``python -m tests.benchmarks.matrix_stub MILLISECONDS`` prints its address and ends with its standard input.
"""

import asyncio
import itertools
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

USER, DEVICE, TOKEN = "@baraza:stub", "BENCH", "bench-token"
_IDLE = 20.0


async def _serve(milliseconds: float) -> None:
    numbers = itertools.count(1)
    delay = milliseconds / 1000

    async def send(_: web.Request) -> web.Response:
        if delay:
            await asyncio.sleep(delay)
        return web.json_response({"event_id": f"$event{next(numbers)}"})

    async def sync(request: web.Request) -> web.Response:
        if request.query.get("since") and request.query.get("timeout") != "0":
            await asyncio.sleep(_IDLE)
        return web.json_response({"next_batch": "s1"})

    async def whoami(_: web.Request) -> web.Response:
        return web.json_response({"user_id": USER, "device_id": DEVICE})

    async def join(request: web.Request) -> web.Response:
        return web.json_response({"room_id": request.match_info["room"]})

    async def joined(_: web.Request) -> web.Response:
        return web.json_response({"joined_rooms": []})

    async def nothing(_: web.Request) -> web.Response:
        return web.json_response({"errcode": "M_NOT_FOUND", "error": "nothing is kept here"}, status=404)

    app = web.Application()
    v3 = "/_matrix/client/v3"
    app.router.add_put(v3 + "/rooms/{room}/send/{kind}/{transaction}", send)
    app.router.add_get(v3 + "/sync", sync)
    app.router.add_get(v3 + "/account/whoami", whoami)
    app.router.add_post(v3 + "/join/{room}", join)
    app.router.add_get(v3 + "/joined_rooms", joined)
    app.router.add_route("*", "/{rest:.*}", nothing)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(f"http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()


@asynccontextmanager
async def stub(milliseconds: float) -> AsyncIterator[str]:
    """The address of a running stub."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.benchmarks.matrix_stub",
        str(milliseconds),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield (await process.stdout.readline()).decode().strip()
    finally:
        process.stdin.close()
        await process.wait()


if __name__ == "__main__":
    asyncio.run(_serve(float(sys.argv[1])))
