"""Turns stored chats and messages into the Bot API's objects, as one bot sees them."""

from typing import Any

from bridge.playground.botapi.files import file_id
from bridge.playground.botapi.state import (
    ADMIN_RIGHTS,
    CHANNEL_BOT,
    GROUP_ANONYMOUS_BOT,
    MEMBER_RIGHTS,
    TELEGRAM_SERVICE,
    Account,
    Chat,
    JsonObject,
    Member,
    Message,
    State,
    StoredFile,
)

#: Content fields that hold a file, with the attributes of `StoredFile` that Telegram shows in each.
MEDIA_FIELDS = {
    "photo": (),
    "document": ("file_name", "mime_type"),
    "sticker": (),
    "voice": ("mime_type",),
    "audio": ("file_name", "mime_type"),
    "video": ("file_name", "mime_type"),
    "video_note": (),
    "animation": ("file_name", "mime_type"),
}
_SERVICE_ACCOUNTS = {
    GROUP_ANONYMOUS_BOT: {
        "id": GROUP_ANONYMOUS_BOT,
        "is_bot": True,
        "first_name": "Group",
        "username": "GroupAnonymousBot",
    },
    CHANNEL_BOT: {"id": CHANNEL_BOT, "is_bot": True, "first_name": "Channel", "username": "Channel_Bot"},
    TELEGRAM_SERVICE: {"id": TELEGRAM_SERVICE, "is_bot": False, "first_name": "Telegram"},
}


def without_none(fields: JsonObject) -> JsonObject:
    """Return `fields` without those that are None: the Bot API leaves them out."""
    return {name: value for name, value in fields.items() if value is not None}


def render_user(account: Account) -> JsonObject:
    """Return a User."""
    return without_none(
        {
            "id": account.id,
            "is_bot": account.is_bot,
            "first_name": account.first_name,
            "last_name": account.last_name,
            "username": account.username,
            "language_code": account.language_code,
        }
    )


def render_user_id(state: State, user_id: int) -> JsonObject:
    """Return a User by its id, also for Telegram's own accounts."""
    if user_id in _SERVICE_ACCOUNTS:
        return dict(_SERVICE_ACCOUNTS[user_id])
    return render_user(state.accounts[user_id])


def render_chat(state: State, chat: Chat) -> JsonObject:
    """Return a Chat."""
    if chat.type == "private":
        person = state.accounts[chat.id]
        return without_none(
            {
                "id": chat.id,
                "type": "private",
                "first_name": person.first_name,
                "last_name": person.last_name,
                "username": person.username,
            }
        )
    return without_none(
        {
            "id": chat.id,
            "type": chat.type,
            "title": chat.title,
            "username": chat.username,
            "is_forum": True if chat.is_forum else None,
        }
    )


def render_member(state: State, user_id: int, member: Member) -> JsonObject:
    """Return a ChatMember of the kind that fits the member's status."""
    result: JsonObject = {"user": render_user_id(state, user_id), "status": member.status}
    if member.status == "creator":
        result |= without_none({"is_anonymous": member.is_anonymous, "custom_title": member.custom_title})
    elif member.status == "administrator":
        result |= {"can_be_edited": False, "is_anonymous": member.is_anonymous}
        result |= {right: member.rights.get(right, False) for right in ADMIN_RIGHTS}
        if member.custom_title is not None:
            result["custom_title"] = member.custom_title
    elif member.status == "restricted":
        result |= {"is_member": True, "until_date": 0}
        result |= {right: member.rights.get(right, False) for right in MEMBER_RIGHTS}
    elif member.status == "kicked":
        result["until_date"] = 0
    return result


def render_file(state: State, bot_id: int, stored: StoredFile, extra: JsonObject) -> JsonObject:
    """Return the fields that every kind of file shares, and what is known of this one."""
    shown = {name: getattr(stored, name) for name in MEDIA_FIELDS.get(stored.kind, ())}
    small = state.files.get(stored.thumbnail or "")
    if small is not None:
        shown["thumbnail"] = render_file(state, bot_id, small, {"width": small.width, "height": small.height})
    return without_none(
        {
            "file_id": file_id(bot_id, stored),
            "file_unique_id": stored.unique_id,
            "file_size": stored.size,
            **shown,
            **extra,
        }
    )


