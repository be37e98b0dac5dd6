"""Every kind of message that comes in: its file with all that Telegram says of it, or all its words."""

from datetime import timedelta
from typing import Any

import pytest

from bridge.core.events import MessageEdited, PollCounted, PollVoted, ReactionsCounted, ReactionsSet, Unreadable
from bridge.core.message import AttachmentKind, Place, Poll, RemoteFile, Uncarried, UncarriedKind
from bridge.core.text import Mark, MarkKind, RichText
from tests.unit.adapters.telegram.test_convert import AMINA, GROUP, ME, message, posted, read, ref

SIZES = [
    {"file_id": "small", "file_unique_id": "1", "width": 90, "height": 60, "file_size": 1000},
    {"file_id": "big", "file_unique_id": "2", "width": 1280, "height": 960, "file_size": 90_000},
    {"file_id": "middle", "file_unique_id": "3", "width": 320, "height": 240, "file_size": 9000},
]
PHOTO = RemoteFile(ref="big", kind=AttachmentKind.PHOTO, mime="image/jpeg", size=90_000, width=1280, height=960)
SMALL = {"thumbnail": {"file_id": "t", "width": 90, "height": 60}}


# --- files ----------------------------------------------------------------------------------------------------------


def test_a_photo_is_carried_in_its_biggest_size() -> None:
    event = posted(photo=SIZES, caption="look", caption_entities=[{"type": "bold", "offset": 0, "length": 4}])
    assert event.files == (PHOTO,)
    assert event.text == RichText("look", (Mark(0, 4, MarkKind.BOLD),))
    assert event.uncarried == ()
    assert posted(photo=SIZES, media_group_id="135").album == "135"
    assert posted(photo=SIZES, has_media_spoiler=True).files[0].spoiler
    assert posted(live_photo={"file_id": "film", "duration": 2, "photo": SIZES}).files == (PHOTO,)


FILM = {"file_id": "v", "file_name": "v.mp4", "mime_type": "video/mp4", "width": 640, "height": 360, "duration": 65}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (
            {"video": {**FILM, **SMALL, "file_size": 7}, "has_media_spoiler": True},
            RemoteFile(
                ref="v",
                kind=AttachmentKind.VIDEO,
                name="v.mp4",
                mime="video/mp4",
                size=7,
                width=640,
                height=360,
                duration=timedelta(seconds=65),
                spoiler=True,
                thumbnail_ref="t",
            ),
        ),
        (
            {"audio": {"file_id": "a", "performer": "Fadhili", "title": "Wimbo", "duration": 61}},
            RemoteFile(
                ref="a",
                kind=AttachmentKind.AUDIO,
                mime="audio/mpeg",
                title="Wimbo",
                performer="Fadhili",
                duration=timedelta(seconds=61),
            ),
        ),
        (
            {"voice": {"file_id": "o", "mime_type": "audio/ogg", "duration": 5}},
            RemoteFile(ref="o", kind=AttachmentKind.VOICE, mime="audio/ogg", duration=timedelta(seconds=5)),
        ),
        (
            {"video_note": {"file_id": "n", "length": 240, "duration": 5, **SMALL}},
            RemoteFile(
                ref="n",
                kind=AttachmentKind.VIDEO_NOTE,
                mime="video/mp4",
                width=240,
                height=240,
                duration=timedelta(seconds=5),
                thumbnail_ref="t",
            ),
        ),
        (  # the document is the same file, for apps that know no animations
            {"animation": FILM, "document": {"file_id": "d"}},
            RemoteFile(
                ref="v",
                kind=AttachmentKind.ANIMATION,
                name="v.mp4",
                mime="video/mp4",
                width=640,
                height=360,
                duration=timedelta(seconds=65),
            ),
        ),
        (
            {"document": {"file_id": "d", "file_name": "guide.pdf", "mime_type": "application/pdf", **SMALL}},
            RemoteFile(
                ref="d", kind=AttachmentKind.DOCUMENT, name="guide.pdf", mime="application/pdf", thumbnail_ref="t"
            ),
        ),
        (
            {"sticker": {"file_id": "s", "emoji": "👍", "is_animated": False, "is_video": False}},
            RemoteFile(ref="s", kind=AttachmentKind.STICKER, mime="image/webp", alt="👍"),
        ),
        (
            {"sticker": {"file_id": "s", "emoji": "👍", "is_animated": True, **SMALL}},
            RemoteFile(
                ref="s", kind=AttachmentKind.STICKER, mime="application/x-tgsticker", alt="👍", thumbnail_ref="t"
            ),
        ),
        (
            {"sticker": {"file_id": "s", "is_video": True}},
            RemoteFile(ref="s", kind=AttachmentKind.STICKER, mime="video/webm"),
        ),
        (  # lies about itself
            {"video": {"file_id": "v", "duration": -5, "width": 10**9, "height": True, "file_size": -1}},
            RemoteFile(ref="v", kind=AttachmentKind.VIDEO, mime="video/mp4"),
        ),
    ],
)
def test_a_file_comes_with_all_that_is_known_of_it(fields: dict[str, Any], expected: RemoteFile) -> None:
    event = posted(**fields, caption="the village")
    assert event.files == (expected,)
    assert event.uncarried == ()
    assert event.text.text == "the village"


