"""Posts a bot's updates to its webhook: in order, one at a time, each until the bot answers 2xx."""

import asyncio
import contextlib

import aiohttp

from bridge.playground.botapi.state import BotQueue
from bridge.playground.botapi.world import World


class WebhookSender:
    """One background task for each bot that ever had a webhook."""

    def __init__(self, world: World, *, retry_seconds: float = 1.0, timeout_seconds: float = 60.0) -> None:
        self._world = world
        self._retry_seconds = retry_seconds
        self._timeout = aiohttp.ClientTimeout(total=timeout_seconds)
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._session: aiohttp.ClientSession | None = None

    def ensure(self) -> None:
        """Start the task of every bot that has a webhook now."""
        for bot_id, queue in self._world.state.queues.items():
            if queue.webhook_url and bot_id not in self._tasks:
                self._tasks[bot_id] = asyncio.create_task(self._run(bot_id), name=f"webhook of bot {bot_id}")

    async def stop(self) -> None:
        """End all tasks; what was not delivered stays queued."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        self._tasks.clear()
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _run(self, bot_id: int) -> None:
        arrival = self._world.arrival(bot_id)
        while True:
            self._world.drop_expired(bot_id)
            queue = self._world.queue(bot_id)
            if not queue.webhook_url or not queue.pending:
                arrival.clear()
                await arrival.wait()
            elif not await self._post(queue):
                # A change of the webhook or a new update ends the pause early.
                arrival.clear()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(arrival.wait(), self._retry_seconds)

    async def _post(self, queue: BotQueue) -> bool:
        update, url = queue.pending[0], queue.webhook_url
        headers = {"X-Telegram-Bot-Api-Secret-Token": queue.webhook_secret} if queue.webhook_secret else {}
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=self._timeout)
        try:
            async with self._session.post(url, json=update, headers=headers, allow_redirects=False) as answer:
                failure = (
                    None
                    if answer.ok and answer.status < 300
                    else f"Wrong response from the webhook: {answer.status} {answer.reason}"
                )
        except (aiohttp.ClientError, OSError):
            failure = "Connection refused"
        except TimeoutError:
            failure = "Read timeout expired"
        if failure is None:
            if queue.pending and queue.pending[0] is update:
                del queue.pending[0], queue.dates[0]
                self._world.touch()
            return True
        queue.last_error_date, queue.last_error_message = self._world.now(), failure
        return False
