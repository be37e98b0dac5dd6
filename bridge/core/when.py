"""Times as moderators type them, in five languages, and hours of the day that come round again."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

from bridge.core.when_vocabulary import Period, weekday_of
from bridge.core.when_words import Reading, Unclear, read

MAX_AHEAD = timedelta(days=366)
_MORNING = 8 * 60
"""What a day without a time means, in minutes."""
_LONGEST = 100
"""Characters of a time; what is longer is none."""


def _folded(text: str) -> str:
    """Lower case without accents, one space between words."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(char for char in apart if not unicodedata.combining(char))
    return re.sub(r"(?<=\d)z$", " utc", " ".join(bare.replace("’", "'").split()).strip(" .,;!?"))


def weekday(text: str) -> int | None:
    """The weekday of this name in any of the five languages, Monday is 0; None for other words."""
    return weekday_of(_folded(text))


def _moments(day: date, minutes: int, zone: tzinfo) -> list[datetime]:
    """When the clocks there show that many minutes of that day (it may run past its end), in UTC.

    Two moments where clocks go back over it. Where they skip it, as much later as they skip: 02:30 is 03:30 that day.
    """
    wall = datetime.combine(day, time()) + timedelta(minutes=minutes)
    first, second = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    return [first, second] if first < second else [first]


def _hours(hour: int, period: Period, *, swahili: bool) -> int | None:
    """The hour of the day, past 24 after midnight, that was meant by that hour of that period."""
    if hour > 12:
        return hour
    shifted, western = hour % 12 + 6, hour % 12
    for start in (shifted, western) if swahili or period.is_swahili else (western,):
        for candidate in (start % 12, start % 12 + 12, start % 12 + 24):
            if period.start <= candidate < period.end:
                return candidate
    return None


def _minutes(reading: Reading) -> list[int]:
    """Of the day that was said; more than one where both halves of the day may be meant. Raises Unclear."""
    if reading.clock is None:
        return [reading.period.alone * 60 if reading.period else _MORNING]
    hour, minute = reading.clock
    if reading.needs_more and not (reading.has_day or reading.is_at or reading.period):
        raise Unclear("a bare number")
    if reading.period:
        meant = _hours(hour, reading.period, swahili=reading.is_swahili)
        if meant is None:
            raise Unclear("that part of the day has no such hour")
        return [meant * 60 + minute]
    if reading.is_swahili:  # "kesho saa 2" is eight in the morning; "saa 2" the next eight there is
        daytime = hour % 12 + 6
        both = [daytime * 60 + minute, (daytime + 12) % 24 * 60 + minute]
        return both[:1] if reading.has_day and reading.days != 0 else both
    return [hour * 60 + minute]


def _dates(reading: Reading, today: date) -> Iterator[date]:
    """The days that may be meant."""
    if reading.days is not None:
        yield today + timedelta(days=reading.days)
    elif reading.weekday is not None:
        ahead = (reading.weekday - today.weekday()) % 7
        if not (reading.not_today and ahead == 0):
            yield today + timedelta(days=ahead)
        yield today + timedelta(days=ahead + 7)
    elif reading.date is not None:
        year, month, day = reading.date
        for candidate in (year,) if year is not None else (today.year, today.year + 1):
            try:
                yield date(candidate, month, day)
            except ValueError:  # the 29th of February, or the 31st of nothing
                continue
    else:
        yield from (today + timedelta(days=ahead) for ahead in (-1, 0, 1))


def _days_later(local: datetime, days: int) -> datetime:
    """The same time of day, in UTC."""
    return (local + timedelta(days=days)).replace(fold=local.fold).astimezone(UTC)


def _candidates(reading: Reading, now: datetime, zone: tzinfo) -> Iterator[datetime]:
    local = now.astimezone(zone)
    said = [reading.days, reading.weekday, reading.date]
    if sum(value is not None for value in said) > 1:
        raise Unclear("two days")
    if reading.minutes is not None:
        if reading.clock or reading.period or (reading.has_day and not reading.keeps_time):
            raise Unclear("a length and a time")
        yield _days_later(local, reading.days or 0) + timedelta(minutes=reading.minutes)
    elif reading.days is not None and reading.keeps_time and reading.clock is None and reading.period is None:
        yield _days_later(local, reading.days)
    elif reading.has_day or reading.clock or reading.period:
        minutes = _minutes(reading)
        for day in _dates(reading, local.date()):
            for minute in minutes:
                yield from _moments(day, minute, zone)


