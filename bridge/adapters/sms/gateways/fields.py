"""The fields of a call, from its address and its body: forms, multipart and JSON. Pure."""

import json
from collections.abc import Mapping
from email import message_from_bytes
from email.message import Message
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from bridge.adapters.sms.gateways.common import MalformedError
from bridge.core.webhooks import WebRequest

_MOST: Final = 200
"""Fields of one call."""
_DEEPEST: Final = 20


def raw(call: WebRequest) -> dict[str, bytes]:
    """Every field as bytes; of a name that comes twice, the first. The body's count more than the address's."""
    found = _pairs(call.target.partition("?")[2].encode("ascii", "replace"))
    kind = call.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        found = {**found, **_pairs(call.body)}
    elif kind == "multipart/form-data":
        found = {**found, **_parts(call)}
    return found


def form(call: WebRequest, *, charset: str = "utf-8") -> dict[str, str]:
    """Every field as text; bytes that are none become U+FFFD, for a person to see."""
    return {name: text_of(value, charset) for name, value in raw(call).items()}


def text_of(value: bytes, charset: str) -> str:
    """Raises nothing: a charset that is unknown, is no name, or replaces nothing (such as IDNA) is read as UTF-8."""
    try:
        return value.decode(charset or "utf-8", "replace")
    except (LookupError, ValueError):
        return value.decode("utf-8", "replace")


def message_of(value: bytes, charset: str) -> str:
    """The same of a part of a message, which may have been cut inside a surrogate pair: its half stays."""
    try:
        return value.decode(charset or "utf-8", "surrogatepass")
    except (LookupError, ValueError):
        return text_of(value, charset)


def body_json(call: WebRequest) -> Mapping[str, Any]:
    """The object in the body; raises MalformedError."""
    try:
        found = json.loads(call.body)
    except (ValueError, RecursionError):
        raise MalformedError("the body is no JSON") from None
    if not isinstance(found, dict):
        raise MalformedError("the body is no JSON object")
    return found


def inner(value: Mapping[str, Any], *path: str) -> Mapping[str, Any]:
    """The object inside; an empty one where there is none."""
    for name in path:
        found = value.get(name)
        value = found if isinstance(found, dict) else {}
    return value


def said(value: Mapping[str, Any], name: str) -> str:
    """A field as text; empty for what is none."""
    found = value.get(name)
    return str(found) if isinstance(found, str | int) and not isinstance(found, bool) else ""


def _pairs(data: bytes) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for pair in data.split(b"&", _MOST)[:_MOST]:
        name, _, value = pair.partition(b"=")
        if name:
            decoded = unquote_to_bytes(name.replace(b"+", b" ")).decode("utf-8", "replace")
            found.setdefault(decoded, unquote_to_bytes(value.replace(b"+", b" ")))
    return found


def _parts(call: WebRequest) -> dict[str, bytes]:
    head = f"Content-Type: {call.headers['content-type']}\r\n\r\n".encode("ascii", "replace")
    payload = message_from_bytes(head + call.body).get_payload()
    found: dict[str, bytes] = {}
    for part in (payload if isinstance(payload, list) else [])[:_MOST]:
        if not isinstance(part, Message):
            continue
        name = part.get_param("name", header="content-disposition")
        value = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(value, bytes):
            found.setdefault(name, value)
    return found
