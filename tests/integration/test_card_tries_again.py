"""A card tells that a group has to wait, though nothing else happens to its post; on both databases."""

from datetime import timedelta

import pytest

from bridge.core.ports import Later
from bridge.storage import ledger
from bridge.storage.models import Delivery
from tests.integration.afterwards_town import Town, rows
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
        await town.rounds(3)
        shown = {1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 4, 8: 8, 9: 8}[attempts]
        said = "1 time" if shown == 1 else f"{shown} times"
        assert f"tried {said}, trying again" in town.card(), "seldom enough for a chat that is broken for a week"
    assert await Delivery.filter(kind=ledger.CARD, operation=ledger.EDIT).count() == edits + 2 * 4  # in two channels


@pytest.fixture
def town() -> Town:
    return Town()
