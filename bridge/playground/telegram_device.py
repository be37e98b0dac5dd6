"""A phone with a Telegram-like app, on the simulator's people's side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from bridge.playground import cast
from bridge.playground.botapi import ApiError, UsersSide
from bridge.playground.botapi.view import chat_view
from bridge.playground.formatting import excerpt, size_words, telegram_html, web_link
from bridge.playground.screen import (
    SHOWN_MESSAGES,
    Bubble,
    Button,
    Chip,
    Compose,
    DeviceRefused,
    Notice,
    Quoted,
    Screen,
    ShownFile,
    Tab,
    Upload,
    clock_words,
    colour_of,
)
from bridge.playground.typed import telegram_typed

PRIVATE = "private"
PRESS_SECONDS = 10.0
_PICTURES = ("photo", "sticker", "animation")
_MISSING = "?"


@dataclass(frozen=True)
class TelegramChat:
    """A tab: what the page calls the chat, and its id on this person's device."""

    key: str
    title: str
    chat_id: int


class TelegramDevice:
    """One person's Telegram-like app."""

    look: ClassVar[str] = "telegram"
    takes_pictures: ClassVar[bool] = True
    takes_replies: ClassVar[bool] = True
    longest: ClassVar[int] = 4096

    def __init__(
        self, users: UsersSide, *, key: str, person: str, about: str, user_id: int, chats: Sequence[TelegramChat]
    ) -> None:
        self.key = key
        self.person = person
        self.about = about
        self._users = users
        self._user_id = user_id
        self._chats = {chat.key: chat for chat in chats}

    def tabs(self) -> tuple[Tab, ...]:
        return tuple(
            Tab(key=chat.key, title=chat.title, latest=self._latest(chat.chat_id)) for chat in self._chats.values()
        )

    def screen(self, tab: str, start: str = "") -> Screen:
        chat = self._chat(tab)
        view = chat_view(self._users.state, self._user_id, self._users.chat_for(self._user_id, chat.chat_id), None)
        is_private = chat.chat_id > 0
        compose: Compose = "text"
        if is_private and (start or not self._users.private(self._user_id, chat.chat_id).started):
            compose = "start"
        return Screen(
            tab=chat.key,
            tabs=self.tabs(),
            title=str(view["title"]),
            subtitle="bot" if is_private else f"{view['members']} members",
            bubbles=tuple(self._bubble(message) for message in view["messages"][-SHOWN_MESSAGES:]),
            compose=compose,
            start_payload=start if compose == "start" else "",
            empty="Press START to let this bot write to you." if compose == "start" else "No messages yet.",
        )

    async def write(self, tab: str, text: str, *, reply_to: str = "", upload: Upload | None = None) -> None:
        chat_id = self._chat(tab).chat_id
        answers = _number(reply_to) if reply_to else None
        clean, entities = telegram_typed(text)
        try:
            if upload is None:
                await self._users.write(self._user_id, chat_id, clean, entities=entities, reply_to=answers)
            else:
                kind = "photo" if upload.mime.startswith("image/") else "document"
                await self._users.send_file(
                    self._user_id,
                    chat_id,
                    kind,
                    upload.data,
                    file_name=upload.name,
                    mime_type=upload.mime,
                    caption=clean,
                    entities=entities,
                    reply_to=answers,
                )
        except ApiError as error:
            raise DeviceRefused(f"The app refuses: {_words(error)}.") from error

    async def edit(self, tab: str, message: str, text: str) -> None:
        """Change one's own message."""
        clean, entities = telegram_typed(text)
        try:
            await self._users.edit(self._user_id, self._chat(tab).chat_id, _number(message), clean, entities=entities)
        except ApiError as error:
            raise DeviceRefused(f"The app refuses: {_words(error)}.") from error

    async def delete(self, tab: str, message: str) -> None:
        """Delete one's own message, for everybody."""
        try:
            await self._users.delete(self._user_id, self._chat(tab).chat_id, _number(message))
        except ApiError as error:
            raise DeviceRefused(f"The app refuses: {_words(error)}.") from error

    async def start(self, tab: str, payload: str) -> None:
        """Press START in the private chat with the bot."""
        chat_id = self._chat(tab).chat_id
        if chat_id < 0:
            raise DeviceRefused("Only a private chat has a START button.")
        try:
            await self._users.start(self._user_id, chat_id, payload or None)
        except ApiError as error:
            raise DeviceRefused(f"The app refuses: {_words(error)}.") from error

    async def press(self, tab: str, message: str, data: str) -> Notice | None:
        """Press an inline button; what the app shows of the bot's answer, which takes up to ten seconds."""
        try:
            answer = await self._users.press(
                self._user_id, self._chat(tab).chat_id, _number(message), data=data, timeout=PRESS_SECONDS
            )
        except ApiError as error:
            raise DeviceRefused("That button is no longer there.") from error
        if not answer["answered"]:
            return Notice(text="The bot has not answered. Is the bridge running?", kind="error")
        if not answer.get("text"):
            return None
        return Notice(text=str(answer["text"]), kind="alert" if answer.get("show_alert") else "toast")

    def _chat(self, tab: str) -> TelegramChat:
        return self._chats.get(tab) or next(iter(self._chats.values()))

    def _latest(self, chat_id: int) -> str:
        return str(max(self._users.chat_for(self._user_id, chat_id).messages, default=0))

    def _bubble(self, message: Mapping[str, Any]) -> Bubble:
        text = str(message["text"])
        kinds = [str(file["kind"]) for file in message["media"]] + list(message["other"])
        reply = message["reply"]
        return Bubble(
            id=str(message["id"]),
            sender=str(message["sender"]),
            colour=colour_of(message["sender_id"]),
            mine=bool(message["mine"]),
            is_bot=bool(message["is_bot"]),
            time=clock_words(message["date"]),
            body=telegram_html(text, message["entities"], self._link),
            excerpt=excerpt(text or _kind_words(kinds)),
            source=text if message["mine"] else "",
            edited=bool(message["edited"]),
            service=str(message["service"] or ""),
            quoted=None
            if reply is None
            else Quoted(
                id=str(reply["id"]),
                sender=str(reply["sender"]),
                excerpt=excerpt(str(message["quote"] or reply["text"] or _kind_words(reply["kinds"]))),
            ),
            files=tuple(_file(file) for file in message["media"]),
            buttons=tuple(tuple(self._button(button) for button in row) for row in message["buttons"]),
            chips=tuple(
                Chip(key=str(reaction["emoji"]), count=int(reaction["count"]), mine=False)
                for reaction in message["reactions"]
            ),
            note="" if text or message["media"] or not kinds else f"[{_kind_words(kinds)}]",
        )

    def _button(self, button: Mapping[str, Any]) -> Button:
        link = self._link(str(button["url"])) if "url" in button else None
        return Button(label=str(button["text"]), data=str(button.get("callback_data", "")), link=link or {})

    def _link(self, address: str) -> Mapping[str, str] | None:
        """A deep link to the bot opens its chat on this phone, as the app does; other links open elsewhere."""
        parts = urlsplit(address if "://" in address else f"https://{address}")
        private = next((chat.key for chat in self._chats.values() if chat.chat_id > 0), "")
        if parts.hostname != "t.me" or parts.path.strip("/").lower() != cast.BOT_USERNAME.lower() or not private:
            return web_link(address)
        payload = parse_qs(parts.query).get("start", [""])[0][:64]
        return open_tab(self.key, private, payload)


def open_tab(device: str, tab: str, start: str = "") -> Mapping[str, str]:
    """The attributes of a link to a chat on a device of this page."""
    attributes = {"href": f"?{device}={tab}#{device}", "data-device": device, "data-tab": tab}
    if start.replace("-", "").replace("_", "").isalnum():
        attributes |= {"href": f"?{device}={tab}&start_{device}={start}#{device}", "data-start": start}
    return attributes


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise DeviceRefused("There is no such message.")
    return int(text)


def _words(error: ApiError) -> str:
    return error.description.removeprefix("Bad Request: ")


def _kind_words(kinds: Sequence[str]) -> str:
    return ", ".join(kind.replace("_", " ") for kind in kinds) or _MISSING


def _file(file: Mapping[str, Any]) -> ShownFile:
    return ShownFile(
        url=f"/files/telegram/{file['file']}",
        is_picture=file["kind"] in _PICTURES,
        name=str(file["file_name"] or file["kind"]),
        size=size_words(int(file["size"])),
        width=int(file["width"]),
        height=int(file["height"]),
    )
