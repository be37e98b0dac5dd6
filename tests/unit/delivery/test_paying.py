"""Money set aside for a send that never begins is there for the next one."""

import asyncio
from datetime import datetime
from decimal import Decimal
from typing import ClassVar

import pytest

from bridge.core.errors import StorageConflict, StorageUnavailable
from bridge.core.ids import AccountId
from bridge.core.money import Price
from bridge.core.ports import Handed, Later, Outgoing, SendOutcome, Sent
from bridge.delivery import paying
from bridge.delivery.paying import Till
from bridge.storage import handovers
from bridge.storage.handovers import Weighed
from tests.unit.storage.stage import NET, FakeClock

COST = Price.parse("KES 1")
WEIGHED = Weighed(channel="sms", key="k", handed=Handed(bytes=1, segments=1, cost=COST))


class Capped:
    channel: ClassVar[str] = "sms"

    def weigh(self, outgoing: Outgoing) -> Handed:
        return WEIGHED.handed

    def monthly_cap(self) -> Price | None:
        return Price.parse("KES 1")


async def sent() -> SendOutcome:
    return Sent()


@pytest.mark.parametrize("error", [StorageUnavailable("away"), StorageConflict(), asyncio.CancelledError()])
async def test_an_alarm_that_cannot_be_told_costs_nothing(
    monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    faults = [error]

    async def spent(account: str, currency: str, since: datetime) -> Decimal:
        return Decimal(0)

    async def tell(self: Till, account: AccountId, cap: Price, *, spent: bool) -> None:
        if faults:
            raise faults.pop()

    monkeypatch.setattr(handovers, "spent", spent)
    monkeypatch.setattr(paying.Till, "_tell", tell)
    till = Till(FakeClock(), None)
    match error:
        case StorageUnavailable():
            assert isinstance(await till.pay(Capped(), NET, WEIGHED, sent), Later)
        case asyncio.CancelledError():
            with pytest.raises(asyncio.CancelledError):
                await till.pay(Capped(), NET, WEIGHED, sent)
    # Either the money is still there, or what went wrong kept nothing from being sent.
    assert isinstance(await till.pay(Capped(), NET, WEIGHED, sent), Sent)
    answer = await till.pay(Capped(), NET, WEIGHED, sent)
    assert isinstance(answer, Later)
    assert answer.whole_account
