"""Which part of a post is answered, wherever it is cut."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core import spots

SENTENCES = [f"Sentence {number} speaks of the ward in district {number * 7}." for number in range(60)]
TEXT = "\n\n".join(SENTENCES)


def cut(*at: int) -> list[str]:
    """The text cut before some sentences, as it stands in a chat: under a heading, over a card."""
    edges = [0, *at, len(SENTENCES)]
    pieces = ["\n\n".join(SENTENCES[start:end]) for start, end in pairwise(edges)]
    pieces[0] = "HIFA #12 · Amina\n\n" + pieces[0]
    pieces[-1] += "\n\nAmina, nurse, Kenya"
    return pieces


@pytest.mark.parametrize(
    ("index", "excerpt", "part"),
    [
        (0, "", 0),
        (1, "", 1),  # from sentence 20 on, which the other chat has in its second part
        (2, "", 2),
        (1, "Sentence 38 speaks of the…", 2),
        (1, "Sentence 3 speaks of the ward", 1),  # not in what was answered
        (0, "HIFA #12 · Amina Sentence 0 speaks", 0),
    ],
)
def test_the_part_that_holds_the_same_place(index: int, excerpt: str, part: int) -> None:
    here, there = cut(20, 40), cut(10, 35)
    place = spots.place_of(here, index, excerpt, TEXT)
    assert place is not None
    assert spots.part_with(there, place, TEXT) == part


def test_words_that_come_again_are_told_apart_by_their_order() -> None:
    text = "The same sentence again. " * 200
    pieces = [text[:2000], text[2000:4000], text[4000:]]
    begins = spots.beginnings(pieces, text)
    assert begins[0] == 0
    assert all(a is not None and b is not None and b - a > 1900 for a, b in pairwise(begins))


def test_what_is_none_of_the_text_is_unclear() -> None:
    assert spots.place_of(["Une traduction du texte entier"], 0, "", TEXT) is None
    assert spots.part_with(["Une traduction du texte entier"], 700, TEXT) is None
    assert spots.part_with(["HIFA #1 · Amina\n\nYes\n\nAmina, nurse"], 0, "Yes") == 0


def test_what_is_stored_is_read_again() -> None:
    assert spots.file_of(spots.of_file("a" * 64)) == "a" * 64
    assert spots.item_of(spots.of_item(3)) == 3
    assert spots.distance_of(spots.of_text(120)) == 120
    assert spots.of_text(0) == spots.WHOLE
    for other in ("", "text:", "text:-1", "text:x", "file:", "else"):
        assert (spots.file_of(other), spots.item_of(other), spots.distance_of(other)) == ("", None, None)


@given(st.lists(st.text(max_size=80), max_size=4), st.text(max_size=200), st.text(max_size=40))
def test_nothing_that_people_write_breaks_it(parts: list[str], text: str, excerpt: str) -> None:
    for index in range(len(parts)):
        place = spots.place_of(parts, index, excerpt, text)
        assert place is None or 0 <= place <= max(len(text), 0)
        assert spots.part_with(parts, place or 0, text) in (None, *range(len(parts)))
