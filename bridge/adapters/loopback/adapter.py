"""A complete adapter for an invented network, small enough to read in one go. README.md explains it step by step."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import ClassVar

import structlog

from bridge.adapters.loopback import convert
from bridge.adapters.loopback.capabilities import RICH, THIN
from bridge.adapters.loopback.network import Network, NetworkBusy, NetworkRefused
from bridge.adapters.loopback.settings import Settings
from bridge.core.capabilities import Capabilities
from bridge.core.errors import AccountError, Refusal, StorageUnavailable
from bridge.core.ids import ChatId, MessageId, RemoteRef, UserId
from bridge.core.message import Content, RemoteFile
from bridge.core.ports import (
    Adapter,
    AdapterContext,
    ChatFacts,
    Health,
    JsonObject,
    Later,
    Outgoing,
    Refused,
    SendOutcome,
    Sent,
    Sink,
    StateStore,
    Unknown,
)
from bridge.media.refusal import MediaReason, UnfitMedia

log = structlog.get_logger()

CURSOR = "cursor"
PATIENCE = 5.0
"""Seconds to wait where the network is away and names no time."""

REFUSALS: Mapping[str, Refusal] = {
    "forbidden": Refusal.FORBIDDEN,
    "no_such_chat": Refusal.CHAT_GONE,
    "no_such_message": Refusal.TARGET_GONE,
    "too_long": Refusal.TOO_BIG,
}


class LoopbackAdapter:
    """Plain texts both ways, as over SMS."""

    kind: ClassVar[str] = "loopback"
    _can: ClassVar[Capabilities] = THIN
    _proof: ClassVar[str] = "claimed"
    """As over SMS: the sender of a message can be invented."""

    def __init__(self, settings: Settings, context: AdapterContext) -> None:
        self.account = context.account
        self._clock = context.clock
        self._pause = settings.poll_interval
        self._network = Network(
            settings.directory, text_limit=self._can.text_limit, caption_limit=self._can.caption_limit
        )
        self._receiver: asyncio.Task[None] | None = None
        self._trouble = "not started"

    async def start(self, sink: Sink, state: StateStore) -> None:
        if self._receiver is not None:
            return
        try:
            await asyncio.to_thread(self._network.open)
        except OSError as error:
            raise AccountError(
                f"account {self.account}: cannot use the directory ({error.strerror}): correct it"
            ) from error
        cursor = int(await state.get(CURSOR) or 0)
        self._trouble = ""
        self._receiver = asyncio.create_task(self._receive(sink, cursor), name=f"loopback {self.account}")

    async def stop(self) -> None:
        receiver, self._receiver = self._receiver, None
        if receiver is not None:
            receiver.cancel()
            await asyncio.wait([receiver])
            self._trouble = "stopped"

    async def _receive(self, sink: Sink, cursor: int) -> None:
        while True:
            lines = []
            try:
                lines = await asyncio.to_thread(self._network.receive, cursor)
                now = self._clock.now()
                events = [
                    convert.to_event(
                        line.raw,
                        account=self.account,
                        at=now,
                        position=line.start,
                        proof=self._proof,
                        receives=self._can.receives,
                    )
                    for line in lines
                ]
                if events:
                    await sink.accept(events, state={CURSOR: str(lines[-1].end)})
                    cursor = lines[-1].end  # the one line that acknowledges: from here on the lines count as taken
                self._trouble = ""
            except StorageUnavailable:
                log.warning("loopback_not_stored", account=self.account)
                lines = []
            except Exception as error:  # neither a broken disk nor a defect of ours may end the receiving unseen
                self._trouble = f"cannot receive: {type(error).__name__}"
                log.warning("loopback_receive_failed", account=self.account, error=type(error).__name__)
                lines = []
            if not lines:
                await self._clock.sleep(self._pause)

    def capabilities(self, chat: ChatId) -> Capabilities:
        return self._can

    def fits(self, chat: ChatId, content: Content) -> bool:
        return convert.fits(self._can, content)

    def to_payload(self, chat: ChatId, content: Content) -> JsonObject:
        return convert.to_payload(self._can, chat, content)

    def health(self) -> Health:
        return Health(connected=not self._trouble, detail=self._trouble)

    async def send(self, outgoing: Outgoing, key: str) -> SendOutcome:
        return await self._post("send", outgoing.chat, key, outgoing)

    async def look_up(self, chat: ChatId, key: str) -> RemoteRef | tuple[RemoteRef, ...] | None:
        found = await asyncio.to_thread(self._network.find, chat, key)
        refs = tuple(RemoteRef(self.account, chat, MessageId(each)) for each in found)
        return refs if len(refs) > 1 else next(iter(refs), None)

    async def describe(self, chat: ChatId) -> ChatFacts | None:
        try:
            found = await asyncio.to_thread(self._network.about, chat)
        except NetworkRefused:
            return None
        members = found.get("members")
        return ChatFacts(
            title=str(found.get("title", "")),
            members=len(members) if isinstance(members, list) else None,
            hears=True,
            removes=self._can.deletes_others is not None and found.get("removes") is not False,
            writes=True,
        )

    async def administers(self, chat: ChatId, user: UserId) -> bool:
        try:
            admins = (await asyncio.to_thread(self._network.about, chat)).get("admins")
        except NetworkRefused:
            return False
        return isinstance(admins, list) and user in admins

    async def _post(
        self, op: str, chat: ChatId, key: str, outgoing: Outgoing | None = None, **more: str
    ) -> SendOutcome:
        """One operation, one attempt, one of the four answers."""
        payload = outgoing.payload if outgoing else {}
        files = [(file.attachment.sha256, file.path) for file in outgoing.files] if outgoing else []
        line = {"op": op, "chat": chat, "key": key, **more, **payload}
        try:
            ids = await asyncio.to_thread(self._network.post, line, files)
        except NetworkRefused as refused:
            reason = REFUSALS.get(refused.code)
            return Refused(reason=reason) if reason else Unknown(why=f"the network answered {refused.code}")
        except NetworkBusy as busy:
            return Later(
                when=self._clock.now() + timedelta(seconds=busy.seconds), why="the network is busy", limit=True
            )
        except ConnectionRefusedError:
            when = self._clock.now() + timedelta(seconds=PATIENCE)
            return Later(when=when, why="the network cannot be reached", whole_account=True)
        except OSError as error:
            return Unknown(why=f"the answer never came ({type(error).__name__})")
        return Sent(refs=tuple(RemoteRef(self.account, chat, MessageId(each)) for each in ids) if op == "send" else ())


class RichLoopbackAdapter(LoopbackAdapter):
    """The same with everything a chat app can do. Each method is an ability of its own: write only what yours has."""

    _can: ClassVar[Capabilities] = RICH
    _proof: ClassVar[str] = ""

    async def edit(self, ref: RemoteRef, outgoing: Outgoing, key: str) -> SendOutcome:
        one = replace(outgoing, payload=convert.one_of(outgoing.payload, outgoing.item))
        return await self._post("edit", ref.chat, key, one, target=ref.message)

    async def delete(self, ref: RemoteRef, key: str) -> SendOutcome:
        outcome = await self._post("delete", ref.chat, key, target=ref.message)
        return Sent() if outcome == Refused(reason=Refusal.TARGET_GONE) else outcome

    async def answer_press(self, press: str, text: str, *, alert: bool = False) -> None:
        await self._post("answer", ChatId(""), press, target=press, text=text)

    async def fetch(self, file: RemoteFile, *, limit: int) -> AsyncIterator[bytes]:
        most = min(limit, self._can.max_received_bytes)
        if file.size is not None and file.size > most:
            raise UnfitMedia(MediaReason.TOO_BIG, limit=most)
        try:
            data = await asyncio.to_thread(self._network.read_file, file.ref, limit + 1)
        except OSError as error:
            raise UnfitMedia(MediaReason.GONE) from error
        if len(data) > limit:
            raise UnfitMedia(MediaReason.TOO_BIG, limit=limit)
        yield data


def build(settings: Settings, context: AdapterContext) -> Adapter:
    """Make the adapter; it connects in ``start``."""
    return LoopbackAdapter(settings, context) if settings.thin else RichLoopbackAdapter(settings, context)
