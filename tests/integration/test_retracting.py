"""Posts that are taken back: what goes, what is called off, what is said of the rest, on both databases."""

import asyncio
from datetime import timedelta

import pytest

from bridge.core.errors import Refusal, StorageUnavailable
from bridge.core.ports import Later, Unknown
from bridge.core.states import DeliveryState, PostState, ReviewState
from bridge.moderation import correcting, retracting, retrying
from bridge.storage import afterwards, audit, ledger, submissions
from bridge.storage.database import transaction
from bridge.storage.models import Delivery
from tests.integration.afterwards_town import PHONES, Town, retract, rows
from tests.unit.storage.stage import KENYA, PETER, UGANDA

pytestmark = pytest.mark.usefixtures("opened")

LONG = "Lorem ipsum dolor. " * 260


@pytest.fixture
def town() -> Town:
    return Town()


async def test_a_post_is_taken_back_wherever_that_is_possible(town: Town) -> None:
    review = await town.published("Ruth of Kisumu has malaria.")
    assert len(town.everywhere()) == 3
    told = await retract(town, review)
    assert town.texts(KENYA) == town.texts(UGANDA) == []
    assert len(town.texts(PHONES)) == 1
    assert told.alert
    assert "cannot be taken back there: sms:phones" in told.text
    card = town.card()
    assert "taken back" in card.splitlines()[0]
    assert "Taken back by Grace" in card
    assert "A patient can be recognised." in card
    assert "Taken back in 2 of 3 groups" in card
    assert "sms:phones: cannot be recalled there" in card
    post = await town.post()
    assert (post.state, post.retracted_name) == (PostState.RETRACTED, "Grace")
    (line,) = [line for line in await audit.of_review(review.id) if line.action == "retract"]
    assert "recognised" not in line.detail
    (letter,) = [text for text in town.net.texts("amina") if "taken back" in text]
    assert "A patient can be recognised." in letter
    assert "sms:phones" in letter


async def test_of_two_who_take_it_back_one_does(town: Town) -> None:
    review = await town.published("Ruth of Kisumu has malaria.")
    await retract(town, review)
    async with transaction():
        told = await retracting.retract(await town.act(review, "Again.", by=PETER))
    assert told.alert
    assert "Grace has already taken #1 back" in told.text
    assert len([line for line in await audit.of_review(review.id) if line.action == "retract"]) == 1


async def test_a_reason_must_be_given(town: Town) -> None:
    review = await town.published("Ruth of Kisumu has malaria.")
    await retract(town, review, why="  ")
    assert len(town.everywhere()) == 3
    assert (await town.post()).state == PostState.LIVE


async def test_what_has_not_gone_out_is_called_off(town: Town) -> None:
    town.net.answers.extend([Later(when=town.now + timedelta(minutes=10), why="busy")] * 9)
    review = await town.writes("Ruth of Kisumu has malaria.")
    await town.approves(review)
    await town.rounds(3)
    assert town.texts(KENYA) == []
    town.net.answers.clear()
    await retract(town, review)
    await town.rounds(20, seconds=60)
    assert town.texts(KENYA) == town.texts(UGANDA) == []
    assert not [message for message in town.net.ever_shown if message.chat == KENYA.chat]
    assert "Taken back in 2 of 3 groups" in town.card()


async def test_what_is_on_its_way_is_removed_once_it_is_there(town: Town) -> None:
    review = await town.writes("Ruth of Kisumu has malaria.")
    await town.rounds(2)
    await town.approves(review)
    (head,) = await rows(ledger.SEND, KENYA)
    (attempted,) = await ledger.claim([head.id], town.now, town.compose)
    async with transaction():
        await retracting.retract(await town.act(review, "A patient can be recognised."))
    await town.worker._carry(attempted)
    await town.worker._record()
    assert len(town.texts(KENYA)) == 1
    await town.rounds()
    assert town.everywhere() == []
    assert "Taken back in 3 of 3 groups" in town.card()


async def test_a_message_nobody_knows_the_fate_of_is_removed_or_given_up(town: Town) -> None:
    """The platform cannot be asked: a person looks, and finds a retracted post there, or does not."""
    town.net.answers.append(Unknown(why="the line broke"))
    review = await town.writes("Ruth of Kisumu has malaria.")
    await town.approves(review)
    # Cards are shown after the answer that was lost; the group's message is the one in doubt.
    town.net.answers.clear()
    await town.rounds(1)
    (row,) = await rows(ledger.SEND, KENYA)
    await Delivery.filter(id=row.id).update(state=DeliveryState.UNCERTAIN, doubted=True, message="", remote_chat="")
    await retract(town, review)
    assert "Please look there and say so below." in town.card()
    async with transaction():
        await retrying.give_up(await town.act(review, argument=str(row.id)))
    await town.rounds()
    assert "Please look there" not in town.card()
    assert [r.state for r in await rows(ledger.DELETE, KENYA)] == [DeliveryState.CANCELLED]


