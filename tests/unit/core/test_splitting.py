"""A text in parts: nothing lost, every part fits, marks where they were."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.splitting import split
from bridge.core.text import MarkKind, RichText, marked, plain
from tests.unit.core.strategies import model, only, rich_texts

UNITS: dict[str, Callable[[RichText], int]] = {
    "code points": len,
    "utf-16": lambda text: len(text.text.encode("utf-16-le")) // 2,
    "bytes": lambda text: len(text.text.encode()),
}


def visible(char: str) -> bool:
    return not char.isspace()


@pytest.mark.parametrize("unit", UNITS)
@given(text=rich_texts(max_size=200), limit=st.integers(4, 40))
def test_nothing_but_white_space_is_lost(unit: str, text: RichText, limit: int) -> None:
    size = UNITS[unit]
    parts = split(text, lambda part: size(part) <= limit)
    assert all(size(part) <= limit for part in parts)
    assert all(part.text for part in parts)
    rejoined = [character for part in parts for character in model(part)]
    assert only(visible, rejoined) == only(visible, model(text))


@given(rich_texts(max_size=100))
def test_what_fits_is_not_touched(text: RichText) -> None:
    assert split(text, lambda _: True) == ([text] if text else [])


@pytest.mark.parametrize(
    ("text", "limit", "parts"),
    [
        ("First paragraph.\n\nSecond one.", 20, ["First paragraph.", "Second one."]),
        ("A line of words\nand another", 20, ["A line of words", "and another"]),
        ("One is done. Two is begun here", 16, ["One is done.", "Two is begun", "here"]),
        ("six teaspoons of sugar", 17, ["six teaspoons of", "sugar"]),
        ("abcdefghij", 4, ["abcd", "efgh", "ij"]),
        ("ما هو؟ هذا دواء جديد", 10, ["ما هو؟", "هذا دواء", "جديد"]),
        ("a            b", 4, ["a", "b"]),
        ("She said “stop.” Then left the ward", 22, ["She said “stop.”", "Then left the ward"]),
        ("飲む前に振る。一日三回飲む。", 9, ["飲む前に振る。", "一日三回飲む。"]),
    ],
)
def test_a_cut_falls_where_a_reader_pauses(text: str, limit: int, parts: list[str]) -> None:
    assert [part.text for part in split(plain(text), lambda part: len(part) <= limit)] == parts


@pytest.mark.parametrize(
    "whole",
    [
        "👩\u200d⚕\ufe0f",
        "👩🏾\u200d⚕\ufe0f",
        "👨\u200d👩\u200d👧\u200d👦",
        "🇰🇪",
        "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
        "1\ufe0f\u20e3",
        "e\u0301",
        "क\u094d\u200dष",
        "क्षि",
        "நி",
        "\u1112\u1161\u11ab",
    ],
)
def test_a_character_is_not_torn_apart(whole: str) -> None:
    text = plain("ab" + whole * 3)
    for limit in range(len(whole) + 2, len(text)):
        for part in split(text, lambda part, limit=limit: len(part) <= limit):  # type: ignore[misc]  # mypy: lambda default
            assert part.text.removeprefix("ab").replace(whole, "") == ""


def test_a_tower_of_accents_is_cut_somewhere() -> None:
    parts = split(plain("e" + "\u0301" * 4096), lambda part: len(part) <= 1000)
    assert [len(part) for part in parts] == [1000, 1000, 1000, 1000, 97]


def test_code_and_lists_keep_their_indentation() -> None:
    code = "def f():\n    if x:\n        return 1\n    return 2"
    parts = split(marked(code, MarkKind.PRE, "py"), lambda part: len(part) <= 20)
    assert [part.text for part in parts] == ["def f():\n    if x:", "        return 1", "    return 2"]
    assert all(part.marks == marked(part.text, MarkKind.PRE, "py").marks for part in parts)
    listed = split(plain("• fruit\n  • mango\n  • guava"), lambda part: len(part) <= 18)
    assert [part.text for part in listed] == ["• fruit\n  • mango", "  • guava"]


def test_a_mark_is_closed_and_opened_again() -> None:
    parts = split(marked("bold words here", MarkKind.BOLD), lambda part: len(part) <= 6)
    assert parts == [marked(word, MarkKind.BOLD) for word in ("bold", "words", "here")]


def test_a_part_too_small_for_one_character_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least one character"):
        split(plain("🌍"), lambda part: len(part.text.encode()) <= 3)


@pytest.mark.parametrize("blank", ["\u00a0", " ", "\t", "\u2003", "\n"])
@pytest.mark.parametrize("text", ["x{}y", "{}y", "x{}", "x{}y{}z"])
def test_a_platform_that_takes_no_blank_message_gets_none(blank: str, text: str) -> None:
    """Telegram's rule: at most so many units, and something to see."""

    def fits(part: RichText) -> bool:
        return len(part) <= 40 and bool(part.text.strip())

    parts = split(plain(text.replace("{}", blank * 90)), fits)
    assert [part.text.strip() for part in parts] == list(text.replace("{}", ""))
    assert all(map(fits, parts))


def test_white_space_that_fits_nowhere_is_nothing() -> None:
    assert split(plain("\u00a0" * 90), lambda part: bool(part.text.strip())) == []


def test_a_long_text_takes_no_long_time() -> None:
    text = plain("word " * 20_000)
    asked = 0

    def fits(part: RichText) -> bool:
        nonlocal asked
        asked += 1
        return len(part) <= 4096

    parts = split(text, fits)
    assert len(parts) == 25
    assert asked < len(parts) * 20
