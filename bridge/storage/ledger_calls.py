"""Rows of the ledger that have not gone out: called off, brought forward, marked; ``ledger`` offers these, too."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime

from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from bridge.core.ids import Address
from bridge.core.states import DeliveryState, DeliveryStep
from bridge.storage.bells import delivery_bell
from bridge.storage.ledger_reads import CARD, EXHIBIT, NOTICE, SEND
from bridge.storage.ledger_steps import advance, cancel_dependants
from bridge.storage.models import Delivery

CAPPED = "the monthly cap "
"""How the detail of such a row begins."""


async def call_off_notices(address: Address) -> None:
    """Cancel what a chat was to be told and nobody has tried to send."""
    rows = Delivery.filter(kind=NOTICE, account=address.account, chat=address.chat, operation=SEND)
    for row in await rows.filter(state=DeliveryState.PLANNED, attempts=0):
        await advance(row, DeliveryStep.CANCEL)
        await cancel_dependants([row.id])


async def bring_capped_forward(now: datetime, accounts: Sequence[str] | None = None) -> None:
    """What waits because its account had no money left is tried at once: a restart may be for a raised cap."""
    capped = Delivery.filter(state=DeliveryState.PLANNED, due_at__gt=now, detail__startswith=CAPPED)
    if accounts is not None:
        capped = capped.filter(account__in=list(accounts))
    await capped.update(due_at=now)


async def bring_forward(row: Delivery, due: datetime) -> None:
    """Let a planned row go sooner."""
    await Delivery.filter(id=row.id, state=DeliveryState.PLANNED).update(due_at=due)
    delivery_bell.ring_after_commit()


async def mark(row_id: int, name: str) -> None:
    """By what a row is found again."""
    await Delivery.filter(id=row_id).update(view=name)


async def set_view(card: Delivery, view: str) -> None:
    """Which keyboard a channel is looking at."""
    await Delivery.filter(id=card.id).update(view=view)
    card.view = view


async def call_off(review_id: int, revision: int) -> None:
    """Cancel the cards and exhibits of a wording that nobody has been shown yet."""
    for row in await _unshown(review_id).filter(revision=revision):
        await advance(row, DeliveryStep.CANCEL)


async def call_off_older(review_id: int, revision: int) -> list[Delivery]:
    """The same for every wording before this one; returns the cards that will not be sent."""
    rows = await _unshown(review_id).filter(revision__lt=revision).order_by("id")
    return [row for row in rows if await advance(row, DeliveryStep.CANCEL) and row.kind == CARD]


def _unshown(review_id: int) -> QuerySet[Delivery]:
    """What shows an item and has not been tried; files of an author's answer are no wording, and stay."""
    waiting = Delivery.filter(review_id=review_id, state=DeliveryState.PLANNED, attempts=0, operation=SEND)
    return waiting.filter(Q(kind=CARD) | Q(kind=EXHIBIT, view=""))


_noted: ContextVar[list[int] | None] = ContextVar("noted", default=None)


@contextmanager
def noted() -> Iterator[Sequence[int]]:
    """The ids of the rows that this task plans inside. Others may plan some at the same time."""
    rows: list[int] = []
    token = _noted.set(rows)
    try:
        yield rows
    finally:
        _noted.reset(token)


def note(row: Delivery) -> None:
    """It has been planned."""
    if (rows := _noted.get()) is not None:
        rows.append(row.id)


async def take_back_notices(address: Address, ids: Sequence[int]) -> None:
    """What the caller's own transaction has planned to say in a chat is not said."""
    rows = Delivery.filter(kind=NOTICE, account=address.account, chat=address.chat, id__in=list(ids) or [0])
    await rows.filter(state=DeliveryState.PLANNED).delete()
