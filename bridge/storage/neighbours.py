"""What is known of the messages around one that may have been sent: where it can only be found by elimination."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tortoise.expressions import Q

from bridge.core.events import MessagePosted
from bridge.core.ids import ChatId, MessageId
from bridge.core.states import DeliveryState
from bridge.storage import codec
from bridge.storage.ledger_reads import SEND
from bridge.storage.models import Delivery, Inbox
from bridge.storage.models_messages import DeliveryMessage

_LATELY = 200
"""Messages of a chat that are looked through."""


@dataclass(frozen=True, kw_only=True)
class Neighbours:
    """Messages of the chats that were asked about."""

    earlier: frozenset[MessageId]
    """Certainly there before the first attempt."""
    later: frozenset[MessageId]
    """Certainly sent after the last one."""
    known: frozenset[MessageId]
    """All of which it is known whose they are, the others among them."""
    rival: bool
    """Does another row, of which nobody knows the message either, say the very same there?"""


async def neighbours(row: Delivery, chats: Sequence[ChatId], over: datetime) -> Neighbours:
    """Around a row in doubt whose last attempt was certainly over at ``over``, if it was ever carried out."""
    ours = Delivery.filter(account=row.account, remote_chat__in=list(chats), operation=SEND).exclude(message="")
    sent = await ours.order_by("-id").limit(_LATELY).only("id", "message", "attempted_at", "done_at")
    further = await DeliveryMessage.filter(delivery_id__in=[each.id for each in sent]).only("delivery_id", "message")
    parts = {each.id: [MessageId(each.message)] for each in sent}
    for part in further:
        parts[part.delivery_id].append(MessageId(part.message))
    since = row.first_attempt_at or row.planned_at
    earlier = {m for each in sent if each.done_at is not None and each.done_at < since for m in parts[each.id]}
    later = {m for each in sent if each.attempted_at is not None and each.attempted_at > over for m in parts[each.id]}
    known = {m for messages in parts.values() for m in messages}
    heard = Inbox.filter(account=row.account, chat__in=list(chats)).order_by("-id").limit(_LATELY)
    for each in await heard.only("id", "event", "received_at"):
        try:
            event = codec.load(codec.EVENT, each.event)
        except ValueError:  # erased since
            continue
        if isinstance(event, MessagePosted):
            known.add(event.ref.message)
            if each.received_at < since:
                earlier.add(event.ref.message)
    return Neighbours(
        earlier=frozenset(earlier), later=frozenset(later), known=frozenset(known), rival=await _rival(row, chats)
    )


async def _rival(row: Delivery, chats: Sequence[ChatId]) -> bool:
    unknown = (DeliveryState.ATTEMPTING, DeliveryState.IN_DOUBT, DeliveryState.UNCERTAIN)
    others = Delivery.filter(account=row.account, chat__in=list(chats), operation=SEND, payload=row.payload)
    others = others.exclude(id=row.id)  # one that a person says is there, and nobody knows where, may be it as well
    return await others.filter(Q(state__in=unknown) | Q(state=DeliveryState.DELIVERED, message="")).exists()