def _render_media(state: State, bot_id: int, kind: str, value: JsonObject) -> Any:
    extra = {name: field for name, field in value.items() if name != "file"}
    stored = state.files[value["file"]]
    if kind != "photo":
        return render_file(state, bot_id, stored, {**stored.attributes, **extra})
    sizes = [state.files[uid] for uid in (f"{stored.unique_id}-s", stored.unique_id) if uid in state.files]
    return [render_file(state, bot_id, size, {"width": size.width, "height": size.height}) for size in sizes]


def render_content(state: State, bot_id: int, content: JsonObject) -> JsonObject:
    """Return a message's own fields with file ids that this bot may use and full users."""
    rendered: JsonObject = {}
    for name, value in content.items():
        if name in MEDIA_FIELDS:
            rendered[name] = _render_media(state, bot_id, name, value)
            if name == "animation":  # Telegram repeats an animation as a document, for old clients
                rendered["document"] = render_file(state, bot_id, state.files[value["file"]], {})
        elif name in {"entities", "caption_entities"}:
            rendered[name] = [_render_entity(state, entity) for entity in value]
        elif name == "new_chat_members":
            rendered[name] = [render_user_id(state, user_id) for user_id in value]
        elif name == "poll":
            rendered[name] = render_poll(value)
        elif name == "left_chat_member":
            rendered[name] = render_user_id(state, value)
        else:
            rendered[name] = value
    return rendered


def render_poll(poll: JsonObject) -> JsonObject:
    """Return a Poll as it is now: what changes later must not change an answer that was given."""
    return {**poll, "options": [dict(option) for option in poll["options"]]}


def _render_entity(state: State, entity: JsonObject) -> JsonObject:
    if entity["type"] == "text_mention":
        return {**entity, "user": render_user_id(state, entity["user"]["id"])}
    return entity


def render_message(state: State, bot_id: int, chat: Chat, message: Message, *, nested: bool = False) -> JsonObject:
    """Return a Message as the bot `bot_id` sees it; a message inside another one carries no further reply."""
    result: JsonObject = {"message_id": message.message_id}
    if message.sender_id is not None:
        result["from"] = render_user_id(state, message.sender_id)
    if message.sender_chat_id is not None:
        sender = state.group(message.sender_chat_id)
        if sender is not None:
            result["sender_chat"] = render_chat(state, sender)
    result |= {"chat": render_chat(state, chat), "date": message.date}
    result |= without_none(
        {
            "message_thread_id": message.thread_id,
            "is_topic_message": True if message.is_topic else None,
            "edit_date": message.edit_date,
            "media_group_id": message.media_group_id,
            "author_signature": message.author_signature,
        }
    )
    replied = message.reply_to
    if replied is None and message.is_topic and not message.is_service:
        # In a topic Telegram makes every plain message a reply to the topic's opening.
        replied = message.thread_id
    if replied is not None and not nested and replied in chat.messages:
        result["reply_to_message"] = render_message(state, bot_id, chat, chat.messages[replied], nested=True)
    result |= message.extra
    if chat.is_protected:
        result["has_protected_content"] = True
    result |= render_content(state, bot_id, message.content)
    poll = result.get("poll")
    if poll is not None and poll["type"] == "quiz" and not poll["is_closed"] and message.sender_id != bot_id:
        # Who did not set the quiz learns the solution when it is over.
        result["poll"] = {n: v for n, v in poll.items() if n not in {"correct_option_ids", "explanation"}}
    if message.reply_markup is not None:
        result["reply_markup"] = message.reply_markup
    return result


def render_origin(state: State, chat: Chat, message: Message) -> JsonObject:
    """Return a MessageOrigin: a channel's post, a group's anonymous administrator, a person or only their name."""
    if "forward_origin" in message.extra:
        earlier: JsonObject = message.extra["forward_origin"]
        return earlier
    origin: JsonObject = {"date": message.date}
    if chat.type == "channel":
        origin |= {"type": "channel", "chat": render_chat(state, chat), "message_id": message.message_id}
    elif message.sender_chat_id is not None:
        sender = state.group(message.sender_chat_id) or chat
        origin |= {"type": "chat", "sender_chat": render_chat(state, sender)}
    elif message.sender_id in state.accounts and state.accounts[message.sender_id].hides_in_forwards:
        origin |= {"type": "hidden_user", "sender_user_name": state.accounts[message.sender_id].full_name}
    else:
        origin |= {"type": "user", "sender_user": render_user_id(state, message.sender_id or 0)}
    if message.author_signature and origin["type"] in {"channel", "chat"}:
        origin["author_signature"] = message.author_signature
    return origin
