"""SMSGate, an Android phone as a gateway: https://docs.sms-gate.app/integration/api/ and .../features/webhooks/"""

import base64
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from bridge.adapters.sms import signatures
from bridge.adapters.sms.gateways import fields
from bridge.adapters.sms.gateways.common import (
    Answer,
    Call,
    Heard,
    MalformedError,
    Nothing,
    Report,
    Request,
    Sms,
    Taken,
    Text,
    Verdict,
    by_status,
    code,
)
from bridge.adapters.sms.settings import Settings
from bridge.core.events import Arrival
from bridge.core.webhooks import WebReply, WebRequest

_ARRIVALS: Final = {
    "sms:sent": Arrival.SENT,
    "sms:delivered": Arrival.DELIVERED,  # once for every part of a long message
    "sms:failed": Arrival.FAILED,
    "sms:cancelled": Arrival.FAILED,
}
_LIFE: Final = 3600
"""Seconds that a message waits for its phone: what a member asked for an hour ago is no answer any more."""


class SmsGate:
    """The server keeps messages under our own number: a send whose answer never came can be asked for."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.signs = settings.signing_key is not None

    def _headers(self) -> dict[str, str]:
        login = f"{self._settings.username}:{self._settings.hidden_password}"
        return {"Authorization": "Basic " + base64.b64encode(login.encode()).decode()}

    def request(self, sms: Sms) -> Request:
        message: dict[str, object] = {
            "id": sms.key,
            "textMessage": {"text": sms.text},
            "phoneNumbers": [sms.to],
            "ttl": _LIFE,
            "withDeliveryReport": True,
        }
        if self._settings.sim is not None:
            message["simNumber"] = self._settings.sim
        return Request(
            method="POST",
            url=f"{self._settings.gateway_url}/messages",
            headers={**self._headers(), "Content-Type": "application/json"},
            body=json.dumps(message, ensure_ascii=False).encode(),
        )

    def question(self, key: str) -> Request:
        """Asks for a message by our number of it."""
        return Request(method="GET", url=f"{self._settings.gateway_url}/messages/{key}", headers=self._headers())

    def verdict(self, sms: Sms, answer: Answer, now: datetime) -> Verdict:
        # 409: it has a message of that number, which is this one.
        if answer.status in (200, 201, 202, 409):
            return Taken(id=sms.key)
        return by_status(answer, now)

    def is_signed(self, call: WebRequest, url: str, now: datetime) -> bool:
        key = self._settings.signing_key
        return key is not None and signatures.is_stamped(call, key.get_secret_value(), now)

    def heard(self, what: Call, call: WebRequest) -> Sequence[Heard]:
        body = fields.body_json(call)
        event, payload = fields.said(body, "event"), fields.inner(body, "payload")
        if event == "sms:received":
            return [self._text(body, payload)]
        if event in _ARRIVALS:
            key = fields.said(payload, "messageId")
            if not key:
                raise MalformedError("payload.messageId is missing")
            why = fields.said(payload, "reason") if event == "sms:failed" else ""
            return [Report(arrival=_ARRIVALS[event], key=key, code=code(why))]
        if not event:
            raise MalformedError("event is missing")
        return [Nothing()]  # system:ping and what else there will be

    @staticmethod
    def _text(body: Any, payload: Any) -> Text:
        sender = fields.said(payload, "sender") or fields.said(payload, "phoneNumber")
        text = payload.get("message")
        if not sender or not isinstance(text, str):
            raise MalformedError("payload.sender or payload.message is missing")
        # payload.messageId is made of the content: the same words sent twice have the same one.
        return Text(sender=sender, text=text, id=fields.said(body, "id"))

    def thanks(self, what: Call, heard: Sequence[Heard]) -> WebReply:
        return WebReply()

    def complaint(self, error: str) -> WebReply:
        # Anything but 2xx is sent again for two days; what cannot be read now cannot be read then either.
        return WebReply(body=error.encode())
