"""A post becomes physical messages: everything is shown, or said to be left out."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.core.capabilities import Capabilities
from bridge.core.card import AuthorCard
from bridge.core.message import Attachment, AttachmentKind, Author, Content, Place, Poll, Uncarried, UncarriedKind
from bridge.core.text import RichText, plain
from bridge.delivery import planning
from bridge.delivery.directory import Directory
from bridge.rendering import sms
from bridge.rendering.posts import PostView
from bridge.rendering.words import Words
from tests.unit.delivery.scripted import LINE, PLAIN, RICH, Scripted
from tests.unit.storage.stage import KENYA, NET, UGANDA

W = Words("en")
VIEW = PostView(
    community="HIFA",
    number=12,
    author="Amina",
    text=plain("Is zinc safe?"),
    card=AuthorCard(label="HIFA", name="Amina"),
)


def photo(number: int = 1, size: int = 1000) -> Attachment:
    return Attachment(
        sha256=f"{number:064d}", kind=AttachmentKind.PHOTO, mime="image/jpeg", size=size, name=f"{number}.jpg"
    )


def parts(view: PostView, can: Capabilities = RICH) -> list[Content]:
    return planning.parts_of(view, KENYA, Directory({NET: Scripted(NET, can)}), W, quoting=False)


def test_a_short_post_is_one_message_with_its_photo() -> None:
    assert [p.attachments for p in parts(VIEW)] == [()]
    (one,) = parts(replace(VIEW, attachments=(photo(),)))
    assert one.attachments == (photo(),)
    assert one.text.text.startswith("HIFA #12 · Amina\n\nIs zinc safe?")


def test_a_text_too_long_for_a_caption_comes_after_its_photo() -> None:
    shown = parts(replace(VIEW, text=plain("word " * 300), attachments=(photo(),)))
    assert [len(p.attachments) for p in shown] == [1, 0]
    assert shown[0].text.text == "HIFA #12 · Amina"
    assert "word word" in shown[1].text.text


def test_every_photo_says_whose_it_is() -> None:
    shown = parts(replace(VIEW, attachments=(photo(1), photo(2), photo(3))))
    assert [p.attachments[0].name for p in shown] == ["1.jpg", "2.jpg", "3.jpg"]
    assert all(p.text.text.startswith("HIFA #12 · Amina") for p in shown)


def test_where_a_file_bears_no_caption_it_goes_without() -> None:
    shown = parts(replace(VIEW, attachments=(photo(),)), replace(RICH, caption_limit=0))
    assert [(p.text.text, len(p.attachments)) for p in shown[:1]] == [("", 1)]
    assert "Is zinc safe?" in shown[1].text.text


def test_where_no_file_can_go_it_becomes_words() -> None:
    (one,) = parts(replace(VIEW, attachments=(photo(),)), LINE)
    assert one.text.text == "HIFA #12 Amina: Is zinc safe?\n[photo, 1 kB]"
    (big,) = parts(replace(VIEW, attachments=(photo(size=2_000_000),)))
    assert "[photo, 2 MB]" in big.text.text
    assert not big.attachments


@settings(deadline=None, max_examples=60)
@given(
    st.text(st.sampled_from("ab .\n👩é"), min_size=1, max_size=3000),
    st.integers(60, 500),
    st.sampled_from([RICH, PLAIN]),
)
def test_nothing_of_a_long_post_is_lost(text: str, limit: int, can: Capabilities) -> None:
    shown = parts(replace(VIEW, text=plain(text)), replace(can, text_limit=limit, caption_limit=limit, max_parts=1000))
    assert all(0 < len(p.text) <= limit for p in shown)
    said = "".join(p.text.text for p in shown)
    assert re.sub(r"\s", "", text) in re.sub(r"\s", "", said)
    assert re.sub(r"\s", "", said).endswith("HIFAprofile:AminaisamemberofHIFA.")


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 9), st.integers(60, 459), st.integers(0, 20_000))
def test_what_is_left_out_is_said_and_fits(max_parts: int, limit: int, size: int) -> None:
    text = ("lorem ipsum " * (size // 12 + 1))[:size] or "x"
    can = replace(LINE, text_limit=limit, max_parts=max_parts)
    shown = parts(replace(VIEW, text=plain(text)), can)
    assert len(shown) <= max_parts
    assert all(len(p.text) <= limit for p in shown)
    kept = re.sub(r"\s", "", "".join(p.text.text for p in shown))
    whole = re.sub(r"\s", "", "HIFA #12 Amina: " + text)
    note = re.search(r"\.\.\.\[([\d,]+)morecharacters?:GET12\]$", kept)
    if note is None:
        assert kept == whole
    else:
        assert whole.startswith(kept[: note.start()])
        missing = len(whole) - note.start()
        said = int(note[1].replace(",", ""))
        assert missing <= said <= missing * 1.2 + 3  # it counts the spaces between words too


@pytest.mark.parametrize("can", [RICH, PLAIN])
def test_files_left_out_are_counted_too(can: Capabilities) -> None:
    shown = parts(replace(VIEW, attachments=tuple(photo(n) for n in range(1, 6))), replace(can, max_parts=2))
    assert len(shown) == 2
    assert "3 more files" in shown[-1].text.text


def test_an_account_that_is_not_configured_gets_nothing() -> None:
    assert planning.parts_of(VIEW, UGANDA, Directory({NET: Scripted(NET)}), W, quoting=False) == []


def test_a_text_without_any_boundary_is_cut_anywhere() -> None:
    shown = parts(replace(VIEW, text=RichText("x" * 10_000)), replace(RICH, text_limit=1000))
    assert "".join(p.text.text for p in shown).count("x") == 10_000


ALBUMS = replace(RICH, album=3, places=True, polls=True, authors=True)


def test_files_go_side_by_side_as_many_as_the_chat_bears() -> None:
    files = tuple(photo(number) for number in range(1, 8))
    shown = parts(replace(VIEW, attachments=files), ALBUMS)
    assert [[a.name for a in p.attachments] for p in shown] == [
        ["1.jpg", "2.jpg", "3.jpg"],
        ["4.jpg", "5.jpg", "6.jpg"],
        ["7.jpg"],
    ]
    assert "Is zinc safe?" in shown[0].text.text
    assert shown[1].text.text == "HIFA #12 · Amina"


def test_kinds_that_do_not_stand_side_by_side_are_split_in_their_order() -> None:
    files = (photo(1), sound(2), sound(3), photo(4))
    shown = parts(replace(VIEW, attachments=files), ALBUMS)
    assert [[a.name for a in p.attachments] for p in shown] == [["1.jpg"], ["2.ogg", "3.ogg"], ["4.jpg"]]


def test_a_long_text_stands_before_its_album() -> None:
    shown = parts(replace(VIEW, text=plain("word " * 300), attachments=(photo(1), photo(2))), ALBUMS)
    assert [len(p.attachments) for p in shown] == [0, 2]
    assert "word word" in shown[0].text.text


def sound(number: int) -> Attachment:
    return Attachment(
        sha256=f"{number:064d}",
        kind=AttachmentKind.VOICE,
        mime="audio/ogg",
        size=180_000,
        name=f"{number}.ogg",
        duration=timedelta(seconds=42),
    )


CLINIC = Uncarried(
    kind=UncarriedKind.VENUE,
    detail="Kibera clinic, Kibera Drive, -1.313311, 36.789211",
    place=Place(latitude=-1.313311, longitude=36.789211, title="Kibera clinic", address="Kibera Drive"),
)
DOSE = Uncarried(
    kind=UncarriedKind.POLL,
    detail="Which dose? 1. 10 mg 2. 20 mg",
    poll=Poll(question="Which dose?", options=("10 mg", "20 mg")),
)


def test_places_and_polls_are_shown_as_what_they_are_where_the_chat_can() -> None:
    view = replace(VIEW, uncarried=(CLINIC, DOSE), author_id="a1")
    shown = parts(view, ALBUMS)
    assert [(p.place, p.poll) for p in shown] == [(None, None), (CLINIC.place, None), (None, DOSE.poll)]
    assert "Kibera" not in shown[0].text.text
    assert all(p.author == Author(id="a1", name="Amina") for p in shown)
    (words,) = parts(view, RICH)
    assert f"[place: {CLINIC.detail}]\n[poll: {DOSE.detail}]" in words.text.text
    assert words.author is None


def test_every_place_is_shown_however_few_messages_the_chat_bears() -> None:
    view = replace(VIEW, text=plain("word " * 3000), uncarried=(CLINIC, CLINIC))
    shown = parts(view, replace(ALBUMS, max_parts=3))
    assert [p.place is not None for p in shown] == [False, True, True]
    assert "more characters]" in shown[0].text.text


@pytest.mark.parametrize("max_parts", [1, 2, 3, 4])
def test_places_and_polls_beyond_what_the_chat_bears_become_words(max_parts: int) -> None:
    view = replace(VIEW, uncarried=(CLINIC, DOSE, CLINIC))
    shown = parts(view, replace(ALBUMS, max_parts=max_parts))
    assert len(shown) == max_parts
    apart = sum(p.place is not None or p.poll is not None for p in shown)
    said = shown[0].text.text.count("[place: ") + shown[0].text.text.count("[poll: ")
    assert (apart, said) == (max_parts - 1, 4 - max_parts)


def test_where_every_character_costs_all_of_it_is_short_words() -> None:
    view = replace(VIEW, attachments=(sound(1), photo(2)), uncarried=(CLINIC, DOSE))
    (one,) = parts(view, LINE)
    assert one.text.text == (
        "HIFA #12 Amina: Is zinc safe?\n[voice message 0:42, 180 kB]\n[photo, 1 kB]\n"
        "[place: Kibera clinic, -1.31331, 36.78921]\n[poll: Which dose? 10 mg / 20 mg]"
    )
    assert sms.segments(one.text.text).encoding == "gsm7"


def test_who_is_spared_the_files_is_told_how_to_get_them() -> None:
    big = photo(2, size=2_000_000)
    view = replace(VIEW, attachments=(replace(photo(1), alt="The clinic's door"), big))
    (one,) = planning.parts_of(view, KENYA, Directory({NET: Scripted(NET)}), W, quoting=False, media=False)
    assert "[photo: The clinic's door, 1 kB: GET 12]\n[photo, 2 MB]" in one.text.text
    (line,) = parts(view, replace(LINE, media=frozenset(AttachmentKind), max_file_bytes=10_000))
    assert "1 kB: GET 12]\n[photo, 2 MB]" in line.text.text
