"""An event that makes the program fail is tried again, then put aside with a word to its sender; others go on."""

import asyncio
import io
import json
import logging
import shutil
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog

from bridge import logs
from bridge.core.errors import MediaRefused, StorageConflict
from bridge.core.events import (
    ButtonPressed,
    ChatKind,
    InboundEvent,
    MessageEdited,
    MessagePosted,
    PollVoted,
    ReactionsSet,
)
from bridge.core.ids import Address, ChatId, MessageId, RemoteRef, UserId
from bridge.core.message import Attachment, AttachmentKind, RemoteFile
from bridge.core.ports import ChatFacts
from bridge.core.states import MembershipState, MembershipStep
from bridge.delivery.directory import Directory
from bridge.intake import processor, router
from bridge.intake.processor import Processor
from bridge.media.refusal import MediaReason, UnfitMedia
from bridge.storage import codec, database, erasure, inbox, memberships, people
from bridge.storage.inbox import DurableSink
from bridge.storage.models import Delivery, Inbox, Review, Revision
from bridge.storage.models_members import BridgedGroup
from bridge.storage.reads import Reads
from tests.unit.delivery.scripted import RICH, Scripted
from tests.unit.storage.stage import COMMUNITIES, KENYA, MODS, NET, NOW, SLOW, UGANDA, FakeClock, posted, sender


