"""Africa's Talking: https://developers.africastalking.com/docs/sms/sending/bulk and .../sms/notifications"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

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
    later,
)
from bridge.adapters.sms.settings import Settings
from bridge.core.errors import Refusal
from bridge.core.events import Arrival
from bridge.core.ports import Refused, Unknown
from bridge.core.webhooks import WebReply, WebRequest

_ACCEPTED: Final = (100, 101, 102)
"""Processed, sent, queued."""
_IN_BLACKLIST: Final = 406
_REFUSALS: Final = {
    401: Refusal.FORBIDDEN,  # risk hold
    402: Refusal.FORBIDDEN,  # the sender is not ours
    403: Refusal.UNREACHABLE,  # no number
    404: Refusal.UNREACHABLE,  # kind of number that takes no messages
    407: Refusal.UNREACHABLE,  # no route
    409: Refusal.UNREACHABLE,  # on the do-not-disturb register
}
_NO_MONEY: Final = 405
_ARRIVALS: Final = {
    "Sent": Arrival.SENT,
    "Submitted": Arrival.SENT,
    "Buffered": Arrival.SENT,
    "Success": Arrival.DELIVERED,
    "Rejected": Arrival.FAILED,
    "Failed": Arrival.FAILED,
    "AbsentSubscriber": Arrival.FAILED,
    "Expired": Arrival.FAILED,
}


class AfricasTalking:
    """It signs nothing: its calls are known by the secret in the address."""

    signs = False

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def request(self, sms: Sms) -> Request:
        settings = self._settings
        form = {"username": settings.username, "to": sms.to, "message": sms.text}
        if settings.sender:
            form["from"] = settings.sender
        return Request(
            method="POST",
            url=settings.gateway_url,
            headers={
                "apikey": settings.hidden_password,
                "Accept": "application/json",
                "Content-Type": "application/x-www-form-urlencoded",
            },
            body=urlencode(form).encode(),
        )

    def verdict(self, sms: Sms, answer: Answer, now: datetime) -> Verdict:
        if not 200 <= answer.status < 300:
            return by_status(answer, now)
        recipient = _recipient(answer.json())
        if recipient is None:
            # Of a message that it takes for nobody the answer has no recipients, and says why in words.
            found = answer.json()
            said = fields.said(fields.inner(found, "SMSMessageData"), "Message") if isinstance(found, dict) else ""
            if said:
                return Refused(reason=Refusal.FORBIDDEN, detail=code(said) or "taken for nobody")
            return Unknown(why="the gateway's answer cannot be read")
        number = recipient.get("statusCode")
        if recipient.get("status") == "Success" or number in _ACCEPTED:
            return Taken(id=fields.said(recipient, "messageId"), cost=fields.said(recipient, "cost"))
        if number == _IN_BLACKLIST:
            return Stopped()
        if number == _NO_MONEY:
            return later(answer, now, "the gateway's account has no money left")
        if number in _REFUSALS:
            return Refused(reason=_REFUSALS[number], detail=f"Africa's Talking: {code(recipient.get('status'))}")
        if number in (500, 501, 502):  # its own trouble, or the network's: nothing says that it was not taken
            return Unknown(why=f"the gateway answered with code {number}")
        return Refused(reason=Refusal.BAD_CONTENT, detail=f"Africa's Talking: {code(recipient.get('status'))}")

    def is_signed(self, call: WebRequest, url: str, now: datetime) -> bool:
        return False

    def heard(self, what: Call, call: WebRequest) -> Sequence[Heard]:
        given = fields.form(call)
        if what is Call.STOPPED:
            if not (sender := given.get("phoneNumber", "")):
                raise MalformedError("phoneNumber is missing")
            return [OptOut(sender=sender)]
        if not given.get("id"):
            raise MalformedError("id is missing")
        if what is Call.STATUS:
            arrival = _ARRIVALS.get(given.get("status", ""))
            if arrival is None:
                return [Nothing()]
            why = given.get("failureReason", "") or (given["status"] if arrival is Arrival.FAILED else "")
            return [Report(arrival=arrival, id=given["id"], code=code(why), to=given.get("phoneNumber", ""))]
        if what is not Call.RECEIVE:
            return [Nothing()]
        if not given.get("from") or "text" not in given:
            raise MalformedError("from or text is missing")
        return [Text(sender=given["from"], text=given["text"], id=given["id"])]

    def thanks(self, what: Call, heard: Sequence[Heard]) -> WebReply:
        return WebReply()

    def complaint(self, error: str) -> WebReply:
        return WebReply(status=400)


def _recipient(answer: Any) -> dict[str, Any] | None:
    found = fields.inner(answer, "SMSMessageData").get("Recipients") if isinstance(answer, dict) else None
    return found[0] if isinstance(found, list) and found and isinstance(found[0], dict) else None
