"""Whose day it is: written by a moderator, named by the reminders, never the name of somebody who is away."""

from datetime import timedelta

import pytest

from bridge.moderation import duty, reminders
from bridge.rendering.words import Words
from bridge.storage.models import Review
from tests.integration.moderating import GRACE, MALLORY, PETER, Room, audited, notices
from tests.unit.storage.stage import DESK, NOW, hold

pytestmark = pytest.mark.usefixtures("opened")
DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
TODAY = DAYS[NOW.weekday()]
TOMORROW = DAYS[(NOW.weekday() + 1) % 7]


async def test_it_is_written_shown_and_changed_day_by_day() -> None:
    room = Room()
    assert "There is no rota yet." in await room.orders("/rota", GRACE)
    told = await room.orders("/rota Monday: Grace, Peter, grace\nijumaa: Ruth", GRACE)
    assert told == "Grace has changed the rota:\nMonday: grace, Peter\nFriday: Ruth"
    assert (await notices(DESK))[-1] == told, "the other channel hears it"
    assert "Monday: Naomi\nFriday: Ruth" in await room.orders("/rota lundi: Naomi", PETER)
    assert await room.orders("/rota", PETER) == "Monday: Naomi\nFriday: Ruth"
    assert "Friday" not in await room.orders("/rota Friday: -", PETER)
    assert len(await audited("rota")) == 3


@pytest.mark.parametrize(
    "said", ["tomorrow: Grace", "Monday", "Monday:", "Monday: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10", "Grace: Monday"]
)
async def test_what_is_no_rota_changes_nothing(said: str) -> None:
    room = Room()
    assert "is not understood" in await room.orders(f"/rota {said}", GRACE)
    assert await duty.of(room.community) == {}


async def test_strangers_change_nothing() -> None:
    room = Room()
    await room.orders("/rota Monday: Mallory", MALLORY)
    assert await duty.of(room.community) == {}


async def test_reminders_name_whose_day_it_is() -> None:
    room = Room()
    await room.orders(f"/rota {TODAY}: Grace, Peter\n{TOMORROW}: Ruth", GRACE)
    review = await hold()
    await Review.filter(id=review.id).update(created_at=NOW - timedelta(hours=9))
    await room.orders("/away 3 days", PETER)
    await reminders.tick(room.community, room.directory, NOW)
    assert "\nOn duty today: Grace\n" in (await notices(DESK))[-1]
    assert await duty.today(room.community, NOW + timedelta(days=2)) == []


def test_days_are_named_in_every_language() -> None:
    for language in ("en", "fr", "pt", "es", "sw"):
        w = Words(language)
        assert duty.read("\n".join(f"{w.weekday(day)}: X" for day in range(7)), w) == {day: ["X"] for day in range(7)}
