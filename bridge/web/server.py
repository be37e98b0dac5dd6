"""aiohttp: the adapters' webhooks, ``/healthz`` (alive), ``/readyz`` (fit for work), ``/metrics`` (Prometheus)."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime

import structlog
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

from bridge.core.clock import Clock
from bridge.core.errors import ConfigError, StorageUnavailable
from bridge.core.ports import Health
from bridge.core.tally import Tally
from bridge.core.webhooks import Route, WebRequest
from bridge.storage import database, ledger
from bridge.web import metrics
from bridge.web.pages import Pages
from bridge.web.visitors import THIS_MACHINE, Networks, Strangers, caller_of, forwarded, grouped, networks

log = structlog.get_logger()
_STRANGERS, _EACH = 60, 10.0
"""Calls of one address that know no secret, at once; and the seconds until one more is heard out."""

_PATIENCE = 2.0
"""Seconds that the database has to answer whoever asks how we are."""


class WebServer:
    """Listens on one address. ``health`` tells the state of every account."""

    def __init__(
        self,
        host: str,
        port: int,
        routes: Sequence[Route],
        health: Callable[[], Mapping[str, Health]],
        clock: Clock,
        pages: Pages | None = None,
        counts: Tally | None = None,
        trusted_proxies: Sequence[str] = (),
        sharing: Callable[[], Mapping[str, object]] | None = None,
    ) -> None:
        self._sharing = sharing or dict
        self._counts = counts or Tally()
        self._host = host
        self._port = port
        self._health = health
        self._clock = clock
        application = web.Application(client_max_size=max((1 << 20, *(route.max_body for route in routes))))
        strangers = Strangers(_STRANGERS, _EACH, clock.monotonic)
        application.router.add_get("/healthz", self._alive)
        application.router.add_get("/readyz", self._ready)
        application.router.add_get("/metrics", self._metrics)
        for route in routes:
            application.router.add_route(route.method, route.path, mounted(route, strangers, networks(trusted_proxies)))
        if pages is not None:
            pages.add_to(application)
        self._question: asyncio.Task[datetime | None] | None = None
        # Whoever is in the middle of a request when the program stops asks again: nothing was acknowledged.
        self._runner = web.AppRunner(application, access_log=None, handle_signals=False, shutdown_timeout=0.5)

    async def start(self) -> None:
        """Raises ConfigError where the address is taken or not ours."""
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._port).start()
        except OSError as error:
            raise ConfigError(
                f"web.listen: {self._host}:{self._port} cannot be used ({error.strerror or error}): "
                "stop the other program there, or choose another port"
            ) from error

    async def stop(self) -> None:
        if self._question is not None:
            self._question.cancel()
        await self._runner.cleanup()

    async def _alive(self, _: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def _ready(self, _: web.Request) -> web.Response:
        accounts = self._health()
        try:
            oldest = await self._oldest()
            answering = True
        except StorageUnavailable:
            oldest, answering = None, False
        ready = answering and all(health.connected for health in accounts.values())
        age = None if oldest is None else max(0.0, round((self._clock.now() - oldest).total_seconds(), 1))
        body = {
            "ready": ready,
            "database": answering,
            "oldest_undelivered_seconds": age,
            "accounts": {
                name: {"connected": health.connected, "detail": health.detail} for name, health in accounts.items()
            },
            **self._sharing(),
        }
        return web.json_response(body, status=200 if ready else 503)

    async def _oldest(self) -> datetime | None:
        """When the oldest undelivered message was planned; raises StorageUnavailable where nobody answers soon.

        A question to a database that stands still is not given up, which takes as long: the next call waits for it.
        """
        if self._question is None or self._question.done():
            self._question = asyncio.create_task(_ask())
            # Perhaps nobody asks any more when it ends: what it raises then is no defect.
            self._question.add_done_callback(lambda done: done.cancelled() or done.exception())
        await asyncio.wait({self._question}, timeout=_PATIENCE)
        if not self._question.done():
            raise StorageUnavailable
        return self._question.result()

    async def _metrics(self, _: web.Request) -> web.Response:
        try:
            body = await metrics.collect(self._health(), self._clock.now(), self._counts, self._sharing())
        except StorageUnavailable:
            return web.Response(status=503, text="the database does not answer\n")
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})


async def _ask() -> datetime | None:
    await database.ping()
    return await ledger.oldest_undelivered()


def mounted(
    route: Route, strangers: Strangers | None = None, trusted: Networks = ()
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """A route as the web server serves it. ``strangers``: how often an address may call without being let in."""

    async def handler(request: web.Request) -> web.StreamResponse:
        remote = _remote(request, trusted)
        who = grouped(remote)
        if strangers is not None and not strangers.heard(who):
            return web.Response(status=429, text="too many calls\n", headers={"Retry-After": str(strangers.wait)})
        if request.content_length is not None and request.content_length > route.max_body:
            return web.Response(status=413, text="too large\n")
        body = await request.read()
        if len(body) > route.max_body:
            return web.Response(status=413, text="too large\n")
        reply = await route.handler(
            WebRequest(
                method=request.method,
                path=request.path,
                headers={name.lower(): value for name, value in request.headers.items()},
                query=dict(request.query),
                body=body,
                target=request.raw_path,
                remote=remote,
            )
        )
        if strangers is not None and reply.status in (401, 403, 404):
            strangers.refused(who)
        elif strangers is not None and 200 <= reply.status < 300:
            strangers.let_in(who)
        return web.Response(status=reply.status, body=reply.body, headers={"Content-Type": reply.content_type})

    return handler


def _remote(request: web.Request, trusted: Networks) -> str:
    """Who asks. A proxy on this machine, or one that the config names, says it in X-Forwarded-For; others' word is
    not taken."""
    peer = request.remote or ""
    said = forwarded(request)
    # Without an address it came by a socket in the file system.
    return caller_of(peer or "127.0.0.1", said, (*THIS_MACHINE, *trusted)) if said else peer
