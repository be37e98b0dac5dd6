"""The words for times in English, French, Portuguese, Spanish and Swahili, and what each means."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Period:
    """A part of the day: from ``start`` to ``end`` o'clock (past 24 on the next day), and the hour it means alone."""

    start: int
    end: int
    alone: int
    is_swahili: bool = False
    """Clocks count from sunrise and sunset there: the third hour of the morning is nine."""


def _table(*words: str) -> dict[str, int]:
    return {word.replace("_", " "): index for index, line in enumerate(words) for word in line.split()}


def any_of(words: Iterable[str]) -> str:
    """A pattern for any of these, the longest first."""
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


# All without accents and in lower case, as the text is when it comes here. "_" is a space.
WEEKDAYS: Final = _table(
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
    return WEEKDAYS.get(text)


MONTHS: Final = _table(
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
NUMBERS: Final = _table(
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
SWAHILI_HOURS: Final = {
    word: NUMBERS[word]
    for word in _table("moja mbili tatu nne tano sita saba nane tisa kumi kumi_na_moja kumi_na_mbili")
}
DAYS: Final = _table(
    "today aujourd'hui aujourdhui hoje hoy leo",
    "tomorrow tmrw tmr demain amanha manana kesho",
    "the_day_after_tomorrow day_after_tomorrow apres-demain apres_demain depois_de_amanha pasado_manana "
    "kesho_kutwa keshokutwa",
)
NEXT_WEEKS: Final = (
    "next week|(?:la )?semaine prochaine|(?:la |na )?proxima semana|(?:la )?semana que vi?ene?m?|wiki ijayo"
)
PERIODS: Final = {
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
MINUTE = "minutes|minute|minutos|minuto|mins|min"
DAY = "days|day|jours|jour|dias|dia"
WEEK = "weeks|week|semaines|semaine|semanas|semana"
HOUR = "hours|hour|hrs|hr|heures|heure|horas|hora|h"
HALF_AN_HOUR = (
    "(?:a )?half an hour|(?:a )?half[- ]hour|(?:une )?demi[- ]heure|(?:uma )?meia hora|(?:una )?media hora|nusu saa"
)
AND_A_HALF = " (?:and a half|et demie?|e meia|e meio|y media|y medio|na nusu)(?![a-z])"
_HALVES = {"et demie": 30, "et demi": 30, "e meia": 30, "y media": 30, "na nusu": 30}
_QUARTERS = {"et quart": 15, "y cuarto": 15, "e um quarto": 15, "na robo": 15}
PAST = _HALVES | _QUARTERS
MINUTES_OF = {
    **dict.fromkeys(("m", *MINUTE.split("|"), "dakika"), 1),
    **dict.fromkeys((*HOUR.split("|"), "saa", "masaa"), 60),
}
DAYS_OF = {
    **dict.fromkeys(("d", "j", *DAY.split("|"), "siku"), 1),
    **dict.fromkeys((*WEEK.split("|"), "wiki", "majuma"), 7),
}
