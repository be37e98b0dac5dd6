"""Which edits are too small to ask the author about.

In doubt an edit is not trivial: asking about a comma costs the author a press, not asking about a dose a patient.
"""

import re
import unicodedata
from collections.abc import Iterator

# What says no, in English, French, Portuguese, Spanish and Swahili, without accents and apostrophes.
_NEGATIONS = frozenset(
    re.findall(
        r"\w+",
        "not no non none nor never neither without cannot dont doesnt didnt isnt arent wasnt werent wont wouldnt cant "
        "couldnt shouldnt mustnt neednt hasnt havent hadnt aint "
        "ne ni pas sans jamais rien aucun aucune nao sem nem nunca nada nenhum nenhuma ningun ninguno ninguna tampoco "
        "sin si sio hapana bila kamwe wala except unless sauf sauf exceto excepto salvo isipokuwa",
    )
)
# Numbers in words: two letters lie between tatu (3) and tano (5), one between sesenta (60) and setenta (70).
_NUMBERS = frozenset(
    re.findall(
        r"\w+",
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million "
        "half third quarter double triple once twice thrice first second fourth fifth "
        "deux trois quatre cinq sept huit neuf onze douze treize quatorze quinze seize vingt trente quarante cinquante "
        "soixante cent mille demi demie tiers quart fois premier deuxieme troisieme "
        "dois duas tres quatro cinco seis sete oito nove treze catorze dezasseis dezesseis dezassete dezessete dezoito "
        "dezanove dezenove vinte trinta quarenta cinquenta sessenta setenta oitenta noventa cem cento meio meia metade "
        "dobro vezes primeiro segundo terceiro "
        "cuatro siete ocho nueve diez once doce trece quince dieciseis diecisiete dieciocho diecinueve veinte treinta "
        "cuarenta cincuenta sesenta ochenta ciento cien medio media mitad doble veces primero tercero "
        "moja mbili tatu nne tano sita saba nane tisa kumi ishirini thelathini arobaini hamsini sitini sabini "
        "themanini tisini mia elfu nusu robo mara",
    )
)
# Of these not even the case may change (Mg is magnesium), nor anything beside a number.
_UNITS = frozenset(
    re.findall(
        r"\w+", "g mg mcg ug µg μg ng kg l dl ml cl µl mm cm m km iu ui mui mol mmol meq cc s sec min h hr d bd od"
    )
)
# Beginnings that a hand or a phone's keyboard mixes up, and that send a patient the other way.
_OPPOSITES = ("hyper", "hypo", "hiper", "hipo", "inter", "intra", "ante", "anti", "macro", "micro", "mili", "milli")
# A medicine's name is never a mere spelling: ampicillin and amoxicillin, quinine and quinidine, prednisone and
# prednisolone are two letters apart.
_MEDICINES = re.compile(
    r"(?:cil+in|m[iy]cin|floxacin|c[iy]clin|quin|idin|dipin|zepin|azol|vudin|navir|clovir|tegravir|olol|pril|sartan|statin"
    r"|semid|thiazid|tiazid|formin|glitazon|solon|nison|tison|thason|tason|steron|serin|sporin|azepam|cain|fenac|profen"
    r"|etamol|morphin|morfin|mether|sunat|lumefantrin|toc[iy]n|prostol|priston|sulin)(?:a|as|e|es|i|o|os|um)?$"
)
_WITHIN_WORDS = re.compile(r"(?<=[^\W\d_])['’ʼ‘](?=[^\W\d_])")
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufe00-\ufe0f\ufeff]")
_ITEM = re.compile(
    r"(?P<number>(?:[.,·](?=\d))?\d+(?:[.,:/·⁄'’]\d+)*)|(?P<word>(?:[^\W\d_][\u0300-\u036f]*)+)|(?P<sign>[\W_])"
)
_BEFORE_NUMBER = re.compile(r"\s*[.,·]?\d")
_DASHES = frozenset("-‐‑‒–—―−")
_SIGNS = frozenset("%‰‱٪/\\&@^")
_AFTER_NUMBERS = frozenset("'’′″*")
_LATIN = re.compile("[a-zæðøþœıłđħŧŋɓɗƙƴɛɔ]+")
_SMALLEST, _LETTERS = 4, 2
"""A spelling is of words of so many letters, and changes at most so many."""


