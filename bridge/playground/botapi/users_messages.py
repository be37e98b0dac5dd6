"""What people do with messages: write, send, edit, delete, react and press."""

from typing import Any

from bridge.playground.botapi.entities import check_entities, format_text, utf16_length
from bridge.playground.botapi.errors import bad_request
from bridge.playground.botapi.files import store_file
from bridge.playground.botapi.methods_edit import REACTIONS
from bridge.playground.botapi.posting import add_message, bots_in, tell_bots
from bridge.playground.botapi.render import MEDIA_FIELDS, render_chat, render_message, render_user_id
from bridge.playground.botapi.state import (
    CHANNEL_BOT,
    GROUP_ANONYMOUS_BOT,
    Account,
    CallbackQuery,
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
_NO_CAPTION = ("sticker", "video_note")
_OTHER_KINDS = ("location", "contact", "poll", "venue", "dice")


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

    def _caption(self, caption: str, entities: list[JsonObject] | None) -> JsonObject:
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
    ) -> int:
        """Write a text; return the message's id. `as_channel` sends it in the name of that channel."""
        content = self.text_content(text, entities)
        return self._post(user_id, chat_id, content, "can_send_messages", reply_to, thread_id, as_channel).message_id

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
    ) -> int:
        """Send a photo, document, sticker, voice, audio, video, video_note or animation; return the message's id."""
        if kind not in _ATTRIBUTES:
            raise bad_request(f"unknown kind of file: {kind}")
        if caption and kind in _NO_CAPTION:
            raise bad_request(f"a {kind} has no caption")
        right = {"photo": "can_send_photos", "document": "can_send_documents", "voice": "can_send_voice_notes"}
        self._check_may_write(user_id, self.chat_for(user_id, chat_id), right.get(kind, "can_send_other_messages"))
        stored = store_file(self.state, kind, data, file_name, mime_type)
        content = {kind: {"file": stored.unique_id, **_ATTRIBUTES[kind], **(attributes or {})}}
        content |= self._caption(caption, entities)
        return self._post(
            user_id,
            chat_id,
            content,
            right.get(kind, "can_send_other_messages"),
            reply_to,
            thread_id,
            media_group_id=media_group_id,
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
    ) -> int:
        """Send a location, contact, poll, venue or dice given in the Bot API's shape; return the message's id."""
        if kind not in _OTHER_KINDS:
            raise bad_request(f"unknown kind of message: {kind}")
        content: JsonObject = {kind: dict(value)}
        if kind == "poll":
            content[kind] = self._poll(value)
        if kind == "venue":  # a venue's message carries its location twice
            content["location"] = value["location"]
        return self._post(user_id, chat_id, content, "can_send_other_messages", reply_to, thread_id).message_id

    def _poll(self, value: JsonObject) -> JsonObject:
        options = [o if isinstance(o, dict) else {"text": o} for o in value.get("options", [])]
        return {
            "id": f"51{self.state.next_callback_id}",
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

    def _post(
        self,
        user_id: int,
        chat_id: int,
        content: JsonObject,
        right: str,
        reply_to: int | None,
        thread_id: int | None,
        as_channel: int | None = None,
        media_group_id: str | None = None,
    ) -> Message:
        chat = self.chat_for(user_id, chat_id)
        self._check_may_write(user_id, chat, right)
        if reply_to is not None and reply_to not in chat.messages:
            raise bad_request("message to be replied not found")
        if thread_id is None and reply_to is not None and chat.messages[reply_to].is_topic:
            thread_id = chat.messages[reply_to].thread_id
        if thread_id is not None and thread_id not in chat.topics:
            raise bad_request("message thread not found")
        fields: dict[str, Any] = {"sender_id": user_id, "extra": {}}
        member = chat.members.get(user_id)
        if as_channel is not None:
            fields |= {"sender_id": CHANNEL_BOT, "sender_chat_id": self.group(as_channel).id}
        elif member is not None and member.is_anonymous:
            fields |= {"sender_id": GROUP_ANONYMOUS_BOT, "sender_chat_id": chat.id}
            fields["author_signature"] = member.custom_title
        return add_message(
            self.world,
            chat,
            content,
            thread_id=thread_id,
            reply_to=reply_to,
            media_group_id=media_group_id,
            posted_by=user_id,
            **fields,
        )

    def _own(self, user_id: int, chat_id: int, message_id: int) -> tuple[Chat, Message]:
        chat = self.chat_for(user_id, chat_id)
        message = chat.messages.get(message_id)
        if message is None:
            raise bad_request("message not found")
        return chat, message

    async def edit(
        self, user_id: int, chat_id: int, message_id: int, text: str, entities: list[JsonObject] | None = None
    ) -> None:
        """Change the text or caption of one's own message."""
        chat, message = self._own(user_id, chat_id, message_id)
        if message.posted_by != user_id:
            raise bad_request("only its author can edit a message")
        if "text" in message.content:
            content = self.text_content(text, entities)
        elif any(name in message.content for name in MEDIA_FIELDS):
            kept = {n: v for n, v in message.content.items() if n not in {"caption", "caption_entities"}}
            content = {**kept, **self._caption(text, entities)}
        else:
            raise bad_request("this kind of message cannot be edited")
        if content == message.content:
            return
        message.content, message.edit_date = content, self.world.now()
        tell_bots(self.world, chat, message, edited=True)
        self.world.touch()

    async def delete(self, user_id: int, chat_id: int, message_id: int) -> None:
        """Delete one's own message, or anybody's as an administrator; bots are not told."""
        chat, message = self._own(user_id, chat_id, message_id)
        member = chat.members.get(user_id)
        allowed = member is None or member.may("can_delete_messages") or message.posted_by == user_id
        if not allowed:
            raise bad_request("only its author or an administrator can delete a message")
        del chat.messages[message_id]
        self.world.touch()

    async def react(self, user_id: int, chat_id: int, message_id: int, emoji: str | None) -> None:
        """Set or (with None) remove one's reaction; bots hear of it as administrators that asked for it."""
        chat, message = self._own(user_id, chat_id, message_id)
        if emoji is not None and emoji not in REACTIONS:
            raise bad_request("REACTION_INVALID")
        old = message.reactions.get(str(user_id), [])
        new = [{"type": "emoji", "emoji": emoji}] if emoji is not None else []
        if new == old:
            return
        message.reactions[str(user_id)] = new
        update: JsonObject = {
            "chat": render_chat(self.state, chat),
            "message_id": message_id,
            "user": render_user_id(self.state, user_id),
            "date": self.world.now(),
            "old_reaction": old,
            "new_reaction": new,
        }
        member = chat.members.get(user_id)
        if member is not None and member.is_anonymous:
            del update["user"]
            update["actor_chat"] = render_chat(self.state, chat)
        for bot in bots_in(self.world, chat):
            if chat.type == "private" or chat.members[bot.id].is_admin:
                self.world.push(bot.id, "message_reaction", update)
        self.world.touch()

    async def press(
        self,
        user_id: int,
        chat_id: int,
        message_id: int,
        data: str | None = None,
        text: str | None = None,
        timeout: float = 10.0,
    ) -> JsonObject:
        """Press the inline button with this data or label; return what the bot answered within `timeout` seconds.

        The result has `answered`, and if true `text`, `show_alert` and `url`.
        """
        chat, message = self._own(user_id, chat_id, message_id)
        bot_id = message.sender_id
        if bot_id is None or not self.account(bot_id).is_bot:
            raise bad_request("only a bot's message has buttons")
        button = self._button(message, data, text)
        state = self.state
        oldest = self.world.clock() - self.world.callback_lifetime
        for old in [query.id for query in state.callbacks.values() if query.created_at < oldest]:
            del state.callbacks[old]
        query = CallbackQuery(
            str(state.next_callback_id),
            bot_id,
            user_id,
            chat.key,
            message_id,
            button["callback_data"],
            self.world.clock(),
        )
        state.next_callback_id += 1
        state.callbacks[query.id] = query
        payload = {
            "id": query.id,
            "from": render_user_id(state, user_id),
            "message": render_message(state, bot_id, chat, message),
            "chat_instance": str(-(abs(chat.id) * 7919 + bot_id)),
            "data": query.data,
        }
        self.world.push(bot_id, "callback_query", payload)
        await self.world.wait_until(lambda: query.answer is not None, timeout)
        return {"answered": query.answer is not None, **(query.answer or {})}

    def _button(self, message: Message, data: str | None, text: str | None) -> JsonObject:
        rows = (message.reply_markup or {}).get("inline_keyboard", [])
        for button in (button for row in rows for button in row):
            matches = button.get("callback_data") == data if data is not None else button["text"] == text
            if matches and "callback_data" in button:
                return dict(button)
        raise bad_request("the message has no such button")
