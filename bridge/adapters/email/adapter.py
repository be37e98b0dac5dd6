"""E-mail: members write to a community's address, and get one letter each. README.md says how it all fits together."""

import asyncio
import contextlib
import json
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

import structlog

from bridge.adapters.email import mailbox
from bridge.adapters.email.addresses import MODERATE, Destination, Domain, Meaning, normal
from bridge.adapters.email.capabilities import MAILBOX
from bridge.adapters.email.checks import SET_ASIDE, Checks, counts
from bridge.adapters.email.convert import Converter
from bridge.adapters.email.letters import Composer
from bridge.adapters.email.lmtp import LmtpServer
from bridge.adapters.email.mail import UnreadableMail
from bridge.adapters.email.reader import Post
from bridge.adapters.email.reading import Reader
from bridge.adapters.email.settings import Settings, host_and_port
from bridge.adapters.email.spool import Spool
from bridge.adapters.email.transport import Transport
from bridge.core.capabilities import Capabilities
from bridge.core.checks import ChatUse, Finding
from bridge.core.errors import AccountError, Refusal
from bridge.core.events import DeliveryReported, InboundEvent, MessagePosted, SetAside, Unreadable
from bridge.core.ids import ChatId, MessageId, RemoteRef
from bridge.core.message import Content, RemoteFile
from bridge.core.ports import (
    Adapter,
    AdapterContext,
    Handed,
    Health,
    JsonObject,
    Outgoing,
    Refused,
    SendOutcome,
    Sent,
    Sink,
    StateStore,
)
from bridge.media.refusal import MediaReason, UnfitMedia

log = structlog.get_logger()

_CHUNK = 1 << 16
_SWEEP = 3600.0


