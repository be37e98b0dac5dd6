"""Which rows go first where an account may send only so much: fair, the urgent first, and as before after a restart."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from bridge.core.capabilities import Guarantee, Pace
from bridge.core.errors import StorageUnavailable
from bridge.core.ids import AccountId, Address, ChatId
from bridge.core.message import Attachment, AttachmentKind, Content
from bridge.core.ports import Later, Outgoing, SendOutcome
from bridge.core.states import DeliveryState
from bridge.core.text import plain
from bridge.delivery import gathering
from bridge.delivery.directory import Directory
from bridge.delivery.worker import Worker
from bridge.storage import ledger, ledger_lanes
from bridge.storage.ledger import Frozen
from bridge.storage.ledger_lanes import LOOK
from bridge.storage.models import Delivery
from tests.unit.delivery.scripted import RICH, Scripted
from tests.unit.storage.stage import NET, FakeClock

ONE_A_SECOND = replace(RICH, pace=Pace(account_per_second=1))


async def frozen(row: Delivery) -> Frozen | None:
    return Frozen(payload=f'{{"text":"{row.community} {row.chat}"}}', content=row.content)


async def nothing(_: Sequence[Delivery]) -> None:
    """Nothing follows."""


def worker_of(net: Scripted, clock: FakeClock, *others: Scripted, effects: ledger.Effects = nothing) -> Worker:
    return Worker(
        Directory({adapter.account: adapter for adapter in (net, *others)}),
        installation="i",
        compose=frozen,
        effects=effects,
        file_path=lambda _: Path(),
        clock=clock,
    )


async def rounds(worker: Worker, clock: FakeClock, count: int) -> None:
    """That many seconds of work."""
    for _ in range(count):
        await worker._round()
        await asyncio.gather(*worker._tasks)
        clock.pass_by(1.02)
    await worker._record()


async def plan(
    clock: FakeClock,
    chat: str,
    community: str,
    kind: str = ledger.POST,
    view: str = "",
    account: AccountId = NET,
) -> Delivery:
    where = Address(account, ChatId(chat))
    content = Content(text=plain("x"))
    return await ledger.plan(kind=kind, address=where, now=clock.now(), community=community, content=content, view=view)


async def test_a_community_with_a_long_queue_keeps_no_other_waiting(opened: str) -> None:
    clock, net = FakeClock(), Scripted(NET, ONE_A_SECOND)
    for number in range(12):
        await plan(clock, f"a{number}", "busy")
    worker = worker_of(net, clock)
    await rounds(worker, clock, 3)
    for number in range(3):
        await plan(clock, f"b{number}", "other")
    await rounds(worker, clock, 6)
    sent = [shown.text.split()[0] for shown in net.ever_shown]
    assert sent[:3] == ["busy"] * 3
    assert sorted(sent[3:]) == ["busy"] * 3 + ["other"] * 3


async def test_a_fast_account_beside_takes_no_communitys_turn(opened: str) -> None:
    clock, net = FakeClock(), Scripted(NET, ONE_A_SECOND)
    other = Address(AccountId("fast"), ChatId("x"))
    worker = Worker(
        Directory({NET: net, other.account: Scripted(other.account)}),
        installation="i",
        compose=frozen,
        effects=nothing,
        file_path=lambda _: Path(),
        clock=clock,
    )
    for number in range(6):
        await plan(clock, f"a{number}", "busy")
    for number in range(3):
        await plan(clock, f"b{number}", "other")
    for _ in range(6):
        for number in range(4):
            where = Address(other.account, ChatId(f"f{number}"))
            content = Content(text=plain("x"))
            await ledger.plan(kind=ledger.POST, address=where, now=clock.now(), community="busy", content=content)
        await rounds(worker, clock, 1)
    sent = [shown.text.split()[0] for shown in net.ever_shown]
    assert sorted(sent) == ["busy"] * 3 + ["other"] * 3


async def test_copies_on_an_account_that_is_put_off_keep_no_others_waiting(
    opened: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_lanes, "LOOK", 4)
    clock, net, mail = FakeClock(), Scripted(NET, ONE_A_SECOND), Scripted(AccountId("mail"))
    worker = worker_of(net, clock, mail)
    for number in range(8):
        await plan(clock, f"reader{number}", "hifa", ledger.NOTICE, ledger.CAN_WAIT)
    content = Content(text=plain("x"))
    other = Address(AccountId("mail"), ChatId("reader"))
    await ledger.plan(kind=ledger.NOTICE, address=other, now=clock.now(), content=content, view=ledger.CAN_WAIT)
    net.answers.append(Later(when=clock.now() + timedelta(hours=1), why="no connection", whole_account=True))
    await rounds(worker, clock, 3)
    assert mail.calls == 1


async def test_copies_on_a_slow_account_keep_no_others_waiting(opened: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An account that may send one message a second is not held: there is always something of it that waits."""
    monkeypatch.setattr(ledger_lanes, "LOOK", 4)
    clock, net, mail = FakeClock(), Scripted(NET, ONE_A_SECOND), Scripted(AccountId("mail"))
    worker = worker_of(net, clock, mail)
    for number in range(8):
        await plan(clock, f"reader{number}", "hifa", ledger.NOTICE, ledger.CAN_WAIT)
    for number in range(3):
        await plan(clock, f"mail{number}", "hifa", ledger.NOTICE, ledger.CAN_WAIT, account=mail.account)
    await rounds(worker, clock, 2)
    assert (net.calls, mail.calls) == (2, 3)


