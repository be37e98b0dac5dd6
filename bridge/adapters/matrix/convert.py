"""Matrix events to the domain's events, and the domain's content to Matrix events. Pure."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote

from bridge.adapters.matrix.html_out import defused, to_body, to_html, web_address
from bridge.adapters.matrix.message_in import Malformed, Parts, read_message, read_other
from bridge.core.events import (
    BotMembershipChanged,
    ChatKind,
    ChatMoved,
    ChatRenamed,
    InboundEvent,
    MessageDeleted,
    MessageEdited,
    MessagePosted,
    Reacted,
    Sender,
    Unreadable,
)
from bridge.core.ids import AccountId, ChatId, MessageId, RemoteRef, UserId, UserRef
from bridge.core.message import AttachmentKind, Button, Content, Uncarried, UncarriedKind
from bridge.core.ports import Json, JsonObject
from bridge.core.text import Mark, MarkKind, RichText, joined

DELIVERY = "org.baraza.delivery"
"""In the content of what we send: the key of its delivery, for the time when the server has forgotten it."""
TEXT_LIMIT = 30_000
"""Bytes of UTF-8 in one message."""
_MAX_CONTENT = 60_000  # an event may have 65,536 bytes with all its signatures; the text is in it twice
_COMMAND = re.compile(r"[/!][a-z]+(\s|$)")
_FEW = 2
"""More choices than these, one under another, are a menu."""
_PLACEHOLDER = "mxc://" + "x" * 200

Event = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class RoomView:
    """What must be known of a room to read its events."""

    account: AccountId
    us: str
    """Our own user id."""
    chat: ChatId
    kind: ChatKind = ChatKind.GROUP
    title: str = ""
    names: Mapping[str, str] = field(default_factory=dict)
    """Display names by user id."""
    private_room: str = ""
    """The room's own id where ``chat`` is a person: the private chat with them outlives the rooms it takes place in."""


def message_id(event_id: str, private_room: str = "") -> MessageId:
    """How the domain points at an event. In a private chat the id names the room as well: see ``RoomView``."""
    return MessageId(f"{private_room} {event_id}" if private_room else event_id)


def split_message_id(message: str) -> tuple[str, str]:
    """The private room (or empty) and the event id of what ``message_id`` made."""
    room, _, event_id = message.rpartition(" ")
    return room, event_id


def message_link(ref: RemoteRef) -> str | None:
    """``https://matrix.to/#/...``, which asks the reader which app to open; none for what is private."""
    # https://spec.matrix.org/latest/appendices/#matrixto-navigation
    if not ref.chat.startswith("!") or not ref.message.startswith("$"):
        return None
    server = ref.chat.partition(":")[2]
    via = f"?via={quote(server, safe=':')}" if server else ""
    return f"https://matrix.to/#/{quote(ref.chat, safe='!:')}/{quote(ref.message, safe='$:')}{via}"


# --- inwards --------------------------------------------------------------------------------------------------------


def to_event(event: object, room: RoomView, at: datetime) -> InboundEvent | None:
    """What a raw event of a room means; None where it means nothing to people. Never raises: see ``Unreadable``."""
    raw = json.dumps(event)
    event = _sound(event)
    identifier = event.get("event_id") if isinstance(event, dict) else None
    key = identifier if isinstance(identifier, str) else ""
    key = key or "bad:" + hashlib.sha256(raw.encode()).hexdigest()
    try:
        if isinstance(event, dict) and identifier == key:
            return _Reading(event, room, key, at, raw).read()
        reason = "not an event"
    except Malformed as error:
        reason = str(error)
    except Exception as error:  # whatever a stranger sends must neither stop the loop nor vanish
        reason = type(error).__name__
    return Unreadable(account=room.account, chat=room.chat, key=key, at=at, raw=raw, reason=reason)


