"""Gateways made for RapidPro's External API, both ways, and templates of the operator's own.

https://help.nyaruka.com/en/article/external-api-channel : what RapidPro sends out, we send; what it takes, we take.
"""

import json
from collections.abc import Sequence
from datetime import datetime

from bridge.adapters.sms import signatures, templates
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
    Taken,
    Text,
    Verdict,
    by_status,
)
from bridge.adapters.sms.settings import Settings
from bridge.core.errors import Refusal
from bridge.core.events import Arrival
from bridge.core.ports import Refused
from bridge.core.webhooks import WebReply, WebRequest

_STANDARD = (
    "id={{id}}&text={{text}}&to={{to}}&to_no_plus={{to_no_plus}}&from={{from}}&from_no_plus={{from_no_plus}}"
    "&channel={{channel}}"
)
"""What RapidPro sends where nobody has written a body."""
_FORM = "application/x-www-form-urlencoded"


class External:
    """Answers in RapidPro's own shape."""

    def __init__(self, settings: Settings, channel: str) -> None:
        self._settings, self._channel = settings, channel
        self.signs = settings.signing_key is not None

    def request(self, sms: Sms) -> Request:
        settings = self._settings
        values = {
            "to": sms.to,
            "to_no_plus": sms.to.removeprefix("+"),
            "text": sms.text,
            "id": sms.key,
            "from": settings.sender,
            "from_no_plus": settings.sender.removeprefix("+"),
            "channel": self._channel,
            "username": settings.username,
            "password": settings.hidden_password,
        }
        url = templates.filled(settings.gateway_url, values, _FORM)
        headers = {name: templates.filled(value, values) for name, value in settings.headers.items()}
        body = ""
        if settings.method != "GET":
            template = settings.body or (_STANDARD if settings.preset == "rapidpro" else "")
            body = templates.filled(template, values, settings.content_type)
            charset = "" if "charset" in settings.content_type or settings.content_type == _FORM else "; charset=utf-8"
            headers = {"Content-Type": settings.content_type + charset, **headers}
        elif settings.preset == "rapidpro" and "{{" not in settings.url:
            url += ("&" if "?" in url else "?") + templates.filled(_STANDARD, values, _FORM)
        return Request(method=settings.method, url=url, headers=headers, body=body.encode())

    def verdict(self, sms: Sms, answer: Answer, now: datetime) -> Verdict:
        if 200 <= answer.status < 300:
            wanted = self._settings.response_check
            if wanted and wanted not in answer.body.decode("utf-8", "replace"):
                return Refused(reason=Refusal.BAD_CONTENT, detail="the gateway's answer does not say that it has it")
            return Taken(id=sms.key)
        return by_status(answer, now)

    def is_signed(self, call: WebRequest, url: str, now: datetime) -> bool:
        key = self._settings.signing_key
        return key is not None and signatures.is_stamped(call, key.get_secret_value(), now)

    def heard(self, what: Call, call: WebRequest) -> Sequence[Heard]:
        given = fields.form(call)
        if call.headers.get("content-type", "").partition(";")[0].strip().lower() == "application/json":
            given = {**given, **{name: fields.said(body, name) for body in [fields.body_json(call)] for name in body}}
        match what:
            case Call.RECEIVE:
                return [self._text(given)]
            case Call.STOPPED:
                if not (sender := given.get("from") or given.get("sender") or ""):
                    raise MalformedError("missing from")
                return [OptOut(sender=sender)]
            case Call.SENT | Call.DELIVERED | Call.FAILED:
                key = given.get("id") or given.get("uuid") or ""
                if not key:
                    raise MalformedError("missing id")
                return [Report(arrival=Arrival(what.value), key=key)]
            case _:
                return [Nothing()]

    @staticmethod
    def _text(given: dict[str, str]) -> Text:
        sender = given.get("from") or given.get("sender") or ""
        if not sender:
            raise MalformedError("must have one of 'sender' or 'from' set")
        if "text" not in given:
            raise MalformedError("missing text")
        # RapidPro's own shape names no number of the message; gateways that have one give it as id.
        return Text(sender=sender, text=given["text"], id=given.get("id") or given.get("external_id") or "")

    def thanks(self, what: Call, heard: Sequence[Heard]) -> WebReply:
        data: list[dict[str, object]] = []
        for each in heard:
            match each:
                case Text():
                    data.append({"type": "msg", "channel_uuid": "", "text": each.text, "urn": f"tel:{each.sender}"})
                case Report():
                    data.append({"type": "status", "status": each.arrival.value[0].upper(), "msg_uuid": each.key})
                case OptOut():
                    data.append({"type": "event", "event_type": "stop_contact", "urn": f"tel:{each.sender}"})
                case _:
                    data.append({"type": "info", "info": "ignored"})
        words = {Call.RECEIVE: "Message Accepted", Call.STOPPED: "Event Accepted"}.get(what, "Status Update Accepted")
        return _reply(200, words, data)

    def complaint(self, error: str) -> WebReply:
        return _reply(400, "Error", [{"type": "error", "error": error}])


def _reply(status: int, message: str, data: list[dict[str, object]]) -> WebReply:
    body = json.dumps({"message": message, "data": data}, ensure_ascii=False).encode()
    return WebReply(status=status, body=body, content_type="application/json")