@pytest.fixture
def out() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before = (list(root.handlers), root.level, structlog.get_config(), sys.excepthook)
    stream = io.StringIO()
    logs.configure(format="json", stream=stream)
    yield stream
    root.handlers[:], sys.excepthook = before[0], before[3]
    root.setLevel(before[1])
    structlog.configure(**before[2])
    logging.captureWarnings(False)


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty, migrated database to begin with: making the tables takes longer than most tests."""
    path = tmp_path_factory.mktemp("tables") / "baraza.db"

    async def make() -> None:
        await database.open_database(f"sqlite://{path}")
        await database.close_database()

    asyncio.run(make())
    return path


@pytest.fixture
async def clock(tmp_path: Path, tables: Path) -> AsyncIterator[FakeClock]:
    shutil.copy(tables, tmp_path / "baraza.db")
    await database.open_database(f"sqlite://{tmp_path / 'baraza.db'}")
    yield FakeClock()
    await database.close_database()


async def no_files(account: str, file: RemoteFile) -> Attachment:
    raise AssertionError


def made(clock: FakeClock, answer: Exception | None = None) -> Processor:
    async def fetch(account: str, file: RemoteFile) -> Attachment:
        assert answer is not None
        raise answer

    return Processor(COMMUNITIES, Directory({NET: Scripted(NET), SLOW: Scripted(SLOW)}), fetch, clock)


async def work(worker: Processor, clock: FakeClock, *, rounds: int = 1) -> None:
    for _ in range(rounds):
        for row in await inbox.take(clock.now(), busy=set()):
            await worker._process(row)
        clock.pass_by(601)


@pytest.mark.parametrize(("times", "state", "troubles"), [(1, "done", 0), (9, "parked", inbox.MAX_ATTEMPTS - 1)])
async def test_who_makes_the_same_row_at_the_same_moment_gives_way_once(
    clock: FakeClock, out: io.StringIO, monkeypatch: pytest.MonkeyPatch, times: int, state: str, troubles: int
) -> None:
    """Two chats in which somebody new writes at once; a conflict that stays is a defect."""
    handle, conflicts = router.handle, [StorageConflict()] * times

    async def gives_way(event: Any, context: Any) -> None:
        if conflicts:
            raise conflicts.pop()
        await handle(event, context)

    monkeypatch.setattr(processor.router, "handle", gives_way)  # type: ignore[attr-defined]  # the module it calls
    await DurableSink(NET, clock).accept([posted("Is zinc safe?", key="1")])
    await work(made(clock), clock, rounds=inbox.MAX_ATTEMPTS + 1)
    assert [row.state.value for row in await Inbox.all()] == [state]
    assert out.getvalue().count("inbox_event_failed") == troubles


async def test_a_failing_event_is_parked_and_its_author_told_without_a_word_in_the_log(
    clock: FakeClock, out: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    handle = router.handle

    async def fails(event: Any, context: Any) -> None:
        if isinstance(event, MessagePosted) and "zincword" in event.text.text:
            raise ValueError(f"cannot make sense of {event.text.text!r} by {event.sender.name}")
        await handle(event, context)

    monkeypatch.setattr(processor.router, "handle", fails)  # type: ignore[attr-defined]  # the module it calls
    await DurableSink(NET, clock).accept([posted("zincword", key="1", name="Aminaname"), posted("fine", key="2")])
    await work(made(clock), clock, rounds=inbox.MAX_ATTEMPTS + 1)
    assert [(row.key, row.state.value) for row in await Inbox.all().order_by("id")] == [("1", "parked"), ("2", "done")]
    told = [row.content for row in await Delivery.filter(kind="notice").order_by("id")]
    assert "could not be read by the program. It is kept" in told[0]
    assert await Review.all().count() == 1
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    failed = [line for line in lines if line["event"] == "inbox_event_failed"]
    assert len(failed) == inbox.MAX_ATTEMPTS
    assert failed[0]["error"] == "ValueError"
    assert failed[0]["where"][-1].startswith("test_processor.py:")
    assert "zincword" not in out.getvalue()
    assert "Aminaname" not in out.getvalue()


FILE = RemoteFile(ref="f", kind=AttachmentKind.PHOTO)


@pytest.mark.parametrize(
    ("answer", "code", "rounds"),
    [
        (UnfitMedia(MediaReason.TOO_BIG), "too_big", 1),
        (MediaRefused(), "unfetched", 1),
        (ConnectionResetError(), "unfetched", inbox.MAX_ATTEMPTS),
    ],
    ids=["too big", "refused", "never fetched"],
)
async def test_a_file_that_cannot_be_had_is_said(clock: FakeClock, answer: Exception, code: str, rounds: int) -> None:
    event = posted("look at this", key="1")
    await DurableSink(NET, clock).accept([MessagePosted(**{**vars(event), "files": (FILE,)})])
    await work(made(clock, answer), clock, rounds=rounds - 1)
    assert await Review.all().count() == 0
    await work(made(clock, answer), clock)
    (wording,) = await Revision.all()
    (missing,) = codec.load(codec.UNCARRIED, wording.uncarried)
    assert (missing.kind.value, missing.detail, missing.refused) == ("photo", "", code)
    (receipt,) = [row.content for row in await Delivery.filter(kind="notice").order_by("id").limit(1)]
    assert "Your photo was not carried: " in receipt


class Silent(Scripted):
    """A platform that takes for ever to hear what a presser is told."""

    async def answer_press(self, press: str, text: str, *, alert: bool = False) -> None:
        self.pressed.append(press)
        await asyncio.Event().wait()


async def test_nobody_waits_for_an_answer_to_a_press(clock: FakeClock) -> None:
    """Of two hundred presses each would else wait for all before it, and so would whoever writes in that channel."""
    silent = Silent(NET)
    worker = Processor(COMMUNITIES, Directory({NET: silent, SLOW: Scripted(SLOW)}), no_files, clock)
    presses = [
        ButtonPressed(
            account=NET,
            chat=MODS.chat,
            key=f"p{n}",
            at=NOW,
            ref=None,
            sender=sender("grace"),
            handle="x",
            press=f"p{n}",
        )
        for n in range(200)
    ]
    await DurableSink(NET, clock).accept([*presses, posted("zinc", key="after")])
    async with asyncio.timeout(30):
        for _ in range(201):
            await work(worker, clock)
    await asyncio.sleep(0)
    assert silent.pressed == [f"p{n}" for n in range(200)]
    assert await Inbox.filter(state="done").count() == 201
    worker.stop()
    async with asyncio.timeout(5):
        await worker.run()


# --- groups that are not connected ---


class Describing(Scripted):
    """An account that can look at groups, and counts how often it is asked to."""

    looks = 0
    trouble: OSError | None = None

    async def describe(self, chat: ChatId) -> ChatFacts | None:
        self.looks += 1
        if self.trouble is not None:
            raise self.trouble
        return ChatFacts(title="Clinic", members=7)

    async def administers(self, chat: ChatId, user: UserId) -> bool:
        self.looks += 1
        return user == "amina"


CLINIC = Address(NET, ChatId("clinic"))


async def say(worker: Processor, clock: FakeClock, text: str, key: str, user: str = "amina") -> Inbox:
    await DurableSink(NET, clock).accept([posted(text, key=key, chat=CLINIC, user=user, raw=json.dumps(text))])
    await work(worker, clock)
    return (await Inbox.all().order_by("-id"))[0]


def looking(clock: FakeClock, account: Describing) -> Processor:
    async def fetch(account: str, file: RemoteFile) -> Attachment:
        raise AssertionError

    return Processor(COMMUNITIES, Directory({NET: account, SLOW: Scripted(SLOW)}), fetch, clock)


async def test_what_is_said_in_a_group_that_is_not_connected_is_not_kept(clock: FakeClock) -> None:
    row = await say(made(clock), clock, "My neighbour is ill", "1")
    assert (row.state, row.event, row.raw_json) == ("done", "{}", "")
    assert "zinc" in (await say_in_kenya(clock)).event


async def say_in_kenya(clock: FakeClock) -> Inbox:
    await DurableSink(NET, clock).accept([posted("Is zinc safe?", key="2")])
    await work(made(clock), clock)
    return (await Inbox.all().order_by("-id"))[0]


async def test_who_asks_a_hundred_times_is_looked_at_once(clock: FakeClock) -> None:
    account = Describing(NET)
    worker = looking(clock, account)
    asked = [posted("/bridge hifa", key=f"b{number}", chat=CLINIC) for number in range(20)]
    await DurableSink(NET, clock).accept(asked)
    while rows := await inbox.take(clock.now(), busy=set()):
        for row in rows:
            await worker._process(row)
    assert account.looks == 1
    assert (await BridgedGroup.get()).size == 7
    clock.pass_by(10)
    await say(worker, clock, "/bridge hifa", "later")
    assert account.looks == 2


async def test_a_group_that_cannot_be_looked_at_may_ask_all_the_same(clock: FakeClock) -> None:
    account = Describing(NET)
    account.trouble = ConnectionError("nobody listens")
    await say(looking(clock, account), clock, "/bridge hifa", "1")
    group = await BridgedGroup.get()
    assert (group.state, group.size) == ("asked", None)


async def test_the_platform_says_who_runs_a_group(clock: FakeClock) -> None:
    worker = looking(clock, Describing(NET))
    await say(worker, clock, "/bridge hifa", "1", user="joy")
    await say(worker, clock, "/unbridge", "2", user="mallory")
    assert (await BridgedGroup.get()).state == "asked"
    await say(worker, clock, "/unbridge", "3", user="amina")
    assert (await BridgedGroup.get()).state == "unlinked"


# --- one after the other ----------------------------------------------------------------------------------------------


async def head_of(clock: FakeClock, texts: list[str]) -> Inbox:
    await DurableSink(NET, clock).accept([posted(text, key=f"k{number}") for number, text in enumerate(texts)])
    (head,) = await inbox.take(clock.now(), busy=set())
    return head


async def states() -> list[str]:
    return [row.state.value for row in await Inbox.all().order_by("id")]


async def test_a_chats_events_follow_one_another_in_their_order_without_a_look_at_all_that_waits(
    clock: FakeClock,
) -> None:
    worker, texts = made(clock), [f"Is zinc safe, part {number}?" for number in range(10)]
    await worker._lane(await head_of(clock, texts))
    done = (await states()).count("done")
    assert 1 < done < 10, "others may want their turn"
    said = [codec.load(codec.RICH_TEXT, row.text).text for row in await Revision.all().order_by("id")]
    assert said == texts[:done]


async def test_what_follows_an_event_that_is_not_settled_waits_for_it(
    clock: FakeClock, out: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    handle, failures = router.handle, [RuntimeError()]

    async def fails_once(event: Any, context: Any) -> None:
        if "second" in event.text.text and failures:
            raise failures.pop()
        await handle(event, context)

    monkeypatch.setattr(processor.router, "handle", fails_once)  # type: ignore[attr-defined]  # the module it calls
    worker = made(clock)
    await worker._lane(await head_of(clock, ["the first", "the second", "the third"]))
    assert await states() == ["done", "new", "new"]
    assert await inbox.take(clock.now(), busy=set()) == []
    clock.pass_by(601)
    (head,) = await inbox.take(clock.now(), busy=set())
    await worker._lane(head)
    said = [codec.load(codec.RICH_TEXT, row.text).text for row in await Revision.all().order_by("id")]
    assert said == ["the first", "the second", "the third"]


async def test_chats_of_a_slow_platform_give_up_their_places_after_each_event(
    clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All accounts share the places: a press elsewhere waits for one slow event, not for eight in a row."""
    worker, handled = made(clock), list[str]()

    async def slowly(event: Any, context: Any) -> None:
        handled.append(event.key)
        if event.account == SLOW:
            clock.pass_by(1)
        if len(handled) >= 40:
            worker.stop()

    monkeypatch.setattr(processor.router, "handle", slowly)  # type: ignore[attr-defined]  # the module it calls
    chats = [Address(SLOW, ChatId(f"chat{number}")) for number in range(16)]
    slow, quick = DurableSink(SLOW, clock), DurableSink(NET, clock)
    await slow.accept([posted("one", key=f"{chat.chat} 0", chat=chat) for chat in chats])
    await quick.accept([posted("zinc", key="elsewhere")])
    for number in range(1, 8):
        await slow.accept([posted("more", key=f"{chat.chat} {number}", chat=chat) for chat in chats])
    async with asyncio.timeout(60):
        await worker.run()
    assert handled.index("elsewhere") <= 2 * len(chats)
    for chat in chats:
        theirs = [key for key in handled if key.startswith(f"{chat.chat} ")]
        assert theirs == [f"{chat.chat} {number}" for number in range(len(theirs))]


