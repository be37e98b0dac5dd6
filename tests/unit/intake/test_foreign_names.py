"""What strangers call themselves and their files, and what they write without writing anything."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.hygiene import clean_filename, clean_line, clean_name, clean_text
from bridge.core.text import Mark, MarkKind, RichText, plain

UNSEEN = (
    "\u200b\u200c\u200d\u2060\u2064\u2800\u180e\u034f\u115f\u3164\ufeff\ufe0f\u00ad\u17b5"
    "\U000e0041\U000e007f\u202e\u2068"
)


@pytest.mark.parametrize("char", list(UNSEEN), ids=lambda char: f"U+{ord(char):04X}")
def test_a_name_of_one_invisible_character_is_no_name(char: str) -> None:
    assert clean_name(char * 3, "member 7") == "member 7"
    assert clean_line(char * 3) == ""
    assert not clean_text(plain(f" {char}\n{char} "))


@given(st.text(st.sampled_from(UNSEEN + " \n\u0301"), max_size=30))
def test_nothing_visible_is_nothing(text: str) -> None:
    assert clean_name(text, "member 7") == "member 7"
    assert clean_line(text) == ""
    assert not clean_text(plain(text))


@pytest.mark.parametrize(
    ("name", "cleaned"),
    [
        ("A\u200dmina", "A\u200dmina"),  # as written, where it stands between letters
        ("\u200dAmina\u200d", "Amina"),
        ("Amina\u2800Okello", "Amina Okello"),
        ("Am\u2064ina\U000e0041", "Amina"),
        ("علی\u200cرضا", "علی\u200cرضا"),
        ("ශ්\u200dරී", "ශ්\u200dරී"),
        ("👩🏾\u200d⚕\ufe0f Amina", "👩🏾\u200d⚕\ufe0f Amina"),
        ("\ufe0fAmina", "Amina"),
        ("Amina \U0001fae8", "Amina \U0001fae8"),  # younger than the Unicode of Python 3.11
        ("A\ufffemina", "A mina"),
    ],
)
def test_names_keep_what_their_script_needs(name: str, cleaned: str) -> None:
    assert clean_name(name) == cleaned


@given(st.text(st.one_of(st.sampled_from(UNSEEN + "aé \u0301क्👩"), st.characters()), max_size=120))
def test_cleaning_a_name_twice_changes_nothing_more(name: str) -> None:
    once = clean_name(name)
    assert clean_name(once) == once
    assert clean_line(clean_line(name)) == clean_line(name)


def test_a_new_emoji_is_not_taken_out_of_a_text() -> None:
    text = RichText("so \U0001fae8 glad", (Mark(5, 9, MarkKind.BOLD),))
    assert clean_text(text) == text


@pytest.mark.parametrize(
    ("name", "cleaned"),
    [
        ("टीकाकरण तालिका.pdf", "टीकाकरण तालिका.pdf"),
        ("வாழ்க்கை.docx", "வாழ்க்கை.docx"),
        ("می\u200cخواهم.pdf", "می\u200cخواهم.pdf"),
        ("re\u0301sume\u0301.pdf", "re\u0301sume\u0301.pdf"),
        ("\u200d.bashrc", "bashrc"),
        ("\u2800.pdf", "pdf"),
    ],
)
def test_file_names_keep_their_vowel_signs(name: str, cleaned: str) -> None:
    assert clean_filename(name) == cleaned


@pytest.mark.parametrize("length", [80, 100, 299, 300, 301, 5000])
def test_a_very_long_file_name_keeps_its_ending(length: int) -> None:
    cleaned = clean_filename("ward " * (length // 5) + ".docx")
    assert cleaned.endswith(".docx")
    assert len(cleaned) <= 80


@given(st.text(max_size=400))
def test_a_file_name_is_short_and_no_path(name: str) -> None:
    cleaned = clean_filename(name)
    assert 0 < len(cleaned) <= 80
    assert not set(cleaned) & set('/\\\x00\n\r"<>|:*?$`')
    assert not any(unicodedata.category(char) in ("Cc", "Cs") for char in cleaned)


@pytest.mark.parametrize(
    ("limit", "ellipsis", "short"), [(0, "…", ""), (1, "…", "…"), (2, "...", "si"), (-1, "…", ""), (3, "", "six")]
)
def test_a_text_is_never_longer_than_it_is_shortened_to(limit: int, ellipsis: str, short: str) -> None:
    assert plain("sixteaspoons").shortened(limit, ellipsis).text == short


@given(st.text(max_size=40), st.integers(0, 45), st.sampled_from(["…", "...", ""]))
def test_shortening_bounds(text: str, limit: int, ellipsis: str) -> None:
    assert len(plain(text).shortened(limit, ellipsis)) <= limit
