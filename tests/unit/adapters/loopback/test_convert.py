"""Lines of the invented network to events and back, as tables."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from bridge.adapters.loopback.capabilities import RICH, THIN
from bridge.adapters.loopback.convert import fits, to_event, to_payload
from bridge.core.events import ButtonPressed, ChatKind, MessageDeleted, MessageEdited, MessagePosted, Unreadable
from bridge.core.ids import AccountId, ChatId, MessageId, RemoteRef
from bridge.core.message import Attachment, AttachmentKind, Button, Content, Place, Uncarried, UncarriedKind
from bridge.core.text import Mark, MarkKind, RichText, plain

ACCOUNT = AccountId("sms")
VILLAGE = ChatId("village")
NOW = datetime(2026, 5, 1, tzinfo=UTC)


def read(raw: bytes) -> Any:
    return to_event(raw, account=ACCOUNT, at=NOW, position=42)


def line(**fields: object) -> bytes:
    return json.dumps({"id": "m1", "chat": "village", "user": "amina", **fields}).encode() + b"\n"


def ref(message: str) -> RemoteRef:
    return RemoteRef(ACCOUNT, VILLAGE, MessageId(message))


def test_a_post() -> None:
    event = read(line(name="Amina", text="Hello all", marks=[[0, 5, "bold", ""]], reply_to="b3", private=True))
    assert isinstance(event, MessagePosted)
    assert event.ref == ref("m1")
    assert event.key == "id:m1"
    assert event.at == NOW
    assert event.text == RichText("Hello all", (Mark(0, 5, MarkKind.BOLD),))
    assert event.reply_to == ref("b3")
    assert event.chat_kind is ChatKind.PRIVATE
    assert event.sender.name == "Amina"
    assert event.sender.direct == "amina"
    assert json.loads(event.raw)["text"] == "Hello all"


def test_a_post_with_a_file_and_one_with_a_place() -> None:
    photo = read(line(file="wound.jpg"))
    assert [(f.kind, f.mime) for f in photo.files] == [(AttachmentKind.PHOTO, "image/jpeg")]
    place = read(line(other="location", words="the clinic"))
    assert place.uncarried == (Uncarried(kind=UncarriedKind.LOCATION, detail="the clinic"),)


@pytest.mark.parametrize(("text", "command"), [("/start abc", True), ("start", False)])
def test_a_command_begins_with_a_slash(text: str, command: bool) -> None:
    assert read(line(text=text)).is_command is command


def test_what_is_done_to_a_post() -> None:
    edited, deleted = read(line(edit="m0", text="New")), read(line(delete="m0"))
    assert isinstance(edited, MessageEdited)
    assert (edited.ref, edited.text) == (ref("m0"), plain("New"))
    assert isinstance(deleted, MessageDeleted)
    assert deleted.ref == ref("m0")
    pressed = read(line(press="handle", message="b1"))
    assert isinstance(pressed, ButtonPressed)
    assert (pressed.handle, pressed.ref, pressed.press) == ("handle", ref("b1"), "m1")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\n",
        b"nothing\n",
        b"null\n",
        b"\x00\xff\n",
        line(text=None),
        line(id=5),
        line(id="with space"),
        line(id="x" * 65),
        line(chat=""),
        line(private="yes"),
        line(place=[float("nan"), 36.8]),
        line(place=[-1.3, float("inf")]),
        line(file="../secret"),
        line(file="/etc/passwd"),
        line(file=".."),
        line(other="unheard-of"),
        line(marks=[["0", 1, "bold", ""]]),
        line(surprise=1),
        line(text="x")[:-5],
    ],
)
def test_what_makes_no_sense_is_unreadable(raw: bytes) -> None:
    event = read(raw)
    assert isinstance(event, Unreadable)
    assert event.key == "at:42"
    assert event.reason
    assert event.raw == raw.decode("utf-8", "replace").strip()


def test_the_reason_repeats_no_text() -> None:
    event = read(line(text=["Amina has a fever"]))
    assert isinstance(event, Unreadable)
    assert "fever" not in event.reason


def attachment(size: int = 10) -> Attachment:
    return Attachment(sha256="ab", kind=AttachmentKind.DOCUMENT, mime="text/plain", size=size, name="a.txt")


FULL = Content(
    text=RichText("Hello", (Mark(0, 5, MarkKind.BOLD),)),
    attachments=(attachment(),),
    buttons=((Button(label="Yes", handle="h"),),),
    reply_to=ref("m1"),
)


def test_a_rich_payload_has_everything() -> None:
    assert to_payload(RICH, VILLAGE, FULL) == {
        "text": "Hello",
        "marks": [[0, 5, "bold", ""]],
        "reply_to": "m1",
        "files": [{"sha256": "ab", "kind": "document", "name": "a.txt", "mime": "text/plain", "size": 10}],
        "buttons": [[{"label": "Yes", "press": "h", "url": ""}]],
    }


def test_a_thin_payload_is_text() -> None:
    content = Content(text=FULL.text, buttons=FULL.buttons, reply_to=FULL.reply_to)
    assert to_payload(THIN, VILLAGE, content) == {"text": "Hello"}


def test_a_reply_across_chats_is_no_reply() -> None:
    assert "reply_to" not in to_payload(RICH, ChatId("town"), FULL)


@pytest.mark.parametrize(
    ("thin", "content", "expected"),
    [
        (True, Content(text=plain("x" * 459)), True),
        (True, Content(text=plain("x" * 460)), False),
        (True, Content(attachments=(attachment(),)), False),
        (False, Content(text=plain("x" * 4096)), True),
        (False, Content(text=plain("x" * 4097)), False),
        (False, Content(text=plain("x" * 1024), attachments=(attachment(),)), True),
        (False, Content(text=plain("x" * 1025), attachments=(attachment(),)), False),
        (True, Content(place=Place(latitude=1, longitude=2)), False),
        (False, Content(place=Place(latitude=1, longitude=2)), True),
        (False, Content(attachments=(attachment(), attachment())), True),
        (False, Content(attachments=(attachment(), replace(attachment(), kind=AttachmentKind.VOICE))), False),
        (False, Content(attachments=(attachment(),) * 11), False),
        (False, Content(attachments=(attachment(20_000_001),)), False),
    ],
)
def test_fits(thin: bool, content: Content, expected: bool) -> None:
    assert fits(THIN if thin else RICH, content) is expected
