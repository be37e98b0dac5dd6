"""Between what gateways say and Baraza's types. Pure: no files, no clock, no network."""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypedDict

from bridge.adapters.sms import numbers
from bridge.adapters.sms.capabilities import MOST_PARTS
from bridge.adapters.sms.gateways.common import OptOut, Report, Text
from bridge.adapters.sms.settings import Settings
from bridge.core.events import (
    ChatKind,
    DeliveryReported,
    InboundEvent,
    MessagePosted,
    OptedOut,
    Piece,
    Sender,
    Unreadable,
)
from bridge.core.gsm import keep_halves, segments, uncut
from bridge.core.ids import AccountId, ChatId, MessageId, RemoteRef, UserId, UserRef
from bridge.core.message import Content, Uncarried, UncarriedKind
from bridge.core.ports import JsonObject
from bridge.core.text import RichText

_LONGEST_ID: Final = 120
_WORD: Final = 12
"""Characters."""
_FULL: Final = {"gsm7": (152, 153, 159, 160), "ucs2": (66, 67, 69, 70)}
"""Units of a piece that was cut because it was full; one less where a pair did not fit in."""
_NAMED: Final = re.compile(r"[\w .&+-]{1,40}")


class Shared(TypedDict):
    """What every event carries; see ``core.events.Happening``."""

    account: AccountId
    chat: ChatId
    at: datetime
    raw: str


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Who wrote. Short codes and names are programs of operators: they are kept, not answered."""

    user: str
    is_program: bool


def origin(sender: str, settings: Settings) -> Origin | None:
    """None for what can be nobody."""
    number = numbers.read(sender, settings.country)
    if number is None:
        named = " ".join(sender.split())
        return Origin(user=named, is_program=True) if _NAMED.fullmatch(named) else None
    ours = numbers.read(settings.sender, settings.country) if settings.sender else None
    return Origin(user=number, is_program=numbers.is_short(number) or number == ours)


def short_id(text: str) -> str:
    """An id that fits into its column, and is the same every time."""
    if len(text) <= _LONGEST_ID and text.isprintable():
        return text
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def whole(text: str) -> str:
    """Without halves of surrogate pairs, which no database keeps. Those of a part are joined with the next one's."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").replace("\x00", "\ufffd")


def _sender(who: Origin, account: AccountId) -> Sender:
    # The sender of an SMS can be invented. Nobody is called by their number: it would stand under their posts.
    return Sender(
        ref=UserRef(account, UserId(who.user)),
        name="",
        bot=who.is_program,
        direct=None if who.is_program else ChatId(who.user),
        proof="claimed",
    )


def posted(text: Text, who: Origin, message: str, *, account: AccountId, at: datetime) -> MessagePosted:
    """Somebody's SMS, in the private chat that bears their number."""
    ref = RemoteRef(account, ChatId(who.user), MessageId(message))
    shared: Shared = {"account": account, "chat": ref.chat, "at": at, "raw": text.raw}
    piece = _piece(text)
    return MessagePosted(
        **shared,
        key=f"mo:{message}",
        ref=ref,
        sender=_sender(who, account),
        chat_kind=ChatKind.PRIVATE,
        text=RichText(whole(text.text) if piece is None else keep_halves(text.text)),
        uncarried=tuple(Uncarried(kind=UncarriedKind.PHOTO) for _ in range(text.files)),
        is_command=text.text.startswith("/"),
        piece=piece,
    )


def _piece(text: Text) -> Piece | None:
    """None for what is a message by itself: a short one that says nothing of a piece before it may be STOP."""
    if text.part is not None:
        return Piece(reference=text.part.reference, number=text.part.number, count=text.part.count)
    if len(text.text.strip()) <= _WORD:
        return None
    found = segments(text.text)
    return Piece(full=found.count == 1 and found.units in _FULL[found.encoding])


def reported(report: Report, *, settings: Settings, account: AccountId, at: datetime, raw: str) -> InboundEvent:
    number = numbers.read(report.to, settings.country) if report.to else None
    shared: Shared = {"account": account, "chat": ChatId(number or ""), "at": at, "raw": raw}
    name = short_id(report.key or report.id)
    return DeliveryReported(
        **shared,
        key=f"dlr:{name}:{report.arrival.value}:{report.code}",
        send=short_id(report.key) if report.key else "",
        message=MessageId(short_id(report.id)) if report.id else None,
        arrival=report.arrival,
        code=report.code,
        final=report.final,
    )


def opted_out(stop: OptOut, who: Origin, *, account: AccountId, at: datetime, raw: str) -> InboundEvent:
    shared: Shared = {"account": account, "chat": ChatId(who.user), "at": at, "raw": raw}
    name = short_id(stop.id) if stop.id else f"{who.user}:{at.isoformat()}"
    return OptedOut(**shared, key=f"stop:{name}", sender=_sender(who, account))


def unreadable(reason: str, *, account: AccountId, at: datetime, raw: str) -> Unreadable:
    name = hashlib.sha256(f"{at.isoformat()}{raw}".encode("utf-8", "replace")).hexdigest()[:32]
    shared: Shared = {"account": account, "chat": ChatId(""), "at": at, "raw": raw}
    return Unreadable(**shared, key=f"bad:{name}", reason=reason[:500])


def fits(content: Content) -> bool:
    """Can it be one message? Long ones are several SMS, which telephones join."""
    more = content.attachments or content.place or content.poll
    return not more and segments(content.text.text).count <= MOST_PARTS


def to_payload(content: Content) -> JsonObject:
    """Words only: marks were put into words before, and there is nothing to press."""
    return {"text": uncut(content.text.text)}
