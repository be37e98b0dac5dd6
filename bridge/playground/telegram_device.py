"""A phone with a Telegram-like app, on the simulator's people's side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from bridge.playground import cast
from bridge.playground.botapi import ApiError, UsersSide
from bridge.playground.botapi.media import sniff
from bridge.playground.botapi.view import chat_view
from bridge.playground.formatting import excerpt, telegram_html, web_link
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
from bridge.playground.telegram_words import facts_words, file_words, kind_words, other_words
from bridge.playground.typed import telegram_typed

PRIVATE = "private"
PRESS_SECONDS = 10.0
_PICTURES = ("photo", "sticker", "animation")
#: What the app says of a film or a sound that it did not look into.
_UNKNOWN: Mapping[str, Mapping[str, int]] = {
    "video": {"width": 0, "height": 0, "duration": 0},
    "animation": {"width": 0, "height": 0, "duration": 0},
    "audio": {"duration": 0},
    "voice": {"duration": 0},
}
_SENT_AS = {"mp4": "video", "gif": "animation", "mp3": "audio", "m4a": "audio", "ogg-opus": "voice"}
_VOTE = "vote:"


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
    reactions: ClassVar[tuple[str, ...]] = ("👍", "❤", "🙏", "😢", "🤔")
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
                kind = _kind_of(upload)
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
                    attributes=dict(_UNKNOWN.get(kind, {})),
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

    async def react(self, tab: str, message: str, key: str) -> None:
        """Set this reaction, or take it back where it is one's own."""
        chat_id, number = self._chat(tab).chat_id, _number(message)
        try:
            own = self._shown(chat_id, number)["own_reactions"]
            await self._users.react(self._user_id, chat_id, number, None if key in own else key)
        except ApiError as error:
            raise DeviceRefused(f"The app refuses: {_words(error)}.") from error

    def _shown(self, chat_id: int, number: int) -> Mapping[str, Any]:
        messages = chat_view(self._users.state, self._user_id, self._users.chat_for(self._user_id, chat_id), None)
        found = next((m for m in messages["messages"] if m["id"] == number), None)
        if found is None:
            raise DeviceRefused("There is no such message.")
        return dict(found)

    async def _vote(self, chat_id: int, number: int, option: int) -> None:
        shown = self._shown(chat_id, number)
        votes: list[int] = list(shown["votes"])
        if option in votes:
            votes.remove(option)
        else:
            votes = [*votes, option] if shown["other"]["poll"]["allows_multiple_answers"] else [option]
        await self._users.vote(self._user_id, chat_id, number, votes)

    async def press(self, tab: str, message: str, data: str) -> Notice | None:
        """Press an inline button; what the app shows of the bot's answer, which takes up to ten seconds."""
        chat_id, number = self._chat(tab).chat_id, _number(message)
        if data.startswith(_VOTE) and "poll" in self._shown(chat_id, number)["other"]:
            try:
                await self._vote(chat_id, number, _number(data.removeprefix(_VOTE)))
            except ApiError as error:
                raise DeviceRefused("This poll does not take that vote.") from error
            return None
        try:
            answer = await self._users.press(self._user_id, chat_id, number, data=data, timeout=PRESS_SECONDS)
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
            excerpt=excerpt(text or kind_words(kinds)),
            source=text if message["mine"] else "",
            edited=bool(message["edited"]),
            service=str(message["service"] or ""),
            quoted=None
            if reply is None
            else Quoted(
                id=str(reply["id"]),
                sender=str(reply["sender"]),
                excerpt=excerpt(str(message["quote"] or reply["text"] or kind_words(reply["kinds"]))),
            ),
            files=_files(message["media"]),
            buttons=(
                *_options(message),
                *(tuple(self._button(button) for button in row) for row in message["buttons"]),
            ),
            chips=tuple(
                Chip(
                    key=str(reaction["emoji"]),
                    count=int(reaction["count"]),
                    mine=reaction["emoji"] in message["own_reactions"],
                )
                for reaction in message["reactions"]
            ),
            note="\n".join(_notes(message)),
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


def _kind_of(upload: Upload) -> str:
    found = _SENT_AS.get(sniff(upload.data))
    return found or ("photo" if upload.mime.startswith("image/") else "document")


def _options(message: Mapping[str, Any]) -> tuple[tuple[Button, ...], ...]:
    poll = message["other"].get("poll")
    if poll is None or poll["is_closed"]:
        return ()
    return tuple((Button(label=str(o["text"]), data=f"{_VOTE}{n}"),) for n, o in enumerate(poll["options"]))


def _notes(message: Mapping[str, Any]) -> list[str]:
    notes = [other_words(message["other"], message["votes"])]
    if message["forwarded"]:
        notes.append("forwarded")
    if message["spoiler"]:
        notes.append("hidden until tapped")
    if message["album"]:
        notes.append("part of an album")
    if message["preview"]:
        notes.append(f"preview of {message['preview']}")
    return [note for note in notes if note]


def _words(error: ApiError) -> str:
    return error.description.removeprefix("Bad Request: ")


def _files(media: Sequence[Mapping[str, Any]]) -> tuple[ShownFile, ...]:
    shown: list[ShownFile] = []
    for file in media:
        if file["thumbnail"]:
            shown.append(_picture(str(file["thumbnail"]), f"the beginning of {file_words(file)}"))
        shown.append(_file(file))
    return tuple(shown)


def _picture(unique: str, name: str) -> ShownFile:
    return ShownFile(url=f"/files/telegram/{unique}", is_picture=True, name=name, size="")


def _file(file: Mapping[str, Any]) -> ShownFile:
    drawn = file["kind"] in _PICTURES and not file.get("is_animated") and not file.get("is_video")
    if file["kind"] == "animation" and file["mime_type"] != "image/gif":
        drawn = False
    return ShownFile(
        url=f"/files/telegram/{file['file']}",
        is_picture=drawn,
        name=file_words(file),
        size=facts_words(file),
        width=int(file["width"]),
        height=int(file["height"]),
    )
