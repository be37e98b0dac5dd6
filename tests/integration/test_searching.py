"""After a crash, a post on Telegram is looked for in its group: real worker, adapter and ledger, and the simulator."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from bridge.adapters.telegram.adapter import TelegramAdapter
from bridge.adapters.telegram.settings import Settings
from bridge.core.events import MessagePosted
from bridge.core.ids import AccountId, Address, ChatId, MessageId, RemoteRef
from bridge.core.message import Content
from bridge.core.ports import AdapterContext, Doubt, Turn
from bridge.core.states import DeliveryState
from bridge.core.text import plain
from bridge.delivery.directory import Directory
from bridge.delivery.searching import OVER, PATIENCE
from bridge.delivery.worker import Worker
from bridge.playground.botapi import BotApiSimulator
from bridge.storage import codec, inbox, ledger
from bridge.storage.inbox import DurableSink, DurableState
from bridge.storage.ledger import Frozen
from bridge.storage.models import Delivery, Inbox
from bridge.storage.neighbours import neighbours
from tests.contract.harness import wait_for
from tests.unit.storage.stage import NOW, FakeClock, posted

ACCOUNT, TOKEN, BOT = AccountId("telegram"), "700100:search-test-token", 700100


@dataclass
class Town:
    """Telegram's limits are on, and its clock is ours."""

    simulator: BotApiSimulator
    clock: FakeClock
    directory: Directory
    adapter: TelegramAdapter
    group: int
    desk: int
    owner: int

    async def restarted(self) -> Worker:
        """As after a kill: whatever was under way is in doubt."""

        async def frozen(row: Delivery) -> Frozen:
            content = codec.load(codec.CONTENT, row.content)
            payload = self.adapter.to_payload(row.address.chat, content)
            return Frozen(payload=codec.dump_object(payload), content=row.content)

        async def nothing(_: Sequence[Delivery]) -> None: ...

        worker = Worker(
            self.directory,
            installation="i",
            compose=frozen,
            effects=nothing,
            file_path=lambda _: Path(),
            clock=self.clock,
        )
        await worker.take_over()
        return worker

    async def plan(self, text: str, chat: str = "") -> Delivery:
        return await ledger.plan(
            kind=ledger.POST,
            address=Address(ACCOUNT, ChatId(chat or str(self.group))),
            now=self.clock.now(),
            community="hifa",
            content=Content(text=plain(text)),
        )

    async def work(self, worker: Worker, seconds: int = 4) -> None:
        for _ in range(seconds):
            await worker._round()
            await asyncio.gather(*worker._tasks)
            await worker._judge.idle()
            self.clock.pass_by(1.1)
        await worker._record()

    async def shown(self, chat: int) -> list[str]:
        view = await self.simulator.users.view(self.owner, chat)
        return [message["text"] for message in view["messages"] if not message["service"]]


@asynccontextmanager
async def opened_town(**options: Any) -> AsyncIterator[Town]:
    clock = FakeClock()
    async with BotApiSimulator(clock=lambda: clock.now().timestamp()) as simulator:
        users = simulator.users
        await users.create_bot("our_bot", token=TOKEN, privacy=False)
        owner = await users.create_user("Grace")
        group, desk = [
            await users.create_group(title, owner, supergroup=True, members=[BOT]) for title in ("Group", "Moderators")
        ]
        raw = {"kind": "telegram", "token": TOKEN, "api_url": simulator.url, "look_up_doubt": True, **options}
        context = AdapterContext(account=ACCOUNT, clock=clock, chats=frozenset({ChatId(str(group))}))
        adapter = TelegramAdapter(Settings.model_validate(raw), context)
        directory = Directory({ACCOUNT: adapter})
        directory.desks = {"hifa": (Address(AccountId("elsewhere"), ChatId("x")), Address(ACCOUNT, ChatId(str(desk))))}
        await adapter._client.open()  # nothing is received here
        adapter._lookup.state = DurableState(ACCOUNT)
        try:
            yield Town(simulator, clock, directory, adapter, group, desk, owner)
        finally:
            await adapter._client.close_connections()


