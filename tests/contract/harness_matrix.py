"""The Matrix adapter against a real Synapse, over a line that can be cut."""

import hashlib
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote

import pytest
from aiohttp import web

from bridge.adapters.matrix.adapter import build
from bridge.adapters.matrix.settings import Settings
from bridge.core.ids import ChatId, MessageId, RemoteRef, UserId
from bridge.core.message import AttachmentKind, Place, Poll, UncarriedKind
from bridge.core.ports import Adapter, AdapterContext
from bridge.core.text import RichText
from bridge.playground.matrix_timeline import POLL, Room, TimelineItem
from bridge.playground.matrix_user import MatrixUser
from bridge.playground.synapse import MatrixLogin, SynapseServer, SynapseUnavailable
from tests.contract.harness import PERSONAL, Fault, Harness, wait_for
from tests.contract.matrix_proxy import MatrixProxy
from tests.contract.matrix_seen import OTHERS, TYPES, as_html, file_content, file_facts, from_html, place_of, poll_of
from tests.contract.seen import Shown, Upload
from tests.servers import detached, missing, started_synapse, unique

DEEP: Any = "x"
for _ in range(200):
    DEEP = [DEEP]
WHO = "@stranger:elsewhere.example"
TEXT = {"msgtype": "m.text", "body": "short"}
GARBAGE: tuple[Any, ...] = (
    "no event",
    None,
    ["m.room.message"],
    {},
    {"event_id": 7, "type": "m.room.message", "sender": WHO, "content": TEXT},
    {"event_id": "$g1", "sender": WHO, "content": TEXT},
    {"event_id": "$g2", "type": "m.room.message", "sender": None, "content": TEXT},
    {"event_id": "$g3", "type": "m.room.message", "sender": WHO},
    {"event_id": "$g4", "type": "m.room.message", "sender": WHO, "content": {}},
    {"event_id": "$g5", "type": "m.room.message", "sender": WHO, "content": {"msgtype": "m.text", "body": {}}},
    {"event_id": "$g6", "type": "m.room.message", "sender": WHO, "content": {"msgtype": ["m.text"], "body": "x"}},
    {"event_id": "$g7", "type": "m.room.message", "sender": WHO, "content": TEXT | {"body": "half \ud83d, and \0"}},
    {"event_id": "$g8", "type": "m.room.message", "sender": WHO, "content": TEXT | {"body": "a" * 3_000_000}},
    {"event_id": "$g9", "type": "m.room.message", "sender": WHO, "content": TEXT | {"formatted_body": DEEP}},
    {
        "event_id": "$g10",
        "type": "m.room.message",
        "sender": WHO,
        "content": TEXT | {"format": "org.matrix.custom.html", "formatted_body": "<b><a href='x:y'>" * 100_000},
    },
    {"event_id": "$g11", "type": "m.room.message", "sender": WHO, "content": {"msgtype": "m.image", "body": 1}},
    {
        "event_id": "$g12",
        "type": "m.room.message",
        "sender": WHO,
        "content": {"msgtype": "m.file", "body": "x", "url": "mxc://../../etc", "info": {"size": "big"}},
    },
    {
        "event_id": "$g13",
        "type": "m.room.message",
        "sender": WHO,
        "content": TEXT | {"m.relates_to": {"rel_type": "m.replace", "event_id": "$g1"}},
    },
    {"event_id": "$g14", "type": "m.room.redaction", "sender": WHO, "content": {}},
    {
        "event_id": "$g15",
        "type": "m.reaction",
        "sender": WHO,
        "content": {"m.relates_to": {"rel_type": "m.annotation", "key": 5}},
    },
    {"event_id": "$g16", "type": "m.room.message", "sender": WHO, "content": TEXT, "unsigned": 5},
    {"event_id": "$g17", "type": "m.room.message", "sender": WHO, "content": TEXT | {"m.relates_to": [1]}},
    {"event_id": "$g18", "type": "m.poll.start", "sender": WHO, "content": {"m.poll": {"question": 1, "answers": 2}}},
    {
        "event_id": "$g19",
        "type": "m.room.tombstone",
        "state_key": "",
        "sender": WHO,
        "content": {"replacement_room": "!no"},
    },
)


