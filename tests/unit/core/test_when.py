"""Times as they are typed, against the wall clocks of places that change theirs, and hours that come round."""

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from bridge.core.when import Hours, parse

KAMPALA = ZoneInfo("Africa/Kampala")
PARIS = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 11, 4, 7, 10, 20, tzinfo=UTC)
"""A Wednesday, 10:10:20 in Kampala."""

# Places whose clocks move: by an hour, half an hour (Lord Howe), at midnight (Santiago, Cairo), backwards in summer
# (Dublin), for Ramadan (Casablanca), over the date line (Apia left a day out), and ones whose clocks stand still.
ZONES = st.sampled_from(
    [
        "Africa/Nairobi",
        "Africa/Casablanca",
        "Africa/Cairo",
        "America/Santiago",
        "America/Sao_Paulo",
        "Asia/Kathmandu",
        "Australia/Lord_Howe",
        "Europe/Dublin",
        "Europe/Paris",
        "Pacific/Apia",
        "UTC",
    ]
).map(ZoneInfo)


@st.composite
def moments(draw: st.DrawFn, zone: ZoneInfo) -> datetime:
    """Any second of 2005 to 2035, most of them around a moving of the clocks, where there is one."""
    moment = datetime(2005, 1, 1, tzinfo=UTC) + timedelta(seconds=draw(st.integers(0, 30 * 366 * 24 * 3600)))
    if draw(st.sampled_from([True, True, False])):
        later = moment
        for step in (timedelta(days=1), timedelta(minutes=30)):
            offset = later.astimezone(zone).utcoffset()
            steps = (later + n * step for n in range(366))
            later = next((at for at in steps if (at + step).astimezone(zone).utcoffset() != offset), moment)
        moment = later + timedelta(minutes=draw(st.one_of(st.integers(-75, 75), st.integers(-3000, 1500))))
    return moment


places = ZONES.flatmap(lambda zone: st.tuples(moments(zone), st.just(zone)))
clock_times = st.builds(time, st.integers(0, 23), st.integers(0, 59))


