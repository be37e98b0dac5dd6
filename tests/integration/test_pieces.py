"""Long SMS that come in pieces: joined from the inbox, so that a kill loses none of what was acknowledged."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from bridge.core.events import Arrival, ChatKind, DeliveryReported, InboundEvent, MessagePosted, OptedOut, Piece
from bridge.core.gsm import keep_halves
from bridge.core.ids import ChatId, MessageId, RemoteRef
from bridge.core.message import Attachment, RemoteFile
from bridge.core.states import InboxState
from bridge.core.text import plain
from bridge.intake import pieces
from bridge.intake.processor import Processor
from bridge.storage import codec, erasure, inbox, people
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


# --- what networks do to pieces ---


def _half(text: str) -> str:
    """As the adapter hands over what was cut inside a pair."""
    return keep_halves(text)


async def test_a_character_that_was_cut_in_two_is_one_again(desk: Desk) -> None:
    await desk.hears(desk.piece(_half("Thank you \ud83d"), 1, 2), desk.piece(_half("\udc4f all, and \udc4f"), 2, 2))
    assert await desk.wordings() == ["Thank you 👏 all, and \ufffd"]


async def test_half_a_character_of_which_the_rest_never_comes_is_told_as_such(desk: Desk) -> None:
    await desk.hears(desk.piece(_half("Thank you \ud83d"), 1, 2), wait=90)
    await desk.hears(desk.sms(_half("A message by itself \ud83d"), Piece(), "alone"))
    assert await desk.wordings() == ["Thank you \ufffd[…]", "A message by itself \ufffd"]


@pytest.mark.parametrize(
    "order",
    ["1 1' 2", "1 2 1'", "1 2 2'", "2 1 2' 1'", "1 2 1' 2'", "1 2 2' 1'"],
)
async def test_a_piece_that_the_network_repeats_is_no_message_of_its_own(desk: Desk, order: str) -> None:
    """Under another number of the gateway's: it does not know them for the same."""
    words = {"1": "We have no oxytocin ", "2": "since Monday."}
    for name in order.split():
        await desk.hears(desk.piece(words[name[0]], int(name[0]), 2, name=name))
    await desk.hears(wait=90)
    assert await desk.wordings() == ["We have no oxytocin since Monday."]
    assert await Submission.all().count() == 1
    assert await desk.left() == 0


async def test_a_piece_repeated_after_the_minute_changes_nothing(desk: Desk) -> None:
    await desk.hears(desk.piece("We have no oxytocin ", 1, 2), wait=90)
    await desk.hears(desk.piece("We have no oxytocin ", 1, 2, name="again"), wait=90)
    await desk.hears(desk.piece("since Monday.", 2, 2), wait=90)
    assert await desk.wordings() == ["We have no oxytocin since Monday."]
    assert await Submission.all().count() == 1


async def test_a_phone_that_numbers_all_messages_alike_sends_two_that_begin_alike(desk: Desk) -> None:
    await desk.hears(desk.piece("Dear all, ", 1, 2), desk.piece("one.", 2, 2))
    await desk.hears(desk.piece("Dear all, ", 1, 2, name="c"), desk.piece("two.", 2, 2, name="d"))
    assert await desk.wordings() == ["Dear all, one.", "Dear all, two."]


async def test_two_long_messages_that_come_crosswise_are_two_posts(desk: Desk) -> None:
    a, b = (
        [desk.piece(f"{name}{number} ", number, 2, reference) for number in (1, 2)]
        for reference, name in ((9, "a"), (10, "b"))
    )
    await desk.hears(a[0], b[1], b[0])
    assert await desk.wordings() == []
    await desk.hears(a[1])
    assert await desk.wordings() == ["a1 a2", "b1 b2"]
    rows = await Delivery.filter(account=SLOW).exclude(content="")
    assert not any("has not arrived" in each.content for each in rows)


@pytest.mark.parametrize("piece", [Piece(reference=9, number=1, count=2), Piece(full=True)])
async def test_a_report_of_the_network_between_two_pieces_does_not_part_them(desk: Desk, piece: Piece) -> None:
    first = desk.sms(FULL, piece, "a")
    rest = Piece(reference=9, number=2, count=2) if piece.count else Piece()
    report = DeliveryReported(
        account=SLOW, chat=first.chat, key="dlr:1", at=desk.clock.now(), send="no such send", arrival=Arrival.DELIVERED
    )
    await desk.hears(first, report, desk.sms("b" * 20, rest, "b"))
    assert await desk.wordings() == [FULL + "b" * 20]
    assert await desk.left() == 0


async def test_whoever_floods_the_number_loses_no_piece_to_it(desk: Desk) -> None:
    first = desk.piece("We have no ", 1, 2)
    flood = [desk.piece("x", 1, 2, 1000 + number) for number in range(700)]
    await DurableSink(SLOW, desk.clock).accept([first, *flood, desk.piece("oxytocin.", 2, 2)])
    row = await Inbox.all().order_by("id").first()
    assert row is not None
    await Processor(desk.communities, desk.directory, _nothing, desk.clock)._process(row)
    assert (await Inbox.get(id=row.id)).attempts == 0


async def test_words_that_were_erased_meanwhile_do_not_come_back(desk: Desk) -> None:
    sink = DurableSink(SLOW, desk.clock)
    await sink.accept([desk.piece("We have no ", 1, 2), desk.piece("oxytocin.", 2, 2)])
    row = await Inbox.all().order_by("id").first()
    assert row is not None
    found = await pieces.whole(row, codec.load(codec.EVENT, row.event), desk.clock.now())
    await inbox.empty(row)
    await pieces.keep(row, found)
    assert (await Inbox.get(id=row.id)).event == "{}"


async def test_a_message_that_is_tried_again_takes_no_other_one_with_it(desk: Desk) -> None:
    """An operator puts a parked event back; what was said after it was handled long ago."""
    await DurableSink(SLOW, desk.clock).accept([desk.sms(FULL, Piece(full=True), "a")])
    parked = await Inbox.get()
    await inbox.park(parked, "a defect")
    await desk.hears(desk.sms("Another message of mine.", Piece(), "b"), wait=30)
    await Inbox.filter(id=parked.id).update(state=InboxState.NEW)
    await desk.handles()
    assert await desk.wordings() == ["Another message of mine.", FULL]


async def test_whoever_is_forgotten_leaves_no_piece_behind(desk: Desk) -> None:
    await desk.hears(desk.sms("A message of mine.", Piece(), "whole"), desk.piece("My sister is called Nakato ", 1, 2))
    identity = await people.find(WHO["daniel"].ref)
    assert identity is not None
    await erasure.erase(identity.person_id, desk.clock.now())
    assert not [row for row in await Inbox.all() if "Nakato" in row.event + row.raw_json]
    await desk.hears(wait=90)
    assert await Submission.filter(identity__user=WHO["daniel"].ref.user).count() == 0
    assert await desk.left() == 0


@pytest.mark.parametrize("kind", ["sqlite"])
async def test_what_waits_is_looked_at_seldom(desk: Desk) -> None:
    await DurableSink(SLOW, desk.clock).accept([desk.piece("We have no ", 1, 2)])
    looks = 0
    for _ in range(59):
        for row in await inbox.take(desk.clock.now(), busy=set()):
            await Processor(desk.communities, desk.directory, _nothing, desk.clock)._process(row)
            looks += 1
        desk.clock.pass_by(1)
    assert looks <= 21