async def test_copies_for_a_chat_that_is_put_off_keep_no_others_waiting(
    opened: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_lanes, "LOOK", 4)
    clock, net = FakeClock(), Scripted(NET)
    for chat in ["stuck"] * 30 + ["fine"]:
        await plan(clock, chat, "hifa", ledger.NOTICE, ledger.CAN_WAIT)
    net.answers.append(Later(when=clock.now() + timedelta(hours=1), why="too many requests", limit=True))
    await rounds(worker_of(net, clock), clock, 3)
    assert net.calls == 2
    assert [shown.text.split()[1] for shown in net.ever_shown] == ["fine"]


async def test_a_removal_goes_first_then_who_waits_then_posts_then_what_can_wait(opened: str) -> None:
    clock, net = FakeClock(), Scripted(NET, ONE_A_SECOND)
    there = await plan(clock, "group", "hifa")
    worker = worker_of(net, clock)
    await rounds(worker, clock, 1)
    await there.refresh_from_db()
    assert there.state == DeliveryState.DELIVERED
    patient = await plan(clock, "reader", "hifa", ledger.NOTICE, ledger.CAN_WAIT)
    less = await plan(clock, "reader2", "hifa", ledger.NOTICE, ledger.WAITS_LESS)
    for number in range(2):
        await plan(clock, "group", f"hifa{number}")
    card = await plan(clock, "mods", "hifa", ledger.CARD)
    removal = await ledger.plan(
        kind=ledger.POST, address=there.address, now=clock.now(), operation=ledger.DELETE, target=there
    )
    order: list[int] = []
    for _ in range(6):
        await rounds(worker, clock, 1)
        done = await Delivery.filter(state=DeliveryState.DELIVERED).exclude(id__in=[there.id, *order])
        order += [row.id for row in done]
    posts = await Delivery.filter(kind=ledger.POST, operation=ledger.SEND, id__not=there.id).order_by("id")
    assert order == [removal.id, card.id, *(row.id for row in posts), less.id, patient.id]


async def test_a_wait_that_the_platform_named_outlives_a_restart(opened: str) -> None:
    clock, net = FakeClock(), Scripted(NET)
    first = await plan(clock, "group", "hifa")
    second = await plan(clock, "group", "hifa")
    net.answers.append(Later(when=clock.now() + timedelta(seconds=40), why="too many requests", limit=True))
    await rounds(worker_of(net, clock), clock, 1)
    restarted = worker_of(net, clock)
    await restarted.take_over()
    await rounds(restarted, clock, 3)
    assert net.calls == 1, "the second post would only have met the limit again, and overtaken the first"
    clock.pass_by(40)
    await rounds(restarted, clock, 3)
    assert net.calls == 3
    for row in (first, second):
        await row.refresh_from_db()
    assert int(first.message[1:]) < int(second.message[1:])


