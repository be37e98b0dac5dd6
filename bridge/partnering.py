"""A program that shares its database with others: its accounts come and go. Part of the composition root."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from functools import partial

import structlog

from bridge.core.clock import Clock
from bridge.core.errors import StorageUnavailable
from bridge.core.ids import AccountId
from bridge.core.ports import Adapter
from bridge.core.sharing import Role
from bridge.core.webhooks import CanHear
from bridge.delivery.directory import Directory
from bridge.delivery.worker import Worker
from bridge.holding import Holding, Works
from bridge.intake.processor import Processor
from bridge.storage import fencing, leases
from bridge.storage.database import UNAVAILABLE
from bridge.storage.inbox import DurableSink, DurableState
from bridge.storage.reads import Reads
from bridge.storage.sharing import Share

log = structlog.get_logger()


class Partner:
    """Begins and ends what the leases of this program stand for."""

    def __init__(
        self,
        share: Share,
        roles: Collection[Role],
        adapters: MutableMapping[AccountId, Adapter],
        directory: Directory,
        clock: Clock,
        *,
        build: Callable[[AccountId], Adapter],
        start: Callable[[Adapter], Awaitable[None]],
        stop: Callable[[Adapter], Awaitable[None]],
        chores: Callable[[], Awaitable[None]],
    ) -> None:
        self.held = share.leases
        self.roles = frozenset(roles)
        self._adapters = adapters
        self._directory = directory
        self._clock = clock
        self._build, self._start, self._stop, self._chores = build, start, stop, chores
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._worker: Worker | None = None
        self._processor: Processor | None = None
        works = Works(begin=self._begin, end=self._end, cut=self._cut)
        self.holding = Holding(share, roles, list(adapters), works, clock)

    def work_with(self, worker: Worker, processor: Processor) -> None:
        """Before anything is taken."""
        self._worker, self._processor = worker, processor

    def has_chores(self) -> bool:
        """Is what belongs to no account done here?"""
        return self.holding.is_here(leases.INTAKE)

    def mine(self) -> Reads:
        """Whose events are handled here; with the chores those of accounts that nobody has configured (any more)."""
        here = self.holding.accounts()
        if self.has_chores():
            return Reads(accounts=frozenset(str(account) for account in self._adapters.keys() - here), but=True)
        return Reads(accounts=frozenset(map(str, here)))

    def fence(self, account: str) -> fencing.Fence:
        """What is done about an account's events is done behind this."""
        known = AccountId(account) in self._adapters
        return partial(self.held.stand, leases.of_account(account) if known else leases.INTAKE)

    @property
    def chores_fence(self) -> fencing.Fence:
        return partial(self.held.stand, leases.INTAKE)

    async def hear(self) -> None:
        """What platforms bring here of accounts that others have is committed all the same; their names are known."""
        for account, adapter in list(self._adapters.items()):
            if self.holding.is_here(leases.of_account(account)) or not isinstance(adapter, CanHear):
                continue
            try:
                await adapter.hear(DurableSink(account, self._clock), DurableState(account))
            except (StorageUnavailable, *UNAVAILABLE) as error:
                log.warning("account_not_heard", account=account, error=type(error).__name__)

    async def halt(self) -> None:
        """The program ends: nothing is started any more."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    # --- what the leases stand for ---

    async def _begin(self, name: str) -> None:
        account = leases.account_of(name)
        work = self._chores() if account is None else self._take_over(AccountId(account))
        with fencing.behind(self.chores_fence if account is None else None):
            self._tasks[name] = asyncio.ensure_future(_run(work, name))

    async def _take_over(self, account: AccountId) -> None:
        if self._worker is not None:
            await self._worker.take_over(account)
        await self._start(self._adapters[account])

    async def _end(self, name: str) -> bool:
        account = leases.account_of(name)
        if account is None or self._worker is None or self._processor is None:
            await self._cut(name)
            return True
        self._directory.starting(AccountId(account))  # nothing new is claimed
        if not (self._worker.is_idle(AccountId(account)) and self._processor.is_idle(AccountId(account))):
            return False
        await self._cut(name)
        return True

    async def _cut(self, name: str) -> None:
        task = self._tasks.pop(name, None)
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        if (found := leases.account_of(name)) is None:
            return
        account = AccountId(found)
        self._directory.starting(account)
        if self._worker is not None:
            self._worker.drop(account)
        await self._stop(self._adapters[account])
        # Built anew: keys and cursors that it remembers are another program's to change from now on.
        self._adapters[account] = self._build(account)
        self._directory.replace(account, self._adapters[account])
        await self.hear()


async def _run(work: Awaitable[None], name: str) -> None:
    """Such work ends by being cancelled alone; what it raises otherwise is a defect, and is seen."""
    try:
        await work
    except Exception:
        log.exception("lease_work_failed", lease=name)
