"""How times are said in English, French, Portuguese, Spanish and Swahili: from words to fields, before any calendar."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NoReturn

from bridge.core.when_vocabulary import (
    AND_A_HALF,
    DAY,
    DAYS,
    DAYS_OF,
    HALF_AN_HOUR,
    HOUR,
    MINUTE,
    MINUTES_OF,
    MONTHS,
    NEXT_WEEKS,
    NUMBERS,
    PAST,
    PERIODS,
    SWAHILI_HOURS,
    WEEK,
    WEEKDAYS,
    Period,
    any_of,
)


class Unclear(Exception):
    """The words are no time, or more than one."""


@dataclass(slots=True)
class Reading:
    """What was said. Nothing is said twice."""

    minutes: float | None = None
    """From now, as time passes."""
    days: int | None = None
    """From today, on the calendar."""
    keeps_time: bool = False
    """The days were counted ("in 3 days"), not named: without a clock it is this time of day."""
    weekday: int | None = None
    """Monday is 0."""
    not_today: bool = False
    date: tuple[int | None, int, int] | None = None
    """Year, where one was said, month and day."""
    clock: tuple[int, int] | None = None
    is_swahili: bool = False
    """The hour was said as Swahili counts it, 1 to 12."""
    needs_more: bool = False
    """The number is an hour only beside a day, a part of the day, or a word such as "at"."""
    is_at: bool = False
    period: Period | None = None
    is_utc: bool = False

    @property
    def has_day(self) -> bool:
        return self.days is not None or self.weekday is not None or self.date is not None


def _once(value: object) -> None:
    if value is not None:
        raise Unclear("said twice")


def _unclear() -> NoReturn:
    raise Unclear("no such time")


_NUMBER = rf"(?:\d{{1,4}}(?:[.,]\d{{1,2}})?(?!\d)|(?:{any_of(NUMBERS)})(?![a-z]))"
_LENGTH = (
    rf"(?:(?P<half>{HALF_AN_HOUR})|(?P<hours>\d{{1,3}}) ?h ?(?P<minutes>[0-5]\d)(?: ?m(?:in)?)?"
    rf"|(?P<number>{_NUMBER}) ?(?P<unit>{MINUTE}|m|{HOUR}|{DAY}|d|j|{WEEK})(?![a-z])(?P<more>{AND_A_HALF})?"
    rf"|(?P<measure>dakika|masaa|saa|siku|wiki|majuma) (?P<count>{_NUMBER})(?P<plus>{AND_A_HALF})?)"
)
_UNNAMED = re.sub(r"\?P<\w+>", "", _LENGTH)
# Without a word such as "in", "14 h" and "14 horas" are hours of the clock, and "saa 2" is one.
_PLAINLY = (
    rf"(?:{_NUMBER} (?:hours|hour|{MINUTE}|{DAY}|{WEEK})|\d{{1,4}}min|(?:dakika|masaa|siku|wiki|majuma) {_NUMBER})"
)
_JOINED = "(?:,? ?(?:and |et |e |y |na )?)"


def _count(word: str) -> float:
    return float(NUMBERS[word]) if word in NUMBERS else float(word.replace(",", "."))


def _length(reading: Reading, match: re.Match[str]) -> None:
    minutes, days = 0.0, 0.0
    for piece in re.finditer(_LENGTH, match["length"]):
        unit = piece["unit"] or piece["measure"]
        if piece["half"]:
            minutes += 30
        elif piece["hours"]:
            minutes += 60 * int(piece["hours"]) + int(piece["minutes"])
        else:
            count = _count(piece["number"] or piece["count"]) + (0.5 if piece["more"] or piece["plus"] else 0)
            minutes += count * MINUTES_OF.get(unit, 0)
            days += count * DAYS_OF.get(unit, 0)
    if days != int(days):  # half a day is twelve hours
        minutes, days = minutes + (days - int(days)) * 24 * 60, int(days)
    if minutes:
        _once(reading.minutes)
        reading.minutes = minutes
    if days or not minutes:
        _set_days(reading, int(days))
        reading.keeps_time = True


def _set_days(reading: Reading, days: int) -> None:
    _once(reading.days)
    reading.days = days


def _named_day(reading: Reading, match: re.Match[str]) -> None:
    _set_days(reading, DAYS[match[1]])


def _next_week(reading: Reading, _: re.Match[str]) -> None:
    _set_days(reading, 7)


def _weekday(reading: Reading, match: re.Match[str]) -> None:
    _once(reading.weekday)
    reading.weekday = WEEKDAYS[match["day"]]
    reading.not_today = bool(match["next"] or match["after"])


def _set_date(reading: Reading, year: str | None, month: int, day: str) -> None:
    _once(reading.date)
    full = int(year) + (2000 if len(year) == 2 else 0) if year else None
    reading.date = (full, month, int(day))


def _digits_date(reading: Reading, match: re.Match[str]) -> None:
    _set_date(reading, match["year"], int(match["month"]), match["day"])


def _written_date(reading: Reading, match: re.Match[str]) -> None:
    _set_date(reading, match["year"], MONTHS[match["month"]], match["day"])


def _period(reading: Reading, match: re.Match[str]) -> None:
    _once(reading.period)
    reading.period = PERIODS["manha" if match["period"] == "manana" else match["period"]]


def _this_period(reading: Reading, match: re.Match[str]) -> None:
    _period(reading, match)
    _set_days(reading, 0)


def _tonight(reading: Reading, _: re.Match[str]) -> None:
    _once(reading.period)
    reading.period = PERIODS["night"]
    _set_days(reading, 0)


def _set_clock(reading: Reading, hour: int, minute: int) -> None:
    _once(reading.clock)
    if not (0 <= hour < 24 and 0 <= minute < 60) and (hour, minute) != (24, 0):
        _unclear()
    reading.clock = (hour, minute)


def _clock(reading: Reading, match: re.Match[str]) -> None:
    _set_clock(reading, int(match["hour"]), int(match["minute"] or 0))


def _clock_past(reading: Reading, match: re.Match[str]) -> None:
    _set_clock(reading, int(match["hour"]), PAST[match["past"]])
    reading.needs_more = not match["unit"]


def _half_past(reading: Reading, match: re.Match[str]) -> None:
    minute = {"half": 30, "quarter": 15}[match["past"]]
    _set_clock(reading, int(match["hour"]), minute)


def _dotted_clock(reading: Reading, match: re.Match[str]) -> None:
    _clock(reading, match)
    reading.needs_more = 0 < int(match["minute"]) <= 12  # 1.12 may be a day in December


def _bare_clock(reading: Reading, match: re.Match[str]) -> None:
    _set_clock(reading, int(match["hour"]), 0)
    reading.needs_more = True


def _half_day_clock(reading: Reading, match: re.Match[str]) -> None:
    hour, is_pm = int(match["hour"]), match["half"] == "p"
    if hour > 12 and not is_pm:
        _unclear()
    if hour <= 12:
        hour = hour % 12 + (12 if is_pm else 0)
    _set_clock(reading, hour, int(match["minute"] or 0))


def _swahili_clock(reading: Reading, match: re.Match[str]) -> None:
    hour = SWAHILI_HOURS.get(match["hour"]) or int(match["hour"])
    extra, short = match["extra"], match["short"]
    minute = 0
    if extra:
        minute = {"nusu": 30, "robo": 15}.get(extra) or int(_count(extra))
    elif short:
        minute = -(15 if short.endswith("robo") else int(_count(short)))
    if not -60 < minute < 60:
        _unclear()
    if minute < 0:
        hour, minute = hour - 1, minute + 60
    if hour == 0 and short:  # a quarter to one is a quarter to the first hour: in the twelfth
        hour = 12
    _set_clock(reading, hour, minute)
    reading.is_swahili = 1 <= hour <= 12
    reading.is_at = True


def _utc(reading: Reading, _: re.Match[str]) -> None:
    reading.is_utc = True


def _at(reading: Reading, _: re.Match[str]) -> None:
    reading.is_at = True


def _filler(_reading: Reading, _match: re.Match[str]) -> None:
    """A word that says nothing here."""


_IN = r"(?:in|within|after|dans|apres|em|en|dentro de|dentro em|daqui a|de aqui a|baada ya|ndani ya) |\+ ?"
_YEAR = r"(?:,? (?:de |del |of )?(?P<year>\d{4})(?![\d:]))?"
_DAY_MONTH = rf"(?P<day>\d{{1,2}})(?:st|nd|rd|th|er|o|a)?\.? ?(?:(?:de|of|ya) )?(?P<month>{any_of(MONTHS)})(?![a-z])\.?"
_HOUR_FOLLOWS = r" ?(?:h|[ap]\.? ?m)(?![a-z])"
_MONTH_DAY = (
    rf"(?P<month>{any_of(set(MONTHS) - {'mar'})})\.? (?:the )?(?P<day>\d{{1,2}})(?:st|nd|rd|th)?"
    rf"(?![\d:.h])(?!{_HOUR_FOLLOWS})"
)
# Not the ten of "8h 10 Jan".
_MINUTES_AFTER_HOUR = rf"(?P<minute>\d\d)(?![\d:]| (?:de )?(?:{any_of(MONTHS)})(?![a-z]))(?: ?m(?:in|inutes|inutos)?)?"
_NEXT = "next|proximo|proxima|prochaine|prochain"
# "mar 8" is a day in March or eight o'clock on a Tuesday: nobody knows.
_WEEKDAY = (
    rf"(?:(?P<next>{_NEXT}) )?(?P<day>(?!mar \d{{1,2}}(?![\d:.h]|{_HOUR_FOLLOWS}))(?:{any_of(WEEKDAYS)}))(?![a-z])\.?"
    rf"(?P<after> (?:{_NEXT}|que vem|que viene|ijayo|lijalo))?"
)
_SWAHILI_CLOCK = (
    rf"saa (?P<hour>{any_of(SWAHILI_HOURS)}|\d{{1,2}}(?![\d:.h]))(?: kamili)?"
    rf"(?: na (?:dakika )?(?P<extra>nusu|robo|(?<=dakika ){_NUMBER})"
    rf"| kaso(?:ro )?(?:dakika )?(?P<short>r?robo|(?<=dakika ){_NUMBER}))?"
)
_WORDS: Final[tuple[tuple[re.Pattern[str], Callable[[Reading, re.Match[str]], None]], ...]] = tuple(
    (re.compile(rf"(?:{pattern})(?![a-z])"), handler)
    for pattern, handler in (
        (rf"(?:{_IN})(?P<length>{_UNNAMED}(?:{_JOINED}{_UNNAMED})*)", _length),
        (rf"(?P<length>{_PLAINLY}(?:{_JOINED}{_PLAINLY})*)", _length),
        (r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})(?:t(?=\d)|(?![\d-]))", _digits_date),
        (r"(?P<day>\d{1,2})(?P<dot>[/.-])(?P<month>\d{1,2})(?P=dot)(?P<year>\d{4}|\d\d)(?![\d:])", _digits_date),
        (r"(?P<day>\d{1,2})/(?P<month>\d{1,2})(?![\d/])(?P<year>)?", _digits_date),
        (_DAY_MONTH + _YEAR, _written_date),
        (_MONTH_DAY + _YEAR, _written_date),
        (r"tonight|esta noche|esta noite|usiku huu|cette nuit", _tonight),
        (rf"(?:this|ce|cet|cette|esta) (?P<period>{any_of(PERIODS)})", _this_period),
        (r"(?:de|por|en|a) la (?P<period>manana)", _period),
        (NEXT_WEEKS, _next_week),
        (rf"({any_of(DAYS)})", _named_day),
        (_WEEKDAY, _weekday),
        (_SWAHILI_CLOCK, _swahili_clock),
        (r"(?P<hour>\d{1,2})(?:[:.h](?P<minute>\d\d))? ?(?P<half>[ap])\.? ?m\.?", _half_day_clock),
        (r"(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::[0-5]\d)?(?![\d:])(?: ?(?:h|hs|hrs|hours|heures|horas))?", _clock),
        (r"(?P<hour>\d\d)(?P<minute>\d\d) ?(?:h|hs|hrs|hours)", _clock),
        (rf"(?P<hour>\d{{1,2}})(?P<unit> ?(?:h|heures?|horas?))? (?P<past>{any_of(PAST)})", _clock_past),
        (r"(?P<past>half|quarter) past (?P<hour>\d{1,2})(?![\d:.])", _half_past),
        (
            rf"(?P<hour>\d{{1,2}}) ?(?:heures?|horas?|hs?)(?: ?{_MINUTES_AFTER_HOUR})?",
            _clock,
        ),
        (r"(?P<hour>\d{1,2})\.(?P<minute>\d\d)(?![\d.])", _dotted_clock),
        (r"(?P<hour>\d{1,2})(?![\d:./-])", _bare_clock),
        (rf"(?P<period>{any_of(PERIODS)})", _period),
        (r"utc|gmt|z", _utc),
        (r"at|as|a las|a la|a|saa|vers|kwa|@", _at),
        (
            r"no(?= sabado| domingo)|on|of|in the|the|en la|le|la|les|el|los|na|de|du|da|do|del|au|por|pela|para|pour",
            _filler,
        ),
        (r"for|and|et|e|y|siku ya|tarehe|mnamo|ya|za|wa|o'clock|,", _filler),
    )
)


def read(text: str) -> Reading:
    """Every word of a folded text, in any order. Raises Unclear where one is unknown or something is said twice."""
    reading = Reading()
    rest = text
    while rest:
        for pattern, handler in _WORDS:
            match = pattern.match(rest)
            if match and match.end():
                handler(reading, match)
                rest = rest[match.end() :].lstrip()
                break
        else:
            raise Unclear("an unknown word")
    return reading
