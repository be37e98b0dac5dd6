"""What we ask of Telegram, and what fits into one message."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bridge.adapters.telegram.convert import fits, to_edit, to_payload
from bridge.adapters.telegram.media import FILE_FIELD
from bridge.core.ids import AccountId, ChatId, MessageId, RemoteRef
from bridge.core.message import Attachment, AttachmentKind, Button, Content, Place, Poll, Thumbnail
from bridge.core.text import Mark, MarkKind, RichText, plain

GROUP = ChatId("-1001")
TOPIC = ChatId("-1001/45")
HASH = "ab" * 32


def photo(size: int = 1000, width: int | None = 800, height: int | None = 600) -> Attachment:
    return Attachment(
        sha256=HASH, kind=AttachmentKind.PHOTO, mime="image/jpeg", size=size, name="p.jpg", width=width, height=height
    )


def document(size: int = 1000) -> Attachment:
    return Attachment(sha256=HASH, kind=AttachmentKind.DOCUMENT, mime="application/pdf", size=size, name="d.pdf")


def file(kind: AttachmentKind, mime: str, **facts: Any) -> Attachment:
    return Attachment(**{"sha256": HASH, "kind": kind, "mime": mime, "size": 1000, "name": "f", **facts})


FILM = file(AttachmentKind.VIDEO, "video/mp4", width=640, height=360, duration=timedelta(seconds=65.4))
SONG = file(AttachmentKind.AUDIO, "audio/mpeg", title="Wimbo", performer="Fadhili", duration=timedelta(seconds=61))
VOICE = file(AttachmentKind.VOICE, "audio/ogg", duration=timedelta(seconds=5))
CLINIC = Place(latitude=-1.283334, longitude=36.8, title="Clinic", address="Main road")
DAYS = Poll(question="Which day?", options=("Monday", "Tuesday"))


def replying(chat: str, account: str = "telegram") -> Content:
    return Content(text=plain("x"), reply_to=RemoteRef(AccountId(account), ChatId(chat), MessageId("9")))


def payload(chat: ChatId, content: Content) -> dict[str, Any]:
    made = to_payload(chat, content, AccountId("telegram"))
    assert isinstance(made, dict)
    assert json.loads(json.dumps(made)) == made
    return made


def test_a_text_is_sent_with_entities_and_never_parsed() -> None:
    text = RichText("<b>a_b*</b>", (Mark(3, 7, MarkKind.BOLD),))
    assert payload(GROUP, Content(text=text)) == {
        "method": "sendMessage",
        "chat_id": -1001,
        "text": "<b>a_b*</b>",
        "entities": [{"type": "bold", "offset": 3, "length": 4}],
        "link_preview_options": {"is_disabled": True},
    }


def test_a_topic_is_named_beside_its_chat() -> None:
    made = payload(TOPIC, Content(text=plain("x")))
    assert (made["chat_id"], made["message_thread_id"]) == (-1001, 45)
    assert "message_thread_id" not in payload(GROUP, Content(text=plain("x")))


def test_a_file_is_named_by_its_hash_and_carries_the_text_as_its_caption() -> None:
    text = RichText("word", (Mark(0, 4, MarkKind.BOLD),))
    made = payload(GROUP, Content(text=text, attachments=(photo(),)))
    assert made == {
        "method": "sendPhoto",
        "chat_id": -1001,
        "photo": HASH,
        "caption": "word",
        "caption_entities": [{"type": "bold", "offset": 0, "length": 4}],
    }
    made = payload(GROUP, Content(attachments=(document(),)))
    assert made == {
        "method": "sendDocument",
        "chat_id": -1001,
        "document": HASH,
        "disable_content_type_detection": True,
    }


NOTE = file(AttachmentKind.VIDEO_NOTE, "video/mp4", width=240, height=240, duration=timedelta(seconds=60))
STICKER = file(AttachmentKind.STICKER, "image/webp", width=512, height=300)


@pytest.mark.parametrize(
    ("attachment", "alone", "beside_text"),
    [
        (photo(), "sendPhoto", "sendPhoto"),
        (photo(width=9000, height=1500), "sendDocument", "sendDocument"),
        (photo(width=4000, height=100), "sendDocument", "sendDocument"),
        (photo(width=100, height=4000), "sendDocument", "sendDocument"),
        (photo(size=10_000_001), "sendDocument", "sendDocument"),
        (replace(photo(), mime="image/heic"), "sendDocument", "sendDocument"),
        (replace(photo(), mime="image/gif"), "sendAnimation", "sendAnimation"),
        (file(AttachmentKind.ANIMATION, "image/gif"), "sendAnimation", "sendAnimation"),
        (file(AttachmentKind.ANIMATION, "video/mp4"), "sendAnimation", "sendAnimation"),
        (file(AttachmentKind.ANIMATION, "image/webp"), "sendDocument", "sendDocument"),
        (FILM, "sendVideo", "sendVideo"),
        (replace(FILM, mime="video/webm"), "sendDocument", "sendDocument"),
        (SONG, "sendAudio", "sendAudio"),
        (replace(SONG, mime="audio/ogg"), "sendAudio", "sendAudio"),
        (replace(SONG, mime="audio/flac"), "sendDocument", "sendDocument"),
        (VOICE, "sendVoice", "sendVoice"),
        (replace(VOICE, mime="audio/ogg; codecs=opus"), "sendVoice", "sendVoice"),
        (replace(VOICE, mime="audio/wav"), "sendDocument", "sendDocument"),
        # Neither of these two can have a text beside it.
        (NOTE, "sendVideoNote", "sendVideo"),
        (replace(NOTE, width=320), "sendVideo", "sendVideo"),
        (replace(NOTE, duration=timedelta(seconds=61)), "sendVideo", "sendVideo"),
        (STICKER, "sendSticker", "sendPhoto"),
        (replace(STICKER, width=600), "sendPhoto", "sendPhoto"),
        (replace(STICKER, mime="image/png"), "sendPhoto", "sendPhoto"),
        (replace(STICKER, mime="video/webm"), "sendSticker", "sendDocument"),
        (document(), "sendDocument", "sendDocument"),
    ],
)
def test_a_file_goes_as_what_shows_it(attachment: Attachment, alone: str, beside_text: str) -> None:
    for text, method in (("", alone), ("look", beside_text)):
        content = Content(text=plain(text), attachments=(attachment,))
        made = payload(GROUP, content)
        assert (made["method"], made.get("caption", "")) == (method, text)
        assert made[FILE_FIELD[method]] == HASH
        assert fits(content)


SMALL = Thumbnail(sha256="cd" * 32, mime="image/jpeg", size=9000, width=320, height=180)


def test_what_is_known_of_a_file_goes_along() -> None:
    made = payload(GROUP, Content(attachments=(replace(FILM, spoiler=True, thumbnail=SMALL),)))
    assert made == {
        "method": "sendVideo",
        "chat_id": -1001,
        "video": HASH,
        "duration": 65,
        "width": 640,
        "height": 360,
        "has_spoiler": True,
        "supports_streaming": True,
        "thumbnail": SMALL.sha256,
    }
    assert payload(GROUP, Content(attachments=(SONG,))) == {
        "method": "sendAudio",
        "chat_id": -1001,
        "audio": HASH,
        "duration": 61,
        "title": "Wimbo",
        "performer": "Fadhili",
    }
    assert payload(GROUP, Content(attachments=(NOTE,)))["length"] == 240
    assert payload(GROUP, Content(attachments=(replace(photo(), spoiler=True),)))["has_spoiler"] is True
    for unfit in (replace(SMALL, width=321), replace(SMALL, size=200_001), replace(SMALL, mime="image/png")):
        assert "thumbnail" not in payload(GROUP, Content(attachments=(replace(FILM, thumbnail=unfit),)))


def test_an_album_keeps_its_order_and_its_text_stands_at_its_first() -> None:
    text = RichText("word", (Mark(0, 4, MarkKind.BOLD),))
    made = payload(TOPIC, Content(text=text, attachments=(photo(), FILM), asks_reply=True, silent=True))
    assert made == {
        "method": "sendMediaGroup",
        "chat_id": -1001,
        "message_thread_id": 45,
        "media": [
            {
                "type": "photo",
                "media": HASH,
                "caption": "word",
                "caption_entities": [{"type": "bold", "offset": 0, "length": 4}],
            },
            {
                "type": "video",
                "media": HASH,
                "duration": 65,
                "width": 640,
                "height": 360,
                "supports_streaming": True,
            },
        ],
        "disable_notification": True,
    }


def test_what_a_picture_shows_is_said_where_the_text_does_not_say_it() -> None:
    described = replace(photo(), alt="a  red\ndoor")
    made = payload(GROUP, Content(text=plain("Look"), attachments=(described,)))
    assert made["caption"] == "Look\n\n🖼 a red door"
    assert made["caption_entities"] == [{"type": "italic", "offset": 6, "length": 13}]
    made = payload(GROUP, Content(text=plain("Look: a red door"), attachments=(described,)))
    assert made["caption"] == "Look: a red door"
    made = payload(GROUP, Content(attachments=(photo(), described)))
    assert made["media"][0]["caption"] == "🖼 2: a red door"
    assert "caption" not in payload(GROUP, Content(attachments=(replace(STICKER, alt="👍"),)))


def test_places() -> None:
    assert payload(GROUP, Content(place=CLINIC)) == {
        "method": "sendVenue",
        "chat_id": -1001,
        "latitude": -1.283334,
        "longitude": 36.8,
        "title": "Clinic",
        "address": "Main road",
    }
    assert payload(GROUP, Content(place=replace(CLINIC, address="")))["address"] == "-1.28333, 36.80000"
    assert payload(GROUP, Content(place=replace(CLINIC, title="", accuracy=30.0))) == {
        "method": "sendLocation",
        "chat_id": -1001,
        "latitude": -1.283334,
        "longitude": 36.8,
        "horizontal_accuracy": 30.0,
    }


def test_a_poll_is_anonymous() -> None:
    assert payload(GROUP, Content(poll=replace(DAYS, multiple=True))) == {
        "method": "sendPoll",
        "chat_id": -1001,
        "question": "Which day?",
        "options": [{"text": "Monday"}, {"text": "Tuesday"}],
        "is_anonymous": True,
        "allows_multiple_answers": True,
    }


def test_previews_are_shown_where_the_moderator_left_them_on() -> None:
    made = payload(GROUP, Content(text=plain("https://who.int"), previews=True))
    assert made["link_preview_options"] == {"is_disabled": False}


@pytest.mark.parametrize(
    ("chat", "answered", "threaded"),
    [
        (GROUP, "-1001", True),
        (TOPIC, "-1001", True),
        (TOPIC, "-1001/45", True),
        (GROUP, "-1001/45", True),
        (GROUP, "-1002", False),
        (GROUP, "-10011", False),
    ],
)
def test_a_reply_is_threaded_only_within_its_chat(chat: ChatId, answered: str, threaded: bool) -> None:
    made = payload(chat, replying(answered))
    expected = {"message_id": 9, "allow_sending_without_reply": True} if threaded else None
    assert made.get("reply_parameters") == expected


def test_a_reply_to_another_accounts_message_is_a_plain_message() -> None:
    assert "reply_parameters" not in payload(GROUP, replying("-1001", "second-bot"))


def test_buttons_press_or_open() -> None:
    rows = ((Button(label="Yes", handle="h" * 32), Button(label="Open", url="https://example.org/")), ())
    made = payload(GROUP, Content(text=plain("x"), buttons=rows, asks_reply=True, silent=True))
    assert made["reply_markup"] == {
        "inline_keyboard": [
            [{"text": "Yes", "callback_data": "h" * 32}, {"text": "Open", "url": "https://example.org/"}]
        ]
    }
    assert made["disable_notification"] is True


def test_asking_for_a_reply_opens_one() -> None:
    made = payload(GROUP, Content(text=plain("x"), asks_reply=True))
    assert made["reply_markup"] == {"force_reply": True, "selective": True}


def test_half_characters_do_not_go_out() -> None:
    assert payload(GROUP, Content(text=plain("a\ud83db")))["text"] == "a\ufffdb"


def test_an_edit_says_what_stays_and_removes_the_keyboard() -> None:
    sent = payload(TOPIC, replying("-1001"))
    assert changed(sent) == ("editMessageText", {"text": "x", "link_preview_options": {"is_disabled": True}})
    asking = payload(GROUP, Content(text=plain("x"), asks_reply=True))
    assert "reply_markup" not in changed(asking)[1]
    keyed = payload(GROUP, Content(text=plain("x"), buttons=((Button(label="Y", handle="h"),),)))
    assert changed(keyed)[1]["reply_markup"] == keyed["reply_markup"]


def changed(sent: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    change = to_edit(sent)
    assert change is not None
    return change


def test_an_edit_gives_a_message_its_file_too() -> None:
    content = Content(text=plain("word"), attachments=(replace(FILM, thumbnail=SMALL),), silent=True)
    item = {
        "type": "video",
        "media": HASH,
        "caption": "word",
        "duration": 65,
        "width": 640,
        "height": 360,
        "supports_streaming": True,
        "thumbnail": SMALL.sha256,
    }
    assert changed(payload(TOPIC, content)) == ("editMessageMedia", {"media": item})
    album = payload(GROUP, replace(content, attachments=(photo(), FILM)))
    item = {"type": "photo", "media": HASH, "caption": "word"}
    assert changed(album) == ("editMessageMedia", {"media": item})
    voice = payload(GROUP, Content(text=plain("word"), attachments=(VOICE,)))
    assert changed(voice) == ("editMessageCaption", {"caption": "word"})


@pytest.mark.parametrize(
    "content",
    [Content(place=CLINIC), Content(poll=DAYS), Content(attachments=(NOTE,)), Content(attachments=(STICKER,))],
)
def test_what_telegram_cannot_change_is_not_tried(content: Content) -> None:
    assert to_edit(payload(GROUP, content)) is None


def test_calls_of_all_are_defused_and_counted() -> None:
    text = RichText("@all " * 800 + "end", (Mark(4000, 4003, MarkKind.BOLD),))
    payload = to_payload(ChatId("-1001"), Content(text=RichText("see @all now", (Mark(9, 12, MarkKind.BOLD),))))
    assert payload["text"] == "see @\u2060all now"
    assert payload["entities"] == [{"type": "bold", "offset": 10, "length": 3}]
    assert len(text) <= 4096
    assert not fits(Content(text=text)), "800 unseen characters more are too many"
