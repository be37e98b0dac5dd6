"""A machine whose clock is set, forwards or back: nothing is lost, nothing doubled, and nothing waits for it."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bridge.core.capabilities import Guarantee, Pace
from bridge.core.ids import delivery_key
from bridge.core.message import Content
from bridge.core.ports import Later
from bridge.core.states import DeliveryState, DeliveryStep
from bridge.core.text import plain
from bridge.delivery.directory import Directory
from bridge.delivery.doubt import Judge
from bridge.delivery.pacing import Pacer
from bridge.delivery.worker import Worker
from bridge.storage import inbox, ledger
from bridge.storage.inbox import DurableSink
from bridge.storage.ledger import Frozen
from bridge.storage.models import Delivery, Inbox
from tests.unit.delivery.scripted import RICH, Scripted
from tests.unit.storage.stage import KENYA, NET, NOW, FakeClock, posted

HOURS = timedelta(hours=3)
PACED = replace(RICH, guarantee=Guarantee.AT_MOST_ONCE, pace=Pace(chat_interval=1, chat_per_minute=20))


async def frozen(row: Delivery) -> Frozen | None:
    return Frozen(payload='{"text":"x"}', content=row.content)


async def effects(_: Sequence[Delivery]) -> None:
    """Nothing follows."""


def started(net: Scripted, clock: FakeClock) -> Worker:
    return Worker(Directory({NET: net}), installation="i", compose=frozen, effects=effects, file_path=Path, clock=clock)


async def works(worker: Worker, clock: FakeClock, seconds: int) -> None:
    """So much time passes, with a look at the ledger every second and a sweep every minute."""
    for second in range(seconds):
        clock.pass_by(1)
        if second % 60 == 59:
            await worker.sweep()
        await worker._round()
        await asyncio.gather(*worker._tasks)
    await worker._record()


async def plan(clock: FakeClock, *, due_at: datetime | None = None) -> Delivery:
    content = Content(text=plain("x"))
    return await ledger.plan(kind=ledger.POST, address=KENYA, now=clock.now(), content=content, due_at=due_at)


async def undelivered() -> int:
    return await Delivery.exclude(state=DeliveryState.DELIVERED).count()


@pytest.mark.usefixtures("opened")
@pytest.mark.parametrize("jump", [HOURS, -HOURS, timedelta(days=5)], ids=["on", "back", "days on"])
async def test_a_lane_goes_on_when_the_clock_is_set(jump: timedelta) -> None:
    clock, net = FakeClock(), Scripted(NET, PACED)
    worker = started(net, clock)
    for _ in range(2):
        await plan(clock)
    await works(worker, clock, 1)
    net.answers.append(Later(when=clock.now() + timedelta(seconds=20), why="busy"))
    await works(worker, clock, 3)  # one is there, one was put off; a third one is planned just before
    await plan(clock)
    clock.at += jump
    await plan(clock)
    await works(worker, clock, 125)
    assert await undelivered() == 0
    assert len(net.ever_shown) == 4


@pytest.mark.usefixtures("opened")
async def test_what_was_planned_for_a_later_hour_keeps_it() -> None:
    clock, net = FakeClock(), Scripted(NET, PACED)
    worker = started(net, clock)
    tomorrow = clock.now() + timedelta(hours=12)
    row = await plan(clock, due_at=tomorrow)
    clock.at -= HOURS
    await works(worker, clock, 65)
    assert (await Delivery.get(id=row.id)).due_at == tomorrow
    assert not net.ever_shown


@pytest.mark.usefixtures("opened")
async def test_what_came_in_before_the_clock_was_set_back_is_read() -> None:
    clock = FakeClock()
    await DurableSink(NET, clock).accept([posted("one", key="1")])
    clock.at -= HOURS
    assert await inbox.take(clock.now(), busy=set()) == []
    await started(Scripted(NET, PACED), clock).sweep()
    assert [row.key for row in await inbox.take(clock.now(), busy=set())] == ["1"]
    assert await Inbox.all().count() == 1


@pytest.mark.usefixtures("opened")
async def test_a_row_whose_age_cannot_be_told_is_not_sent_again_by_its_key_alone() -> None:
    clock = FakeClock()
    row = await plan(clock)
    await ledger.claim([row.id], clock.now(), frozen)
    await ledger.recover()
    can = replace(RICH, guarantee=Guarantee.ONCE_BY_KEY, replay_window=timedelta(hours=20))
    judge = Judge(Directory({NET: Scripted(NET, can)}), "here", effects, clock)
    fresh = await Delivery.get(id=row.id)
    assert await judge.judge(fresh, NOW + timedelta(hours=1)) == (DeliveryStep.REPLAY, ())
    assert await judge.judge(fresh, NOW - HOURS) == (DeliveryStep.PARK, ())
    assert delivery_key(row.id, "here") == delivery_key(row.id, "here"), "the key knows no time"


def test_limits_hold_and_do_not_last_longer_when_the_clock_is_set_back() -> None:
    pacer, pace, now = Pacer(), Pace(chat_interval=1, chat_per_minute=20), NOW
    for _ in range(20):
        pacer.attempted(KENYA, now)
        pacer.started(KENYA, now)
        pacer.answered(KENYA, now)
    pacer.hold(KENYA, now + timedelta(seconds=30), whole_account=True, now=now)
    now -= HOURS
    at = pacer.ready_at(KENYA, pace, now)
    assert now + timedelta(seconds=59) < at < now + timedelta(seconds=63), "as if they had just been made"
    assert pacer.ready_at(KENYA, pace, at) == at
