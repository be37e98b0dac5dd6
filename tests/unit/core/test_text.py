"""Rich text against its model: a list of characters, each with the marks that lie over it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.text import EMPTY, Mark, MarkKind, RichText, emphasised, joined, marked, plain
from tests.unit.core.strategies import model, only, rich_texts

anywhere = st.one_of(st.none(), st.integers(-70, 70))


@given(rich_texts(), anywhere, anywhere)
def test_a_slice_keeps_each_characters_marks(text: RichText, start: int | None, end: int | None) -> None:
    assert model(text[start:end]) == model(text)[start:end]


def test_a_slice_has_a_step_of_one() -> None:
    with pytest.raises(ValueError, match="step"):
        plain("abc")[::2]


@given(rich_texts(), rich_texts())
def test_a_sum_keeps_each_characters_marks(one: RichText, other: RichText) -> None:
    assert model(one + other) == model(one) + model(other)
    assert model(one + other.text) == model(one) + model(plain(other.text))


@given(rich_texts(), st.integers(0, 60))
def test_what_is_cut_can_be_joined(text: RichText, at: int) -> None:
    assert model(text[:at] + text[at:]) == model(text)


@given(rich_texts(), st.sets(st.sampled_from("ab .!\n👩\u200d\u0301é")))
def test_leaving_characters_out_keeps_the_others_marks(text: RichText, unwanted: set[str]) -> None:
    kept = text.without(lambda char: char in unwanted)
    assert model(kept) == only(lambda char: char not in unwanted, model(text))


@given(rich_texts())
def test_stripping_is_that_of_strings(text: RichText) -> None:
    assert text.strip().text == text.text.strip()
    assert text.rstrip().text == text.text.rstrip()
    start = len(text.text) - len(text.text.lstrip())
    assert model(text.strip()) == model(text)[start : start + len(text.text.strip())]


@given(rich_texts(max_size=80), st.integers(1, 80))
def test_a_shortened_text_is_short_and_a_beginning(text: RichText, limit: int) -> None:
    short = text.shortened(limit)
    assert len(short) <= limit
    if len(text) <= limit:
        assert short == text
    else:
        assert short.text.endswith("…")
        assert model(short)[:-1] == model(text)[: len(short) - 1]


def test_a_text_is_shortened_at_a_word() -> None:
    assert plain("six teaspoons of sugar").shortened(17).text == "six teaspoons of…"
    assert plain("sixteaspoonsofsugar").shortened(10).text == "sixteaspo…"


@given(st.text(max_size=10), st.lists(st.tuples(st.integers(-20, 20), st.integers(-20, 20))))
def test_foreign_marks_are_clipped(text: str, spans: list[tuple[int, int]]) -> None:
    clipped = RichText.clipped(text, [Mark(start, end, MarkKind.BOLD) for start, end in spans])
    bold = {index for start, end in spans for index in range(max(0, start), min(end, len(text)))}
    assert {index for index, (_, marks) in enumerate(model(clipped)) if marks} == bold


@pytest.mark.parametrize("span", [(0, 4), (-1, 2), (2, 2), (3, 1)])
def test_a_mark_outside_its_text_is_refused(span: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="outside"):
        RichText("abc", (Mark(*span, MarkKind.BOLD),))


@given(rich_texts(min_size=1))
def test_emphasis_adds_one_mark_everywhere(text: RichText) -> None:
    expected = [(char, marks | {(MarkKind.ITALIC, "")}) for char, marks in model(text)]
    assert model(emphasised(text, MarkKind.ITALIC)) == expected


def test_nothing_is_not_marked() -> None:
    assert marked("", MarkKind.BOLD) == EMPTY
    assert emphasised(EMPTY, MarkKind.BOLD) == EMPTY


@given(st.lists(rich_texts(max_size=10), max_size=4), st.sampled_from(["", ", "]))
def test_joining_is_that_of_strings(parts: list[RichText], separator: str) -> None:
    assert joined(parts, separator).text == separator.join(part.text for part in parts)
