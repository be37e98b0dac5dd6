"""A post that may have been sent is looked for among the messages around it, where the platform has no better way."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import structlog

from bridge.core.capabilities import Pace
from bridge.core.clock import Clock
from bridge.core.ids import AccountId, Address, ChatId, RemoteRef
from bridge.core.ports import CanSearch, Doubt, Limited, Outgoing
from bridge.core.states import DeliveryStep
from bridge.delivery.directory import Directory
from bridge.delivery.pacing import Pacer
from bridge.storage.models import Delivery
from bridge.storage.neighbours import neighbours

log = structlog.get_logger()

OVER = timedelta(seconds=60)
"""After this long, a call whose connection was cut is carried out no more: what is sent then comes after it."""
PATIENCE = timedelta(minutes=10)
"""So long it is looked again; then a person is asked."""
_TIMEOUT = 240.0
_WAITING = 4
"""Searches on one account that wait for each other: more would keep doubts of other platforms waiting."""


class Search:
    """Asks the adapters that can search; what they cannot tell goes to a person."""

    def __init__(
        self, directory: Directory, pacer: Pacer, outgoing: Callable[[Delivery], Outgoing], clock: Clock
    ) -> None:
        self._directory = directory
        self._pacer = pacer
        self._outgoing = outgoing
        self._clock = clock
        self._newest: datetime | None = None
        self._set_back: datetime | None = None
        """What was attempted before this may have been attempted by another time."""
        self._asked: Counter[str] = Counter()
        self._one: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def judge(self, adapter: CanSearch, row: Delivery) -> tuple[DeliveryStep | None, tuple[RemoteRef, ...]]:
        """As ``doubt.Judge.judge``."""
        self.notice(self._clock.now())
        desk, chats = self._desk(row), adapter.numbered_with(row.address.chat)
        if desk is None or not chats or desk in chats:
            return DeliveryStep.PARK, ()
        if not row.payload:  # of before a restore, and never composed since
            return DeliveryStep.PARK, ()
        if self._asked[row.account] >= _WAITING:
            return self._later(row), ()
        self._asked[row.account] += 1
        try:
            async with self._one[row.account]:
                return await self._judge(adapter, row, desk, chats)
        finally:
            self._asked[row.account] -= 1

    def notice(self, now: datetime) -> None:
        """To be called often: a clock that is set back is seen here."""
        if self._newest is not None and now < self._newest:
            self._set_back = self._newest
        self._newest = now

    def _in_order(self, since: datetime) -> bool:
        """Do times say which message was there before a row's attempt?"""
        return since <= self._clock.now() and (self._set_back is None or since > self._set_back)

    def _later(self, row: Delivery) -> DeliveryStep | None:
        over = self._clock.now() > (row.attempted_at or row.planned_at) + PATIENCE
        return DeliveryStep.PARK if over else None

    async def _judge(
        self, adapter: CanSearch, row: Delivery, desk: ChatId, chats: Sequence[ChatId]
    ) -> tuple[DeliveryStep | None, tuple[RemoteRef, ...]]:
        started = row.attempted_at or row.planned_at
        around = await neighbours(row, chats, started + OVER)
        outgoing = self._outgoing(row)
        if any(adapter.alike(outgoing.payload, other) for other in around.rivals):
            return DeliveryStep.PARK, ()
        doubt = Doubt(
            outgoing=outgoing,
            since=row.first_attempt_at or started,
            until=started,
            desk=desk,
            earlier=around.earlier,
            later=around.later,
            known=around.known,
        )
        try:
            async with asyncio.timeout(_TIMEOUT):
                found = await adapter.search(doubt, lambda chat: self._turn(row.address.account, chat))
        except LookupError as error:
            log.info("search_settles_nothing", id=row.id, account=row.account, why=str(error))
            return DeliveryStep.PARK, ()
        except Exception as error:  # whatever it is, it must end before a person, not go on for ever
            log.info("search_not_now", id=row.id, account=row.account, error=type(error).__name__)
            return self._later(row), ()
        if found is None:
            return DeliveryStep.REPLAY if self._in_order(doubt.since) else DeliveryStep.PARK, ()
        around = await neighbours(row, chats, started + OVER)
        rival = any(adapter.alike(outgoing.payload, other) for other in around.rivals)
        if rival or found.message in around.known:  # another row that says the same was sent meanwhile
            return self._later(row), ()
        return DeliveryStep.FOUND, (found,)

    def _desk(self, row: Delivery) -> ChatId | None:
        """Where the moderators of the row's community are on the same account."""
        desks = self._directory.desks.get(row.community, ())
        return next((desk.chat for desk in desks if desk.account == row.account), None)

    @asynccontextmanager
    async def _turn(self, account: AccountId, chat: ChatId) -> AsyncIterator[None]:
        """A call beside those of the ledger, which spends from the same limits."""
        address = Address(account, chat)
        capabilities = self._directory.capabilities(address)
        pace = Pace() if capabilities is None else capabilities.pace
        while (at := self._pacer.ready_at(address, pace, now := self._clock.now())) > now:
            await self._clock.sleep((at - now).total_seconds())
        self._pacer.attempted(address, now)
        self._pacer.started(address, now)
        try:
            yield
        except Limited as error:
            now = self._clock.now()
            self._pacer.limited(address, now + error.wait, pace, now=now)
            raise
        finally:
            self._pacer.answered(address, self._clock.now())
