"""Posts as readers get them: rich, plain, and on one line where every character costs."""

from dataclasses import replace

import pytest

from bridge.core.card import AuthorCard
from bridge.core.message import Attachment, AttachmentKind, Uncarried, UncarriedKind
from bridge.core.text import Mark, MarkKind, RichText, plain
from bridge.rendering import posts
from bridge.rendering.posts import PostView
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


def test_a_post_on_one_line() -> None:
    assert posts.compose(VIEW, LINE, W, quoting=True) == RichText(
        "HIFA #12 Amina Okello, midwife, Kenya: Is zinc safe?", (Mark(42, 46, MarkKind.BOLD),)
    )
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
