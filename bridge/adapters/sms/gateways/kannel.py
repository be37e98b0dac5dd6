"""Kannel, the gateway of operators (SMPP, modems): https://www.kannel.org/download/1.4.5/userguide-1.4.5/userguide.html

Out: ``cgi-bin/sendsms``. In: ``get-url`` or ``post-url`` of an sms-service, and ``dlr-url``, which we name ourselves.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final
from urllib.parse import quote

from bridge.adapters.sms.gateways import fields
from bridge.adapters.sms.gateways.common import (
    Answer,
    Call,
    Heard,
    MalformedError,
    Nothing,
    Part,
    Report,
    Request,
    Sms,
    Taken,
    Text,
    Verdict,
    by_status,
    code,
    later,
)
from bridge.adapters.sms.settings import Settings
from bridge.core.errors import Refusal
from bridge.core.events import Arrival
from bridge.core.ports import Refused
from bridge.core.webhooks import WebReply, WebRequest

_MASK: Final = 1 + 2 + 8 + 16
"""Reports wanted: delivered, failed, accepted by the network, rejected by it."""
_ARRIVALS: Final = {
    "1": Arrival.DELIVERED,
    "2": Arrival.FAILED,
    "4": Arrival.SENT,  # buffered: it waits for the telephone
    "8": Arrival.SENT,
    "16": Arrival.FAILED,
}
_RECEIPT: Final = re.compile(r"\b(?:stat:(?P<stat>[A-Z]{4,12})|err:(?P<err>\w{1,10}))|\bNACK/(?P<nack>0x\w{1,8}|\d+)")
"""Of a receipt (SMPP 3.4, appendix B), which also quotes the text: nothing else of it is kept."""


class Kannel:
    """Its answers are plain texts with a number in front; its calls are not signed."""

    signs = False

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def request(self, sms: Sms) -> Request:
        settings = self._settings
        values: list[tuple[str, str | bytes]] = [
            ("username", settings.username),
            ("password", settings.hidden_password),
            ("to", sms.to),
        ]
        if settings.sender:
            values.append(("from", settings.sender))
        # Kannel turns what GSM 03.38 lacks into other letters or "?", without a word: only that alphabet goes out as
        # coding 0, and UCS-2 is handed over as it will be sent, which builds without iconv take as well.
        if sms.gsm7:
            values += [("text", sms.text), ("charset", "UTF-8"), ("coding", "0")]
        else:
            values += [("text", sms.text.encode("utf-16-be")), ("coding", "2")]
        if sms.callback:
            where = f"{sms.callback}/{Call.STATUS}?id={sms.key}&status=%d&receipt=%A"
            values += [("dlr-mask", str(_MASK)), ("dlr-url", where)]
        query = "&".join(f"{name}={quote(value, safe='')}" for name, value in values)
        return Request(method="GET", url=f"{settings.gateway_url}?{query}")

    def verdict(self, sms: Sms, answer: Answer, now: datetime) -> Verdict:
        said = answer.body[:200].decode("utf-8", "replace").strip()
        if answer.status == 202 and re.match(r"[03]:", said):
            return Taken(id=sms.key)  # "3: Queued for later delivery": it is written into Kannel's own store
        if answer.status == 403 and "not routable" in said.lower():
            return Refused(reason=Refusal.UNREACHABLE, detail="Kannel has no route to that number")
        if answer.status == 403 and "authorization" in said.lower():
            return Refused(reason=Refusal.BAD_CREDENTIALS, detail="Kannel does not accept user name and password")
        if answer.status == 503:  # "Temporal failure, try again later": smsbox has not handed it to bearerbox
            # Its queue is full: https://www.kannel.org/download/1.4.5/userguide-1.4.5/userguide.html (sendsms, 503)
            return replace(later(answer, now, "Kannel cannot take messages now"), limit=True)
        return by_status(answer, now)

    def is_signed(self, call: WebRequest, url: str, now: datetime) -> bool:
        return False

    def heard(self, what: Call, call: WebRequest) -> Sequence[Heard]:
        given = fields.raw(call)
        if what is Call.STATUS:
            return [self._report(given)]
        if what is not Call.RECEIVE:
            return [Nothing()]
        text = {name: fields.text_of(value, "utf-8") for name, value in given.items()}
        sender = text.get("sender") or text.get("from") or ""
        message = given.get("message", given.get("text"))
        if not sender or message is None:
            raise MalformedError("sender (%p) or message (%b) is missing")
        # %b gives the bytes as %C says they are coded; where the operator left %C out, coding 2 is UCS-2.
        charset = text.get("charset", "") or ("utf-16-be" if text.get("coding") == "2" else "utf-8")
        return [
            Text(
                sender=sender,
                text=fields.message_of(message, charset),
                id=text.get("id", ""),
                part=_part(given.get("udh", b"")),
            )
        ]

    @staticmethod
    def _report(given: dict[str, bytes]) -> Heard:
        key = given.get("id", b"").decode("ascii", "replace")
        arrival = _ARRIVALS.get(given.get("status", b"").decode("ascii", "replace"))
        if not key:
            raise MalformedError("id is missing")
        if arrival is None:
            return Nothing()
        found = _RECEIPT.search(fields.text_of(given.get("receipt", b""), "utf-8"))
        why = next((group for group in found.groups() if group), "") if found and arrival is Arrival.FAILED else ""
        return Report(arrival=arrival, key=key, code=code(why))

    def thanks(self, what: Call, heard: Sequence[Heard]) -> WebReply:
        return WebReply()  # whatever stood in it would be sent to the member as an SMS

    def complaint(self, error: str) -> WebReply:
        return WebReply(status=400)


def _part(udh: bytes) -> Part | None:
    """Concatenation (TS 23.040, 9.2.3.24.1 and .8) from a user data header."""
    data = udh[1:] if udh and udh[0] == len(udh) - 1 else b""
    while len(data) >= 2:
        element, length = data[0], data[1]
        value, data = data[2 : 2 + length], data[2 + length :]
        if element == 0 and len(value) == 3:
            return _numbered(value[0], value[2], value[1])
        if element == 8 and len(value) == 4:
            return _numbered(value[0] << 8 | value[1], value[3], value[2])
    return None


def _numbered(reference: int, number: int, count: int) -> Part | None:
    return Part(reference=reference, number=number, count=count) if 1 <= number <= count and count > 1 else None
