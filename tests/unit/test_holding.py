"""How the leases are divided among programs, on a database that is a dictionary."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any, cast

import pytest

from bridge.core.ids import AccountId
from bridge.core.sharing import ALL, Role
from bridge.holding import Holding, Works
from bridge.storage import leases
from bridge.storage.leases import INTAKE, Leases, Line, of_account
from tests.unit.storage.stage import FakeClock

ACCOUNTS = [AccountId(name) for name in ("chat", "mail", "matrix", "sms")]


class Table:
    """The leases of all, and whose time is over."""

    def __init__(self) -> None:
        self.rows: dict[str, Line] = {}

    def over(self, holder: str) -> None:
        for name, line in self.rows.items():
            if line.holder == holder:
                self.rows[name] = Line(name=name, holder=holder, fence=line.fence, alive=False)


class Shared:
    """A ``Share`` as ``Holding`` uses it."""

    def __init__(self, table: Table, name: str) -> None:
        self.table = table
        self.leases = Leases(name)

    async def renew(self) -> None:
        for name in self.leases.names:
            line = self.table.rows[name]
            if line.holder != self.leases.holder:
                self.leases.drop(name)

    async def take(self, name: str) -> int | None:
        line = self.table.rows.get(name)
        if line is not None and line.alive:
            return None
        fence = 1 if line is None else line.fence + 1
        self.table.rows[name] = Line(name=name, holder=self.leases.holder, fence=fence, alive=True)
        self.leases._until[name] = leases.boottime() + 1000
        return fence

    async def release(self, names: Iterable[str]) -> None:
        for name in list(names):
            self.leases.drop(name)
            self.table.rows[name] = Line(name=name, holder="", fence=self.table.rows[name].fence, alive=False)

    async def enrol(self, roles: Iterable[Role]) -> None:
        for role in roles:
            await self.take(f"program:{role}:{self.leases.holder}")

    async def look(self) -> Sequence[Line]:
        return list(self.table.rows.values())


class Program:
    def __init__(self, table: Table, name: str, roles: Iterable[Role] = ALL) -> None:
        self.name = name
        self.busy: set[str] = set()
        self.cuts: list[str] = []
        self.hangs = ""
        self.share = Shared(table, name)
        self.roles = frozenset(roles)
        works = Works(begin=self._begin, end=self._end, cut=self._cut)
        self.holding = Holding(cast("Any", self.share), self.roles, ACCOUNTS, works, FakeClock())

    async def _begin(self, name: str) -> None:
        """Nothing."""

    async def _end(self, name: str) -> bool:
        return name not in self.busy

    async def _cut(self, name: str) -> None:
        self.cuts.append(name)
        if name == self.hangs:
            await asyncio.Event().wait()

    async def comes(self) -> "Program":
        await self.share.enrol(self.roles)
        return self

    @property
    def has(self) -> set[str]:
        return set(self.holding.fences)


async def looks(*programs: Program, times: int = 6) -> None:
    for _ in range(times):
        for program in programs:
            await program.holding._look()


async def test_one_has_all_and_gives_the_second_half() -> None:
    table = Table()
    one = await Program(table, "one").comes()
    await looks(one)
    assert one.has == {*map(of_account, ACCOUNTS), INTAKE}
    two = await Program(table, "two").comes()
    await looks(one, two)
    assert (len(one.has & set(map(of_account, ACCOUNTS))), len(two.has)) == (2, 2)
    three = await Program(table, "three").comes()
    await looks(one, two, three)
    sizes = sorted(len(each.has - {INTAKE}) for each in (one, two, three))
    assert sizes in ([0, 2, 2], [1, 1, 2]), "nobody has more than a fair part"
    assert one.has | two.has | three.has == {*map(of_account, ACCOUNTS), INTAKE}
    assert not one.has & two.has


async def test_what_is_under_way_is_finished_before_it_is_given() -> None:
    table = Table()
    one = await Program(table, "one").comes()
    await looks(one)
    one.busy = set(one.has)
    two = await Program(table, "two").comes()
    await looks(one, two)
    assert two.has == set()
    assert len(one.holding.accounts()) == len(ACCOUNTS) - 1, "and nothing new is begun with it"
    one.busy.clear()
    await looks(one, two)
    assert len(two.has) == 2


async def test_the_part_of_a_dead_one_is_taken() -> None:
    table = Table()
    one, two = await Program(table, "one").comes(), await Program(table, "two").comes()
    await looks(one, two)
    table.over("one")
    await looks(two)
    assert two.has == {*map(of_account, ACCOUNTS), INTAKE}
    assert two.holding.orphans() == []
    await looks(one, times=1)
    assert one.has == set()
    assert set(one.cuts) >= {INTAKE}


async def test_one_that_is_slow_to_end_keeps_no_other_from_ending() -> None:
    """Its adapter waits for a database that does not answer."""
    table = Table()
    one = await Program(table, "one").comes()
    await looks(one)
    one.hangs = INTAKE
    table.over("one")
    await looks(await Program(table, "two").comes())
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await looks(one, times=1)
    assert set(one.cuts) == {*map(of_account, ACCOUNTS), INTAKE}


@pytest.mark.parametrize(
    ("roles", "expected"),
    [
        ({Role.WEB}, set()),
        ({Role.INTAKE}, {INTAKE}),
        ({Role.DELIVER}, set(map(of_account, ACCOUNTS))),
    ],
)
async def test_a_program_takes_what_its_roles_are_for(roles: set[Role], expected: set[str]) -> None:
    one = await Program(Table(), "one", roles).comes()
    await looks(one)
    assert one.has == expected
    assert set(one.holding.orphans()) == {*map(of_account, ACCOUNTS), INTAKE} - expected


async def test_who_ends_takes_nothing_and_leaves_nothing() -> None:
    table = Table()
    one = await Program(table, "one").comes()
    one.holding.closing = True
    await looks(one)
    assert one.has == set()
    one.holding.closing = False
    await looks(one)
    await one.holding.close()
    assert not any(line.alive for line in table.rows.values())