def _significant(text: str, index: int) -> str:
    """The sign at that place as it is compared; empty where it is mere punctuation."""
    sign = text[index]
    if sign in _DASHES:  # minus, or up to
        return "-" if sign == "−" or _BEFORE_NUMBER.match(text, index + 1) else ""
    if sign in _SIGNS or (sign in _AFTER_NUMBERS and text[index - 1 : index].isdigit()):
        return sign
    # Marks are letters in scripts that are not taken apart here; symbols are comparisons, money, degrees and pictures.
    return sign if unicodedata.category(sign) in ("Sm", "Sc", "So", "Mn", "Mc", "Me") else ""


def _items(text: str) -> Iterator[tuple[bool, str]]:
    """What counts in a text, in order: (is it a word, the word or sign or number)."""
    text = _WITHIN_WORDS.sub("", _UNSEEN.sub("", unicodedata.normalize("NFC", text)))
    for chunk in re.finditer(r"\S+", text):
        if "://" in chunk[0] or "@" in chunk[0] or "www." in chunk[0].lower():  # one dot more is another address
            yield False, chunk[0].strip(".,;:!?()[]<>\"'“”«»")
            continue
        for match in _ITEM.finditer(text, chunk.start(), chunk.end()):
            found = match[0]
            if match.lastgroup == "sign":
                found = _significant(text, match.start())
            if found:
                yield match.lastgroup == "word", found


def _folded(word: str) -> str:
    """Without case and accents."""
    return re.sub("[\u0300-\u036f]", "", unicodedata.normalize("NFD", word.casefold()))


def _within(one: str, other: str, letters: int) -> bool:
    """Does adding, leaving out or changing so many letters make one of the other?"""
    same = 0
    while same < min(len(one), len(other)) and one[same] == other[same]:
        same += 1
    one, other = one[same:], other[same:]
    if not one or not other or letters == 0:
        return max(len(one), len(other)) <= letters
    return (
        _within(one[1:], other[1:], letters - 1)
        or _within(one[1:], other, letters - 1)
        or _within(one, other[1:], letters - 1)
    )


def _is_spelling(one: str, other: str) -> bool:
    """Are two folded words one word, spelled in two ways?"""
    shorter, longer = sorted((one, other), key=len)
    if len(shorter) < _SMALLEST or not _within(one, other, _LETTERS):
        return False
    if any(word in _NEGATIONS or word in _NUMBERS or _MEDICINES.search(word) for word in (one, other)):
        return False
    # Safe and unsafe, usual and unusual, inhale and exhale; Swahili utumie and usitumie.
    if one[0] != other[0] or longer.endswith(shorter):
        return False
    if any(longer[:at] + longer[at + 2 :] == shorter for at in range(len(longer)) if longer.startswith("si", at)):
        return False
    return all(one.startswith(beginning) == other.startswith(beginning) for beginning in _OPPOSITES)


def _is_same_word(before: str, after: str, *, counted: bool) -> bool:
    """Is it the same word, perhaps misspelled? ``counted``: it stands after a number, and may be its unit."""
    if before == after:
        return True
    if before.lower() in _UNITS or after.lower() in _UNITS:
        return False
    if before.casefold() == after.casefold():
        return True
    one, other = _folded(before), _folded(after)
    if not _LATIN.fullmatch(one) or not _LATIN.fullmatch(other):  # whose negations are not known here
        return False
    return one == other or (not counted and _is_spelling(one, other))


def is_trivial(before: str, after: str) -> bool:
    """Did only white space, punctuation, letter case, accents, or the spelling of words change?

    Spelling: at most two letters in words of four or more, as many words as before. No number, unit, sign, address,
    negation, number in words or medicine's name may change at all.
    """
    old, new = list(_items(before)), list(_items(after))
    if len(old) != len(new):
        return False
    counted = False
    for (is_word, one), (is_other_word, other) in zip(old, new, strict=True):
        if is_word != is_other_word:
            return False
        if not is_word and one != other:
            return False
        if is_word and not _is_same_word(one, other, counted=counted):
            return False
        counted = one[-1].isnumeric() or _folded(one) in _NUMBERS
    return True