async def test_send_again_sends_nothing_that_was_taken_back(town: Town) -> None:
    review = await town.published("Ruth of Kisumu has malaria.")
    await retract(town, review)
    before = len(town.net.ever_shown)
    (row,) = await rows(ledger.SEND, KENYA)
    await Delivery.filter(id=row.id).update(state=DeliveryState.PLANNED, payload="{}")
    await town.rounds()
    assert [m for m in town.net.ever_shown[before:] if m.chat == KENYA.chat] == []
    assert (await Delivery.get(id=row.id)).state == DeliveryState.CANCELLED


async def test_a_removal_that_is_refused_is_said_and_can_be_tried_again(town: Town) -> None:
    review = await town.published("Ruth of Kisumu has malaria.")
    town.net.refuses["delete"] = Refusal.FORBIDDEN
    await retract(town, review)
    assert len(town.texts(KENYA)) == 1
    assert "net:kenya: it could not be removed: no permission. Please remove it by hand." in town.card()
    town.net.refuses.clear()
    async with transaction():
        await retrying.retry(await town.act(review))
    await town.rounds()
    assert town.texts(KENYA) == []
    assert "Taken back in 2 of 3 groups" in town.card()


async def test_the_original_that_stayed_in_its_group_goes_too(town: Town) -> None:
    review = await town.published("Ruth of Kisumu has malaria.", where=UGANDA)
    assert any("approved and sent to all groups" in text for text in town.texts(UGANDA))
    await retract(town, review)
    assert town.texts(UGANDA) == []
    removed = [await Delivery.get(id=row.target_id) for row in await rows(ledger.DELETE, UGANDA)]
    assert sorted((row.detail, row.message) for row in removed if row.detail == "original") == [("original", "m1")]


async def test_an_original_too_old_to_be_removed_is_named(town: Town) -> None:
    review = await town.published("Ruth of Kisumu has malaria.", where=UGANDA)
    town.clock.pass_by(72 * 3600)
    told = await retract(town, review)
    assert "slow:uganda" in told.text
    assert "slow:uganda: it could not be removed: it is too old for that. Please remove it by hand." in town.card()


async def test_a_correction_that_waits_is_decided_with_the_retraction(town: Town) -> None:
    review = await town.published("Give 200 mg.")
    async with transaction():
        await correcting.correct(await town.act(review, "Give 20 mg."))
    waiting = await afterwards.held_correction(review.submission_id)
    assert waiting is not None
    await town.rounds(2)
    await retract(town, review)
    waiting = await submissions.review_by_id(waiting.id)
    assert waiting is not None
    assert waiting.state == ReviewState.REJECTED
    assert await submissions.count_held("hifa") == 0


@pytest.mark.parametrize("first", ["retract", "approve"])
async def test_taken_back_and_corrected_at_the_same_moment(town: Town, first: str) -> None:
    """On PostgreSQL both are under way at once. Whoever wins, nothing stays, and nothing waits for a decision."""
    review = await town.published("Ruth of Kisumu has malaria.")
    async with transaction():
        await correcting.correct(await town.act(review, "Somebody has malaria. " + LONG))
    waiting = await afterwards.held_correction(review.submission_id)
    assert waiting is not None
    await town.rounds(2)

    async def approve() -> None:
        await town.approves(waiting, by=PETER)

    async def take_back() -> None:
        async with transaction():
            await retracting.retract(await town.act(review, "A patient can be recognised."))

    both = (take_back, approve) if first == "retract" else (approve, take_back)
    results = await asyncio.gather(*(act() for act in both), return_exceptions=True)
    for act, result in zip(both, results, strict=True):
        if result is not None:  # the database chose one of two that waited for each other: its event comes again
            assert isinstance(result, StorageUnavailable)
            await act()
    await town.rounds()
    assert town.texts(KENYA) == town.texts(UGANDA) == []
    assert await submissions.count_held("hifa") == 0
    cards = [text for text in town.net.texts("mods") if text.startswith("HIFA #1 ·")]
    assert "Taken back in 2 of 3 groups" in cards[0]
    assert any(state in cards[1].splitlines()[0] for state in ("taken back", "rejected"))
