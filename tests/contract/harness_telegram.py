"""The Telegram adapter against the strict Bot API simulator, by polling and by webhook."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web

from bridge.adapters.telegram.adapter import build
from bridge.adapters.telegram.entities import to_entities
from bridge.adapters.telegram.media import FILE_FIELD
from bridge.adapters.telegram.settings import Settings
from bridge.core.ids import ChatId, MessageId, RemoteRef, UserId
from bridge.core.message import UncarriedKind
from bridge.core.ports import Adapter, AdapterContext, HasRoutes, WebRequest
from bridge.core.text import MarkKind, RichText
from bridge.playground.botapi import BotApiSimulator, Limits
from tests.contract.harness import PERSONAL, Fault, Harness, Shown, Upload

TOKEN = "700100:contract-suite-token-that-is-secret"  # the shape of a real one
BOT = 700100
SECRET = "contract-suite-webhook-secret"
DEEP: Any = {}
for _ in range(200):
    DEEP = {"reply_to_message": DEEP}
SENDING = (
    "sendMediaGroup",
    "sendLocation",
    "sendVenue",
    "sendPoll",
    "editMessageMedia",
    "setMessageReaction",
    *FILE_FIELD,
)
GARBAGE: tuple[dict[str, Any], ...] = (
    {"message": {}},
    {"message": "no object"},
    {"message": {"message_id": "7", "chat": {"id": -1, "type": "group"}, "date": 1, "text": "an id in words"}},
    {"message": {"message_id": 7, "chat": {"id": "x", "type": "group"}, "date": 1, "text": "hello"}},
    {"message": {"message_id": 8, "chat": {"id": -1, "type": "group"}, "from": {"id": None}, "text": "nobody"}},
    {"message": {"message_id": 9, "chat": {"id": -1, "type": "group"}, "from": {"id": 5}, "text": {"not": "text"}}},
    {"message": {"message_id": 10, "chat": {"id": -1, "type": "group"}, "from": {"id": 5}, "text": "half \ud83d"}},
    {
        "message": {
            "message_id": 11,
            "chat": {"id": -1, "type": "group"},
            "from": {"id": 5},
            "text": "short",
            "entities": [{"type": "bold", "offset": -5, "length": 10**18}, 7, {"type": []}],
        }
    },
    {"message": {"message_id": 12, "chat": {"id": -1, "type": "group"}, "from": {"id": 5}, "photo": ["x"]}},
    {"message": {"message_id": 13, "chat": {"id": -1, "type": "group"}, "from": {"id": 5}, "unheard_of": True}},
    {"message": {"message_id": 14, "chat": {"id": -1, "type": "group"}, "from": {"id": 5}, "text": "a" * 3_000_000}},
    {"message": {"message_id": 15, "chat": {"id": -1, "type": "group"}, "from": {"id": 5}, "text": "x", **DEEP}},
    {"an_update_of_tomorrow": {"id": 1}},
    {"callback_query": {"id": 1, "data": []}},
    {"my_chat_member": {"chat": {"id": -1}, "new_chat_member": {}}},
    {"message": {"message_id": 16, "chat": {"id": -1, "type": "group"}, "from": {"id": 5}, "video": {"file_id": []}}},
    {"message": {"message_id": 17, "chat": {"id": -1, "type": "group"}, "from": {"id": 5}, "poll": {"options": 7}}},
    {"message_reaction": {"chat": {"id": -1}, "message_id": 7, "new_reaction": "x"}},
    {"message_reaction_count": {"chat": {"id": -1}, "message_id": 7, "reactions": [{"total_count": "many"}]}},
    {"poll": {"id": 5, "options": []}},
    {"poll_answer": {"poll_id": "5"}},
    {},
)


class TelegramHarness(Harness):
    deletes_seen = False
    garbled = GARBAGE
    far_side_loggers = ("aiohttp.server", "aiohttp.access", "bridge.playground")

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.simulator = BotApiSimulator(limits=Limits.unlimited(), webhook_retry_seconds=0.05)
        self._port = 0

    @property
    def secrets(self) -> Sequence[str]:
        return (TOKEN, TOKEN.partition(":")[2])

    async def open_far_side(self) -> None:
        await self.simulator.start()
        self._port = int(self.simulator.url.rpartition(":")[2])
        users = self.simulator.users
        await users.create_bot("contract_bot", token=TOKEN, privacy=False)
        self.user = await users.create_user(PERSONAL, username="zawadi", user_id=900001)
        self.owner = await users.create_user("Owner", user_id=900002)
        group = await users.create_group("Village", self.owner, supergroup=True, members=[self.user])
        self.group, self.private = ChatId(str(group)), ChatId(str(self.user))
        await self._join()
        await users.start(self.user, BOT)
        queue = self.simulator.world.queue(BOT)  # that all this happened is no part of any test
        self.simulator.world.confirm(BOT, queue.next_id)

    async def _join(self) -> None:
        await self.simulator.users.add_member(int(self.group), BOT)
        await self.simulator.users.promote(int(self.group), BOT)

    async def close_far_side(self) -> None:
        await self.simulator.stop()

    def build_adapter(self) -> Adapter:
        address = f"http://127.0.0.1:{self._port or 9}"
        return build(Settings.model_validate({"kind": "telegram", "token": TOKEN, "api_url": address}), self.context())

    # --- people ---

    def _theirs(self, chat: ChatId) -> int:
        """The chat as the member's app numbers it."""
        return BOT if chat == self.private else int(chat)

    @property
    def owner_user(self) -> UserId:
        return UserId(str(self.owner))

    async def member_writes(
        self, chat: ChatId, text: RichText, *, reply_to: RemoteRef | None = None, file: Upload | None = None
    ) -> RemoteRef:
        users, answered = self.simulator.users, int(reply_to.message) if reply_to else None
        if file is None:
            number = await users.write(self.user, self._theirs(chat), text.text, to_entities(text), answered)
        else:
            number = await users.send_file(
                self.user,
                self._theirs(chat),
                "document",
                file.data,
                file.name,
                file.mime,
                caption=text.text,
                entities=to_entities(text),
                reply_to=answered,
            )
        return RemoteRef(self.account, chat, MessageId(str(number)))

    async def member_edits(self, ref: RemoteRef, text: RichText) -> None:
        await self.simulator.users.edit(
            self.user, self._theirs(ref.chat), int(ref.message), text.text, to_entities(text)
        )

    async def member_deletes(self, ref: RemoteRef) -> None:
        await self.simulator.users.delete(self.user, self._theirs(ref.chat), int(ref.message))

    async def member_presses(self, ref: RemoteRef, button: int) -> None:
        view = await self.simulator.users.view(self.user, self._theirs(ref.chat))
        message = next(m for m in view["messages"] if m["id"] == int(ref.message))
        keys = [key for row in message["buttons"] for key in row]
        chat = self._theirs(ref.chat)
        await self.simulator.users.press(self.user, chat, int(ref.message), keys[button]["callback_data"], timeout=0)

    async def member_renames(self, name: str) -> None:
        await self.simulator.users.rename(self.user, name)

    async def member_shares_uncarried(self, chat: ChatId) -> tuple[RemoteRef, UncarriedKind]:
        place = {"latitude": -1.28333, "longitude": 36.81667}
        number = await self.simulator.users.send_other(self.user, self._theirs(chat), "location", place)
        return RemoteRef(self.account, chat, MessageId(str(number))), UncarriedKind.LOCATION

    async def garbage(self) -> int:
        world = self.simulator.world
        queue = world.queue(BOT)
        for update in self.garbled:
            queue.pending.append({"update_id": queue.next_id, **update})
            queue.dates.append(world.clock())
            queue.next_id += 1
        world.arrival(BOT).set()
        return len(self.garbled)

    async def shown(self, chat: ChatId) -> list[Shown]:
        view = await self.simulator.users.view(self.user, self._theirs(chat))
        return [self._shown(chat, message) for message in view["messages"] if not message["service"]]

    def _ref(self, chat: ChatId, message: dict[str, Any] | None) -> RemoteRef | None:
        return RemoteRef(self.account, chat, MessageId(str(message["id"]))) if message else None

    def _shown(self, chat: ChatId, message: dict[str, Any]) -> Shown:
        kinds = {
            "strikethrough": MarkKind.STRIKE,
            "text_link": MarkKind.LINK,
            "text_mention": MarkKind.MENTION,
            "blockquote": MarkKind.QUOTE,
        }
        known = set(MarkKind)
        found = {kinds.get(e["type"], e["type"]) for e in message["entities"]}
        data = self.simulator.state.blobs[message["media"][0]["file"]] if message["media"] else None
        upload = Upload(name="", mime="", data=data) if data is not None else None
        return Shown(
            ref=RemoteRef(self.account, chat, MessageId(str(message["id"]))),
            text=message["text"],
            marks=frozenset(MarkKind(kind) for kind in found if kind in known),
            reply_to=RemoteRef(self.account, chat, MessageId(str(message["reply"]["id"])))
            if message["reply"]
            else None,
            buttons=tuple(key["text"] for row in message["buttons"] for key in row),
            file_sha256=upload.sha256 if upload else None,
            file_size=len(upload.data) if upload else None,
            edited=message["edited"],
            ours=message["sender_id"] == BOT,
        )

    # --- faults ---

    @asynccontextmanager
    async def fault(self, kind: Fault) -> AsyncIterator[None]:
        simulator, group = self.simulator, int(self.group)
        match kind:
            case Fault.CONNECT_REFUSED:
                await simulator.stop()
                try:
                    yield
                finally:
                    await simulator.start(port=self._port)
            case Fault.FORBIDDEN:
                await simulator.users.remove_member(group, BOT, by=self.owner)
                try:
                    yield
                finally:
                    await self._join()
            case Fault.CHAT_GONE:
                chat = simulator.state.chats.pop(str(group))
                try:
                    yield
                finally:
                    simulator.state.chats[str(group)] = chat
            case _:
                faults: dict[Fault, int | str] = {Fault.RATE_LIMITED: 429, Fault.SERVER_ERROR: 502}
                fault = faults.get(kind, "drop_after")
                for method in (*SENDING, "sendMessage", "editMessageText", "deleteMessage"):
                    simulator.fail_next(method, fault, times=50, retry_after=int(self.rate_limit_seconds))
                try:
                    yield
                finally:
                    simulator.faults._planned.clear()