class _Reading:
    def __init__(self, event: Event, room: RoomView, key: str, at: datetime, raw: str) -> None:
        self.event, self.room, self.key, self.at, self.raw = event, room, key, at, raw
        self.type, self.content = _text_of(event, "type"), _object_of(event, "content")
        self.user = _text_of(event, "sender")
        unsigned = event.get("unsigned")
        self.unsigned: Event = unsigned if isinstance(unsigned, dict) else {}
        relation = self.content.get("m.relates_to")
        self.relation: Event = relation if isinstance(relation, dict) else {}

    def read(self) -> InboundEvent | None:
        if "state_key" in self.event:
            return self._state()
        if self.user == self.room.us:
            return None
        if self.type == "m.room.redaction":
            return self._redaction()
        if "redacted_because" in self.unsigned:
            return None  # the redaction comes as an event of its own
        if self.type == "m.reaction":
            return self._reaction()
        if self.type == "m.room.encrypted":
            return self._message(Parts(uncarried=(Uncarried(kind=UncarriedKind.ENCRYPTED),)))
        if self.type == "m.room.message":
            return self._text()
        lost = read_other(self.type, self.content)
        return self._message(Parts(uncarried=(lost,))) if lost else None

    def _state(self) -> InboundEvent | None:
        if self.type == "m.room.member" and self.event["state_key"] == self.room.us:
            return self._membership()
        replacement = self.content.get("replacement_room")
        if self.type == "m.room.tombstone" and self.event["state_key"] == "" and isinstance(replacement, str):
            return ChatMoved(**self._common(), new_chat=ChatId(replacement))
        name = self.content.get("name")
        if self.type == "m.room.name" and self.room.kind is ChatKind.GROUP and isinstance(name, str) and name.strip():
            return ChatRenamed(**self._common(), title=name)
        return None

    def _membership(self) -> InboundEvent | None:
        now, before = _text_of(self.content, "membership"), previous_membership(self.event)
        if now == before or now not in ("join", "leave", "ban") or (now != "join" and before in ("invite", "knock")):
            return None
        if self.room.kind is ChatKind.PRIVATE:
            return None  # a person's room is no place that the account belongs to
        inviter = self.unsigned.get("prev_sender") if now == "join" else self.user
        actor = self._sender(inviter) if isinstance(inviter, str) and inviter != self.room.us else None
        return BotMembershipChanged(**self._common(), present=now == "join", chat_title=self.room.title, actor=actor)

    def _redaction(self) -> InboundEvent:
        # Version 11 of rooms moved the target into the content; servers add the old place for old clients. In older
        # rooms only the outer key counts, and anybody may write what they like into the content.
        # https://spec.matrix.org/v1.11/rooms/v11/#moving-the-redacts-property-of-mroomredaction-events-to-a-content-property
        target = self.event.get("redacts")
        if not isinstance(target, str):
            target = _text_of(self.content, "redacts")
        return MessageDeleted(**self._common(), ref=self._ref(target), sender=self._sender(self.user))

    def _reaction(self) -> InboundEvent | None:
        if self.relation.get("rel_type") != "m.annotation":
            return None
        target, emoji = _text_of(self.relation, "event_id"), _text_of(self.relation, "key")
        return Reacted(**self._common(), ref=self._ref(target), sender=self._sender(self.user), emoji=emoji)

    def _text(self) -> InboundEvent | None:
        content: Event = self.content
        if self.relation.get("rel_type") == "m.replace":
            content = _object_of(self.content, "m.new_content")
        answered = self._answered()
        name = self.room.names.get(self.user) or _localpart(self.user)
        parts = read_message(content, name, is_reply=answered is not None or self._falls_back())
        return self._message(parts) if parts else None

    def _message(self, parts: Parts) -> InboundEvent:
        # Our own never come here: what bears the mark is another program's of our kind, or our former account's.
        new = self.content.get("m.new_content")
        marked = DELIVERY in self.content or (isinstance(new, dict) and DELIVERY in new)
        sender = self._sender(self.user, bot=parts.bot or marked)
        if self.relation.get("rel_type") == "m.replace":
            return MessageEdited(
                **self._common(),
                ref=self._ref(_text_of(self.relation, "event_id")),
                sender=sender,
                chat_kind=self.room.kind,
                text=parts.text,
                uncarried=parts.uncarried,
                edit=message_id(self.key, self.room.private_room),
            )
        answered = self._answered()
        return MessagePosted(
            **self._common(),
            ref=self._ref(self.key),
            sender=sender,
            chat_kind=self.room.kind,
            chat_title=self.room.title,
            text=parts.text,
            files=parts.files,
            uncarried=parts.uncarried,
            reply_to=self._ref(answered) if answered else None,
            reply_excerpt=parts.reply_excerpt if answered else "",
            is_command=_COMMAND.match(parts.text.text) is not None,
        )

    def _answered(self) -> str | None:
        """The message answered. What a thread adds for clients that know no threads is no answer."""
        answered = self.relation.get("m.in_reply_to")
        target = answered.get("event_id") if isinstance(answered, dict) else None
        return target if isinstance(target, str) and not self._falls_back() else None

    def _falls_back(self) -> bool:
        return self.relation.get("rel_type") == "m.thread" and self.relation.get("is_falling_back") is True

    def _common(self) -> dict[str, Any]:
        return {
            "account": self.room.account,
            "chat": self.room.chat,
            "key": self.key,
            "at": self.at,
            "raw": self.raw,
        }

    def _ref(self, event_id: str) -> RemoteRef:
        return RemoteRef(self.room.account, self.room.chat, message_id(event_id, self.room.private_room))

    def _sender(self, user: str, *, bot: bool = False) -> Sender:
        return Sender(
            ref=UserRef(self.room.account, UserId(user)),
            name=self.room.names.get(user) or _localpart(user),
            handle=user,
            bot=bot,
            direct=ChatId(user),
        )


