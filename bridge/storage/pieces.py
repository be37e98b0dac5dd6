"""Messages that come in pieces, as they lie in the inbox."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError

from bridge.core.events import InboundEvent, MessagePosted
from bridge.core.states import InboxState
from bridge.storage import codec, inbox
from bridge.storage.models import Inbox

_MOST = 600
"""Events of a chat that are looked through, before one and after it: more than twice the pieces of a message."""


@dataclass(frozen=True, kw_only=True)
class Arrived:
    """One event with its row."""

    id: int
    event: InboundEvent
    at: datetime
    waits: bool
    """Is it still to be handled?"""


async def around(row: Inbox, since: datetime) -> list[Arrived]:
    """What came in a chat since a time and was not put aside, the oldest first; the row itself among it."""
    rows = Inbox.filter(account=row.account, chat=row.chat, received_at__gte=since).exclude(event="{}")
    rows = rows.exclude(state=InboxState.PARKED)
    before = await rows.filter(id__lte=row.id).order_by("-id").limit(_MOST)
    found: list[Arrived] = []
    for each in [*before[::-1], *await rows.filter(id__gt=row.id).order_by("id").limit(_MOST)]:
        if each.key.startswith(inbox.AGAIN):
            continue
        with suppress(ValidationError):
            event = codec.load(codec.EVENT, each.event)
            waits = each.state == InboxState.NEW
            found.append(Arrived(id=each.id, event=event, at=each.received_at, waits=waits))
    return found


async def replace(event_id: int, event: MessagePosted) -> None:
    """The words of an event, with all that the pieces said. What somebody had erased meanwhile stays so."""
    await Inbox.filter(id=event_id).exclude(event="{}").update(event=codec.dump(codec.EVENT, event))


async def merge(event_id: int) -> None:
    """A piece is done with, and its words stand with another one's."""
    row = await Inbox.get(id=event_id)
    if row.state == InboxState.NEW:
        await inbox.finish(row, "joined")
    await inbox.empty(row)


__all__ = ["Arrived", "around", "merge", "replace"]