async def test_what_brings_files_waits_for_its_turn(clock: FakeClock) -> None:
    shop = Shop(clock)
    events = [posted("one", key="1"), with_files(posted("two", key="2"), 1), posted("three", key="3")]
    await DurableSink(NET, clock).accept(events)
    for done in (1, 3):
        (head,) = await inbox.take(clock.now(), busy=set())
        await shop.worker._lane(head)
        assert (await states()).count("done") == done
    assert shop.asked == ["f0"]


async def test_events_of_an_account_that_is_anothers_by_now_are_left_to_it(clock: FakeClock) -> None:
    reads = Reads(accounts=frozenset({NET}))
    directory = Directory({NET: Scripted(NET)})
    worker = Processor(COMMUNITIES, directory, no_files, clock, mine=lambda: replace(reads, but=bool(handled)))
    handled: list[str] = []
    head = await head_of(clock, ["the first", "the second"])
    handled.append("the first")
    await worker._lane(head)
    assert await states() == ["done", "new"]


# --- what is fetched, and what becomes of it --------------------------------------------------------------------------


class Shop:
    """Hands over every file, and counts."""

    def __init__(self, clock: FakeClock) -> None:
        self.asked: list[str] = []
        self.worker = Processor(COMMUNITIES, Directory({NET: Scripted(NET), SLOW: Scripted(SLOW)}), self.fetch, clock)

    async def fetch(self, account: str, file: RemoteFile) -> Attachment:
        self.asked.append(file.ref)
        sha256 = f"{len(self.asked):064x}"
        return Attachment(sha256=sha256, kind=AttachmentKind.PHOTO, mime="image/jpeg", size=9, name="a.jpg")


