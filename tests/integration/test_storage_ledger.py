"""The delivery ledger on both databases: every step is conditional, and what waits is released or called off."""

import asyncio
import contextvars
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

import pytest

from bridge.core.errors import Refusal, TooSoon, TransitionRefused
from bridge.core.ids import Address, MessageId, RemoteRef
from bridge.core.message import Content
from bridge.core.ports import Later, Refused, SendOutcome, Sent, Unknown
from bridge.core.states import DeliveryState, DeliveryStep
from bridge.core.text import plain
from bridge.storage import codec, database, ledger, ledger_changes
from bridge.storage.ledger import Frozen, Outcome
from bridge.storage.models import Delivery
from tests.unit.storage.stage import KENYA, NOW, UGANDA

SOON = NOW + timedelta(minutes=1)
seen: list[tuple[int, DeliveryState]] = []


@pytest.fixture(autouse=True)
def nothing_seen() -> None:
    seen.clear()


async def effects(rows: Sequence[Delivery]) -> None:
    seen.extend((row.id, row.state) for row in rows)


async def frozen(row: Delivery) -> Frozen | None:
    return Frozen(payload=f'{{"row":{row.id}}}', content=row.content)


async def planned(
    address: Address = KENYA, *, part: int = 1, waits_for: int | None = None, operation: str = ledger.SEND
) -> Delivery:
    return await ledger.plan(
        kind=ledger.POST,
        address=address,
        now=NOW,
        content=Content(text=plain("x")),
        part=part,
        waits_for=waits_for,
        operation=operation,
    )


async def claimed(row: Delivery) -> Delivery:
    (found,) = await ledger.claim([row.id], NOW, frozen)
    return found


async def recorded(row: Delivery, answer: SendOutcome) -> None:
    await ledger.record([Outcome(row=row, answer=answer)], NOW, effects)


def there(message: str = "b1", address: Address = KENYA) -> Sent:
    return Sent(refs=(RemoteRef(address.account, address.chat, MessageId(message)),))


async def state(row: Delivery) -> DeliveryState:
    return (await Delivery.get(id=row.id)).state


async def test_a_row_is_claimed_by_one_of_two_workers(opened: str) -> None:
    rows = [await planned() for _ in range(4)]
    meeting = asyncio.Barrier(2) if opened.startswith("postgres") else None
    composed = 0

    async def meets(row: Delivery) -> Frozen | None:
        nonlocal composed
        composed += 1
        if meeting is not None and row.id == rows[0].id:  # both have read the row as planned
            await meeting.wait()
        return await frozen(row)

    ids = [row.id for row in rows]
    one, two = await asyncio.gather(ledger.claim(ids, NOW, meets), ledger.claim(ids, NOW, meets))
    assert sorted([*(r.id for r in one), *(r.id for r in two)]) == ids
    assert {row.attempts for row in await Delivery.all()} == {1}
    assert composed >= 4


async def test_what_is_sent_is_frozen_at_the_first_claim(opened: str) -> None:
    row = await claimed(await planned())
    await recorded(row, Later(when=SOON, why="busy"))

    async def another(_: Delivery) -> Frozen | None:
        raise AssertionError("composed again")

    (again,) = await ledger.claim([row.id], SOON, another)
    assert again.payload == f'{{"row":{row.id}}}'
    assert (again.attempts, again.first_attempt_at, again.attempted_at) == (2, NOW, SOON)


def said(row: Delivery) -> str:
    return codec.load(codec.CONTENT, row.content).text.text


async def changed_meanwhile(opened: str, row: Delivery, change: Callable[[], Awaitable[None]], *, fails: bool) -> None:
    """Claim a row, and let somebody else change it while it is composed: on SQLite he has to wait."""
    tasks: list[asyncio.Task[None]] = []

    async def elsewhere() -> None:
        async with database.transaction():
            await change()

    async def compose(composed: Delivery) -> Frozen | None:
        if not tasks:
            tasks.append(asyncio.create_task(elsewhere(), context=outside))
            if opened.startswith("postgres"):
                await tasks[0]
        if fails:
            raise ValueError
        return await worded(composed)

    outside = contextvars.copy_context()
    claimed = await ledger.claim([row.id], NOW, compose)
    await tasks[0]
    if opened.startswith("postgres"):
        assert claimed == []
        assert (await state(row), (await Delivery.get(id=row.id)).attempts) == (DeliveryState.PLANNED, 0)


async def worded(row: Delivery) -> Frozen | None:
    return Frozen(payload=f"{row.chat}: {said(row)}", content=row.content)


