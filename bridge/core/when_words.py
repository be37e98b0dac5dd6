"""How times are said in English, French, Portuguese, Spanish and Swahili: from words to fields, before any calendar."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, NoReturn


class Unclear(Exception):
    """The words are no time, or more than one."""


@dataclass(frozen=True, slots=True)
class Period:
    """A part of the day: from ``start`` to ``end`` o'clock (past 24 on the next day), and the hour it means alone."""

    start: int
    end: int
    alone: int
    is_swahili: bool = False
    """Clocks count from sunrise and sunset there: the third hour of the morning is nine."""


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


def _table(*words: str) -> dict[str, int]:
    return {word.replace("_", " "): index for index, line in enumerate(words) for word in line.split()}


def _any(words: Iterable[str]) -> str:
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


# All without accents and in lower case, as the text is when it comes here. "_" is a space.
_WEEKDAYS: Final = _table(
    "monday mon lundi lun segunda segunda-feira segunda_feira seg lunes jumatatu",
    "tuesday tues tue mardi mar terca terca-feira terca_feira ter martes jumanne",
    "wednesday wed mercredi mer quarta quarta-feira quarta_feira qua miercoles mie jumatano",
    "thursday thurs thur thu jeudi jeu quinta quinta-feira quinta_feira qui jueves jue alhamisi",
    "friday fri vendredi ven sexta sexta-feira sexta_feira sex viernes vie ijumaa",
    "saturday sat samedi sam sabado sab jumamosi",
    "sunday sun dimanche dim domingo dom jumapili",
)


def weekday_of(text: str) -> int | None:
    """The number of a weekday by its name, folded; Monday is 0."""
    return _WEEKDAYS.get(text)


