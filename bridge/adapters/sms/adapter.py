"""SMS through a gateway that speaks HTTP: Kannel, a phone, an aggregator. See README.md."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

import structlog

from bridge.adapters.sms import capabilities, checking, convert, numbers
from bridge.adapters.sms.gateways.africastalking import AfricasTalking
from bridge.adapters.sms.gateways.common import Answer, Gateway, OptOut, Sms, Stopped, Taken
from bridge.adapters.sms.gateways.external import External
from bridge.adapters.sms.gateways.kannel import Kannel
from bridge.adapters.sms.gateways.smsgate import SmsGate
from bridge.adapters.sms.gateways.textit import TextIt
from bridge.adapters.sms.gateways.twilio import Twilio
from bridge.adapters.sms.receiving import MAX_BODY, Receiver, path
from bridge.adapters.sms.sending import Caller
from bridge.adapters.sms.settings import Settings
from bridge.core.capabilities import Capabilities
from bridge.core.checks import ChatUse, Finding
from bridge.core.errors import Refusal, StorageUnavailable
from bridge.core.gsm import octets, segments
from bridge.core.ids import ChatId, MessageId, RemoteRef
from bridge.core.message import Content
from bridge.core.money import Price
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
from bridge.core.webhooks import Route

log = structlog.get_logger()


def build(settings: Settings, context: AdapterContext) -> Adapter:
    """The adapter of one account; no I/O."""
    return AskedSmsAdapter(settings, context) if settings.preset == "smsgate" else SmsAdapter(settings, context)


def _gateway(settings: Settings, account: str) -> Gateway:
    match settings.preset:
        case "kannel":
            return Kannel(settings)
        case "smsgate":
            return SmsGate(settings)
        case "africastalking":
            return AfricasTalking(settings)
        case "twilio":
            return Twilio(settings)
        case "textit":
            return TextIt(settings)
        case "rapidpro" | "custom":
            return External(settings, account)


class SmsAdapter:
    """One gateway, with one number or short code. A chat is called by the number of the telephone."""

    kind: ClassVar[str] = "sms"
    channel: ClassVar[str] = "sms"

    def __init__(self, settings: Settings, context: AdapterContext) -> None:
        self.account = context.account
        self._settings, self._context, self._clock = settings, context, context.clock
        self._base = (settings.callback_url or context.public_url).rstrip("/")
        self._can = capabilities.of_account(settings)
        self._gateway = _gateway(settings, context.account)
        self._receiver = Receiver(settings, context, self._gateway, self._base)
        self._caller = Caller(context.clock)
        self._sink: Sink | None = None

    # --- life ---

    def public_address(self, community: str) -> str | None:
        """The number or short code. A name, as some gateways send under, cannot be answered."""
        sender = self._settings.sender
        return (
            sender if any(char.isdecimal() for char in sender) and not any(char.isalpha() for char in sender) else None
        )

    async def start(self, sink: Sink, state: StateStore) -> None:
        self._sink = sink
        self._caller.open()
        self._receiver.start(sink, state)

    async def hear(self, sink: Sink, state: StateStore) -> None:
        self._receiver.start(sink, state)

    async def stop(self) -> None:
        self._receiver.stop()
        self._sink = None
        await self._caller.close()

    def health(self) -> Health:
        trouble = self._caller.trouble if self._sink is not None else "not started"
        return Health(connected=not trouble, detail=trouble)

    def routes(self) -> Sequence[Route]:
        where = f"{path(self.account)}/{{secret}}/{{call}}"
        return [
            Route(method=method, path=where, handler=self._receiver.handle, max_body=MAX_BODY)
            for method in ("GET", "POST")
        ]

    async def check(self, uses: Sequence[ChatUse], state: StateStore) -> Sequence[Finding]:
        return await checking.check(self._settings, self.account, self._base, uses, self._caller)

    # --- what a telephone takes ---

    def capabilities(self, chat: ChatId) -> Capabilities:
        return self._can

    def fits(self, chat: ChatId, content: Content) -> bool:
        return convert.fits(content)

    def to_payload(self, chat: ChatId, content: Content) -> JsonObject:
        return convert.to_payload(content)

    # --- what it costs ---

    def weigh(self, outgoing: Outgoing) -> Handed:
        text = _text(outgoing)
        count = segments(text).count
        price = self._settings.price_to(outgoing.chat)
        return Handed(bytes=octets(text), segments=count, cost=price.times(count) if price else None)

    def monthly_cap(self) -> Price | None:
        cap = self._settings.monthly_cap
        return Price.parse(cap) if cap else None

    # --- sending ---

    async def send(self, outgoing: Outgoing, key: str) -> SendOutcome:
        text, number = _text(outgoing), numbers.read(outgoing.chat, self._settings.country)
        if number is None:
            return Refused(reason=Refusal.UNREACHABLE, detail="this is no telephone number")
        if numbers.is_short(number):
            return Refused(reason=Refusal.UNREACHABLE, detail="nobody reads at a short code")
        found = segments(text)
        if found.count > capabilities.MOST_PARTS:
            return Refused(reason=Refusal.TOO_BIG, detail=f"{found.count} SMS")
        secret = self._settings.secret.get_secret_value()
        callback = f"{self._base}{path(self.account)}/{secret}" if self._base else ""
        sms = Sms(key=key, to=number, text=text, gsm7=found.encoding == "gsm7", callback=callback)
        answer = await self._caller.call(self._gateway.request(sms))
        if not isinstance(answer, Answer):
            return answer
        verdict = self._gateway.verdict(sms, answer, self._clock.now())
        match verdict:
            case Taken(id=taken, cost=cost):
                ref = RemoteRef(self.account, outgoing.chat, MessageId(convert.short_id(taken)))
                return Sent(refs=(ref,), handed=self._said(outgoing, cost))
            case Stopped():
                await self._stopped(number, key)
                return Refused(reason=Refusal.UNREACHABLE, detail="this person told the network STOP")
            case _:
                return verdict

    def _said(self, outgoing: Outgoing, cost: str) -> Handed | None:
        """What the gateway itself says it costs, where that is in the currency that is added up."""
        weighed = self.weigh(outgoing)
        try:
            price = Price.parse(cost)
        except ValueError:
            return None
        same = weighed.cost is None or weighed.cost.currency == price.currency
        return Handed(bytes=weighed.bytes, segments=weighed.segments, cost=price) if same else None

    async def _stopped(self, number: str, key: str) -> None:
        """The network knows a STOP that we do not: we honour it from now on."""
        who = convert.origin(number, self._settings)
        if self._sink is None or who is None:
            return
        stop = OptOut(sender=number, id=f"out:{key}")
        event = convert.opted_out(stop, who, account=self.account, at=self._clock.now(), raw="")
        try:
            await self._sink.accept([event])
        except StorageUnavailable:
            log.warning("sms_stop_not_stored", account=self.account)  # the next send will be told again


class AskedSmsAdapter(SmsAdapter):
    """Of a gateway that can be asked what it has: see ``CanLookUp``."""

    async def look_up(self, chat: ChatId, key: str) -> RemoteRef | None:
        """Raises OSError where it cannot be told now."""
        if not isinstance(self._gateway, SmsGate):
            raise ConnectionError("this gateway cannot be asked")
        answer = await self._caller.call(self._gateway.question(key))
        if isinstance(answer, Answer) and answer.status == 404:
            return None
        if isinstance(answer, Answer) and answer.status == 200:
            return RemoteRef(self.account, chat, MessageId(key))
        raise ConnectionError("the gateway does not say now")


def _text(outgoing: Outgoing) -> str:
    payload: Mapping[str, object] = outgoing.payload
    return str(payload.get("text", ""))


__all__ = ["AskedSmsAdapter", "SmsAdapter", "build"]
