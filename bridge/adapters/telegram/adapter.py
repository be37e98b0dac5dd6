"""One bot on Telegram: everything that touches the network."""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import ClassVar, Final

import structlog
from telegram.error import BadRequest, Forbidden, TelegramError

from bridge.adapters.telegram import capabilities, convert, describing, faults, lookup, payload, polls
from bridge.adapters.telegram.checks import Checks
from bridge.adapters.telegram.client import Client, gone, too_big_for_bots
from bridge.adapters.telegram.receiver import Receiver, webhook_path
from bridge.adapters.telegram.request import GarbledAnswer
from bridge.adapters.telegram.sending import Sender
from bridge.adapters.telegram.settings import Settings
from bridge.core.capabilities import Capabilities
from bridge.core.checks import ChatUse, Finding
from bridge.core.ids import ChatId, RemoteRef, UserId
from bridge.core.message import Content, RemoteFile
from bridge.core.ports import (
    Adapter,
    AdapterContext,
    ChatFacts,
    Doubt,
    Health,
    JsonObject,
    Outgoing,
    SendOutcome,
    Sink,
    StateStore,
    Turn,
)
from bridge.core.webhooks import Route

log = structlog.get_logger()

_START_PAYLOAD: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_ANSWER_LIMIT: Final = 200
"""Characters of the short answer to a press: https://core.telegram.org/bots/api#answercallbackquery"""


def build(settings: Settings, context: AdapterContext) -> Adapter:
    """The adapter of one account; no I/O."""
    return TelegramAdapter(settings, context)


class TelegramAdapter:
    """See README.md for the limits and the guarantee."""

    kind: ClassVar[str] = "telegram"

    def __init__(self, settings: Settings, context: AdapterContext) -> None:
        self.account = context.account
        self._settings, self._context, self._clock = settings, context, context.clock
        self._takes = {groups: capabilities.of_chats(settings, groups=groups) for groups in (True, False)}
        self._said: tuple[Content | None, JsonObject] = (None, {})
        self._client = Client(settings)
        self._receiver = Receiver(self._client, settings, context)
        self._sender = Sender(self._client, self.account, self._clock, self._receiver)
        self._lookup = lookup.LookUp(self._client, self.account, settings.bot_id)
        self._cleaning: asyncio.Task[None] | None = None

    # --- life ---

    async def start(self, sink: Sink, state: StateStore) -> None:
        self._sender.use(state)
        self._lookup.state = state
        await self._client.open()
        await self._receiver.start(polls.PollSink(sink, state), state)
        self._cleaning = asyncio.create_task(self._lookup.clean_up(), name=f"forwards {self.account}")

    async def hear(self, sink: Sink, state: StateStore) -> None:
        await self._receiver.hear(polls.PollSink(sink, state), state)

    async def stop(self) -> None:
        if self._cleaning is not None:
            self._cleaning.cancel()
        await self._receiver.stop()
        await self._client.close_connections()

    def health(self) -> Health:
        return replace(self._receiver.health, silent=self._receiver.silent())

    def routes(self) -> Sequence[Route]:
        if self._settings.updates != "webhook":
            return ()
        return (Route(method="POST", path=webhook_path(self.account), handler=self._receiver.webhook),)

    async def check(self, uses: Sequence[ChatUse], state: StateStore) -> Sequence[Finding]:
        await self._client.open()
        return await Checks(self._client, self._settings, self._context).run(uses)

    # --- what a chat takes ---

    def capabilities(self, chat: ChatId) -> Capabilities:
        return self._takes[capabilities.is_group(chat)]

    def fits(self, chat: ChatId, content: Content) -> bool:
        return convert.fits(content, self.capabilities(chat).max_file_bytes)

    def to_payload(self, chat: ChatId, content: Content) -> JsonObject:
        # A post says the same in every group: what was made of the last content is used again.
        last, said = self._said
        if last is not content:
            said = convert.body(content)
            self._said = (content, said)
        return convert.to_payload(chat, content, self.account, said)

    # --- sending ---

    async def send(self, outgoing: Outgoing, key: str) -> SendOutcome:
        return await self._sender.send(outgoing)

    async def edit(self, ref: RemoteRef, outgoing: Outgoing, key: str) -> SendOutcome:
        return await self._sender.edit(ref, outgoing)

    async def delete(self, ref: RemoteRef, key: str) -> SendOutcome:
        return await self._sender.delete(ref)

    async def delete_together(self, refs: Sequence[RemoteRef], key: str) -> SendOutcome:
        return await self._sender.delete_together(refs)

    async def react(self, ref: RemoteRef, emojis: Sequence[str], key: str) -> SendOutcome:
        return await self._sender.react(ref, emojis)

    def numbered_with(self, chat: ChatId) -> Sequence[ChatId]:
        return lookup.numbered_with(chat, sorted(self._context.chats)) if self._settings.look_up_doubt else ()

    def alike(self, one: JsonObject, other: JsonObject) -> bool:
        return lookup.alike(one, other)

    async def search(self, doubt: Doubt, turn: Turn) -> RemoteRef | None:
        return await self._lookup.search(doubt, turn)

    # --- the rest ---

    async def answer_press(self, press: str, text: str, *, alert: bool = False) -> None:
        params = {"callback_query_id": press, "text": text[:_ANSWER_LIMIT], "show_alert": alert}
        try:
            await self._client.call("answerCallbackQuery", params)
        except TelegramError as error:
            log.info("telegram.press_not_answered", account=self.account, error=type(error).__name__)

    async def fetch(self, file: RemoteFile, *, limit: int) -> AsyncIterator[bytes]:
        """Raises OSError when it cannot be had now: try again later."""
        most = capabilities.MAX_LOCAL if self._settings.server_files else capabilities.MAX_DOWNLOAD
        if file.size is not None and file.size > most:
            raise too_big_for_bots(most)
        try:
            async for piece in self._client.file(file.ref, limit=limit):
                yield piece
        except GarbledAnswer as error:
            if error.status in (403, 404, 410):
                raise gone() from None
            raise ConnectionError(str(error)) from None
        except TelegramError as error:
            raise ConnectionError(faults.in_words(error)) from None

    def message_link(self, ref: RemoteRef) -> str | None:
        return convert.message_link(ref)

    async def is_member(self, chat: ChatId, user: UserId) -> bool:
        """Raises OSError when it cannot be told now."""
        try:
            who = {"chat_id": payload.address(chat)["chat_id"], "user_id": int(user)}
            return convert.is_present(await self._client.call("getChatMember", who))
        except (BadRequest, Forbidden, ValueError, TypeError, LookupError):
            return False  # of a chat that the bot is not in, and of people unknown there, nothing can be said
        except TelegramError as error:
            raise ConnectionError(faults.in_words(error)) from None

    async def describe(self, chat: ChatId) -> ChatFacts | None:
        return await describing.describe(self._client, self._clock, chat)

    async def administers(self, chat: ChatId, user: UserId) -> bool:
        return await describing.administers(self._client, self._clock, chat, user)

    async def introduce(self) -> None:
        """Learn the bot's name."""
        await self._client.open()
        try:
            answer = await self._client.call("getMe")
        except TelegramError as error:
            raise ConnectionError(faults.in_words(error)) from None
        self._receiver.me = convert.Me(int(answer["id"]), str(answer.get("username") or ""))

    def start_link(self, payload: str) -> str | None:
        me = self._receiver.me
        if me is None or not me.username or not _START_PAYLOAD.fullmatch(payload):
            return None
        return f"https://t.me/{me.username}?start={payload}"
