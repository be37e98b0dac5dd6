"""The running simulation: the state, the clock, the limits and who waits for what."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Any

from bridge.playground.botapi.errors import ApiError
from bridge.playground.botapi.limits import Limits, RateLimiter
from bridge.playground.botapi.state import BotQueue, JsonObject, State

_KIND_NAMES = (
    "message edited_message channel_post edited_channel_post business_connection "
    "business_message edited_business_message deleted_business_messages guest_message message_reaction "
    "message_reaction_count inline_query chosen_inline_result callback_query shipping_query "
    "pre_checkout_query purchased_paid_media poll poll_answer my_chat_member "
    "chat_member chat_join_request chat_boost removed_chat_boost managed_bot"
)
#: Every kind of update of the Bot API; a list of `allowed_updates` may name no other.
UPDATE_KINDS = frozenset(_KIND_NAMES.split())
#: Sent only to bots that ask for them (https://core.telegram.org/bots/api#getupdates).
ON_REQUEST = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
UPDATE_LIFETIME = 24 * 3600.0


class World:
    """Joins the state with time, limits and waiting; the methods and the users' side act on it."""

    def __init__(
        self,
        state: State | None = None,
        *,
        limits: Limits | None = None,
        clock: Callable[[], float] = time.time,
        callback_lifetime: float = 60.0,
    ) -> None:
        self.state = state or State()
        self.clock = clock
        self.limiter = RateLimiter(limits or Limits())
        self.callback_lifetime = callback_lifetime
        self.version = 0
        self.on_change: Callable[[], None] = lambda: None
        self._changed = asyncio.Event()
        self._arrived: dict[int, asyncio.Event] = {}
        self._polls: dict[int, asyncio.Future[None]] = {}

    def now(self) -> int:
        """Return the time as messages carry it, in whole seconds since 1970."""
        return int(self.clock())

    def touch(self) -> None:
        """Note that something changed: wakes pages that wait and the writer of the state file."""
        self.version += 1
        self._changed.set()
        self._changed = asyncio.Event()
        self.on_change()

    async def wait_for_change(self, since: int, timeout: float) -> int:
        """Return the change counter as soon as it is past `since`, or after `timeout` seconds as it is."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                while self.version <= since:
                    await self._changed.wait()
        return self.version

    async def wait_until(self, condition: Callable[[], bool], timeout: float) -> bool:
        """Wait until `condition` holds, looking after every change; return whether it does."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                while not condition():
                    await self._changed.wait()
        return condition()

    # Updates

    def queue(self, bot_id: int) -> BotQueue:
        """Return a bot's queue of updates."""
        return self.state.queues.setdefault(bot_id, BotQueue())

    def arrival(self, bot_id: int) -> asyncio.Event:
        """Return the event that is set when the bot's queue may have something new."""
        return self._arrived.setdefault(bot_id, asyncio.Event())

    def push(self, bot_id: int, kind: str, payload: JsonObject) -> None:
        """Queue an update for a bot, unless it did not ask for this kind."""
        queue = self.queue(bot_id)
        if kind not in queue.allowed if queue.allowed else kind in ON_REQUEST:
            return
        queue.pending.append({"update_id": queue.next_id, kind: payload})
        queue.dates.append(self.clock())
        queue.next_id += 1
        self.arrival(bot_id).set()
        self.touch()

    def drop_expired(self, bot_id: int) -> None:
        """Forget updates that waited longer than Telegram keeps them."""
        queue = self.queue(bot_id)
        while queue.dates and queue.dates[0] < self.clock() - UPDATE_LIFETIME:
            del queue.dates[0], queue.pending[0]

    def confirm(self, bot_id: int, offset: int) -> None:
        """Drop every update below `offset`; a negative offset keeps only that many of the newest."""
        queue = self.queue(bot_id)
        keep = [n for n, update in enumerate(queue.pending) if update["update_id"] >= offset]
        count = len(queue.pending) - len(keep) if offset > 0 else max(0, len(queue.pending) + offset)
        if offset and count:
            del queue.pending[:count], queue.dates[:count]
            self.touch()

    async def poll(self, bot_id: int, limit: int, timeout: float) -> list[JsonObject]:
        """Wait up to `timeout` seconds for updates; a second poll ends the first one with 409."""
        self.end_poll(bot_id, "terminated by other getUpdates request; make sure that only one bot instance is running")
        ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._polls[bot_id] = ended
        try:
            return await self._poll(bot_id, limit, timeout, ended)
        finally:
            if self._polls.get(bot_id) is ended:
                del self._polls[bot_id]
            if not ended.cancel() and not ended.cancelled():
                ended.exception()  # seen: a poll whose client went away has nobody to tell

    async def _poll(self, bot_id: int, limit: int, timeout: float, ended: "asyncio.Future[None]") -> list[JsonObject]:
        deadline = asyncio.get_running_loop().time() + timeout
        while True:
            if ended.done():
                ended.result()
            self.drop_expired(bot_id)
            queue = self.queue(bot_id)
            left = deadline - asyncio.get_running_loop().time()
            if queue.pending or left <= 0:
                return queue.pending[:limit]
            arrival = self.arrival(bot_id)
            arrival.clear()
            waiter: asyncio.Future[Any] = asyncio.ensure_future(arrival.wait())
            try:
                await asyncio.wait({waiter, ended}, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            finally:
                waiter.cancel()

    def end_poll(self, bot_id: int, reason: str) -> None:
        """Fail the bot's running long poll, if there is one, with 409."""
        running = self._polls.get(bot_id)
        if running is not None and not running.done():
            running.set_exception(ApiError(409, f"Conflict: {reason}"))

    def spend(self, bot_id: int, chat: Any, count: int = 1) -> None:
        """Count messages or an edit against the limits; raise 429 when there were too many."""
        self.limiter.spend(bot_id, chat.key, self.clock(), group=chat.is_group, count=count)
