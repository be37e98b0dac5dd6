"""A line between the Matrix adapter and a real homeserver that can be cut, and that can add to what is said on it."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
from aiohttp import web
from yarl import URL

Meddle = Callable[[web.Request], Awaitable[web.StreamResponse | None]]

_HOP = frozenset({"host", "connection", "transfer-encoding", "content-length", "content-encoding", "accept-encoding"})


class MatrixProxy:
    """Listens on a port of 127.0.0.1 that stays the same over ``close`` and ``open``."""

    def __init__(self, homeserver: str) -> None:
        self._homeserver = homeserver
        self._runner: web.AppRunner | None = None
        self._http: aiohttp.ClientSession | None = None
        self.port = 0
        self.requests: list[tuple[str, str]] = []
        """Method and path of everything asked."""
        self.before: Meddle | None = None
        """Looks at a request first; what it returns is the answer."""
        self.cut_after: Callable[[web.Request], bool] = lambda _: False
        """The homeserver carries such a request out, and the line breaks before its answer."""
        self.add_events: dict[str, list[Any]] = {}
        """Room -> events that the next sync answer holds besides its own."""
        self.meddle: Callable[[dict[str, Any]], None] | None = None
        """Changes sync answers."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def open(self) -> None:
        self._http = aiohttp.ClientSession(auto_decompress=True)
        app = web.Application(client_max_size=1 << 26)
        app.router.add_route("*", "/{path:.*}", self._carry)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True).start()
        self.port = self._runner.addresses[0][1]

    async def close(self) -> None:
        """Cut every connection and listen no longer."""
        if self._http is not None:
            await self._http.close()
        if self._runner is not None:
            await self._runner.cleanup()
        self._http = self._runner = None

    async def _carry(self, request: web.Request) -> web.StreamResponse:
        path = request.raw_path
        self.requests.append((request.method, path))
        if self.before is not None and (instead := await self.before(request)) is not None:
            return instead
        return await self.forward(request, path)

    async def forward(self, request: web.Request, path: str) -> web.StreamResponse:
        """Ask the homeserver, by this path instead of the request's own."""
        assert self._http is not None
        is_sync = request.path.endswith("/sync")
        body = await request.read()
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP}
        try:
            async with self._http.request(
                request.method, URL(self._homeserver + path, encoded=True), data=body or None, headers=headers
            ) as answer:
                data, status = await answer.read(), answer.status
                said = {name: value for name, value in answer.headers.items() if name.lower() not in _HOP}
        except (aiohttp.ClientError, RuntimeError) as error:  # the line was cut, or nobody is at the other end
            raise web.HTTPBadGateway from error
        if self.cut_after(request):
            assert request.transport is not None
            request.transport.abort()
            await asyncio.sleep(0)
        if is_sync and status == 200 and (self.add_events or self.meddle):
            data = self._with_more(data)
        return web.Response(status=status, body=data, headers=said)

    def _with_more(self, data: bytes) -> bytes:
        answer = json.loads(data)
        added, self.add_events = self.add_events, {}
        for room, events in added.items():
            section = answer.setdefault("rooms", {}).setdefault("join", {}).setdefault(room, {})
            section.setdefault("timeline", {}).setdefault("events", []).extend(events)
        if self.meddle is not None:
            self.meddle(answer)
        return json.dumps(answer).encode()
