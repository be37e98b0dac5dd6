"""Posts as readers get them: rich, plain, and on one line where every character costs."""

from dataclasses import replace

import pytest

from bridge.core.capabilities import Capabilities
from bridge.core.card import AuthorCard
from bridge.core.message import Attachment, AttachmentKind, Uncarried, UncarriedKind
from bridge.core.text import Mark, MarkKind, RichText, plain
from bridge.rendering import posts, sms
from bridge.rendering.notes import NoteView
from bridge.rendering.posts import PostView, Translated
from bridge.rendering.words import Words
from tests.unit.delivery.scripted import LINE, PLAIN, RICH

W = Words("en")
PHOTO = Attachment(sha256="a" * 64, kind=AttachmentKind.PHOTO, mime="image/jpeg", size=82_400, name="IMG_1.jpg")
GUIDE = Attachment(
    sha256="b" * 64, kind=AttachmentKind.DOCUMENT, mime="application/pdf", size=1_400_000, name="guide (v2).pdf"
)
VIEW = PostView(
    community="HIFA",
    number=12,
    author="Amina Okello",
    text=RichText("Is zinc safe?", (Mark(3, 7, MarkKind.BOLD),)),
    card=AuthorCard(label="HIFA", name="Amina Okello", role="midwife", country="Kenya"),
)
ANSWER = replace(VIEW, answers=9, answers_author="Daniel", answers_excerpt="Does it help…")
CARD = "HIFA profile: Amina Okello is a midwife in Kenya."


def test_a_rich_post() -> None:
    text = posts.compose(VIEW, RICH, W, quoting=False)
    assert text.text == f"HIFA #12 · Amina Okello\n\nIs zinc safe?\n\n{CARD}"
    said = {text.text[m.start : m.end]: m.kind for m in text.marks}
    assert said == {"HIFA #12 · Amina Okello": MarkKind.BOLD, "zinc": MarkKind.BOLD, CARD: MarkKind.ITALIC}


def test_a_plain_post_says_the_same_without_a_slanted_card() -> None:
    text = posts.compose(VIEW, PLAIN, W, quoting=False)
    assert text.text == posts.compose(VIEW, RICH, W, quoting=False).text
    assert MarkKind.ITALIC not in {mark.kind for mark in text.marks}


def test_a_name_from_right_to_left_turns_nothing_around() -> None:
    text = posts.compose(replace(ANSWER, author="آمنة العلي"), RICH, W, quoting=False).text
    assert text.startswith("HIFA #12 · \u2068آمنة العلي\u2069 · Re #9\n")
    assert "\u2068" not in posts.compose(replace(ANSWER, author="آمنة"), LINE, W, quoting=False).text


def test_a_post_on_one_line() -> None:
    assert posts.compose(VIEW, LINE, W, quoting=True) == plain("HIFA #12 Amina Okello, midwife, Kenya: Is zinc safe?")
    assert posts.compose(ANSWER, LINE, W, quoting=True).text.startswith("HIFA #12 Re #9 Amina Okello, ")


@pytest.mark.parametrize("quoting", [True, False])
def test_an_answer_quotes_only_where_it_cannot_reply(quoting: bool) -> None:
    text = posts.compose(ANSWER, RICH, W, quoting=quoting).text
    assert text.startswith("HIFA #12 · Amina Okello · Re #9\n\n")
    assert ("Daniel: Does it help…" in text) == quoting


