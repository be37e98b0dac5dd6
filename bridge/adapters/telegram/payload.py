"""Neutral content as the Bot API takes it, and whether it fits. Pure; works on plain JSON."""

from collections.abc import Mapping
from typing import Any, Final

from bridge.adapters.telegram import media
from bridge.adapters.telegram.capabilities import CAPTION_LIMIT, MAX_UPLOAD, TEXT_LIMIT
from bridge.adapters.telegram.entities import (
    MAX_ENTITIES,
    outgoing,
    to_entities,
    usable_url,
    utf16_length,
    without_surrogates,
)
from bridge.core.ids import AccountId, ChatId
from bridge.core.message import Button, Content, Place, Poll
from bridge.core.ports import JsonObject

_ENVELOPE: Final = frozenset(
    {"method", "chat_id", "message_thread_id", "reply_parameters", "reply_markup", "disable_notification"}
)
MAX_BUTTONS: Final = 100
MAX_BUTTON_DATA: Final = 64
MAX_QUESTION, MAX_ANSWER, MAX_ANSWERS = 300, 100, 12
"""https://core.telegram.org/bots/api#sendpoll"""
_MAX_ACCURACY: Final = 1500.0


def split_chat(chat: ChatId) -> tuple[str, str]:
    """A chat's own id and its topic's: ``-1001/45`` -> (``-1001``, ``45``); the topic is empty where there is none."""
    base, _, topic = chat.partition("/")
    return base, topic


def address(chat: ChatId) -> dict[str, Any]:
    """``chat_id`` and, for a topic, ``message_thread_id``."""
    base, topic = split_chat(chat)
    where: dict[str, Any] = {"chat_id": int(base) if base.lstrip("-").isdecimal() else base}
    if topic.isdecimal():
        where["message_thread_id"] = int(topic)
    return where


def fits(content: Content, limit: int = MAX_UPLOAD) -> bool:
    """Can this be one message on Telegram (or the messages of one album)? ``limit``: bytes of its files."""
    buttons = [button for row in content.buttons for button in row]
    if len(buttons) > MAX_BUTTONS or not all(map(_button_fits, buttons)):
        return False
    if content.place is not None or content.poll is not None:
        alone = not content.text and not content.attachments and (content.place is None or content.poll is None)
        return alone and (content.place is None or _place_fits(content.place)) and _poll_fits(content.poll)
    most = CAPTION_LIMIT if content.attachments else TEXT_LIMIT
    if len(content.text) > most:  # asked often while a text is cut: what is far too long is seen at once
        return False
    text = outgoing(media.caption(content))
    if utf16_length(text.text) > most or len(to_entities(text)) > MAX_ENTITIES:
        return False
    return media.fits(content, limit) if content.attachments else bool(text.text.strip())


def _place_fits(place: Place) -> bool:
    return -90 <= place.latitude <= 90 and -180 <= place.longitude <= 180  # not a number is neither


def _poll_fits(poll: Poll | None) -> bool:
    """Shortened, a question or an answer would be another one: a poll that is too long goes as words instead."""
    if poll is None:
        return True
    answers = [answer.strip() for answer in poll.options]
    return (
        0 < utf16_length(poll.question.strip()) <= MAX_QUESTION
        and 2 <= len(answers) <= MAX_ANSWERS
        and len(set(answers)) == len(answers)
        and all(0 < utf16_length(answer) <= MAX_ANSWER for answer in answers)
    )


def to_payload(
    chat: ChatId, content: Content, account: AccountId | None = None, said: Mapping[str, Any] | None = None
) -> JsonObject:
    """A method and its parameters. ``account``: replies to messages of other accounts go out as plain messages.

    ``said``: the content's ``body``, where it has been made for another chat already.
    """
    payload: dict[str, Any] = {**address(chat), **(body(content) if said is None else said)}
    reply = content.reply_to
    # Message ids mean something only in their own chat; topics of one group share them.
    if (
        reply is not None
        and split_chat(reply.chat)[0] == split_chat(chat)[0]
        and account in (None, reply.account)
        and reply.message.isdecimal()
    ):
        payload["reply_parameters"] = {"message_id": int(reply.message), "allow_sending_without_reply": True}
    if payload["method"] != "sendMediaGroup":  # the one kind of message without a keyboard
        payload |= _markup(content)
    if content.silent:
        payload["disable_notification"] = True
    return payload


