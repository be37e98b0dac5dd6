"""What a platform says of a group that somebody wants to connect or disconnect, and of whoever wants it."""

import asyncio

import structlog

from bridge.core.clock import Clock
from bridge.core.events import InboundEvent, MessagePosted
from bridge.core.ports import CanDescribe, ChatFacts
from bridge.delivery.directory import Directory
from bridge.intake import bridging

log = structlog.get_logger()
_SECONDS = 10.0
"""The longest that a platform is waited for."""
_AGAIN = 5.0
"""For so many seconds what was told is taken as still true: who asks a hundred times is looked at once."""
_MOST = 200

Looked = tuple[ChatFacts | None, bool]
"""The group, and whether the sender runs it."""


class Looks:
    """Asks platforms, and remembers for a moment what they said."""

    def __init__(self, directory: Directory, clock: Clock) -> None:
        self._directory = directory
        self._clock = clock
        self._known: dict[tuple[str, str, str], tuple[float, Looked]] = {}

    async def at(self, event: InboundEvent) -> Looked:
        """Asked before the transaction; what cannot be told now is not known."""
        asked = bridging.parse(event)
        adapter: object = self._directory.adapter(event.account)
        if asked is None or not isinstance(event, MessagePosted) or not isinstance(adapter, CanDescribe):
            return None, False
        about = (event.account, event.chat, event.sender.ref.user if asked.name == "unbridge" else "")
        now = self._clock.monotonic()
        if about in self._known and now - self._known[about][0] < _AGAIN:
            return self._known[about][1]
        found: Looked = (None, False)
        try:
            async with asyncio.timeout(_SECONDS):
                if asked.name == "unbridge":
                    found = None, await adapter.administers(event.chat, event.sender.ref.user)
                else:
                    found = await adapter.describe(event.chat), False
        except OSError as error:  # a TimeoutError is one
            log.warning("group_not_described", account=event.account, error=type(error).__name__)
        self._known.pop(about, None)
        self._known[about] = (now, found)
        while len(self._known) > _MOST:
            del self._known[next(iter(self._known))]
        return found
