"""No more posts an hour than a community bears, and quiet hours that end when the clocks there say so."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.core.community import Group
from bridge.core.when import Hours
from bridge.delivery import planning
from bridge.moderation.schedule import HOUR, spaced
from tests.unit.storage.stage import COMMUNITY, KENYA, NOW

minutes = st.integers(-90, 400).map(lambda count: NOW + timedelta(minutes=count))


def crowded(moments: list[datetime], limit: int) -> bool:
    """Do more than ``limit`` of them lie within an hour (without its end)?"""
    return any(sum(first <= moment < first + HOUR for moment in moments) > limit for first in moments)


def around(moments: list[datetime], moment: datetime, limit: int) -> bool:
    """The same, of the hours that one of them lies in."""
    near = [other for other in moments if abs(other - moment) < HOUR]
    return crowded(near, limit)


@settings(deadline=None)
@given(st.lists(minutes, max_size=20), minutes, st.integers(1, 4))
def test_the_first_moment_at_which_there_is_room(wishes: list[datetime], wanted: datetime, limit: int) -> None:
    taken: list[datetime] = []
    for wish in wishes:
        taken.append(spaced(wish, taken, limit))
    assert not crowded(taken, limit)
    moment = spaced(wanted, taken, limit)
    assert moment >= wanted
    assert not crowded([*taken, moment], limit)
    minute = timedelta(minutes=1)  # everything here is at a full minute, so nothing earlier was free
    earlier = [wanted + minute * count for count in range(int((moment - wanted) / minute))]
    assert all(crowded([*taken, other], limit) for other in earlier)


@given(st.lists(minutes, max_size=20), minutes, st.integers(1, 4))
def test_where_more_were_planned_than_are_allowed_now(taken: list[datetime], wanted: datetime, limit: int) -> None:
    """The limit was lowered: what is added does not make it worse."""
    moment = spaced(wanted, taken, limit)
    assert not around([*taken, moment], moment, limit) or around(taken, moment, limit)


def test_moments_of_an_hour_ago_are_not_needed() -> None:
    old = [NOW - HOUR, NOW - 3 * HOUR]
    assert spaced(NOW, old, 1) == spaced(NOW, [], 1) == NOW


def due(group: Group, at: datetime) -> datetime:
    return planning.due_in(group, COMMUNITY, at)


def test_quiet_hours_end_by_the_clocks_of_the_group() -> None:
    night = Hours.parse("22:00-06:00")
    nairobi = Group(chat=KENYA, quiet=night, zone=ZoneInfo("Africa/Nairobi"))
    assert due(nairobi, datetime(2026, 3, 1, 18, 59, tzinfo=UTC)) == datetime(2026, 3, 1, 18, 59, tzinfo=UTC)
    assert due(nairobi, datetime(2026, 3, 1, 19, 0, tzinfo=UTC)) == datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
    assert due(nairobi, datetime(2026, 3, 2, 3, 0, tzinfo=UTC)) == datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
    assert due(Group(chat=KENYA, quiet=night), datetime(2026, 3, 1, 23, 0, tzinfo=UTC)).hour == 6
    london = Group(chat=KENYA, quiet=night, zone=ZoneInfo("Europe/London"))
    # The clocks go forward in the night to the 29th of March, and back in the night to the 25th of October.
    assert due(london, datetime(2026, 3, 28, 23, 0, tzinfo=UTC)) == datetime(2026, 3, 29, 5, 0, tzinfo=UTC)
    assert due(london, datetime(2026, 10, 24, 23, 0, tzinfo=UTC)) == datetime(2026, 10, 25, 6, 0, tzinfo=UTC)


@given(minutes, minutes)
def test_what_goes_out_earlier_is_due_earlier_in_every_group(one: datetime, other: datetime) -> None:
    """So an answer never overtakes what it answers."""
    group = Group(chat=KENYA, quiet=Hours.parse("13:00-14:30"))
    first, second = sorted((one, other))
    assert due(group, first) <= due(group, second)
    assert due(group, first) >= first