def local(text: str, now: datetime = NOW, zone: ZoneInfo = KAMPALA) -> str | None:
    moment = parse(text, now, zone)
    return None if moment is None else f"{moment.astimezone(zone):%a %d.%m.%y %H:%M}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # Clocks: the next time they show it.
        ("18:00", "Wed 04.11.26 18:00"),
        ("9:30", "Thu 05.11.26 09:30"),
        ("10:10", "Thu 05.11.26 10:10"),
        ("10:11", "Wed 04.11.26 10:11"),
        ("18:00:30", "Wed 04.11.26 18:00"),
        ("18.30", "Wed 04.11.26 18:30"),
        ("24:00", "Thu 05.11.26 00:00"),
        ("1800 hrs", "Wed 04.11.26 18:00"),
        ("18:00hrs", "Wed 04.11.26 18:00"),
        ("6pm", "Wed 04.11.26 18:00"),
        ("6 p.m.", "Wed 04.11.26 18:00"),
        ("6:30 PM", "Wed 04.11.26 18:30"),
        ("12am", "Thu 05.11.26 00:00"),
        ("12pm", "Wed 04.11.26 12:00"),
        ("at 9", "Thu 05.11.26 09:00"),
        ("half past 6", "Thu 05.11.26 06:30"),
        ("noon", "Wed 04.11.26 12:00"),
        ("midnight", "Thu 05.11.26 00:00"),
        ("18:00 UTC", "Wed 04.11.26 21:00"),
        # Lengths.
        ("in 2 h", "Wed 04.11.26 12:10"),
        ("in 30 min", "Wed 04.11.26 10:40"),
        ("+2h", "Wed 04.11.26 12:10"),
        ("in 1h30", "Wed 04.11.26 11:40"),
        ("in 1.5 hours", "Wed 04.11.26 11:40"),
        ("in an hour and a half", "Wed 04.11.26 11:40"),
        ("in 2 hours and 30 minutes", "Wed 04.11.26 12:40"),
        ("in half an hour", "Wed 04.11.26 10:40"),
        ("2 hours", "Wed 04.11.26 12:10"),
        ("in 2 days", "Fri 06.11.26 10:10"),
        ("in 2 days at 9", "Fri 06.11.26 09:00"),
        ("in a week", "Wed 11.11.26 10:10"),
        ("in 1 day 2 hours", "Thu 05.11.26 12:10"),
        # Days.
        ("tomorrow", "Thu 05.11.26 08:00"),
        ("Tomorrow, 9!", "Thu 05.11.26 09:00"),
        ("9 tomorrow", "Thu 05.11.26 09:00"),
        ("tomorrow 12 noon", "Thu 05.11.26 12:00"),
        ("tomorrow at 6 in the evening", "Thu 05.11.26 18:00"),
        ("day after tomorrow", "Fri 06.11.26 08:00"),
        ("today 11:00", "Wed 04.11.26 11:00"),
        ("tonight", "Wed 04.11.26 20:00"),
        ("tonight at 9", "Wed 04.11.26 21:00"),
        ("this evening", "Wed 04.11.26 18:00"),
        ("today midnight", "Thu 05.11.26 00:00"),
        ("monday midnight", "Tue 10.11.26 00:00"),
        ("monday", "Mon 09.11.26 08:00"),
        ("Mon 14:30", "Mon 09.11.26 14:30"),
        ("wednesday 14:30", "Wed 04.11.26 14:30"),
        ("next wednesday 14:30", "Wed 11.11.26 14:30"),
        ("wednesday", "Wed 11.11.26 08:00"),
        ("next week", "Wed 11.11.26 08:00"),
        # Dates.
        ("2026-12-01 08:00", "Tue 01.12.26 08:00"),
        ("2026-12-01", "Tue 01.12.26 08:00"),
        ("2026-12-01T18:00Z", "Tue 01.12.26 21:00"),
        ("1 Dec 8:00", "Tue 01.12.26 08:00"),
        ("1 Dec 8", "Tue 01.12.26 08:00"),
        ("Dec 1st at 6pm", "Tue 01.12.26 18:00"),
        ("Dec 1, 2026", "Tue 01.12.26 08:00"),
        ("1 Oct", "Fri 01.10.27 08:00"),
        ("4 Nov", "Thu 04.11.27 08:00"),
        ("5/12 9h", "Sat 05.12.26 09:00"),
        ("01/12/26", "Tue 01.12.26 08:00"),
        ("1.12.2026 18.00", "Tue 01.12.26 18:00"),
        ("1 mar 8:00", "Mon 01.03.27 08:00"),
        # French.
        ("demain", "Thu 05.11.26 08:00"),
        ("demain à 9h", "Thu 05.11.26 09:00"),
        ("demain 18 h 30", "Thu 05.11.26 18:30"),
        ("après-demain matin", "Fri 06.11.26 08:00"),
        ("lundi", "Mon 09.11.26 08:00"),
        ("lundi prochain à 14 heures", "Mon 09.11.26 14:00"),
        ("dans 2 h", "Wed 04.11.26 12:10"),
        ("dans une demi-heure", "Wed 04.11.26 10:40"),
        ("dans trois jours", "Sat 07.11.26 10:10"),
        ("aujourd’hui à 11h", "Wed 04.11.26 11:00"),
        ("à 8 h du soir", "Wed 04.11.26 20:00"),
        ("le 1er décembre à 8h", "Tue 01.12.26 08:00"),
        ("midi", "Wed 04.11.26 12:00"),
        ("minuit", "Thu 05.11.26 00:00"),
        ("9 h et demie", "Thu 05.11.26 09:30"),
        # Portuguese.
        ("amanhã", "Thu 05.11.26 08:00"),
        ("amanhã às 9", "Thu 05.11.26 09:00"),
        ("amanhã de manhã", "Thu 05.11.26 08:00"),
        ("depois de amanhã", "Fri 06.11.26 08:00"),
        ("segunda", "Mon 09.11.26 08:00"),
        ("segunda-feira às 14h30", "Mon 09.11.26 14:30"),
        ("no sábado", "Sat 07.11.26 08:00"),
        ("terça que vem", "Tue 10.11.26 08:00"),
        ("em 2 horas", "Wed 04.11.26 12:10"),
        ("em meia hora", "Wed 04.11.26 10:40"),
        ("daqui a 3 dias", "Sat 07.11.26 10:10"),
        ("às 14 horas", "Wed 04.11.26 14:00"),
        ("hoje à noite", "Wed 04.11.26 20:00"),
        ("1 de dezembro de 2026 às 8", "Tue 01.12.26 08:00"),
        ("meio-dia", "Wed 04.11.26 12:00"),
        # Spanish.
        ("mañana", "Thu 05.11.26 08:00"),
        ("mañana a las 9", "Thu 05.11.26 09:00"),
        ("mañana por la mañana", "Thu 05.11.26 08:00"),
        ("a las 9 de la mañana", "Thu 05.11.26 09:00"),
        ("pasado mañana", "Fri 06.11.26 08:00"),
        ("lunes", "Mon 09.11.26 08:00"),
        ("el lunes a las 2 de la tarde", "Mon 09.11.26 14:00"),
        ("miércoles próximo", "Wed 11.11.26 08:00"),
        ("en 2 horas", "Wed 04.11.26 12:10"),
        ("dentro de media hora", "Wed 04.11.26 10:40"),
        ("a las 9 y media", "Thu 05.11.26 09:30"),
        ("1 de diciembre", "Tue 01.12.26 08:00"),
        # Swahili, whose hours count from sunrise and sunset.
        ("kesho", "Thu 05.11.26 08:00"),
        ("kesho saa tatu asubuhi", "Thu 05.11.26 09:00"),
        ("kesho kutwa", "Fri 06.11.26 08:00"),
        ("Jumatatu", "Mon 09.11.26 08:00"),
        ("Jumatatu saa 8 mchana", "Mon 09.11.26 14:00"),
        ("Ijumaa ijayo saa 3 asubuhi", "Fri 06.11.26 09:00"),
        ("baada ya saa 2", "Wed 04.11.26 12:10"),
        ("baada ya dakika 30", "Wed 04.11.26 10:40"),
        ("baada ya masaa mawili", "Wed 04.11.26 12:10"),
        ("baada ya nusu saa", "Wed 04.11.26 10:40"),
        ("baada ya siku tatu", "Sat 07.11.26 10:10"),
        ("saa 18:00", "Wed 04.11.26 18:00"),
        ("saa 08:00", "Thu 05.11.26 08:00"),
        ("saa moja asubuhi", "Thu 05.11.26 07:00"),
        ("saa sita mchana", "Wed 04.11.26 12:00"),
        ("saa kumi na moja jioni", "Wed 04.11.26 17:00"),
        ("saa 12 jioni", "Wed 04.11.26 18:00"),
        ("saa 12 asubuhi", "Thu 05.11.26 06:00"),
        ("saa 2 usiku", "Wed 04.11.26 20:00"),
        ("saa 2:30 usiku", "Wed 04.11.26 20:30"),
        ("leo saa sita usiku", "Thu 05.11.26 00:00"),
        ("saa tisa usiku", "Thu 05.11.26 03:00"),
        ("saa kumi alfajiri", "Thu 05.11.26 04:00"),
        ("saa tatu na nusu asubuhi", "Thu 05.11.26 09:30"),
        ("saa tatu na robo za asubuhi", "Thu 05.11.26 09:15"),
        ("saa nne kasorobo asubuhi", "Thu 05.11.26 09:45"),
        ("saa moja kasoro dakika 10 usiku", "Wed 04.11.26 18:50"),
        ("saa tatu na dakika 20 asubuhi", "Thu 05.11.26 09:20"),
        ("saa 9 asubuhi", "Thu 05.11.26 09:00"),  # no such hour there: the other way of counting was meant
        ("kesho saa 2", "Thu 05.11.26 08:00"),
        ("saa 2", "Wed 04.11.26 20:00"),
        ("leo saa 2", "Wed 04.11.26 20:00"),
        ("saa 5", "Wed 04.11.26 11:00"),
        ("tarehe 1 Desemba saa 3 asubuhi", "Tue 01.12.26 09:00"),
        ("leo usiku", "Wed 04.11.26 20:00"),
    ],
)
def test_words_for_times(text: str, expected: str) -> None:
    assert local(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        *[
            "",
            " ",
            "?",
            "no",
            "soon",
            "not tomorrow",
            "tomorrow or monday",
            "tomorrow monday",
            "18:00 19:00",
            "9",
            "1.12",
        ],
        *[
            "25:00",
            "18:60",
            "13am",
            "0 am 0",
            "in 0 min",
            "in -2 h",
            "today",
            "today 9",
            "2026-11-01",
            "31 Nov",
            "29 Feb",
        ],
        *[
            "12/25",
            "1 Dec 2028",
            "in 400 days",
            "in 9999 weeks",
            "2026-13-01",
            "9999-12-31",
            "0000-00-00",
            "9999-12-31 24:00",
            "0001-01-01 1:00",
            "in 2 h at 9",
        ],
        *[
            "mar 8",
            "monday next week",
            "saa 13 asubuhi kesho leo",
            "saa",
            "saa robo",
            "kasorobo",
            "9:00 midnight",
            "24:01",
        ],
        *["tomorrow " * 20, "1" * 90, "in " + "9" * 50 + " h", "saa tatu na dakika 75 asubuhi"],
    ],
)
def test_what_is_no_time_to_come(text: str) -> None:
    assert parse(text, NOW, KAMPALA) is None


