"""Receiving: polls for updates, or is called by Telegram's webhook. Commits first, acknowledges afterwards."""

import asyncio
import hmac
import json
import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import quote, urlsplit

import structlog
from telegram.error import BadRequest, InvalidToken, TelegramError

from bridge.adapters.telegram import faults
from bridge.adapters.telegram.client import POLL_SECONDS, UPDATES, Client
from bridge.adapters.telegram.convert import Me, read_update
from bridge.adapters.telegram.request import GarbledAnswer
from bridge.adapters.telegram.settings import Settings
from bridge.core.errors import AccountError, StorageUnavailable
from bridge.core.events import InboundEvent, Missed
from bridge.core.ids import ChatId
from bridge.core.outage import Hearing
from bridge.core.ports import AdapterContext, Health, Sink, StateStore
from bridge.core.webhooks import WebReply, WebRequest

log = structlog.get_logger()

KEPT: Final = timedelta(hours=24)
"""How long Telegram keeps updates for us: https://core.telegram.org/bots/api#getting-updates"""
LONG_OUTAGE: Final = timedelta(hours=20)
_OFFSET, _POLLED, _NAME = "offset", "polled_at", "name"
_NOTE_EVERY: Final = timedelta(minutes=10)
_LONGEST_PAUSE: Final = 60.0


def webhook_path(account: str) -> str:
    return f"/webhook/telegram/{account}"


def webhook_url(settings: Settings, context: AdapterContext) -> str:
    """Where Telegram is to call us. Raises AccountError where that cannot be."""
    # A Bot API server of one's own may call plain HTTP: https://github.com/tdlib/telegram-bot-api#usage
    own_server = urlsplit(settings.api_url).hostname != "api.telegram.org"
    if not context.public_url.startswith(("https://", "http://") if own_server else "https://"):
        raise AccountError(
            f"account {context.account}: webhooks need a public https address: set public_url in [web],"
            ' or use updates = "polling"'
        )
    return context.public_url.rstrip("/") + quote(webhook_path(context.account))


