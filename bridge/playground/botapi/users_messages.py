"""What people do with messages: write, send, edit, delete, react and press."""

from typing import Any

from bridge.playground.botapi.entities import check_entities, format_text, utf16_length
from bridge.playground.botapi.errors import bad_request
from bridge.playground.botapi.files import image_size, store_file
from bridge.playground.botapi.media import sniff
from bridge.playground.botapi.posting import add_message, tell_bots
from bridge.playground.botapi.render import MEDIA_FIELDS, render_chat
from bridge.playground.botapi.state import (
    CHANNEL_BOT,
    GROUP_ANONYMOUS_BOT,
    TELEGRAM_SERVICE,
    Account,
    Chat,
    JsonObject,
    Message,
    State,
)
from bridge.playground.botapi.world import World

MAX_TEXT, MAX_CAPTION = 4096, 1024
_ATTRIBUTES: dict[str, JsonObject] = {
    "photo": {},
    "document": {},
    "sticker": {"type": "regular", "width": 512, "height": 512, "is_animated": False, "is_video": False},
    "voice": {"duration": 3},
    "audio": {"duration": 60},
    "video": {"width": 640, "height": 360, "duration": 5},
    "video_note": {"length": 240, "duration": 5},
    "animation": {"width": 320, "height": 240, "duration": 2},
}
#: The right that a member needs for each kind; the order matters where a message has two fields.
RIGHTS = {
    "text": "can_send_messages",
    "photo": "can_send_photos",
    "video": "can_send_videos",
    "audio": "can_send_audios",
    "voice": "can_send_voice_notes",
    "video_note": "can_send_video_notes",
    "animation": "can_send_other_messages",
    "sticker": "can_send_other_messages",
    "document": "can_send_documents",
    "poll": "can_send_polls",
    "location": "can_send_messages",
    "venue": "can_send_messages",
    "contact": "can_send_messages",
}
_NO_CAPTION = ("sticker", "video_note")
_OTHER_NAMES = "location contact poll venue dice checklist story game giveaway giveaway_winners paid_media invoice"
_OTHER_KINDS = frozenset(_OTHER_NAMES.split())
#: Fields that may stand beside the content of a message: where it comes from, what it answers, how it is shown.
_EXTRA_NAMES = (
    "forward_origin quote external_reply reply_to_story via_bot is_from_offline has_protected_content"
    " has_media_spoiler show_caption_above_media link_preview_options effect_id sender_boost_count is_paid_post"
)
_EXTRA = frozenset(_EXTRA_NAMES.split())


def file_attributes(kind: str, data: bytes, given: JsonObject | None) -> JsonObject:
    """Return what the app says of a file: defaults, what the bytes say, what the sender says."""
    found = dict(_ATTRIBUTES[kind])
    if kind == "sticker":
        found |= {"is_animated": sniff(data) == "tgs", "is_video": sniff(data) == "webm"}
    return found | (given or {})