def parse(text: str, now: datetime, zone: ZoneInfo) -> datetime | None:
    """The next moment that such words mean, in UTC: "18:00", "demain 9h", "saa tatu asubuhi", "in 2 h", "1 Dec 8:00".

    Always after ``now`` (which is aware) and at most 366 days; else None, as for words that are no time or an ambiguous
    one. A day without a time is at 08:00. The night belongs to the day on whose evening it begins: "Monday midnight" is
    the end of Monday. Dates are day first. "UTC" behind a time makes it one.
    """
    if len(text) > _LONGEST:
        return None
    try:
        reading = read(_folded(text))
        zone_said: tzinfo = UTC if reading.is_utc else zone
        ahead = [moment for moment in _candidates(reading, now, zone_said) if now < moment <= now + MAX_AHEAD]
    except (Unclear, OverflowError):
        return None
    return min(ahead, default=None)


_HOURS = re.compile(r"\s*(\d{1,2}(?::\d\d)?)\s*[-–—]\s*(\d{1,2}(?::\d\d)?)\s*")


def _clock_time(text: str) -> time | None:
    """``22:00``, ``6``; 24:00 is midnight."""
    hour, _, minute = text.partition(":")
    at = int(hour), int(minute or 0)
    if at == (24, 0):
        return time()
    return time(*at) if at < (24, 0) and at[1] < 60 else None


@dataclass(frozen=True, slots=True)
class Hours:
    """Hours that come round every day, from ``start`` up to and without ``end``, over midnight where end comes first.

    Where clocks go back, a time that comes twice is its second one; where they skip it, it is the moment of the skip.
    """

    start: time
    end: time

    def __post_init__(self) -> None:
        if self.start == self.end:
            raise ValueError(f"hours that begin and end at {self.start:%H:%M} have no length; leave them out instead")

    @classmethod
    def parse(cls, text: str) -> "Hours":
        """``22:00-06:00``, ``22-6``, ``18:00-24:00``. Raises ValueError with a sentence for whoever wrote it."""
        match = _HOURS.fullmatch(text)
        start, end = (_clock_time(match[1]), _clock_time(match[2])) if match else (None, None)
        if start is None or end is None:
            raise ValueError(f'"{text}" is no span of hours; write it as 22:00-06:00')
        return cls(start, end)

    def contains(self, moment: datetime, zone: ZoneInfo) -> bool:
        """Is it in these hours there?"""
        return any(start <= moment < end for start, end in self._near(moment, zone))

    def next_start(self, moment: datetime, zone: ZoneInfo) -> datetime:
        """When they begin next, after ``moment``, in UTC."""
        return next(start for start, _ in self._near(moment, zone) if start > moment)

    def next_end(self, moment: datetime, zone: ZoneInfo) -> datetime:
        """When they end next, after ``moment``, in UTC: the end of the present ones where it is in them."""
        return next(end for _, end in self._near(moment, zone) if end > moment)

    def _near(self, moment: datetime, zone: ZoneInfo) -> list[tuple[datetime, datetime]]:
        """Those of the days around, in order and apart."""
        today = moment.astimezone(zone).date()
        spans: list[tuple[datetime, datetime]] = []
        for ahead in range(-1, 4):
            day = today + timedelta(days=ahead)
            until = day if self.start < self.end else day + timedelta(days=1)
            start, end = _last_showing(day, self.start, zone), _last_showing(until, self.end, zone)
            if spans and start <= spans[-1][1]:  # what lay between was skipped
                start, _ = spans.pop()
            if start < end:
                spans.append((start, end))
        return spans


def _last_showing(day: date, at: time, zone: ZoneInfo) -> datetime:
    """The last moment at which clocks there show it, in UTC, or the moment at which they skip it."""
    wall = datetime.combine(day, at, tzinfo=zone)
    early, late = (wall.replace(fold=fold).astimezone(UTC) for fold in (1, 0))
    if early >= late:
        return early
    offset = early.astimezone(zone).utcoffset()
    while late - early > timedelta(seconds=1):
        middle = early + (late - early) // 2
        if middle.astimezone(zone).utcoffset() == offset:
            early = middle
        else:
            late = middle
    return late.replace(microsecond=0)
