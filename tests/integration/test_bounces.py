"""Reports that letters did not arrive: whose address they end, and whose they do not."""

from datetime import UTC, datetime

import pytest

from bridge.core.events import Arrival, DeliveryReported
from bridge.core.ids import ChatId, MessageId, RemoteRef, delivery_key
from bridge.core.membership import Reading
from bridge.core.ports import Handed, Sent
from bridge.core.states import ArrivalState
from bridge.intake import arriving
from bridge.intake.context import Context
from bridge.moderation.effects import arrivals
from bridge.storage import ledger
from bridge.storage.database import transaction
from bridge.storage.handovers import Weighed
from bridge.storage.models import Delivery, Meta
from bridge.storage.models_handover import Handover
from tests.integration.reading_town import Readers
from tests.unit.storage.stage import NET

pytestmark = pytest.mark.usefixtures("opened")


@pytest.fixture
def town() -> Readers:
    return Readers(now=datetime(2026, 11, 25, 8, tzinfo=UTC))


async def letter(town: Readers) -> tuple[Delivery, str]:
    """The next copy for Ben, handed over; and the key that stands in its envelope."""
    await town.publishes()
    await town.batches()
    row = (await town.rows("ben"))[-1]

    async def compose(row: Delivery) -> ledger.Frozen | None:
        return ledger.Frozen(payload="{}", content=row.content)

    effects = arrivals(town.communities, lambda: town.now)
    [claimed] = await ledger.claim([row.id], town.now, compose, effects)
    key = delivery_key(row.id, "test")
    ref = RemoteRef(NET, ChatId(row.chat), MessageId(f"x{row.id}"))
    weighed = Weighed(channel="email", key=key, handed=Handed(bytes=2000))
    await ledger.record([ledger.Outcome(row=claimed, answer=Sent(refs=(ref,)), weighed=weighed)], town.now, effects)
    return row, key


async def bounces(town: Readers, key: str, code: str, *, final: bool = True) -> None:
    event = DeliveryReported(
        account=NET,
        chat=ChatId(""),
        key=f"mail:{key}:{code}",
        at=town.now,
        send=key,
        arrival=Arrival.FAILED,
        code=code,
        final=final,
    )
    async with transaction():
        await arriving.reported(
            event, Context(communities=town.communities, directory=town.directory, now=town.now, event_id=1)
        )


async def is_lost(town: Readers) -> bool:
    identity = await town.identity("ben")
    await identity.refresh_from_db()
    return identity.unreachable_at is not None


@pytest.mark.parametrize(("code", "lost"), [("5.1.1", True), ("5.1.10", True), ("5.2.2", False), ("5.7.1", False)])
async def test_an_address_that_does_not_exist_is_written_to_no_more(town: Readers, code: str, lost: bool) -> None:
    await town.reads("ben", Reading.IMMEDIATE)
    row, key = await letter(town)
    await bounces(town, key, code)
    assert (await Handover.get(delivery_id=row.id)).arrival == ArrivalState.FAILED
    assert await is_lost(town) is lost
    await town.publishes()
    await town.batches()
    assert len(await town.rows("ben")) == (1 if lost else 2)


async def test_full_for_days_counts_and_taken_for_spam_does_not(town: Readers) -> None:
    await town.reads("ben", Reading.IMMEDIATE)
    for code in ("5.7.1", "5.6.0", "5.7.26", "5.2.2", "5.2.2", "5.2.2"):
        assert not await is_lost(town), code
        _, key = await letter(town)
        await bounces(town, key, code)
        town.later(hours=12)
    assert await is_lost(town)
    await town.reads("ben", Reading.IMMEDIATE)  # a letter from the same address
    assert not await is_lost(town)


async def test_a_delay_and_an_invented_report_say_nothing(town: Readers) -> None:
    await town.reads("ben", Reading.IMMEDIATE)
    await Meta.get_or_create(key="installation", defaults={"value": "test"})
    row, key = await letter(town)
    await bounces(town, key, "5.1.1", final=False)
    town.later(seconds=30)
    await bounces(town, "0" * 32, "5.1.1")
    assert (await Handover.get(delivery_id=row.id)).arrival == ArrivalState.HANDED
    assert not await is_lost(town)
