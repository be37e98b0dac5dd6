"""Foreign names and texts, made safe to show."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.hygiene import MAX_NAME, clean_filename, clean_line, clean_name, clean_text
from bridge.core.text import Mark, MarkKind, RichText, plain
from tests.unit.core.strategies import model, rich_texts

TURNING = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
NASTY = st.text(
    st.one_of(
        st.sampled_from("Aé \n\t\x00\x07\x1b\x7f\x85\u2028\u200b\ufeff\u0301\u0302/\\." + TURNING),
        st.characters(),
    ),
    max_size=200,
)


@pytest.mark.parametrize(
    ("name", "cleaned"),
    [
        ("Amina Wanjiku", "Amina Wanjiku"),
        ("  Amina \n\t Wanjiku ", "Amina Wanjiku"),
        ("Am\x00ina\x1b[31m", "Am ina [31m"),
        ("Amina\u202etxt.exe", "Aminatxt.exe"),
        ("\u2067عائشة\u2069", "عائشة"),
        ("A\u200bm\ufeffi\u00adna", "Amina"),
        ("Z" + "\u0301" * 50, "Z" + "\u0301" * 3),
        ("", "?"),
        ("\u200b\u202e\n", "?"),
        ("\u3164", "?"),
        ("Amina\ud800", "Amina"),
        ("<b>Amina</b>", "<b>Amina</b>"),
        ("x" * 65, "x" * 63 + "…"),
        ("x" * 64, "x" * 64),
    ],
)
def test_names(name: str, cleaned: str) -> None:
    assert clean_name(name) == cleaned


def test_a_name_falls_back_to_what_is_known() -> None:
    assert clean_name("\u200b", "member 7") == "member 7"


@given(NASTY)
def test_a_name_is_one_short_line_that_turns_nothing(name: str) -> None:
    cleaned = clean_name(name)
    assert 0 < len(cleaned) <= MAX_NAME
    assert cleaned == " ".join(cleaned.split())
    assert not set(cleaned) & set(TURNING)
    assert not [char for char in cleaned if unicodedata.category(char) in ("Cc", "Cs")]
    assert clean_name(cleaned) == cleaned


@given(NASTY, st.integers(2, 50))
def test_a_line_is_one_line(text: str, limit: int) -> None:
    cleaned = clean_line(text, limit)
    assert len(cleaned) <= limit
    assert "\n" not in cleaned
    assert not set(cleaned) & set("\u202a\u202b\u202d\u202e\x00\x1b\u2028")


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("  \n around \n ", "around"),
        ("a\x00b\x07c\x1bd", "abcd"),
        ("pay \u202eyllaer\u202c", "pay yllaer\u202c"),
        ("שלום\u200f!", "שלום\u200f!"),
        ("👩\u200d⚕\ufe0f", "👩\u200d⚕\ufe0f"),
        ("lone \ud83d half", "lone  half"),
    ],
)
def test_texts(text: str, cleaned: str) -> None:
    assert clean_text(plain(text)).text == cleaned


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("a" + "\n" * 19_000 + "b", "a\n\n\nb"),
        ("a" + "\n \u2800\u200b" * 60 + "\nb", "a" + "\n \u2800\u200b" * 3 + " \u2800\u200b" * 57 + "b"),
        ("a" + " " * 19_000 + "b", "a" + " " * 200 + "b"),
        ("z" + "\u0301" * 19_000 + "oom", "z" + "\u0301" * 4 + "oom"),
        ("z" + "\u0489" * 500, "z" + "\u0489" * 8),
        ("one\n\n\ntwo\n\nthree", "one\n\n\ntwo\n\nthree"),
        ("a\u2067turned for ever", "aturned for ever"),
        ("a\u2069b \u2067שלום\u2069 c", "ab \u2067שלום\u2069 c"),
        ("e\u0323\u0302\u0301 \u0628\u0651\u064e\u0670", "e\u0323\u0302\u0301 \u0628\u0651\u064e\u0670"),
        ("བསྒྲུབས་ หมื่นนี้ क्ष्म्यै", "བསྒྲུབས་ หมื่นนี้ क्ष्म्यै"),
    ],
    ids=["lines", "unseen", "spaces", "zalgo", "enclosing", "paragraphs", "open", "ended", "vietnamese", "scripts"],
)
def test_a_text_is_no_wall(text: str, cleaned: str) -> None:
    assert clean_text(plain(text)).text == cleaned


@given(st.text(alphabet="ab \n\u0301\u2066\u2067\u2069\u2800", max_size=700))
def test_no_wall_and_no_open_isolate_is_left(text: str) -> None:
    cleaned = clean_text(plain(text)).text
    assert "\u0301" * 5 not in cleaned
    assert "\n" * 4 not in cleaned
    opened = 0
    for char in cleaned:
        opened += (char in "\u2066\u2067") - (char == "\u2069")
        assert opened >= 0
    assert opened == 0
    assert clean_text(plain(cleaned)).text == cleaned


def test_a_line_that_is_cut_turns_nothing_behind_it() -> None:
    assert clean_line("see \u2067" + "x" * 50 + "\u2069 here", 20) == "see " + "x" * 14 + "…"


def test_a_cleaned_text_keeps_its_marks_in_place() -> None:
    text = RichText("a\x00 bold\x07 word", (Mark(3, 7, MarkKind.BOLD),))
    assert clean_text(text) == RichText("a bold word", (Mark(2, 6, MarkKind.BOLD),))


@given(rich_texts())
def test_cleaning_twice_changes_nothing_more(text: RichText) -> None:
    once = clean_text(text)
    assert model(clean_text(once)) == model(once)


@pytest.mark.parametrize(
    ("name", "cleaned"),
    [
        ("Dosing guide (v2).pdf", "Dosing guide (v2).pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\amina\\cv.docx", "cv.docx"),
        (".bashrc", "bashrc"),
        ("...", "file"),
        ("", "file"),
        ("a\x00b\n.txt", "a b .txt"),
        ("photo\u202egpj.exe", "photogpj.exe"),
        ("x;rm -rf $HOME|`id`.txt", "x_rm -rf _HOME__id_.txt"),
        ("دليل.pdf", "دليل.pdf"),
    ],
)
def test_file_names(name: str, cleaned: str) -> None:
    assert clean_filename(name) == cleaned


@given(NASTY)
def test_a_file_name_is_no_path(name: str) -> None:
    cleaned = clean_filename(name)
    assert 0 < len(cleaned) <= 80
    assert not set(cleaned) & set('/\\\x00\n"<>|:*?$`')
    assert not cleaned.startswith(".")


def test_a_long_file_name_keeps_its_ending() -> None:
    assert clean_filename("a" * 200 + ".docx").endswith("a.docx")
    assert len(clean_filename("a" * 100 + ".docx")) == 80