@pytest.mark.parametrize("fails", [False, True])
async def test_what_is_corrected_while_it_is_composed_goes_out_corrected(opened: str, fails: bool) -> None:
    """Also where the old words could not even be composed."""
    row = await planned()

    async def correct() -> None:
        (there,) = await Delivery.filter(id=row.id).select_for_update()
        if ledger_changes.is_absent(there):
            await ledger_changes.reword(there, Content(text=plain("y")))

    await changed_meanwhile(opened, row, correct, fails=fails)
    for again in await ledger.claim([row.id], NOW, worded):
        assert (said(again), again.payload) == ("y", f"{KENYA.chat}: y")
        assert (await Delivery.get(id=row.id)).payload == again.payload


async def test_what_moves_while_it_is_composed_goes_where_the_chat_is_now(opened: str) -> None:
    row = await planned()

    async def move() -> None:
        if await state(row) is DeliveryState.PLANNED:
            await Delivery.filter(id=row.id).update(chat=UGANDA.chat, payload="")

    await changed_meanwhile(opened, row, move, fails=False)
    for again in await ledger.claim([row.id], NOW, worded):
        assert again.payload == f"{UGANDA.chat}: x"


async def test_heads_keep_the_order_of_a_lane_and_no_lane_waits_for_another(opened: str) -> None:
    first, _, far = await planned(), await planned(), await planned(UGANDA)
    accounts = ["net", "slow"]
    assert [head for head, _ in await ledger.heads(NOW, accounts)] == [first.id, far.id]
    assert [head for head, _ in await ledger.heads(NOW, ["slow"])] == [far.id]
    assert await ledger.heads(NOW - timedelta(seconds=1), accounts) == []


async def test_a_later_part_goes_when_the_earlier_one_is_there(opened: str) -> None:
    first = await planned()
    second = await planned(part=2, waits_for=first.id)
    third = await planned(part=3, waits_for=second.id)
    assert [head for head, _ in await ledger.heads(NOW, ["net"])] == [first.id]
    await recorded(await claimed(first), there())
    assert [head for head, _ in await ledger.heads(NOW, ["net"])] == [second.id]
    await recorded(await claimed(second), Refused(reason=Refusal.FORBIDDEN))
    assert await state(third) is DeliveryState.CANCELLED
    assert seen == [
        (first.id, DeliveryState.DELIVERED),
        (second.id, DeliveryState.REFUSED),
        (third.id, DeliveryState.CANCELLED),
    ]


async def test_an_edit_waits_for_its_send(opened: str) -> None:
    send = await planned()
    edit = await ledger.plan(kind=ledger.CARD, address=KENYA, now=NOW, operation=ledger.EDIT, target=send)
    removal = await ledger.plan(kind=ledger.CARD, address=KENYA, now=NOW, operation=ledger.DELETE, target=send)
    assert [head for head, _ in await ledger.heads(NOW, ["net"])] == [send.id]
    await recorded(await claimed(send), there("b7"))
    assert [(await Delivery.get(id=row.id)).waits_for for row in (edit, removal)] == [None, None]
    found = await ledger.find_by_ref(RemoteRef(KENYA.account, KENYA.chat, MessageId("b7")))
    assert found is not None
    assert found.id == send.id


async def test_a_row_that_cannot_be_composed_is_refused_and_blocks_nobody(opened: str) -> None:
    broken, fine, pointless = await planned(), await planned(), await planned()
    follower = await planned(part=2, waits_for=broken.id)

    async def compose(row: Delivery) -> Frozen | None:
        if row.id == broken.id:
            raise ValueError("Amina's private words")
        return None if row.id == pointless.id else await frozen(row)

    rows = await ledger.claim([broken.id, fine.id, pointless.id], NOW, compose)
    assert [row.id for row in rows] == [fine.id]
    refused = await Delivery.get(id=broken.id)
    assert (refused.state, refused.reason, refused.detail) == (
        DeliveryState.REFUSED,
        Refusal.BAD_CONTENT.value,
        "ValueError",
    )
    assert await state(pointless) is await state(follower) is DeliveryState.CANCELLED


async def test_after_a_crash_what_was_attempted_is_in_doubt(opened: str) -> None:
    lost, alive, waiting = await claimed(await planned()), await claimed(await planned()), await planned()
    assert await ledger.recover(alive=[alive.id]) == 1
    assert [await state(row) for row in (lost, alive, waiting)] == [
        DeliveryState.IN_DOUBT,
        DeliveryState.ATTEMPTING,
        DeliveryState.PLANNED,
    ]
    assert await ledger.recover(before=NOW) == 0
    assert await ledger.recover() == 1
    assert {row.id for row in await ledger.in_doubt(NOW, ["net"])} == {lost.id, alive.id}
    assert await ledger.in_doubt(NOW, ["slow"]) == []


async def test_an_answer_that_comes_after_the_recovery_changes_nothing(opened: str) -> None:
    row = await claimed(await planned())
    await ledger.recover()
    await recorded(row, there())
    assert await state(row) is DeliveryState.IN_DOUBT
    assert seen == []