def test_a_file_without_an_id_is_left_to_a_person() -> None:
    assert isinstance(read({"message": message(video={"duration": 5})}), Unreadable)


# --- places and polls -----------------------------------------------------------------------------------------------

POINT = {"latitude": -1.283334, "longitude": 36.8}


def test_a_place_is_a_place_and_words() -> None:
    place = Place(latitude=-1.283334, longitude=36.8, accuracy=30)
    words = "-1.28333, 36.80000"
    assert posted(location={**POINT, "horizontal_accuracy": 30}).uncarried == (
        Uncarried(kind=UncarriedKind.LOCATION, detail=words, place=place),
    )
    venue = {"location": POINT, "title": "Clinic", "address": "Main road"}
    assert posted(venue=venue, location=POINT).uncarried == (
        Uncarried(
            kind=UncarriedKind.VENUE,
            detail=f"Clinic, Main road, {words}",
            place=Place(latitude=-1.283334, longitude=36.8, title="Clinic", address="Main road"),
        ),
    )
    for nowhere in ({"latitude": 91, "longitude": 0}, {"latitude": float("nan"), "longitude": 0}, {"latitude": "x"}):
        assert posted(location=nowhere).uncarried == (Uncarried(kind=UncarriedKind.LOCATION),)


def test_a_live_place_is_where_they_were_when_they_sent_it() -> None:
    """Its every step comes as an edit: none of them is a correction for the moderators."""
    live = {**POINT, "live_period": 900, "heading": 12}
    (item,) = posted(location=live).uncarried
    assert (item.kind, item.detail) == (UncarriedKind.LIVE_LOCATION, "-1.28333, 36.80000")
    assert item.place is not None
    assert read({"edited_message": message(location=live, edit_date=2)}) is None
    assert read({"edited_message": message(location=POINT, edit_date=3)}) is None, "where it stopped"


def test_a_poll_comes_with_its_answers() -> None:
    options = [{"text": "Monday", "voter_count": 0}, {"text": "Tuesday", "voter_count": 2}]
    poll = {"id": "5", "question": "Which day?", "options": options, "allows_multiple_answers": True}
    assert posted(poll=poll).uncarried == (
        Uncarried(
            kind=UncarriedKind.POLL,
            detail="Which day?\n1. Monday\n2. Tuesday (2)",
            poll=Poll(question="Which day?", options=("Monday", "Tuesday"), multiple=True),
        ),
    )


# --- words ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "kind", "detail"),
    [
        (
            {"contact": {"phone_number": "+254700", "first_name": "Dr", "last_name": "Njoroge", "vcard": "TEL:+2547"}},
            UncarriedKind.CONTACT,
            "Dr Njoroge, +254700",
        ),
        ({"dice": {"emoji": "🎲", "value": 5}}, UncarriedKind.DICE, "🎲 5"),
        ({"game": {"title": "Chess", "description": "for two"}}, UncarriedKind.GAME, "Chess – for two"),
        (
            {
                "checklist": {
                    "title": "To do",
                    "tasks": [{"id": 1, "text": "Water", "completion_date": 7}, {"id": 2, "text": "Salt"}],
                }
            },
            UncarriedKind.CHECKLIST,
            "To do\n☑ Water\n☐ Salt",
        ),
        ({"story": {"chat": GROUP, "id": 1}}, UncarriedKind.STORY, "Village"),
        (
            {"giveaway": {"prize_description": "a phone", "winner_count": 3, "chats": [GROUP]}},
            UncarriedKind.GIVEAWAY,
            "a phone × 3 – Village",
        ),
        (
            {"giveaway_winners": {"prize_star_count": 500, "winner_count": 1, "winners": [AMINA]}},
            UncarriedKind.GIVEAWAY,
            "⭐ 500 × 1 – Amina Otieno",
        ),
        ({"paid_media": {"star_count": 5, "paid_media": []}}, UncarriedKind.PAID, "⭐ 5"),
        (
            {"invoice": {"title": "Book", "description": "blue", "currency": "KES", "total_amount": 12550}},
            UncarriedKind.PAID,
            "Book – blue – 125.50 KES",
        ),
        (
            {"invoice": {"title": "Book", "currency": "UGX", "total_amount": 9000}},
            UncarriedKind.PAID,
            "Book – 9000 UGX",
        ),
        ({"smell_of_tomorrow": {"x": 1}}, UncarriedKind.UNKNOWN, "smell of tomorrow"),
        ({"video": "no object"}, UncarriedKind.UNKNOWN, "video"),
        ({}, UncarriedKind.UNKNOWN, ""),
    ],
)
def test_what_is_no_file_is_named_in_all_its_words(fields: dict[str, Any], kind: UncarriedKind, detail: str) -> None:
    assert posted(**fields).uncarried == (Uncarried(kind=kind, detail=detail),)


