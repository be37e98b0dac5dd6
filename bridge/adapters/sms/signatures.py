"""Signatures of calls. Compared in constant time."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from bridge.core.webhooks import WebRequest

WINDOW: Final = 300.0
"""Seconds that a signed call may be old, or ahead of our clock: later somebody has kept it."""


def is_stamped(call: WebRequest, key: str, now: datetime) -> bool:
    """``X-Signature``: hexadecimal HMAC-SHA256 of the body followed by ``X-Timestamp`` (seconds since 1970)."""
    stamp = call.headers.get("x-timestamp", "")
    if not (stamp.isascii() and stamp.isdigit()) or abs(now.timestamp() - int(stamp[:12])) > WINDOW:
        return False
    wanted = hmac.new(key.encode(), call.body + stamp.encode(), hashlib.sha256).hexdigest()
    return _alike(wanted, call.headers.get("x-signature", "").lower())


def twilio(url: str, form: Mapping[str, str], token: str) -> str:
    """``X-Twilio-Signature``: https://www.twilio.com/docs/usage/security#validating-requests"""
    said = url + "".join(f"{name}{form[name]}" for name in sorted(form))
    return base64.b64encode(hmac.new(token.encode(), said.encode(), hashlib.sha1).digest()).decode()


def is_twilios(call: WebRequest, url: str, form: Mapping[str, str], token: str) -> bool:
    return _alike(twilio(url, form, token), call.headers.get("x-twilio-signature", ""))


def is_secret(given: str, secret: str) -> bool:
    return _alike(secret, given)


def _alike(wanted: str, given: str) -> bool:
    return hmac.compare_digest(wanted.encode(), given.encode("utf-8", "replace"))
