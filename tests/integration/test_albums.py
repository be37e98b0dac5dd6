"""One delivery that became several messages: each of them is known, and all of them go when it goes."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from bridge.core.clock import SystemClock
from bridge.core.errors import Refusal
from bridge.core.ids import AccountId, ChatId, MessageId, RemoteRef
from bridge.core.message import Attachment, AttachmentKind, Content, Thumbnail
from bridge.core.ports import Outgoing, Refused, SendOutcome, Sent, Unknown
from bridge.core.states import DeliveryState, DeliveryStep
from bridge.core.text import plain
from bridge.delivery import correcting
from bridge.delivery.directory import Directory
from bridge.delivery.worker import Worker
from bridge.intake import router
from bridge.intake.context import Context
from bridge.storage import codec, ledger, submissions
from bridge.storage.database import transaction
from bridge.storage.ledger import Frozen, Outcome
from bridge.storage.models import Delivery, Post, Review, Submission
from bridge.storage.models_messages import DeliveryMessage
from tests.integration.moderating import PETER, Room, again, community
from tests.integration.test_storage_ledger import claimed, effects
from tests.unit.delivery.scripted import Scripted
from tests.unit.storage.stage import KENYA, NET, NOW, sender

pytestmark = pytest.mark.usefixtures("opened")


def items(count: int) -> tuple[RemoteRef, ...]:
    return tuple(RemoteRef(KENYA.account, KENYA.chat, MessageId(f"m{number}")) for number in range(1, count + 1))


async def sent_album(count: int = 3) -> Delivery:
    row = await ledger.plan(kind=ledger.NOTICE, address=KENYA, now=NOW, content=Content(text=plain("x")))
    await ledger.record([Outcome(row=await claimed(row), answer=Sent(refs=items(count)))], NOW, effects)
    return await Delivery.get(id=row.id)


async def test_any_item_of_an_album_finds_it() -> None:
    row = await sent_album()
    other = await ledger.plan(kind=ledger.NOTICE, address=KENYA, now=NOW, content=Content(text=plain("y")))
    assert await ledger.messages_of(other) == []
    assert await ledger.messages_of(row) == list(items(3))
    for ref in items(3):
        found = await ledger.find_by_ref(ref)
        assert found is not None
        assert found.id == row.id
    elsewhere = RemoteRef(AccountId("slow"), KENYA.chat, MessageId("m2"))
    assert await ledger.find_by_ref(elsewhere) is None


async def test_an_album_that_was_found_again_is_known_whole() -> None:
    row = await ledger.plan(kind=ledger.POST, address=KENYA, now=NOW, content=Content(text=plain("x")))
    await ledger.record([Outcome(row=await claimed(row), answer=Unknown(why="cut"))], NOW, effects)
    row = await Delivery.get(id=row.id)
    await ledger.resolve_doubt(row, DeliveryStep.FOUND, NOW, effects, refs=items(2))
    assert await ledger.messages_of(await Delivery.get(id=row.id)) == list(items(2))


async def test_what_became_of_an_album_goes_with_its_row() -> None:
    row = await sent_album()
    await Delivery.filter(id=row.id).delete()
    assert await DeliveryMessage.all().count() == 0


@dataclass
class Remover(Scripted):
    """Takes messages away; ``stays`` are those that it may not."""

    stays: frozenset[str] = frozenset()
    gone: frozenset[str] = frozenset()
    removed: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    outgoing: list[Outgoing] = field(default_factory=list)

    async def delete(self, ref: RemoteRef, key: str) -> SendOutcome:
        self.removed.append(ref.message)
        self.keys.append(key)
        if ref.message in self.gone:
            return Refused(reason=Refusal.TARGET_GONE)
        return Refused(reason=Refusal.FORBIDDEN) if ref.message in self.stays else Sent()

    async def send(self, outgoing: Outgoing, key: str) -> SendOutcome:
        self.outgoing.append(outgoing)
        return Sent(refs=items(1))


async def carried_out(net: Remover, row: Delivery) -> Delivery:
    clock = SystemClock()
    done: asyncio.Queue[Delivery] = asyncio.Queue()

    async def compose(row: Delivery) -> Frozen | None:
        return Frozen(payload="{}", content=row.content)

    async def settled(rows: Sequence[Delivery]) -> None:
        for each in rows:
            done.put_nowait(each)

    worker = Worker(
        Directory({NET: net}),
        installation="i",
        compose=compose,
        effects=settled,
        file_path=lambda sha256: Path(f"/{sha256}"),
        clock=clock,
    )
    task = asyncio.create_task(worker.run())
    async with asyncio.timeout(10):
        found = await done.get()
        worker.stop()
        await task
    assert found.id == row.id
    return found


@pytest.mark.parametrize(
    ("stays", "gone", "state"),
    [
        ("", "", DeliveryState.DELIVERED),
        ("", "m1 m2", DeliveryState.DELIVERED),
        ("", "m1 m2 m3", DeliveryState.REFUSED),
        ("m2", "m1", DeliveryState.REFUSED),
    ],
)
async def test_a_removal_takes_every_item(stays: str, gone: str, state: DeliveryState) -> None:
    row = await sent_album()
    now = SystemClock().now()
    removal = await ledger.plan(kind=ledger.NOTICE, address=KENYA, now=now, operation=ledger.DELETE, target=row)
    net = Remover(NET, stays=frozenset(stays.split()), gone=frozenset(gone.split()))
    found = await carried_out(net, removal)
    assert net.removed == ["m1", "m2", "m3"]
    assert len(set(net.keys)) == 3
    assert found.state == state
    assert found.reason == ("" if state == DeliveryState.DELIVERED else "forbidden" if stays else "target_gone")


async def test_the_picture_of_a_film_lies_ready_with_it() -> None:
    small = Thumbnail(sha256="b" * 64, mime="image/jpeg", size=10, width=4, height=3)
    film = Attachment(
        sha256="a" * 64, kind=AttachmentKind.VIDEO, mime="video/mp4", size=99, name="f.mp4", thumbnail=small
    )
    now = SystemClock().now()
    row = await ledger.plan(kind=ledger.NOTICE, address=KENYA, now=now, content=Content(attachments=(film,)))
    net = Remover(NET)
    await carried_out(net, row)
    assert [(file.attachment.kind, file.path.name) for file in net.outgoing[0].files] == [
        (AttachmentKind.VIDEO, "a" * 64),
        (AttachmentKind.PHOTO, "b" * 64),
    ]
    assert net.outgoing[0].chat == ChatId("kenya")


def document(letter: str) -> Attachment:
    return Attachment(sha256=letter * 64, kind=AttachmentKind.DOCUMENT, mime="text/plain", size=9, name=f"{letter}.txt")


@pytest.mark.parametrize(
    ("file", "reason", "operations"),
    [
        ("b", Refusal.UNSUPPORTED, ["send", "edit", "delete", "send"]),
        ("b", Refusal.TOO_LATE, ["send", "edit"]),
        ("a", Refusal.UNSUPPORTED, ["send", "edit"]),
    ],
)
async def test_where_a_file_cannot_be_changed_the_message_is_sent_anew(
    file: str, reason: Refusal, operations: list[str]
) -> None:
    row = await ledger.plan(kind=ledger.POST, address=KENYA, now=NOW, content=Content(attachments=(document("a"),)))
    await ledger.record([Outcome(row=await claimed(row), answer=Sent(refs=items(1)))], NOW, effects)
    content = Content(text=plain("The new list"), attachments=(document(file),))
    edit = await ledger.plan(
        kind=ledger.POST, address=KENYA, now=NOW, operation=ledger.EDIT, content=content, target=row
    )

    async def follow(rows: Sequence[Delivery]) -> None:
        for each in rows:
            await correcting.send_anew(each, NOW)

    await ledger.record([Outcome(row=await claimed(edit), answer=Refused(reason=reason))], NOW, follow)
    rows = await Delivery.all().order_by("id")
    assert [each.operation for each in rows] == operations
    assert (rows[1].state == DeliveryState.CANCELLED) is (len(rows) > 2)
    if len(rows) > 2:
        assert rows[2].target_id == row.id
        assert codec.load(codec.CONTENT, rows[3].content) == content


async def test_items_that_come_after_a_decision_are_one_item_of_their_own() -> None:
    """Platforms send an album item by item, and moderators can be quicker than a slow upload."""
    room = Room(community())

    async def item(number: int) -> None:
        ref = RemoteRef(KENYA.account, KENYA.chat, MessageId(f"a{number}"))
        event = room.message(f"Picture {number}", sender("amina", account=KENYA.account), ref)
        context = Context(communities=room.communities, directory=room.directory, now=NOW, event_id=number)
        async with transaction():
            await router.handle(replace(event, album="album"), context)

    await item(1)
    (first,) = await Review.all()
    await room.press(await again(first), "approve", PETER)
    for number in (2, 3, 4):
        await item(number)
    assert await Submission.all().count() == 2
    late = await submissions.submission_by_album(KENYA.account, KENYA.chat, "album")
    assert late is not None
    assert [source.message for source in await submissions.sources(late.id)] == ["a2", "a3", "a4"]


# --- items of an album that is out there ----------------------------------------------------------------------------


def album(letters: str, words: str = "The lists") -> Content:
    return Content(text=plain(words), attachments=tuple(document(letter) for letter in letters))


async def standing_album(letters: str = "abc") -> Delivery:
    row = await ledger.plan(kind=ledger.POST, address=KENYA, now=NOW, content=album(letters))
    await ledger.record([Outcome(row=await claimed(row), answer=Sent(refs=items(len(letters))))], NOW, effects)
    return await Delivery.get(id=row.id)


async def corrected(content: Content) -> list[Delivery]:
    """What a correction plans."""
    rows = await Delivery.all().order_by("id")
    post = Post(community="hifa", revision=len(rows) + 1)
    async with transaction():
        await correcting.correct_copy(post, community(), 7, rows, [content], Directory({NET: Scripted(NET)}), NOW)
    return await Delivery.filter(id__gt=rows[-1].id).order_by("id")


async def answers(row: Delivery, answer: SendOutcome) -> None:
    async def follow(rows: Sequence[Delivery]) -> None:
        for each in rows:
            if each.state == DeliveryState.REFUSED:
                await correcting.send_anew(each, NOW)

    await ledger.record([Outcome(row=await claimed(await Delivery.get(id=row.id)), answer=answer)], NOW, follow)


def told(rows: Sequence[Delivery]) -> list[tuple[str, str, int]]:
    return [(row.operation, row.target_message, row.item) for row in rows]


async def test_each_item_that_changes_is_a_row() -> None:
    row = await standing_album()
    edits = await corrected(album("xbz"))
    assert told(edits) == [("edit", "m1", 1), ("edit", "m3", 3)]
    for edit in edits:
        await answers(edit, Sent())
    rows = await corrected(album("xz"))
    assert told(rows) == [("prune", "m2", 0)]
    await answers(rows[0], Unknown(why="cut"))
    assert (await Delivery.get(id=rows[0].id)).state == DeliveryState.IN_DOUBT
    await ledger.resolve_doubt(await Delivery.get(id=rows[0].id), DeliveryStep.REPLAY, NOW, effects)
    await answers(rows[0], Sent())
    assert [ref.message for ref in await ledger.messages_of(await Delivery.get(id=row.id))] == ["m1", "m3"]
    assert told(await corrected(album("xy"))) == [("edit", "m3", 2)]


async def test_the_words_are_with_another_item_before_the_first_goes() -> None:
    row = await standing_album()
    edit, prune = await corrected(album("bc"))
    assert told([edit, prune]) == [("edit", "m2", 1), ("prune", "m1", 0)]
    assert prune.waits_for == edit.id
    (newer,) = await corrected(album("bc", "Other lists"))
    assert told([newer]) == [("edit", "m2", 1)]

    async def compose(row: Delivery) -> Frozen | None:
        return Frozen(payload="{}", content=row.content)

    assert not await ledger.claim([edit.id], NOW, compose), "the newer one says what this one does"
    assert (await Delivery.get(id=prune.id)).waits_for == newer.id
    await answers(newer, Sent())
    await answers(prune, Sent())
    row = await Delivery.get(id=row.id)
    assert [ref.message for ref in await ledger.messages_of(row)] == ["m2", "m3"]
    assert row.message == "m2", "which is what answers reply to from now on"
    assert told(await corrected(album("bd", "Other lists"))) == [("edit", "m3", 2)]


@pytest.mark.parametrize("first", [True, False])
async def test_where_one_item_cannot_be_changed_the_album_goes_and_comes_anew_once(first: bool) -> None:
    row = await standing_album()
    edits = await corrected(album("axy"))
    assert told(edits) == [("edit", "m2", 2), ("edit", "m3", 3)]
    if not first:
        await answers(edits[0], Sent())
    await answers(edits[0 if first else 1], Refused(reason=Refusal.UNSUPPORTED))
    rows = await Delivery.filter(id__gt=edits[-1].id).order_by("id")
    assert [(each.operation, each.target_id) for each in rows] == [("delete", row.id), ("send", None)]
    assert codec.load(codec.CONTENT, rows[1].content) == album("axy")
    states = [(await Delivery.get(id=each.id)).state for each in edits]
    cancelled = DeliveryState.CANCELLED
    assert states == ([cancelled, cancelled] if first else [DeliveryState.DELIVERED, cancelled])


async def test_two_refusals_at_the_same_moment_send_one_album() -> None:
    await standing_album()
    edits = [await claimed(edit) for edit in await corrected(album("axy"))]

    async def follow(rows: Sequence[Delivery]) -> None:
        for each in rows:
            await correcting.send_anew(each, NOW)

    outcomes = [Outcome(row=edit, answer=Refused(reason=Refusal.BAD_CONTENT)) for edit in edits]
    await ledger.record(outcomes, NOW, follow)
    assert [each.operation for each in await Delivery.filter(id__gt=edits[-1].id).order_by("id")] == ["delete", "send"]
    assert not await Delivery.filter(state=DeliveryState.REFUSED).exists()


async def test_an_item_that_may_not_be_removed_is_said_to_stay() -> None:
    row = await standing_album()
    (prune,) = await corrected(album("ac"))
    await answers(prune, Refused(reason=Refusal.TOO_LATE))
    assert (await Delivery.get(id=prune.id)).state == DeliveryState.REFUSED
    assert [ref.message for ref in await ledger.messages_of(row)] == ["m1", "m2", "m3"]
    assert told(await corrected(album("axc"))) == [("edit", "m2", 2)], "it shows what it showed"


async def test_what_takes_a_new_album_is_sent_anew() -> None:
    await standing_album()
    rows = await corrected(album("abcd"))
    assert sorted(each.operation for each in rows) == ["delete", "send"]
