"""The worker: an account that is still connecting is not tried, and whatever the bot says keeps the platform's pace."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bridge.core.capabilities import Pace
from bridge.core.clock import SystemClock
from bridge.core.ids import Address
from bridge.core.message import Content
from bridge.core.states import DeliveryState
from bridge.core.text import plain
from bridge.delivery.directory import Directory
from bridge.delivery.worker import Worker
from bridge.storage import ledger
from bridge.storage.bells import delivery_bell
from bridge.storage.ledger import Frozen
from bridge.storage.models import Delivery
from tests.unit.delivery.scripted import RICH, Scripted
from tests.unit.storage.stage import KENYA, NET, SLOW, UGANDA, FakeClock


async def frozen(row: Delivery) -> Frozen | None:
    return Frozen(payload='{"text":"x"}', content=row.content)


async def test_an_account_that_is_still_connecting_is_not_tried(opened: str) -> None:
    clock, net, slow = SystemClock(), Scripted(NET), Scripted(SLOW)
    directory = Directory({NET: net, SLOW: slow})
    directory.starting(NET)
    recorded: asyncio.Queue[Delivery] = asyncio.Queue()

    async def effects(rows: Sequence[Delivery]) -> None:
        for row in rows:
            recorded.put_nowait(row)

    async def plan(address: Address) -> Delivery:
        return await ledger.plan(kind=ledger.NOTICE, address=address, now=clock.now(), content=Content(text=plain("x")))

    early, other = await plan(KENYA), await plan(UGANDA)
    worker = Worker(
        directory, installation="i", compose=frozen, effects=effects, file_path=lambda _: Path(), clock=clock
    )
    task = asyncio.create_task(worker.run())
    async with asyncio.timeout(10):
        assert (await recorded.get()).id == other.id
        assert (await Delivery.get(id=early.id)).state == DeliveryState.PLANNED
        assert net.calls == 0
        directory.started(NET)
        delivery_bell.ring()
        assert (await recorded.get()).id == early.id
        assert (await Delivery.get(id=early.id)).attempts == 1
        worker.stop()
        await task


async def test_every_message_keeps_the_pace_also_the_bots_own(opened: str) -> None:
    clock, net = FakeClock(), Scripted(NET, replace(RICH, pace=Pace(chat_per_minute=2)))

    async def effects(rows: Sequence[Delivery]) -> None:
        pass

    worker = Worker(
        Directory({NET: net}),
        installation="i",
        compose=frozen,
        effects=effects,
        file_path=lambda _: Path(),
        clock=clock,
    )
    kinds = (ledger.NOTICE, ledger.CARD, ledger.PROMPT, ledger.REMOVAL, ledger.POST)
    for number, kind in enumerate(kinds):
        await ledger.plan(kind=kind, address=KENYA, now=clock.now(), content=Content(text=plain(f"x {number}")))
    for calls in (2, 4, 5):
        for _ in range(8):
            await worker._round()
            await asyncio.gather(*worker._tasks)
        assert net.calls == calls
        clock.pass_by(61)