@pytest.mark.parametrize(
    ("step", "after", "follower"),
    [
        (DeliveryStep.FOUND, DeliveryState.DELIVERED, None),
        (DeliveryStep.REPLAY, DeliveryState.PLANNED, "waits"),
        (DeliveryStep.PARK, DeliveryState.UNCERTAIN, "waits"),
    ],
)
async def test_a_doubt_is_settled(opened: str, step: DeliveryStep, after: DeliveryState, follower: str | None) -> None:
    row = await claimed(await planned())
    later = await planned(part=2, waits_for=row.id)
    await recorded(row, Unknown(why="the line broke"))
    await ledger.resolve_doubt(await Delivery.get(id=row.id), step, NOW, effects)
    await ledger.resolve_doubt(await Delivery.get(id=row.id), step, NOW, effects)  # a second judge comes too late
    assert await state(row) is after
    assert ((await Delivery.get(id=later.id)).waits_for is None) == (follower is None)
    assert len(seen) == (0 if step is DeliveryStep.REPLAY else 1)


@pytest.mark.parametrize(
    ("step", "after", "follower"),
    [
        (DeliveryStep.CONFIRM, DeliveryState.DELIVERED, DeliveryState.PLANNED),
        (DeliveryStep.SEND_AGAIN, DeliveryState.PLANNED, DeliveryState.PLANNED),
        (DeliveryStep.GIVE_UP, DeliveryState.CANCELLED, DeliveryState.CANCELLED),
    ],
)
async def test_a_person_settles_what_is_uncertain_once(
    opened: str, step: DeliveryStep, after: DeliveryState, follower: DeliveryState
) -> None:
    row = await claimed(await planned())
    later = await planned(part=2, waits_for=row.id)
    await recorded(row, Unknown(why="the line broke"))
    with pytest.raises(TransitionRefused, match="not possible any more"):
        await ledger.settle(row.id, step, NOW, effects, by="grace")
    await ledger.resolve_doubt(await Delivery.get(id=row.id), DeliveryStep.PARK, NOW, effects)
    answers = await asyncio.gather(
        *(ledger.settle(row.id, step, NOW, effects, by=name) for name in ("grace", "peter")), return_exceptions=True
    )
    assert sorted(isinstance(answer, TransitionRefused) for answer in answers) == [False, True]
    assert await state(row) is after
    assert await state(later) is follower


async def test_a_refused_row_is_tried_again_with_its_parts(opened: str) -> None:
    row = await claimed(await planned())
    await planned(part=2, waits_for=row.id)
    await recorded(row, Refused(reason=Refusal.FORBIDDEN, detail="not a member"))
    await ledger.settle(row.id, DeliveryStep.RETRY, NOW, effects, by="grace")
    with pytest.raises(LookupError, match="there is no delivery 999"):
        await ledger.settle(999, DeliveryStep.RETRY, NOW, effects, by="grace")
    await recorded(await claimed(row), there())
    (second,) = await Delivery.filter(part=2, state=DeliveryState.PLANNED)
    assert second.waits_for is None
    await recorded(await claimed(second), there("b2"))
    assert await Delivery.filter(state=DeliveryState.DELIVERED).count() == 2


async def test_an_outcome_and_what_follows_from_it_are_one_commit(opened: str) -> None:
    row = await claimed(await planned())

    async def fails(_: Sequence[Delivery]) -> None:
        raise RuntimeError("effects")

    with pytest.raises(RuntimeError):
        await ledger.record([Outcome(row=row, answer=there())], NOW, fails)
    assert await state(row) is DeliveryState.ATTEMPTING
    await recorded(await Delivery.get(id=row.id), there())
    assert await state(row) is DeliveryState.DELIVERED


async def test_planning_is_undone_with_its_transaction(opened: str) -> None:
    async def fails() -> None:
        async with database.transaction():
            await planned()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fails()
    assert await Delivery.all().count() == 0


async def test_an_answer_quicker_than_our_commit_waits(opened: str) -> None:
    ref = RemoteRef(KENYA.account, KENYA.chat, MessageId("b1"))
    assert await ledger.answered(ref, NOW, NOW) is None
    row = await claimed(await planned())
    with pytest.raises(TooSoon):
        await ledger.answered(ref, NOW, NOW)
    assert await ledger.answered(ref, NOW, SOON) is None
    await recorded(row, there())
    found = await ledger.answered(ref, NOW, NOW)
    assert found is not None
    assert found.id == row.id


async def test_a_restart_remembers_what_was_called_lately(opened: str) -> None:
    await claimed(await planned())
    assert await ledger.recent_attempts(NOW - timedelta(seconds=60), [KENYA.account]) == [(KENYA, NOW, 0)]
    assert await ledger.recent_attempts(NOW, [KENYA.account]) == []
    assert await ledger.next_due(NOW, ["net"]) is None
    row = await claimed(await planned())
    await recorded(row, Later(when=SOON, why="busy"))
    assert await ledger.next_due(NOW, ["net"]) == SOON