def body(content: Content) -> dict[str, Any]:
    """What is said, which is the same in every chat: a method, and its parameters but for where and how."""
    if content.place is not None:
        return _place(content.place)
    if content.poll is not None:
        return _poll(content.poll)
    text = outgoing(media.caption(content))
    entities = to_entities(text)
    if not content.attachments:
        said: dict[str, Any] = {"method": "sendMessage", "text": text.text}
        said["link_preview_options"] = {"is_disabled": not content.previews}
        return said | ({"entities": entities} if entities else {})
    caption: dict[str, Any] = {"caption": text.text} if text else {}
    if entities:
        caption["caption_entities"] = entities
    album = len(content.attachments) > 1
    items = [media.described(each, captioned=album or bool(text)) for each in content.attachments]
    items[0] |= caption  # an app shows it beneath the whole album where no other item has one
    if album:
        return {"method": "sendMediaGroup", "media": items}
    kind, sha256 = items[0].pop("type"), items[0].pop("media")
    return {"method": media.METHOD[kind], kind: sha256, **items[0]}


def _place(place: Place) -> dict[str, Any]:
    point: dict[str, Any] = {"latitude": place.latitude, "longitude": place.longitude}
    if place.title:
        where = f"{place.latitude:.5f}, {place.longitude:.5f}"  # Telegram takes no venue without an address
        titles = {"title": without_surrogates(place.title), "address": without_surrogates(place.address) or where}
        return {"method": "sendVenue", **point, **titles}
    if place.accuracy is not None and 0 <= place.accuracy <= _MAX_ACCURACY:
        point["horizontal_accuracy"] = place.accuracy
    return {"method": "sendLocation", **point}


def _poll(poll: Poll) -> dict[str, Any]:
    return {
        "method": "sendPoll",
        "question": without_surrogates(poll.question.strip()),
        "options": [{"text": without_surrogates(answer.strip())} for answer in poll.options],
        "is_anonymous": True,
        "allows_multiple_answers": poll.multiple,
    }


def _markup(content: Content) -> dict[str, Any]:
    if keyboard := [keys for row in content.buttons if (keys := [_key(b) for b in row if b.handle or b.url])]:
        return {"reply_markup": {"inline_keyboard": keyboard}}
    return {"reply_markup": {"force_reply": True, "selective": True}} if content.asks_reply else {}


def _button_fits(button: Button) -> bool:
    if button.url:
        return bool(button.label) and usable_url(button.url)
    return bool(button.label) and len(button.handle.encode("utf-8", "replace")) <= MAX_BUTTON_DATA


def _key(button: Button) -> dict[str, str]:
    if button.url:
        return {"text": button.label, "url": button.url}
    return {"text": button.label, "callback_data": button.handle}


# --- edits ----------------------------------------------------------------------------------------------------------


def to_edit(payload: Mapping[str, Any], item: int = 0) -> tuple[str, dict[str, Any]] | None:
    """The method and the parameters (without the address) that make a sent message this payload.

    A keyboard that the payload does not name is removed by Telegram. Of an album it is one message: ``item``, from 1,
    or else the first. None for what cannot be changed once it is sent.
    """
    method = payload.get("method")
    if method in ("sendMessage", "sendVoice"):  # the sound of a voice message cannot be replaced
        names = ("text", "entities", "link_preview_options", "caption", "caption_entities")
        words = {name: payload[name] for name in names if name in payload}
        return "editMessageText" if method == "sendMessage" else "editMessageCaption", words | _kept_markup(payload)
    if method == "sendMediaGroup":
        return "editMessageMedia", {"media": payload["media"][max(item, 1) - 1]}
    kind = media.FILE_FIELD.get(str(method), "")
    if kind not in media.EDITABLE:
        return None
    shown = {"type": kind, "media": payload[kind]}
    shown |= {name: value for name, value in payload.items() if name not in {*_ENVELOPE, kind}}
    return "editMessageMedia", {"media": shown, **_kept_markup(payload)}


def _kept_markup(payload: Mapping[str, Any]) -> dict[str, Any]:
    markup = payload.get("reply_markup")
    # The only kind that an edit takes.
    return {"reply_markup": markup} if isinstance(markup, Mapping) and "inline_keyboard" in markup else {}
