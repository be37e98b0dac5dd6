"""A card tells that a group has to wait, though nothing else happens to its post; on both databases."""

from datetime import timedelta

import pytest

from bridge.core.ports import Later
from bridge.core.states import DeliveryState
from bridge.storage import ledger
from bridge.storage.models import Delivery
from tests.integration.afterwards_town import Town, retract, rows
from tests.unit.storage.stage import KENYA

pytestmark = pytest.mark.usefixtures("opened")


async def test_a_group_that_is_late_by_itself_stands_on_the_card(town: Town) -> None:
    review = await town.writes("Is zinc safe?")
    await town.rounds(2)
    await town.approves(review)
    (row,) = await rows(ledger.SEND, KENYA)
    await Delivery.filter(id=row.id).update(due_at=town.now + timedelta(minutes=5))
    await town.rounds(20)
    assert "Arrived in 2 of 3 groups" in town.card()
    assert "trying again" not in town.card()

    edits = await Delivery.filter(kind=ledger.CARD, operation=ledger.EDIT).count()
    for attempts in range(1, 10):
        town.net.answers.append(Later(when=town.now + timedelta(minutes=20), why="busy"))
        await Delivery.filter(id=row.id).update(due_at=town.now)
        await town.rounds(1)
        assert (await Delivery.get(id=row.id)).attempts == attempts
        await town.rounds(9)
        shown = {1: 0, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 4, 8: 8, 9: 8}[attempts]
        assert ("trying again" in town.card()) is bool(shown)
        if shown:
            assert f"tried {shown} times, trying again" in town.card(), "a chat may be broken for a week"
    assert await Delivery.filter(kind=ledger.CARD, operation=ledger.EDIT).count() == edits + 2 * 3  # in two channels


async def test_many_groups_that_wait_one_after_the_other_edit_a_card_seldom(town: Town) -> None:
    """As in slow mode: every two seconds another group answers that it is too early, for five minutes."""
    review = await town.writes("Is zinc safe?")
    await town.rounds(2)
    await town.approves(review)
    for row in await rows(ledger.SEND):
        await Delivery.filter(id=row.id).update(due_at=town.now + timedelta(hours=1))
    await town.rounds(20)
    edits = await Delivery.filter(kind=ledger.CARD, operation=ledger.EDIT).count()
    for turn in range(150):
        waits = (await rows(ledger.SEND))[turn % 2]
        town.accounts[waits.address.account].answers.append(Later(when=town.now + timedelta(minutes=20), why="slow"))
        # As many tries as make news each time, which is more than any chat gives.
        await Delivery.filter(id=waits.id).update(due_at=town.now, attempts=3)
        await town.rounds(1, seconds=2)
    assert await Delivery.filter(kind=ledger.CARD, operation=ledger.EDIT).count() - edits <= 2 * (300 // 20 + 1)


@pytest.mark.parametrize("operation", [ledger.SEND, ledger.DELETE])
async def test_only_what_shows_a_post_is_news(town: Town, operation: str) -> None:
    """Of a removal a card says all the time that it is on its way."""
    await retract(town, await town.published("Ruth of Kisumu has malaria."))
    (row,) = await rows(operation, KENYA)
    edits = await Delivery.filter(kind=ledger.CARD, operation=ledger.EDIT).count()
    waits = Later(when=town.now + timedelta(minutes=20), why="busy")
    outcome = ledger.Outcome(row=await attempted(row, town), answer=waits)
    await ledger.record([outcome], town.now, town.worker._books.effects)
    told = await Delivery.filter(kind=ledger.CARD, operation=ledger.EDIT).count() > edits
    assert told is (operation == ledger.SEND)


async def attempted(row: Delivery, town: Town) -> Delivery:
    """As if it were under way for the second time."""
    await Delivery.filter(id=row.id).update(state=DeliveryState.ATTEMPTING, attempts=2, attempted_at=town.now)
    return await Delivery.get(id=row.id)


@pytest.fixture
def town() -> Town:
    return Town()
