"""SIGTERM while platforms are slow: the call in flight is finished and written down, and ten seconds are the most."""

import asyncio
import shutil
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import aiohttp
from aiohttp import web

from bridge.playground.botapi import BotApiSimulator
from tests.acceptance.program import populate, running, write_config
from tests.acceptance.world import World, until
from tests.servers import free_port


class Slow:
    """Stands before the simulator. Messages to some chats it carries out at once and answers late, or never."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.seconds: dict[str, float] = {}
        self.waiting: set[str] = set()

    async def forward(self, request: web.Request) -> web.Response:
        body = await request.read()
        async with aiohttp.ClientSession() as http:
            address = f"{self._url}{request.rel_url}"
            async with http.request(request.method, address, data=body, headers=self._headers(request)) as answer:
                text, status, kind = await answer.read(), answer.status, answer.content_type
        if request.path.endswith("/sendMessage"):
            for chat, seconds in self.seconds.items():
                if chat in body.decode():
                    self.waiting.add(chat)
                    await asyncio.sleep(seconds)
        return web.Response(body=text, status=status, content_type=kind)

    @staticmethod
    def _headers(request: web.Request) -> dict[str, str]:
        return {"Content-Type": request.headers.get("Content-Type", "application/octet-stream")}


@asynccontextmanager
async def slow_platform(url: str) -> AsyncIterator[tuple[Slow, str]]:
    slow = Slow(url)
    application = web.Application(client_max_size=1 << 26)
    application.router.add_route("*", "/{path:.*}", slow.forward)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield slow, f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def test_the_call_in_flight_is_finished(tmp_path: Path) -> None:
    async with BotApiSimulator() as simulator, slow_platform(simulator.url) as (slow, url):
        telegram = await populate(simulator)
        config, _ = write_config(tmp_path, telegram=telegram)
        config.write_text(config.read_text().replace(simulator.url, url))
        tables = World(tmp_path / "tables", free_port())
        await tables.with_tables()
        await asyncio.to_thread(shutil.copy, tables.directory / "baraza.db", tmp_path)
        late, never = str(telegram.kenya), str(telegram.uganda)
        async with running(config) as program:
            await telegram.users.write(telegram.amina, telegram.bot, "Which dose of zinc?")
            await telegram.find(telegram.grace, telegram.mods, "Which dose")
            slow.seconds = {late: 5.0, never: 60.0}
            await telegram.press(telegram.grace, telegram.mods, "Which dose", "Approve")
            await until(lambda: slow.waiting == {late, never}, 30)
            began = time.monotonic()
            assert await program.stop() == 0
            assert time.monotonic() - began < 10.0
        with closing(sqlite3.connect(tmp_path / "baraza.db")) as connection:
            rows = dict(connection.execute("SELECT chat, state FROM delivery WHERE kind = 'post'").fetchall())
        assert rows[late] == "delivered"
        # The other one is in doubt, as after a kill: it is never simply sent again.
        assert rows[never] == "attempting"
        slow.seconds = {}
        async with running(config) as program:
            await telegram.find(telegram.grace, telegram.mods, "may have arrived")
            assert len([m for m in await telegram.messages(telegram.amina, telegram.kenya) if "zinc" in m["text"]]) == 1
            assert (
                len([m for m in await telegram.messages(telegram.daniel, telegram.uganda) if "zinc" in m["text"]]) == 1
            )
