"""Everything at the same moment: the real processor and worker, with several chats' events handled in parallel.

The histories elsewhere do one thing after the other. Here transactions meet: approve against reject, edit, the
author's edit and withdrawal, merging both ways, undo, correction and retraction, votes. On PostgreSQL they run at once;
on SQLite one waits for the other.
"""

import asyncio
import random
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog

from bridge.core.clock import SystemClock
from bridge.core.events import ChatKind, InboundEvent, MessageEdited, MessagePosted
from bridge.core.ids import Address, ChatId, MessageId, RemoteRef
from bridge.core.message import Attachment, RemoteFile
from bridge.core.states import DeliveryState, InboxState, ReviewState
from bridge.core.text import plain
from bridge.delivery.worker import Worker
from bridge.intake.processor import Processor
from bridge.moderation.effects import arrivals
from bridge.storage import audit, database, ledger
from bridge.storage.counting import lock, next_number
from bridge.storage.inbox import DurableSink
from bridge.storage.models import Decision, Delivery, Inbox, Post, Query, Review
from tests.integration.desk_world import WHO, World, here
from tests.unit.storage.stage import DESK, MODS, NET, sender

AUTHORS = [f"author{number}" for number in range(4)]


class Crowd(World):
    """The world with everybody acting at once, and the machines running by themselves."""

    def __init__(self, directory: Path, **policy: Any) -> None:
        super().__init__(directory, here(**policy))
        self.time = SystemClock()
        self.worker = Worker(
            self.directory,
            installation="test",
            compose=self.bridge._compose,
            effects=arrivals(self.communities, self.time.now),
            file_path=Path,
            clock=self.time,
        )
        self.processor = Processor(self.communities, self.directory, _nothing, self.time)

    async def __aenter__(self) -> "Crowd":
        await self.open()
        self._running = [asyncio.create_task(job()) for job in (self.worker.run, self.processor.run)]
        return self

    async def __aexit__(self, *_: object) -> None:
        self.processor.stop()
        self.worker.stop()
        await asyncio.gather(*self._running)

    async def hears(self, *events: InboundEvent) -> None:
        """Each account's sink takes its events by itself."""
        await asyncio.gather(*(DurableSink(event.account, self.time).accept([event]) for event in events))

    async def settles(self) -> None:
        """Nothing is left to be handled or sent, nor will be in a few seconds: arrivals are gathered before."""
        async with asyncio.timeout(120):
            while True:
                left = await Inbox.filter(state=InboxState.NEW).count()
                under_way = (DeliveryState.PLANNED, DeliveryState.ATTEMPTING, DeliveryState.IN_DOUBT)
                due = Delivery.filter(state__in=under_way, due_at__lte=self.time.now() + timedelta(seconds=5))
                if not left and not await due.exists():
                    return
                await asyncio.sleep(0.05)

    def says(self, who: str, text: str, *, where: Address | None = None, to: RemoteRef | None = None) -> MessagePosted:
        sender = WHO[who]
        address = where or Address(sender.ref.account, ChatId(sender.ref.user))
        key = self.key()
        return MessagePosted(
            account=address.account,
            chat=address.chat,
            key=key,
            at=self.time.now(),
            ref=RemoteRef(address.account, address.chat, MessageId(f"m{key}")),
            sender=sender,
            chat_kind=ChatKind.GROUP if where else ChatKind.PRIVATE,
            text=plain(text),
            reply_to=to,
        )

    def rewords(self, original: MessagePosted, text: str) -> MessageEdited:
        return MessageEdited(
            account=original.account,
            chat=original.chat,
            key=self.key(),
            at=self.time.now(),
            ref=original.ref,
            sender=original.sender,
            chat_kind=original.chat_kind,
            text=plain(text),
        )

    async def card(self, review: Review, channel: Address) -> RemoteRef | None:
        """The newest that stands there; none where its author was quicker, or waits because they changed it often."""
        rows = [row for row in await ledger.card_rows(review.id) if row.address == channel]
        placed = [row.ref for row in rows if row.ref is not None]
        fresh = await Review.get(id=review.id)
        waits = any(row.state in (DeliveryState.PLANNED, DeliveryState.CANCELLED) for row in rows)
        assert placed or waits or fresh.state == ReviewState.WITHDRAWN, f"#{review.id} has no card in {channel}"
        return placed[-1] if placed else None

    def shown(self, ref: RemoteRef) -> str:
        """Without how many posts its author had before: that changes with other items, and is as it was when drawn."""
        text = self.phones[ref.account].shown[ref.message].text
        return re.sub(r"^(?:first post|\d+ earlier posts?)", "", text, flags=re.MULTILINE)


async def _nothing(account: str, file: RemoteFile) -> Attachment:
    raise AssertionError("there are no files here")


@pytest.fixture
def crowd(opened: str, tmp_path: Path) -> Crowd:
    return Crowd(tmp_path)