def test_a_day_in_words_is_the_readers_day() -> None:
    """At 23:30 in UTC it is tomorrow in Kampala."""
    late = datetime(2026, 11, 4, 23, 30, tzinfo=UTC)
    assert local("tomorrow", late) == "Fri 06.11.26 08:00"
    assert local("today", late) == "Thu 05.11.26 08:00"


def test_the_night_that_began_yesterday() -> None:
    late = datetime(2026, 11, 4, 22, 10, tzinfo=UTC)  # 01:10 on Thursday
    assert local("saa tisa usiku", late) == "Thu 05.11.26 03:00"
    assert local("3 at night", late) == "Thu 05.11.26 03:00"
    assert local("kesho saa tisa usiku", late) == "Sat 07.11.26 03:00"


def test_clocks_that_move() -> None:
    """Paris: on 29 March 2026 02:00 to 03:00 is skipped; on 25 October 02:00 to 03:00 comes twice."""
    before = datetime(2026, 3, 28, 20, tzinfo=UTC)
    assert local("2:30", before, PARIS) == "Sun 29.03.26 03:30"
    assert local("tomorrow 9", before, PARIS) == "Sun 29.03.26 09:00"
    assert parse("in 24 h", before, PARIS) == before + timedelta(hours=24)
    assert local("in 1 day", before, PARIS) == "Sun 29.03.26 21:00"
    twice = datetime(2026, 10, 25, 0, 0, tzinfo=UTC)  # 02:00, for the first time
    assert parse("2:30", twice, PARIS) == twice + timedelta(minutes=30)
    assert parse("2:30", twice + timedelta(minutes=45), PARIS) == twice + timedelta(minutes=90)
    assert parse("2:30", twice + timedelta(minutes=90), PARIS) == twice + timedelta(minutes=90 + 24 * 60)


