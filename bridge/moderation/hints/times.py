"""Dates of birth, and ages of which a village has one or two."""

import re
from collections.abc import Iterator

from bridge.moderation.hints.passage import Passage, end_of, words_of

Span = tuple[int, int]

_MONTHS = "|".join(
    words_of("""
    january february march april may june july august september october november december
    jan feb mar apr jun jul aug sept sep oct nov dec
    janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre janv fevr avr juil
    janeiro fevereiro marco abril maio junho julho agosto setembro outubro novembro dezembro fev abr ago set out dez
    enero febrero marzo mayo junio julio septiembre setiembre octubre noviembre diciembre ene dic
    januari februari machi aprili mei juni julai agosti septemba oktoba novemba desemba
    """)
)
_DOUBTFUL = re.compile(r".*\b(?:may|set|out|ago|mar|mars|abr|dec|ene|dic|dez|mei)\b(?!.*\d{4})")
"""Words as well: "5 out of 10" is no day of October, unless a year follows."""
_DAY = r"(?:0?[1-9]|[12]\d|3[01])"
_DATE = re.compile(
    rf"{_DAY}([./ -]|, ?)(?:0?[1-9]|1[0-2])\1(?:(?:18|19|20)\d\d|\d\d)(?!\d)"
    rf"|(?:18|19|20)\d\d([./-])(?:0?[1-9]|1[0-2])\2{_DAY}(?!\d)"
    rf"|{_DAY}(?:st|nd|rd|th|er|°|o)?[ ./-]{{0,2}}(?:of |de |d'|mwezi wa )?(?:{_MONTHS})\b\.?"
    rf"(?:[ ,/-]{{1,2}}(?:(?:of|de|del|do|mwaka) )?(?:(?:18|19|20)\d\d|\d\d(?!\d)))?"
    rf"|(?:{_MONTHS})\.? {_DAY}(?:st|nd|rd|th)?(?:,? (?:18|19|20)\d\d)?(?!\d)"
    rf"|(?:0?[1-9]|1[0-2])/(?:[12]\d|3[01])/(?:(?:18|19|20)\d\d|\d\d)(?!\d)"
)
_BIRTH = words_of(
    """
    born birth birthdate birthday dob ne nee naissance naiss anniversaire nascido nascida nasceu nascimento nasc
    aniversario nacido nacida nacio nacimiento nac cumpleanos alizaliwa amezaliwa aliyezaliwa kuzaliwa kazaliwa fn dn
    """
)
_DOTTED = re.compile(r"\bd\. ?o\. ?b\b|\bd/o/b\b")
_MANY = words_of(
    """
    children babies infants newborns people girls boys all those enfants bebes nes personnes criancas pessoas
    ninos ninas personas watoto watu wote
    """
)
_TO_DATE = re.compile(r"[^\d!?\n;]{0,40}")
_END = re.compile(r"\. [a-z]")
_AND_ANOTHER = re.compile(
    rf" ?(?:and|to|until|et|au|e|a|ate|y|al|hasta|hadi|na|-) ?(?:the |le |el |o |tarehe )?(?:{_DAY}|{_MONTHS})\b"
)
_DATE_BEFORE = re.compile(rf"({_DAY}[./-](?:0?[1-9]|1[0-2])[./-](?:(?:18|19|20)\d\d|\d\d))[ ,(]{{1,3}}$")


def birth_dates(passage: Passage) -> Iterator[Span]:
    """Dates beside a word of birth; a day and a month at least."""
    text = passage.lower
    cues = [(passage.starts[index], passage.ends[index], index) for index in passage.positions(_BIRTH)]
    cues += [(*match.span(), passage.word_at(match.start())) for match in _DOTTED.finditer(text)]
    for start, end, index in cues:
        if not _DIGIT.search(text, max(0, start - 16), end + 60):
            continue
        if _MANY.intersection(passage.words[max(0, index - 2) : index]):
            continue
        digit = end_of(_TO_DATE, text, end)
        date = _DATE.match(text, digit) or _month_first(text, end, digit)
        if date and (_END.search(text, end, date.start()) or _DOUBTFUL.match(date[0])):
            date = None
        if date and not _AND_ANOTHER.match(text, date.end()):
            yield date.span()
        elif before := _DATE_BEFORE.search(text, max(0, start - 16), start):
            yield before.span(1)


_DIGIT = re.compile(r"\d")
_MONTH_WORD = re.compile(rf"\b(?:{_MONTHS})\b")


def _month_first(text: str, start: int, end: int) -> re.Match[str] | None:
    month = _MONTH_WORD.search(text, start, end)
    return _DATE.match(text, month.start()) if month else None


