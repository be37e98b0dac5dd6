"""What to do with a message that may have been sent: asked anew every time, and never in the way of other lanes."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

import structlog

from bridge.core.capabilities import Guarantee
from bridge.core.clock import Clock
from bridge.core.errors import StorageUnavailable
from bridge.core.ids import RemoteRef, delivery_key
from bridge.core.ports import CanLookUp, CanSearch
from bridge.core.states import DeliveryStep
from bridge.delivery.directory import Directory
from bridge.delivery.searching import Search
from bridge.storage import ledger
from bridge.storage.bells import delivery_bell
from bridge.storage.database import UNAVAILABLE
from bridge.storage.leases import Held
from bridge.storage.models import Delivery
from bridge.storage.tracing import Tracer

log = structlog.get_logger()

AT_ONCE = 4
"""Rows in doubt of one account that are looked into at the same time: where it answers nothing, others go on."""
LOOK_UP_TIMEOUT = 30.0
REPEATS = 8
"""How often a notice that may have arrived is sent again."""
Refs = tuple[RemoteRef, ...]
_ASK_AGAIN = timedelta(seconds=30)
_SET_BACK = timedelta(minutes=1)


class Judge:
    """Settles rows in doubt, each in a task of its own: a platform that cannot be asked holds up nobody else."""

    def __init__(
        self,
        directory: Directory,
        installation: str,
        effects: ledger.Effects,
        clock: Clock,
        search: Search | None = None,
        held: Held | None = None,
    ) -> None:
        self._search = search
        self._held = held
        self._directory = directory
        self._installation = installation
        self._effects = effects
        self._clock = clock
        self._tracer = Tracer(installation)
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._accounts: dict[int, str] = {}
        self.ended = False
        """Has one been settled since the last look? Then another may have its place."""

    async def look(self, now: datetime) -> None:
        """Begin with the rows that are due and not being looked into."""
        self.ended = False
        if self._search is not None:
            self._search.notice(now)
        busy = Counter(self._accounts.values())
        free = [account for account in self._directory.accounts() if busy[account] < AT_ONCE]
        while free and (rows := await ledger.in_doubt(now, free, besides=list(self._tasks))):
            for row in rows:
                if busy[row.account] < AT_ONCE:
                    busy[row.account] += 1
                    task = asyncio.create_task(self._settle(row), name=f"doubt-{row.id}")
                    self._tasks[row.id], self._accounts[row.id] = task, row.account
                    task.add_done_callback(partial(self._done, row.id))
            free = [account for account in free if busy[account] < AT_ONCE]

    async def idle(self) -> None:
        """Wait until nothing is being looked into."""
        while self._tasks:
            await asyncio.wait(list(self._tasks.values()))
            await asyncio.sleep(0)

    def _done(self, row_id: int, _: asyncio.Task[None]) -> None:
        del self._tasks[row_id], self._accounts[row_id]
        self.ended = True
        delivery_bell.ring()

    async def stop(self) -> None:
        """Leave what is not settled in doubt: the next start goes on with it."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _settle(self, row: Delivery) -> None:
        try:
            if trace := (await self._tracer.of_rows([row])).get(row.id, ""):
                structlog.contextvars.bind_contextvars(trace=trace)
            step, refs = await self._judged(row)
            now = self._clock.now()
            if step is None:
                await ledger.postpone_doubt(row, now + _ASK_AGAIN, held=self._held)
                return
            log.warning("doubt_settled", id=row.id, account=row.account, kind=row.kind, step=step.value)
            await self._write_down(row, step, refs, now)
        except (StorageUnavailable, *UNAVAILABLE) as error:
            log.error("ledger_unavailable", error=str(error))
            await self._clock.sleep(2.0)

    async def _write_down(self, row: Delivery, step: DeliveryStep, refs: Refs, now: datetime) -> None:
        """What is known of a row, even where its card cannot be changed, or no column holds its messages' ids."""
        for effects, places in ((self._effects, refs), (_no_effects, refs), (self._effects, ()), (_no_effects, ())):
            try:
                await ledger.resolve_doubt(row, step, now, effects, refs=places, held=self._held)
            except (StorageUnavailable, *UNAVAILABLE):
                raise
            except Exception as error:
                log.error("delivery_effect_failed", id=row.id, error=type(error).__name__)
            else:
                return
        await ledger.postpone_doubt(row, now + _ASK_AGAIN, held=self._held)

    async def _judged(self, row: Delivery) -> tuple[DeliveryStep | None, Refs]:
        """As ``judge``; what breaks it would break it again and again, so that is put before a person."""
        try:
            return await self.judge(row, self._clock.now())
        except (StorageUnavailable, *UNAVAILABLE):
            raise
        except Exception as error:  # not its words: they may quote somebody
            log.error("doubt_not_judged", id=row.id, account=row.account, error=type(error).__name__)
            return DeliveryStep.PARK, ()

    async def judge(self, row: Delivery, now: datetime) -> tuple[DeliveryStep | None, Refs]:
        """The step to take and, where it was found, its messages; no step where it cannot be told now."""
        adapter = self._directory.adapter(row.account)
        if adapter is None:
            return None, ()
        if row.operation != ledger.SEND:
            return DeliveryStep.REPLAY, ()  # an edit or a removal made twice is made once
        capabilities = adapter.capabilities(row.address.chat)
        age = now - (row.first_attempt_at or now)
        # Were it younger than nothing, the clock was set back since, and nobody knows how old it is.
        remembered = capabilities.replay_window is None or -_SET_BACK < age < capabilities.replay_window
        if capabilities.guarantee is Guarantee.ONCE_BY_KEY and remembered:
            return DeliveryStep.REPLAY, ()
        if isinstance(adapter, CanLookUp):
            return await self._look_up(adapter, row, now)
        if self._search is not None and isinstance(adapter, CanSearch) and row.kind == ledger.POST:
            return await self._search.judge(adapter, row)
        if capabilities.guarantee is Guarantee.AT_LEAST_ONCE:
            return DeliveryStep.REPLAY, ()
        if capabilities.push_parts:  # every repeat is paid for; a report that it arrived settles it
            return DeliveryStep.PARK, ()
        if row.kind != ledger.POST and row.attempts < REPEATS:
            return DeliveryStep.REPLAY, ()  # a card or a notice twice is better than none
        return DeliveryStep.PARK, ()

    async def _look_up(self, adapter: CanLookUp, row: Delivery, now: datetime) -> tuple[DeliveryStep | None, Refs]:
        try:
            async with asyncio.timeout(LOOK_UP_TIMEOUT):
                found = await adapter.look_up(row.address.chat, delivery_key(row.id, self._installation))
        except Exception as error:  # whatever it is, it must end before a person, not go on for ever
            log.warning("look_up_failed", id=row.id, account=row.account, error=type(error).__name__)
            over = row.expires_at is not None and row.expires_at < now
            return (DeliveryStep.PARK if over else None), ()
        if found is None:
            return DeliveryStep.REPLAY, ()
        return DeliveryStep.FOUND, (found,) if isinstance(found, RemoteRef) else tuple(found)


async def _no_effects(_: Sequence[Delivery]) -> None:
    """The step alone."""
