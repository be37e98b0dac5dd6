"""Telegram's flood limits (https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this)."""

import math
from collections import defaultdict, deque
from dataclasses import dataclass

from bridge.playground.botapi.errors import ApiError


@dataclass(frozen=True)
class Limits:
    """How much a bot may send; None switches a limit off. Times are seconds."""

    chat_interval: float | None = 1.0
    group_per_minute: int | None = 20
    bot_per_second: int | None = 30
    #: A sender that waits exactly one second may arrive this much early by its own clock.
    jitter: float = 0.015

    @classmethod
    def unlimited(cls) -> "Limits":
        """Return limits that never refuse."""
        return cls(chat_interval=None, group_per_minute=None, bot_per_second=None)


class RateLimiter:
    """Counts what each bot sends; a refused call is not counted."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._last: dict[tuple[int, str], float] = {}
        self._group: dict[tuple[int, str], deque[float]] = defaultdict(deque)
        self._bot: dict[int, deque[float]] = defaultdict(deque)

    def spend(self, bot_id: int, chat_key: str, now: float, *, group: bool, count: int = 1) -> None:
        """Count a message, an edit or the `count` items of an album; raise the 429 that Telegram would answer."""
        limits, chat = self.limits, (bot_id, chat_key)
        waits = [self._bot_wait(bot_id, now, count)]
        if limits.chat_interval is not None and chat in self._last:
            waits.append(self._last[chat] + limits.chat_interval - limits.jitter - now)
        if limits.group_per_minute is not None and group:
            window = self._group[chat]
            while window and window[0] <= now - 60 + limits.jitter:
                window.popleft()
            waits.append(_room_after(window, count, limits.group_per_minute, 60, now))
        self._refuse(max(waits))
        self._last[chat] = now
        self._count(bot_id, now, count)
        if group and limits.group_per_minute is not None:
            self._group[chat].extend([now] * count)

    def spend_call(self, bot_id: int, now: float) -> None:
        """Count a call that meets only the limit over the whole bot (deletions, reactions)."""
        self._refuse(self._bot_wait(bot_id, now))
        self._count(bot_id, now)

    def _count(self, bot_id: int, now: float, count: int = 1) -> None:
        if self.limits.bot_per_second is not None:
            self._bot[bot_id].extend([now] * count)

    def _bot_wait(self, bot_id: int, now: float, count: int = 1) -> float:
        if self.limits.bot_per_second is None:
            return 0.0
        window = self._bot[bot_id]
        while window and window[0] <= now - 1 + self.limits.jitter:
            window.popleft()
        return _room_after(window, count, self.limits.bot_per_second, 1, now)

    @staticmethod
    def _refuse(wait: float) -> None:
        if wait > 0:
            seconds = max(1, math.ceil(wait))
            raise ApiError(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)


def _room_after(window: deque[float], count: int, limit: int, seconds: float, now: float) -> float:
    """Return how long it takes until `count` more fit beside what was sent in the last `seconds`."""
    excess = min(len(window) + count - limit, len(window))
    return window[excess - 1] + seconds - now if excess > 0 else 0.0