@pytest.fixture
async def town(opened: str) -> AsyncIterator[Town]:
    async with opened_town() as place:
        yield place


async def state(row: Delivery) -> DeliveryState:
    await row.refresh_from_db()
    return row.state


async def before(town: Town) -> None:
    """One post that arrived and was recorded."""
    await town.plan("before")
    await town.work(await town.restarted())


async def test_a_post_whose_answer_was_lost_is_found_and_not_sent_again(town: Town) -> None:
    await before(town)
    town.simulator.fail_next("sendMessage", "drop_after")
    row = await town.plan("Kangaroo care")
    await town.work(await town.restarted())
    assert await state(row) == DeliveryState.DELIVERED
    view = await town.simulator.users.view(town.owner, town.group)
    assert [str(m["id"]) for m in view["messages"] if m["text"] == "Kangaroo care"] == [row.message]
    assert await town.shown(town.desk) == []


async def test_a_post_that_never_arrived_is_sent_again_once_something_later_is_known(town: Town) -> None:
    await before(town)
    town.simulator.fail_next("sendMessage", 502)
    row = await town.plan("Kangaroo care")
    worker = await town.restarted()
    await town.work(worker)
    assert await state(row) == DeliveryState.IN_DOUBT, "nobody knows yet that it is not on its way"
    town.clock.pass_by(OVER.total_seconds())
    await town.plan("later")
    await town.work(worker, 4)
    town.clock.pass_by(31)
    await town.work(worker, 6)
    assert await state(row) == DeliveryState.DELIVERED
    assert (await town.shown(town.group)).count("Kangaroo care") == 1
    assert await town.shown(town.desk) == []


async def test_what_cannot_be_told_in_a_while_is_asked_of_a_moderator(town: Town) -> None:
    await before(town)
    town.simulator.fail_next("sendMessage", 502)
    row = await town.plan("Kangaroo care")
    worker = await town.restarted()
    await town.work(worker)
    town.clock.pass_by(PATIENCE.total_seconds())
    await town.work(worker)
    assert await state(row) == DeliveryState.UNCERTAIN
    assert "Kangaroo care" not in await town.shown(town.group)


async def test_in_a_protected_group_a_moderator_is_asked_at_once(town: Town) -> None:
    await before(town)
    await town.simulator.users.protect(town.group)
    town.simulator.fail_next("sendMessage", "drop_after")
    row = await town.plan("Kangaroo care")
    await town.work(await town.restarted())
    assert await state(row) == DeliveryState.UNCERTAIN
    assert (await town.shown(town.group)).count("Kangaroo care") == 1


async def test_two_posts_that_say_the_same_and_are_both_in_doubt_stay_so(town: Town) -> None:
    await before(town)
    town.simulator.fail_next("sendMessage", "drop_after", times=2)
    rows = [await town.plan("Kangaroo care") for _ in range(2)]
    claimed = await ledger.claim([row.id for row in rows], town.clock.now(), (await _composer(town)))
    for row in claimed:
        await town.adapter.send((await town.restarted())._caller.outgoing(row), "")
        town.clock.pass_by(1.1)
    await town.work(await town.restarted())
    assert [await state(row) for row in rows] == [DeliveryState.UNCERTAIN] * 2
    assert (await town.shown(town.group)).count("Kangaroo care") == 2


