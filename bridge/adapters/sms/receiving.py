"""The inbound half: what gateways call us for. Guarded first, committed next, thanked for last."""

import asyncio
import hashlib
import json
from dataclasses import replace
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network
from typing import Final

import structlog

from bridge.adapters.sms import convert, signatures
from bridge.adapters.sms.gateways.common import Call, Gateway, Heard, MalformedError, OptOut, Report, Text
from bridge.adapters.sms.settings import Settings
from bridge.core.errors import StorageUnavailable
from bridge.core.ports import AdapterContext, Sink, StateStore
from bridge.core.webhooks import WebReply, WebRequest

log = structlog.get_logger()

MAX_BODY: Final = 64 * 1024
_AGAIN: Final = timedelta(minutes=10)
"""The same words of the same person within this time are one message, where the gateway numbers none."""
_AGAIN_SHORT: Final = timedelta(seconds=30)
"""Of short ones: "2" may answer one question after the other."""
_SHORT: Final = 12
_RECENT: Final = "recent"
_MOST_RECENT: Final = 400
_GONE: Final = WebReply(status=404)
_BUSY: Final = WebReply(status=503)


def path(account: str) -> str:
    """Where the calls of an account's gateway come in; the secret and what it is about follow."""
    return f"/sms/{account}"


class Receiver:
    """Of one account."""

    def __init__(self, settings: Settings, context: AdapterContext, gateway: Gateway, base: str) -> None:
        self._settings, self._context, self._gateway = settings, context, gateway
        self._base = base
        self._networks = [ip_network(text) for text in settings.addresses]
        self._sink: Sink | None = None
        self._state: StateStore | None = None
        self._turn = asyncio.Lock()

    def start(self, sink: Sink, state: StateStore) -> None:
        self._sink, self._state = sink, state

    def stop(self) -> None:
        self._sink = None

    async def handle(self, call: WebRequest) -> WebReply:
        """One call. Whoever does not know the secret learns nothing, not even that there is one."""
        *_, given, what = ("", "", *call.path.split("/"))
        secret = self._settings.secret.get_secret_value()
        if not signatures.is_secret(given, secret) or what not in list(Call):
            return _GONE
        now = self._context.clock.now()
        if self._networks and not self._is_from_there(call.remote):
            log.warning("sms_call_from_elsewhere", account=self._context.account)
            return WebReply(status=403)
        if self._gateway.signs and not self._gateway.is_signed(call, self._base + call.target, now):
            log.warning("sms_call_not_signed", account=self._context.account)
            return WebReply(status=403)
        if self._sink is None or self._state is None:
            return _BUSY
        try:
            async with self._turn:
                return await self._take(Call(what), call, now, self._sink, self._state)
        except StorageUnavailable:
            log.warning("sms_not_stored", account=self._context.account)
            return _BUSY
        except Exception as error:  # a defect of ours: the gateway keeps it and tells us again
            log.error("sms_call_failed", account=self._context.account, error=type(error).__name__)
            return _BUSY

    def _is_from_there(self, remote: str) -> bool:
        try:
            address = ip_address(remote.partition("%")[0])
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None) or address
        return any(mapped in network for network in self._networks)

    async def _take(self, what: Call, call: WebRequest, now: datetime, sink: Sink, state: StateStore) -> WebReply:
        raw = _raw(call)
        try:
            heard = self._gateway.heard(what, call)
        except MalformedError as error:
            await sink.accept([convert.unreadable(str(error), account=self._context.account, at=now, raw=raw)])
            return self._gateway.complaint(str(error))
        for each in heard:
            await self._accept(each, raw, now, sink, state)
        return self._gateway.thanks(what, heard)  # the one line that acknowledges: all was committed

    async def _accept(self, heard: Heard, raw: str, now: datetime, sink: Sink, state: StateStore) -> None:
        account = self._context.account
        match heard:
            case Report():
                await sink.accept([convert.reported(heard, settings=self._settings, account=account, at=now, raw=raw)])
            case OptOut() | Text():
                who = convert.origin(heard.sender, self._settings)
                if who is None:
                    reason = "the sender is no telephone number"
                    await sink.accept([convert.unreadable(reason, account=account, at=now, raw=raw)])
                elif isinstance(heard, OptOut):
                    await sink.accept([convert.opted_out(heard, who, account=account, at=now, raw=raw)])
                else:
                    await self._text(heard, who, raw, now, sink, state)

    async def _text(
        self, text: Text, who: convert.Origin, raw: str, now: datetime, sink: Sink, state: StateStore
    ) -> None:
        recent: dict[str, str] | None = None
        if text.id:
            message = convert.short_id(text.id)
        else:
            message, recent = await self._numbered(text, who, now, state)
        event = convert.posted(replace(text, raw=raw), who, message, account=self._context.account, at=now)
        await sink.accept([event], state=None if recent is None else {_RECENT: json.dumps(recent)})

    async def _numbered(
        self, text: Text, who: convert.Origin, now: datetime, state: StateStore
    ) -> tuple[str, dict[str, str]]:
        """A number for a message of a gateway that numbers none, and the latest ones, to be kept with it.

        The same words again within ten minutes have the same number: it is the gateway that repeats itself.
        """
        found = json.loads(await state.get(_RECENT) or "{}")
        since = (now - _AGAIN).isoformat()
        recent = {name: at for name, at in found.items() if at > since}
        place = f"{text.part.number}\n" if text.part else ""  # two pieces of one message may say the same
        name = hashlib.sha256(f"{who.user}\n{place}{text.text}".encode("utf-8", "replace")).hexdigest()[:40]
        at = recent.get(name)
        patience = _AGAIN_SHORT if len(text.text) < _SHORT else _AGAIN
        if at is None or now - datetime.fromisoformat(at) > patience:
            recent.pop(name, None)
            recent[name] = at = now.isoformat()
        while len(recent) > _MOST_RECENT:
            del recent[next(iter(recent))]
        return f"{name}@{at}", recent


def _raw(call: WebRequest) -> str:
    """What came, without the secret that stands in the path."""
    told = {
        "query": call.target.partition("?")[2],
        "type": call.headers.get("content-type", ""),
        "body": call.body.decode("utf-8", "replace"),
    }
    return json.dumps({name: value for name, value in told.items() if value}, ensure_ascii=False)