class MatrixHarness(Harness):
    marks = (pytest.mark.synapse,)
    exact_limit = False
    shown_as: ClassVar = {AttachmentKind.VIDEO_NOTE: AttachmentKind.VIDEO}
    calls = ("@room",)
    uncarried = frozenset(OTHERS)
    unknown_message = "$" + "n" * 43
    far_side_loggers: ClassVar[tuple[str, ...]] = ("aiohttp.server", "aiohttp.access", "bridge.playground")

    synapse: ClassVar[SynapseServer]
    sharing: ClassVar[int] = 0
    owners: ClassVar[list[MatrixLogin]] = []
    """Who makes the groups of every test: they say nothing there."""

    @classmethod
    def prepare(cls, directory: Path) -> None:
        if cls.sharing == 0:  # one server is enough for rooms of every kind
            try:
                MatrixHarness.synapse = started_synapse(directory)
            except SynapseUnavailable as error:
                missing(str(error))
        MatrixHarness.sharing += 1

    @classmethod
    def release(cls) -> None:
        MatrixHarness.sharing -= 1
        if cls.sharing == 0:
            cls.owners.clear()
            detached(cls.synapse.stop)

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.login = MatrixLogin("@baraza:example.org", "none", "NONE", "none")
        self.proxy = MatrixProxy("http://127.0.0.1:9")
        self.direct_room = ""

    @property
    def secrets(self) -> Sequence[str]:
        return [s for s in (self.login.password, self.state.values.get("login")) if s]

    async def open_far_side(self) -> None:
        self.proxy = MatrixProxy(self.synapse.url)
        await self.proxy.open()
        self.login = await self.synapse.register(unique("baraza"), displayname="Baraza")
        self.member = await self._member(PERSONAL)
        if not self.owners:
            self.owners.append(await self.synapse.register(unique("owner"), displayname="Owner"))
        self.owner = MatrixUser(self.synapse.url, self.owners[0].user_id, self.owners[0].access_token)
        bot, member = self.login.user_id, self.member.user_id
        room = await self.owner.create_room("Village", invite=[member, bot])
        await self._made(self.owner, room)
        await self.owner.set_power_levels(room, users={bot: 50})
        await self.member.join(room)
        self.direct_room = await self.member.create_room("", invite=[bot], direct=True)
        await self._made(self.member, self.direct_room)
        self.group, self.private = ChatId(room), ChatId(member)

    async def _member(self, name: str) -> MatrixUser:
        return await self._person("member", name)

    async def _made(self, owner: MatrixUser, room: str) -> None:
        """A room is there, and nothing has been said in it."""

    async def _read(self, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Events of a room as the member's app reads them."""
        return events

    async def _person(self, user: str, name: str) -> MatrixUser:
        login = await self.synapse.register(unique(user), displayname=name)
        return MatrixUser(self.synapse.url, login.user_id, login.access_token)

    async def start(self) -> None:
        """Wait for what the joining itself brings: no test is about it."""
        await super().start()
        rooms = (str(self.group), self.direct_room)
        await wait_for(lambda: all(f"last:{room}" in self.state.values for room in rooms), what="both rooms are joined")

    async def close_far_side(self) -> None:
        for person in (self.member, self.owner):
            await person.stop()
        await self.proxy.close()

    def context(self) -> AdapterContext:
        chats = {self.group} if hasattr(self, "group") else set()
        return AdapterContext(account=self.account, clock=self.clock, chats=frozenset(chats))

    def build_adapter(self) -> Adapter:
        raw = {
            "kind": "matrix",
            "homeserver": self.proxy.url if self.proxy.port else "http://127.0.0.1:9",
            "user_id": self.login.user_id,
            "password": self.login.password,
        }
        return build(Settings.model_validate(raw), self.context())

    # --- people ---

    def _room(self, chat: ChatId) -> str:
        return self.direct_room if chat == self.private else str(chat)

    def _ref(self, chat: ChatId, event: str) -> RemoteRef:
        message = f"{self.direct_room} {event}" if chat == self.private else event
        return RemoteRef(self.account, chat, MessageId(message))

    @property
    def owner_user(self) -> UserId:
        return UserId(self.owner.user_id)

    async def member_writes(
        self, chat: ChatId, text: RichText, *, reply_to: RemoteRef | None = None, file: Upload | None = None
    ) -> RemoteRef:
        room = self._room(chat)
        if file is not None:
            event = await self._sends_file(room, file, text.text)
        elif reply_to is not None:
            event = await self.member.reply(room, reply_to.message.rpartition(" ")[2], text.text, as_html(text))
        else:
            event = await self.member.send_text(room, text.text, as_html(text))
        return self._ref(chat, event)

    async def member_edits(self, ref: RemoteRef, text: RichText) -> None:
        await self.member.edit(self._room(ref.chat), ref.message.rpartition(" ")[2], text.text, as_html(text))

    async def member_deletes(self, ref: RemoteRef) -> None:
        await self.member.redact(self._room(ref.chat), ref.message.rpartition(" ")[2])

    async def member_presses(self, ref: RemoteRef, button: int) -> None:
        shown = next(s for s in await self.shown(ref.chat) if s.ref == ref)
        await self.member.react(self._room(ref.chat), ref.message, shown.buttons[button])

    async def member_renames(self, name: str) -> None:
        await self.member.set_displayname(name)

    async def _sends_file(self, room: str, file: Upload, caption: str) -> str:
        if file.kind is AttachmentKind.STICKER:
            address = await self.member.upload(file.data, filename=file.name, mimetype=file.mime)
            info = {"mimetype": file.mime, "size": len(file.data), "w": file.width, "h": file.height}
            return await self.member.send(room, "m.sticker", {"body": file.alt, "url": address, "info": info})
        more = file_content(file)
        return await self.member.send_media(
            room,
            TYPES[file.kind],
            file.data,
            filename=file.name,
            mimetype=file.mime,
            caption=caption,
            info=more.pop("info"),
            more=more,
        )

    async def member_sends(self, chat: ChatId, kind: UncarriedKind) -> RemoteRef:
        return self._ref(chat, await self.member.send(self._room(chat), *OTHERS[kind]))

    async def member_shares(self, chat: ChatId, what: Place | Poll) -> RemoteRef:
        room = self._room(chat)
        if isinstance(what, Poll):
            return self._ref(chat, await self.member.send_poll(room, what.question, what.options))
        point = f"geo:{what.latitude},{what.longitude}"
        content = {"msgtype": "m.location", "body": what.title or point, "geo_uri": point}
        return self._ref(chat, await self.member.send(room, "m.room.message", content))

    async def member_changes_file(self, ref: RemoteRef, file: Upload, text: RichText) -> None:
        address = await self.member.upload(file.data, filename=file.name, mimetype=file.mime)
        more = file_content(file)
        new = {
            "msgtype": TYPES[file.kind],
            "body": text.text,
            "filename": file.name,
            "url": address,
            **more,
            "info": more["info"] | {"mimetype": file.mime, "size": len(file.data)},
        }
        relation = {"rel_type": "m.replace", "event_id": ref.message}
        content = {"msgtype": "m.text", "body": "*", "m.new_content": new, "m.relates_to": relation}
        await self.member.send(self._room(ref.chat), "m.room.message", content)

    async def member_opens_thread(self, root: RemoteRef, text: RichText) -> RemoteRef:
        relation = {"rel_type": "m.thread", "event_id": root.message}
        content = {"msgtype": "m.text", "body": text.text, "m.relates_to": relation}
        return self._ref(root.chat, await self.member.send(self._room(root.chat), "m.room.message", content))

    async def member_reacts(self, ref: RemoteRef, emoji: str) -> None:
        await self.member.react(self._room(ref.chat), ref.message, emoji)

    async def member_unreacts(self, ref: RemoteRef, emoji: str) -> None:
        made = (await self._seen(self._room(ref.chat))).reaction_id(ref.message, self.member.user_id, emoji)
        assert made is not None
        await self.member.redact(self._room(ref.chat), made)

    async def member_votes(self, ref: RemoteRef, option: int) -> None:
        item = (await self._seen(self._room(ref.chat))).item(ref.message)
        assert item is not None
        assert item.poll is not None
        await self.member.vote(self._room(ref.chat), ref.message, [list(item.poll.options)[option]])

    async def garbage(self) -> int:
        self.proxy.add_events = {str(self.group): list(GARBAGE)}
        return len(GARBAGE)

    async def _seen(self, room_id: str) -> Room:
        room = Room(room_id)
        path = f"/_matrix/client/v3/rooms/{quote(room_id, safe='')}/messages?dir=b&limit=500"
        events = (await self.member._call("GET", path))["chunk"]
        room.apply_timeline(await self._read(events[::-1]))
        return room

    async def shown(self, chat: ChatId) -> list[Shown]:
        room = await self._seen(self._room(chat))
        return [await self._shown(chat, room, item) for item in room.timeline]

    async def _shown(self, chat: ChatId, room: Room, item: TimelineItem) -> Shown:
        event = room._messages[item.event_id]
        edits = [edit.content for edit in room._edits.values() if edit.target == item.event_id and edit.content]
        content: Any = edits[-1] if edits else event["content"]
        data = await self.member.download(item.media.mxc) if item.media else None
        small = content.get("info", {}).get("thumbnail_url")
        text, marks = from_html(item.html) if item.html else (item.body, frozenset())
        ours = [r for made, r in room._reactions.items() if r.sender == self.login.user_id and room._alive(made)]
        placed = tuple(reaction.key for reaction in ours if reaction.target == item.event_id)
        return Shown(
            ref=self._ref(chat, item.event_id),
            text="" if data is not None and text == content.get("filename", text) else text,
            marks=marks,
            reply_to=self._ref(chat, item.reply_to) if item.reply_to else None,
            thread=self._ref(chat, item.thread) if item.thread else None,
            buttons=placed,
            reactions=placed,
            file_sha256=hashlib.sha256(data).hexdigest() if data is not None else None,
            file_size=len(data) if data is not None else None,
            thumbnail_sha256=hashlib.sha256(await self.member.download(small)).hexdigest() if small else None,
            place=place_of(content),
            poll=poll_of(content) if event["type"] == POLL else None,
            author=content.get("com.beeper.per_message_profile", {}).get("displayname", ""),
            preview=content.get("com.beeper.linkpreviews") != [],
            edited=item.edited,
            ours=item.sender == self.login.user_id,
            **(file_facts(event["type"], content) if data is not None else {}),
        )

    # --- faults ---

    @asynccontextmanager
    async def fault(self, kind: Fault) -> AsyncIterator[None]:
        proxy, bot, group = self.proxy, self.login.user_id, str(self.group)
        try:
            match kind:
                case Fault.CONNECT_REFUSED:
                    await proxy.close()
                case Fault.FORBIDDEN:
                    await self.owner.set_power_levels(group, users={bot: 0}, levels={"events_default": 50})
                case Fault.CUT_AFTER_REQUEST:
                    proxy.cut_after = is_send
                case _:
                    proxy.before = {
                        Fault.RATE_LIMITED: self._rate_limit,
                        Fault.SERVER_ERROR: self._break_down,
                        Fault.CHAT_GONE: self._lead_astray,
                    }[kind]
            yield
        finally:
            proxy.before, proxy.cut_after = None, lambda _: False
            if kind is Fault.CONNECT_REFUSED:
                await proxy.open()
            elif kind is Fault.FORBIDDEN:
                await self.owner.set_power_levels(group, users={bot: 50}, levels={"events_default": 0})

    async def _rate_limit(self, request: web.Request) -> web.StreamResponse | None:
        if not is_send(request):
            return None
        body = {"errcode": "M_LIMIT_EXCEEDED", "error": "Too Many Requests", "retry_after_ms": 1}
        return web.json_response(body, status=429, headers={"Retry-After": str(int(self.rate_limit_seconds))})

    async def _break_down(self, request: web.Request) -> web.StreamResponse | None:
        return web.Response(status=502, text="<h1>Bad Gateway</h1>") if is_send(request) else None

    async def _lead_astray(self, request: web.Request) -> web.StreamResponse | None:
        """The homeserver is asked about a room it does not know, and says what it says of such."""
        room = str(self.group)
        if room not in request.path:
            return None
        path = request.raw_path.replace(quote(room, safe="!"), "!nosuchroom:baraza.local")
        return await self.proxy.forward(request, path)


def is_send(request: web.Request) -> bool:
    return re.search(r"/rooms/[^/]+/send/m\.room\.(message|encrypted)/", request.raw_path) is not None
