"""The words of a text as they are looked for: without capitals, accents, or what else people leave out when they type.

The same for what is indexed and what is asked, on every database: these have their own ideas of letters.
"""

import unicodedata
from collections.abc import Iterable

LONGEST = 40
"""Characters of a word; what is longer is no word that anybody types."""
MOST_WORDS = 8
"""Of a question: more say nothing more."""
MOST_BYTES = 300_000
"""Of the words of one text: PostgreSQL takes a megabyte, positions and all."""
_ALIKE = str.maketrans(
    {
        # Letters that have no accent to be taken off, and that keyboards lack.
        "ɓ": "b", "ɗ": "d", "ƙ": "k", "ƴ": "y", "ŋ": "n", "ɛ": "e", "ɔ": "o", "ø": "o", "đ": "d", "ł": "l", "ı": "i",
        "æ": "ae", "œ": "oe",
        # Arabic as it is typed: the seats of hamza, the two forms of final letters, Persian and Urdu keyboards.
        "أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ى": "ي", "ی": "ي", "ئ": "ي", "ؤ": "و", "ة": "ه", "ک": "ك", "ہ": "ه",
        "ـ": None,
    }
)  # fmt: skip
_ARTICLE = 4
"""Letters up to which "al" may as well be a word's own."""
# Ethiopic letters that sound alike and are written for each other, by the first of their seven forms.
_ETHIOPIC = str.maketrans(
    {
        chr(other + form): chr(same + form)
        for other, same in ((0x1210, 0x1200), (0x1280, 0x1200), (0x1220, 0x1230), (0x12D0, 0x12A0), (0x1340, 0x1338))
        for form in range(7)
    }
)


def folded(text: str) -> str:
    """A text as it is compared. The vowel signs of Hindi, Bengali and their like are letters, and stay."""
    decomposed = unicodedata.normalize("NFKD", text.casefold()).translate(_ALIKE)
    bare = "".join(char for char in decomposed if not _is_accent(char))
    return unicodedata.normalize("NFC", bare).translate(_ALIKE).translate(_ETHIOPIC)


def _is_accent(char: str) -> bool:
    """Marks on Latin, Greek, Cyrillic, Hebrew and Arabic letters."""
    return unicodedata.combining(char) != 0 and char < "\u0900"


def words(text: str) -> list[str]:
    """Every word once, in the order of the text."""
    found: dict[str, None] = {}
    word = ""
    for char in folded(text):
        if char.isalnum() or (word and unicodedata.category(char).startswith("M")):
            word += char
        elif word:
            found.setdefault(_bare(word))
            word = ""
    if word:
        found.setdefault(_bare(word))
    return list(found)


def _bare(word: str) -> str:
    """Without the Arabic article, which is written as one with its word."""
    return word[2:LONGEST] if word.startswith("ال") and len(word) > _ARTICLE else word[:LONGEST]


def indexed(texts: Iterable[str]) -> str:
    """The words of several texts, each once, with one space between them."""
    found = dict.fromkeys(word for text in texts for word in words(text))
    joined = " ".join(found)
    if len(joined.encode()) <= MOST_BYTES:
        return joined
    cut = joined.encode()[:MOST_BYTES].decode(errors="ignore")
    return cut.rpartition(" ")[0]


def asked(text: str) -> list[str]:
    """What somebody looks for, as words; empty where nothing that they wrote is one."""
    return words(text[:400])[:MOST_WORDS]


__all__ = ["LONGEST", "MOST_BYTES", "MOST_WORDS", "asked", "folded", "indexed", "words"]
