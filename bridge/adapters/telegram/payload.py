"""Neutral content as the Bot API takes it, and whether it fits. Pure; works on plain JSON."""

from collections.abc import Mapping
from typing import Any, Final

from bridge.adapters.telegram.entities import (
    MAX_ENTITIES,
    outgoing,
    to_entities,
    usable_url,
    utf16_length,
)
from bridge.core.ids import AccountId, ChatId
from bridge.core.message import Attachment, AttachmentKind, Button, Content
from bridge.core.ports import JsonObject

TEXT_LIMIT: Final = 4096
CAPTION_LIMIT: Final = 1024
MAX_PHOTO: Final = 10_000_000
MAX_DOCUMENT: Final = 50_000_000
"""Bytes a bot may send: https://core.telegram.org/bots/api#sending-files"""
MAX_BUTTONS: Final = 100
MAX_BUTTON_DATA: Final = 64

FILE_FIELD: Final[Mapping[str, str]] = {"sendPhoto": "photo", "sendDocument": "document"}
"""Which parameter of a method takes the file. In a payload it holds the file's sha256."""


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


def fits(content: Content) -> bool:
    """Can this be one message on Telegram?"""
    buttons = [button for row in content.buttons for button in row]
    if len(buttons) > MAX_BUTTONS or not all(map(_button_fits, buttons)):
        return False
    limit = CAPTION_LIMIT if content.attachments else TEXT_LIMIT
    if len(content.text) > limit:
        return False
    text = outgoing(content.text)
    if utf16_length(text.text) > limit or len(to_entities(text)) > MAX_ENTITIES:
        return False
    if not content.attachments:
        return bool(content.text.text.strip())
    attachment = content.attachments[0]
    most = {AttachmentKind.PHOTO: MAX_PHOTO, AttachmentKind.DOCUMENT: MAX_DOCUMENT}.get(attachment.kind, -1)
    return len(content.attachments) == 1 and 0 < attachment.size <= most


def to_payload(chat: ChatId, content: Content, account: AccountId | None = None) -> JsonObject:
    """A method and its parameters. ``account``: replies to messages of other accounts go out as plain messages."""
    text = outgoing(content.text)
    entities = to_entities(text)
    payload: dict[str, Any] = address(chat)
    if content.attachments:
        attachment = content.attachments[0]
        payload["method"] = "sendPhoto" if _is_photo(attachment) else "sendDocument"
        payload[FILE_FIELD[payload["method"]]] = attachment.sha256
        if text:
            payload["caption"] = text.text
        if entities:
            payload["caption_entities"] = entities
    else:
        payload["method"] = "sendMessage"
        payload["text"] = text.text
        payload["link_preview_options"] = {"is_disabled": True}
        if entities:
            payload["entities"] = entities
    reply = content.reply_to
    # Message ids mean something only in their own chat; topics of one group share them.
    if (
        reply is not None
        and split_chat(reply.chat)[0] == split_chat(chat)[0]
        and account in (None, reply.account)
        and reply.message.isdecimal()
    ):
        payload["reply_parameters"] = {"message_id": int(reply.message), "allow_sending_without_reply": True}
    if keyboard := [keys for row in content.buttons if (keys := [_key(b) for b in row if b.handle or b.url])]:
        payload["reply_markup"] = {"inline_keyboard": keyboard}
    elif content.asks_reply:
        payload["reply_markup"] = {"force_reply": True, "selective": True}
    if content.silent:
        payload["disable_notification"] = True
    return payload


def _is_photo(attachment: Attachment) -> bool:
    if attachment.kind is not AttachmentKind.PHOTO:
        return False
    # https://core.telegram.org/bots/api#sendphoto: what is longer or thinner still goes as a document.
    width, height = attachment.width, attachment.height
    return not width or not height or (width + height <= 10_000 and max(width, height) <= 20 * min(width, height))


def _button_fits(button: Button) -> bool:
    if button.url:
        return bool(button.label) and usable_url(button.url)
    return bool(button.label) and len(button.handle.encode("utf-8", "replace")) <= MAX_BUTTON_DATA


def _key(button: Button) -> dict[str, str]:
    if button.url:
        return {"text": button.label, "url": button.url}
    return {"text": button.label, "callback_data": button.handle}


# --- edits ----------------------------------------------------------------------------------------------------------


def to_edit(payload: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The method and the parameters (without the address) that give a sent message this payload's text and keyboard.

    A keyboard that the payload does not name is removed by Telegram. The file of a message stays.
    """
    method = "editMessageCaption" if payload.get("method") in FILE_FIELD else "editMessageText"
    names = ("caption", "caption_entities", "text", "entities", "link_preview_options")
    params = {name: payload[name] for name in names if name in payload}
    markup = payload.get("reply_markup")
    if isinstance(markup, Mapping) and "inline_keyboard" in markup:  # the only kind an edit takes
        params["reply_markup"] = markup
    return method, params
