"""What marks say, in chats that show none."""

import time

import pytest

from bridge.core.capabilities import Capabilities
from bridge.core.text import Mark, MarkKind, RichText, emphasised, marked, plain
from bridge.rendering import posts
from bridge.rendering.apart import barred
from bridge.rendering.thin import worded
from bridge.rendering.words import Words
from tests.unit.delivery.scripted import LINE, PLAIN, RICH

W = Words("en")
COVERED = plain("The end: ") + marked("he lives", MarkKind.SPOILER) + "."
QUOTED = marked("one\ntwo", MarkKind.QUOTE) + "\n\nyes"
LISTED = plain("• zinc\n  • syrup\n1. wash")


@pytest.mark.parametrize(
    ("text", "capabilities", "words"),
    [
        (COVERED, RICH, "The end: he lives."),
        (COVERED, PLAIN, "The end: (spoiler: he lives)."),
        (COVERED, LINE, "The end: (spoiler: he lives)."),
        (QUOTED, RICH, "one\ntwo\n\nyes"),
        (QUOTED, PLAIN, "> one\n> two\n\nyes"),
        (QUOTED, LINE, '"one\ntwo"\n\nyes'),
        (LISTED, PLAIN, LISTED.text),
        (LISTED, LINE, LISTED.text),
        (marked("if x:\n  y", MarkKind.PRE, "py"), LINE, "if x:\n  y"),
        (marked("Head", MarkKind.HEADING, "1") + "\n\ntext", LINE, "Head\n\ntext"),
        (emphasised(COVERED, MarkKind.QUOTE), LINE, '"The end: (spoiler: he lives)."'),
    ],
)
def test_what_a_mark_says_is_said(text: RichText, capabilities: Capabilities, words: str) -> None:
    assert worded(text, capabilities, W).text == words


def test_pieces_of_one_covered_stretch_are_announced_once() -> None:
    text = RichText("abcd", (Mark(0, 2, MarkKind.SPOILER), Mark(1, 3, MarkKind.SPOILER), Mark(3, 4, MarkKind.SPOILER)))
    assert worded(text, PLAIN, W).text == "(spoiler: abcd)"


def test_ten_thousand_marks_take_no_long_time() -> None:
    links = RichText(
        "ab\n" * 20_000, tuple(Mark(n * 3, n * 3 + 2, MarkKind.LINK, f"https://a.b/{n}") for n in range(20_000))
    )
    started = time.process_time()
    assert posts.spelled(links).text.startswith("ab (https://a.b/0)\nab (https://a.b/1)")
    assert barred(emphasised(links, MarkKind.QUOTE)).text.startswith("> ab\n> ab\n")
    assert time.process_time() - started < 2