WORDS = st.sampled_from(
    re.findall(
        r"\S+",
        "in at tomorrow monday saa tatu asubuhi usiku kesho demain à 9 9:30 2 h min days , - 1 Dec mar 29 Feb 2027 18h "
        "du soir mañana por la noche next 24:00 baada ya nusu noon midnight utc 31/12 2026-12-01 0 pm leo today half",
    )
)


@given(places, st.one_of(st.lists(WORDS, max_size=7).map(" ".join), st.text(max_size=120)))
def test_always_ahead_and_aware(place: tuple[datetime, ZoneInfo], text: str) -> None:
    now, zone = place
    moment = parse(text, now, zone)
    if moment is not None:
        assert moment.tzinfo is UTC
        assert now < moment <= now + timedelta(days=366)


def shows(moment: datetime, zone: ZoneInfo) -> tuple[date, time]:
    there = moment.astimezone(zone)
    return there.date(), there.time()


@given(places, clock_times)
@example((datetime(2026, 10, 25, 0, 45, tzinfo=UTC), PARIS), time(2, 30))
@example((datetime(2026, 3, 28, 20, tzinfo=UTC), PARIS), time(2, 30))
def test_a_clock_time_is_the_next_minute_that_shows_it(place: tuple[datetime, ZoneInfo], at: time) -> None:
    now, zone = place
    moment = parse(f"{at:%H:%M}", now, zone)
    assert moment is not None
    start = now.replace(second=0) + timedelta(minutes=1)
    minutes = (start + timedelta(minutes=n) for n in range(4 * 24 * 60))
    first = next(minute for minute in minutes if shows(minute, zone)[1] == at)
    if moment != first:  # only where the clocks skip that time on a day before
        assert moment < first
        assert shows(moment, zone)[1] > at
        day = shows(moment, zone)[0]
        for fold in (0, 1):
            wall = datetime.combine(day, at, tzinfo=zone).replace(fold=fold)
            assert shows(wall.astimezone(UTC), zone) != (day, at)


