"""A claim whose commit had no answer: nothing was sent, so nobody has to be asked whether it is there."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from bridge.core.errors import StorageUnavailable
from bridge.core.states import DeliveryState
from bridge.delivery.booking import Books
from bridge.storage import ledger
from bridge.storage.models import Delivery
from tests.integration.test_storage_ledger import effects, frozen, planned
from tests.integration.test_worker_order import plan, worker_of
from tests.unit.delivery.scripted import Scripted
from tests.unit.storage.stage import KENYA, NET, NOW, FakeClock

pytestmark = pytest.mark.usefixtures("opened")


@pytest.fixture
def lost(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many answers of claims are still to be lost; the commits are not."""
    left, real = [0], ledger.claim

    async def claim(*about: Any, **further: Any) -> list[Delivery]:
        rows = await real(*about, **further)
        if left[0]:
            left[0] -= 1
            raise StorageUnavailable("the line broke")
        return rows

    monkeypatch.setattr(ledger, "claim", claim)
    return left


async def test_it_is_sent_once_as_soon_as_the_database_is_back(lost: list[int]) -> None:
    lost[0] = 1
    clock, net, recorded = FakeClock(), Scripted(NET), asyncio.Event()

    async def noted(_: Sequence[Delivery]) -> None:
        recorded.set()

    row = await plan(clock, "kenya", "hifa")
    worker = worker_of(net, clock, effects=noted)
    task = asyncio.create_task(worker.run())
    async with asyncio.timeout(20):
        await recorded.wait()
        worker.stop()
        await task
    found = await Delivery.get(id=row.id)
    assert (found.state, found.doubted, net.calls) == (DeliveryState.DELIVERED, False, 1)


async def test_what_was_claimed_after_all_is_not_given_back(lost: list[int]) -> None:
    lost[0] = 1
    row, books = await planned(), Books(frozen, effects, None, None)
    with pytest.raises(StorageUnavailable):
        await books.claim({row.id: KENYA}, NOW)
    await books.give_back(NOW)
    assert [each.id for each in await books.claim({row.id: KENYA}, NOW)] == [row.id]
    await books.give_back(NOW)  # by a clock that stood still
    assert (await Delivery.get(id=row.id)).state == DeliveryState.ATTEMPTING


async def test_what_somebody_claimed_since_is_theirs(lost: list[int]) -> None:
    lost[0] = 1
    first, second = await planned(part=1), await planned(part=2)
    books, later = Books(frozen, effects, None, None), NOW + timedelta(seconds=1)
    with pytest.raises(StorageUnavailable):
        await books.claim({first.id: KENYA, second.id: KENYA}, NOW)
    await Delivery.filter(id=second.id).update(attempted_at=later)  # by another program, to which the account went
    for _ in range(2):  # the commit may come through late, and is looked for again
        await books.give_back(later)
        assert [row.state.value for row in await Delivery.all().order_by("id")] == ["planned", "attempting"]
    await Delivery.filter(id=first.id).update(state="attempting", attempted_at=NOW)
    await books.give_back(later)
    assert (await Delivery.get(id=first.id)).state == DeliveryState.PLANNED
    await books.give_back(NOW + timedelta(hours=1))
    await Delivery.filter(id=first.id).update(state="attempting", attempted_at=NOW)
    await books.give_back(NOW + timedelta(hours=1))
    assert (await Delivery.get(id=first.id)).state == DeliveryState.ATTEMPTING, "not looked for any more"
