"""A text made ready for searching: one spelling for letters, digits and signs, and its words with their places."""

import re
import unicodedata
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property


def words_of(text: str) -> frozenset[str]:
    """A vocabulary, written as words with spaces between."""
    return frozenset(text.split())


_SIGNS = {
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe63\uff0d", "-"),
    **dict.fromkeys("\u2018\u2019\u02b9\u02bc\u2032\u00b4`\u2035", "'"),
    **dict.fromkeys("\u201c\u201d\u201e\u2033\u00ab\u00bb", '"'),
    **dict.fromkeys("\u00ba\u02da\u1d52", "°"),  # nº, 12º and 12˚ are typed for n° and 12°
    **dict.fromkeys("\r\t\v\f\u00a0\u1680\u202f\u205f\u2800\u3000", " "),
    **dict.fromkeys((chr(code) for code in range(0x2000, 0x200B)), " "),
    **dict.fromkeys("\x85\u2028\u2029", "\n"),
    **{chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F) if code != 0xFF0D},  # full width
    "\u00aa": "a",
}


def _fold(char: str) -> str:
    """The base letter, ASCII digit or plain sign for a character; nothing for marks and for what is not seen."""
    if (sign := _SIGNS.get(char)) is not None:
        return sign
    if (digit := unicodedata.decimal(char, None)) is not None:
        return str(digit)
    if unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return ""
    whole = unicodedata.normalize("NFD", char)
    return whole[0] if len(whole) > 1 and unicodedata.combining(whole[1]) else char


class _Folding(dict[int, str]):
    """A table for ``str.translate``. What is not in it is worked out anew: strangers' texts must not fill memory."""

    def __missing__(self, code: int) -> str:
        if 0x2E80 <= code < 0xA000 or 0xAC00 <= code < 0xD7B0:  # East Asian writing has nothing to fold
            return chr(code)
        return _fold(chr(code))


_FOLDING = _Folding({code: _fold(chr(code)) for code in (*range(0x250), *range(0x300, 0x370), *range(0x2000, 0x2070))})
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
_BREAK = re.compile(r"[!?;\n]|\.(?=[\s\"')]|$)")
_ABBREVIATED = words_of("mr mrs ms dr drs prof sr sra srta mme mlle st ste no nr num dkt lic enf dra ing mwl n art fr")


def _words(text: str) -> Iterator[tuple[int, int]]:
    if "'" not in text:
        yield from (match.span() for match in _WORD.finditer(text))
        return
    for match in _WORD.finditer(text):
        start, end = match.span()
        sign = text.find("'", start, start + 3)
        # l'article and qu'Awa are two words; O'Brien and N'Diaye are one, and so is d'après.
        if 0 < sign < end and text[start:end].lower() != "d'apres":
            head, tail = text[start:sign], text[sign + 1 : sign + 3]
            if (len(head) == 1 or head.lower() == "qu") and not (head.isupper() and tail.istitle()):
                yield start, sign
                start = sign + 1
        if text[start:end].endswith(("'s", "'S")):
            yield start, end - 2
            start = end - 1
        yield start, end


class Passage:
    """Every index is into the folded text, until ``original`` leads back."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.cased = text if text.isascii() else text.translate(_FOLDING)
        """Base letters in their case."""
        self.lower = self.cased.lower()
        found = list(_words(self.cased))
        self.starts = [start for start, _ in found]
        self.ends = [end for _, end in found]
        self.words = [self.lower[start:end] for start, end in found]
        self._where: defaultdict[str, list[int]] = defaultdict(list)
        for index, word in enumerate(self.words):
            self._where[word].append(index)

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The same place in the text as it was written."""
        return self._places[start], self._places[end - 1] + 1 + self._hidden_after(self._places[end - 1])

    @cached_property
    def _places(self) -> Sequence[int]:
        if len(self.cased) == len(self.text):
            return range(len(self.text))
        return [index for index, char in enumerate(self.text) if _FOLDING[ord(char)]]

    def _hidden_after(self, place: int) -> int:
        """How many marks belong to the character at this place of the original."""
        count = 0
        while place + count + 1 < len(self.text) and unicodedata.combining(self.text[place + count + 1]):
            count += 1
        return count

    @property
    def vocabulary(self) -> Iterable[str]:
        """Every word once."""
        return self._where.keys()

    def positions(self, vocabulary: Iterable[str]) -> list[int]:
        """Where these words stand, as indexes of words, in order."""
        return sorted(index for word in vocabulary for index in self._where.get(word, ()))

    def gap(self, index: int) -> str:
        """What stands between a word and the next."""
        return self.lower[self.ends[index] : self.starts[index + 1]]

    @cached_property
    def sentences(self) -> Sequence[int]:
        """For every word the number of its sentence."""
        breaks = [match.start() for match in _BREAK.finditer(self.lower)]
        numbers: list[int] = []
        number = 0
        at = 0
        for index, start in enumerate(self.starts):
            while at < len(breaks) and breaks[at] < start:
                abbreviated = (
                    index
                    and self.words[index - 1] in _ABBREVIATED
                    and breaks[at] == self.ends[index - 1]
                    and self.lower[breaks[at]] == "."
                )
                number += not abbreviated
                at += 1
            numbers.append(number)
        return numbers

    @cached_property
    def links(self) -> "Spans":
        """Web addresses."""
        return Spans(match.span() for match in re.finditer(r"(?:https?://|www\.)\S+", self.lower))

    def word_at(self, place: int) -> int:
        """The first word that begins here or later."""
        return bisect_left(self.starts, place)


def end_of(pattern: re.Pattern[str], text: str, start: int) -> int:
    """Where a match from here on ends; here, where there is none."""
    match = pattern.match(text, start)
    return match.end() if match else start


class Spans:
    """Places that neither overlap nor are many: does anything lie within one of them?"""

    def __init__(self, spans: Iterable[tuple[int, int]] = ()) -> None:
        self._spans = sorted(spans)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return iter(self._spans)

    def touch(self, start: int, end: int) -> bool:
        at = bisect_left(self._spans, (end, 0)) - 1
        return at >= 0 and self._spans[at][1] > start
