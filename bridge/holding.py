"""Which leases this program works, among several that share a database: taken, kept, given up and lost.

Accounts are shared out evenly among the programs that have the role. Part of the composition root.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import structlog

from bridge.core.clock import Clock
from bridge.core.errors import StorageUnavailable
from bridge.core.ids import AccountId
from bridge.core.sharing import Role
from bridge.storage import leases
from bridge.storage.leases import INTAKE, Line
from bridge.storage.sharing import Share

log = structlog.get_logger()

_LOOK: Final = 1.0
"""Seconds between two looks; a lease is renewed at each, so several may fail before it is over."""


@dataclass(frozen=True, kw_only=True)
class Works:
    """What happens when a lease comes and goes. ``end`` says whether all of it has ended, else it is asked again."""

    begin: Callable[[str], Awaitable[None]]
    end: Callable[[str], Awaitable[bool]]
    cut: Callable[[str], Awaitable[None]]
    """At once, whatever is under way: another program has it, or may have."""


class Holding:
    """Keeps the leases of one program in step with what it does."""

    def __init__(
        self, share: Share, roles: Collection[Role], accounts: Sequence[AccountId], works: Works, clock: Clock
    ) -> None:
        self._share = share
        self._roles = roles
        self._wanted = [leases.of_account(account) for account in accounts] if Role.DELIVER in roles else []
        self._clock = clock
        self._works = works
        self._working: dict[str, int] = {}
        self._leaving: str | None = None
        self.closing = False
        """Is nothing taken any more, because the program ends?"""
        self._lines: Sequence[Line] = ()
        self._idle: set[str] = set()
        """What nobody worked at the last look; ``_told``: of which that was said."""
        self._told: set[str] = set()
        self.known = [*(leases.of_account(account) for account in accounts), INTAKE]
        """Every lease there is, whoever may have it."""

    @property
    def fences(self) -> dict[str, int]:
        """What is worked here: by lease, its fence."""
        return dict(self._working)

    @property
    def name(self) -> str:
        """As the others see this program."""
        return self._share.leases.holder

    def owners(self) -> dict[str, str]:
        """Which program had what at the last look."""
        return {line.name: line.holder for line in self._lines if line.alive and not leases.is_program(line.name)}

    def orphans(self) -> list[str]:
        """What nobody worked at the last look."""
        alive = {line.name for line in self._lines if line.alive}
        return [name for name in self.known if name not in alive]

    def accounts(self) -> frozenset[AccountId]:
        """Those that are worked here; not one that is being given up."""
        found = (leases.account_of(name) for name in self._working if name != self._leaving)
        return frozenset(AccountId(account) for account in found if account is not None)

    def is_here(self, name: str) -> bool:
        return name in self._working

    async def run(self) -> None:
        """Until cancelled; then call ``close``."""
        with suppress(StorageUnavailable):  # else at the next look
            await self._share.enrol(self._roles)
        while True:
            try:
                await self._look()
            except StorageUnavailable as error:
                log.warning("leases_wait", error=str(error))
                await self._cut_what_is_over()
            await self._clock.sleep(_LOOK)

    async def close(self) -> None:
        """All has ended here: let the others go on at once."""
        try:
            await self._share.release(self._share.leases.names)
        except StorageUnavailable as error:
            log.warning("leases_not_released", error=str(error))
        self._working.clear()

    async def _look(self) -> None:
        await self._share.renew()
        await self._cut_what_is_over()
        self._lines = await self._share.look()
        self._notice_orphans()
        if not any(line.alive and line.holder == self._share.leases.holder for line in self._lines):
            await self._share.enrol(self._roles)  # we were thought dead
        free = set() if self.closing else self._free()
        if Role.INTAKE in self._roles and INTAKE in free:
            await self._take(INTAKE)
        fair = -(-len(self._wanted) // max(1, leases.programs(self._lines, Role.DELIVER)))
        ours = [name for name in self._wanted if name in self._working]
        for name in [name for name in self._wanted if name in free][: max(0, fair - len(ours))]:
            await self._take(name)
        if self._leaving is None and len(ours) > fair and not self.closing:
            self._leaving = ours[-1]  # one after the other, each without a call cut short
            log.info("lease_leaving", lease=self._leaving)
        if self._leaving is not None and await self._works.end(self._leaving):
            name, self._leaving = self._leaving, None
            self._working.pop(name, None)
            await self._share.release([name])
            log.info("lease_given", lease=name)

    def _notice_orphans(self) -> None:
        """Said once of each, and not while it is about to change hands."""
        now = set(self.orphans())
        for name in sorted((now & self._idle) - self._told):
            log.warning("nobody_works", lease=name)
        self._told = now & (self._told | self._idle)
        self._idle = now

    def _free(self) -> set[str]:
        taken = {line.name for line in self._lines if line.alive}
        return {name for name in self.known if name not in taken and name not in self._working}

    async def _take(self, name: str) -> None:
        fence = await self._share.take(name)
        if fence is not None:
            log.info("lease_taken", lease=name, fence=fence)
            self._working[name] = fence
            self._lines = [*self._lines, Line(name=name, holder=self._share.leases.holder, fence=fence, alive=True)]
            await self._works.begin(name)

    async def _cut_what_is_over(self) -> None:
        """What we may no longer act for. It is not renewed, either: what was cut begins anew, like after a start."""
        over = [name for name in self._working if self._share.leases.is_over(name)]
        for name in over:
            log.warning("lease_lost", lease=name)
            self._working.pop(name)
            self._share.leases.drop(name)
            self._leaving = None if self._leaving == name else self._leaving
        await asyncio.gather(*(self._works.cut(name) for name in over))  # one may be waiting for the database


def states(holding: Holding, roles: Collection[Role]) -> dict[str, object]:
    """For whoever looks after the program."""
    return {
        "program": holding.name,
        "roles": sorted(roles),
        "leases": holding.fences,
        "owners": holding.owners(),
        "nobodys": holding.orphans(),
    }


__all__ = ["Holding", "Works", "states"]
