"""What a person's device shows: the chats they are in and the messages in them."""

from typing import Any

from bridge.playground.botapi.entities import utf16_slice
from bridge.playground.botapi.render import MEDIA_FIELDS
from bridge.playground.botapi.state import (
    CHANNEL_BOT,
    GROUP_ANONYMOUS_BOT,
    TELEGRAM_SERVICE,
    Chat,
    JsonObject,
    Message,
    State,
)

_SERVICE_TEXTS = {
    "group_chat_created": "created the group",
    "supergroup_chat_created": "created the group",
    "migrate_to_chat_id": "upgraded this group to a supergroup",
    "migrate_from_chat_id": "upgraded this group to a supergroup",
    "forum_topic_closed": "closed the topic",
    "new_chat_photo": "changed the group's photo",
    "delete_chat_photo": "removed the group's photo",
    "pinned_message": "pinned a message",
    "video_chat_started": "started a video chat",
}
_OTHER_NAMES = (
    "venue location contact poll dice checklist story game giveaway giveaway_winners paid_media invoice rich_message"
)
_OTHER = tuple(_OTHER_NAMES.split())


def chats_of(state: State, user_id: int) -> list[JsonObject]:
    """Return `id`, `title`, `type` and last message of each chat the person has, the newest first."""
    found = []
    for chat in state.chats.values():
        mine = chat.id == user_id if chat.type == "private" else user_id in chat.present()
        if not mine or chat.migrated_to is not None:
            continue
        last = max(chat.messages.values(), key=lambda m: (m.date, m.message_id), default=None)
        found.append(
            {
                "id": chat.bot_id if chat.bot_id is not None else chat.id,
                "title": _title(state, chat),
                "type": chat.type,
                "is_forum": chat.is_forum,
                "last": _message(state, user_id, chat, last) if last else None,
            }
        )
    return sorted(found, key=lambda c: c["last"]["date"] if c["last"] else 0, reverse=True)


def chat_view(state: State, user_id: int, chat: Chat, thread_id: int | None) -> JsonObject:
    """Return a chat's title and messages; offsets of entities are UTF-16 code units.

    Each message has `id`, `date`, `sender` (name), `sender_id`, `mine`, `is_bot`, `text`, `entities`, `media` (list of
    `kind`, `file`, `file_name`, `mime_type`, `size`, `width`, `height`, `thumbnail` and what is known of that kind),
    `other`, `votes` (this person's, in a poll), `spoiler`, `preview` (the address phones show more of), `buttons`
    (rows), `reply`, `edited`, `service`, `reactions`, `own_reactions`, `thread_id`, `album`, `forwarded`.
    """
    messages = [m for m in chat.messages.values() if thread_id is None or m.thread_id == thread_id]
    messages.sort(key=lambda m: m.message_id)
    return {
        "id": chat.bot_id if chat.bot_id is not None else chat.id,
        "title": _title(state, chat),
        "type": chat.type,
        "members": len(chat.present()) if chat.type != "private" else 2,
        "topics": [{"id": tid, **topic} for tid, topic in chat.topics.items()],
        "migrated_to": chat.migrated_to,
        "blocked": chat.blocked,
        "messages": [_message(state, user_id, chat, message) for message in messages],
    }


def _title(state: State, chat: Chat) -> str:
    if chat.bot_id is not None:
        return state.accounts[chat.bot_id].full_name
    return chat.title or ""


def _sender(state: State, message: Message) -> str:
    if message.sender_chat_id is not None:
        sender = state.group(message.sender_chat_id)
        return sender.title or "" if sender else ""
    if message.sender_id in {GROUP_ANONYMOUS_BOT, CHANNEL_BOT, TELEGRAM_SERVICE} or message.sender_id is None:
        return "Telegram"
    return state.accounts[message.sender_id].full_name


