"""The hints keep what they find in the invented posts of tests/corpora: floors a little under what is measured."""

import pytest

from bridge.moderation.hints import find
from bridge.moderation.languages import detect
from tests.corpora import LANGUAGES, Post, Score, posts, score

FLOORS = {
    ("en", "tune"): (0.96, 0.96),
    ("fr", "tune"): (0.96, 0.96),
    ("pt", "tune"): (0.96, 0.96),
    ("es", "tune"): (0.96, 0.96),
    ("sw", "tune"): (0.96, 0.96),
    ("en", "held_out"): (0.92, 0.97),
    ("fr", "held_out"): (0.96, 0.96),
    ("pt", "held_out"): (0.96, 0.93),
    ("es", "held_out"): (0.96, 0.86),
    ("sw", "held_out"): (0.93, 0.93),
}
"""By language and part: precision and recall."""


def of(language: str, part: str) -> list[Post]:
    return [post for post in posts(language) if post.part == part]


def measured(some: list[Post]) -> Score:
    scores = [score(post.labels, find(post.text, country=post.country)).values() for post in some]
    return sum((one for found in scores for one in found), Score())


@pytest.mark.parametrize(("language", "part"), FLOORS)
def test_precision_and_recall(language: str, part: str) -> None:
    precision, recall = FLOORS[language, part]
    total = measured(of(language, part))
    assert total.precision >= precision
    assert total.recall >= recall


def test_the_hard_ones() -> None:
    total = measured([post for language in LANGUAGES for post in of(language, "hard")])
    assert total.precision >= 0.9
    assert total.recall >= 0.4


def test_those_of_another_hand() -> None:
    total = measured([post for language in LANGUAGES for post in of(language, "second")])
    assert total.precision >= 0.96
    assert total.recall >= 0.94


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_language_is_told_and_hardly_ever_a_wrong_one(language: str) -> None:
    for part, floor in (("tune", 0.96), ("held_out", 0.92)):
        told = [detect(post.text, LANGUAGES) for post in of(language, part) if post.language]
        assert told.count(language) >= floor * len(told)
        assert set(told) <= {language, None}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_corpus_is_what_its_readme_says(language: str) -> None:
    tune, held_out = of(language, "tune"), of(language, "held_out")
    assert min(len(tune), len(held_out)) >= 50
    assert len({post.text for post in posts(language)}) == len(posts(language))
    for part in (tune, held_out):
        assert sum(not post.labels for post in part) >= 0.45 * len(part)
        assert {label.kind for post in part for label in post.labels} == {
            label.kind for any_language in LANGUAGES for post in of(any_language, "tune") for label in post.labels
        }