def with_files(event: MessagePosted, count: int) -> MessagePosted:
    return replace(event, files=tuple(replace(FILE, ref=f"f{n}") for n in range(count)))


def edit_of(event: MessagePosted, user: str, key: str, text: str = "") -> MessageEdited:
    said = vars(posted(text, key=key, user=user))
    values = {name: said[name] for name in ("account", "chat", "key", "at", "sender", "chat_kind", "text")}
    return MessageEdited(**values, ref=event.ref, files=(replace(FILE, ref=f"edit {key}"),))


async def test_a_thousand_files_in_one_message_are_not_all_fetched(clock: FakeClock) -> None:
    shop = Shop(clock)
    await DurableSink(NET, clock).accept([with_files(posted("look", key="1"), 1_300)])
    await work(shop.worker, clock)
    assert len(shop.asked) == processor.MOST_FILES
    (wording,) = await Revision.all()
    (rest,) = codec.load(codec.UNCARRIED, wording.uncarried)
    assert (rest.detail, rest.refused) == ("+1200", "too_many")
    (receipt,) = [row.content for row in await Delivery.filter(kind="notice").order_by("id").limit(1)]
    assert "there are too many in one message" in receipt


async def test_only_the_author_of_a_message_makes_us_fetch_another_file_for_it(clock: FakeClock) -> None:
    shop, sink, event = Shop(clock), DurableSink(NET, clock), with_files(posted("look", key="1"), 1)
    await sink.accept([event, edit_of(event, "mallory", "2"), edit_of(event, "amina", "3")])
    await work(shop.worker, clock, rounds=3)
    assert shop.asked == ["f0", "edit 3"]