@given(places, st.integers(1, 9999))
@example((datetime(2026, 10, 25, 1, 15, tzinfo=UTC), PARIS), 30)  # the second 02:15
def test_a_length_is_so_long(place: tuple[datetime, ZoneInfo], minutes: int) -> None:
    now, zone = place
    assert parse(f"in {minutes} min", now, zone) == now + timedelta(minutes=minutes)
    assert parse(f"baada ya dakika {minutes}", now, zone) == now + timedelta(minutes=minutes)


WEEK = ["Monday", "mardi", "quarta-feira", "jueves", "Ijumaa", "samedi", "Jumapili"]


@given(places, st.integers(0, 6), clock_times)
def test_a_weekday_is_that_day_within_a_week(place: tuple[datetime, ZoneInfo], weekday: int, at: time) -> None:
    now, zone = place
    moment = parse(f"{WEEK[weekday]} {at:%H:%M}", now, zone)
    assert moment is not None
    assert moment - now <= timedelta(days=7, hours=25)
    wall = datetime.combine(shows(moment, zone)[0], at, tzinfo=zone)
    assume(shows(wall.astimezone(UTC), zone)[1] == at)  # not where it is skipped
    assert shows(moment, zone) == (wall.date(), at)
    assert moment.astimezone(zone).weekday() == weekday


@given(places, st.integers(1, 364))
def test_a_date_is_that_date(place: tuple[datetime, ZoneInfo], ahead: int) -> None:
    now, zone = place
    day = shows(now, zone)[0] + timedelta(days=ahead)
    wall = datetime.combine(day, time(8), tzinfo=zone)
    assume(shows(wall.astimezone(UTC), zone)[0] == day)
    for text in (
        f"{day:%Y-%m-%d}",
        f"{day:%d/%m/%Y} 8:00",
        f"8h {day.day} {day:%b}",
        f"{day:%B} {day.day}, {day.year} 8am",
    ):
        assert parse(text, now, zone) == wall.astimezone(UTC), text


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("22:00-06:00", Hours(time(22), time(6))),
        (" 22 – 6 ", Hours(time(22), time(6))),
        ("7:30-19:00", Hours(time(7, 30), time(19))),
        ("18:00-24:00", Hours(time(18), time())),
    ],
)
def test_hours_as_they_are_written(text: str, hours: Hours) -> None:
    assert Hours.parse(text) == hours


