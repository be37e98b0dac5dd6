"""What fits into one message, and that what fits is within Telegram's limits."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.adapters.telegram.capabilities import CAPTION_LIMIT, TEXT_LIMIT
from bridge.adapters.telegram.convert import fits, to_edit
from bridge.adapters.telegram.entities import utf16_length
from bridge.core.message import Attachment, AttachmentKind, Button, Content, Place, Poll
from bridge.core.text import Mark, MarkKind, RichText, plain
from tests.fuzzing import FUZZ, NO_TIMEOUT
from tests.unit.adapters.telegram.test_payload import (
    CLINIC,
    DAYS,
    FILM,
    GROUP,
    HASH,
    SMALL,
    SONG,
    VOICE,
    document,
    payload,
    photo,
)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (Content(text=plain("x")), True),
        (Content(text=plain("")), False),
        (Content(text=plain(" \n ")), False),
        (Content(text=plain("a" * 4096)), True),
        (Content(text=plain("a" * 4097)), False),
        (Content(text=plain("😀" * 2048)), True),
        (Content(text=plain("😀" * 2048 + "a")), False),
        (Content(attachments=(photo(),)), True),
        (Content(text=plain("a" * 1024), attachments=(photo(),)), True),
        (Content(text=plain("a" * 1025), attachments=(photo(),)), False),
        (Content(attachments=(photo(size=10_000_000),)), True),
        (Content(attachments=(photo(size=10_000_001),)), True),
        (Content(attachments=(photo(size=50_000_001),)), False),
        (Content(attachments=(document(size=50_000_000),)), True),
        (Content(attachments=(document(size=50_000_001),)), False),
        (Content(attachments=(document(size=0),)), False),
        (Content(attachments=(photo(), photo())), True),
        (Content(attachments=(photo(),) * 10), True),
        (Content(attachments=(photo(),) * 11), False),
        (Content(attachments=(photo(), FILM)), True),
        (Content(attachments=(photo(), document())), False),
        (Content(attachments=(document(), document(), photo(size=10_000_001))), True),
        (Content(attachments=(SONG, SONG)), True),
        (Content(attachments=(SONG, FILM)), False),
        (Content(attachments=(VOICE, VOICE)), False),
        (Content(attachments=(document(size=25_000_000),) * 2), True),
        (Content(attachments=(document(size=25_000_001),) * 2), False),
        (Content(text=plain("a" * 1024), attachments=(photo(), photo())), True),
        (Content(text=plain("a" * 1025), attachments=(photo(), photo())), False),
        (Content(attachments=(photo(), photo()), buttons=((Button(label="Y", handle="h"),),)), False),
        (Content(attachments=(replace(photo(), alt="word " * 400),)), True),
        (Content(text=plain("a" * 1000), attachments=(replace(photo(), alt="word " * 400),)), False),
        (Content(place=CLINIC), True),
        (Content(place=replace(CLINIC, latitude=90.1)), False),
        (Content(place=replace(CLINIC, longitude=float("nan"))), False),
        (Content(place=CLINIC, text=plain("x")), False),
        (Content(place=CLINIC, attachments=(photo(),)), False),
        (Content(poll=DAYS), True),
        (Content(poll=DAYS, place=CLINIC), False),
        (Content(poll=DAYS, text=plain("x")), False),
        (Content(poll=replace(DAYS, question="?" * 300)), True),
        (Content(poll=replace(DAYS, question="?" * 301)), False),
        (Content(poll=replace(DAYS, question=" ")), False),
        (Content(poll=replace(DAYS, options=("Monday",))), False),
        (Content(poll=replace(DAYS, options=("Monday", "Monday "))), False),
        (Content(poll=replace(DAYS, options=tuple(map(str, range(12))))), True),
        (Content(poll=replace(DAYS, options=tuple(map(str, range(13))))), False),
        (Content(poll=replace(DAYS, options=("a" * 100, "b"))), True),
        (Content(poll=replace(DAYS, options=("a" * 101, "b"))), False),
        (Content(text=plain("x"), buttons=((Button(label="Y", handle="é" * 32),),)), True),
        (Content(text=plain("x"), buttons=((Button(label="Y", handle="é" * 32 + "a"),),)), False),
        (Content(text=plain("x"), buttons=((Button(label="", handle="a"),),)), False),
        (Content(text=plain("x"), buttons=((Button(label="Y", url="nowhere"),),)), False),
    ],
)
def test_fits(content: Content, expected: bool) -> None:
    assert fits(content) is expected


def test_more_than_a_hundred_entities_do_not_fit() -> None:
    marks = tuple(Mark(n * 2, n * 2 + 1, MarkKind.BOLD) for n in range(101))
    assert not fits(Content(text=RichText("a " * 101, marks)))
    assert fits(Content(text=RichText("a " * 101, marks[:100])))


ATTACHMENTS = st.builds(
    Attachment,
    sha256=st.just(HASH),
    kind=st.sampled_from(AttachmentKind),
    mime=st.sampled_from(
        ["", "image/png", "image/gif", "image/webp", "video/mp4", "video/webm", "audio/ogg", "audio/mpeg", "text/plain"]
    ),
    size=st.sampled_from([0, 1, 300_000, 10_000_001, 50_000_000, 50_000_001]),
    name=st.text(max_size=5),
    width=st.none() | st.integers(0, 12_000),
    height=st.none() | st.integers(0, 12_000),
    duration=st.none() | st.timedeltas(timedelta(0), timedelta(minutes=2)),
    title=st.text(max_size=5),
    alt=st.text(max_size=700),
    spoiler=st.booleans(),
    thumbnail=st.none() | st.just(SMALL),
)
CONTENTS = st.builds(
    Content,
    text=st.builds(plain, st.text(max_size=1100) | st.text("😀", max_size=600)),
    attachments=st.lists(ATTACHMENTS, max_size=11).map(tuple),
    place=st.none()
    | st.none()
    | st.builds(Place, latitude=st.floats(), longitude=st.floats(), title=st.text(max_size=3)),
    poll=st.none()
    | st.none()
    | st.builds(Poll, question=st.text(max_size=310), options=st.lists(st.text(max_size=105), max_size=14).map(tuple)),
)
NO_CAPTION = ("sendVideoNote", "sendSticker", "sendLocation", "sendVenue", "sendPoll")
TOGETHER = ({"photo"}, {"video"}, {"photo", "video"}, {"document"}, {"audio"})


@pytest.mark.timeout(NO_TIMEOUT)
@settings(max_examples=FUZZ // 10 or 100, deadline=None)
@given(CONTENTS)
def test_what_fits_is_within_telegrams_limits(content: Content) -> None:
    if not fits(content):
        return
    made = payload(GROUP, content)
    items = made.get("media", [made])
    assert len(items) == max(1, len(content.attachments)) <= 10
    words = items[0].get("caption", made.get("text", ""))
    assert content.text.text in words or "\ud800" <= max(content.text.text) <= "\udfff"
    assert utf16_length(words) <= (CAPTION_LIMIT if content.attachments else TEXT_LIMIT)
    assert not (words and made["method"] in NO_CAPTION)
    if "media" in made:
        assert {item["type"] for item in items} in TOGETHER
    assert sum(attachment.size for attachment in content.attachments) <= 50_000_000
    to_edit(made)
