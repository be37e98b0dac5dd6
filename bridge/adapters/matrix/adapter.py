"""The Matrix adapter: connects, listens, and hands the domain's requests to those who carry them out."""

import asyncio
import functools
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import ClassVar

import aiohttp
import structlog

from bridge.adapters.matrix import describing, payload
from bridge.adapters.matrix.addresses import message_link
from bridge.adapters.matrix.capabilities import CAPABILITIES
from bridge.adapters.matrix.checking import check
from bridge.adapters.matrix.client import (
    CLIENT,
    REQUEST_SECONDS,
    SYNC_MILLISECONDS,
    TRANSFER_SECONDS,
    Answer,
    NoAnswer,
    NotSent,
)
from bridge.adapters.matrix.encryption import Encryption
from bridge.adapters.matrix.errands import Errands
from bridge.adapters.matrix.media_in import media_of
from bridge.adapters.matrix.receiving import FILTER, FIRST_FILTER, Receiver
from bridge.adapters.matrix.rooms import Rooms
from bridge.adapters.matrix.sealed_files import Opening, opened_ref
from bridge.adapters.matrix.sending import Sender
from bridge.adapters.matrix.session import SINCE, Renewed, Session
from bridge.adapters.matrix.settings import Settings
from bridge.core.capabilities import Capabilities
from bridge.core.checks import ChatUse, Finding
from bridge.core.errors import AccountError, StorageUnavailable
from bridge.core.events import InboundEvent
from bridge.core.ids import AccountId, ChatId, RemoteRef, UserId
from bridge.core.message import Content, RemoteFile
from bridge.core.ports import (
    Adapter,
    AdapterContext,
    ChatFacts,
    Health,
    JsonObject,
    Later,
    Outgoing,
    SendOutcome,
    Sink,
    StateStore,
)
from bridge.media.refusal import MediaReason, UnfitMedia

_log = structlog.get_logger(__name__)
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0
_CHUNK = 64 << 10


@functools.cache
def _capabilities(authors: bool, most: int) -> Capabilities:
    """Homeservers pass on no larger files of others than their own people may upload."""
    return replace(CAPABILITIES, authors=authors, max_file_bytes=most, max_received_bytes=most)


def build(settings: Settings, context: AdapterContext) -> Adapter:
    """Make the adapter of one account. Nothing is opened yet."""
    return MatrixAdapter(settings, context)


