"""Numbers that stand for one person: identity numbers of several countries, and the files and registers of clinics."""

import re
from collections.abc import Callable, Iterator

from bridge.moderation.hints import checks
from bridge.moderation.hints.passage import Passage, end_of, words_of
from bridge.moderation.hints.phones import CALLING

Span = tuple[int, int]

_SEPARATORS = re.compile(r"[ ./-]")


def _any(_: str) -> bool:
    return True


def _south_african(digits: str) -> bool:
    return 1 <= int(digits[2:4]) <= 12 and 1 <= int(digits[4:6]) <= 31 and checks.luhn(digits)


_SHAPES: tuple[tuple[str, Callable[[str], bool]], ...] = (
    (r"\d{3}\.\d{3}\.\d{3}-\d\d", checks.cpf),
    (r"[12789]\d\d \d{4} \d{4} \d{4}", checks.cns),
    (r"\d{8}-?[A-HJ-NP-TV-Z]", checks.dni),
    (r"\d\d\.\d\d\.\d\d-\d{3}\.\d\d", checks.belgian),
    (r"[XYZ]-?\d{7}-?[A-HJ-NP-TV-Z]", checks.dni),
    (r"[A-Z]{4}\d{6}[HM][A-Z]{5}[A-Z\d]\d", checks.curp),
    (r"[12] ?\d\d ?(?:0[1-9]|1[0-2]|[2-9]\d) ?\d[\dAB] ?\d{3} ?\d{3} ?\d\d", checks.nir),
    (r"\d{6} ?\d{4} ?[012]\d\d", _south_african),
    (r"[2-9]\d{3} \d{4} \d{4}", checks.verhoeff),
    (r"(?!000|666|9)\d{3}-(?!00)\d\d-(?!0000)\d{4}", _any),  # United States
    (r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d\d ?\d\d ?\d\d ?[A-D]", _any),  # United Kingdom
    (r"\d{1,2}\.\d{3}\.\d{3}-[\dkK]", checks.rut),
    (r"(?:20|23|24|27)-\d{8}-\d", checks.cuil),
    (r"C[MF]\d{5}[A-Z\d]{7}", _any),  # Uganda
    (r"(?:19|20)\d{6}-\d{5}-\d{5}-\d\d", _any),  # Tanzania
    (r"1 ?(?:19|20)\d\d ?[78] ?\d{7} ?\d ?\d\d", _any),  # Rwanda
    (r"GHA-\d{9}-\d", _any),  # Ghana
    (r"A\d{9}[A-Z]", _any),  # Kenya, taxpayers
    (r"[A-Z]{3}P[A-Z]\d{4}[A-Z]", _any),  # India, taxpayers
    (r"\d{6}/\d\d/\d", _any),  # Zambia
    (r"\d\d-\d{6,7} ?[A-Z] ?\d\d", _any),  # Zimbabwe
    (r"\d{12}[A-Z]", _any),  # Mozambique
    (r"\d{9}[A-Z]{2}\d{3}", _any),  # Angola
)
"""Numbers that give themselves away, by their check digits or by a shape that nothing else has."""
_SHAPED = re.compile(
    r"(?<![\w@#/.-])(?=[A-Z]{0,5}-?\d|[A-Z]{2} \d)(?:"
    + "|".join(f"(?P<n{number}>{shape})" for number, (shape, _) in enumerate(_SHAPES))
    + r")(?![\w@/]|[.-]\w)"
)

_SIGN = r"(?:(?:nos?|nr|num(?:ber|ero)?|nambari|namba)\b|na(?=\.)|n°|№|#|n\b)\.?"
_LINK = re.compile(rf"(?: ?(?:{_SIGN}|is|est|es|e|ni|was|:|=|,|\(|-)){{0,4}} ?")
_SIGNED = re.compile(rf"(?: [a-z]{{1,14}}){{0,2}} ?(?:(?:{_SIGN})(?: ?[:=.])?|[:=])")
_IDENTITY = re.compile(r"[A-Za-z]{0,4}[ -]?\d[\dA-Za-z]{0,20}(?:[ ./-]\d[\dA-Za-z]{0,20}){0,7}(?:-[A-Za-z])?")
_RECORD = re.compile(r"(?:[A-Z]{1,6}[-/ ]?|[a-z]{1,3}[-/]?)?\d[\dA-Za-z]{0,15}(?:[-/.][\dA-Za-z]{1,12}){0,5}")
_FILLER = re.compile(r"[^\d!?\n;]{0,48}")
_END = re.compile(r"(?<!\bno)(?<!\bn)(?<!\bnum)\. ")

_STRONG_IDENTITY = words_of(
    """
    nin nida huduma aadhaar aadhar cpf curp dni nie nir ssn bvn cnib cnss nidn kitambulisho vitambulisho cedula rut rg
    passport passeport passaporte pasaporte pasipoti nif niss utente nupi
    """
)
"""Words that are about little else: the number may follow some words later."""
_WEAK_IDENTITY = words_of("id bi ci cni run ine cin cui cc")
"""Short ones that mean much else: the number must follow at once."""
_PAIRS = {
    "identite": words_of("carte nationale piece"),
    "identidade": words_of("bilhete carteira cartao de"),
    "identidad": words_of("documento carne tarjeta de"),
    "sociale": words_of("securite"),
    "social": words_of("seguridade seguridad"),
    "security": words_of("social"),
    "sus": words_of("cartao"),
    "cidadao": words_of("cartao"),
    "nhs": words_of(""),
    "identity": words_of(""),
    "uraia": words_of(""),
}
"""Words that count beside another one (any of those before it), or with a number sign."""
_OF_A_MEETING = words_of(
    """
    meeting zoom user webinar reunion reuniao room sala event post message study protocol device order transaction grant
    session call trial apple google facebook whatsapp app login
    """
)
_STRONG_RECORD = words_of("mrn emrn umrn opd ipd prontuario nhc ipp ccc upi")
_FILES = words_of(
    """
    file files folder chart dossier fiche processo ficha registo registro expediente historia hc folio faili jalada
    carnet
    """
)
"""Before a number sign, or before a colon: "file 3 of 5" is none."""
_HOLDERS = words_of(
    """
    ip op hosp hospital patient record registration reg lab specimen sample mgonjwa kadi clinic case unit
    nhif nhis shif philhealth adse mutuelle issste imss asistencia
    """
)
"""Before a number sign, and a number of some length: "patient number 12" is none."""
_CLINICAL_PAIRS = {
    "clinica": words_of("historia"),
    "clinico": words_of("processo prontuario"),
    "medical": words_of("dossier"),
    "medico": words_of("expediente"),
}
_NUMBER = words_of("numero namba nambari n number num")
_OF = words_of("de do da du del ya la of")
_DATE = re.compile(r"\d{1,2}([/.-])\d{1,2}\1\d{2,4}|(?:19|20)\d\d")


def _digits(text: str) -> int:
    return sum(char.isdigit() for char in text)


def national_ids(passage: Passage) -> Iterator[Span]:
    for match in _SHAPED.finditer(passage.cased):
        if _SHAPES[int(str(match.lastgroup)[1:])][1](_SEPARATORS.sub("", match[0])):
            yield match.span()
    for index in passage.positions(_STRONG_IDENTITY | _WEAK_IDENTITY | _PAIRS.keys()):
        if span := _named_identity(passage, index):
            yield span


def _named_identity(passage: Passage, index: int) -> Span | None:
    word, end = passage.words[index], passage.ends[index]
    filled = end_of(_FILLER, passage.lower, end)
    if not passage.lower[filled : filled + 1].isdigit():
        return None
    linked = end_of(_LINK, passage.lower, end)
    before = passage.words[max(0, index - 3) : index]
    strong = word in _STRONG_IDENTITY
    if word in _PAIRS:
        strong = not _PAIRS[word].isdisjoint(before)
        if not strong and not _SIGNED.match(passage.lower, end):
            return None
    elif not strong and _OF_A_MEETING.intersection(before):
        return None
    place = linked
    if strong and not _END.search(passage.lower, end, filled):
        place = max(place, filled - _letters_before(passage, filled))
    value = _IDENTITY.match(passage.cased, place)
    if value is None or not value[0].strip():
        return None
    start, stop = value.span()
    if not CALLING.isdisjoint(passage.words[index + 1 : passage.word_at(start)][-4:]) and place > linked:
        return None
    while passage.cased[start] in " -":
        start += 1
    count = _digits(passage.cased[start:stop])
    wanted = 5 if strong else 6
    if not wanted <= count <= 20 or _DATE.fullmatch(passage.cased[start:stop]):
        return None
    return start, stop


def _letters_before(passage: Passage, place: int) -> int:
    """How many capitals of a number's own beginning were taken for filler: "HN20345567"."""
    text = passage.cased
    gap = 1 if text[place - 1 : place] == " " else 0
    count = gap
    while count < 4 + gap and text[place - count - 1 : place - count].isupper():
        count += 1
    return count if gap < count < 4 + gap and not text[place - count - 1 : place - count].isalnum() else 0


def record_numbers(passage: Passage) -> Iterator[Span]:
    """The numbers of files, folders and registers."""
    for index in passage.positions(_STRONG_RECORD | _FILES | _HOLDERS | _CLINICAL_PAIRS.keys()):
        if span := _record(passage, index):
            yield span


def _record(passage: Passage, index: int) -> Span | None:
    word, end = passage.words[index], passage.ends[index]
    before = passage.words[max(0, index - 2) : index]
    known = word in _STRONG_RECORD or (before[:1] and before[0] in _NUMBER and before[-1] in _OF)
    if word in _CLINICAL_PAIRS:
        known = not _CLINICAL_PAIRS[word].isdisjoint(before[-1:])
        if not known:
            return None
    signed = _SIGNED.match(passage.lower, end)
    value = _RECORD.match(passage.cased, end_of(_LINK, passage.lower, signed.end() if signed else end))
    if value is None or _DATE.fullmatch(value[0]):
        return None
    count = _digits(value[0])
    coded = not value[0].isdigit()
    if known:
        return value.span() if count >= 3 else None
    if signed is None:
        return value.span() if word in _FILES and "/" in value[0] and count >= 5 else None
    if signed[0].strip() in (":", "=") and word in _HOLDERS:
        return None
    return value.span() if count >= (3 if coded else 4) else None