class TelegramWebhookHarness(TelegramHarness):
    """Telegram calls a web server that mounts the adapter's routes, as the composition root does."""

    # Bodies over Route.max_body are refused before the adapter sees them; Telegram sends none of that size.
    garbled = tuple(update for update in GARBAGE if len(str(update)) < 1_000_000)

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self._runner: web.AppRunner | None = None
        self._public_url = "http://127.0.0.1:9"

    async def open_far_side(self) -> None:
        await super().open_far_side()
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._call)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self._public_url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def _call(self, request: web.Request) -> web.Response:
        assert isinstance(self.adapter, HasRoutes)
        route = next(r for r in self.adapter.routes() if (r.method, r.path) == (request.method, request.path))
        headers = {name.lower(): value for name, value in request.headers.items()}
        reply = await route.handler(
            WebRequest(method="POST", path=request.path, headers=headers, query={}, body=await request.read())
        )
        return web.Response(status=reply.status, body=reply.body)

    async def close_far_side(self) -> None:
        await super().close_far_side()
        if self._runner is not None:
            await self._runner.cleanup()

    def context(self) -> AdapterContext:
        return AdapterContext(account=self.account, clock=self.clock, public_url=self._public_url)

    def build_adapter(self) -> Adapter:
        address = f"http://127.0.0.1:{self._port or 9}"
        raw = {"kind": "telegram", "token": TOKEN, "api_url": address, "updates": "webhook", "webhook_secret": SECRET}
        return build(Settings.model_validate(raw), self.context())

    @property
    def secrets(self) -> Sequence[str]:
        return (*super().secrets, SECRET)
