"""A person's name beside an illness: somebody who is spoken of, not the author, a colleague or a scholar."""

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from bridge.moderation.hints import vocabulary as v
from bridge.moderation.hints.given_names import GIVEN_NAMES
from bridge.moderation.hints.passage import Passage, words_of

Span = tuple[int, int]

_PARTICLES = words_of("de da do dos das del la bin binti ben wa ole van von el al ould")
_AND = words_of("and et e y na &")
_ACRONYMS = frozenset(("asha", "ana"))
"""In capitals they are no names: India's health workers, an assembly."""
_EVEN_SMALL = GIVEN_NAMES - words_of("ana nina tabu sifa fadhili faraja zawadi blessing faith desire ali flora")
"""Without those that are words as well."""
_OF_HOUSES = words_of("of the ya wa la cha du le l st")
_HAVING = words_of("has had have also a ont avait tem tinha ha habia")
_OF = words_of("of de da do ya wa la for")
_FROM = words_of("from of at de da do du del wa ya kutoka")
_ACRONYM = re.compile(r" \([A-Z]{2,8}\)")
_NAMING = words_of("anaitwa aitwaye anayeitwa named nommee")
_LONGEST = 4
_MOST_RUNS = 3_000
"""More capitals side by side than this are no post."""
_NEAR = 18
"""Words between a name and an illness, at most."""
_NEVER = v.NEVER_NAMES | v.MEETING | v.WORK_TITLES | v.WORK | v.PERSONS | v.BETWEEN | v.INTRODUCING
_KIN = v.PERSONS - v.COMPANIONS
_AT_WORK = v.WORK_TITLES | v.WORK
_STEM_LENGTHS = tuple(sorted({len(stem) for stem in v.CLINICAL_STEMS}))


@dataclass(frozen=True, slots=True)
class _Run:
    """Words ``first`` up to, not with, ``last`` that may be a name; titles before them begin at ``title``."""

    title: int
    first: int
    last: int
    family_title: bool = False


def named_patients(passage: Passage) -> Iterator[Span]:
    """Places of names; once one is a patient's, it is one everywhere in the text."""
    search = _Search(passage)
    if not search.clinical:
        return
    runs = list(islice(search.runs(), _MOST_RUNS))
    accepted: set[int] = set()
    told: set[str] = set()
    colleagues: set[str] = set()
    others: list[_Run] = []
    colleague_before = patient_before = -9
    for run in runs:
        if search.is_colleague(run) or (search.joined(run, colleague_before) and not run.family_title):
            colleague_before = run.last
            colleagues |= search.names(run)
        else:
            others.append(run)
    for run in others:
        pointed = colleagues.isdisjoint(search.names(run))
        if search.joined(run, patient_before) or search.is_patient(run, by_name=pointed):
            accepted.add(run.first)
            patient_before = run.last
            told |= search.names(run)
    for run in others:
        if run.first in accepted or passage.words[run.first] in told:
            yield passage.starts[run.title], passage.ends[run.last - 1]