def previous_membership(event: Event) -> str | None:
    """The membership that a member event replaced; None where the server does not say."""
    unsigned = event.get("unsigned")
    before = unsigned.get("prev_content") if isinstance(unsigned, dict) else None
    membership = before.get("membership") if isinstance(before, dict) else None
    return membership if isinstance(membership, str) else None


def _localpart(user: str) -> str:
    return user.removeprefix("@").partition(":")[0] or user


def _text_of(holder: Event, key: str) -> str:
    value = holder.get(key)
    if not isinstance(value, str):
        raise Malformed(f"no {key} in the event")
    return value


def _object_of(holder: Event, key: str) -> Event:
    value = holder.get(key)
    if not isinstance(value, dict):
        raise Malformed(f"no {key} in the event")
    return value


def _sound(value: Any) -> Any:
    """The same JSON without what no database can hold: halves of surrogate pairs and NUL."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode().replace("\0", "")
    if isinstance(value, dict):
        return {_sound(key): _sound(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_sound(entry) for entry in value]
    return value


# --- outwards -------------------------------------------------------------------------------------------------------


def to_payload(content: Content) -> JsonObject:
    """The message event to be, without what only the moment of sending knows: the room, and where the file lies.

    ``content`` is the event's content; ``reactions`` are placed after it; ``reply`` names the message answered, used
    where it is in the same room; ``file`` is the SHA-256 of the attachment to upload.
    """
    if len(content.attachments) > 1:
        raise ValueError("a Matrix message carries one file: ask fits() first")
    text = content.text
    words = _button_words(content)
    if words:
        text = joined([text, words], "\n\n") if text else words
    payload: dict[str, Json] = {
        "type": "m.room.message",
        "content": _text_content(text, silent=content.silent),
        "reactions": list(dict.fromkeys(button.emoji for row in content.buttons for button in row if button.emoji)),
    }
    if content.attachments:
        payload["content"] = _file_content(content, text)
        payload["file"] = content.attachments[0].sha256
    if content.reply_to is not None:
        payload["reply"] = {"chat": str(content.reply_to.chat), "message": str(content.reply_to.message)}
    return payload


def fits(content: Content) -> bool:
    """Can this be one event, with room for what the server adds?"""
    if len(content.attachments) > 1 or len(content.text.text.encode("utf-8", "replace")) > TEXT_LIMIT:
        return False
    payload = to_payload(content)
    reply = "$" + "x" * 250 if content.reply_to else None
    final = complete(payload, key="x" * 32, reply_to=reply, url=_PLACEHOLDER)
    return len(json.dumps(final, ensure_ascii=False).encode("utf-8", "replace")) <= _MAX_CONTENT


def complete(payload: JsonObject, *, key: str, reply_to: str | None, url: str | None) -> dict[str, Any]:
    """The content as it goes over the wire. The same arguments give the same content."""
    content = _filed(payload, url)
    if reply_to is not None:
        content["m.relates_to"] = {"m.in_reply_to": {"event_id": reply_to}}
    content[DELIVERY] = key
    return content


def replacement(payload: JsonObject, *, event_id: str, url: str | None) -> dict[str, Any]:
    """The content of an edit: https://spec.matrix.org/latest/client-server-api/#event-replacements"""
    new = _filed(payload, url)
    body = str(new["body"])
    return {
        "msgtype": "m.text",
        # Clients that know no edits see the beginning only: the event would not hold the whole text three times.
        "body": "* " + (body if len(body) <= 200 else body[:199] + "…"),
        "m.mentions": {},
        "m.new_content": new,
        "m.relates_to": {"rel_type": "m.replace", "event_id": event_id},
    }


def _filed(payload: JsonObject, url: str | None) -> dict[str, Any]:
    return dict(_object_of(payload, "content")) | ({"url": url} if "file" in payload else {})


def _text_content(text: RichText, *, silent: bool = False) -> dict[str, Json]:
    # By the default push rules a notice makes no sound: https://spec.matrix.org/latest/client-server-api/#push-rules
    content: dict[str, Json] = {"msgtype": "m.notice" if silent else "m.text", "body": to_body(text), "m.mentions": {}}
    html = to_html(text)
    if html is not None:
        content |= {"format": "org.matrix.custom.html", "formatted_body": html}
    return content


def _file_content(content: Content, text: RichText) -> dict[str, Json]:
    file = content.attachments[0]
    photo = file.kind is AttachmentKind.PHOTO
    info: dict[str, Json] = {"mimetype": file.mime, "size": file.size}
    if photo and file.width and file.height:
        info |= {"w": file.width, "h": file.height}
    caption: dict[str, Json] = _text_content(text) if text else {"body": defused(file.name), "m.mentions": {}}
    return {**caption, "msgtype": "m.image" if photo else "m.file", "filename": defused(file.name), "info": info}


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