class MatrixAdapter:
    """One account on a Matrix homeserver."""

    kind: ClassVar[str] = "matrix"

    def __init__(self, settings: Settings, context: AdapterContext) -> None:
        self.account: AccountId = context.account
        self._clock = context.clock
        self._author_names = settings.author_names
        self._made: tuple[Content | None, JsonObject] = (None, {})
        self._session = Session(settings)
        self._rooms = Rooms(context, self._session)
        self._errands = Errands(settings, context, self._session, self._rooms)
        self._encryption = Encryption(context.clock, self._session)
        self._receiver = Receiver(context, self._session, self._rooms, self._errands, self._encryption)
        self._sender = Sender(context.account, context.clock, self._session, self._rooms, self._encryption)
        self._task: asyncio.Task[None] | None = None
        self._ready = False
        """Has the account been connected since the start?"""
        self._health = Health(connected=False, detail="not started")
        self._heard: float | None = None
        self._max_file_bytes = CAPABILITIES.max_file_bytes

    # --- life ---

    async def start(self, sink: Sink, state: StateStore) -> None:
        """Connect and begin to receive; raises AccountError where the operator must act."""
        if self._task is not None and not self._task.done():
            return
        try:
            await self._connect(sink, state)
        except AccountError:
            await self._session.close()
            raise
        except Exception as error:  # an outage is no error: the task goes on trying
            self._trouble(error)
        self._task = asyncio.create_task(self._run(sink, state), name=f"matrix {self.account}")

    async def stop(self) -> None:
        """Stop receiving and close the connections."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        await self._encryption.chores.close()
        await self._session.close()
        self._ready = False
        self._health = Health(connected=False, detail="stopped")

    def health(self) -> Health:
        silent = None if self._heard is None else timedelta(seconds=self._clock.monotonic() - self._heard)
        return replace(self._health, silent=silent)

    def profile_link(self) -> str | None:
        """Shows the account in whatever app a person has: https://matrix.to"""
        return f"https://matrix.to/#/{self._session.user}"

    # --- receiving ---

    async def _connect(self, sink: Sink, state: StateStore) -> None:
        await self._session.open(state)
        await self._encryption.open(state)
        await self._rooms.resolve()
        if await state.get(SINCE) is None:
            # The place in the stream comes before the joining: so nothing said after it can be missed.
            server = self._session.server
            answer = await server.ask(server.sync(timeout=0, sync_filter=FIRST_FILTER), TRANSFER_SECONDS)
            events, first_state = await self._receiver.read(answer, None)
            await sink.accept(events, state=first_state | self._errands.state())
        await self._errands.connected(sink)
        await self._learn_limits()
        self._ready = True
        self._health = Health(connected=True)
        self._heard = self._clock.monotonic()
        _log.info("matrix_connected", account=self.account)

    async def _learn_limits(self) -> None:
        for path in (f"{CLIENT}/v1/media/config", "/_matrix/media/v3/config"):
            try:
                size = (await self._session.server.call("GET", path)).get("m.upload.size")
            except Answer:
                continue
            if isinstance(size, int) and size > 0:
                self._max_file_bytes = size
            return

    async def _run(self, sink: Sink, state: StateStore) -> None:
        errands = asyncio.create_task(self._errands.run(sink), name=f"matrix errands {self.account}")
        try:
            await self._listen(sink, state)
        finally:
            errands.cancel()
            await asyncio.gather(errands, return_exceptions=True)

    async def _listen(self, sink: Sink, state: StateStore) -> None:
        failures = 0
        while True:
            try:
                if not self._ready:
                    await self._connect(sink, state)
                # After a trouble ask without waiting, so that its end is known at once.
                await self._receive(sink, state, 0 if failures else SYNC_MILLISECONDS)
            except AccountError as error:
                self._health = Health(connected=False, detail=str(error))
                _log.error("matrix_stopped", account=self.account, reason=str(error))
                return
            except Exception as error:
                if await self._was_login(error) and not failures:
                    failures = 1  # a token that dies at once again is a trouble like others
                    continue
                self._trouble(error)
                pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**failures) * random.uniform(0.5, 1.0)  # noqa: S311 - no secret
                if isinstance(error, Answer) and error.retry_after is not None:
                    pause = max(pause, error.retry_after)
                failures = min(failures + 1, 10)
                await self._clock.sleep(pause)
            else:
                failures = 0
                self._health = Health(connected=True)
                self._heard = self._clock.monotonic()

    async def _receive(self, sink: Sink, state: StateStore, patience: int) -> None:
        since = await state.get(SINCE)
        patience = self._receiver.patience(patience)
        server = self._session.server
        # The acknowledgement: asking from a place in the stream says that all before it is kept.
        answer = await server.ask(server.sync(patience, FILTER, since), patience / 1000 + REQUEST_SECONDS)
        events, new_state = await self._receiver.read(answer, since)
        await self._commit(sink, events, new_state)
        self._encryption.chores.begin()

    async def _commit(self, sink: Sink, events: Sequence[InboundEvent], state: Mapping[str, str]) -> None:
        pause = _FIRST_PAUSE
        while True:
            try:
                async with self._errands.writing:
                    await sink.accept(events, state={**state, **self._errands.state()})
            except StorageUnavailable:
                _log.warning("events_not_stored", account=self.account, events=len(events))
                self._health = Health(connected=True, detail="the database cannot be written: nothing is acknowledged")
                await self._clock.sleep(pause)
                pause = min(_LONGEST_PAUSE, pause * 2)
            else:
                return

    async def _was_login(self, error: Exception) -> bool:
        """Was the token dead, and has it been replaced?"""
        if not isinstance(error, Answer):
            return isinstance(error, Renewed)
        try:
            await self._session.checked(error)
        except Renewed:
            return True
        except AccountError as reason:
            self._ready = False  # connecting again says it once more, in the right place
            _log.debug("login_refused", account=self.account, reason=type(reason).__name__)
            return True
        except Exception as reason:
            self._trouble(reason)
        return False

    def _trouble(self, error: Exception) -> None:
        known = isinstance(error, Answer | NoAnswer | NotSent | StorageUnavailable)
        detail = f"{type(error).__name__}: {error}" if known else type(error).__name__
        self._health = Health(connected=False, detail=f"the homeserver does not answer as it should ({detail})")
        _log.warning("matrix_trouble", account=self.account, reason=detail)

    # --- sending ---

    def capabilities(self, chat: ChatId) -> Capabilities:
        return _capabilities(self._author_names, self._max_file_bytes)

    def fits(self, chat: ChatId, content: Content) -> bool:
        return payload.fits(content) and all(file.size <= self._max_file_bytes for file in content.attachments)

    def to_payload(self, chat: ChatId, content: Content) -> JsonObject:
        # A post is the same in every room: what was made of the last content is given again, as it is.
        last, made = self._made
        if last is not content:
            made = payload.to_payload(content, authors=self._author_names)
            self._made = (content, made)
        return made

    async def send(self, outgoing: Outgoing, key: str) -> SendOutcome:
        return self._not_ready() or await self._sender.send(outgoing, key)

    async def edit(self, ref: RemoteRef, outgoing: Outgoing, key: str) -> SendOutcome:
        return self._not_ready() or await self._sender.edit(ref, outgoing, key)

    async def delete(self, ref: RemoteRef, key: str) -> SendOutcome:
        return self._not_ready() or await self._sender.delete(ref, key)

    async def react(self, ref: RemoteRef, emojis: Sequence[str], key: str) -> SendOutcome:
        return self._not_ready() or await self._sender.react(ref, emojis, key)

    def message_link(self, ref: RemoteRef) -> str | None:
        return message_link(ref)

    async def look_up(self, chat: ChatId, key: str) -> RemoteRef | None:
        self._connected()
        return await self._sender.look_up(chat, key)

    def _not_ready(self) -> Later | None:
        if self._ready:
            return None
        when = self._clock.now() + timedelta(seconds=5)
        return Later(when=when, why="the account is not connected", whole_account=True)

    # --- media ---

    async def fetch(self, file: RemoteFile, *, limit: int) -> AsyncIterator[bytes]:
        media = media_of(file.ref)
        if media is None:
            raise UnfitMedia(MediaReason.GONE)
        most = min(limit, self._max_file_bytes)
        if file.size is not None and file.size > most:
            raise UnfitMedia(MediaReason.TOO_BIG, limit=most)
        try:
            async with self._session.server.download_of(*media) as response:
                if (response.content_length or 0) > limit:
                    raise UnfitMedia(MediaReason.TOO_BIG, limit=limit)
                size = 0
                sealed = opened_ref(file.ref)
                opening = Opening(sealed) if sealed is not None else None
                async for chunk in response.content.iter_chunked(_CHUNK):
                    size += len(chunk)
                    if size > limit:
                        raise UnfitMedia(MediaReason.TOO_BIG, limit=limit)
                    yield chunk if opening is None else opening.piece(chunk)
                if opening is not None and not opening.is_whole():
                    raise UnfitMedia(MediaReason.BROKEN)
        except Answer as answer:
            if answer.status in (400, 403, 404, 410, 413):
                reason = MediaReason.TOO_BIG if answer.status == 413 else MediaReason.GONE
                raise UnfitMedia(reason) from None
            raise ConnectionError(f"the file cannot be fetched now ({answer})") from None
        except (NotSent, NoAnswer, aiohttp.ClientError, OSError) as error:
            raise ConnectionError(f"the file cannot be fetched now ({type(error).__name__})") from None

    # --- who is where ---

    async def is_member(self, chat: ChatId, user: UserId) -> bool:
        try:
            member = await self._session.server.state(chat, "m.room.member", user)
        except Answer as answer:
            if answer.status in (400, 403, 404):
                return False
            raise ConnectionError(f"the homeserver does not say who is in the room ({answer})") from None
        except (NotSent, NoAnswer, aiohttp.ClientError) as error:
            raise ConnectionError(f"the homeserver does not answer ({type(error).__name__})") from None
        return member is not None and member.get("membership") == "join"

    # --- groups ---

    async def describe(self, chat: ChatId) -> ChatFacts | None:
        self._connected()
        return await describing.describe(self._session, self._rooms, chat)

    async def administers(self, chat: ChatId, user: UserId) -> bool:
        self._connected()
        return await describing.administers(self._session, self._rooms, chat, user)

    def keep(self, chat: ChatId, *, wanted: bool) -> None:
        self._errands.keep(chat, wanted=wanted)

    def _connected(self) -> None:
        if not self._ready:
            raise ConnectionError("the account is not connected")

    # --- checking ---

    async def check(self, uses: Sequence[ChatUse], state: StateStore) -> Sequence[Finding]:
        return await check(self._session, self._rooms, self._encryption, uses, state)
