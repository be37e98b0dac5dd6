"""What an SMS costs, and how to make it cost less: 3GPP TS 23.038 (alphabets) and 23.040 (concatenation).

A text of the 7-bit alphabet has 160 septets in one SMS, or 153 in each of several; one character outside of it, and the
whole text has 70 or 67 UTF-16 units.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Encoding = Literal["gsm7", "ucs2"]

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("\f^{}\\[~]|€")
"""Written as an escape and a second septet, which belong together."""
_GSM7 = _BASIC | _EXTENDED
_ROOM: dict[Encoding, tuple[int, int]] = {"gsm7": (160, 153), "ucs2": (70, 67)}


@dataclass(frozen=True, slots=True)
class Segments:
    """What a text costs. Units are septets (gsm7) or UTF-16 units (ucs2)."""

    count: int
    """How many SMS are paid for; an empty text is one."""
    encoding: Encoding
    units: int
    """Of the text, without the room lost where a pair did not fit in whole."""
    per_segment: int
    """The room of each: 160 or 70 where there is one, 153 or 67 where there are several."""
    left: int
    """Units left in the last."""


def unfit(text: str) -> tuple[str, ...]:
    """The different characters that force UCS-2, in the order in which they come. Empty: the text is GSM-7."""
    return tuple(dict.fromkeys(char for char in text if char not in _GSM7))


def _size(encoding: Encoding) -> Callable[[str], int]:
    if encoding == "gsm7":
        return lambda char: 2 if char in _EXTENDED else 1
    return lambda char: 2 if char > "\uffff" else 1


def _encoding(text: str) -> Encoding:
    return "gsm7" if _GSM7.issuperset(text) else "ucs2"


def parts(text: str) -> tuple[str, ...]:
    """The text of each SMS, as phones cut it: never inside an escape pair or a surrogate pair."""
    encoding = _encoding(text)
    size = _size(encoding)
    alone, together = _ROOM[encoding]
    if sum(map(size, text)) <= alone:
        return (text,)
    cuts, room = [0], together
    for index, char in enumerate(text):
        if size(char) > room:
            cuts.append(index)
            room = together
        room -= size(char)
    return tuple(text[start:end] for start, end in zip(cuts, [*cuts[1:], len(text)], strict=True))


def segments(text: str) -> Segments:
    """What sending ``text`` as it stands costs."""
    encoding = _encoding(text)
    size = _size(encoding)
    cut = parts(text)
    room = _ROOM[encoding][len(cut) > 1]
    return Segments(
        count=len(cut),
        encoding=encoding,
        units=sum(map(size, text)),
        per_segment=room,
        left=room - sum(map(size, cut[-1])),
    )


_SPELT: dict[str, str] = dict(
    re.findall(
        r"(\S) (\S+)",
        "… ... ‥ .. ‼ !! ⁉ !? ⁈ ?! № No ⁄ / ∕ / ª a × x ÷ / ≥ >= ≤ <= ≠ != ± +/- ≈ ~ → -> ← <- ⇒ => "
        "® (R) © (C) ™ (TM) ĳ ij Ĳ IJ œ oe ¦ | ﬀ ff ﬁ fi ﬂ fl ﬃ ffi ﬄ ffl ﬅ st ﬆ st",
    )
)
# Typographic characters that have plain ones. What is not here stays: a letter, a sign or a picture that no plain
# character says. Numbers are read as doses: nothing may turn 10² into 102, 1½ into 11/2 or 1º into what looks like 10.
_PLAIN = str.maketrans(
    {
        **dict.fromkeys("\t\v\u00a0\u1680\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B))), " "),
        **dict.fromkeys("\u2028\u2029\u0085", "\n"),
        # Soft hyphens, joiners, direction marks, selectors, the keycap's box: nothing of them is seen in plain letters.
        **dict.fromkeys("\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e", ""),
        **dict.fromkeys("\u2060\u2066\u2067\u2068\u2069\ufe0e\ufe0f\ufeff\u20e3", ""),
        **dict.fromkeys("‘’‚‛‹›′`´ʼʻʹ", "'"),
        **dict.fromkeys("“”„‟«»″〃", '"'),
        **dict.fromkeys("‐‑‒–―−•‣⁃◦▪▫●○■□·∙", "-"),
        **_SPELT,
    }
)
_FRACTIONS = str.maketrans(
    {"¼": "1/4", "½": "1/2", "¾": "3/4", "⅓": "1/3", "⅔": "2/3", "⅛": "1/8", "⅜": "3/8", "⅝": "5/8", "⅞": "7/8"}
)
_SMALL_DIGITS = str.maketrans("²³¹⁰⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉", "23104567890123456789")
_IN_CONTEXT: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    (re.compile(r"\r\n"), "\n"),
    (re.compile(r"(?<=\d)·(?=\d)"), "."),  # the decimal point of British journals
    (re.compile(r"(?<=\S)—(?=\S)"), " - "),  # set close, "400—600" would read as minus 600
    (re.compile("—"), "-"),
    (re.compile(r"[µμ]g\b"), "mcg"),  # "ug" has been read as "mg" and as "units"
    (re.compile(r"[ \u00a0\u202f\u2009]?°[ \u00a0\u202f\u2009]?(?=[CF]\b)"), " "),
    (re.compile(r"(?<=\d)[ \u2064]?(?=[¼½¾⅓⅔⅛⅜⅝⅞])"), " "),
    (re.compile(r"[¼½¾⅓⅔⅛⅜⅝⅞](?![\d/⁄])"), lambda match: match[0].translate(_FRACTIONS)),
    # m², CO₂, SpO₂; but 10³ and 5¹ have nothing plain.
    (re.compile(r"(?<=[A-Za-z])[²³¹⁰⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉](?!\w)"), lambda match: match[0].translate(_SMALL_DIGITS)),
    (re.compile(r"(?<=[A-Z])₂(?=[A-Z])"), "2"),  # H₂O
    (re.compile("Œ(?=[a-z])"), "Oe"),
    (re.compile("Œ"), "OE"),
)
# Latin letters with a stroke, a hook or no dot: Unicode does not take them apart.
_BARE = str.maketrans("đĐðÐħĦıłŁŧŦɓƁɗƊƙƘɖƉƴƳɛƐɔƆŋŊ", "dDdDhHilLtTbBdDkKdDyYeEoOnN")


def _typographic(text: str) -> str:
    text = unicodedata.normalize("NFC", text)
    for pattern, plain in _IN_CONTEXT:
        text = pattern.sub(plain, text)
    return text.translate(_PLAIN)


def _unaccented(text: str) -> str:
    """Latin letters that the alphabet lacks, without what is above, below or across them; others as they are."""
    kept = []
    for char in text:
        bare = unicodedata.normalize("NFD", char)[0].translate(_BARE) if char not in _GSM7 else char
        kept.append(bare if bare.isascii() and bare.isalpha() else char)
    return re.sub(r"(?<=[A-Za-z])[\u0300-\u036f]+", "", "".join(kept))


def _folded(text: str, *, accents: bool) -> str:
    folded = _typographic(text)
    return _unaccented(folded) if accents else folded


def stubborn(text: str, *, accents: bool = False) -> tuple[str, ...]:
    """The characters that force UCS-2 and that ``to_gsm7`` cannot say: taking these out makes the text cheap."""
    return unfit(_folded(text, accents=accents))


def to_gsm7(text: str, *, accents: bool = False) -> str:
    """The text with plain characters for typographic ones, so that it is GSM-7; else exactly as it was.

    All or nothing: a text that stays UCS-2 for one letter gains nothing from plain quotation marks. With ``accents``,
    also ê becomes e and ã becomes a: readable in French, Portuguese, Spanish and Hausa, not in Yoruba or Vietnamese.
    """
    if not unfit(text):
        return text
    folded = _folded(text, accents=accents)
    return folded if not unfit(folded) and segments(folded).count <= segments(text).count else text