async def _all_well(crowd: Crowd, logs: list[Any]) -> None:
    """What holds after whatever order things happened in."""
    failed = [entry for entry in logs if str(entry["event"]).endswith(("_failed", "_parked", "not_composed"))]
    assert not failed
    assert not await Inbox.filter(state=InboxState.PARKED).exists()
    chain = await audit.verify("hifa")
    assert chain.broken_at is None
    for review in await Review.all().order_by("id").select_related("submission"):
        ends = ("approve", "reject", "withdraw", "merge", "lapse")
        lines = [line.action for line in await Decision.filter(review_id=review.id).order_by("id")]
        ended = [action for action in lines if action in ends]
        undone = lines.count("undo")
        assert len(ended) - undone == (review.state != ReviewState.HELD), f"{review.id}: {lines}, {review.state}"
        post = await Post.get_or_none(submission_id=review.submission_id)
        if review.kind == "post":
            assert (post is not None) == (review.state == ReviewState.APPROVED)
        if review.state != ReviewState.HELD:
            assert not await Query.filter(review_id=review.id, closed=False, answered_at__isnull=True).exists()
        if review.merged_into is not None:
            assert review.state == ReviewState.MERGED
    for row in await Delivery.filter(kind=ledger.POST, operation=ledger.SEND, state=DeliveryState.DELIVERED):
        again = Delivery.filter(post_id=row.post_id, account=row.account, chat=row.chat, part=row.part)
        sent = again.filter(kind=ledger.POST, operation=ledger.SEND, state=DeliveryState.DELIVERED)
        assert await sent.count() == 1, "one post was sent twice to a group"
    await crowd.settles()  # what the last answers brought about
    for review in await Review.all():
        refs = [await crowd.card(review, channel) for channel in (MODS, DESK)]
        here_and_there = {crowd.shown(ref) for ref in refs if ref is not None}
        assert len(here_and_there) < 2, "two cards of an item show different things"


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_moderators_and_authors_at_once(crowd: Crowd, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Contradicting instructions about each of several items, all in the same moment."""
    chance = random.Random(seed)
    for name in AUTHORS:
        monkeypatch.setitem(WHO, name, sender(name, account=NET))
    with structlog.testing.capture_logs() as logs:
        async with crowd:
            originals = [crowd.says(name, f"wording {name} {n}") for name in AUTHORS for n in range(3)]
            await crowd.hears(*originals)
            await crowd.settles()
            for _ in range(3):
                held = await Review.filter(state=ReviewState.HELD).select_related("submission").order_by("id")
                events: list[InboundEvent] = []
                for review in held:
                    other = chance.choice(held).submission.number
                    said = ["approve", "reject: duplicate", f"merge: {other}", "edit: another wording", "ask: which?"]
                    said += ["headline: Zinc", "claim", "note: see the guideline", "approve"]
                    for who, channel in (("grace", MODS), ("mary", MODS), ("grace2", DESK), ("peter", DESK)):
                        to = await crowd.card(review, channel)
                        events.append(crowd.says(who, chance.choice(said), where=channel, to=to))
                    original = next(o for o in originals if o.ref == review.submission.source)
                    author = str(original.sender.ref.user)
                    events.append(crowd.rewords(original, f"new wording {author} {chance.random()}"))
                    if chance.random() < 0.3:
                        events.append(crowd.says(author, f"withdraw {review.submission.number}"))
                chance.shuffle(events)
                await crowd.hears(*events)
                await crowd.settles()
        await _all_well(crowd, logs)


@pytest.mark.parametrize("seed", [1, 2])
async def test_after_publication_at_once(crowd: Crowd, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Undo, retraction, corrections by moderators and authors, and decisions on those, while posts go out."""
    chance = random.Random(seed)
    for name in AUTHORS:
        monkeypatch.setitem(WHO, name, sender(name, account=NET))
    with structlog.testing.capture_logs() as logs:
        async with crowd:
            originals = [crowd.says(name, f"wording {name} {n}") for name in AUTHORS for n in range(2)]
            await crowd.hears(*originals)
            await crowd.settles()
            for _ in range(4):
                events: list[InboundEvent] = []
                for review in await Review.all().select_related("submission").order_by("id"):
                    said = ("approve", "undo", "retract: by mistake", f"correct: wording {chance.random()}", "approve")
                    for who, channel in (("grace", MODS), ("peter", DESK)):
                        to = await crowd.card(review, channel)
                        events.append(crowd.says(who, chance.choice(said), where=channel, to=to))
                    original = next(o for o in originals if o.ref == review.submission.source)
                    if chance.random() < 0.5:
                        text = chance.choice((original.text.text, f"changed {chance.random()}"))
                        events.append(crowd.rewords(original, text))
                chance.shuffle(events)
                await crowd.hears(*events)
                await crowd.settles()
        await _all_well(crowd, logs)


async def test_two_votes_at_once_are_two(opened: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two moderators on two platforms, each thinking to be the first of two."""
    crowd = Crowd(tmp_path, approvals=2)
    for name in AUTHORS:
        monkeypatch.setitem(WHO, name, sender(name, account=NET))
    with structlog.testing.capture_logs() as logs:
        async with crowd:
            await crowd.hears(*(crowd.says(name, f"wording {name} {n}") for name in AUTHORS for n in range(3)))
            await crowd.settles()
            events = [
                crowd.says(who, "approve", where=channel, to=await crowd.card(review, channel))
                for review in await Review.all()
                for who, channel in (("mary", MODS), ("peter", DESK))
            ]
            await crowd.hears(*events)
            await crowd.settles()
        assert await Review.filter(state=ReviewState.APPROVED).count() == 12
        assert await Post.all().count() == 12
        await _all_well(crowd, logs)


@pytest.mark.postgres
async def test_of_two_that_wait_for_each_other_one_gives_way(postgres: str) -> None:
    """It is told apart from a database that cannot be used: the same is tried again at once, and nobody is alarmed."""
    await database.open_database(postgres)
    try:
        for name in ("one", "two"):
            await next_number(name)
        both = asyncio.Barrier(2)

        async def takes(first: str, second: str) -> None:
            async with database.transaction():
                await lock(first)
                await both.wait()
                await lock(second)

        told = await asyncio.gather(takes("one", "two"), takes("two", "one"), return_exceptions=True)
        assert sorted(type(answer).__name__ for answer in told) == ["NoneType", "StorageContended"]
    finally:
        await database.close_database()
