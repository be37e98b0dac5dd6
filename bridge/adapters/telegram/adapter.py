"""One bot on Telegram: everything that touches the network."""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any, ClassVar, Final

import structlog
from telegram import InputFile
from telegram.error import BadRequest, ChatMigrated, Forbidden, TelegramError

from bridge.adapters.telegram import capabilities, convert, describing, faults, payload, polls
from bridge.adapters.telegram.checks import Checks
from bridge.adapters.telegram.client import Client
from bridge.adapters.telegram.receiver import Receiver, webhook_path
from bridge.adapters.telegram.request import GarbledAnswer
from bridge.adapters.telegram.settings import Settings
from bridge.core.capabilities import Capabilities
from bridge.core.errors import BarazaError, MediaRefused, Refusal, StorageUnavailable
from bridge.core.ids import ChatId, MessageId, RemoteRef, UserId
from bridge.core.message import Content, RemoteFile
from bridge.core.ports import (
    Adapter,
    AdapterContext,
    ChatFacts,
    ChatUse,
    Finding,
    Health,
    JsonObject,
    Later,
    LocalFile,
    Outgoing,
    Refused,
    Route,
    SendOutcome,
    Sent,
    Sink,
    StateStore,
    Unknown,
)

log = structlog.get_logger()

_START_PAYLOAD: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_DEFECT_PAUSE: Final = timedelta(seconds=30)
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
        self._client = Client(settings)
        self._receiver = Receiver(self._client, settings, context)
        self._state: StateStore | None = None

    # --- life ---

    async def start(self, sink: Sink, state: StateStore) -> None:
        self._state = state
        await self._client.open()
        await self._receiver.start(polls.PollSink(sink, state), state)

    async def stop(self) -> None:
        await self._receiver.stop()
        await self._client.close_connections()

    def health(self) -> Health:
        return self._receiver.health

    def routes(self) -> Sequence[Route]:
        if self._settings.updates != "webhook":
            return ()
        return (Route(method="POST", path=webhook_path(self.account), handler=self._receiver.webhook),)

    async def check(self, uses: Sequence[ChatUse], state: StateStore) -> Sequence[Finding]:
        await self._client.open()
        return await Checks(self._client, self._settings, self._context).run(uses)

    # --- what a chat takes ---

    def capabilities(self, chat: ChatId) -> Capabilities:
        return capabilities.of_chat(chat, self._settings)

    def fits(self, chat: ChatId, content: Content) -> bool:
        return convert.fits(content)

    def to_payload(self, chat: ChatId, content: Content) -> JsonObject:
        return convert.to_payload(chat, content, self.account)

    # --- sending ---

    async def send(self, outgoing: Outgoing, key: str) -> SendOutcome:
        attempt = _Attempt()
        try:
            return await self._send(outgoing, attempt)
        except TelegramError as error:
            return await self._failed(error, outgoing.chat)
        except FileNotFoundError:
            return Refused(reason=Refusal.BAD_CONTENT, detail="the file is no longer in the media folder")
        except Exception as error:
            unknown = self._defect(error)
            return unknown if attempt.handed_over else Later(when=self._clock.now() + _DEFECT_PAUSE, why=unknown.why)

    async def _send(self, outgoing: Outgoing, attempt: "_Attempt") -> SendOutcome:
        frozen = outgoing.payload
        if not {"method", "chat_id"} <= frozen.keys():
            return Refused(reason=Refusal.BAD_CONTENT, detail="the payload is of another making: please report this")
        method = str(frozen["method"])
        params: dict[str, Any] = {
            name: value for name, value in frozen.items() if name not in ("method", "message_thread_id")
        }
        params |= payload.address(outgoing.chat)
        if params["chat_id"] != frozen["chat_id"]:
            params.pop("reply_parameters", None)  # frozen before the group moved: the ids there are other messages'
        field = payload.FILE_FIELD.get(method)
        async with AsyncExitStack() as stack:
            remembered = _remembered(outgoing, str(params[field]), field) if field else ""
            file_id = await self._recall(remembered)
            if field and file_id:
                params[field] = file_id
            elif field:
                local = next((f for f in outgoing.files if f.attachment.sha256 == params[field]), None)
                if local is None:
                    return Refused(reason=Refusal.BAD_CONTENT, detail="the file came without its bytes")
                params[field] = await self._open_file(local, stack)
            try:
                attempt.handed_over = True
                message = await self._post(method, params)
            except TelegramError as error:
                if file_id and faults.is_stale_file(error):
                    await self._forget(remembered)
                    return Later(when=self._clock.now(), why="a remembered upload is no longer there")
                raise
        if not isinstance(message, Mapping) or type(message.get("message_id")) is not int:
            return Unknown(why="the answer to a send names no message")
        if field and not file_id:
            await self._remember(remembered, _file_id(message.get(field)))
        return Sent(refs=(RemoteRef(self.account, outgoing.chat, MessageId(str(message["message_id"]))),))

    async def _post(self, method: str, params: Mapping[str, Any]) -> Any:
        try:
            return await self._client.call(method, params)
        except TelegramError as error:
            if "reply_parameters" not in params or not faults.is_reply_target_gone(error):
                raise
        # Certainly refused, and only for what it answers: the message itself must not be lost with it.
        return await self._client.call(method, {k: v for k, v in params.items() if k != "reply_parameters"})

    async def _open_file(self, local: LocalFile, stack: AsyncExitStack) -> InputFile:
        handle = await asyncio.to_thread(local.path.open, "rb")
        stack.callback(handle.close)
        file = InputFile(handle, filename=local.attachment.name, read_file_handle=False)
        file.mimetype = local.attachment.mime or file.mimetype
        return file

    async def edit(self, ref: RemoteRef, outgoing: Outgoing, key: str) -> SendOutcome:
        try:
            method, params = convert.to_edit(outgoing.payload)
            await self._client.call(method, {**params, **_target(ref)})
        except TelegramError as error:
            return Sent() if faults.is_not_modified(error) else await self._failed(error, ref.chat, targeted=True)
        except Exception as error:
            return self._defect(error)
        return Sent()

    async def delete(self, ref: RemoteRef, key: str) -> SendOutcome:
        try:
            await self._client.call("deleteMessage", _target(ref))
        except TelegramError as error:
            return Sent() if faults.is_already_deleted(error) else await self._failed(error, ref.chat, targeted=True)
        except Exception as error:
            return self._defect(error)
        return Sent()

    async def _failed(self, error: TelegramError, chat: ChatId, *, targeted: bool = False) -> SendOutcome:
        now = self._clock.now()
        if isinstance(error, ChatMigrated):
            old = payload.split_chat(chat)[0]
            await self._receiver.report(convert.moved(self.account, old, error.new_chat_id, now))
        self._receiver.rejected(error)
        return faults.outcome(error, now, private=not chat.startswith(("-", "@")), targeted=targeted)

    def _defect(self, error: Exception) -> Unknown:
        log.error("telegram.send_defect", account=self.account, error=faults.place(error))
        return Unknown(why=f"a defect in the bridge ({type(error).__name__}): please report it")

    # --- uploads remembered ---

    async def _recall(self, key: str) -> str | None:
        if not key or self._state is None:
            return None
        try:
            return await self._state.get(key)
        except StorageUnavailable:
            return None  # uploaded once more

    async def _remember(self, key: str, file_id: str) -> None:
        if file_id and self._state is not None:
            try:
                await self._state.set(key, file_id)
            except BarazaError:  # what was sent is sent
                log.warning("telegram.upload_not_remembered", account=self.account)

    async def _forget(self, key: str) -> None:
        if self._state is not None:
            try:
                await self._state.delete(key)
            except BarazaError:
                log.warning("telegram.upload_not_forgotten", account=self.account)

    # --- the rest ---

    async def answer_press(self, press: str, text: str, *, alert: bool = False) -> None:
        params = {"callback_query_id": press, "text": text[:_ANSWER_LIMIT], "show_alert": alert}
        try:
            await self._client.call("answerCallbackQuery", params)
        except TelegramError as error:
            log.info("telegram.press_not_answered", account=self.account, error=type(error).__name__)

    async def fetch(self, file: RemoteFile, *, limit: int) -> AsyncIterator[bytes]:
        """Raises OSError when it cannot be had now: try again later."""
        try:
            async for piece in self._client.file(file.ref, limit=limit):
                yield piece
        except GarbledAnswer as error:
            if error.status in (403, 404, 410):
                raise MediaRefused("Telegram no longer has this file: ask for it to be sent again") from None
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


class _Attempt:
    """How far a send came."""

    handed_over = False
    """Was the deciding request begun? Before that, a failure is no doubt: nothing was sent."""


def _target(ref: RemoteRef) -> dict[str, Any]:
    return {"chat_id": payload.address(ref.chat)["chat_id"], "message_id": int(ref.message)}


def _file_id(sent: object) -> str:
    """Of a document, or of the biggest size of a photo."""
    item = sent[-1] if isinstance(sent, list) and sent else sent
    return str(item.get("file_id") or "") if isinstance(item, Mapping) else ""


def _remembered(outgoing: Outgoing, sha256: str, field: str) -> str:
    """Where an upload's file id is kept. A document's id keeps its first file name, so the name is part of the key."""
    names = [file.attachment.name for file in outgoing.files if file.attachment.sha256 == sha256]
    if field != "document" or not names:
        return f"file:{sha256}/{field}"
    return f"file:{sha256}/{field}/{hashlib.sha256(names[0].encode()).hexdigest()[:16]}"
