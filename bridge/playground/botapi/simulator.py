"""Starts and stops the simulator."""

import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web

from bridge.playground.botapi.faults import Faults
from bridge.playground.botapi.limits import Limits
from bridge.playground.botapi.persistence import StateFile
from bridge.playground.botapi.server import ApiServer
from bridge.playground.botapi.state import State
from bridge.playground.botapi.users import UsersSide
from bridge.playground.botapi.webhook import WebhookSender
from bridge.playground.botapi.world import World


class BotApiSimulator:
    """A strict Bot API server on this machine; an async context manager.

    `users` is the people's side, `state` what Telegram remembers. Times are seconds.
    """

    def __init__(
        self,
        *,
        limits: Limits | None = None,
        state_file: Path | None = None,
        clock: Callable[[], float] = time.time,
        callback_lifetime: float = 60.0,
        webhook_retry_seconds: float = 1.0,
    ) -> None:
        self._file = StateFile(state_file) if state_file is not None else None
        stored = self._file.read() if self._file is not None else None
        self.world = World(stored, limits=limits, clock=clock, callback_lifetime=callback_lifetime)
        self.users = UsersSide(self.world)
        self.faults = Faults()
        self._webhooks = WebhookSender(self.world, retry_seconds=webhook_retry_seconds)
        self._server = ApiServer(self.world, self.users, self.faults, self._webhooks.ensure)
        self._runner: web.AppRunner | None = None
        self._url: str | None = None

    @property
    def state(self) -> State:
        """What the simulated Telegram remembers."""
        return self.world.state

    @property
    def url(self) -> str:
        """The address to put in the place of https://api.telegram.org, without a slash at its end."""
        if self._url is None:
            raise RuntimeError("start the simulator before asking for its address")
        return self._url

    @property
    def latency(self) -> float:
        """Seconds that every call waits before it is carried out."""
        return self._server.latency

    @latency.setter
    def latency(self, seconds: float) -> None:
        self._server.latency = seconds

    @property
    def limits(self) -> Limits:
        """The flood limits; they may be replaced at any time."""
        return self.world.limiter.limits

    @limits.setter
    def limits(self, limits: Limits) -> None:
        self.world.limiter.limits = limits

    def fail_next(self, method: str, fault: int | str, times: int = 1, retry_after: int = 1) -> None:
        """Make the next calls of `method` fail; see `Faults.fail_next`."""
        self.faults.fail_next(method, fault, times, retry_after)

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> str:
        """Listen and return the address; port 0 takes a free one."""
        self._runner = web.AppRunner(self._server.app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        await site.start()
        bound_host, bound_port = self._runner.addresses[0][:2]
        self._url = f"http://{f'[{bound_host}]' if ':' in bound_host else bound_host}:{bound_port}"
        if self._file is not None:
            self._file.start(self.world)
        self._webhooks.ensure()
        return self._url

    async def stop(self) -> None:
        """End polls and webhooks, close the door and write the state file."""
        await self._webhooks.stop()
        for bot_id in list(self.state.queues):
            self.world.end_poll(bot_id, "terminated by the server's stop")
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        if self._file is not None:
            await self._file.stop()
        self._url = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()