_MONTHS: Final = _table(
    "",
    "january jan janvier janv janeiro enero ene januari",
    "february feb fevrier fevr fev fevereiro febrero februari",
    "march mar mars marco marzo machi",
    "april apr avril avr abril abr aprili",
    "may mai maio mayo mei",
    "june jun juin junho junio juni",
    "july jul juillet juil julho julio julai",
    "august aug aout agosto ago agosti",
    "september sept sep septembre setembro set septiembre setiembre septemba",
    "october oct octobre outubro out octubre oktoba okt",
    "november nov novembre novembro noviembre novemba",
    "december dec decembre dezembro dez diciembre dic desemba des",
)
_NUMBERS: Final = _table(
    "",
    "a an one un une uno una um uma moja",
    "two deux dois duas dos mbili mawili",
    "three trois tres tatu matatu",
    "four quatre quatro cuatro nne manne",
    "five cinq cinco tano matano",
    "six seis sita",
    "seven sept sete siete saba",
    "eight huit oito ocho nane manane",
    "nine neuf nove nueve tisa",
    "ten dix dez diez kumi",
    "eleven onze once kumi_na_moja",
    "twelve douze doze doce kumi_na_mbili",
)
_SWAHILI_HOURS: Final = {
    word: _NUMBERS[word]
    for word in _table("moja mbili tatu nne tano sita saba nane tisa kumi kumi_na_moja kumi_na_mbili")
}
_DAYS: Final = _table(
    "today aujourd'hui aujourdhui hoje hoy leo",
    "tomorrow tmrw tmr demain amanha manana kesho",
    "the_day_after_tomorrow day_after_tomorrow apres-demain apres_demain depois_de_amanha pasado_manana "
    "kesho_kutwa keshokutwa",
)
_NEXT_WEEKS: Final = (
    "next week|(?:la )?semaine prochaine|(?:la |na )?proxima semana|(?:la )?semana que vi?ene?m?|wiki ijayo"
)
_PERIODS: Final = {
    word.replace("_", " "): period
    for words, period in (
        ("morning matin matinee manha", Period(1, 13, 8)),
        ("asubuhi", Period(4, 12, 8, is_swahili=True)),
        ("madrugada", Period(0, 7, 5)),
        ("alfajiri", Period(3, 7, 5, is_swahili=True)),
        ("noon midday midi meio-dia meio_dia mediodia", Period(11, 15, 12)),
        ("mchana adhuhuri", Period(11, 17, 12, is_swahili=True)),
        ("afternoon apres-midi apres_midi tarde", Period(12, 21, 14)),
        ("alasiri", Period(14, 19, 16, is_swahili=True)),
        ("evening soir soiree", Period(16, 24, 18)),
        ("jioni", Period(15, 20, 18, is_swahili=True)),
        ("night nuit noite noche", Period(18, 30, 20)),
        ("usiku", Period(18, 30, 20, is_swahili=True)),
        ("midnight minuit meia-noite meia_noite medianoche", Period(23, 25, 24)),
    )
    for word in words.split()
}
_MINUTE = "minutes|minute|minutos|minuto|mins|min"
_DAY = "days|day|jours|jour|dias|dia"
_WEEK = "weeks|week|semaines|semaine|semanas|semana"
_HOUR = "hours|hour|hrs|hr|heures|heure|horas|hora|h"
_NUMBER = rf"(?:\d{{1,4}}(?:[.,]\d{{1,2}})?(?!\d)|(?:{_any(_NUMBERS)})(?![a-z]))"
_HALF_AN_HOUR = (
    "(?:a )?half an hour|(?:a )?half[- ]hour|(?:une )?demi[- ]heure|(?:uma )?meia hora|(?:una )?media hora|nusu saa"
)
_AND_A_HALF = " (?:and a half|et demie?|e meia|e meio|y media|y medio|na nusu)(?![a-z])"
_LENGTH = (
    rf"(?:(?P<half>{_HALF_AN_HOUR})|(?P<hours>\d{{1,3}}) ?h ?(?P<minutes>[0-5]\d)(?: ?m(?:in)?)?"
    rf"|(?P<number>{_NUMBER}) ?(?P<unit>{_MINUTE}|m|{_HOUR}|{_DAY}|d|j|{_WEEK})(?![a-z])(?P<more>{_AND_A_HALF})?"
    rf"|(?P<measure>dakika|masaa|saa|siku|wiki|majuma) (?P<count>{_NUMBER})(?P<plus>{_AND_A_HALF})?)"
)
_UNNAMED = re.sub(r"\?P<\w+>", "", _LENGTH)
# Without a word such as "in", "14 h" and "14 horas" are hours of the clock, and "saa 2" is one.
_PLAINLY = (
    rf"(?:{_NUMBER} (?:hours|hour|{_MINUTE}|{_DAY}|{_WEEK})|\d{{1,4}}min|(?:dakika|masaa|siku|wiki|majuma) {_NUMBER})"
)
_JOINED = "(?:,? ?(?:and |et |e |y |na )?)"
_HALVES = {"et demie": 30, "et demi": 30, "e meia": 30, "y media": 30, "na nusu": 30}
_QUARTERS = {"et quart": 15, "y cuarto": 15, "e um quarto": 15, "na robo": 15}
_PAST = _HALVES | _QUARTERS
_MINUTES_OF = {
    **dict.fromkeys(("m", *_MINUTE.split("|"), "dakika"), 1),
    **dict.fromkeys((*_HOUR.split("|"), "saa", "masaa"), 60),
}
_DAYS_OF = {
    **dict.fromkeys(("d", "j", *_DAY.split("|"), "siku"), 1),
    **dict.fromkeys((*_WEEK.split("|"), "wiki", "majuma"), 7),
}


def _count(word: str) -> float:
    return float(_NUMBERS[word]) if word in _NUMBERS else float(word.replace(",", "."))


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
            minutes += count * _MINUTES_OF.get(unit, 0)
            days += count * _DAYS_OF.get(unit, 0)
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
    _set_days(reading, _DAYS[match[1]])


def _next_week(reading: Reading, _: re.Match[str]) -> None:
    _set_days(reading, 7)


def _weekday(reading: Reading, match: re.Match[str]) -> None:
    _once(reading.weekday)
    reading.weekday = _WEEKDAYS[match["day"]]
    reading.not_today = bool(match["next"] or match["after"])


def _set_date(reading: Reading, year: str | None, month: int, day: str) -> None:
    _once(reading.date)
    full = int(year) + (2000 if len(year) == 2 else 0) if year else None
    reading.date = (full, month, int(day))


def _digits_date(reading: Reading, match: re.Match[str]) -> None:
    _set_date(reading, match["year"], int(match["month"]), match["day"])


def _written_date(reading: Reading, match: re.Match[str]) -> None:
    _set_date(reading, match["year"], _MONTHS[match["month"]], match["day"])


