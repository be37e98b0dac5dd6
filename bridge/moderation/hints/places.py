"""E-mail addresses, and places on the earth: pairs of degrees, links to maps, Plus Codes, three words."""

import re
from collections.abc import Iterator

from bridge.moderation.hints.passage import Passage, words_of

Span = tuple[int, int]

_LOCAL = frozenset("abcdefghijklmnopqrstuvwxyz0123456789._%+-")
_AT = re.compile(
    r"(?<=[a-z\d_+-])@(?=[a-z\d-]{1,63}[.\[({ ])| ?[\[({] ?(?:at|arobase|arroba) ?[\])}] ?| (?:arobase|arroba) "
)
_DOMAIN = re.compile(
    r"[a-z\d-]{1,63}(?:(?:\.| ?[\[({] ?(?:dot|point|ponto|punto|nukta) ?[\])}] ?)[a-z\d-]{1,63}){0,5}"
    r"(?:\.| ?[\[({] ?(?:dot|point|ponto|punto|nukta) ?[\])}] ?| dot | point | ponto | punto )[a-z]{2,24}(?![\w@])"
)


def emails(passage: Passage) -> Iterator[Span]:
    text = passage.lower
    for sign in _AT.finditer(text):
        start = sign.start()
        while start and sign.start() - start < 64 and text[start - 1] in _LOCAL:
            start -= 1
        while start < sign.start() and text[start] in ".-%+":
            start += 1
        domain = _DOMAIN.match(text, sign.end())
        if domain and start < sign.start() and "://" not in text[max(0, start - 3) : start]:
            yield start, domain.end()


_NORTH = r"[nslo]|nord|sud|norte|sul|sur|north|south|kaskazini|kusini"
_EAST = r"[eowl]|est|ouest|leste|oeste|este|east|west|mashariki|magharibi"
_PAIR = re.compile(
    rf"(?<![\w.])(?P<lat>[+-]?\d{{1,2}}[.,]\d{{2,10}}) ?°? ?(?P<north>{_NORTH})?\b ?(?:, ?|; ?|/ ?| )"
    r"(?:(?:lon|long|lng|longitude)[ :=]{0,2})?"
    rf"(?P<lon>[+-]?\d{{1,3}}[.,]\d{{2,10}})(?: ?°? ?(?P<east>{_EAST})\b)?(?![\d%])"
)
_DEGREES = r"\d{1,3} ?(?:°|d|deg) ?\d{1,2}(?:[.,]\d{1,6})? ?'(?: ?\d{1,2}(?:[.,]\d{1,6})? ?(?:\"|''))?"
_DMS = re.compile(
    rf"(?<![\w.])(?:{_DEGREES} ?(?:{_NORTH})\b[ ,;/]{{0,3}}{_DEGREES} ?(?:{_EAST})\b"
    rf"|[ns] ?{_DEGREES}[ ,;/]{{0,3}}[eow] ?{_DEGREES})"
)
_PLUS_CODE = re.compile(r"(?<![\w+])[23456789cfghjmpqrvwx]{8}\+[23456789cfghjmpqrvwx]{2,3}(?![\w+])")
_THREE_WORDS = re.compile(r"(?<![\w/:])///[^\W\d_]{2,24}\.[^\W\d_]{2,24}\.[^\W\d_]{2,24}(?![\w.])")
_PLACING = words_of(
    """
    gps coordinates coordinate coords coord latitude longitude lat long location located geo map pin
    coordonnees coordonnee localisation position carte coordenadas localizacao localizacion ubicacion mapa local
    punto ponto mahali ramani eneo kuratibu
    """
)


def coordinates(passage: Passage) -> Iterator[Span]:
    text = passage.lower
    for sign, pattern in (("'", _DMS), ("+", _PLUS_CODE), ("///", _THREE_WORDS)):
        if sign in text:
            yield from (match.span() for match in pattern.finditer(text))
    for match in _PAIR.finditer(text):
        if _is_pair(passage, match):
            yield match.span()


def _is_pair(passage: Passage, match: re.Match[str]) -> bool:
    lat, lon = (match[name].replace(",", ".") for name in ("lat", "lon"))
    if abs(float(lat)) > 90 or abs(float(lon)) > 180:
        return False
    least = min(len(number.partition(".")[2]) for number in (lat, lon))
    if least >= 4 or (match["north"] and match["east"] and least >= 3):
        return True
    if passage.links.touch(*match.span()):
        return True
    at = passage.word_at(match.start())
    return least >= 3 and not _PLACING.isdisjoint(passage.words[max(0, at - 8) : at])
