"""After the machine's clock was set back: what was to be done by the old time must not wait until it comes again.

A small server often starts with a wrong clock that is set once there is a network. What somebody wants at a later hour
keeps its hour.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from tortoise.expressions import Q

from bridge.core.states import DeliveryState, InboxState
from bridge.storage.database import transaction
from bridge.storage.models import Delivery, Inbox

_NOTICED: Final = timedelta(seconds=5)
"""Clocks are corrected by less than this every day."""
_LONGEST_PAUSE: Final = timedelta(hours=1)
"""Whatever is put off for longer is meant for that hour; our own pauses, and what platforms name, are shorter."""
_LONGEST_INBOX: Final = timedelta(minutes=15)
"""More than an event is ever put off."""
_SLICE: Final = 500


async def bring_forward(now: datetime, accounts: Sequence[str] | None = None) -> int:
    """Rows whose times are still to come although they have passed. Returns how many were moved.

    ``accounts``: of these alone, the others go by other machines' clocks.
    """
    late = now + _NOTICED
    inbox, ledger = Inbox.all(), Delivery.all()
    if accounts is not None:
        inbox, ledger = inbox.filter(account__in=list(accounts)), ledger.filter(account__in=list(accounts))
    moved = await inbox.filter(state=InboxState.NEW, due_at__gt=now + _LONGEST_INBOX).update(due_at=now)
    moved += await ledger.filter(state=DeliveryState.ATTEMPTING, attempted_at__gt=late).update(attempted_at=now)
    waiting = ledger.filter(state__in=[DeliveryState.PLANNED, DeliveryState.IN_DOUBT], due_at__gt=late)
    wrong = waiting.filter(Q(planned_at__gt=late) | Q(attempted_at__gt=late)).order_by("id")
    while rows := await wrong.limit(_SLICE):  # each is none of them afterwards
        async with transaction():
            for row in rows:
                await _move(row, now, late)
        moved += len(rows)
    return moved


async def _move(row: Delivery, now: datetime, late: datetime) -> None:
    """Its first attempt keeps its time: how old a row in doubt is cannot be told any more, and that must be seen."""
    tried = row.attempted_at if row.attempted_at is not None and row.attempted_at > late else None
    pause = row.due_at - (tried or row.planned_at)
    times = {"planned_at": min(row.planned_at, now), "attempted_at": row.attempted_at if tried is None else now}
    if pause <= _LONGEST_PAUSE:
        times["due_at"] = now + max(pause, timedelta(0))
    await Delivery.filter(id=row.id, state__in=[DeliveryState.PLANNED, DeliveryState.IN_DOUBT]).update(**times)