@pytest.mark.parametrize(
    ("origin", "name", "whose"),
    [
        (
            {"type": "user", "sender_user": {**AMINA, "first_name": "Dr", "last_name": "Juma"}},
            "Dr Juma",
            f"telegram:{AMINA['id']}",
        ),
        ({"type": "user", "sender_user": {"id": "7", "first_name": "Juma"}}, "Juma", ""),
        ({"type": "hidden_user", "sender_user_name": "Somebody"}, "Somebody", ""),
        ({"type": "chat", "sender_chat": GROUP, "author_signature": "chair"}, "Village, chair", ""),
        ({"type": "channel", "chat": {"id": -1009, "title": "Ministry"}, "message_id": 4}, "Ministry", ""),
        ({"type": "of_tomorrow"}, "", ""),
    ],
)
def test_the_words_of_others_are_said_to_be_theirs(origin: dict[str, Any], name: str, whose: str) -> None:
    event = posted(text="drink water", forward_origin=origin)
    assert event.text.text == "drink water"
    assert event.uncarried == (Uncarried(kind=UncarriedKind.FORWARDED, detail=name, whose=whose),)
    event = posted(poll={"question": "?", "options": []}, forward_origin=origin)
    assert [item.kind for item in event.uncarried] == [UncarriedKind.FORWARDED, UncarriedKind.POLL]


# --- edits, reactions, votes ----------------------------------------------------------------------------------------


def test_an_edit_says_what_is_shown_now() -> None:
    event = read({"edited_message": message(photo=SIZES, caption="better", edit_date=2)})
    assert isinstance(event, MessageEdited)
    assert (event.files, event.text.text) == ((PHOTO,), "better")


def reacted(*new: dict[str, Any], **fields: Any) -> ReactionsSet:
    change = {"chat": GROUP, "message_id": 77, "user": AMINA, "date": 1, "old_reaction": [], "new_reaction": [*new]}
    event = read({"message_reaction": {**change, **fields}})
    assert isinstance(event, ReactionsSet), event
    return event


def test_reactions_are_all_that_somebody_has_on_a_message_now() -> None:
    event = reacted(
        {"type": "emoji", "emoji": "👍"}, {"type": "custom_emoji", "custom_emoji_id": "9"}, {"type": "paid"}
    )
    assert (event.ref, event.sender.ref.user, event.emojis) == (ref(77), "5", ("👍", "🔹", "⭐"))
    assert reacted().emojis == ()
    event = reacted(user=None, actor_chat=GROUP)
    assert event.sender.anonymous
    assert event.sender.ref.user == "-1001234"
    ours = {"id": ME.id, "is_bot": True, "first_name": "Baraza"}
    change = {"chat": GROUP, "message_id": 77, "user": ours, "date": 1, "old_reaction": [], "new_reaction": []}
    assert read({"message_reaction": change}) is None


def test_where_nobody_says_who_reactions_are_counted() -> None:
    reactions = [
        {"type": {"type": "emoji", "emoji": "🔥"}, "total_count": 3},
        {"type": {"type": "custom_emoji", "custom_emoji_id": "1"}, "total_count": 1},
        {"type": {"type": "custom_emoji", "custom_emoji_id": "2"}, "total_count": 1},
    ]
    event = read({"message_reaction_count": {"chat": GROUP, "message_id": 77, "date": 1, "reactions": reactions}})
    assert isinstance(event, ReactionsCounted)
    assert (event.ref, event.counts) == (ref(77), (("🔥", 3), ("🔹", 2)))


def test_votes_name_the_poll_alone() -> None:
    options = [{"text": "Monday", "voter_count": 4}, {"text": "Tuesday", "voter_count": 0}]
    event = read({"poll": {"id": "51", "question": "?", "options": options, "is_closed": True}})
    assert isinstance(event, PollCounted)
    assert (event.chat, event.ref.message, event.counts, event.closed) == ("", "51", (4, 0), True)
    event = read({"poll_answer": {"poll_id": "51", "user": AMINA, "option_ids": [1]}})
    assert isinstance(event, PollVoted)
    assert (event.sender.ref.user, event.options) == ("5", (1,))