def test_what_cannot_be_shown_becomes_words() -> None:
    view = replace(
        VIEW,
        attachments=(PHOTO, GUIDE),
        uncarried=(
            Uncarried(kind=UncarriedKind.POLL, detail="Which dose?"),
            Uncarried(kind=UncarriedKind.PHOTO, refused="too_big"),
        ),
    )
    words = "[poll: Which dose?]\n[photo that could not be carried]"
    files = "[photo, 82 kB]\n[document guide (v2).pdf, 1.4 MB]"
    assert (
        f"Is zinc safe?\n{words}\n\n"
        in posts.compose(view, replace(RICH, max_file_bytes=2_000_000), W, quoting=False).text
    )
    assert posts.compose(view, LINE, W, quoting=False).text.endswith(f"Is zinc safe?\n{files}\n{words}")
    small = replace(RICH, max_file_bytes=100_000)
    assert "[document guide (v2).pdf, 1.4 MB]" in posts.compose(view, small, W, quoting=False).text
    assert "[photo, 82 kB]" not in posts.compose(view, small, W, quoting=False).text


def test_a_post_of_nothing_but_a_file_has_no_gap() -> None:
    view = replace(VIEW, text=plain(""), attachments=(PHOTO,))
    assert posts.compose(view, RICH, W, quoting=False).text == f"HIFA #12 · Amina Okello\n\n{CARD}"
    assert posts.compose(view, LINE, W, quoting=False).text.endswith(": [photo, 82 kB]")


@pytest.mark.parametrize("kind", [*AttachmentKind, *UncarriedKind])
def test_every_kind_has_a_name(kind: AttachmentKind | UncarriedKind) -> None:
    name = posts.kind_words(kind, W)
    assert name
    assert kind is UncarriedKind.UNKNOWN or "cannot be carried" not in name


def test_beside_an_original_that_stays() -> None:
    text = posts.stays_in_place(VIEW, RICH, W, changed=False).text
    assert text == f"HIFA #12: approved and sent to all groups.\n\n{CARD}"
    changed = posts.stays_in_place(VIEW, RICH, W, changed=True).text
    assert changed == f"HIFA #12: approved with changes and sent to all groups:\n\nIs zinc safe?\n\n{CARD}"
    assert posts.stays_in_place(VIEW, LINE, W, changed=False).text == "HIFA #12: approved and sent to all groups."
    assert posts.stays_in_place(VIEW, LINE, W, changed=True).text.endswith("all groups:\nIs zinc safe?")


@pytest.mark.parametrize("said", ["<script>alert(1)</script>", "{name}", "*bold* _it_", "a\nb", "&lt;", "مرحبا"])
def test_what_people_write_is_not_markup(said: str) -> None:
    view = replace(VIEW, text=plain(said), author=said, card=replace(VIEW.card, name=said), answers=1)
    for can in (RICH, PLAIN, LINE):
        text = posts.compose(view, can, W, quoting=True)
        assert said in text.text
        assert not [mark for mark in text.marks if mark.kind in (MarkKind.LINK, MarkKind.CODE)]


NUMBERED = replace(
    ANSWER,
    theme="Communicating health research",
    theme_number=76,
    headline="Have you ever published?",
    thread_number=5,
)
SUBJECT = "Communicating health research (76) Have you ever published? (5)"


@pytest.mark.parametrize("can", [RICH, PLAIN])
def test_theme_and_headline_stand_beneath_number_and_author(can: Capabilities) -> None:
    text = posts.compose(NUMBERED, can, W, quoting=False)
    assert text.text.startswith(f"HIFA #12 · Amina Okello · Re #9\n{SUBJECT}\n\nIs zinc safe?\n\n")
    bold = [mark for mark in text.marks if mark.kind is MarkKind.BOLD]
    assert text.text[bold[0].start : bold[0].end].endswith(SUBJECT)