async def test_what_a_banned_person_sends_is_not_fetched_and_leaves_the_group(clock: FakeClock) -> None:
    shop, sink = Shop(clock), DurableSink(NET, clock)
    async with database.transaction():
        identity = await people.meet(sender("amina"), NOW)
        place = await memberships.enter(identity.person_id, "hifa", MembershipState.MEMBER, now=NOW, via="post")
        await memberships.step(place, MembershipStep.BAN, now=NOW, by="x")
    await sink.accept([with_files(posted("", key="1"), 3)])
    await work(shop.worker, clock)
    assert shop.asked == []
    assert await Review.all().count() == 0
    assert await Delivery.filter(kind="removal", target_message="m1").count() == 1


async def test_a_file_of_a_message_that_was_refused_is_not_kept_for_ever(clock: FakeClock) -> None:
    shop, sink = Shop(clock), DurableSink(NET, clock)
    kept, refused = with_files(posted("look", key="1"), 1), with_files(posted("x" * 30_000, key="2"), 1)
    await sink.accept([kept, refused, edit_of(kept, "amina", "3", "y" * 30_000)])
    await work(shop.worker, clock, rounds=3)
    assert len(shop.asked) == 3
    assert await erasure.unused_files() == [f"{2:064x}", f"{3:064x}"]


async def test_a_members_notice_is_no_way_around_the_moderators(clock: FakeClock) -> None:
    """A stranger's is the bot's that it says it is, and so are those in groups in which everything stays anyway."""
    sink, worker = DurableSink(NET, clock), made(clock)

    async def notice(key: str, user: str, chat: Address = KENYA, **more: Any) -> int:
        event = posted("psst", key=key, user=user, chat=chat)
        event = replace(event, sender=replace(event.sender, bot=True, says_bot=True), **more)
        await DurableSink(event.account, clock).accept([event])
        await work(worker, clock)
        return await Review.all().count()

    assert await notice("1", "amina") == 0
    for chat in (KENYA, UGANDA):
        await DurableSink(chat.account, clock).accept([posted("hello", key="2", chat=chat)])
    await work(worker, clock)
    assert await notice("3", "news") == 2
    assert await notice("4", "amina", UGANDA) == 2
    assert await notice("5", "amina") == 3
    assert await Delivery.filter(kind="removal", target_message="m5").count() == 1
    await Delivery.filter(kind="removal", target_message="m5").update(state="cancelled")

    shown = await Delivery.filter(kind="card", account=NET).order_by("id").first()
    assert shown is not None
    await Delivery.filter(id=shown.id).update(state="delivered", remote_chat=KENYA.chat, message="ours")
    ours = RemoteRef(NET, KENYA.chat, MessageId("ours"))
    assert await notice("6", "amina", reply_to=ours) == 3, "it may be a program that answers us"
    marked = posted("psst", key="7")
    await sink.accept([replace(marked, sender=replace(marked.sender, bot=True))])
    await work(worker, clock)
    assert await Review.all().count() == 3


