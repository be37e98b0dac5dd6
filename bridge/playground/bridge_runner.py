"""Runs the real program as a task of the demo, and starts it again where it ends by itself."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import structlog

from bridge import app, logs
from bridge.config import load
from bridge.core.errors import BarazaError

log = structlog.get_logger()
STOP_SECONDS = 4.0
"""How long the end of the demo waits for the bridge."""
RESTART_SECONDS = 20.0
_FIRST_PAUSE, _LONGEST_PAUSE = 2.0, 30.0


class BridgeRunner:
    """The bridge on one config file. ``words`` say how it is, for the page."""

    def __init__(self, log_file: Path, *, changed: Callable[[], None]) -> None:
        self.words = "starting"
        self.is_running = False
        self._changed = changed
        self._log = log_file.open("a", encoding="utf-8")
        self._task: asyncio.Task[None] | None = None
        logs.configure(format="console", stream=self._log)

    @property
    def is_started(self) -> bool:
        """Was the bridge started before, whatever became of it?"""
        return self._task is not None

    async def start(self, config: Path) -> None:
        """Run on this config; a bridge that runs already is stopped first, cleanly."""
        await self._end(RESTART_SECONDS)
        self._say("starting")
        self._task = asyncio.create_task(self._supervise(config), name="bridge")

    async def stop(self) -> None:
        """Stop the bridge and close its log. May be called once."""
        await self._end(STOP_SECONDS)
        logs.configure(format="console")
        self._log.close()

    async def _end(self, timeout: float) -> None:
        task, self._task = self._task, None
        if task is None:
            return
        task.cancel()
        _, late = await asyncio.wait([task], timeout=timeout)
        if late:
            log.error("bridge_does_not_stop", seconds=timeout)

    async def _supervise(self, path: Path) -> None:
        pause = _FIRST_PAUSE
        while True:
            try:
                config = load(path)
                logs.configure(format="console", secrets=config.secrets, stream=self._log)
                await app.run(config, ready=lambda: self._say("running", is_running=True))
                reason = "it ended by itself"
            except BarazaError as error:
                reason = str(error)
            except Exception as error:  # the page stays open and says it, whatever it is
                log.exception("bridge_failed")
                reason = f"{type(error).__name__}, see the log {self._log.name}"
            self._say(f"stopped ({reason}); starting again in {pause:.0f} s")
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _say(self, words: str, *, is_running: bool = False) -> None:
        self.words, self.is_running = words, is_running
        self._changed()
