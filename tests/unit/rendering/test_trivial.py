"""Which edits need no consent: nothing that could change a dose, a negation or a medicine ever passes."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bridge.rendering.trivial import is_trivial


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a", "a"),
        ("", "  "),
        ("Wash your  hands", "wash\nyour hands."),
        ("infection.Then wash", "infection. Then wash"),
        ("the paste (white)", "the paste, white"),
        ("well-being", "well being"),
        ("dont stop", "don't stop"),
        ("l’enfant", "l'enfant"),
        ("pate a l'eau", "pâte à l'eau"),
        ("Nao", "não"),
        ("ẹ\u0301kọ\u0301", "eko"),
        ("give it dayly", "give it daily"),
        ("the recieved letter", "the received letter"),
        ("hypertention", "hypertension"),
        ("les enfant malade", "les enfants malades"),
        ("dawa hii inafaaa", "dawa hii inafaa"),
        ("400mg daily", "400 mg daily"),
        ("2–3 days", "2-3 days"),
        ("5 mg.", "5 mg"),
        ("1. wash", "1) wash"),
        ("see www.example.org.", "see www.example.org"),
    ],
)
def test_small_edits(before: str, after: str) -> None:
    assert is_trivial(before, after)
    assert is_trivial(after, before)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        # Numbers and their signs.
        ("5 mg", "50 mg"),
        ("0.5 mg", "5 mg"),
        (".5 mg", "5 mg"),
        ("1.5", "15"),
        ("1,000", "1.000"),
        ("1 000", "1000"),
        ("5", "five"),
        ("-5", "5"),
        ("2-3 days", "2 3 days"),
        ("5mg–10mg", "5mg 10mg"),
        ("<5", ">5"),
        ("5%", "5‰"),
        ("10²", "102"),
        ("10²", "10"),
        ("½ tablet", "1 tablet"),
        ("38°C", "38 C"),
        ("5'", "5"),
        ("٥ mg", "٦ mg"),
        ("tatu", "tano"),
        ("sesenta dias", "setenta dias"),
        # Units.
        ("5 mg", "5 mcg"),
        ("5 mg", "5 Mg"),
        ("5 ml", "5 mL"),
        ("mg/kg", "mg kg"),
        ("5 tablets", "5 tabletss"),
        ("half grain", "half grains"),
        ("miligram", "milligram"),
        # No.
        ("do not give", "do give"),
        ("not here", "now here"),
        ("now here", "nowhere"),
        ("never", "newer"),
        ("no table", "notable"),
        ("without", "withouts"),
        ("safe dose", "unsafe dose"),
        ("usual", "unusual"),
        ("inhale", "exhale"),
        ("increase", "decrease"),
        ("should", "could"),
        ("a symptomatic child", "asymptomatic child"),
        ("hypertension", "hypotension"),
        ("utumie dawa", "usitumie dawa"),
        ("hapana", "hapa na"),
        ("jamais", "jamas"),
        # Medicines.
        ("ampicillin", "amoxicillin"),
        ("quinine", "quinidine"),
        ("prednisone", "prednisolone"),
        ("cycloserine", "cyclosporine"),
        ("artemether", "arteether"),
        # Other words, more words, less words, another order.
        ("the hand", "the head and"),
        ("left arm", "arm left"),
        ("cat", "cut"),
        ("nurse", "nursing"),
        ("clean water", "dirty water"),
        ("wash", "wash hands"),
        ("wash", ""),
        # Addresses, pictures, and scripts whose negations are not known here.
        ("a.b@example.org", "ab@example.org"),
        ("https://example.org/a-b", "https://example.org/ab"),
        ("👍", "👎"),
        ("ok 🙏", "ok"),
        ("नमस्ते", "नमस्त"),
        ("лекарство", "лекарства"),
        ("三天", "二天"),
    ],
)
def test_edits_that_need_consent(before: str, after: str) -> None:
    assert not is_trivial(before, after)
    assert not is_trivial(after, before)


PIECES = [
    "give",
    "Tablets",
    "do",
    "not",
    "si",
    "5",
    "0.5",
    "mg",
    "-",
    " ",
    " ",
    "\n",
    ",",
    ".",
    "%",
    "/",
    "daily",
    "été",
    "न",
    "½",
]
texts = st.one_of(st.lists(st.sampled_from(PIECES), max_size=15).map("".join), st.text(max_size=40))


@given(texts)
def test_no_edit_is_trivial(text: str) -> None:
    assert is_trivial(text, text)


@given(texts, texts)
def test_it_does_not_matter_which_came_first(one: str, other: str) -> None:
    assert is_trivial(one, other) == is_trivial(other, one)


@given(texts, st.integers(0, 9), st.sampled_from(["", " ", ".", "-", "x", "½", "10", "07", "6", "٣"]), texts)
def test_no_digit_ever_changes(before: str, digit: int, instead: str, after: str) -> None:
    assume(instead != str(digit))
    assert not is_trivial(f"{before}{digit}{after}", f"{before}{instead}{after}")


@given(texts, st.integers(0, 60), st.sampled_from(["not", "no", "ne", "pas", "não", "si", "hapana", "sio", "never"]))
def test_no_negation_ever_comes_or_goes(text: str, index: int, negation: str) -> None:
    assert not is_trivial(text, f"{text[:index]} {negation} {text[index:]}")


@given(texts, st.sampled_from([" ", "\n", "  "]), texts)
def test_white_space_beside_white_space_is_nothing(one: str, more: str, other: str) -> None:
    assert is_trivial(f"{one} {other}", f"{one}{more} {other}")