@pytest.mark.parametrize(("told", "chat"), [(False, UGANDA), (True, UGANDA), (False, KENYA)])
async def test_where_deletions_are_not_told_of_authors_hear_how_to_take_back(
    clock: FakeClock, told: bool, chat: Address
) -> None:
    """Once, with their first post. Where the original is taken out of the group there is nothing left to delete."""
    can = replace(RICH, sees_deletes=told, receives=frozenset(AttachmentKind), max_received_bytes=20_000_000)
    accounts = {account: Scripted(account, can) for account in (NET, SLOW)}
    worker = Processor(COMMUNITIES, Directory(dict(accounts)), no_files, clock)
    for number in range(2):
        await DurableSink(chat.account, clock).accept([posted(f"post {number}", key=f"{number}", chat=chat)])
        await work(worker, clock)
    receipts = [row.content for row in await Delivery.filter(kind="notice", chat="amina").order_by("id")]
    said = ["If you delete your message" in text for text in receipts if "is with the moderators" in text]
    assert said == [not told and chat == UGANDA, False]
    private = replace(posted("/help", key="9", chat=Address(chat.account, ChatId("amina"))), chat_kind=ChatKind.PRIVATE)
    await DurableSink(chat.account, clock).accept([replace(private, is_command=True)])
    await work(worker, clock)
    last = await Delivery.filter(kind="notice").order_by("-id").first()
    assert last is not None
    assert ("If you delete a message here" in last.content) is not told
    assert "Files reach me up to" in last.content


async def test_who_reacts_to_what_is_not_ours_is_not_kept(clock: FakeClock) -> None:
    said = vars(posted("", key="1"))
    values = {name: said[name] for name in ("account", "chat", "key", "ref", "sender")}
    event = ReactionsSet(**values, at=NOW - timedelta(minutes=1), raw='{"user": "Amina"}', emojis=("👍",))
    await DurableSink(NET, clock).accept([event])
    await work(made(clock), clock)
    (row,) = await Inbox.all()
    assert (row.state.value, row.event, row.raw_json) == ("done", "{}", "")


async def test_a_reaction_is_counted_and_its_event_not_kept(clock: FakeClock) -> None:
    """What it came to stands with the post; of the event stays that it was here."""
    where: dict[str, Any] = {"account": NET, "chat": KENYA.chat, "remote_chat": KENYA.chat, "message": "p1"}
    await Delivery.create(kind="notice", state="delivered", content="", due_at=NOW, planned_at=NOW, **where)
    about = {"ref": RemoteRef(NET, KENYA.chat, MessageId("p1")), "sender": sender("amina"), "at": NOW, "raw": "{..}"}
    common: dict[str, Any] = {"account": NET, "chat": KENYA.chat, **about}
    events: list[InboundEvent] = [
        ReactionsSet(key="r1", emojis=("👍",), **common),
        PollVoted(key="v1", options=(1,), **common),
    ]
    await DurableSink(NET, clock).accept(events)
    await work(made(clock), clock, rounds=2)
    for row in await Inbox.all():
        assert (row.state, row.event, row.raw_json, row.note) == ("done", "{}", "", inbox.ECHO)
