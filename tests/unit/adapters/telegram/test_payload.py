"""What we ask of Telegram, and what fits into one message."""

import json
from typing import Any

import pytest

from bridge.adapters.telegram.convert import fits, to_edit, to_payload
from bridge.core.ids import AccountId, ChatId, MessageId, RemoteRef
from bridge.core.message import Attachment, AttachmentKind, Button, Content
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
    assert made == {"method": "sendDocument", "chat_id": -1001, "document": HASH}


@pytest.mark.parametrize(("width", "height"), [(9000, 1500), (4000, 100), (100, 4000)])
def test_a_photo_of_impossible_shape_goes_as_a_document(width: int, height: int) -> None:
    assert payload(GROUP, Content(attachments=(photo(width=width, height=height),)))["method"] == "sendDocument"


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
        (Content(attachments=(photo(size=10_000_001),)), False),
        (Content(attachments=(document(size=50_000_000),)), True),
        (Content(attachments=(document(size=50_000_001),)), False),
        (Content(attachments=(document(size=0),)), False),
        (Content(attachments=(photo(), photo())), False),
        (
            Content(
                attachments=(
                    Attachment(sha256=HASH, kind=AttachmentKind.VIDEO, mime="video/mp4", size=5, name="v.mp4"),
                )
            ),
            False,
        ),
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


def test_an_edit_says_what_stays_and_removes_the_keyboard() -> None:
    sent = payload(TOPIC, replying("-1001"))
    assert to_edit(sent) == ("editMessageText", {"text": "x", "link_preview_options": {"is_disabled": True}})
    asking = payload(GROUP, Content(text=plain("x"), asks_reply=True))
    assert "reply_markup" not in to_edit(asking)[1]
    keyed = payload(GROUP, Content(text=plain("x"), buttons=((Button(label="Y", handle="h"),),)))
    assert to_edit(keyed)[1]["reply_markup"] == keyed["reply_markup"]
    method, params = to_edit(payload(GROUP, Content(text=plain("word"), attachments=(photo(),))))
    assert (method, params) == ("editMessageCaption", {"caption": "word"})


def test_calls_of_all_are_defused_and_counted() -> None:
    text = RichText("@all " * 800 + "end", (Mark(4000, 4003, MarkKind.BOLD),))
    payload = to_payload(ChatId("-1001"), Content(text=RichText("see @all now", (Mark(9, 12, MarkKind.BOLD),))))
    assert payload["text"] == "see @\u2060all now"
    assert payload["entities"] == [{"type": "bold", "offset": 10, "length": 3}]
    assert len(text) <= 4096
    assert not fits(Content(text=text)), "800 unseen characters more are too many"