@pytest.mark.parametrize(
    ("changes", "subject", "line"),
    [
        ({}, SUBJECT, "(76) Have you ever published? (5) - "),
        (
            {"thread_number": 1},
            "Communicating health research (76) Have you ever published?",
            "(76) Have you ever published? - ",
        ),
        ({"headline": ""}, "Communicating health research (76)", "Communicating health research (76) - "),
        (
            {"theme": "", "theme_number": None},
            "Have you ever published? (5)",
            "Have you ever published? (5) - ",
        ),
        ({"theme": "", "theme_number": None, "headline": ""}, "", ""),
        ({"thread_headline": "Have you ever PUBLISHED?"}, SUBJECT, "(76) Have you ever published? (5) - "),
        (
            {"headline": "In Malawi", "thread_headline": "Have you ever published?"},
            f"{SUBJECT} In Malawi",
            "(76) Have you ever published? (5) In Malawi - ",
        ),
        (
            {"headline": "", "thread_headline": "Have you ever published?"},
            "Communicating health research (76)",
            "Communicating health research (76) - ",
        ),
    ],
)
def test_the_numbers_are_the_same_on_every_channel(changes: dict[str, object], subject: str, line: str) -> None:
    view = replace(NUMBERED, **changes)  # type: ignore[arg-type]  # columns of many types
    assert posts.subject(view) == subject
    short = posts.compose(view, LINE, W, quoting=False).text
    assert short == f"HIFA #12 Re #9 Amina Okello, midwife, Kenya: {line}Is zinc safe?"


def test_a_copy_says_where_it_comes_from() -> None:
    view = replace(NUMBERED, origin=("CHIFA", 7))
    assert f"{SUBJECT}\nForwarded from CHIFA #7\n\n" in posts.compose(view, RICH, W, quoting=False).text
    assert " [from CHIFA #7] Is zinc safe?" in posts.compose(view, LINE, W, quoting=False).text


def test_notes_stand_after_the_profile_and_their_mark_in_the_text() -> None:
    view = replace(VIEW, notes=(NoteView(text="Yes.", name="Neil", initials="NPW", anchor="zinc"),))
    assert posts.compose(view, RICH, W, quoting=False).text == (
        f"HIFA #12 · Amina Okello\n\nIs zinc [*see note below] safe?\n\n{CARD}\n\n"
        "[*Note from HIFA moderator (NPW): Yes.]"
    )
    assert posts.compose(view, LINE, W, quoting=False).text == (
        "HIFA #12 Amina Okello, midwife, Kenya: Is zinc [*] safe? [*Note from moderator NPW: Yes.]"
    )
    stays = posts.stays_in_place(view, RICH, W, changed=False).text
    assert stays.endswith(f"{CARD}\n\n[Note from HIFA moderator (NPW): “zinc”: Yes.]")
    changed = posts.stays_in_place(view, RICH, W, changed=True).text
    assert "Is zinc [*see note below] safe?" in changed


FRENCH = Translated(language="fr", text=plain("Le zinc est-il sûr ?"), translator="Jean Dupont", source="en")


def test_a_translation_is_shown_as_one_with_the_way_to_the_original() -> None:
    view = posts.in_language(replace(VIEW, translations=(FRENCH,)), "fr")
    assert posts.compose(view, RICH, W, quoting=False).text == (
        "HIFA #12 · Amina Okello\n"
        "Translation from English by Jean Dupont; original: #12 (write GET 12 to me privately)\n\n"
        f"Le zinc est-il sûr ?\n\n{CARD}"
    )
    assert posts.compose(view, LINE, W, quoting=False).text == (
        "HIFA #12 Amina Okello, midwife, Kenya: [translated by Jean Dupont, original: GET 12] Le zinc est-il sur ?"
    )
    unknown = posts.in_language(replace(VIEW, translations=(replace(FRENCH, source=""),)), "fr")
    assert "\nTranslation by Jean Dupont; original" in posts.compose(unknown, RICH, W, quoting=False).text
    stays = posts.stays_in_place(view, RICH, W, changed=False).text
    assert "Translation from English" in stays
    assert "Le zinc est-il sûr ?" in stays
    assert "Is zinc safe?" not in stays