def _message(state: State, user_id: int, chat: Chat, message: Message) -> JsonObject:
    content = message.content
    sender = state.accounts.get(message.sender_id or 0)
    replied = chat.messages.get(message.reply_to) if message.reply_to is not None else None
    return {
        "id": message.message_id,
        "date": message.date,
        "sender": _sender(state, message),
        "sender_id": message.sender_id,
        "mine": message.posted_by == user_id,
        "is_bot": sender is not None and sender.is_bot,
        "text": content.get("text", content.get("caption", "")),
        "entities": content.get("entities", content.get("caption_entities", [])),
        "media": _media(state, content),
        "other": {n: content[n] for n in _OTHER if n in content},
        "votes": message.votes.get(str(user_id), []),
        "spoiler": bool(content.get("has_media_spoiler")),
        "preview": _preview(content),
        "buttons": (message.reply_markup or {}).get("inline_keyboard", []),
        "reply": None if replied is None else _reply(state, replied),
        "quote": message.extra.get("quote", {}).get("text"),
        "edited": message.edit_date is not None,
        "service": _service(state, message),
        "reactions": _reactions(message),
        "own_reactions": [r.get("emoji", "custom emoji") for r in message.reactions.get(str(user_id), [])],
        "thread_id": message.thread_id if message.is_topic else None,
        "album": message.media_group_id,
        "forwarded": "forward_origin" in message.extra,
    }


def _reply(state: State, replied: Message) -> JsonObject:
    text = replied.content.get("text", replied.content.get("caption", ""))
    kinds = [kind for kind in (*MEDIA_FIELDS, *_OTHER) if kind in replied.content]
    return {"id": replied.message_id, "sender": _sender(state, replied), "text": text, "kinds": kinds}


def _media(state: State, content: JsonObject) -> list[JsonObject]:
    shown = []
    for kind in MEDIA_FIELDS:
        if kind in content:
            stored = state.files[content[kind]["file"]]
            fields = ("file_name", "mime_type", "size", "width", "height")
            facts = {n: getattr(stored, n) for n in fields} | {"thumbnail": stored.thumbnail} | stored.attributes
            shown.append({"kind": kind, "file": stored.unique_id, **facts})
    return shown


def _preview(content: JsonObject) -> str | None:
    """Return the address whose preview phones would show, or None."""
    options = content.get("link_preview_options", {})
    if "text" not in content or options.get("is_disabled"):
        return None
    if options.get("url"):
        return str(options["url"])
    for entity in content.get("entities", []):
        if entity["type"] == "text_link":
            return str(entity["url"])
        if entity["type"] == "url":
            return utf16_slice(content["text"], entity["offset"], entity["length"])
    return None


def _reactions(message: Message) -> list[JsonObject]:
    counts: dict[str, int] = {}
    for reactions in message.reactions.values():
        for reaction in reactions:
            emoji = reaction.get("emoji", "custom emoji")
            counts[emoji] = counts.get(emoji, 0) + 1
    return [{"emoji": emoji, "count": count} for emoji, count in counts.items()]


def _service(state: State, message: Message) -> str | None:
    if not message.is_service:
        return None
    content: dict[str, Any] = message.content
    who = _sender(state, message)
    if "new_chat_members" in content:
        names = ", ".join(state.accounts[user_id].full_name for user_id in content["new_chat_members"])
        return (
            f"{names} joined the group"
            if content["new_chat_members"] == [message.sender_id]
            else f"{who} added {names}"
        )
    if "left_chat_member" in content:
        gone = content["left_chat_member"]
        name = state.accounts[gone].full_name
        return f"{name} left the group" if gone == message.sender_id else f"{who} removed {name}"
    if "new_chat_title" in content:
        return f"{who} changed the group's name to {content['new_chat_title']}"
    if "forum_topic_created" in content:
        return f"{who} opened the topic {content['forum_topic_created']['name']}"
    return next((f"{who} {text}" for name, text in _SERVICE_TEXTS.items() if name in content), who)
