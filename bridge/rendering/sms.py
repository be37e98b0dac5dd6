"""How to make an SMS cost less: plain characters for typographic ones. What it costs, ``bridge.core.gsm`` says."""

import re
import unicodedata
from collections.abc import Callable

from bridge.core.gsm import GSM7, Segments, parts, segments, unfit

__all__ = ["Segments", "fold", "parts", "segments", "stubborn", "to_gsm7", "unfit"]

_READ_BARE = frozenset(
    {"en", "fr", "pt", "es", "sw", "ha", "it", "de", "nl", "ca", "gl", "id", "ms", "tl", "so", "om", "rw", "rn", "lg"}
    | {"ny", "sn", "zu", "xh", "st", "tn", "ln", "kg", "mg", "ht", "ff", "wo", "bm", "dyu", "mos", "srr", "kea", "pap"}
)
"""Languages that their speakers write without accents on telephones, and read so without a second meaning."""
# Dots below, horns and open vowels: Yoruba, Igbo, Vietnamese, Ewe, Twi. Without them a word is another word, whatever
# language somebody said that the text is in. Hausa's own letters are not among them.
_MEANT = frozenset("ẹọṣịụạẢảấầẩẫậắằẳẵặẻẽếềểễệỉĩỏốồổỗộơớờởỡợủũưứừửữựỳỵỷỹɛɔŋǹǎǐǒǔ")

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
    (re.compile(r"(?<=\b[nN])[°º](?!\w)"), "o"),  # n° 2214: what a file, a case or a ticket is called by
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
        bare = unicodedata.normalize("NFD", char)[0].translate(_BARE) if char not in GSM7 else char
        kept.append(bare if bare.isascii() and bare.isalpha() else char)
    return re.sub(r"(?<=[A-Za-z])[\u0300-\u036f]+", "", "".join(kept))


def _folded(text: str, *, accents: bool) -> str:
    folded = _typographic(text)
    return _unaccented(folded) if accents else folded


def stubborn(text: str, *, accents: bool = False) -> tuple[str, ...]:
    """The characters that force UCS-2 and that ``to_gsm7`` cannot say: taking these out makes the text cheap."""
    return unfit(_folded(text, accents=accents))


def fold(text: str, language: str) -> str:
    """``to_gsm7`` as the language bears it: ê becomes e in French, and stays in Yoruba, which would change meaning.

    Accents go only where that saves an SMS. Never folded is a text with letters that another language needs, and any
    script but the Latin one.
    """
    plain = to_gsm7(text)
    if language.partition("-")[0].casefold() not in _READ_BARE:
        return plain
    if _MEANT & set(unicodedata.normalize("NFC", text).casefold()):
        return plain
    bare = to_gsm7(text, accents=True)
    return bare if segments(bare).count < segments(plain).count else plain


def to_gsm7(text: str, *, accents: bool = False) -> str:
    """The text with plain characters for typographic ones, so that it is GSM-7; else exactly as it was.

    All or nothing: a text that stays UCS-2 for one letter gains nothing from plain quotation marks. With ``accents``,
    also ê becomes e and ã becomes a: readable in French, Portuguese, Spanish and Hausa, not in Yoruba or Vietnamese.
    """
    if not unfit(text):
        return text
    folded = _folded(text, accents=accents)
    return folded if not unfit(folded) and segments(folded).count <= segments(text).count else text
