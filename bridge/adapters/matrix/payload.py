"""The domain's content to Matrix events. Pure."""

import json
from collections.abc import Mapping
from typing import Any

from bridge.adapters.matrix import media_out
from bridge.adapters.matrix.geo import place_content
from bridge.adapters.matrix.html_out import to_body, to_html, web_address
from bridge.adapters.matrix.polls import MOST_ANSWERS, START, poll_content
from bridge.adapters.matrix.profiles import PROFILE, with_hints
from bridge.core.message import Button, Content
from bridge.core.ports import Json, JsonObject
from bridge.core.text import Mark, MarkKind, RichText, joined

DELIVERY = "org.baraza.delivery"
"""In the content of what we send: the key of its delivery, for the time when the server has forgotten it."""
TEXT_LIMIT = 30_000
"""Bytes of UTF-8 in one message."""
MAX_CONTENT = 46_000
"""Bytes of an event's content: an event may have 65,536 with all its signatures, and encryption makes four of three."""
MESSAGE = "m.room.message"
_FEW = 2
"""More choices than these, one under another, are a menu."""
_PLACEHOLDER = "mxc://" + "x" * 500

Files = Mapping[str, Json]
"""Where files lie, by SHA-256: an ``mxc://`` address, or an encrypted file's description."""


def to_payload(content: Content, *, authors: bool = True) -> JsonObject:
    """The event to be, without what only the moment of sending knows: the room, and where the files lie.

    ``content`` is the event's content; ``reactions`` are placed after it; ``reply`` names the message answered, used
    where it is in the same room; ``file`` and ``thumbnail`` are the SHA-256 of what is to be uploaded.
    ``authors``: with the profile of whoever wrote it.
    """
    if len(content.attachments) > 1:
        raise ValueError("a Matrix message carries one file: ask fits() first")
    kind, made = _made(content)
    payload: dict[str, Json] = {
        "type": kind,
        "content": with_hints(made, content, authors=authors),
        "reactions": list(dict.fromkeys(button.emoji for row in content.buttons for button in row if button.emoji)),
    }
    for file in content.attachments:
        payload["file"] = file.sha256
        if file.thumbnail is not None:
            payload["thumbnail"] = file.thumbnail.sha256
    if content.reply_to is not None:
        payload["reply"] = {"chat": str(content.reply_to.chat), "message": str(content.reply_to.message)}
    return payload


def fits(content: Content, most: int = MAX_CONTENT) -> bool:
    """Can this be one event, with room for what the server adds? Its content may have ``most`` bytes."""
    if len(content.attachments) > 1 or len(content.text.text.encode("utf-8", "replace")) > TEXT_LIMIT:
        return False
    alone = content.place is not None, content.poll is not None
    if any(alone) and (all(alone) or content.text or content.attachments or content.buttons):
        return False
    if content.poll is not None and not 1 <= len(content.poll.options) <= MOST_ANSWERS:
        return False
    payload = to_payload(content)
    reply, files = None, {str(payload[key]): _PLACEHOLDER for key in ("file", "thumbnail") if key in payload}
    if content.reply_to is not None:
        reply = "$" + "x" * 250
    final = complete(payload, key="x" * 32, reply_to=reply, thread=reply, files=files)
    return len(json.dumps(final, ensure_ascii=False).encode("utf-8", "replace")) <= most


def complete(
    payload: JsonObject, *, key: str, reply_to: str | None, files: Files, thread: str | None = None
) -> dict[str, Any]:
    """The content as it goes over the wire. The same arguments give the same content.

    ``thread`` is the beginning of the thread in which the message answered stands.
    """
    content = _filed(payload, files)
    if reply_to is not None:
        relation: dict[str, Any] = {"m.in_reply_to": {"event_id": reply_to}}
        if thread is not None:
            relation |= {"rel_type": "m.thread", "event_id": thread, "is_falling_back": False}
        content["m.relates_to"] = relation
    content[DELIVERY] = key
    return content


def replacement(payload: JsonObject, *, event_id: str, files: Files) -> dict[str, Any]:
    """The content of an edit: https://spec.matrix.org/latest/client-server-api/#event-replacements"""
    new = _filed(payload, files)
    body = str(new["body"])
    # Clients that show profiles take the one outside for what the edit is from, the one inside for what it is to be.
    profile = {PROFILE: new[PROFILE]} if PROFILE in new else {}
    return {
        **profile,
        "msgtype": "m.text",
        # Clients that know no edits see the beginning only: the event would not hold the whole text three times.
        "body": "* " + (body if len(body) <= 200 else body[:199] + "…"),
        "m.mentions": {},
        "m.new_content": new,
        "m.relates_to": {"rel_type": "m.replace", "event_id": event_id},
    }


def _filed(payload: JsonObject, files: Files) -> dict[str, Any]:
    made = payload["content"]
    content: dict[str, Any] = dict(made) if isinstance(made, Mapping) else {}
    if "file" in payload:
        _put(content, files[str(payload["file"])], "url", "file")
    if "thumbnail" in payload:
        content["info"] = dict(content["info"])
        where = files.get(str(payload["thumbnail"]))
        if where is None:
            del content["info"]["thumbnail_info"]
        else:
            _put(content["info"], where, "thumbnail_url", "thumbnail_file")
    return content


def _put(holder: dict[str, Any], place: Json, open_key: str, encrypted_key: str) -> None:
    holder[open_key if isinstance(place, str) else encrypted_key] = place


def _made(content: Content) -> tuple[str, dict[str, Json]]:
    """Type and content of the event."""
    if content.poll is not None:
        return START, poll_content(content.poll)
    if content.place is not None:
        return MESSAGE, place_content(content.place)
    text, words = content.text, _button_words(content)
    if words:
        text = joined([text, words], "\n\n") if text else words
    if not content.attachments:
        return MESSAGE, _text_content(text, content)
    file = content.attachments[0]
    if media_out.is_sticker(file) and not text:
        return media_out.STICKER, media_out.sticker_content(file)
    return MESSAGE, media_out.file_content(file, _text_content(text, content) if text else None)


def _text_content(text: RichText, content: Content) -> dict[str, Json]:
    # By the default push rules a notice makes no sound: https://spec.matrix.org/latest/client-server-api/#push-rules
    kind = "m.notice" if content.silent else "m.text"
    made: dict[str, Json] = {"msgtype": kind, "body": to_body(text), "m.mentions": {}}
    html = to_html(text)
    if html is not None:
        made |= {"format": "org.matrix.custom.html", "formatted_body": html}
    return made


def _button_words(content: Content) -> RichText:
    """What can be chosen, as the last line: Matrix has no buttons, so the reactions need their meaning said.

    A menu, one choice under another, stays one.
    """
    is_menu = len(content.buttons) > _FEW and all(len(row) == 1 for row in content.buttons)
    return joined([_words(button) for row in content.buttons for button in row], "\n" if is_menu else " · ")


def _words(button: Button) -> RichText:
    if button.url and web_address(button.url):
        return RichText(button.label, (Mark(0, len(button.label), MarkKind.LINK, button.url),))
    started = not button.emoji or button.label.startswith(button.emoji)
    return RichText(button.label if started else f"{button.emoji} {button.label}")
