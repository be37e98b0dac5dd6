"""What a person or a restart sets right: whole chains come back, nothing waits for ever, older edits stay behind."""

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from tortoise import Tortoise

from bridge.core.capabilities import Guarantee
from bridge.core.clock import SystemClock
from bridge.core.errors import Refusal, StorageUnavailable
from bridge.core.ids import ChatId, RemoteRef
from bridge.core.ports import Adapter, Later, Refused, SendOutcome, Sent, Unknown
from bridge.core.states import DeliveryState, DeliveryStep
from bridge.delivery.directory import Directory
from bridge.delivery.doubt import Judge
from bridge.storage import database, ledger, ownership
from bridge.storage.models import Delivery
from tests.integration.test_storage_ledger import claimed, effects, planned, recorded, there
from tests.unit.delivery.scripted import RICH, Scripted
from tests.unit.storage.stage import KENYA, NET, NOW

pytestmark = pytest.mark.usefixtures("opened")


async def states(rows: Sequence[Delivery]) -> list[str]:
    return [(await Delivery.get(id=row.id)).state.value for row in rows]


async def test_a_refused_first_part_brings_all_its_parts_back() -> None:
    async with database.transaction():
        parts = [await planned(part=1)]
        for number in range(2, 6):
            parts.append(await planned(part=number, waits_for=parts[-1].id))
    for _ in range(2):
        await recorded(await claimed(parts[0]), Refused(reason=Refusal.FORBIDDEN))
        assert await states(parts) == ["refused", *["cancelled"] * 4]
        await ledger.settle(parts[0].id, DeliveryStep.RETRY, NOW, effects, by="test")
    for number, part in enumerate(parts, 1):
        await recorded(await claimed(part), there(f"m{number}"))
    assert await states(parts) == ["delivered"] * 5
    assert await Delivery.all().count() == 5


async def test_a_row_that_waits_for_something_settled_is_let_go() -> None:
    async with database.transaction():
        first = await planned()
        second = await planned(part=2, waits_for=first.id)
    await Delivery.filter(id=first.id).update(state=DeliveryState.DELIVERED)  # and nobody released the second
    await ledger.release_settled()
    assert (await Delivery.get(id=second.id)).waits_for is None


async def test_thousands_of_rows_that_wait_are_asked_about_a_few_at_a_time(opened: str, kind: str) -> None:
    many = 1_200
    if kind == "sqlite":  # which takes only so many values in one statement
        connection = Tortoise.get_connection(kind)._connection
        await connection._execute(connection._conn.setlimit, sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 600)
    row = {"kind": "post", "account": NET, "chat": "c", "due_at": NOW, "planned_at": NOW}
    ended = (DeliveryState.DELIVERED, DeliveryState.REFUSED)
    await Delivery.bulk_create(Delivery(**row, id=n, state=ended[n % 2]) for n in range(1, many + 1))
    await Delivery.bulk_create(Delivery(**row, id=many + n, waits_for=n) for n in range(1, many + 1))
    await ledger.release_settled()
    planned = Delivery.filter(state=DeliveryState.PLANNED)
    assert await planned.filter(waits_for=None).count() == await planned.count() == many / 2
    assert await Delivery.filter(state=DeliveryState.CANCELLED).count() == many / 2


async def test_an_older_edit_never_follows_a_newer_one() -> None:
    async with database.transaction():
        card = await planned()
    await recorded(await claimed(card), there("card"))
    card = await Delivery.get(id=card.id)
    async with database.transaction():
        older = await ledger.plan(kind=ledger.CARD, address=KENYA, now=NOW, operation=ledger.EDIT, target=card)
    await Delivery.filter(id=older.id).update(payload="{}")  # frozen, tried once, and put off
    async with database.transaction():
        newer = await ledger.plan(kind=ledger.CARD, address=KENYA, now=NOW, operation=ledger.EDIT, target=card)
    await Delivery.filter(id=newer.id).update(payload="{}")
    await recorded(await claimed(newer), Sent())

    async def compose(_: Delivery) -> ledger.Frozen | None:
        raise AssertionError("what is frozen is not composed again")

    assert await ledger.claim([older.id], NOW, compose) == []
    assert await states([older, newer]) == ["cancelled", "delivered"]


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (Refused(reason=Refusal.FORBIDDEN), DeliveryState.UNCERTAIN),
        (Later(when=NOW + timedelta(hours=30)), DeliveryState.IN_DOUBT),
    ],
)
async def test_a_later_answer_does_not_clear_an_earlier_doubt(answer: SendOutcome, state: DeliveryState) -> None:
    async with database.transaction():
        row = await planned()
    await recorded(await claimed(row), Unknown(why="the line broke"))
    doubtful = await Delivery.get(id=row.id)
    await ledger.resolve_doubt(doubtful, DeliveryStep.REPLAY, NOW - timedelta(hours=1), effects)
    await recorded(await claimed(row), answer)
    assert (await Delivery.get(id=row.id)).state == state


class Searching(Scripted):
    """An account whose look-up never answers well."""

    async def look_up(self, chat: ChatId, key: str) -> RemoteRef | None:
        raise RuntimeError(f"{chat} cannot be searched")


async def test_a_doubt_that_cannot_be_looked_up_ends_before_a_person() -> None:
    async with database.transaction():
        row = await planned()
    row = await claimed(row)
    await ledger.recover()
    adapter: Adapter = Searching(account=KENYA.account)
    judge = Judge(Directory({KENYA.account: adapter}), "here", effects, SystemClock())
    fresh = await Delivery.get(id=row.id)
    assert await judge.judge(fresh, NOW) == (None, ())
    assert fresh.expires_at is not None
    late = fresh.expires_at + timedelta(seconds=1)
    assert await judge.judge(fresh, late) == (DeliveryStep.PARK, ())


async def test_a_key_that_the_far_side_may_have_forgotten_is_not_sent_again() -> None:
    async with database.transaction():
        row = await planned()
    row = await claimed(row)
    await ledger.recover()
    can = replace(RICH, guarantee=Guarantee.ONCE_BY_KEY, replay_window=timedelta(hours=20))
    judge = Judge(Directory({KENYA.account: Scripted(KENYA.account, can)}), "here", effects, SystemClock())
    fresh = await Delivery.get(id=row.id)
    for hours, step in ((19, DeliveryStep.REPLAY), (21, DeliveryStep.PARK)):
        assert await judge.judge(fresh, NOW + timedelta(hours=hours)) == (step, ())


async def test_a_second_program_is_refused_on_either_database(opened: str) -> None:
    async with ownership.only_program(opened):
        with pytest.raises(StorageUnavailable, match="already running"):
            async with ownership.only_program(opened):
                pass
    async with ownership.only_program(opened):
        pass
