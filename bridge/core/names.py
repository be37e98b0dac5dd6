"""What can be made of a person's name without knowing the person."""

import re
import unicodedata

MAX_INITIALS = 4
# Titles and the small words between names are no part of how people sign: Dr João da Silva signs JS.
_TITLES = frozenset({"dr", "dra", "prof", "profa", "mr", "mrs", "ms", "mx", "miss", "sir"})
_PARTICLES = re.compile(
    "al|and|bin|bint|binti|bt|da|das|de|dei|del|della|den|der|des|di|do|dos|du|e|el|et|ibn|la|las|le|los|of|"
    "ten|ter|van|von|wa|y|ya"
)
_BRACKETED = re.compile(r"[(\[{（【][^)\]}）】]*(?:[)\]}）】]|$)")
_LETTERS = ("Lu", "Ll", "Lt", "Lo")
# Thai and Lao write these vowels before the consonant that they follow in speech.
_VOWELS_BEFORE = re.compile("[\u0e40-\u0e44\u0ec0-\u0ec4]")


def _words(name: str) -> list[str]:
    """The words of a name; a hyphen or a full stop ends one, an apostrophe does not (Ng'ang'a is one)."""
    inside = (char if unicodedata.category(char)[0] in "LMN" or char in "'’\u200c\u200d" else " " for char in name)
    return [word for word in "".join(inside).split() if _first_letter(word)]


def _first_letter(word: str) -> str:
    letters = [char for char in word if unicodedata.category(char) in _LETTERS]
    letter = next((char for char in letters if not _VOWELS_BEFORE.match(char)), "".join(letters[:1]))
    upper = letter.upper()
    return upper if len(upper) == 1 else letter


def initials(name: str) -> str:
    """``NPW`` for Neil Pakenham-Walsh: how a person signs, at most four letters; ``?`` where there is no letter.

    Titles, small words inside the name (wa, de, van), what stands in brackets, and degrees after a comma are left out.
    Of more than four words the first three and the last count. Scripts without case give their words' first letters.
    """
    text = _BRACKETED.sub(" ", unicodedata.normalize("NFKC", name))
    before, _, after = text.partition(",")
    words = _words(before)
    if len(words) < 2:  # "Okello, Amina"; after two words the comma begins degrees: "Amina Okello, MPH"
        words += _words(after)
    words = words or _words(name)
    while len(words) > 1 and words[0].lower() in _TITLES:
        del words[0]
    kept = [w for at, w in enumerate(words) if not _PARTICLES.fullmatch(w) or at in (0, len(words) - 1)]
    if len(kept) > MAX_INITIALS:
        kept = [*kept[: MAX_INITIALS - 1], kept[-1]]
    return "".join(map(_first_letter, kept)) or "?"
