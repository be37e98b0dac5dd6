"""A person's name beside an illness: somebody who is spoken of, not the author, a colleague or a scholar."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

from bridge.moderation.hints import vocabulary as v
from bridge.moderation.hints.given_names import GIVEN_NAMES
from bridge.moderation.hints.passage import Passage

Span = tuple[int, int]

_PARTICLES = frozenset("de da do dos das del la bin binti ben wa ole van von el al ould e y".split())
_AND = frozenset("and et e y na &".split())
_LONGEST = 4
_NEAR = 18
"""Words between a name and an illness, at most."""
_NEVER = v.NEVER_NAMES | v.ADDRESSING | v.WORK_TITLES | v.WORK | v.PERSONS | v.BETWEEN | v.INTRODUCING
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
    runs = list(search.runs())
    accepted: dict[int, _Run] = {}
    told: set[str] = set()
    colleague_before = -9
    for run in runs:
        if search.is_colleague(run) or (search.joined(run, colleague_before) and not run.family_title):
            colleague_before = run.last
            continue
        follows = any(search.joined(run, other.last) for other in list(accepted.values())[-1:])
        if follows or search.is_patient(run):
            accepted[run.first] = run
            told |= {word for word in passage.words[run.first : run.last] if len(word) > 2 and word not in _PARTICLES}
    for run in runs:
        if run.first in accepted or (passage.words[run.first] in told and not search.is_colleague(run)):
            yield passage.starts[run.title], passage.ends[run.last - 1]


class _Search:
    def __init__(self, passage: Passage) -> None:
        self._passage = passage
        self._words = passage.words
        self.clinical = [index for index, word in enumerate(passage.words) if _is_clinical(word)]
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
        if len(form) == 1 or not form.isupper():
            return len(form) > 1 and not self._shouted
        return self._words[index] in GIVEN_NAMES

    def runs(self) -> Iterator[_Run]:
        """What may be a name: capitals side by side, and after a title or "anaitwa" a word in small letters too."""
        index = 0
        count = len(self._words)
        while index < count:
            title = index
            while index < count - 1 and index - title < 2 and self._is_title(index):
                index += 1
            titled = index > title
            if not (self._is_capital(index) or (titled and self._is_capital(index))):
                if index == title and self._introduces(index - 1) and self._may_be_small_name(index):
                    yield _Run(index, index, index + 1)
                index = max(index, title + 1) if titled else index + 1
                continue
            last = self._end_of(index)
            yield _Run(title, index, last, titled)
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
            elif (
                self._words[last] in _PARTICLES
                and last + 1 < len(self._words)
                and self._gap(last) == " "
                and self._is_capital(last + 1)
                and not (self._words[last] in _AND)
            ):
                last += 2
            else:
                break
        return last

    def _introduces(self, index: int) -> bool:
        """ "mgonjwa anaitwa juma": only the words that cannot mean anything else."""
        return index >= 0 and self._words[index] in ("anaitwa", "aitwaye", "anayeitwa", "named", "nommee") and (
            self._gap(index) == " "
        )

    def _may_be_small_name(self, index: int) -> bool:
        return self._words[index] in GIVEN_NAMES

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
        return (not between and gap.strip() in (",", "&", "/")) or (len(between) == 1 and between[0] in _AND and gap == " ")

    def is_colleague(self, run: _Run) -> bool:
        """The author, somebody who is thanked or cited, somebody with an office; a place or a house."""
        before, after = self._before(run, 6), self._after(run, 4)
        gap_before, gap_after = self._gap(run.title - 1), self._gap(run.last - 1)
        if before[-1:] and before[-1] in v.WORK_TITLES and gap_before in (" ", ". ") and not self._is_kin(run):
            return True
        if any(tuple(before[-len(said) :]) == said for said in v.AUTHOR_BEFORE):
            return True
        if v.ADDRESSING.intersection(before[-4:]) or (after[:1] == ["here"]):
            return True
        if after[:2] in (["et", "al"], ["et", "moi"], ["and", "i"], ["e", "eu"], ["y", "yo"], ["na", "mimi"]):
            return True
        if before[-2:] == ["mimi", "na"] or (v.SAYING.intersection(after[:1]) and after[:1] != ["et"]):
            return True
        if v.SAYING.intersection(after[1:2]) and after[0] in v.AUXILIARIES:
            return True
        if gap_after.startswith((",", " (", " -")) and v.WORK.intersection(self._after(run, 4)) and not self._is_kin(run):
            return True
        return self._is_house(run, before, after) or self._is_cited(run)

    def _is_house(self, run: _Run, before: list[str], after: list[str]) -> bool:
        if any(word in v.HOUSES for word in self._words[run.first : run.last]):
            return True
        if after[:1] and after[0] in v.HOUSES and self._gap(run.last - 1) in (" ", "'s ", "' "):
            return True
        nearest = [word for word in before[-2:] if word not in _PARTICLES and word not in ("of", "ya", "du", "le", "st")]
        if not nearest or nearest[-1] not in v.HOUSES or self._gap(run.title - 1) != " ":
            return False
        return len(nearest) < len(before[-2:]) or self._form(run.title - 1)[0].isupper()

    def _is_cited(self, run: _Run) -> bool:
        """ "Smith (2019)"."""
        end = self._passage.ends[run.last - 1]
        tail = self._passage.lower[end : end + 8].lstrip(" ,(")
        return tail[:2] in ("19", "20") and tail[:4].isdigit() and not tail[4:5].isdigit()

    def _is_kin(self, run: _Run) -> bool:
        """ "my neighbour X", "le bébé de X", "mgonjwa wangu X"; a comma or a colon may stand between."""
        index = run.title - 1
        for steps in range(5):
            if index < 0 or not _flows(self._gap(index)):
                return False
            word = self._words[index]
            if word in v.PERSONS or word in v.INTRODUCING:
                return True
            if word not in v.BETWEEN and not (steps == 0 and word in v.LOWER_TITLES):
                return False
            index -= 1
        return False

    def _is_owner(self, run: _Run) -> bool:
        """ "the clinic card of X"."""
        before = self._before(run, 7)
        return bool(before[-1:] and before[-1] in ("of", "de", "da", "do", "ya", "wa", "la", "for") and (
            v.PAPERS.intersection(before)
        )) or bool(v.PAPERS.intersection(before[-3:]))

    def _is_told(self, run: _Run) -> bool:
        """ "She is X", "il s'agit de X", "yeye ni X"."""
        before = self._before(run, 3)
        return any(tuple(before[-len(said) :]) == said for said in v.TELLING)

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
        return unit.startswith(("year", "yr", "y", "ans", "ano", "month", "mois", "mes", "f", "m")) or "miaka" in tail

    def _has_predicate(self, run: _Run) -> bool:
        """ "X was diagnosed with ...", "X is bleeding", "X amefariki"."""
        after = self._after(run, 7)
        if not after or self._gap(run.last - 1) != " ":
            return False
        clinical = [_is_clinical(word) for word in after]
        return (after[0] in v.AUXILIARIES and any(clinical)) or clinical[0]

    def _ill_nearby(self, run: _Run, reach: int, breaks: int) -> bool:
        """Is an illness spoken of near it, with so many ends of sentences between at most?"""
        numbers = self._passage.sentences
        at = bisect_left(self.clinical, run.title - reach)
        while at < len(self.clinical) and self.clinical[at] <= run.last + reach:
            index = self.clinical[at]
            if not run.title <= index < run.last and abs(numbers[index] - numbers[run.first]) <= breaks:
                return True
            at += 1
        return False

    def _begins_sentence(self, run: _Run) -> bool:
        return run.first == 0 or self._passage.sentences[run.first - 1] != self._passage.sentences[run.first]

    def is_patient(self, run: _Run) -> bool:
        known = any(word in GIVEN_NAMES for word in self._words[run.first : run.last])
        if self._is_kin(run) or self._is_aged(run) or self._is_owner(run) or self._is_told(run):
            return self._ill_nearby(run, _NEAR, 2)
        if run.family_title:
            return self._ill_nearby(run, _NEAR, 1)
        sure = known or run.last - run.first > 1 or not self._begins_sentence(run)
        if sure and self._has_predicate(run):
            return True
        before = self._before(run, 1)
        if not known or (before and before[0] in v.PLACING):
            return False
        return self._ill_nearby(run, 12, 0)


def _flows(gap: str) -> bool:
    return gap in (" ", ", ", ": ", " : ", "-", " (", ' "', ": \"", "'")


def _is_clinical(word: str) -> bool:
    if word in v.CLINICAL_WORDS:
        return True
    return any(word[:length] in v.CLINICAL_STEMS for length in _STEM_LENGTHS)


