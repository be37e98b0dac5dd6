"""What is taken off a reply, and what never is."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.adapters.email.stripping import strip

_FOLDER = Path(__file__).parents[3] / "corpora/replies"
CASES: list[dict[str, Any]] = [
    case for name in ("first.json", "second.json") for case in json.loads((_FOLDER / name).read_text())
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['language']}-{case['name']}")
def test_a_reply_keeps_what_its_author_wrote(case: dict[str, Any]) -> None:
    found = strip(case["text"], is_reply=case["is_reply"], name=case["author"], known="HIFA")
    assert found.kept == case["kept"]


def test_the_corpus_is_large_and_in_many_languages() -> None:
    assert len(CASES) >= 60
    assert len({case["language"] for case in CASES}) >= 12


@given(
    st.lists(
        st.sampled_from(["> a", ">> b", "", "text", "On 5 Oct 2026 at 10:12, A <a@x.org> wrote:", "-- ", "From: a"])
    )
)
def test_no_line_is_invented_or_lost_from_both(lines: list[str]) -> None:
    """Each line is either kept or shown as cut, and something stays where there was something."""
    text = "\n".join(lines)
    found = strip(text, is_reply=True)
    said = [line for line in lines if line.strip()]
    both = [line for line in (found.kept + "\n" + found.cut).split("\n") if line.strip()]
    assert sorted(line.rstrip() for line in both) == sorted(line.rstrip() for line in said)
    assert bool(found.kept.strip()) == bool(said)


def test_a_hostile_text_takes_no_time() -> None:
    for text in (
        "> " * 50_000,
        ("a: " * 20 + "\n") * 5000,
        "x@" * 50_000,
        "-" * 100_000,
        ("> a\nb\n") * 5000,
        "1 " * 50_000,
    ):
        strip(text, is_reply=True)


def test_only_a_greeting_above_a_quotation_stays() -> None:
    text = "On Mon, 5 Oct 2026 at 10:12, Amina <a@example.org> wrote:\n> What dose?"
    assert strip(text, is_reply=True).kept == text


@pytest.mark.parametrize(
    ("words", "nothing"), [("", True), (" \xa0\n\u200e", True), ("\U0001f44e", False), ("?", False), ("...", False)]
)
def test_a_sign_above_a_quotation_says_something(words: str, nothing: bool) -> None:
    """An empty answer to the letter of a held post may approve it."""
    quoted = "On Mon, 5 Oct 2026 at 10:12, HIFA <hifa@lists.example.org> wrote:\n> Which dose?\n>\n> --"
    assert strip(f"{words}\n\n{quoted}", is_reply=True).said_nothing is nothing
