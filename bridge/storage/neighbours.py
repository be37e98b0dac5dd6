"""What is known of the messages around one that may have been sent: where it can only be found by elimination."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bridge.core.events import MessagePosted
from bridge.core.ids import ChatId, MessageId
from bridge.core.ports import JsonObject
from bridge.core.states import DeliveryState
from bridge.storage import codec
from bridge.storage.ledger_reads import SEND
from bridge.storage.models import Delivery, Inbox
from bridge.storage.models_messages import DeliveryMessage

_LATELY = 200
"""Messages of a chat that are looked through."""
_SURELY = timedelta(minutes=1)
"""By so much the clock may be set back unseen."""
_AT_MOST_UNDER_WAY = timedelta(minutes=10)
"""A call that began earlier than this made no message at the time of another."""


@dataclass(frozen=True, kw_only=True)
class Neighbours:
    """Messages of the chats that were asked about."""

    earlier: frozenset[MessageId]
    """Certainly there before the first attempt."""
    later: frozenset[MessageId]
    """Certainly sent after the last one."""
    known: frozenset[MessageId]
    """All of which it is known whose they are, the others among them."""
    rivals: tuple[JsonObject, ...]
    """What other rows send there of which nobody knows the message either; empty: nobody knows what it sends."""


async def neighbours(row: Delivery, chats: Sequence[ChatId], over: datetime) -> Neighbours:
    """Around a row in doubt whose last attempt was certainly over at ``over``, if it was ever carried out."""
    sent = [each for chat in chats for each in await _sent(row.account, chat, chats)]
    further = await DeliveryMessage.filter(delivery_id__in=[each.id for each in sent]).only("delivery_id", "message")
    parts = {each.id: [MessageId(each.message)] for each in sent}
    for part in further:
        parts[part.delivery_id].append(MessageId(part.message))
    since = row.first_attempt_at or row.planned_at
    # A row that was planned later may seem to have arrived earlier where the clock was set back.
    before = [each for each in sent if each.id < row.id and each.done_at is not None and each.done_at < since]
    earlier = {m for each in before for m in parts[each.id]}
    later = {m for each in sent if each.attempted_at is not None and each.attempted_at > over for m in parts[each.id]}
    known = {m for messages in parts.values() for m in messages}
    for chat in chats:
        for event, received_at in await _heard(row.account, chat):
            known.add(event.ref.message)
            if received_at < since - _SURELY:
                earlier.add(event.ref.message)
    return Neighbours(
        earlier=frozenset(earlier), later=frozenset(later), known=frozenset(known), rivals=await _rivals(row, chats)
    )


async def _sent(account: str, chat: ChatId, chats: Sequence[ChatId]) -> list[Delivery]:
    """By the index of the lane: of a chat's hundreds of thousands only the newest are read."""
    rows = Delivery.filter(state=DeliveryState.DELIVERED, account=account, chat=chat).order_by("-id")
    ours = rows.filter(operation=SEND, remote_chat__in=["", *chats]).exclude(message="")
    return await ours.limit(_LATELY).only("id", "message", "attempted_at", "done_at")


async def _heard(account: str, chat: ChatId) -> list[tuple[MessagePosted, datetime]]:
    found = []
    rows = Inbox.filter(account=account, chat=chat).order_by("-id").limit(_LATELY)
    for each in await rows.only("id", "event", "received_at"):
        try:
            event = codec.load(codec.EVENT, each.event)
        except ValueError:  # erased since
            continue
        if isinstance(event, MessagePosted):
            found.append((event, each.received_at))
    return found


async def _rivals(row: Delivery, chats: Sequence[ChatId]) -> tuple[JsonObject, ...]:
    """One that a person says is there, or has given up, and nobody knows where it is, may be it as well."""
    others = Delivery.filter(account=row.account, chat__in=list(chats), operation=SEND).exclude(id=row.id)
    open_ = others.filter(state__in=(DeliveryState.ATTEMPTING, DeliveryState.IN_DOUBT, DeliveryState.UNCERTAIN))
    since = (row.first_attempt_at or row.planned_at) - _AT_MOST_UNDER_WAY
    closed = others.filter(attempted_at__gt=since, state__in=(DeliveryState.DELIVERED, DeliveryState.CANCELLED))
    payloads = [*await open_.values_list("payload", flat=True)]
    payloads += await closed.filter(message="").values_list("payload", flat=True)
    return tuple(codec.load_object(str(payload)) if payload else {} for payload in payloads)
