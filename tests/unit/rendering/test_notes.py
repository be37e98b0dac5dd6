"""Moderators' notes: labelled, signed, numbered alike on every channel, and never inside the author's words."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.text import Mark, MarkKind, RichText, plain
from bridge.rendering import notes
from bridge.rendering.notes import NoteView
from bridge.rendering.words import Words

W = Words("en")
TEXT = "We work on this vital area, and on zinc."


def note(text: str, *, by: str = "NPW", anchor: str = "") -> NoteView:
    return NoteView(text=text, name=f"Moderator {by}", initials=by, anchor=anchor)


def said(*given: NoteView, text: str = TEXT, brief: bool = False) -> tuple[str, list[str]]:
    """The text as readers see it, and the notes under it."""
    arranged = notes.arranged(given, text)
    body = notes.anchored(plain(text), arranged, W, brief=brief)
    return body.text, [p.text for p in notes.paragraphs(arranged, text, "HIFA", W, brief=brief)]


def test_one_note() -> None:
    assert said(note("See the guideline.")) == (TEXT, ["[Note from HIFA moderator (NPW): See the guideline.]"])


def test_one_note_beside_a_passage() -> None:
    assert said(note("See the guideline.", anchor="on this vital area")) == (
        "We work on this vital area [*see note below], and on zinc.",
        ["[*Note from HIFA moderator (NPW): See the guideline.]"],
    )


def test_several_notes_of_one_moderator_are_numbered_as_their_passages_stand() -> None:
    assert said(note("Second.", anchor="zinc"), note("At large."), note("First.", anchor="this vital area")) == (
        "We work on this vital area [*1], and on zinc [*2].",
        ["[Notes from HIFA moderator (NPW): *1. First. *2. Second. 3. At large.]"],
    )


def test_notes_are_grouped_by_moderator() -> None:
    assert said(note("One."), note("Two.", by="GW", anchor="zinc"), note("Three.")) == (
        "We work on this vital area, and on zinc [*1].",
        ["[*1 Note from HIFA moderator (GW): Two.]", "[Notes from HIFA moderator (NPW): 2. One. 3. Three.]"],
    )


def test_two_moderators_with_the_same_initials_are_two() -> None:
    other = NoteView(text="B.", name="Another", initials="NPW")
    assert said(note("A."), other)[1] == [
        "[Note from HIFA moderator (NPW): A.]",
        "[Note from HIFA moderator (NPW): B.]",
    ]


def test_where_every_character_costs() -> None:
    body, under = said(note("See\nthe guideline.", anchor="zinc"), brief=True)
    assert body.endswith("zinc [*].")
    assert under == ["[*Note from moderator NPW: See the guideline.]"]
    assert said(note("A."), note("B."), brief=True)[1] == ["[Notes from moderator NPW: 1. A. 2. B.]"]


def test_a_passage_that_the_reader_does_not_see_is_quoted() -> None:
    arranged = notes.arranged([note("See the guideline.", anchor="this vital area")], TEXT)
    (shown,) = notes.paragraphs(arranged, "Un texte traduit.", "HIFA", W, brief=False)
    assert shown.text == "[Note from HIFA moderator (NPW): “this vital area”: See the guideline.]"
    (short,) = notes.paragraphs(
        notes.arranged([note("No.", anchor="work on this vital area, and on zinc")], TEXT), "", "HIFA", W, brief=True
    )
    assert len(short.text) < 75


@pytest.mark.parametrize(
    ("passage", "found"),
    [
        ("zinc", "zinc"),
        ("ZINC", "zinc"),
        ("this   vital\narea", "this vital area"),
        ("area, and", "area, and"),
        ("on", "on"),
        ("", None),
        ("  ", None),
        ("copper", None),
        ("zi.c", None),
        ("(", None),
        ("vita", "vita"),  # no word of its own, yet there
    ],
)
def test_finding_a_passage(passage: str, found: str | None) -> None:
    place = notes.find(passage, TEXT)
    assert found == (None if place is None else TEXT[slice(*place)])


@pytest.mark.parametrize(
    ("passage", "text"),
    [
        ("the mother's bed", "In the mother’s bed."),
        ('called "zinc"', "It is called “zinc” here."),
        ("10-20 mg", "Give 10–20 mg daily."),
        ("called “zinc”", "It is called «zinc» here."),
    ],
)
def test_typographic_marks_do_not_hide_a_passage(passage: str, text: str) -> None:
    assert notes.find(passage, text)


def test_a_word_of_its_own_comes_before_a_part_of_one() -> None:
    assert notes.find("on", "Londoners go on.") == (13, 15)


def test_a_link_or_emphasis_around_the_passage_stays_whole() -> None:
    text = RichText(
        "see this page now", (Mark(4, 13, MarkKind.LINK, "https://who.example"), Mark(0, 17, MarkKind.BOLD))
    )
    shown = notes.anchored(text, [note("Old.", anchor="this")], W, brief=True)
    assert shown.text == "see this [*] page now"
    covered = {mark.kind: shown.text[mark.start : mark.end] for mark in shown.marks}
    assert covered == {MarkKind.LINK: "this [*] page", MarkKind.BOLD: "see this [*] page now"}


@given(
    st.text(st.sampled_from("ab c.'\n"), max_size=60),
    st.lists(
        st.tuples(
            st.text(st.sampled_from("xyz"), min_size=1, max_size=8),
            st.text(st.sampled_from("ab c'"), max_size=6),
            st.sampled_from(["NPW", "GW"]),
        ),
        max_size=6,
    ),
    st.booleans(),
)
def test_the_authors_words_stay_and_every_note_is_shown(
    text: str, given_notes: list[tuple[str, str, str]], brief: bool
) -> None:
    many = [note(words, anchor=anchor, by=by) for words, anchor, by in given_notes]
    body, under = said(*many, text=text, brief=brief)
    assert re.sub(r" \[\*(?:\d+|see note below)?\]", "", body) == text
    assert len(under) == len({view.name for view in many})
    for view in many:
        assert any(view.text in paragraph and f"{view.initials}" in paragraph for paragraph in under)
    anchored = sum(notes.find(view.anchor, text) is not None for view in many)
    assert body.count("[*") == anchored