_OLD = re.compile(r"(?<![\w.,/:+-])(?:9\d|1[0-2]\d)(?!\d|[.,/:]\d)")
_OLD_WORDS = re.compile(
    r"ninety(?:[ -](?:one|two|three|four|five|six|seven|eight|nine))?|a hundred(?: and [a-z]{3,6})?"
    r"|quatre[ -]vingt[ -](?:dix(?:[ -](?:sept|huit|neuf))?|onze|douze|treize|quatorze|quinze|seize)"
    r"|nonante(?:[ -][a-z]{2,6})?|cent(?: [a-z]{2,6})?"
    r"|novent[ae](?: [ey] [a-z]{2,6})?|cento? (?:[ey] )?[a-z]{2,6}|cien"
    r"|tisini(?: na [a-z]{4,5})?|mia(?: moja)?(?: na [a-z]{4,6})?"
)
_OLD_FIRST = words_of("ninety a quatre nonante cent noventa novente cento cien tisini mia")
_UNIT_AFTER = re.compile(
    r"[ -]?(?:years?|yrs?|y)(?:[ -]old|[ -]of[ -]age|\b(?!\.?/?o))|[ -]?y\.?/?o\b| ?an(?:s|os|ios)\b"
)
_UNIT_BEFORE = re.compile(r"\b(?:aged? |aged?: ?|miaka |(?:edad|idade|umri):? (?:de )?)$")
_JUST = re.compile(r"\b(?:turned|turns|fez|faz|completou|cumplio|cumple|ametimiza|anatimiza) $")
_AND_THEN = re.compile(r"[.,!;]|$| (?:in|on|today|last|this|and|em|hoje|e|en|hoy|ayer|y|mwezi|leo|jana|na)\b")
_NOT_A_UNIT = re.compile(r" ?(?:%|months?|days?|weeks?|mois|jours|meses|dias|kg|ml|mg)")
_NOT_AFTER = re.compile(
    r" ?(?:ago\b|later\b|of (?!age)|and (?:over|above|older|more)|or (?:more|over|older)|plus\b|\+|experience|apart|"
    r"anniversary|d'(?!age)|de (?!edad|idade|vida)|apres|plus tard|et plus|ou plus|passes|atras|antes|depois|despues|"
    r"e mais|ou mais|y mas|o mas|iliyopita|ijayo|na zaidi|au zaidi|na kuendelea|ya (?!kuzaliwa))"
)
_NOT_BEFORE = re.compile(
    r"\b(?:over|above|than|past|last|next|for|within|in|il y a|depuis|plus de|moins de|pendant|apres|en|ha|mais de|"
    r"menos de|durante|por|hace|mas de|mayor(?:es)? de|desde|com mais de|zaidi ya|chini ya|kwa|tangu|kabla ya|baada ya|"
    r"between|entre|hasta|ate|hadi|expectancy(?: of| is)?|vie de|vida de)[ -]?$|\d ?[-/]$|\d (?:to|et|y|e|a|na) $"
)
_HOUSES = words_of(
    """
    hospital hospitals clinic clinics maternity school church association archives history building dispensary library
    hopital maternite ecole eglise association archives histoire centre bibliotheque mission
    maternidade escola igreja associacao historia arquivo biblioteca posto misericordia
    maternidad escuela iglesia asociacion archivo
    hospitali zahanati shule kanisa chama jengo maktaba expectancy esperance esperanca esperanza
    """
)
_SOMEBODY = words_of(
    """
    he she her his him who woman man patient client grandmother grandfather granny mother father uncle aunt lady
    neighbour neighbor widow il elle qui femme homme patiente patient vieux vieille dame monsieur mere pere
    oncle tante voisin voisine veuve ela ele que mulher homem senhor senhora paciente idosa idoso velha velho avo mae
    pai tio tia vizinha dona ella senor senora anciano anciana abuela abuelo madre padre vecina vecino mujer hombre
    bibi babu mzee ajuza mama baba mgonjwa mjomba shangazi jirani nyanya mwanamke mwanaume ana mwenye
    """
)


def high_ages(passage: Passage) -> Iterator[Span]:
    """Ages of 90 and more, of one person; not of hospitals, nor of everybody over ninety."""
    text = passage.lower
    numbers = [match.span() for match in _OLD.finditer(text)]
    written = [_OLD_WORDS.match(text, passage.starts[index]) for index in passage.positions(_OLD_FIRST)]
    for number in [*numbers, *(match.span() for match in written if match)]:
        span = _with_unit(text, *number)
        if span and not _NOT_AFTER.match(text, span[1]) and not _NOT_BEFORE.search(text, max(0, span[0] - 24), span[0]):
            at = passage.word_at(span[0])
            around = {*passage.words[max(0, at - 10) : at], *passage.words[at : at + 8]}
            if _HOUSES.isdisjoint(around) or not _SOMEBODY.isdisjoint(around):
                yield span


def _with_unit(text: str, start: int, end: int) -> Span | None:
    """The number with its years: "92 years old", "miaka 92"."""
    after = _UNIT_AFTER.match(text, end)
    if start < 2 or text[start - 2].isdigit() or text[start - 1] not in " :":
        return (start, after.end()) if after else None
    before = _UNIT_BEFORE.search(text, max(0, start - 16), start)
    if after:
        return (before.start() if before and text[before.start()] == "m" else start), after.end()
    if before and not _NOT_A_UNIT.match(text, end):
        return before.start(), end
    if _JUST.search(text, max(0, start - 12), start) and _AND_THEN.match(text, end):
        return start, end
    return None
