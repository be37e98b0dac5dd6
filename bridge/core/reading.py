"""When private copies come: the moments of digests, in the reader's own days."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bridge.core.membership import Reading

DIGESTS = (Reading.DAILY, Reading.WEEKLY, Reading.MONTHLY)
COPIED = (Reading.IMMEDIATE, *DIGESTS)
"""Those who are sent something privately."""
_FARTHEST = 62
"""Days: a month, and the one behind it."""


def at_hour(day: date, hour: int, zone: ZoneInfo) -> datetime:
    """When clocks there show that hour on that day, in UTC: the first time where they do so twice.

    Where they skip it, as much later as they skip: 02:00 is 03:00 that day.
    """
    return datetime.combine(day, time(hour), tzinfo=zone).astimezone(UTC)


def next_digest(reading: Reading, hour: int, zone: ZoneInfo, after: datetime) -> datetime:
    """When the next digest comes, after a moment: every day, every Monday or on the first of every month."""
    today = after.astimezone(zone).date()
    for ahead in range(_FARTHEST):
        day = today + timedelta(days=ahead)
        if reading is Reading.WEEKLY and day.weekday() != 0:
            continue
        if reading is Reading.MONTHLY and day.day != 1:
            continue
        moment = at_hour(day, hour, zone)
        if moment > after:
            return moment
    raise ValueError(f"no {reading.value} digest within {_FARTHEST} days")
