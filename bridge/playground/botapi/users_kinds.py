"""What people do besides writing: albums, forwards, votes, moving places, edited media and service messages."""

from typing import Any

from bridge.playground.botapi.access import find_message
from bridge.playground.botapi.errors import bad_request
from bridge.playground.botapi.files import store_file
from bridge.playground.botapi.media import stored_of
from bridge.playground.botapi.polls import stop, vote
from bridge.playground.botapi.posting import add_message, add_service_message, tell_bots
from bridge.playground.botapi.reactions import check_reactions, react
from bridge.playground.botapi.render import MEDIA_FIELDS, render_message, render_origin, render_user_id
from bridge.playground.botapi.state import CallbackQuery, Chat, JsonObject, Message
from bridge.playground.botapi.users_messages import RIGHTS, MessagesSide, file_attributes

_SERVICE = ("new_chat_title", "new_chat_photo", "delete_chat_photo", "pinned_message", "video_chat_started")


class KindsSide(MessagesSide):
    """Acts for people on every kind of message; see `users.UsersSide` for the whole."""

    async def send_album(
        self,
        user_id: int,
        chat_id: int,
        items: list[JsonObject],
        reply_to: int | None = None,
        thread_id: int | None = None,
    ) -> list[int]:
        """Send two to ten files at once, each as `send_file` takes it (`kind`, `data`, `caption` ...)."""
        album = await self.new_album()
        place = {"reply_to": reply_to, "thread_id": thread_id, "media_group_id": album}
        return [await self.send_file(user_id, chat_id, **{**item, **place}) for item in items]

    async def send_raw(
        self,
        user_id: int,
        chat_id: int,
        content: JsonObject,
        reply_to: int | None = None,
        thread_id: int | None = None,
        extra: JsonObject | None = None,
    ) -> int:
        """Send a message of any kind in the Bot API's shape, also of kinds that do not exist yet."""
        message = self.post(
            user_id, chat_id, dict(content), "can_send_other_messages", reply_to, thread_id, extra=extra
        )
        return message.message_id

    async def edit_media(
        self,
        user_id: int,
        chat_id: int,
        message_id: int,
        kind: str,
        data: bytes,
        file_name: str | None = None,
        mime_type: str | None = None,
        caption: str = "",
        attributes: JsonObject | None = None,
    ) -> None:
        """Replace the file of one's own message, with its caption."""
        chat, message = self.own_message(user_id, chat_id, message_id)
        if not any(name in message.content for name in MEDIA_FIELDS):
            raise bad_request("there is no media in the message to edit")
        stored = store_file(self.state, kind, data, file_name, mime_type)
        stored.attributes = file_attributes(kind, data, attributes)
        self._change(chat, message, {kind: {"file": stored.unique_id}, **self.caption_content(caption, None)})

    async def move_location(
        self, user_id: int, chat_id: int, message_id: int, latitude: float, longitude: float, stop: bool = False
    ) -> None:
        """Move a live location, or stop it; bots hear of an edited message."""
        chat, message = self.own_message(user_id, chat_id, message_id)
        place = message.content.get("location", {})
        if "live_period" not in place:
            raise bad_request("the message is no live location")
        moved = {**place, "latitude": latitude, "longitude": longitude}
        if stop:
            moved = {n: v for n, v in moved.items() if n in {"latitude", "longitude", "horizontal_accuracy"}}
        self._change(chat, message, {**message.content, "location": moved})

    def _change(self, chat: Chat, message: Message, content: JsonObject) -> None:
        message.content, message.edit_date = content, self.world.now()
        tell_bots(self.world, chat, message, edited=True)
        self.world.touch()

    async def vote(self, user_id: int, chat_id: int, message_id: int, options: list[int]) -> None:
        """Vote in a poll for the options at these places, or take the vote back with an empty list."""
        chat = self.chat_for(user_id, chat_id)
        message = find_message(chat, message_id, "message with poll")
        if "poll" not in message.content:
            raise bad_request("message is not a poll")
        member = chat.members.get(user_id)
        as_chat = chat if member is not None and member.is_anonymous else None
        vote(self.world, chat, message, user_id, options, as_chat)

    async def stop_poll(self, user_id: int, chat_id: int, message_id: int) -> None:
        """Close one's own poll; bots in the chat hear of it."""
        chat, message = self.own_message(user_id, chat_id, message_id)
        if "poll" not in message.content:
            raise bad_request("message is not a poll")
        stop(self.world, chat, message)

    async def forward(
        self,
        user_id: int,
        chat_id: int,
        from_chat_id: int,
        message_id: int,
        thread_id: int | None = None,
    ) -> int:
        """Forward a message from another of one's chats; return the new message's id."""
        source = self.chat_for(user_id, from_chat_id)
        original = find_message(source, message_id, "message to forward")
        if original.is_service or source.is_protected or original.extra.get("has_protected_content"):
            raise bad_request("message can't be forwarded")
        extra = {"forward_origin": render_origin(self.state, source, original)}
        kind = next((name for name in RIGHTS if name in original.content), "")
        right = RIGHTS.get(kind, "can_send_other_messages")
        return self.post(user_id, chat_id, dict(original.content), right, None, thread_id, extra=extra).message_id

    async def protect(self, chat_id: int, protected: bool = True) -> None:
        """Switch "restrict saving content" of a group on or off."""
        self.group(chat_id).is_protected = protected

    async def hide_in_forwards(self, user_id: int, hidden: bool = True) -> None:
        """Choose whether what others forward of this person links to their account."""
        self.account(user_id).hides_in_forwards = hidden
        self.world.touch()

    async def forbid_voice(self, user_id: int, forbidden: bool = True) -> None:
        """Choose, as people with Premium can, whether to take voice notes and round videos in private."""
        self.account(user_id).forbids_voice = forbidden
        self.world.touch()

    async def set_bot_to_bot(self, bot_id: int, enabled: bool) -> None:
        """Switch a bot's bot-to-bot mode: its messages reach other bots and theirs reach it."""
        self.account(bot_id).bot_to_bot = enabled
        self.world.touch()

    async def rename_group(self, chat_id: int, user_id: int, title: str) -> None:
        """Change a group's title."""
        chat = self.group(chat_id)
        chat.title = title
        await self.service(chat_id, user_id, {"new_chat_title": title})

    async def service(self, chat_id: int, user_id: int, content: JsonObject) -> int:
        """Do something that leaves a service message (a new photo, a pinned message, a video chat)."""
        if not set(content) & set(_SERVICE):
            raise bad_request(f"unknown service message: {', '.join(content)}")
        chat = self.group(chat_id)
        if chat.type == "channel":
            fields: dict[str, Any] = {"sender_id": None, "sender_chat_id": chat.id, "is_service": True}
            return add_message(self.world, chat, content, **fields).message_id
        return add_service_message(self.world, chat, content, user_id).message_id

    async def set_available_reactions(self, chat_id: int, emoji: list[str] | None) -> None:
        """Leave a chat only these reactions; None allows all."""
        self.group(chat_id).available_reactions = emoji
        self.world.touch()

    async def file_of(self, user_id: int, chat_id: int, message_id: int) -> str:
        """Return the key under which `/_users/file/` shows the file of a message."""
        message = find_message(self.chat_for(user_id, chat_id), message_id, "message")
        kind = next((name for name in MEDIA_FIELDS if name in message.content), "")
        if not kind:
            raise bad_request("the message has no file")
        return stored_of(self.state, message.content, kind).unique_id

    async def react(
        self,
        user_id: int,
        chat_id: int,
        message_id: int,
        emoji: str | None = None,
        reactions: list[JsonObject] | None = None,
    ) -> None:
        """Set or (with None) remove one's reaction; `reactions` sets several, or custom ones, as Premium can."""
        chat, message = self.any_message(user_id, chat_id, message_id)
        new = reactions if reactions is not None else [{"type": "emoji", "emoji": emoji}] if emoji is not None else []
        react(self.world, chat, message, self.account(user_id), check_reactions(new, chat, is_bot=False))

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
        chat, message = self.any_message(user_id, chat_id, message_id)
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