def _period(reading: Reading, match: re.Match[str]) -> None:
    _once(reading.period)
    reading.period = _PERIODS["manha" if match["period"] == "manana" else match["period"]]


def _this_period(reading: Reading, match: re.Match[str]) -> None:
    _period(reading, match)
    _set_days(reading, 0)


def _tonight(reading: Reading, _: re.Match[str]) -> None:
    _once(reading.period)
    reading.period = _PERIODS["night"]
    _set_days(reading, 0)


def _set_clock(reading: Reading, hour: int, minute: int) -> None:
    _once(reading.clock)
    if not (0 <= hour < 24 and 0 <= minute < 60) and (hour, minute) != (24, 0):
        _unclear()
    reading.clock = (hour, minute)


def _clock(reading: Reading, match: re.Match[str]) -> None:
    _set_clock(reading, int(match["hour"]), int(match["minute"] or 0))


def _clock_past(reading: Reading, match: re.Match[str]) -> None:
    _set_clock(reading, int(match["hour"]), _PAST[match["past"]])
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
    hour = _SWAHILI_HOURS.get(match["hour"]) or int(match["hour"])
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
_DAY_MONTH = rf"(?P<day>\d{{1,2}})(?:st|nd|rd|th|er|o|a)?\.? ?(?:(?:de|of|ya) )?(?P<month>{_any(_MONTHS)})(?![a-z])\.?"
_HOUR_FOLLOWS = r" ?(?:h|[ap]\.? ?m)(?![a-z])"
_MONTH_DAY = (
    rf"(?P<month>{_any(set(_MONTHS) - {'mar'})})\.? (?:the )?(?P<day>\d{{1,2}})(?:st|nd|rd|th)?"
    rf"(?![\d:.h])(?!{_HOUR_FOLLOWS})"
)
# Not the ten of "8h 10 Jan".
_MINUTES_AFTER_HOUR = rf"(?P<minute>\d\d)(?![\d:]| (?:de )?(?:{_any(_MONTHS)})(?![a-z]))(?: ?m(?:in|inutes|inutos)?)?"
_NEXT = "next|proximo|proxima|prochaine|prochain"
# "mar 8" is a day in March or eight o'clock on a Tuesday: nobody knows.
_WEEKDAY = (
    rf"(?:(?P<next>{_NEXT}) )?(?P<day>(?!mar \d{{1,2}}(?![\d:.h]|{_HOUR_FOLLOWS}))(?:{_any(_WEEKDAYS)}))(?![a-z])\.?"
    rf"(?P<after> (?:{_NEXT}|que vem|que viene|ijayo|lijalo))?"
)
_SWAHILI_CLOCK = (
    rf"saa (?P<hour>{_any(_SWAHILI_HOURS)}|\d{{1,2}}(?![\d:.h]))(?: kamili)?"
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
        (rf"(?:this|ce|cet|cette|esta) (?P<period>{_any(_PERIODS)})", _this_period),
        (r"(?:de|por|en|a) la (?P<period>manana)", _period),
        (_NEXT_WEEKS, _next_week),
        (rf"({_any(_DAYS)})", _named_day),
        (_WEEKDAY, _weekday),
        (_SWAHILI_CLOCK, _swahili_clock),
        (r"(?P<hour>\d{1,2})(?:[:.h](?P<minute>\d\d))? ?(?P<half>[ap])\.? ?m\.?", _half_day_clock),
        (r"(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::[0-5]\d)?(?![\d:])(?: ?(?:h|hs|hrs|hours|heures|horas))?", _clock),
        (r"(?P<hour>\d\d)(?P<minute>\d\d) ?(?:h|hs|hrs|hours)", _clock),
        (rf"(?P<hour>\d{{1,2}})(?P<unit> ?(?:h|heures?|horas?))? (?P<past>{_any(_PAST)})", _clock_past),
        (r"(?P<past>half|quarter) past (?P<hour>\d{1,2})(?![\d:.])", _half_past),
        (
            rf"(?P<hour>\d{{1,2}}) ?(?:heures?|horas?|hs?)(?: ?{_MINUTES_AFTER_HOUR})?",
            _clock,
        ),
        (r"(?P<hour>\d{1,2})\.(?P<minute>\d\d)(?![\d.])", _dotted_clock),
        (r"(?P<hour>\d{1,2})(?![\d:./-])", _bare_clock),
        (rf"(?P<period>{_any(_PERIODS)})", _period),
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
