"""What only one of several programs may work: leases change hands whole, and who has lost one writes nothing."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import asyncpg
import pytest

from bridge.core.errors import Refusal, StorageUnavailable
from bridge.core.ids import AccountId, MessageId, RemoteRef
from bridge.core.message import Content
from bridge.core.money import Price
from bridge.core.ports import Handed, Later, Outgoing, Refused, SendOutcome, Sent, Unknown
from bridge.core.states import DeliveryState, DeliveryStep, InboxState
from bridge.core.text import plain
from bridge.delivery.directory import Directory
from bridge.delivery.paying import Till
from bridge.delivery.worker import Worker
from bridge.storage import fencing, inbox, ledger
from bridge.storage.database import UNAVAILABLE, transaction
from bridge.storage.handovers import Weighed
from bridge.storage.inbox import DurableSink, DurableState
from bridge.storage.leases import INTAKE, Leases, of_account
from bridge.storage.ledger import Frozen, Outcome
from bridge.storage.models import AdapterState, Delivery, Inbox
from bridge.storage.reads import Reads
from tests.servers import OWNER, as_superuser, unique
from tests.unit.delivery.scripted import Scripted
from tests.unit.storage.stage import KENYA, NET, NOW, SLOW, FakeClock, posted

pytestmark = pytest.mark.parametrize("kind", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
NETS, SLOWS = of_account(NET), of_account(SLOW)


class Side:
    """One of two programs: its leases, and the connection on which it takes them."""

    def __init__(self, name: str, connection: Any) -> None:
        self.connection = connection
        self.leases = Leases(name)

    async def take(self, name: str = NETS) -> int | None:
        return await self.leases.take(self.connection, name)


@pytest.fixture
async def sides(opened: str) -> AsyncIterator[tuple[Side, Side]]:
    async with AsyncExitStack() as stack:
        made = []
        for name in ("one", "other"):
            connection: Any = await asyncpg.connect(opened, server_settings={"lock_timeout": "100ms"})  # type: ignore[no-untyped-call]  # asyncpg left it bare
            stack.push_async_callback(connection.close)
            made.append(Side(name, connection))
        yield made[0], made[1]


async def time_is_over(side: Side, name: str = NETS) -> None:
    """As if it had not been renewed for long."""
    await side.connection.execute("UPDATE lease SET until = clock_timestamp() WHERE name = $1", name)


async def changes_hands(one: Side, other: Side, name: str = NETS) -> None:
    await time_is_over(one, name)
    assert await other.take(name)


async def effects(_: Sequence[Delivery]) -> None:
    """None."""


async def frozen(row: Delivery) -> Frozen | None:
    return Frozen(payload="{}", content=row.content)


async def planned() -> Delivery:
    return await ledger.plan(kind=ledger.POST, address=KENYA, now=NOW)


async def claimed(row: Delivery, side: Side) -> list[Delivery]:
    return await ledger.claim([row.id], NOW, frozen, held=side.leases, accounts=[NET])


async def state_of(row: Delivery) -> DeliveryState:
    return (await Delivery.get(id=row.id)).state


THERE = Sent(refs=(RemoteRef(NET, KENYA.chat, MessageId("b1")),))
ANSWERS: list[SendOutcome] = [
    Refused(reason=Refusal.FORBIDDEN),
    Later(when=NOW + timedelta(hours=1), why="busy"),
    Unknown(why="cut off"),
]


async def test_one_has_it_until_its_time_is_over_or_it_gives_it_back(sides: tuple[Side, Side]) -> None:
    one, other = sides
    assert (await one.take(), await other.take()) == (1, None)
    assert one.leases.holds(NET)
    assert not other.leases.holds(NET)
    await time_is_over(one)
    assert (await other.take(), await one.take()) == (2, None)
    await one.leases.renew(one.connection)
    assert not one.leases.holds(NET), "what is another's is not renewed"
    await other.leases.release(other.connection, [NETS])
    assert await one.take() == 3


async def test_what_is_late_and_wanted_by_nobody_is_renewed(sides: tuple[Side, Side]) -> None:
    one, other = sides
    await one.take()
    await time_is_over(one)
    await one.leases.renew(one.connection)
    assert await other.take() is None
    assert one.leases.holds(NET)


async def test_who_takes_it_over_waits_for_what_is_being_written_under_it(sides: tuple[Side, Side]) -> None:
    one, other = sides
    await one.take()
    async with transaction():
        assert await one.leases.confirm([NET, SLOW]) == {NET}
        await one.leases.renew(one.connection)  # its own renewal does not wait
        await time_is_over(one)
        with pytest.raises(asyncpg.exceptions.LockNotAvailableError):
            await other.take()
    assert await other.take() == 2


async def test_who_takes_it_over_waits_for_nobody_who_stopped_in_the_middle_of_a_question(
    sides: tuple[Side, Side], opened: str
) -> None:
    """The server has read half of one, and waits for the rest of it: no limit for idle transactions ends that."""
    one, other = sides
    await one.take()
    stuck: Any = await asyncpg.connect(opened, server_settings={"application_name": "one"})  # type: ignore[no-untyped-call]  # asyncpg left it bare
    bystander: Any = await asyncpg.connect(opened, server_settings={"application_name": "someone"})  # type: ignore[no-untyped-call]
    await bystander.execute("BEGIN")
    await stuck.execute("BEGIN")
    await stuck.execute("SELECT name FROM lease FOR KEY SHARE")
    assert await other.take() is None, "its time is not over"
    await stuck.execute("SELECT 1")
    await time_is_over(one)
    assert await other.take() == 2
    with pytest.raises(UNAVAILABLE):
        await stuck.execute("COMMIT")
    assert await bystander.fetchval("SELECT 1"), "nobody else is sent away"
    stuck.terminate()
    await bystander.close()


async def test_nobody_is_sent_away_for_a_lease_that_nobody_holds(sides: tuple[Side, Side], opened: str) -> None:
    """A backup, or a program of another database, whose sessions have no name: a free lease has no holder either."""
    one, other = sides
    await one.take()
    nameless: Any = await asyncpg.connect(opened)  # type: ignore[no-untyped-call]  # asyncpg left it bare
    apart: Any = await asyncpg.connect(opened, database="postgres")  # type: ignore[no-untyped-call]
    namesake: Any = await asyncpg.connect(  # type: ignore[no-untyped-call]
        opened, database="postgres", server_settings={"application_name": "one"}
    )
    bystanders = (nameless, apart, namesake)
    for bystander in bystanders:
        await bystander.execute("BEGIN")
    await one.leases.release(one.connection, [NETS])
    assert await other.take() == 2
    await changes_hands(other, one)
    await changes_hands(one, other)
    for bystander in bystanders:
        assert await bystander.fetchval("SELECT 1")
        await bystander.close()


async def test_who_may_end_no_session_takes_a_lease_all_the_same(opened: str, sides: tuple[Side, Side]) -> None:
    one, other = sides
    await one.take()
    await time_is_over(one)
    limited = unique("limited")
    admin: Any = await asyncpg.connect(as_superuser(opened))  # type: ignore[no-untyped-call]  # asyncpg left it bare
    await admin.execute(f'CREATE ROLE "{limited}"')
    await admin.execute(f'GRANT "{limited}" TO "{OWNER}"')
    await admin.execute(f'GRANT SELECT, INSERT, UPDATE ON lease TO "{limited}"')
    await admin.execute("REVOKE EXECUTE ON FUNCTION pg_terminate_backend FROM PUBLIC")
    await other.connection.execute(f'SET ROLE "{limited}"')
    try:
        with pytest.raises(asyncpg.exceptions.InsufficientPrivilegeError):
            await other.connection.execute("SELECT pg_terminate_backend(0)")
        assert await other.take() == 2
    finally:
        await other.connection.execute("RESET ROLE")
        await admin.execute("GRANT EXECUTE ON FUNCTION pg_terminate_backend TO PUBLIC")
        await admin.execute(f'DROP OWNED BY "{limited}"')
        await admin.execute(f'DROP ROLE "{limited}"')
        await admin.close()


async def test_nothing_is_confirmed_once_its_time_is_over(sides: tuple[Side, Side]) -> None:
    one, _ = sides
    await one.take()
    await time_is_over(one)
    async with transaction():
        assert await one.leases.confirm([NET]) == set()


async def test_only_the_owner_claims(sides: tuple[Side, Side]) -> None:
    one, other = sides
    await one.take()
    row = await planned()
    assert await claimed(row, other) == []
    assert await state_of(row) is DeliveryState.PLANNED
    assert [found.id for found in await claimed(row, one)] == [row.id]


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: type(answer).__name__)
@pytest.mark.parametrize("again", [False, True])
async def test_who_was_fenced_out_records_nothing(sides: tuple[Side, Side], answer: SendOutcome, again: bool) -> None:
    """However the new owner has gone on with the row meanwhile."""
    one, other = sides
    await one.take()
    (row,) = await claimed(await planned(), one)
    await changes_hands(one, other)
    if again:
        await ledger.recover(accounts=[NET])
        await ledger.resolve_doubt(await Delivery.get(id=row.id), DeliveryStep.REPLAY, NOW, effects, held=other.leases)
        assert await claimed(row, other)
    before = await Delivery.get(id=row.id).values()
    await ledger.record([Outcome(row=row, answer=answer)], NOW, effects, held=one.leases)
    assert await Delivery.get(id=row.id).values() == before


async def test_that_it_is_there_is_believed_of_the_same_attempt_alone(sides: tuple[Side, Side]) -> None:
    one, other = sides
    await one.take()
    (first,) = await claimed(await planned(), one)
    (second,) = await claimed(await planned(), one)
    await changes_hands(one, other)
    await ledger.recover(accounts=[NET])
    await ledger.resolve_doubt(await Delivery.get(id=second.id), DeliveryStep.REPLAY, NOW, effects, held=other.leases)
    assert await claimed(second, other)
    outcomes = [Outcome(row=row, answer=THERE) for row in (first, second)]
    await ledger.record(outcomes, NOW, effects, held=one.leases)
    assert await state_of(first) is DeliveryState.DELIVERED, "nobody need look for it"
    assert await state_of(second) is DeliveryState.ATTEMPTING
    (found,) = await ledger.messages_of(await Delivery.get(id=first.id))
    assert found == THERE.refs[0]


async def test_what_came_from_before_it_was_lost_and_won_again_is_late(sides: tuple[Side, Side]) -> None:
    one, other = sides
    await one.take()
    (row,) = await claimed(await planned(), one)
    await changes_hands(one, other)
    await ledger.recover(accounts=[NET])
    await changes_hands(other, one)
    await ledger.resolve_doubt(await Delivery.get(id=row.id), DeliveryStep.REPLAY, NOW, effects, held=one.leases)
    assert await claimed(row, one)
    late = Outcome(row=row, answer=Later(when=NOW, why="busy"), late=True)
    await ledger.record([late], NOW, effects, held=one.leases)
    assert await state_of(row) is DeliveryState.ATTEMPTING


@pytest.mark.parametrize("step", [DeliveryStep.REPLAY, DeliveryStep.PARK, DeliveryStep.FOUND])
async def test_who_was_fenced_out_settles_no_doubt(sides: tuple[Side, Side], step: DeliveryStep) -> None:
    one, other = sides
    await one.take()
    (row,) = await claimed(await planned(), one)
    await ledger.recover(accounts=[NET])
    doubted = await Delivery.get(id=row.id)
    await changes_hands(one, other)
    before = await Delivery.get(id=row.id).values()
    await ledger.resolve_doubt(doubted, step, NOW, effects, held=one.leases)
    await ledger.postpone_doubt(doubted, NOW + timedelta(hours=1), held=one.leases)
    await ledger.spoil(row.id, NOW, "ValueError", effects, held=one.leases)
    assert await Delivery.get(id=row.id).values() == before


async def test_what_another_has_is_not_recovered(sides: tuple[Side, Side]) -> None:
    one, _ = sides
    await one.take()
    (row,) = await claimed(await planned(), one)
    assert await ledger.recover(accounts=[SLOW]) == 0
    assert await state_of(row) is DeliveryState.ATTEMPTING


async def test_who_was_paused_while_it_took_over_doubts_nothing(sides: tuple[Side, Side]) -> None:
    """Between taking a lease and looking at what was left under way it lost it again."""
    one, other = sides
    worker = worker_of(one)
    await one.take()
    await changes_hands(one, other)
    (row,) = await claimed(await planned(), other)
    await worker.take_over(NET)
    await worker.sweep()
    assert await state_of(row) is DeliveryState.ATTEMPTING
    await changes_hands(other, one)
    await worker.take_over(NET)
    assert await state_of(row) is DeliveryState.IN_DOUBT


def worker_of(side: Side) -> Worker:
    clock = FakeClock()
    clock.at = NOW + timedelta(hours=1)
    return Worker(
        Directory({NET: Scripted(NET)}),
        installation="",
        compose=frozen,
        effects=effects,
        file_path=Path,
        clock=clock,
        held=side.leases,
    )


async def test_who_was_fenced_out_moves_no_cursor_and_no_key(sides: tuple[Side, Side]) -> None:
    one, other = sides
    await one.take()
    sink, state = DurableSink(NET, FakeClock(), one.leases), DurableState(NET, one.leases)
    await sink.accept([posted("before", key="before")], state={"offset": "1"})
    await changes_hands(one, other)
    for refused in (
        partial(sink.accept, [posted("after", key="after")], state={"offset": "2"}),
        partial(state.set, "offset", "2"),
        partial(state.delete, "offset"),
    ):
        with pytest.raises(StorageUnavailable):
            await refused()
    assert [row.value for row in await AdapterState.all()] == ["1"]
    assert await Inbox.all().count() == 1


async def test_behind_a_fence_nothing_is_written_once_it_fell(sides: tuple[Side, Side]) -> None:
    """Timers, copies and upkeep, and what is done about an event."""
    one, other = sides
    await one.take(INTAKE)
    with fencing.behind(partial(one.leases.stand, INTAKE)):
        async with transaction():
            await planned()
        await changes_hands(one, other, INTAKE)
        with pytest.raises(StorageUnavailable):
            async with transaction():
                await planned()
    assert await Delivery.all().count() == 1


async def test_each_handles_the_events_of_its_accounts(sides: tuple[Side, Side]) -> None:
    await DurableSink(NET, FakeClock()).accept([posted("hello", key="hello")])
    later = NOW + timedelta(seconds=1)

    async def takes(reads: Reads) -> int:
        return len(await inbox.take(later, busy=set(), reads=reads))

    assert await takes(Reads(accounts=frozenset({NET}))) == 1
    assert await takes(Reads(accounts=frozenset({SLOW}))) == 0
    assert await takes(Reads(accounts=frozenset({SLOW}), but=True)) == 1
    assert await takes(Reads(accounts=frozenset({NET}), but=True)) == 0
    assert await Inbox.filter(state=InboxState.NEW).count() == 1


class Paid:
    """An account that costs money."""

    channel: ClassVar[str] = "sms"

    def weigh(self, outgoing: Outgoing) -> Handed:
        return Handed(bytes=1, cost=Price.parse("KES 9"))

    def monthly_cap(self) -> Price:
        return Price.parse("KES 10")


async def test_only_the_owner_says_that_the_months_money_is_gone(sides: tuple[Side, Side]) -> None:
    one, other = sides
    await one.take()
    said: list[bool] = []
    calls: list[int] = []

    async def alarm(account: AccountId, cap: Price, spent: bool) -> None:
        said.append(spent)

    async def call() -> SendOutcome:
        calls.append(1)
        return THERE

    till = Till(FakeClock(), alarm, one.leases)
    weighed = Weighed(channel="sms", key="k", handed=Handed(bytes=1, cost=Price.parse("KES 9")))
    assert isinstance(await till.pay(Paid(), NET, weighed, call), Sent)
    assert (said, calls) == ([False], [1])
    await changes_hands(one, other)
    assert isinstance(await till.pay(Paid(), NET, weighed, call), Later)
    assert (said, calls) == ([False], [1])


async def test_what_others_planned_to_say_meanwhile_is_not_taken_back(opened: str) -> None:
    """Somebody's message is to be answered with nothing; a moderator asks them something at the same moment."""

    async def say(words: str) -> Delivery:
        return await ledger.plan(kind=ledger.NOTICE, address=KENYA, now=NOW, content=Content(text=plain(words)))

    begun = asyncio.Event()

    async def asks() -> None:
        await begun.wait()
        async with transaction():
            await say("which village?")

    asking = asyncio.create_task(asks())
    async with transaction():
        with ledger.noted() as ours:
            await say("thank you")
            begun.set()
            await asking
        await ledger.take_back_notices(KENYA, ours)
    (left,) = await Delivery.all()
    assert "which village?" in left.content
