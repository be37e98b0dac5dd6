"""Delivery reports: RFC 3464 where they keep to it, and the many others as ``flufl.bounce`` knows them. Pure.

Whom a report is about says the address that it came to; here is read what kind it is.
"""

import logging
import re
from email import message_from_bytes
from typing import Final

from flufl.bounce import all_failures

from bridge.adapters.email.mail import Bounce
from bridge.adapters.email.mime import Head, Parsed

# It prints where a detector failed, and goes on to fail.
logging.getLogger("flufl.bounce").setLevel(logging.CRITICAL)

_STATUS: Final = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_ACTIONS: Final = ("failed", "delayed", "delivered", "relayed", "expanded")
_KEY: Final = re.compile(rb"^Message-ID:\s*<k([0-9a-f]{32})@", re.IGNORECASE | re.MULTILINE)
_LEAVE: Final = re.compile(rb"<mailto:[^<>@\s]{1,64}\+u-([A-Za-z0-9_-]{8,64})@", re.IGNORECASE)
_FOR_FLUFL: Final = 200_000
"""Bytes of a report that are looked through for one of the many private forms."""
_ASCII: Final = bytes(range(128)) + b"?" * 128
"""flufl.bounce takes every field for a text, and fails where bytes beyond ASCII make it something else."""


def read(parsed: Parsed, raw: bytes) -> Bounce | None:
    """What a report says; None where it is none that can be read."""
    key = _key_of(parsed)
    for part in parsed.parts:
        if part.mime == "message/feedback-report":
            return Bounce(action="complaint", key=key, leave=_leave_of(parsed) if _is_of_a_reader(part.data()) else "")
    for part in parsed.parts:
        if part.mime == "message/delivery-status" and (found := _of_status(part.data())) is not None:
            return Bounce(action=found[0], status=found[1], key=key)
    try:
        temporary, permanent = all_failures(message_from_bytes(raw[:_FOR_FLUFL].translate(_ASCII)))
    except Exception:  # one of its many detectors met what its author had not seen: no reason to keep the others' mail
        return None
    if permanent:
        return Bounce(action="failed", status=_status_in(parsed), key=key)
    return Bounce(action="delayed", status=_status_in(parsed), key=key) if temporary else None


def _of_status(data: bytes) -> tuple[str, str] | None:
    """The worst of what is said of its recipients: there is one, but gateways invent further ones."""
    found: list[tuple[str, str]] = []
    for block in re.split(rb"\r?\n[ \t]*\r?\n", data[:64_000]):
        head = Head(block)
        action = head.get("action").strip().split(" ")[0].casefold()
        if action in _ACTIONS:
            status = _STATUS.search(head.get("status")) or _STATUS.search(head.get("diagnostic-code"))
            found.append((action, status[0] if status else ""))
    return min(found, key=lambda each: _ACTIONS.index(each[0]), default=None)


def _status_in(parsed: Parsed) -> str:
    for part in parsed.parts:
        if part.mime.startswith("text/"):
            match = re.search(r"\b([45])\.(\d{1,2})\.(\d{1,3})\b", part.text()[:20_000])
            if match:
                return match[0]
    return ""


def _is_of_a_reader(report: bytes) -> bool:
    """RFC 5965, 7.3: there are reports that something is not spam, or that a signature did not hold, too."""
    return Head(report[:64_000]).get("feedback-type").strip().casefold() in ("abuse", "fraud", "opt-out")


def _leave_of(parsed: Parsed) -> str:
    """RFC 5965: who complains that a letter is unwanted sends it along, and with it the address by which one leaves."""
    for part in parsed.parts:
        if part.mime in ("message/rfc822", "text/rfc822-headers") and (match := _LEAVE.search(part.data()[:64_000])):
            return match[1].decode()
    return ""


def _key_of(parsed: Parsed) -> str:
    """Of a notice of ours that came back with the report."""
    for part in parsed.parts:
        if part.mime in ("message/rfc822", "text/rfc822-headers") and (match := _KEY.search(part.data()[:64_000])):
            return match[1].decode()
    return ""
