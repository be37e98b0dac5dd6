"""A phone with a Matrix app, on the demo's real Synapse."""

from collections.abc import Awaitable, Sequence
from io import BytesIO
from typing import ClassVar
from urllib.parse import quote

import aiohttp
from markupsafe import escape
from PIL import Image, UnidentifiedImageError

from bridge.playground.formatting import excerpt, length_words, matrix_html, matrix_plain, size_words
from bridge.playground.matrix_side import MatrixSide, Phase
from bridge.playground.matrix_timeline import Media, Room, TimelineItem
from bridge.playground.matrix_user import MatrixUser, MatrixUserError
from bridge.playground.screen import (
    SHOWN_MESSAGES,
    Bubble,
    Chip,
    DeviceRefused,
    Quoted,
    Screen,
    ShownFile,
    Tab,
    Upload,
    clock_words,
    colour_of,
)
from bridge.playground.typed import matrix_typed

DIRECT = "direct"
_PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")


class MatrixDevice:
    """One person's Matrix app. ``rooms`` are its known rooms, by the keys of ``MatrixSide``, with their titles."""

    look: ClassVar[str] = "matrix"
    takes_pictures: ClassVar[bool] = True
    takes_replies: ClassVar[bool] = True
    longest: ClassVar[int] = 16_000
    """An event holds 65,536 bytes; a code point in JSON takes up to four."""

    def __init__(
        self, side: MatrixSide, *, key: str, person: str, about: str, rooms: Sequence[tuple[str, str]]
    ) -> None:
        self.key = key
        self.person = person
        self.about = about
        self._side = side
        self._rooms = dict(rooms)

    def tabs(self) -> tuple[Tab, ...]:
        known = [Tab(key=key, title=title, latest=_latest(self._room(key)[1])) for key, title in self._rooms.items()]
        room = self._direct_room()
        if room is not None:
            title = "Baraza" if room.membership == "join" else "Baraza (invitation)"
            known.append(Tab(key=DIRECT, title=title, latest=_latest(room) or room.membership))
        return tuple(known)

    def screen(self, tab: str, start: str = "") -> Screen:
        if self._side.phase is not Phase.READY:
            key, title = next(iter(self._rooms.items()))
            return Screen(tab=key, tabs=self.tabs(), title=title, compose="none", waiting=self._waiting())
        key, room = self._room(tab)
        if room is None:
            return Screen(tab=key, tabs=self.tabs(), title=self._rooms[key], compose="none", empty="Not in this room.")
        invited = room.membership == "invite"
        joined = sum(member.membership == "join" for member in room.members.values())
        timeline = room.timeline[-SHOWN_MESSAGES:]
        return Screen(
            tab=key,
            tabs=self.tabs(),
            title=self._rooms.get(key, "Baraza"),
            subtitle="invitation" if invited else f"{joined} member" + ("s" if joined != 1 else ""),
            bubbles=tuple(self._bubble(key, room, item) for item in timeline),
            compose="join" if invited else "text" if room.membership == "join" else "none",
            empty="Baraza wants to talk to you." if invited else "No messages yet.",
        )

    async def write(self, tab: str, text: str, *, reply_to: str = "", upload: Upload | None = None) -> None:
        user, room = self._here(tab)
        body, html = matrix_typed(text)
        if upload is None and reply_to:
            sent = user.reply(room.room_id, reply_to, body, html)
        elif upload is None:
            sent = user.send_text(room.room_id, body, html)
        elif upload.mime in _PICTURES:
            sent = user.send_image(
                room.room_id,
                upload.data,
                filename=upload.name,
                mimetype=upload.mime,
                caption=text,
                size=_size(upload.data),
            )
        else:
            sent = user.send_file(room.room_id, upload.data, filename=upload.name, mimetype=upload.mime, caption=text)
        await self._try(sent)

    async def edit(self, tab: str, message: str, text: str) -> None:
        """Change one's own message."""
        user, room = self._here(tab)
        await self._try(user.edit(room.room_id, message, *matrix_typed(text)))

    async def delete(self, tab: str, message: str) -> None:
        """Remove one's own message, for everybody."""
        user, room = self._here(tab)
        await self._try(user.redact(room.room_id, message))

    async def react(self, tab: str, message: str, key: str) -> None:
        """Press a reaction: it is added, or taken back; under a poll, the answers are what is pressed."""
        user, room = self._here(tab)
        item = room.item(message)
        if item is not None and item.poll is not None:
            option = next((answer for answer, words in item.poll.options.items() if words == key), None)
            if option is not None:
                again = option in item.poll.votes.get(user.user_id, ())
                await self._try(user.vote(room.room_id, message, () if again else (option,)))
                return
        mine = room.reaction_id(message, user.user_id, key)
        if mine is None:
            await self._try(user.react(room.room_id, message, key))
        else:
            await self._try(user.redact(room.room_id, mine))

    async def join(self, tab: str) -> None:
        """Accept the invitation to a room."""
        user, room = self._here(tab)
        await self._try(user.join(room.room_id))
        await self._try(user.wait_for(lambda someone: someone.rooms[room.room_id].membership == "join"))

    async def file(self, tab: str, message: str) -> tuple[Media, bytes]:
        """The file of a message; raises LookupError where there is none."""
        user, room = self._here(tab)
        item = room.item(message)
        if item is None or item.media is None:
            raise LookupError(message)
        try:
            return item.media, await user.download(item.media.mxc)
        except (MatrixUserError, aiohttp.ClientError, TimeoutError) as error:
            raise LookupError(message) from error

    async def _try(self, action: Awaitable[object]) -> None:
        try:
            await action
        except (MatrixUserError, aiohttp.ClientError, TimeoutError) as error:
            raise DeviceRefused(f"The app could not do that: {error}") from error

    def _waiting(self) -> str:
        words = self._side.words
        match self._side.phase:
            case Phase.PREPARING:
                return f"Matrix is being prepared: {words}."
            case Phase.OFF:
                return f"Matrix is switched off: {words}. Everything else works without it."
            case _:
                return f"Matrix cannot be had here. Everything else works without it. The reason: {words}"

    def _user(self) -> MatrixUser | None:
        return self._side.users.get(self.key)

    def _room(self, tab: str) -> tuple[str, Room | None]:
        user = self._user()
        if tab == DIRECT and (direct := self._direct_room()) is not None:
            return DIRECT, direct
        key = tab if tab in self._rooms else next(iter(self._rooms))
        return key, user.rooms.get(self._side.rooms.get(key, "")) if user else None

    def _direct_room(self) -> Room | None:
        """The newest other room in which the bot is."""
        user = self._user()
        if user is None or not self._side.bot_id:
            return None
        known = set(self._side.rooms.values())
        others = [
            room
            for room in user.rooms.values()
            if room.room_id not in known and room.membership != "leave" and self._side.bot_id in room.members
        ]
        return others[-1] if others else None

    def _here(self, tab: str) -> tuple[MatrixUser, Room]:
        user, (_, room) = self._user(), self._room(tab)
        if user is None or room is None or self._side.phase is not Phase.READY:
            raise DeviceRefused("Matrix is not ready yet: try again in a moment.")
        return user, room

    def _bubble(self, tab: str, room: Room, item: TimelineItem) -> Bubble:
        mine = item.sender == self._side.users[self.key].user_id
        replied = room.item(item.reply_to) if item.reply_to else None
        file = item.media
        # https://spec.matrix.org/latest/client-server-api/#media-captions
        # A body like the file's name is no caption.
        if file is not None and (item.body == file.filename or not file.filename):
            body = escape("")
        elif item.place:
            body = matrix_plain(f"📍 {item.body}", is_reply=False)
        elif item.poll is not None:
            body = matrix_plain(f"📊 {item.poll.question}", is_reply=False)
        elif item.html is not None:
            body = matrix_html(item.html)
        else:
            body = matrix_plain(item.body, is_reply=item.reply_to is not None)
        return Bubble(
            id=item.event_id,
            sender=item.sender_name,
            colour=colour_of(item.sender),
            mine=mine,
            is_bot=item.sender == self._side.bot_id,
            time=clock_words(item.timestamp_ms / 1000),
            body=body,
            excerpt=_first_words(item),
            source=item.body if mine and file is None else "",
            edited=item.edited,
            quoted=Quoted(id=replied.event_id, sender=replied.sender_name, excerpt=_first_words(replied))
            if replied is not None
            else None,
            files=(self._file(tab, item, file),) if file is not None else (),
            chips=(*self._answers(item), *self._reactions(room, item)),
            note="covered: open it to see it" if file is not None and file.covered else "",
        )

    def _answers(self, item: TimelineItem) -> tuple[Chip, ...]:
        """What can be chosen in a poll, with how many chose it."""
        poll, me = item.poll, self._side.users[self.key].user_id
        if poll is None:
            return ()
        return tuple(
            Chip(key=words, count=poll.count(option), mine=option in poll.votes.get(me, ()))
            for option, words in poll.options.items()
        )

    def _reactions(self, room: Room, item: TimelineItem) -> tuple[Chip, ...]:
        me = self._side.users[self.key].user_id
        return tuple(
            Chip(key=key, count=count, mine=room.reaction_id(item.event_id, me, key) is not None)
            for key, count in item.reactions.items()
        )

    def _file(self, tab: str, item: TimelineItem, file: Media) -> ShownFile:
        return ShownFile(
            url=f"/files/matrix/{self.key}/{tab}?event={quote(item.event_id, safe='')}",
            is_picture=file.mimetype in _PICTURES and not file.covered,
            name="Voice message" if file.spoken else file.filename,
            size=", ".join(part for part in (length_words(file.seconds), size_words(file.size)) if part),
        )


def _latest(room: Room | None) -> str:
    timeline = room.timeline if room is not None else []
    return timeline[-1].event_id if timeline else ""


def _first_words(item: TimelineItem) -> str:
    return excerpt(matrix_plain(item.body, is_reply=item.reply_to is not None).striptags())


def _size(data: bytes) -> tuple[int, int]:
    """Width and height in pixels; zeros where the picture cannot be read."""
    try:
        with Image.open(BytesIO(data)) as picture:
            return picture.size
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError):
        return (0, 0)
