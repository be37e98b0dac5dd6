"""Dates of birth, and ages of which a village has one or two."""

import re
from collections.abc import Iterator

from bridge.moderation.hints.passage import Passage

Span = tuple[int, int]

_MONTHS = "|".join(
    """
    january february march april may june july august september october november december
    jan feb mar apr jun jul aug sept sep oct nov dec
    janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre janv fevr avr juil
    janeiro fevereiro marco abril maio junho julho agosto setembro outubro novembro dezembro fev abr ago set out dez
    enero febrero marzo mayo junio julio septiembre setiembre octubre noviembre diciembre ene dic
    januari februari machi aprili mei juni julai agosti septemba oktoba novemba desemba
    """.split()
)
_DAY = r"(?:0?[1-9]|[12]\d|3[01])"
_DATE = re.compile(
    rf"{_DAY}([./ -]|, ?)(?:0?[1-9]|1[0-2])\1(?:(?:18|19|20)\d\d|\d\d)(?!\d)"
    rf"|(?:18|19|20)\d\d([./-])(?:0?[1-9]|1[0-2])\2{_DAY}(?!\d)"
    rf"|{_DAY}(?:st|nd|rd|th|er|°|o)?[ ./-]{{0,2}}(?:of |de |d'|mwezi wa )?(?:{_MONTHS})\b\.?"
    rf"(?:[ ,/-]{{1,2}}(?:(?:of|de|del|do|mwaka) )?(?:(?:18|19|20)\d\d|\d\d(?!\d)))?"
    rf"|(?:{_MONTHS})\.? {_DAY}(?:st|nd|rd|th)?(?:,? (?:18|19|20)\d\d)?(?!\d)"
    rf"|(?:0?[1-9]|1[0-2])/(?:[12]\d|3[01])/(?:(?:18|19|20)\d\d|\d\d)(?!\d)"
)
_BIRTH = frozenset(
    """
    born birth birthdate birthday dob ne nee naissance naiss anniversaire nascido nascida nasceu nascimento nasc
    aniversario nacido nacida nacio nacimiento nac cumpleanos alizaliwa amezaliwa aliyezaliwa kuzaliwa kazaliwa fn dn
    """.split()
)
_DOTTED = re.compile(r"\bd\. ?o\. ?b\b|\bd/o/b\b")
_MANY = frozenset(
    """
    children babies infants newborns people girls boys all those enfants bebes nouveau-nes personnes criancas pessoas
    ninos ninas personas watoto watu wote
    """.split()
)
_TO_DATE = re.compile(r"[^\d!?\n;]{0,40}")
_AND_ANOTHER = re.compile(rf" ?(?:and|to|until|et|au|e|a|ate|y|al|hasta|hadi|na|-) ?(?:the |le |el |o |tarehe )?(?:{_DAY}|{_MONTHS})\b")
_DATE_BEFORE = re.compile(rf"({_DAY}[./-](?:0?[1-9]|1[0-2])[./-](?:(?:18|19|20)\d\d|\d\d))[ ,(]{{1,3}}$")


def birth_dates(passage: Passage) -> Iterator[Span]:
    """Dates beside a word of birth; a day and a month at least."""
    text = passage.lower
    cues = [(passage.starts[index], passage.ends[index], index) for index in passage.positions(_BIRTH)]
    cues += [(*match.span(), passage.word_at(match.start())) for match in _DOTTED.finditer(text)]
    for start, end, index in cues:
        if _MANY.intersection(passage.words[max(0, index - 2) : index]):
            continue
        way = _TO_DATE.match(text, end)
        assert way is not None
        date = _DATE.match(text, way.end()) or _month_first(text, end, way.end())
        if date and not _AND_ANOTHER.match(text, date.end()):
            yield date.span()
        elif before := _DATE_BEFORE.search(text, max(0, start - 16), start):
            yield before.span(1)


_MONTH_WORD = re.compile(rf"\b(?:{_MONTHS})\b")


def _month_first(text: str, start: int, end: int) -> re.Match[str] | None:
    month = _MONTH_WORD.search(text, start, end)
    return _DATE.match(text, month.start()) if month else None