@pytest.mark.parametrize("arrived", [0, 1])
async def test_one_post_in_two_topics_of_a_group_is_not_taken_for_its_twin(opened: str, arrived: int) -> None:
    """Both topics are numbered in one row, and a forward does not say which of them it comes from."""
    async with opened_town() as town:
        users = town.simulator.users
        forum = await users.create_group("Forum", town.owner, forum=True, members=[BOT])
        topics = [f"{forum}/{await users.create_topic(forum, town.owner, name)}" for name in ("Births", "Malaria")]
        town.adapter._context = replace(town.adapter._context, chats=frozenset(map(ChatId, topics)))
        await town.plan("before", topics[0])
        await town.work(await town.restarted())
        rows = [await town.plan("Kangaroo care", topic) for topic in topics]
        worker = await town.restarted()
        claimed = await ledger.claim([row.id for row in rows], town.clock.now(), worker._books.compose)
        await town.adapter.send(worker._caller.outgoing(claimed[arrived]), "")  # then the program is killed
        town.clock.pass_by(OVER.total_seconds() + 1)
        restarted = await town.restarted()
        await town.plan("later", topics[0])
        await town.work(restarted, 4)
        town.clock.pass_by(31)
        await town.work(restarted, 4)
        assert [await state(row) for row in rows] == [DeliveryState.UNCERTAIN] * 2
        assert (await town.shown(forum)).count("Kangaroo care") == 1
        assert await town.shown(town.desk) == []


async def test_a_row_that_was_never_composed_does_not_keep_the_program_looking(town: Town) -> None:
    """After a restore what was still planned may have gone out since; nobody knows as what."""
    await before(town)
    row = await town.plan("Kangaroo care")
    await ledger.distrust(town.clock.now())
    await town.work(await town.restarted(), 2)
    assert await state(row) == DeliveryState.UNCERTAIN


@pytest.mark.parametrize(("seconds", "state_then"), [(45, DeliveryState.DELIVERED), (150, DeliveryState.UNCERTAIN)])
async def test_a_clock_that_was_set_back_since_proves_no_absence(
    town: Town, seconds: int, state_then: DeliveryState
) -> None:
    """What a member wrote after the post seems to have been there before it."""
    await before(town)
    town.simulator.fail_next("sendMessage", "drop_after")
    row = await town.plan("Kangaroo care")
    worker = await town.restarted()
    await worker._round()
    await asyncio.gather(*worker._tasks)
    town.simulator.fail_next("getChat", 502)
    await worker._round()  # looked for in vain: no connection
    await worker._judge.idle()
    assert await state(row) == DeliveryState.IN_DOUBT
    town.clock.pass_by(-seconds)
    number = await town.simulator.users.write(town.owner, town.group, "And I?")
    where = Address(ACCOUNT, ChatId(str(town.group)))
    event = posted("And I?", key="m9", chat=where)
    ref = replace(event.ref, message=MessageId(str(number)))
    await DurableSink(ACCOUNT, town.clock).accept([replace(event, ref=ref)])
    await worker._round()  # nothing is due
    await worker.sweep()
    town.clock.pass_by(seconds + OVER.total_seconds())
    await town.plan("later")
    await town.work(worker, 4)
    town.clock.pass_by(31)
    await town.work(worker, 4)
    assert await state(row) == state_then
    assert (await town.shown(town.group)).count("Kangaroo care") == 1


async def test_a_limit_met_by_the_search_keeps_the_rest_from_the_moderators_group(town: Town) -> None:
    await before(town)
    town.simulator.fail_next("sendMessage", "drop_after")
    await town.plan("Kangaroo care")
    town.simulator.fail_next("forwardMessage", 429, retry_after=30)
    worker = await town.restarted()
    await town.work(worker, 2)
    desk = Address(ACCOUNT, ChatId(str(town.desk)))
    town.clock.pass_by(1.5)
    now = town.clock.now()
    assert worker._pacer.ready_at(desk, town.adapter.capabilities(desk.chat).pace, now) > now


async def _composer(town: Town) -> ledger.Compose:
    return (await town.restarted())._books.compose


async def test_a_post_that_says_what_an_earlier_one_said_is_told_from_it(town: Town) -> None:
    await town.plan("Kangaroo care")
    await town.work(await town.restarted())
    town.simulator.fail_next("sendMessage", "drop_after")
    row = await town.plan("Kangaroo care")
    await town.work(await town.restarted())
    assert await state(row) == DeliveryState.DELIVERED
    first = await Delivery.all().order_by("id").first()
    assert first is not None
    assert int(row.message) == int(first.message) + 1


