"""The Telegram adapter against the strict Bot API simulator, by polling and by webhook."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from aiohttp import web

from bridge.adapters.telegram.adapter import build
from bridge.adapters.telegram.entities import to_entities
from bridge.adapters.telegram.media import FILE_FIELD
from bridge.adapters.telegram.settings import Settings
from bridge.core.ids import ChatId, MessageId, RemoteRef, UserId
from bridge.core.message import AttachmentKind, Place, Poll, UncarriedKind
from bridge.core.ports import Adapter, AdapterContext
from bridge.core.text import MarkKind, RichText
from bridge.core.webhooks import HasRoutes, WebRequest
from bridge.playground.botapi import BotApiSimulator, Limits
from tests.contract.harness import PERSONAL, Fault, Harness, wait_for
from tests.contract.samples_telegram import GARBAGE, OTHERS
from tests.contract.seen import Shown, Upload

TOKEN = "700100:contract-suite-token-that-is-secret"  # the shape of a real one
BOT = 700100
SECRET = "contract-suite-webhook-secret"
SENDING = (
    "sendMediaGroup",
    "sendLocation",
    "sendVenue",
    "sendPoll",
    "editMessageMedia",
    "setMessageReaction",
    *FILE_FIELD,
)


class TelegramHarness(Harness):
    describes = False
    uncarried = frozenset(OTHERS) | {UncarriedKind.FORWARDED, UncarriedKind.UNKNOWN}
    unknown_message = "999999999"
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
                self.user, self._theirs(chat), **_sent(file, text), entities=to_entities(text), reply_to=answered
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

    async def member_sends(self, chat: ChatId, kind: UncarriedKind) -> RemoteRef:
        users, there = self.simulator.users, self._theirs(chat)
        if kind is UncarriedKind.FORWARDED:
            elsewhere = await users.create_group("Elsewhere", self.owner, supergroup=True, members=[self.user])
            original = await users.write(self.owner, elsewhere, f"{PERSONAL} is well")
            number = await users.forward(self.user, there, elsewhere, original)
        elif kind is UncarriedKind.UNKNOWN:
            number = await users.send_raw(self.user, there, {f"hologram_of_{PERSONAL}": {"depth": 3}})
        else:
            number = await users.send_other(self.user, there, *OTHERS[kind])
        return RemoteRef(self.account, chat, MessageId(str(number)))

    async def member_shares(self, chat: ChatId, what: Place | Poll) -> RemoteRef:
        value: dict[str, Any]
        if isinstance(what, Poll):
            kind, value = "poll", {"question": what.question, "options": list(what.options)}
        else:
            point = {"latitude": what.latitude, "longitude": what.longitude}
            venue = {"location": point, "title": what.title, "address": what.address}
            kind, value = ("venue", venue) if what.title else ("location", point)
        number = await self.simulator.users.send_other(self.user, self._theirs(chat), kind, value)
        return RemoteRef(self.account, chat, MessageId(str(number)))

    async def member_sends_album(self, chat: ChatId, files: Sequence[Upload]) -> list[RemoteRef]:
        items = [_sent(file, RichText("")) for file in files]
        numbers = await self.simulator.users.send_album(self.user, self._theirs(chat), items)
        return [RemoteRef(self.account, chat, MessageId(str(number))) for number in numbers]

    async def member_changes_file(self, ref: RemoteRef, file: Upload, text: RichText) -> None:
        sent = {name: value for name, value in _sent(file, text).items() if name != "has_spoiler"}
        await self.simulator.users.edit_media(self.user, self._theirs(ref.chat), int(ref.message), **sent)

    async def member_reacts(self, ref: RemoteRef, emoji: str) -> None:
        await self.listening()
        await self.simulator.users.react(self.user, self._theirs(ref.chat), int(ref.message), emoji)

    async def member_unreacts(self, ref: RemoteRef, emoji: str) -> None:
        await self.simulator.users.react(self.user, self._theirs(ref.chat), int(ref.message))

    async def member_votes(self, ref: RemoteRef, option: int) -> None:
        await self.listening()
        await self.simulator.users.vote(self.user, self._theirs(ref.chat), int(ref.message), [option])

    async def listening(self) -> None:
        """Telegram has heard which kinds of updates we want."""
        await wait_for(lambda: BOT in self.simulator.world._polls)

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
        there = self.simulator.users.chat_for(self.user, self._theirs(chat))
        facts: dict[str, Any] = {}
        if message["media"]:
            media = message["media"][0]
            blobs, seconds = self.simulator.state.blobs, media.get("duration")
            upload = Upload(name="", mime="", data=blobs[media["file"]])
            facts = {
                "kind": AttachmentKind(media["kind"]),
                "file_sha256": upload.sha256,
                "file_size": len(upload.data),
                "file_name": " ".join(filter(None, (media["file_name"], media.get("title"), media.get("performer")))),
                "duration": timedelta(seconds=seconds) if seconds else None,
                "thumbnail_sha256": Upload(name="", mime="", data=blobs[small]).sha256
                if (small := media["thumbnail"])
                else None,
                "alt": media.get("emoji") or "",
            }
        other = message["other"]
        poll, venue, place = other.get("poll"), other.get("venue", {}), other.get("location")
        return Shown(
            ref=RemoteRef(self.account, chat, MessageId(str(message["id"]))),
            text=message["text"],
            marks=frozenset(MarkKind(kind) for kind in found if kind in known),
            reply_to=RemoteRef(self.account, chat, MessageId(str(message["reply"]["id"])))
            if message["reply"]
            else None,
            buttons=tuple(key["text"] for row in message["buttons"] for key in row),
            reactions=tuple(
                reaction["emoji"] for reaction in there.messages[message["id"]].reactions.get(str(BOT), [])
            ),
            spoiler=message["spoiler"],
            preview=message["preview"] is not None,
            poll=poll
            and Poll(
                question=poll["question"],
                options=tuple(option["text"] for option in poll["options"]),
                multiple=poll["allows_multiple_answers"],
            ),
            place=place
            and Place(
                latitude=place["latitude"],
                longitude=place["longitude"],
                title=venue.get("title", ""),
                address=venue.get("address", ""),
            ),
            **facts,
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


def _sent(file: Upload, text: RichText) -> dict[str, Any]:
    """As a member's app sends it."""
    told = {"duration": file.seconds, "title": file.title, "performer": file.performer}
    if file.kind is AttachmentKind.VIDEO_NOTE:
        told["length"] = file.width
    elif file.kind in (AttachmentKind.VIDEO, AttachmentKind.ANIMATION):
        told |= {"width": file.width, "height": file.height}
    elif file.kind is AttachmentKind.STICKER:
        told["emoji"] = file.alt
    return {
        "kind": file.kind.value,
        "data": file.data,
        "file_name": file.name,
        "mime_type": file.mime,
        "caption": text.text,
        "attributes": {name: value for name, value in told.items() if value},
        "has_spoiler": file.spoiler,
    }


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

    async def listening(self) -> None:
        """It was told with the address to call."""

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