@pytest.mark.parametrize(
    "text", ["", "22:00", "22:00-", "at night", "25:00-06:00", "22:60-06:00", "22:00-24:01", "10-5-3"]
)
def test_hours_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no span of hours; write it as 22:00-06:00$"):
        Hours.parse(text)


def test_hours_without_length() -> None:
    with pytest.raises(ValueError, match="begin and end at 08:00"):
        Hours.parse("8-8")
    with pytest.raises(ValueError, match="begin and end at 00:00"):
        Hours.parse("0:00-24:00")


def test_quiet_hours_over_midnight() -> None:
    night = Hours.parse("22:00-06:00")
    evening = datetime(2026, 11, 4, 20, 30, tzinfo=UTC)  # 23:30
    assert night.contains(evening, KAMPALA)
    assert night.next_end(evening, KAMPALA) == datetime(2026, 11, 5, 3, 0, tzinfo=UTC)
    assert night.next_start(evening, KAMPALA) == datetime(2026, 11, 5, 19, 0, tzinfo=UTC)
    assert not night.contains(NOW, KAMPALA)
    assert night.next_end(NOW, KAMPALA) == datetime(2026, 11, 5, 3, 0, tzinfo=UTC)
    assert night.next_start(NOW, KAMPALA) == datetime(2026, 11, 4, 19, 0, tzinfo=UTC)


def test_hours_on_nights_when_clocks_move() -> None:
    """Paris: 02:00 is 03:00 on 29 March 2026, 03:00 is 02:00 on 25 October."""
    spring, autumn = datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC)
    assert Hours.parse("22:00-02:30").next_end(spring, PARIS) == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    assert Hours.parse("02:30-05:00").next_start(spring, PARIS) == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    assert Hours.parse("02:10-02:50").next_start(spring, PARIS) == datetime(2026, 3, 30, 0, 10, tzinfo=UTC)
    assert Hours.parse("22:00-02:30").next_end(autumn, PARIS) == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert Hours.parse("02:30-02:15").next_end(spring, PARIS) == datetime(2026, 3, 30, 0, 15, tzinfo=UTC)


hours = st.tuples(clock_times, clock_times).filter(lambda ends: ends[0] != ends[1]).map(lambda ends: Hours(*ends))


@given(places, hours)
@example((datetime(2026, 10, 25, 0, 20, tzinfo=UTC), PARIS), Hours(time(2, 50), time(2, 45)))
@example((datetime(2026, 3, 28, 2, tzinfo=UTC), PARIS), Hours(time(2, 10), time(2, 50)))  # tomorrow has none
def test_hours_begin_and_end(place: tuple[datetime, ZoneInfo], window: Hours) -> None:
    now, zone = place
    end, start = window.next_end(now, zone), window.next_start(now, zone)
    second = timedelta(seconds=1)
    assert start.tzinfo is end.tzinfo is UTC
    assert now < start
    assert now < end
    assert window.contains(start, zone)
    assert not window.contains(start - second, zone)
    assert not window.contains(end, zone)
    assert window.contains(end - second, zone)
    inside = window.contains(now, zone)
    assert inside == (end < start)
    # Nothing changes in between.
    for step in range(16):
        moment = now + step / 16 * (min(start, end) - now)
        assert window.contains(moment, zone) == inside


@given(places, hours)
def test_hours_are_those_of_the_wall_clock(place: tuple[datetime, ZoneInfo], window: Hours) -> None:
    now, zone = place
    around = {(now + timedelta(hours=n)).astimezone(zone).utcoffset() for n in range(-30, 31)}
    assume(len(around) == 1)
    at = shows(now, zone)[1]
    is_after, is_before = window.start <= at, at < window.end
    over_midnight = window.start > window.end
    assert window.contains(now, zone) == ((is_after or is_before) if over_midnight else (is_after and is_before))