@pytest.mark.parametrize("limit", [True, False])
async def test_a_wait_for_the_whole_account_outlives_a_restart_where_the_platform_named_it(
    opened: str, limit: bool
) -> None:
    """Not where there was no way to it: whoever restarts may have mended that."""
    clock, net = FakeClock(), Scripted(NET)
    await plan(clock, "group", "hifa")
    net.answers.append(Later(when=clock.now() + timedelta(seconds=40), why="slow", whole_account=True, limit=limit))
    await rounds(worker_of(net, clock), clock, 1)
    restarted = worker_of(net, clock)
    await restarted.take_over()
    await plan(clock, "other", "hifa")
    await rounds(restarted, clock, 3)
    assert net.calls == (1 if limit else 2)
    clock.pass_by(40)
    await rounds(restarted, clock, 2)
    assert net.calls == 3


async def test_groups_that_show_that_the_account_was_too_fast_are_remembered(opened: str) -> None:
    clock, net = FakeClock(), Scripted(NET)
    for chat in ("a", "b", "c"):
        await plan(clock, chat, "hifa")
        net.answers.append(Later(when=clock.now() + timedelta(seconds=40), why="too many requests", limit=True))
    await rounds(worker_of(net, clock), clock, 1)
    restarted = worker_of(net, clock)
    await restarted.take_over()
    await plan(clock, "d", "hifa")
    await rounds(restarted, clock, 3)
    assert net.calls == 3


async def test_an_album_that_does_not_fit_waits_without_being_tried(opened: str) -> None:
    can = replace(RICH, album=10, pace=Pace(chat_per_minute=5))
    clock, net = FakeClock(), Scripted(NET, can)
    files = tuple(
        Attachment(sha256=f"{number:064}", kind=AttachmentKind.PHOTO, mime="image/png", size=1, name="p.png")
        for number in range(4)
    )
    await plan(clock, "group", "hifa")
    await plan(clock, "group", "hifa")
    album = await ledger.plan(
        kind=ledger.POST,
        address=Address(NET, ChatId("group")),
        now=clock.now(),
        content=Content(text=plain("x"), attachments=files),
    )
    worker = worker_of(net, clock)
    await rounds(worker, clock, 5)
    await album.refresh_from_db()
    assert net.calls == 2
    assert (album.state, album.doubted) == (DeliveryState.PLANNED, False)
    clock.pass_by(60)
    await rounds(worker, clock, 2)
    await album.refresh_from_db()
    assert album.state == DeliveryState.DELIVERED
    again = worker_of(net, clock)
    await again.take_over()
    await plan(clock, "group", "hifa")
    await plan(clock, "group", "hifa")
    await rounds(again, clock, 4)
    assert net.calls == 4, "after a restart, too, the album counts as four of five"


@pytest.mark.parametrize(
    ("guarantee", "first_answer", "begun"),
    [
        pytest.param(Guarantee.ONCE_BY_KEY, None, 40, id="a repeat is told by its key"),
        pytest.param(Guarantee.AT_MOST_ONCE, None, 0, id="a crash would leave two in doubt"),
        pytest.param(Guarantee.ONCE_BY_KEY, Later(when=FakeClock().now() + timedelta(hours=1)), 39, id="one must wait"),
    ],
)
async def test_the_next_of_a_chat_goes_before_the_last_is_written_down_where_neither_could_be_doubtful(
    opened: str, guarantee: Guarantee, first_answer: Later | None, begun: int
) -> None:
    clock, net = FakeClock(), Scripted(NET, replace(RICH, guarantee=guarantee))
    net.answers.extend([first_answer] if first_answer else [])
    for number in range(80):
        await plan(clock, f"chat{number % 40}", "busy")
    worker = worker_of(net, clock)
    await worker._round()
    await asyncio.gather(*worker._tasks)
    await worker._begin()
    states = [row.state for row in await Delivery.all().order_by("id")]
    assert states[:40] == [DeliveryState.ATTEMPTING] * 40
    assert states[40:].count(DeliveryState.ATTEMPTING) == begun
    await rounds(worker, clock, 2)
    assert await Delivery.filter(state=DeliveryState.DELIVERED).count() == 80 - 2 * bool(first_answer)


@dataclass
class Silent(Scripted):
    """An account whose calls take until somebody says so."""

    answering: asyncio.Event = field(default_factory=asyncio.Event)

    async def send(self, outgoing: Outgoing, key: str) -> SendOutcome:
        await self.answering.wait()
        return await super().send(outgoing, key)


