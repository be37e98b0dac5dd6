"""The same message again, and what only resembles it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.moderation import likeness
from bridge.moderation.likeness import alike, first_alike

POST = (
    "Dear all, we have run out of amoxicillin 250 mg at our health centre. Where can we refer children with pneumonia?"
)
TEXTS = st.text(st.sampled_from("ab1 é\n.,"), max_size=60)


@pytest.mark.parametrize(
    "other",
    [
        POST,
        POST.upper(),
        POST.replace(",", "").replace(".", "!"),
        "  " + POST.replace(" ", "\n") + "\n",
        POST.replace("centre", "céntre"),
        POST + " Thanks",
        POST.replace("Dear all", "Dear friends"),
    ],
)
def test_said_again(other: str) -> None:
    assert alike(POST, other)
    assert first_alike(other, [(7, POST)]) == 7


@pytest.mark.parametrize(
    "other",
    [
        POST.replace("250", "500"),
        POST.replace("250 mg", "mg"),
        POST + " We need 20 courses.",
        "Dear all, we have run out of oxytocin at our maternity unit. Where do mothers go who bleed?",
        POST + " " + POST.replace("amoxicillin", "zinc"),
        "",
    ],
)
def test_something_else(other: str) -> None:
    assert not alike(POST, other)
    assert first_alike(other, [(7, POST)]) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Give 200 mg twice a day for five days", "Give 400 mg twice a day for five days"),
        ("Two doses of 0.5 ml were given on day 1", "Two doses of 0.5 ml were given on day 7"),
        ("Room B12 is open for mothers today", "Room B13 is open for mothers today"),
    ],
)
def test_a_figure_makes_the_difference(one: str, other: str) -> None:
    assert alike(one, one)
    assert not alike(one, other)


@pytest.mark.parametrize("text", ["Thank you!", "Yes", "👍", "...", ""])
def test_few_words_are_said_again_and_again(text: str) -> None:
    assert not alike(text, text)


def test_the_first_of_several_is_named() -> None:
    others = [(9, "Something else altogether, about clean water"), (8, POST), (3, POST)]
    assert first_alike(POST + " Please.", others) == 8


def test_a_whole_and_its_beginning_are_not_the_same() -> None:
    assert first_alike(POST, [(1, POST + " " + "And we also ask about measles in the camps. " * 8)]) is None


@given(TEXTS, TEXTS)
def test_it_does_not_matter_which_came_first(one: str, other: str) -> None:
    assert alike(one, other) == alike(other, one)
    assert (first_alike(one, [(1, other)]) is None) == (first_alike(other, [(1, one)]) is None)
    assert first_alike(one, [(1, other)]) is None or alike(one, other)


@given(st.text(max_size=200))
def test_a_text_is_like_itself_where_it_has_words(text: str) -> None:
    assert alike(text, text) == (len(likeness.normalised(text)) >= 3)


def test_the_cost_of_a_text_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long the texts are, so many characters of each are read; of one that cannot be the same, none."""
    read: list[int] = []
    normalised = likeness.normalised

    def counting(text: str) -> likeness.Words:
        words = normalised(text)
        read.append(sum(map(len, words)))
        return words

    monkeypatch.setattr(likeness, "normalised", counting)
    longest = "ward " * 20_000
    assert first_alike(longest, [(n, f"bed {n} " * 20_000) for n in range(1, 201)]) is None
    assert len(read) == 201
    assert max(read) <= 4000
    read.clear()
    assert first_alike("A short question about zinc", [(n, longest) for n in range(1, 201)]) is None
    assert len(read) == 1
