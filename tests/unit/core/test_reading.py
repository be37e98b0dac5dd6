"""When digests come: in the reader's own days, whatever the clocks there do."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.membership import Reading
from bridge.core.reading import DIGESTS, next_digest
from tests.unit.core.test_when import places

READINGS = st.sampled_from(DIGESTS)
HOURS = st.integers(0, 23)
LONGEST = {
    Reading.DAILY: timedelta(hours=50),
    Reading.WEEKLY: timedelta(days=8, hours=2),
    Reading.MONTHLY: timedelta(days=32, hours=2),
}


@given(places, READINGS, HOURS)
def test_the_next_one_is_ahead_and_not_far(place: tuple[datetime, ZoneInfo], reading: Reading, hour: int) -> None:
    now, zone = place
    moment = next_digest(reading, hour, zone, now)
    assert now < moment <= now + LONGEST[reading]


@given(places, READINGS, HOURS)
def test_it_is_at_that_hour_there(place: tuple[datetime, ZoneInfo], reading: Reading, hour: int) -> None:
    now, zone = place
    there = next_digest(reading, hour, zone, now).astimezone(zone)
    wall = there.replace(hour=hour, minute=0, second=0, tzinfo=None)
    shown = wall.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None) == wall
    if shown:  # clocks there do show that hour on that day
        assert (there.hour, there.minute, there.second) == (hour, 0, 0)
        assert there.fold == 0
        if reading is Reading.WEEKLY:
            assert there.weekday() == 0
        if reading is Reading.MONTHLY:
            assert there.day == 1


@given(places, READINGS, HOURS, st.integers(1, 40))
def test_looking_more_often_changes_nothing(
    place: tuple[datetime, ZoneInfo], reading: Reading, hour: int, parts: int
) -> None:
    now, zone = place
    moment = next_digest(reading, hour, zone, now)
    between = now + (moment - now) * (1 - 1 / (parts + 1))
    assert next_digest(reading, hour, zone, between) == moment


@given(places, HOURS)
def test_one_a_day(place: tuple[datetime, ZoneInfo], hour: int) -> None:
    now, zone = place
    days = []
    for _ in range(10):
        now = next_digest(Reading.DAILY, hour, zone, now)
        days.append(now.astimezone(zone).date())
    assert len(set(days)) == 10


@pytest.mark.parametrize(
    ("now", "zone", "hour", "then"),
    [
        ("2026-03-28T20:00", "Europe/Paris", 2, "2026-03-29T01:00"),  # 02:00 is skipped: 03:00 there
        ("2026-10-24T20:00", "Europe/Paris", 2, "2026-10-25T00:00"),  # 02:00 comes twice: the first
        ("2026-10-25T00:00", "Europe/Paris", 2, "2026-10-26T01:00"),  # ... and not the second
        ("2026-11-04T03:59", "Africa/Nairobi", 7, "2026-11-04T04:00"),
        ("2026-11-04T04:00", "Africa/Nairobi", 7, "2026-11-05T04:00"),
    ],
)
def test_by_the_clock(now: str, zone: str, hour: int, then: str) -> None:
    moment = next_digest(Reading.DAILY, hour, ZoneInfo(zone), datetime.fromisoformat(now).replace(tzinfo=UTC))
    assert f"{moment:%Y-%m-%dT%H:%M}" == then