async def test_killed_in_the_middle_of_the_search_the_next_start_finds_it_and_cleans_up(town: Town) -> None:
    await before(town)
    town.simulator.fail_next("sendMessage", "drop_after")
    row = await town.plan("Kangaroo care")
    worker = await town.restarted()
    await worker._round()
    await asyncio.gather(*worker._tasks)
    town.simulator.latency = 0.2
    await worker._round()  # recorded as unknown, and looked into
    forwards = town.simulator.world.state.group(town.desk)
    assert forwards is not None
    await wait_for(lambda: any("forward_origin" in message.extra for message in forwards.messages.values()))
    await worker._judge.stop()
    town.simulator.latency = 0
    town.clock.pass_by(2)  # a start takes a while; what the limits of the moderators' group were is forgotten
    assert await state(row) == DeliveryState.IN_DOUBT
    await town.work(await town.restarted())
    assert await state(row) == DeliveryState.DELIVERED
    assert (await town.shown(town.group)).count("Kangaroo care") == 1
    assert len(await town.shown(town.desk)) <= 1, "a forward whose number nobody heard of stays; it does no harm"


async def test_the_search_spends_from_the_same_limits(town: Town) -> None:
    refused = 0
    refuse = town.simulator.world.limiter._refuse

    def counted(wait: float) -> None:
        nonlocal refused
        refused += wait > 0
        refuse(wait)

    town.simulator.world.limiter._refuse = counted  # type: ignore[method-assign]
    await before(town)
    worker = await town.restarted()
    for number in range(6):
        town.simulator.fail_next("sendMessage", "drop_after")
        row = await town.plan(f"Kangaroo care {number}")
        await town.work(worker, 3)
        assert await state(row) == DeliveryState.DELIVERED
    assert refused == 0


async def test_a_post_that_says_the_same_and_goes_out_during_the_search_is_not_taken_for_it(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    await before(town)
    town.simulator.fail_next("sendMessage", 502)
    row = await town.plan("Kangaroo care")
    worker = await town.restarted()
    await worker._round()
    await asyncio.gather(*worker._tasks)
    search = town.adapter.search

    async def slow(doubt: Doubt, turn: Turn) -> RemoteRef | None:
        twin = await town.plan("Kangaroo care")
        claimed = await ledger.claim([twin.id], town.clock.now(), worker._books.compose)
        answer = await town.adapter.send(worker._caller.outgoing(claimed[0]), "")
        await ledger.record([ledger.Outcome(row=claimed[0], answer=answer)], town.clock.now(), worker._books.effects)
        return await search(doubt, turn)

    monkeypatch.setattr(town.adapter, "search", slow)
    await worker._round()
    await worker._judge.idle()
    assert await state(row) == DeliveryState.IN_DOUBT


async def test_what_members_wrote_is_known_and_what_was_erased_is_passed_over(town: Town) -> None:
    await before(town)
    sink = DurableSink(ACCOUNT, town.clock)
    where = Address(ACCOUNT, ChatId(str(town.group)))
    await sink.accept([posted("Kangaroo care?", key="m5", chat=where), posted("erased", key="m6", chat=where)])
    await inbox.forget((await Inbox.get(key="m6")).id)
    row = await town.plan("Kangaroo care")
    row.first_attempt_at = NOW + PATIENCE
    around = await neighbours(row, [where.chat], NOW + PATIENCE)
    first = await Delivery.all().order_by("id").first()
    assert first is not None
    theirs = codec.load(codec.EVENT, (await Inbox.get(key="m5")).event)
    assert isinstance(theirs, MessagePosted)
    assert around.earlier == around.known == {first.message, theirs.ref.message}
    assert around.later == frozenset()
    assert around.rivals == ()


async def test_without_the_setting_a_moderator_is_asked(opened: str) -> None:
    async with opened_town(look_up_doubt=False) as town:
        await before(town)
        town.simulator.fail_next("sendMessage", "drop_after")
        row = await town.plan("Kangaroo care")
        await town.work(await town.restarted())
        assert await state(row) == DeliveryState.UNCERTAIN