class EmailAdapter:
    """The mail of one domain."""

    kind: ClassVar[str] = "email"
    channel: ClassVar[str] = "email"

    def __init__(self, settings: Settings, context: AdapterContext) -> None:
        self.account = context.account
        self._settings = settings
        self._context = context
        self._clock = context.clock
        self._domain = Domain(settings.domain, context.inboxes)
        self._composer = Composer(self._domain, public_url=context.public_url, prefix=settings.prefix)
        self._converter = Converter(context.account, self._domain)
        self._reader = Reader()
        self._spool = Spool(settings.spool / context.account, settings.keep_days)
        host, port = host_and_port(settings.smtp)
        self._transport = Transport(host, port, connections=settings.smtp_connections, clock=context.clock)
        self._can = replace(MAILBOX, max_received_bytes=settings.max_megabytes * 1_000_000)
        self._lmtp: LmtpServer | None = None
        self._sink: Sink | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._mailbox: mailbox.Mailbox | None = None
        self._aside: Counter[str] = Counter()
        self._trouble = "not started"

    def public_address(self, community: str) -> str | None:
        return self._domain.address_of(community) if community in self._domain.communities else None

    async def start(self, sink: Sink, state: StateStore) -> None:
        if self._sink is not None:
            return
        try:
            await self._spool.open()
        except OSError as error:
            raise AccountError(
                f"account {self.account}: cannot use the folder {self._settings.spool} ({error.strerror}): "
                "correct spool"
            ) from error
        self._aside = Counter(counts(await state.get(SET_ASIDE)))
        self._sink = sink
        try:
            await self._receive(state)
        except BaseException:
            self._sink = None
            raise
        self._trouble = ""
        self._tasks.append(asyncio.create_task(self._sweep(), name=f"spool {self.account}"))

    async def _receive(self, state: StateStore) -> None:
        if self._settings.imap:
            self._mailbox = mailbox.Mailbox(self._settings, self._domain, self._clock, state, self._looked)
            self._tasks.append(asyncio.create_task(self._mailbox.run(), name=f"mailbox {self.account}"))
            return
        host, port = host_and_port(self._settings.lmtp)
        self._lmtp = LmtpServer(
            host,
            port,
            deliver=self._deliver,
            knows=lambda address: self._domain.destination(address) is not None,
            max_bytes=self._settings.max_megabytes * 1_000_000,
            hostname=self._settings.domain,
        )
        try:
            await self._lmtp.start()
        except OSError as error:
            raise AccountError(
                f"account {self.account}: cannot listen at {self._settings.lmtp} ({error.strerror}): is another "
                "program there? correct lmtp"
            ) from error

    async def stop(self) -> None:
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        lmtp, self._lmtp = self._lmtp, None
        if lmtp is not None:
            await lmtp.stop()
        await self._transport.close()
        self._mailbox = None
        if self._sink is not None:
            self._trouble = "stopped"
        self._sink = None

    async def _sweep(self) -> None:
        while True:
            with contextlib.suppress(OSError):
                await self._spool.sweep()
            await self._clock.sleep(_SWEEP)

    # --- in ---

    async def _deliver(self, raw: bytes, sender: str, recipients: Sequence[str]) -> None:
        """What the mail server hands over: committed when this returns."""
        found = [each for each in map(self._domain.destination, recipients) if each is not None]
        await self._take(raw, sender, found)

    async def _looked(self, raw: bytes, destinations: Sequence[Destination], state: Mapping[str, str]) -> None:
        """What lay in the mailbox: nobody says who its envelope named."""
        await self._take(raw, None, destinations, state)

    async def _take(
        self,
        raw: bytes,
        envelope_sender: str | None,
        destinations: Sequence[Destination],
        state: Mapping[str, str] | None = None,
    ) -> None:
        if self._sink is None:
            raise OSError("stopped")
        kept = await self._spool.put(raw)
        events = await self._events(raw, kept.name, envelope_sender, destinations)
        aside = [event.why for event in events if isinstance(event, SetAside)]
        aside += ["bounce" for event in events if isinstance(event, DeliveryReported)]
        await self._sink.accept(events, state={**(state or {}), **self._counted(aside)})
        if not any(isinstance(event, Unreadable) or _has_files(event) for event in events):
            with contextlib.suppress(OSError):
                await self._spool.drop(kept)

    def _counted(self, aside: Sequence[str]) -> dict[str, str]:
        """How much was set aside so far, and why; committed with the mail."""
        self._aside.update(aside)
        return {SET_ASIDE: json.dumps(self._aside, sort_keys=True)} if aside else {}

    async def _events(
        self, raw: bytes, name: str, envelope_sender: str | None, destinations: Sequence[Destination]
    ) -> list[InboundEvent]:
        at = self._clock.now()
        first = destinations[0].community if destinations else ""
        post = Post(
            envelope_sender=envelope_sender,
            to_bounces=bool(destinations) and all(each.meaning is Meaning.BOUNCE for each in destinations),
            own=frozenset(self._domain.address_of(community) for community in self._domain.communities),
            domain=self._domain.name,
            authserv_id=self._settings.authserv_id,
            name=self._domain.name_of(first),
            answers=any(each.command.partition(" ")[0] == MODERATE for each in destinations),
        )
        source = self._spool.find(name)
        if source is None:
            raise OSError("the mail is no longer there")
        try:
            mail = await self._reader.read(source, post)
        except UnreadableMail as error:
            log.warning("mail_unreadable", account=self.account, reason=str(error)[:80])
            return [self._converter.unreadable(raw, at, str(error)[:200])]
        return self._converter.events(mail, raw, destinations, at, name)

    async def fetch(self, file: RemoteFile, *, limit: int) -> AsyncIterator[bytes]:
        if file.size is not None and file.size > min(limit, self._can.max_received_bytes):
            raise UnfitMedia(MediaReason.TOO_BIG)
        name, _, part = file.ref.partition("#")
        source = await asyncio.to_thread(self._spool.find, name)
        if source is None or not part.isdecimal():
            raise UnfitMedia(MediaReason.GONE)
        target = self._spool.scratch()
        try:
            try:
                await self._reader.extract(source, int(part), target)
            except UnreadableMail as error:
                raise UnfitMedia(MediaReason.BROKEN) from error
            if (await asyncio.to_thread(target.stat)).st_size > limit:
                raise UnfitMedia(MediaReason.TOO_BIG)
            opened = await asyncio.to_thread(target.open, "rb")
            try:
                while chunk := await asyncio.to_thread(opened.read, _CHUNK):
                    yield chunk
            finally:
                opened.close()
        finally:
            await self._spool.drop(target)

    # --- out ---

    def capabilities(self, chat: ChatId) -> Capabilities:
        return self._can

    def fits(self, chat: ChatId, content: Content) -> bool:
        return self._composer.fits(content)

    def to_payload(self, chat: ChatId, content: Content) -> JsonObject:
        return self._composer.payload(chat, content, self._clock.now())

    async def send(self, outgoing: Outgoing, key: str) -> SendOutcome:
        if normal(outgoing.chat) != outgoing.chat:
            return Refused(reason=Refusal.CHAT_GONE, detail="it is no address")
        payload = {name: str(value) for name, value in outgoing.payload.items()}
        answer = await self._transport.send(
            sender=self._domain.envelope_sender(payload["community"], key),
            to=str(outgoing.chat),
            message=self._composer.message(payload, key),
        )
        if isinstance(answer, Sent):
            ref = RemoteRef(self.account, outgoing.chat, MessageId(self._composer.message_id(payload, key)))
            return Sent(refs=(ref,))
        return answer

    def weigh(self, outgoing: Outgoing) -> Handed:
        payload = {name: str(value) for name, value in outgoing.payload.items()}
        return Handed(bytes=len(self._composer.message(payload, "0" * 32)))

    def monthly_cap(self) -> None:
        return None

    def health(self) -> Health:
        in_trouble = "" if self._mailbox is None else self._mailbox.trouble
        trouble = self._trouble or in_trouble or self._transport.trouble
        return Health(connected=not trouble, detail=trouble)

    async def check(self, uses: Sequence[ChatUse], state: StateStore) -> Sequence[Finding]:
        return await Checks(self._settings, self._context, self._domain, self._transport).run(state)


def _has_files(event: InboundEvent) -> bool:
    return isinstance(event, MessagePosted) and bool(event.files)


def build(settings: Settings, context: AdapterContext) -> Adapter:
    """Make the adapter; it connects in ``start``."""
    return EmailAdapter(settings, context)