class MessagesSide:
    """Acts on messages for people; see `users.UsersSide` for the whole."""

    def __init__(self, world: World) -> None:
        self.world = world

    @property
    def state(self) -> State:
        """The simulated Telegram's memory."""
        return self.world.state

    def account(self, user_id: int) -> Account:
        """Return an account or raise."""
        if user_id not in self.state.accounts:
            raise bad_request(f"no account {user_id}")
        return self.state.accounts[user_id]

    def group(self, chat_id: int) -> Chat:
        """Return a group, supergroup or channel or raise."""
        chat = self.state.group(chat_id)
        if chat is None:
            raise bad_request(f"no chat {chat_id}")
        return chat

    def private(self, user_id: int, bot_id: int) -> Chat:
        """Return the private chat of a person with a bot; it appears when first asked for."""
        self.account(user_id)
        if not self.account(bot_id).is_bot:
            raise bad_request("people write privately only to bots here")
        chat = self.state.private(bot_id, user_id)
        if chat is None:
            chat = Chat(id=user_id, type="private", bot_id=bot_id)
            self.state.chats[chat.key] = chat
        return chat

    def chat_for(self, user_id: int, chat_id: int) -> Chat:
        """Return the chat that this person calls `chat_id`, if they are in it."""
        if chat_id > 0:
            return self.private(user_id, chat_id)
        chat = self.group(chat_id)
        if user_id not in chat.present():
            raise bad_request("this person is not in the chat")
        return chat

    def text_content(self, text: str, entities: list[JsonObject] | None) -> JsonObject:
        """Return a text message's content."""
        clean, found = format_text(text, check_entities(entities or []))
        if not clean:
            raise bad_request("text must be non-empty")
        if utf16_length(clean) > MAX_TEXT:
            raise bad_request("message is too long")
        return {"text": clean, "entities": found} if found else {"text": clean}

    def caption_content(self, caption: str, entities: list[JsonObject] | None) -> JsonObject:
        """Return the caption fields of a message with media."""
        clean, found = format_text(caption, check_entities(entities or []))
        if utf16_length(clean) > MAX_CAPTION:
            raise bad_request("message caption is too long")
        return {n: v for n, v in {"caption": clean, "caption_entities": found}.items() if v}

    async def write(
        self,
        user_id: int,
        chat_id: int,
        text: str,
        entities: list[JsonObject] | None = None,
        reply_to: int | None = None,
        thread_id: int | None = None,
        as_channel: int | None = None,
        quote: str | None = None,
        extra: JsonObject | None = None,
    ) -> int:
        """Write a text; return the message's id.

        `as_channel` sends it in the name of that channel, `quote` is the part of the message that it answers and
        `extra` holds further fields of the Bot API's Message (`forward_origin`, `external_reply`, `via_bot` ...).
        """
        content = self.text_content(text, entities)
        right = "can_send_messages"
        return self.post(
            user_id, chat_id, content, right, reply_to, thread_id, as_channel, extra=extra, quote=quote
        ).message_id

    async def send_file(
        self,
        user_id: int,
        chat_id: int,
        kind: str,
        data: bytes,
        file_name: str | None = None,
        mime_type: str | None = None,
        caption: str = "",
        entities: list[JsonObject] | None = None,
        reply_to: int | None = None,
        thread_id: int | None = None,
        media_group_id: str | None = None,
        attributes: JsonObject | None = None,
        has_spoiler: bool = False,
        caption_above: bool = False,
        thumbnail: bytes | None = None,
        as_channel: int | None = None,
        extra: JsonObject | None = None,
    ) -> int:
        """Send a photo, document, sticker, voice, audio, video, video_note or animation; return the message's id.

        `attributes` are the Bot API's own fields of that kind (`duration`, `width`, `title`, `emoji` ...).
        """
        if kind not in _ATTRIBUTES:
            raise bad_request(f"unknown kind of file: {kind}")
        if caption and kind in _NO_CAPTION:
            raise bad_request(f"a {kind} has no caption")
        right = RIGHTS[kind]
        self._check_may_write(user_id, self.chat_for(user_id, chat_id), right)
        stored = store_file(self.state, kind, data, file_name, mime_type)
        stored.attributes = file_attributes(kind, data, attributes)
        if thumbnail is not None:
            small = store_file(self.state, "thumbnail", thumbnail, None, None)
            small.width, small.height = image_size(thumbnail) or (0, 0)
            stored.thumbnail = small.unique_id
        content: JsonObject = {kind: {"file": stored.unique_id}, **self.caption_content(caption, entities)}
        if has_spoiler:
            content["has_media_spoiler"] = True
        if caption_above:
            content["show_caption_above_media"] = True
        return self.post(
            user_id,
            chat_id,
            content,
            right,
            reply_to,
            thread_id,
            as_channel,
            media_group_id=media_group_id,
            extra=extra,
        ).message_id

    async def new_album(self) -> str:
        """Return a fresh `media_group_id`: files sent with the same one form an album."""
        self.state.next_media_group += 1
        return str(self.state.next_media_group)

    async def send_other(
        self,
        user_id: int,
        chat_id: int,
        kind: str,
        value: JsonObject,
        reply_to: int | None = None,
        thread_id: int | None = None,
        extra: JsonObject | None = None,
    ) -> int:
        """Send a location, contact, poll, venue, dice, checklist, story, giveaway ... in the Bot API's shape."""
        if kind not in _OTHER_KINDS:
            raise bad_request(f"unknown kind of message: {kind}")
        content: JsonObject = {kind: dict(value)}
        if kind == "poll":
            content[kind] = self._poll(value)
        if kind == "venue":  # a venue's message carries its location twice
            content["location"] = value["location"]
        right = RIGHTS.get(kind, "can_send_other_messages")
        return self.post(user_id, chat_id, content, right, reply_to, thread_id, extra=extra).message_id

    def _poll(self, value: JsonObject) -> JsonObject:
        options = [o if isinstance(o, dict) else {"text": o} for o in value.get("options", [])]
        self.state.next_poll_id += 1
        return {
            "id": str(self.state.next_poll_id),
            "total_voter_count": 0,
            "is_closed": False,
            "is_anonymous": True,
            "type": "regular",
            "allows_multiple_answers": False,
            "allows_revoting": True,
            "members_only": False,
            **value,
            "options": [{"persistent_id": str(n), "voter_count": 0, **option} for n, option in enumerate(options)],
        }

    def _check_may_write(self, user_id: int, chat: Chat, right: str) -> None:
        if chat.type == "private":
            if chat.blocked:
                raise bad_request("the person has blocked this bot")
            chat.started = True  # a person who writes to a bot opens the chat
            return
        if chat.migrated_to is not None:
            raise bad_request("the group was upgraded", migrate_to_chat_id=chat.migrated_to)
        member = chat.members[user_id]
        rights = member.rights if member.status == "restricted" else chat.permissions
        if not member.is_admin and not (rights.get(right, True) and chat.permissions.get(right, True)):
            raise bad_request("this person may not send this here")
        if chat.type == "channel" and not member.is_admin:
            raise bad_request("only administrators write in a channel")

    def post(
        self,
        user_id: int,
        chat_id: int,
        content: JsonObject,
        right: str,
        reply_to: int | None,
        thread_id: int | None,
        as_channel: int | None = None,
        media_group_id: str | None = None,
        extra: JsonObject | None = None,
        quote: str | None = None,
    ) -> Message:
        """Add somebody's message, as the sender their chat shows: themselves, their group or their channel."""
        chat = self.chat_for(user_id, chat_id)
        self._check_may_write(user_id, chat, right)
        if reply_to is not None and reply_to not in chat.messages:
            raise bad_request("message to be replied not found")
        if thread_id is None and reply_to is not None and chat.messages[reply_to].is_topic:
            thread_id = chat.messages[reply_to].thread_id
        if thread_id is not None and thread_id not in chat.topics:
            raise bad_request("message thread not found")
        beside = dict(extra or {})
        unknown = sorted(set(beside) - set(_EXTRA))
        if unknown:
            raise bad_request(f"unknown extra fields: {', '.join(unknown)}")
        if quote is not None:
            beside["quote"] = _quoted(chat, reply_to, quote)
        fields: dict[str, Any] = {"sender_id": user_id, "extra": beside}
        member = chat.members.get(user_id)
        if as_channel is not None:
            fields |= {"sender_id": CHANNEL_BOT, "sender_chat_id": self.group(as_channel).id}
        elif chat.type == "channel":
            fields |= {"sender_id": None, "sender_chat_id": chat.id}
        elif member is not None and member.is_anonymous:
            fields |= {"sender_id": GROUP_ANONYMOUS_BOT, "sender_chat_id": chat.id}
            fields["author_signature"] = member.custom_title
        message = add_message(
            self.world,
            chat,
            content,
            thread_id=thread_id,
            reply_to=reply_to,
            media_group_id=media_group_id,
            posted_by=user_id,
            **fields,
        )
        if chat.linked_chat_id is not None and chat.type == "channel":
            self._forward_to_discussion(chat, message)
        return message

    def _forward_to_discussion(self, channel: Chat, post: Message) -> None:
        origin = {
            "type": "channel",
            "date": post.date,
            "chat": render_chat(self.state, channel),
            "message_id": post.message_id,
        }
        add_message(
            self.world,
            self.group(channel.linked_chat_id or 0),
            post.content,
            sender_id=TELEGRAM_SERVICE,
            sender_chat_id=channel.id,
            media_group_id=post.media_group_id,
            extra={"is_automatic_forward": True, "forward_origin": origin},
        )

    def own_message(self, user_id: int, chat_id: int, message_id: int) -> tuple[Chat, Message]:
        """Return a message that this person wrote, with its chat."""
        chat, message = self.any_message(user_id, chat_id, message_id)
        if message.posted_by != user_id:
            raise bad_request("only its author can edit a message")
        return chat, message

    def any_message(self, user_id: int, chat_id: int, message_id: int) -> tuple[Chat, Message]:
        """Return a message of a chat that this person is in, with its chat."""
        chat = self.chat_for(user_id, chat_id)
        message = chat.messages.get(message_id)
        if message is None:
            raise bad_request("message not found")
        return chat, message

    async def edit(
        self, user_id: int, chat_id: int, message_id: int, text: str, entities: list[JsonObject] | None = None
    ) -> None:
        """Change the text or caption of one's own message."""
        chat, message = self.own_message(user_id, chat_id, message_id)
        if "text" in message.content:
            content = self.text_content(text, entities)
        elif any(name in message.content for name in MEDIA_FIELDS):
            kept = {n: v for n, v in message.content.items() if n not in {"caption", "caption_entities"}}
            content = {**kept, **self.caption_content(text, entities)}
        else:
            raise bad_request("this kind of message cannot be edited")
        if content == message.content:
            return
        message.content, message.edit_date = content, self.world.now()
        tell_bots(self.world, chat, message, edited=True)
        self.world.touch()

    async def delete(self, user_id: int, chat_id: int, message_id: int) -> None:
        """Delete one's own message, or anybody's as an administrator; bots are not told."""
        chat, message = self.any_message(user_id, chat_id, message_id)
        member = chat.members.get(user_id)
        allowed = member is None or member.may("can_delete_messages") or message.posted_by == user_id
        if not allowed:
            raise bad_request("only its author or an administrator can delete a message")
        del chat.messages[message_id]
        self.world.touch()


def _quoted(chat: Chat, reply_to: int | None, quote: str) -> JsonObject:
    target = chat.messages[reply_to].content if reply_to is not None else {}
    text = target.get("text") or target.get("caption") or ""
    if not quote or quote not in text:
        raise bad_request("QUOTE_TEXT_INVALID")
    return {"text": quote, "position": utf16_length(text[: text.index(quote)]), "is_manual": True}
