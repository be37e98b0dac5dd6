"""Twilio: https://www.twilio.com/docs/messaging/api/message-resource and .../messaging/guides/webhook-request"""

import base64
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from urllib.parse import urlencode

from bridge.adapters.sms import signatures
from bridge.adapters.sms.gateways import fields
from bridge.adapters.sms.gateways.common import (
    Answer,
    Call,
    Heard,
    MalformedError,
    Nothing,
    OptOut,
    Report,
    Request,
    Sms,
    Stopped,
    Taken,
    Text,
    Verdict,
    by_status,
    code,
)
from bridge.adapters.sms.settings import Settings
from bridge.core.errors import Refusal
from bridge.core.events import Arrival
from bridge.core.ports import Refused
from bridge.core.webhooks import WebReply, WebRequest

_ARRIVALS: Final = {
    "sent": Arrival.SENT,
    "delivered": Arrival.DELIVERED,
    "read": Arrival.DELIVERED,
    "undelivered": Arrival.FAILED,
    "failed": Arrival.FAILED,
}
_STOPPED: Final = 21610
# https://www.twilio.com/docs/api/errors
_REFUSALS: Final = {
    20003: Refusal.BAD_CREDENTIALS,
    21211: Refusal.UNREACHABLE,  # no valid number
    21408: Refusal.FORBIDDEN,  # the account may not send to that country
    21606: Refusal.FORBIDDEN,  # the sender is not ours
    21612: Refusal.UNREACHABLE,  # no route from this sender to that number
    21614: Refusal.UNREACHABLE,  # no mobile number
    21617: Refusal.TOO_BIG,
}
_TWIML: Final = b'<?xml version="1.0" encoding="UTF-8"?><Response></Response>'


class Twilio:
    """Every call of Twilio's is signed with the account's token."""

    signs = True

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def request(self, sms: Sms) -> Request:
        settings = self._settings
        sender = "MessagingServiceSid" if settings.sender.startswith("MG") else "From"
        form = {"To": sms.to, sender: settings.sender, "Body": sms.text}
        if sms.callback:
            form["StatusCallback"] = f"{sms.callback}/{Call.STATUS}"
        login = base64.b64encode(f"{settings.username}:{settings.hidden_password}".encode()).decode()
        return Request(
            method="POST",
            url=f"{settings.gateway_url}/Accounts/{settings.username}/Messages.json",
            headers={"Authorization": f"Basic {login}", "Content-Type": "application/x-www-form-urlencoded"},
            body=urlencode(form).encode(),
        )

    def verdict(self, sms: Sms, answer: Answer, now: datetime) -> Verdict:
        found = answer.json()
        said = found if isinstance(found, dict) else {}
        if answer.status == 201 and (sid := fields.said(said, "sid")):
            return Taken(id=sid)
        number = said.get("code")
        if number == _STOPPED:
            return Stopped()
        if 400 <= answer.status < 500 and answer.status != 429 and number in _REFUSALS:
            return Refused(reason=_REFUSALS[number], detail=f"Twilio's error {number}")
        return by_status(answer, now)

    def is_signed(self, call: WebRequest, url: str, now: datetime) -> bool:
        posted = fields.form(WebRequest(**{**call.__dict__, "target": ""}))
        return signatures.is_twilios(call, url, posted, self._settings.hidden_password)

    def heard(self, what: Call, call: WebRequest) -> Sequence[Heard]:
        given = fields.form(call)
        sid = given.get("MessageSid") or given.get("SmsSid") or ""
        if not sid:
            raise MalformedError("MessageSid is missing")
        if what is Call.STATUS:
            arrival = _ARRIVALS.get(given.get("MessageStatus") or given.get("SmsStatus") or "")
            if arrival is None:
                return [Nothing()]
            return [Report(arrival=arrival, id=sid, code=code(given.get("ErrorCode")), to=given.get("To", ""))]
        if what is not Call.RECEIVE:
            return [Nothing()]
        if not (sender := given.get("From", "")) or "Body" not in given:
            raise MalformedError("From or Body is missing")
        if given.get("OptOutType") == "STOP":  # Twilio has answered it, and lets nothing more through
            return [OptOut(sender=sender, id=sid)]
        files = int(given["NumMedia"]) if given.get("NumMedia", "").isdecimal() else 0
        return [Text(sender=sender, text=given["Body"], id=sid, files=min(files, 10))]

    def thanks(self, what: Call, heard: Sequence[Heard]) -> WebReply:
        return WebReply(body=_TWIML, content_type="text/xml; charset=utf-8")

    def complaint(self, error: str) -> WebReply:
        return WebReply(status=400)
