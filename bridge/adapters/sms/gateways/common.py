"""What every gateway is to the adapter: pure functions between its requests and ours, without network or clock."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any, Final, Protocol

from bridge.core.errors import Refusal
from bridge.core.events import Arrival
from bridge.core.ports import Later, Refused, SendOutcome, Unknown
from bridge.core.webhooks import WebReply, WebRequest

PAUSE: Final = timedelta(seconds=30)
"""Before a call is made again that a gateway turned away without naming a time."""
LONGEST_PAUSE: Final = timedelta(hours=1)
_CODE: Final = re.compile(r"[^A-Za-z0-9 _:./-]")


@dataclass(frozen=True, kw_only=True)
class Sms:
    """One message on its way out."""

    key: str
    """32 hexadecimal digits, the same at every attempt."""
    to: str
    """``+256772123456``."""
    text: str
    gsm7: bool
    callback: str
    """Our own address for this gateway's calls, with the secret and without a slash; empty where it cannot call us."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is sent to the gateway."""

    method: str
    url: str
    """Encoded already."""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = b""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the gateway said."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    """Names in lower case."""

    def json(self) -> Any:
        """None for what is no JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


@dataclass(frozen=True, kw_only=True)
class Taken:
    """The gateway has it. ``id``: under which it will report; ``cost``: what it says it costs, such as KES 0.8000."""

    id: str
    cost: str = ""


@dataclass(frozen=True, kw_only=True)
class Stopped:
    """It does not send there, because this person told the network STOP."""


Verdict = Taken | Stopped | SendOutcome


class Call(StrEnum):
    """What a gateway calls us for: the last part of the address."""

    RECEIVE = "receive"
    STATUS = "status"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass(frozen=True, kw_only=True)
class Text:
    """Somebody wrote."""

    sender: str
    text: str
    id: str = ""
    """The gateway's own number of the message, the same when it tells of it again; empty where it has none."""
    part: "Part | None" = None
    files: int = 0
    """Pictures and the like that came with it and are not carried."""
    raw: str = ""


@dataclass(frozen=True, kw_only=True)
class Part:
    """Which piece of a long message it is, where a gateway hands them over one by one."""

    reference: int
    number: int
    count: int


@dataclass(frozen=True, kw_only=True)
class Report:
    arrival: Arrival
    key: str = ""
    """Our own key, where the gateway has kept that."""
    id: str = ""
    """Its own number of the message."""
    code: str = ""
    final: bool = True
    to: str = ""


@dataclass(frozen=True, kw_only=True)
class OptOut:
    sender: str
    id: str = ""


@dataclass(frozen=True, kw_only=True)
class Nothing:
    """Well understood, and nothing that concerns anybody."""


Heard = Text | Report | OptOut | Nothing


class MalformedError(ValueError):
    """A call that cannot be read; its words name fields, and never hold what stood in them."""


class Gateway(Protocol):
    """One preset."""

    signs: bool
    """Are its calls signed, as configured?"""

    def request(self, sms: Sms) -> Request: ...

    def verdict(self, sms: Sms, answer: Answer, now: datetime) -> Verdict: ...

    def is_signed(self, call: WebRequest, url: str, now: datetime) -> bool:
        """Is the signature right? Only asked where ``signs``. ``url``: our own, as the gateway knows it."""
        ...

    def heard(self, what: Call, call: WebRequest) -> Sequence[Heard]:
        """Raises MalformedError."""
        ...

    def thanks(self, what: Call, heard: Sequence[Heard]) -> WebReply:
        """The answer that says that we have it."""
        ...

    def complaint(self, error: str) -> WebReply:
        """The answer to what cannot be read: not to be sent again."""
        ...


# --- helpers ---


def code(text: object) -> str:
    """A network's code for why, without anything that could be a person's words or number."""
    shown = _CODE.sub("", str(text or ""))[:40].strip()
    return re.sub(r"(?<![\dx])\d{7,}", "…", shown)


def later(answer: Answer, now: datetime, why: str) -> Later:
    """Turned away for now; when, the gateway may say."""
    when = now + wait_of(answer.headers.get("retry-after", ""), now)
    return Later(when=when, why=why, whole_account=True, limit=answer.status == 429)


def wait_of(text: str, now: datetime) -> timedelta:
    """Of a Retry-After header: seconds or a date (RFC 9110, 10.2.3)."""
    wait = PAUSE
    if re.fullmatch(r"\d{1,6}", text.strip()):
        wait = timedelta(seconds=int(text))
    elif text:
        try:
            wait = parsedate_to_datetime(text) - now
        except (ValueError, TypeError):
            wait = PAUSE
    return min(max(wait, timedelta(seconds=1)), LONGEST_PAUSE)


def by_status(answer: Answer, now: datetime, *, certain: frozenset[int] = frozenset()) -> SendOutcome:
    """What an answer means that is no acceptance, by its number alone. ``certain``: nothing was taken, try again."""
    status = answer.status
    # A 503 that names a time is somebody turning us away on purpose; one that does not may come from a proxy that has
    # passed our request on.
    if status == 503 and "retry-after" in answer.headers:
        return replace(later(answer, now, "the gateway asks us to wait (HTTP 503)"), limit=True)
    if status == 429 or status in certain:
        return later(answer, now, f"the gateway asks us to wait (HTTP {status})")
    if status in (401, 403):
        return Refused(reason=Refusal.BAD_CREDENTIALS, detail=f"the gateway does not accept the password ({status})")
    if status in (400, 422):
        return Refused(reason=Refusal.BAD_CONTENT, detail=f"the gateway does not accept the message (HTTP {status})")
    if status == 413:
        return Refused(reason=Refusal.TOO_BIG, detail="the gateway takes no message of this length")
    if 300 <= status < 500:  # something before the gateway turned it away, or the address is wrong
        return later(answer, now, f"the gateway's address answers HTTP {status}")
    # After 500 and its like nobody says whether it was taken first.
    return Unknown(why=f"the gateway answered HTTP {status}")