async def test_who_answers_at_once_does_not_wait_for_the_many_answers_of_another(
    opened: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their outcomes are gathered; with those of a quick chat, each of its cards would be late by that time twice."""
    monkeypatch.setattr(gathering, "_GATHERED", 30.0)
    clock, slow, quick = FakeClock(), Silent(NET), Scripted(AccountId("quick"))
    for number in range(40):
        await plan(clock, f"s{number}", "hifa")
    for _ in range(5):
        await plan(clock, "mods", "hifa", account=quick.account)
    left, done = 5, asyncio.Event()

    async def counted(rows: Sequence[Delivery]) -> None:
        nonlocal left
        left -= sum(row.account == quick.account for row in rows)
        if not left:
            done.set()

    worker = worker_of(slow, clock, quick, effects=counted)
    task = asyncio.create_task(worker.run())
    try:
        async with asyncio.timeout(20):
            await done.wait()
        assert not slow.ever_shown
    finally:
        slow.answering.set()
        worker.stop()
        await task
    assert not await Delivery.exclude(state=DeliveryState.DELIVERED).exists()


async def test_nothing_comes_between_the_parts_of_a_post(opened: str) -> None:
    clock, net = FakeClock(), Scripted(NET, replace(RICH, guarantee=Guarantee.ONCE_BY_KEY))
    for number in range(40):
        first = await plan(clock, f"chat{number}", "first")
        await Delivery.filter(id=(await plan(clock, f"chat{number}", "second")).id).update(waits_for=first.id)
        await plan(clock, f"chat{number}", "another")
    worker = worker_of(net, clock)
    await rounds(worker, clock, 6)
    for number in range(40):
        said = [shown.text.split()[0] for shown in net.ever_shown if shown.chat == f"chat{number}"]
        assert said == ["first", "second", "another"]


async def test_a_call_that_something_of_ours_breaks_has_an_outcome_and_its_lane_goes_on(
    opened: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, net = FakeClock(), Scripted(NET)
    worker = worker_of(net, clock)
    rows = [await plan(clock, "a", name) for name in ("first", "second")]
    with monkeypatch.context() as patched:
        patched.setattr(worker._pacer, "started", lambda *_: 1 / 0)
        await rounds(worker, clock, 1)
    assert [(await Delivery.get(id=row.id)).state for row in rows] == [DeliveryState.IN_DOUBT, DeliveryState.PLANNED]
    await rounds(worker, clock, 3)
    assert (await Delivery.get(id=rows[1].id)).state is DeliveryState.DELIVERED


async def test_while_nothing_can_be_written_down_no_more_goes(opened: str, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, net = FakeClock(), Scripted(NET, replace(RICH, guarantee=Guarantee.ONCE_BY_KEY))
    for number in range(120):
        await plan(clock, f"chat{number % 40}", "busy")
    worker = worker_of(net, clock)

    async def full(*_: object) -> None:
        raise StorageUnavailable

    with monkeypatch.context() as patched:
        patched.setattr(worker._books, "write_down", full)
        for _ in range(5):
            with suppress(StorageUnavailable):
                await worker._round()
            await asyncio.gather(*worker._tasks)
    assert await Delivery.filter(state=DeliveryState.ATTEMPTING).count() == 80
    await rounds(worker, clock, 3)
    assert await Delivery.filter(state=DeliveryState.DELIVERED).count() == 120


async def test_behind_a_few_readers_letters_others_are_looked_for_at_once(opened: str) -> None:
    clock, net = FakeClock(), Silent(NET, replace(RICH, in_flight=1))
    worker = worker_of(net, clock)
    await plan(clock, "group", "hifa")
    assert await worker._begin() > 0, "all that can go is under way"
    for chat in ("amina", "fatima"):  # more than a look at what can wait reaches
        for _ in range(LOOK):
            await plan(clock, chat, "hifa", ledger.NOTICE, ledger.CAN_WAIT)
    await plan(clock, "zawadi", "hifa", ledger.NOTICE, ledger.CAN_WAIT)
    looks = 0
    while await worker._begin() == 0:
        looks += 1
    assert looks == 3
    assert {address.chat for address in worker._in_flight.values()} == {"group", "amina", "fatima", "zawadi"}
    net.answering.set()
    await asyncio.gather(*worker._tasks)