class _Search:
    def __init__(self, passage: Passage) -> None:
        self._passage = passage
        self._words = passage.words
        self._clinical_words = {word for word in passage.vocabulary if _is_clinical(word)}
        self.clinical = passage.positions(self._clinical_words)
        letters = sum(map(str.isalpha, passage.cased))
        self._shouted = letters > 20 and sum(map(str.isupper, passage.cased)) * 2 > letters

    def _form(self, index: int) -> str:
        return self._passage.cased[self._passage.starts[index] : self._passage.ends[index]]

    def _gap(self, index: int) -> str:
        return self._passage.gap(index) if 0 <= index < len(self._words) - 1 else "\n"

    def _is_capital(self, index: int) -> bool:
        form = self._form(index)
        if not form[0].isupper() or self._words[index] in _NEVER:
            return False
        if self._words[index] in v.ADDRESSING and self._gap(index - 1) != " ":
            return False
        if len(form) == 1 or not form.isupper():
            return len(form) > 1 and not self._shouted
        return self._words[index] in GIVEN_NAMES and self._words[index] not in _ACRONYMS

    def runs(self) -> Iterator[_Run]:
        """What may be a name: capitals side by side; after a title or "anaitwa" also a known name in small letters."""
        index = 0
        while index < len(self._words):
            title = index
            while index < len(self._words) - 1 and index - title < 2 and self._is_title(index):
                index += 1
            if self._is_capital(index):
                last = self._end_of(index)
            elif self._words[index] in _EVEN_SMALL and (index > title or self._introduces(index - 1)):
                last = index + 1
            else:
                index = max(index, title + 1)
                continue
            yield _Run(title, index, last, family_title=index > title)
            index = last

    def _is_title(self, index: int) -> bool:
        word = self._words[index]
        if word not in v.FAMILY_TITLES or self._gap(index) not in (" ", ". "):
            return False
        return self._form(index)[0].isupper() or word in v.LOWER_TITLES

    def _end_of(self, index: int) -> int:
        last = index + 1
        while last - index < _LONGEST and last < len(self._words) and self._gap(last - 1) in (" ", "-"):
            if self._is_capital(last) and self._words[last] not in v.WORK_TITLES:
                last += 1
            elif self._words[last] in _PARTICLES and self._gap(last) == " " and self._is_capital(last + 1):
                last += 2
            else:
                break
        return last

    def _introduces(self, index: int) -> bool:
        """ "mgonjwa anaitwa juma": only by the words that cannot mean anything else."""
        return index >= 0 and self._words[index] in _NAMING and self._gap(index) == " "

    def _before(self, run: _Run, count: int) -> list[str]:
        """The words before, within the sentence; the nearest last."""
        numbers = self._passage.sentences
        first = run.title
        while first and run.title - first < count and numbers[first - 1] == numbers[run.title]:
            first -= 1
        return self._words[first : run.title]

    def _after(self, run: _Run, count: int) -> list[str]:
        numbers = self._passage.sentences
        last = run.last
        while last < len(self._words) and last - run.last < count and numbers[last] == numbers[run.first]:
            last += 1
        return self._words[run.last : last]

    def joined(self, run: _Run, last: int) -> bool:
        """Does this name follow directly on the one that ended there: "Hawa and Mariama", "Hawa, Mariama"?"""
        if last < 0 or run.title < last:
            return False
        between = self._words[last : run.title]
        gap = self._gap(last - 1)
        return (not between and gap.strip() in (",", "&", "/")) or (
            len(between) == 1 and between[0] in _AND and gap == " "
        )

    def names(self, run: _Run) -> set[str]:
        return {word for word in self._words[run.first : run.last] if len(word) > 2 and word not in _PARTICLES}

    def is_colleague(self, run: _Run) -> bool:
        """The author, somebody who is thanked or cited, somebody with an office; a place or a house."""
        before, after = self._before(run, 6), self._after(run, 4)
        gap_before, gap_after = self._gap(run.title - 1), self._gap(run.last - 1)
        if _ends_with(before, v.AUTHOR_BEFORE) or after[:1] == ["here"] or before[-2:] == ["mimi", "na"]:
            return True
        if after[:2] in (["et", "al"], ["et", "moi"], ["and", "i"], ["e", "eu"], ["y", "yo"], ["na", "mimi"]):
            return True
        if self._is_house(run, before, after) or self._is_cited(run):
            return True
        if self._is_kin(run, _KIN):
            return False
        if before[-1:] and before[-1] in _AT_WORK and gap_before in (" ", ". "):
            return not self._is_kin(run, v.PERSONS)
        if not v.ADDRESSING.isdisjoint(before[-4:]) or before[-1:] in (["by"], ["par"], ["por"]):
            return True
        if gap_after.startswith(",") and self._begins_sentence(run) and not v.ADDRESSED.isdisjoint(after[:3]):
            return True
        if after and (after[0] in v.SAYING or (after[0] in _HAVING and not v.SAYING.isdisjoint(after[1:2]))):
            return True
        if gap_after.startswith((",", " (", " -")) and not v.WORK.isdisjoint(after):
            return True
        if after[:1] and after[0] in _FROM and not v.WORKPLACES.isdisjoint(after[1:4]):
            return True
        return bool(_ACRONYM.match(self._passage.cased, self._passage.ends[run.last - 1]))

    def _is_house(self, run: _Run, before: list[str], after: list[str]) -> bool:
        after = after[1:] if after[:1] == ["s"] else after
        if any(word in v.HOUSES for word in self._words[run.first : run.last]):
            return True
        last = run.last if self._words[run.last : run.last + 1] != ["s"] else run.last + 1
        if after and after[0] in v.HOUSES and self._gap(run.last - 1) in (" ", "'", "' "):
            return after[0] in v.AFTER_EPONYMS or self._form(last)[0].isupper()
        nearest = [word for word in before[-2:] if word not in _PARTICLES and word not in _OF_HOUSES]
        if not nearest or nearest[-1] not in v.HOUSES or self._gap(run.title - 1) != " ":
            return False
        return len(nearest) < len(before[-2:]) or self._form(run.title - 1)[0].isupper()

    def _is_cited(self, run: _Run) -> bool:
        """ "Smith (2019)"."""
        end = self._passage.ends[run.last - 1]
        tail = self._passage.lower[end : end + 8].lstrip(" ,(")
        return tail[:2] in ("19", "20") and tail[:4].isdigit() and not tail[4:5].isdigit()

    def _is_kin(self, run: _Run, persons: frozenset[str]) -> bool:
        """ "my neighbour X", "le bébé de X", "mgonjwa wangu X"; a comma or a colon may stand between."""
        index = run.title - 1
        for steps in range(5):
            if index < 0 or not _flows(self._gap(index)):
                return False
            word = self._words[index]
            if word in v.WORK_TITLES and steps == 0 and self._form(index)[0].isupper():
                return False
            if self._words[max(0, index - 1) : index + 1] == ["sage", "femme"]:
                return False
            if word in persons or word in v.INTRODUCING:
                return True
            if word not in v.BETWEEN and not (steps == 0 and word in v.LOWER_TITLES):
                return False
            index -= 1
        return False

    def _is_owner(self, run: _Run) -> bool:
        """ "the clinic card of X"."""
        before = self._before(run, 7)
        return not v.PAPERS.isdisjoint(before if before[-1:] and before[-1] in _OF else before[-3:])

    def _is_told(self, run: _Run) -> bool:
        """ "She is X", "il s'agit de X", "yeye ni X"."""
        return _ends_with(self._before(run, 3), v.TELLING)

    def _is_aged(self, run: _Run) -> bool:
        """ "X, 16 ans", "X (97 years)", "X, de 6 anos", "X, wa miaka 30"."""
        end = self._passage.ends[run.last - 1]
        tail = self._passage.lower[end : end + 22]
        sign, rest = tail[:2].strip(), tail[1:].lstrip(" (")
        for word in ("aged ", "age ", "de ", "con ", "com ", "wa ", "miaka ", "umri wa "):
            rest = rest.removeprefix(word)
        if not rest[:1].isdigit() or not (sign[:1] in (",", "(") or tail.lstrip()[:3] in ("de ", "wa ", "age")):
            return False
        unit = rest.lstrip("0123456789").lstrip(" -")
        if unit[:1] in (",", ")") and sign[:1] in (",", "("):
            return True
        return unit.startswith(("year", "yr", "y", "ans", "ano", "month", "mois", "mes", "f", "m")) or "miaka" in tail

    def _has_predicate(self, run: _Run) -> bool:
        """ "X was diagnosed with ...", "X is bleeding", "X amefariki"."""
        after = self._after(run, 7)
        if not after or self._gap(run.last - 1) != " ":
            return False
        clinical = [word in self._clinical_words for word in after]
        return (after[0] in v.AUXILIARIES and any(clinical)) or clinical[0]

    def _ill_nearby(self, run: _Run, reach: int, breaks: int, without: frozenset[str] = frozenset()) -> bool:
        """Is an illness spoken of near it, with so many ends of sentences between at most?"""
        numbers = self._passage.sentences
        at = bisect_left(self.clinical, run.title - reach)
        while at < len(self.clinical) and self.clinical[at] <= run.last + reach:
            index = self.clinical[at]
            inside = run.title <= index < run.last or self._words[index] in without
            if not inside and abs(numbers[index] - numbers[run.first]) <= breaks:
                return True
            at += 1
        return False

    def _begins_sentence(self, run: _Run) -> bool:
        return run.first == 0 or self._passage.sentences[run.first - 1] != self._passage.sentences[run.first]

    def is_patient(self, run: _Run, *, by_name: bool) -> bool:
        """``by_name``: is it enough that this is a known name, with an illness in the same sentence?"""
        known = not GIVEN_NAMES.isdisjoint(self._words[run.first : run.last])
        if self._is_kin(run, v.PERSONS) or self._is_aged(run) or self._is_owner(run) or self._is_told(run):
            return self._ill_nearby(run, _NEAR, 2)
        if run.family_title:
            return self._ill_nearby(run, _NEAR, 1)
        if self._before(run, 1)[:1] and self._before(run, 1)[0] in v.MEETING and self._gap(run.title - 1) == " ":
            return self._ill_nearby(run, _NEAR, 1)
        if not by_name:
            return False
        sure = known or run.last - run.first > 1 or not self._begins_sentence(run)
        if sure and self._has_predicate(run):
            return True
        if not known or not v.PLACING.isdisjoint(self._before(run, 1)):
            return False
        return self._ill_nearby(run, 12, 0, v.GENERAL)


def _ends_with(words: list[str], phrases: frozenset[tuple[str, ...]]) -> bool:
    return any(tuple(words[-count:]) in phrases for count in (1, 2, 3))


def _flows(gap: str) -> bool:
    return gap in (" ", ", ", ": ", " : ", "-", " (", ' "', ': "', "'")


def _is_clinical(word: str) -> bool:
    if word in v.CLINICAL_WORDS:
        return True
    return not v.CLINICAL_STEMS.isdisjoint([word[:length] for length in _STEM_LENGTHS])