class Receiver:
    """The inbound half of one account."""

    def __init__(self, client: Client, settings: Settings, context: AdapterContext) -> None:
        self._client, self._settings, self._context = client, settings, context
        self._clock = context.clock
        self._sink: Sink | None = None
        self._state: StateStore | None = None
        self._task: asyncio.Task[None] | None = None
        self._jitter = random.SystemRandom()
        self._offset: int | None = None
        self._hearing = Hearing(context.clock, None)
        self._noted_at: datetime | None = None
        self._warned = False
        self._flowing = False
        self.me: Me | None = None
        self.health = Health(connected=False, detail="not started")

    async def start(self, sink: Sink, state: StateStore) -> None:
        """Connect, then go on in the background. Raises AccountError where only the operator can help."""
        await self.stop()
        self._sink, self._state = sink, state
        offset, polled = await state.get(_OFFSET), await state.get(_POLLED)
        self._offset = int(offset) if offset else None
        self._noted_at = datetime.fromisoformat(polled) if polled else None
        self._hearing = Hearing(self._clock, self._noted_at)
        self._warned = self._flowing = False
        try:
            await self._connect()
        except TelegramError as error:
            self._unwell(error)
        self._task = asyncio.create_task(self._run(sink), name=f"telegram-{self._context.account}")

    async def hear(self, sink: Sink, state: StateStore) -> None:
        """Another program polls, sends and has set the webhook: take what Telegram brings here, under the known name.

        As long as the name is not known, what comes is not taken: Telegram brings it again.
        """
        name = await state.get(_NAME)
        if name is not None:
            self._sink, self.me = sink, Me(self._settings.bot_id, name)

    async def stop(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        self._sink = self._state = self.me = None
        self.health = Health(connected=False, detail="stopped")

    def rejected(self, error: TelegramError) -> None:
        """Note what a send found out about the account."""
        if isinstance(error, InvalidToken):
            self.health = Health(connected=False, detail=faults.in_words(error))

    def silent(self) -> timedelta:
        """How long Telegram has not been heard."""
        return self._hearing.silent()

    async def report(self, event: InboundEvent) -> None:
        """Commit something learned while sending; given up where storage cannot take it, it will be learned again."""
        if self._sink is not None:
            try:
                await self._sink.accept([event])
            except StorageUnavailable:
                log.warning("telegram.report_not_stored", account=self._context.account, key=event.key)

    # --- connecting ---

    async def _connect(self) -> None:
        """Who are we, and how do updates reach us? Raises TelegramError to try again, AccountError to give up."""
        url = webhook_url(self._settings, self._context) if self._settings.updates == "webhook" else ""
        try:
            answer = await self._client.call("getMe")
            me = Me(int(answer["id"]), str(answer.get("username") or ""))
        except InvalidToken as error:
            raise AccountError(f"account {self._context.account}: {faults.in_words(error)}") from None
        except (LookupError, TypeError, ValueError, AttributeError):
            raise GarbledAnswer(200) from None
        if url:
            await self._set_webhook(url)
        else:
            await self._drop_webhook()
        self.me = me
        await self._note_name(me)
        self.health = Health(connected=True)
        log.info("telegram.connected", account=self._context.account, bot=me.id, updates=self._settings.updates)

    async def _note_name(self, me: Me) -> None:
        """For programs that share the work and do not ask Telegram themselves."""
        try:
            if self._state is not None and await self._state.get(_NAME) != me.username:
                await self._state.set(_NAME, me.username)
        except StorageUnavailable:
            log.warning("telegram.storage_unavailable", account=self._context.account, waiting=0)

    async def _set_webhook(self, url: str) -> None:
        params = {
            "url": url,
            "secret_token": self._secret(),
            "allowed_updates": list(UPDATES),
            "max_connections": 1,  # with more, the messages of one chat overtake each other
        }
        try:
            await self._client.call("setWebhook", params)
        except BadRequest as error:
            raise AccountError(
                f"account {self._context.account}: Telegram does not take public_url as a webhook ({error})"
            ) from None

    def _secret(self) -> str:
        secret = self._settings.webhook_secret
        return secret.get_secret_value() if secret else ""

    async def _drop_webhook(self) -> None:
        info = await self._client.call("getWebhookInfo")
        if isinstance(info, dict) and info.get("url"):
            await self._client.call("deleteWebhook")
            log.warning("telegram.webhook_removed", account=self._context.account)

    # --- polling ---

    async def _run(self, sink: Sink) -> None:
        failures = 0
        while True:
            pause: float | None = None
            try:
                if self.me is None:
                    await self._connect()
                if self._settings.updates == "webhook":
                    await self._client.call("getMe")
                    await self._well()  # whoever set the webhook is called as long as Telegram is reached
                    await self._clock.sleep(_NOTE_EVERY.total_seconds())
                await self._poll(sink, self.me or Me(self._settings.bot_id))
            except TelegramError as error:
                self._unwell(error)
                pause = faults.retry_after(error)
            except AccountError as error:
                self.health = Health(connected=False, detail=str(error))
                log.critical("telegram.account_unusable", account=self._context.account, reason=str(error))
                failures = max(failures, 6)  # nothing changes within seconds
            except Exception as error:
                # A defect here or in the sink: nothing was acknowledged, so all comes again.
                self.health = Health(connected=False, detail=f"receiving failed ({type(error).__name__})")
                log.critical("telegram.receive_failed", account=self._context.account, error=faults.place(error))
            else:
                failures = 0
                continue
            failures += 1
            await self._clock.sleep(pause or self._back_off(failures))

    def _back_off(self, failures: int) -> float:
        """Seconds: 1, 2, 4 ... 60, each shortened at random, so that many programs do not come back at once."""
        return min(_LONGEST_PAUSE, 2.0 ** min(failures - 1, 6)) * self._jitter.uniform(0.5, 1.0)

    async def _poll(self, sink: Sink, me: Me) -> None:
        # After trouble the first answer comes at once: health need not wait for the end of a long poll.
        timeout = POLL_SECONDS if self._flowing else 0
        self._flowing = False
        # ACKNOWLEDGES: everything below this offset was committed before, and Telegram now forgets it.
        updates = await self._client.updates(self._offset, timeout)
        if not isinstance(updates, list) or not all(
            isinstance(update, dict) and type(update.get("update_id")) is int for update in updates
        ):
            raise GarbledAnswer(200)
        self._flowing = True
        await self._well()
        if not updates:
            return
        # Not the highest ever seen: after a quiet week Telegram goes on from a random number.
        following = max(update["update_id"] for update in updates) + 1
        now = self._clock.now()
        read = (read_update(self._context.account, update, me, now) for update in updates)
        await self._commit(sink, [event for event in read if event is not None], following)
        self._offset = following

    async def _commit(self, sink: Sink, events: Sequence[InboundEvent], following: int) -> None:
        """Returns only when it is committed, however long that takes."""
        failures = 0
        while True:
            try:
                await sink.accept(events, state={_OFFSET: str(following)})
            except StorageUnavailable:
                failures += 1
                self.health = Health(connected=True, detail="messages wait at Telegram: the database takes none")
                log.warning("telegram.storage_unavailable", account=self._context.account, waiting=len(events))
                await self._clock.sleep(min(30.0, self._back_off(failures)))
            else:
                self.health = Health(connected=True)
                return

    async def _well(self) -> None:
        outage = self._hearing.heard()
        self._warned = False
        if not self.health.connected:
            self.health = Health(connected=True)
            log.info("telegram.reconnected", account=self._context.account)
        now = self._hearing.at
        if self._sink is None or self._state is None or now is None:
            return
        lost: list[InboundEvent] = []
        if outage is not None and outage.until - outage.since > LONG_OUTAGE:
            gone = outage.until - outage.since > KEPT
            hours = round((outage.until - outage.since) / timedelta(hours=1), 1)
            account = self._context.account
            log.warning("telegram.long_outage", account=account, hours=hours, lost="possibly" if gone else "no")
            if gone:
                lost.append(
                    Missed(
                        account=account,
                        chat=ChatId(""),
                        key=f"missed{outage.since.isoformat()}",
                        at=self._clock.now(),
                        since=outage.since,
                        until=outage.until - KEPT,
                    )
                )
        if lost or self._noted_at is None or abs(now - self._noted_at) >= _NOTE_EVERY:
            try:
                if lost:  # told and noted at once, so that it is told once
                    await self._sink.accept(lost, state={_POLLED: now.isoformat()})
                else:
                    await self._state.set(_POLLED, now.isoformat())
            except StorageUnavailable:
                if outage is not None and lost:
                    self._hearing.doubted(outage)
                return  # noted the next time
            self._noted_at = now

    def _unwell(self, error: TelegramError) -> None:
        self.health = Health(connected=False, detail=faults.in_words(error))
        log.warning("telegram.unreachable", account=self._context.account, reason=self.health.detail)
        if not self._warned and self._hearing.silent() > LONG_OUTAGE:
            self._warned = True
            log.warning(
                "telegram.messages_will_be_lost",
                account=self._context.account,
                reason="nothing was fetched for 20 hours, and Telegram keeps messages for 24",
            )

    # --- webhook ---

    async def webhook(self, request: WebRequest) -> WebReply:
        """One update, called by Telegram; anything but 2xx makes it come again."""
        given = request.headers.get("x-telegram-bot-api-secret-token", "")
        if not self._secret() or not hmac.compare_digest(given.encode(errors="replace"), self._secret().encode()):
            log.warning("telegram.webhook_wrong_secret", account=self._context.account)
            return WebReply(status=403, body=b"wrong secret token\n")
        if self._sink is None or self.me is None:
            return WebReply(status=503, body=b"not ready, try again\n")
        try:
            update = json.loads(request.body)
        except (ValueError, RecursionError):
            return WebReply(status=400, body=b"not JSON\n")
        event = read_update(self._context.account, update, self.me, self._clock.now())
        try:
            if event is not None:
                await self._sink.accept([event])
        except StorageUnavailable:
            log.warning("telegram.storage_unavailable", account=self._context.account, waiting=1)
            return WebReply(status=503, body=b"storage is not available, try again\n")
        return WebReply(status=200)  # ACKNOWLEDGES: Telegram now forgets the update.
