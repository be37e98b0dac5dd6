"""What cannot be written down about one row keeps no other from being recorded, and is tried no second time."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from bridge.core.errors import StorageUnavailable
from bridge.core.money import Price
from bridge.core.ports import Handed, Unknown
from bridge.core.states import DeliveryState
from bridge.delivery.booking import Books
from bridge.storage import database
from bridge.storage.handovers import Weighed
from bridge.storage.ledger import Outcome
from bridge.storage.models import Delivery
from bridge.storage.models_handover import Handover
from tests.integration.test_storage_ledger import claimed, effects, frozen, planned, seen, there
from tests.unit.storage.stage import NOW

pytestmark = pytest.mark.usefixtures("opened")
WEIGHED = Weighed(channel="sms", key="k", handed=Handed(bytes=9, segments=1, cost=Price.parse("KES 0.50")))
TOO_LONG = "!" + "r" * 254 + " $event"


async def outcomes(*messages: str) -> list[Outcome]:
    async with database.transaction():
        rows = [await planned(part=number) for number in range(1, len(messages) + 1)]
    return [
        Outcome(row=await claimed(row), answer=there(message), weighed=WEIGHED)
        for row, message in zip(rows, messages, strict=True)
    ]


async def found() -> list[tuple[str, str]]:
    return [(row.state.value, row.message) for row in await Delivery.all().order_by("id")]


async def test_a_message_whose_id_fits_nowhere_is_sent_all_the_same() -> None:
    seen.clear()
    batch = await outcomes("b1", TOO_LONG, "b3")
    await Books(frozen, effects, None, None).write_down(batch, NOW)
    assert await found() == [("delivered", "b1"), ("delivered", ""), ("delivered", "b3")]
    assert sorted(row for row, _ in seen) == [outcome.row.id for outcome in batch], "what follows from it follows"
    assert await Handover.all().count() == 3


async def test_what_cannot_be_written_at_all_is_left_to_the_sweep() -> None:
    batch = await outcomes("b1", "b2", "b3")
    broken = replace(batch[1], answer=Unknown(why=3))  # type: ignore[arg-type]  # whatever a faulty adapter answers
    await Books(frozen, effects, None, None).write_down([batch[0], broken, batch[2]], NOW)
    assert await found() == [("delivered", "b1"), ("attempting", ""), ("delivered", "b3")]


async def test_an_effect_that_fails_for_ever_keeps_no_outcome() -> None:
    async def fails(_: Sequence[Delivery]) -> None:
        raise ValueError("an effect")

    await Books(frozen, fails, None, None).write_down(await outcomes("b1", "b2"), NOW)
    assert await found() == [("delivered", "b1"), ("delivered", "b2")]


async def test_a_database_that_is_away_is_waited_for() -> None:
    async def away(_: Sequence[Delivery]) -> None:
        raise StorageUnavailable("away")

    batch = await outcomes("b1")
    with pytest.raises(StorageUnavailable):
        await Books(frozen, away, None, None).write_down(batch, NOW)
    assert (await Delivery.get(id=batch[0].row.id)).state == DeliveryState.ATTEMPTING


async def test_what_is_recorded_again_costs_nothing_again() -> None:
    batch = await outcomes("b1", "b2")
    books = Books(frozen, effects, None, None)
    await books.write_down(batch, NOW)
    unclear = await outcomes("b3")
    unclear = [replace(unclear[0], answer=Unknown(why="the line broke"))]
    for _ in range(2):  # the answer to the first commit was lost
        await books.write_down([*batch, *unclear], NOW)
    assert await Handover.all().count() == 3
