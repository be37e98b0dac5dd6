"""A TextIt or RapidPro account as the gateway: https://textit.com/api/v2/broadcasts and a flow that calls a webhook.

The flow's "Call Webhook" node posts the standard body, with ``contact`` and ``input``.
"""

import json
from collections.abc import Sequence
from datetime import datetime

from bridge.adapters.sms import signatures
from bridge.adapters.sms.gateways import fields
from bridge.adapters.sms.gateways.common import (
    Answer,
    Call,
    Heard,
    MalformedError,
    Nothing,
    Request,
    Sms,
    Taken,
    Text,
    Verdict,
    by_status,
)
from bridge.adapters.sms.settings import Settings
from bridge.core.ports import Unknown
from bridge.core.webhooks import WebReply, WebRequest


class TextIt:
    """It reports nothing about what became of a broadcast."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.signs = settings.signing_key is not None

    def request(self, sms: Sms) -> Request:
        body = {"urns": [f"tel:{sms.to}"], "text": sms.text}
        return Request(
            method="POST",
            url=f"{self._settings.gateway_url}/broadcasts.json",
            headers={"Authorization": f"Token {self._settings.hidden_password}", "Content-Type": "application/json"},
            body=json.dumps(body, ensure_ascii=False).encode(),
        )

    def verdict(self, sms: Sms, answer: Answer, now: datetime) -> Verdict:
        if answer.status == 201:
            found = answer.json()
            number = fields.said(found, "id") or fields.said(found, "uuid") if isinstance(found, dict) else ""
            return Taken(id=number) if number else Unknown(why="the answer does not say under which number it has it")
        return by_status(answer, now)

    def is_signed(self, call: WebRequest, url: str, now: datetime) -> bool:
        key = self._settings.signing_key
        return key is not None and signatures.is_stamped(call, key.get_secret_value(), now)

    def heard(self, what: Call, call: WebRequest) -> Sequence[Heard]:
        if what is not Call.RECEIVE:
            return [Nothing()]
        body = fields.body_json(call)
        said = fields.inner(body, "input")
        urn = fields.said(fields.inner(body, "contact"), "urn") or fields.said(said, "urn")
        if not urn.startswith("tel:"):
            raise MalformedError("contact.urn is no telephone number")
        if "text" not in said:
            raise MalformedError("input.text is missing: the flow must wait for a message before it calls us")
        files = said.get("attachments")
        return [
            Text(
                sender=urn.removeprefix("tel:").partition("?")[0],
                text=fields.said(said, "text"),
                id=fields.said(said, "uuid"),
                files=min(len(files), 10) if isinstance(files, list) else 0,
            )
        ]

    def thanks(self, what: Call, heard: Sequence[Heard]) -> WebReply:
        return WebReply(body=b"{}", content_type="application/json")

    def complaint(self, error: str) -> WebReply:
        body = json.dumps({"error": error}, ensure_ascii=False).encode()
        return WebReply(status=400, body=body, content_type="application/json")
