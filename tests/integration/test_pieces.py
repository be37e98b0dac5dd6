"""Long SMS that come in pieces: joined from the inbox, so that a kill loses none of what was acknowledged."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from bridge.core.events import ChatKind, InboundEvent, MessagePosted, OptedOut, Piece
from bridge.core.ids import ChatId, MessageId, RemoteRef
from bridge.core.message import Attachment, RemoteFile
from bridge.core.states import InboxState
from bridge.core.text import plain
from bridge.intake import pieces
from bridge.intake.processor import Processor
from bridge.storage import codec, inbox
from bridge.storage.inbox import DurableSink
from bridge.storage.models import Delivery, Inbox, Review, Revision, Submission
from tests.integration.desk_world import WHO, World, here
from tests.unit.storage.stage import SLOW

FULL = "a" * 153


async def _nothing(account: str, file: RemoteFile) -> Attachment:
    raise AssertionError("there are no files here")


class Desk(World):
    """The world, whose inbox is read by a processor that remembers nothing from one round to the next."""

    def piece(self, text: str, number: int, count: int = 3, reference: int = 9, *, name: str = "") -> MessagePosted:
        return self.sms(text, Piece(reference=reference, number=number, count=count), name or f"p{reference}.{number}")

    def sms(self, text: str, piece: Piece | None, name: str) -> MessagePosted:
        who = WHO["daniel"]
        chat = ChatId(who.ref.user)
        return MessagePosted(
            account=SLOW,
            chat=chat,
            key=f"mo:{name}",
            at=self.clock.now(),
            ref=RemoteRef(SLOW, chat, MessageId(name)),
            sender=who,
            chat_kind=ChatKind.PRIVATE,
            text=plain(text),
            piece=piece,
        )

    async def hears(self, *events: InboundEvent, wait: float = 1) -> None:
        """Each is told twice, and the program is killed after each."""
        for event in events:
            for _ in range(2):
                await DurableSink(SLOW, self.clock).accept([event])
            await self.handles()
        self.clock.pass_by(wait)
        await self.handles()

    async def handles(self) -> None:
        processor = Processor(self.communities, self.directory, _nothing, self.clock)
        for _ in range(20):
            rows = await inbox.take(self.clock.now(), busy=set())
            if not rows:
                return
            for row in rows:
                await processor._process(row)
        raise AssertionError("events go round and round")

    async def wordings(self) -> list[str]:
        """What stands before the moderators, oldest first."""
        found = []
        for review in await Review.all().order_by("id"):
            newest = await Revision.filter(submission_id=review.submission_id).order_by("-number").first()
            assert newest is not None
            found.append(codec.load(codec.RICH_TEXT, newest.text).text)
        return found

    async def left(self) -> int:
        return await Inbox.filter(state=InboxState.NEW).count()


@pytest.fixture
async def desk(opened: str, tmp_path: Path) -> Desk:
    world = Desk(tmp_path, here())
    await world.open()
    return world


@pytest.mark.parametrize("order", [(1, 2, 3), (2, 1, 3), (3, 2, 1)])
async def test_pieces_are_one_post_whatever_their_order(desk: Desk, order: Sequence[int]) -> None:
    words = {1: "We have no ", 2: "oxytocin since ", 3: "Monday."}
    await desk.hears(*(desk.piece(words[number], number) for number in order))
    assert await desk.wordings() == ["We have no oxytocin since Monday."]
    assert await Submission.all().count() == 1
    assert await desk.left() == 0


async def test_a_piece_that_never_comes_is_waited_for_a_minute_and_its_author_told(desk: Desk) -> None:
    await desk.hears(desk.piece("We have no ", 1), desk.piece("Monday.", 3))
    assert await desk.wordings() == []
    await desk.hears(wait=pieces.PATIENCE.total_seconds())
    assert await desk.wordings() == ["We have no […] Monday."]
    rows = await Delivery.filter(account=SLOW).exclude(content="")
    told = [codec.load(codec.CONTENT, each.content).text.text for each in rows]
    assert any("A part of your message has not arrived" in text for text in told)


async def test_a_piece_that_comes_late_completes_the_post(desk: Desk) -> None:
    await desk.hears(desk.piece("We have no ", 1), desk.piece("Monday.", 3), wait=90)
    await desk.hears(desk.piece("oxytocin since ", 2))
    assert await desk.wordings() == ["We have no oxytocin since Monday."]
    assert await Submission.all().count() == 1


async def test_a_reference_that_comes_round_again_is_another_message(desk: Desk) -> None:
    first = [desk.piece(text, number, 2) for number, text in ((1, "One "), (2, "two."))]
    again = [desk.piece(text, number, 2, name=f"x{number}") for number, text in ((1, "Three "), (2, "four."))]
    await desk.hears(*first, *again)
    assert await desk.wordings() == ["One two.", "Three four."]


async def test_stop_does_not_wait_behind_a_piece(desk: Desk) -> None:
    half = desk.piece("We have no ", 1)
    who = half.sender
    stop = OptedOut(account=SLOW, chat=half.chat, key="stop:1", at=desk.clock.now(), sender=who)
    await desk.hears(half, stop)
    assert await desk.left() == 0


async def test_a_full_message_that_names_no_pieces_goes_on(desk: Desk) -> None:
    full, rest = Piece(full=True), Piece()
    await desk.hears(desk.sms(FULL, full, "a"), desk.sms("b" * 20, rest, "b"), desk.sms("c" * 160, full, "c"))
    assert await desk.wordings() == [FULL + "b" * 20]
    await desk.hears(wait=30)
    assert await desk.wordings() == [FULL + "b" * 20, "c" * 160]
    await desk.hears(desk.sms("d" * 160, full, "d"), desk.sms("STOP it", None, "e"))
    assert await desk.wordings() == [FULL + "b" * 20, "c" * 160, "d" * 160, "STOP it"]
    assert timedelta(seconds=30) > pieces.MOMENT