_ENGLISH = r"ninety(?:[ -](?:one|two|three|four|five|six|seven|eight|nine))?|a hundred(?: and [a-z]{3,6})?"
_FRENCH = r"quatre[ -]vingt[ -](?:dix(?:[ -](?:sept|huit|neuf))?|onze|douze|treize|quatorze|quinze|seize)|nonante(?:[ -][a-z]{2,6})?|cent(?: [a-z]{2,6})?"
_IBERIAN = r"novent[ae](?: [ey] [a-z]{2,6})?|cento? (?:[ey] )?[a-z]{2,6}|cien"
_SWAHILI = r"tisini(?: na [a-z]{4,5})?|mia(?: moja)?(?: na [a-z]{4,6})?"
_OLD = r"(?:9\d|1[0-2]\d)"
_AGES = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?<![\w.,/:+-])(?:{_OLD}|{_ENGLISH})(?:[ -]?(?:years?|yrs?|yr)(?:[ -]old|[ -]of[ -]age|\b)|[ -]?y\.?/?o\b)",
        rf"\b(?:aged?|age:) ?(?:{_OLD}|{_ENGLISH})(?![\w%]|[.,/:-]\d)",
        rf"(?<![\w.,/:+-])(?:{_OLD}|{_FRENCH}) ?ans\b",
        rf"(?<![\w.,/:+-])(?:{_OLD}|{_IBERIAN}) ?an[oi]s?s\b|(?<![\w.,/:+-])(?:{_OLD}|{_IBERIAN}) ?anos\b",
        rf"\b(?:edad|idade|age|umri):? (?:de )?{_OLD}(?![\w%]|[.,/:-]\d)",
        rf"\bmiaka (?:{_OLD}|{_SWAHILI})(?![\w%]|[.,/:-]\d)",
    )
)
_NOT_AFTER = re.compile(
    r" ?(?:ago\b|later\b|of (?!age)|and (?:over|above|older|more)|or (?:more|over|older)|plus\b|\+|experience|anniversary|apart|"
    r"d'(?!age)|de (?!edad|idade|vida)|apres|plus tard|et plus|ou plus|passes|atras|antes|depois|despues|e mais|ou mais|y mas|o mas|"
    r"iliyopita|ijayo|na zaidi|au zaidi|na kuendelea|ya (?!kuzaliwa))"
)
_NOT_BEFORE = re.compile(
    r"\b(?:over|above|than|past|last|next|for|within|in|il y a|depuis|plus de|moins de|pendant|apres|en|ha|mais de|menos de|"
    r"durante|por|hace|mas de|mayor(?:es)? de|desde|com mais de|zaidi ya|chini ya|kwa|tangu|kabla ya|baada ya|between|"
    r"entre|hasta|ate|hadi|expectancy(?: of| is)?|vie de|vida de)[ -]?$|\d ?[-/]$|\d (?:to|et|y|e|a|na) $"
)
_HOUSES = frozenset(
    """
    hospital hospitals clinic clinics maternity school church association archives history building dispensary library
    hopital maternite ecole eglise association archives histoire centre bibliotheque mission
    maternidade escola igreja associacao historia arquivo biblioteca posto misericordia
    maternidad escuela iglesia asociacion archivo
    hospitali zahanati shule kanisa chama jengo maktaba expectancy esperance esperanca esperanza
    """.split()
)
_SOMEBODY = frozenset(
    """
    he she her his him who woman man patient client grandmother grandfather granny mother father uncle aunt lady old
    neighbour neighbor widow il elle qui femme homme patiente patient vieux vieille dame monsieur grand-mere mere pere
    oncle tante voisin voisine veuve ela ele que mulher homem senhor senhora paciente idosa idoso velha velho avo mae pai
    tio tia vizinha dona ella senor senora anciano anciana abuela abuelo madre padre vecina vecino mujer hombre
    bibi babu mzee ajuza mama baba mgonjwa mjomba shangazi jirani nyanya mwanamke mwanaume ana mwenye
    """.split()
)


def high_ages(passage: Passage) -> Iterator[Span]:
    """Ages of 90 and more, of one person; not of hospitals, nor of everybody over ninety."""
    text = passage.lower
    for pattern in _AGES:
        for match in pattern.finditer(text):
            start, end = match.span()
            if _NOT_AFTER.match(text, end) or _NOT_BEFORE.search(text, max(0, start - 24), start):
                continue
            at = passage.word_at(start)
            around = {*passage.words[max(0, at - 10) : at], *passage.words[at : at + 8]}
            if _HOUSES.intersection(around) and not _SOMEBODY.intersection(around):
                continue
            yield start, end