@pytest.mark.parametrize(
    ("tags", "language", "shown"),
    [
        (("fr",), "fr", "fr"),
        (("fr",), "FR", "fr"),
        (("fr",), "fr-CA", "fr"),
        (("pt-BR", "pt"), "pt", "pt"),
        (("pt-BR",), "pt", "pt-BR"),
        (("pt", "pt-BR"), "pt-BR", "pt-BR"),
        (("fr",), "en", None),
        (("en-GB",), "en", None),  # they can read the original, which is in English
        (("en-GB",), "en-GB", "en-GB"),
        ((), "fr", None),
    ],
)
def test_readers_receive_the_translation_into_their_language(
    tags: tuple[str, ...], language: str, shown: str | None
) -> None:
    view = replace(VIEW, translations=tuple(replace(FRENCH, language=tag) for tag in tags))
    found = posts.in_language(view, language).translation
    assert (None if found is None else found.language) == shown


def test_the_short_version_goes_only_where_characters_cost_and_says_what_it_is() -> None:
    view = replace(
        VIEW, short="Zinc: safe?", attachments=(PHOTO,), notes=(NoteView(text="Yes.", name="N", initials="N"),)
    )
    assert posts.compose(view, LINE, W, quoting=False).text == (
        "HIFA #12 Amina Okello, midwife, Kenya: Zinc: safe? [shortened; all of it: GET 12] "
        "[Note from moderator N: Yes.]"
    )
    assert "Zinc: safe?" not in posts.compose(view, PLAIN, W, quoting=False).text
    french = posts.in_language(replace(view, translations=(FRENCH,)), "fr")
    assert "Zinc: safe?" not in posts.compose(french, LINE, W, quoting=False).text


def test_a_link_is_spelled_out_where_no_link_can_be_shown() -> None:
    marks = (
        Mark(4, 8, MarkKind.LINK, "https://who.example/zinc"),
        Mark(9, 30, MarkKind.LINK, "https://who.example/a/"),
    )
    view = replace(VIEW, text=RichText("See this https://who.example/a", marks))
    for can in (PLAIN, LINE):
        text = posts.compose(view, can, W, quoting=False)
        assert "See this (https://who.example/zinc) https://who.example/a" in text.text
        assert text.text.count("https://who.example/a") == 1
    assert "(https" not in posts.compose(view, RICH, W, quoting=False).text


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("Give 5–10 mg… “daily”", 'Give 5-10 mg... "daily"'),
        ("It’s 3 • 4", "It's 3 - 4"),
    ],
)
def test_a_line_is_written_in_cheap_characters(written: str, sent: str) -> None:
    text = posts.compose(replace(VIEW, text=plain(written)), LINE, W, quoting=False).text
    assert text.endswith(f": {sent}")
    assert sms.segments(text).encoding == "gsm7"
    # what needs the dear alphabet anyway keeps its typography
    assert posts.compose(replace(VIEW, text=plain(written + " ሰላም")), LINE, W, quoting=False).text.endswith("ሰላም")


def test_a_note_beside_a_passage_that_was_cut_off_quotes_it() -> None:
    note = NoteView(text="Yes.", name="N", initials="N", anchor="the end")
    view = replace(VIEW, text=plain("word " * 30 + "the end"), notes=(note,))
    line = posts.line(view, LINE, W)
    assert line.text().endswith("the end [*] [*Note from moderator N: Yes.]")
    assert line.shortened(20, W).endswith('GET 12] [Note from moderator N: "the end": Yes.]')


@pytest.mark.parametrize("room", [0, 1, 20, 200])
def test_a_cut_line_keeps_the_notes_and_says_how_to_get_the_rest(room: int) -> None:
    view = replace(VIEW, text=plain("word " * 30), notes=(NoteView(text="Yes.", name="N", initials="N"),))
    line = posts.line(view, LINE, W)
    text = line.shortened(room, W)
    assert text.endswith("[Note from moderator N: Yes.]")
    assert text.startswith("HIFA #12 Amina Okello, midwife, Kenya: ")
    assert ("GET 12]" in text) == (room < 150)
    assert not sms.unfit(text)
