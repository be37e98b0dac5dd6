"""What an operator is shown of the queue and the ledger: figures and ids, never anybody's text."""

from datetime import datetime, timedelta
from typing import Any

from tortoise.functions import Count
from tortoise.queryset import QuerySet

from bridge.core.errors import Refusal
from bridge.core.ids import AccountId, Address, ChatId, CommunityId
from bridge.core.reports import DeliveryFilter, DeliveryLine, HeldItem, Queue, StatusReport
from bridge.core.states import ArrivalState, DeliveryState, InboxState, ReviewState
from bridge.storage import database, handovers, ledger
from bridge.storage.models import Delivery, Identity, Inbox, Review
from bridge.storage.models_handover import Handover

_DAY = timedelta(days=1)


async def status(now: datetime) -> StatusReport:
    """How much waits where, and what the last day was like."""
    queues: list[Queue] = []
    held = await Review.filter(state=ReviewState.HELD).order_by("id").select_related("submission")
    for community in dict.fromkeys(review.community for review in held):
        mine = [review for review in held if review.community == community]
        items = tuple(HeldItem(id=r.submission.number, kind=r.kind, since=r.created_at) for r in mine[:20])
        queues.append(Queue(community=CommunityId(community), held=len(mine), items=items))
    oldest = await Inbox.filter(state=InboxState.NEW).order_by("id").first()
    uncertain = await Delivery.filter(state=DeliveryState.UNCERTAIN).order_by("id").first()
    counted = await database.aside("SELECT state, count(*) FROM delivery GROUP BY state")
    return StatusReport(
        queues=tuple(queues),
        inbox_waiting=await Inbox.filter(state=InboxState.NEW).count(),
        inbox_oldest=None if oldest is None else oldest.received_at,
        inbox_parked=await Inbox.filter(state=InboxState.PARKED).count(),
        deliveries={DeliveryState(state): int(count) for state, count in counted},
        oldest_undelivered=await ledger.oldest_undelivered(),
        oldest_uncertain=None if uncertain is None else uncertain.attempted_at or uncertain.planned_at,
        handed=await _by_account(Handover.filter(handed_at__gte=now - _DAY)),
        failed=await _by_account(Handover.filter(reported_at__gte=now - _DAY, arrival=ArrivalState.FAILED)),
        warned=await _by_account(Identity.filter(warned_at__isnull=False, unreachable_at__isnull=True)),
        unreachable=await _by_account(Identity.filter(unreachable_at__isnull=False)),
    )


async def _by_account(rows: QuerySet[Any]) -> dict[str, int]:
    counted = rows.annotate(count=Count("id")).group_by("account").order_by("account")
    return {str(account): int(count) for account, count in await counted.values_list("account", "count")}


def line(row: Delivery, post: int | None, handover: Handover | None = None) -> DeliveryLine:
    """A row as operators see it."""
    unfinished = row.state in (DeliveryState.PLANNED, DeliveryState.IN_DOUBT)
    return DeliveryLine(
        id=row.id,
        post=post,
        target=Address(AccountId(row.account), ChatId(row.chat)),
        part=row.part,
        operation=row.operation if row.kind == ledger.POST else f"{row.operation} {row.kind}",
        state=row.state,
        attempts=row.attempts,
        changed=row.done_at or row.attempted_at or row.planned_at,
        due=row.due_at if unfinished else None,
        refusal=Refusal(row.reason) if row.reason else None,
        detail=row.detail,
        arrival=None if handover is None else ArrivalState(handover.arrival),
        code="" if handover is None else handover.code,
    )


async def deliveries(wanted: DeliveryFilter) -> list[DeliveryLine]:
    """Rows of the ledger, newest first."""
    rows = Delivery.all().select_related("post").order_by("-id").limit(wanted.limit)
    if wanted.post is not None:
        rows = rows.filter(post__number=wanted.post)
    if wanted.state is not None:
        rows = rows.filter(state=wanted.state)
    if wanted.chat is not None:
        rows = rows.filter(account=wanted.chat.account, chat=wanted.chat.chat)
    found = await rows
    handed = await handovers.of_deliveries([row.id for row in found])
    return [line(row, row.post.number if row.post is not None else None, handed.get(row.id)) for row in found]


async def delivery(row_id: int) -> DeliveryLine:
    """One row; raises LookupError where there is none."""
    row = await Delivery.get_or_none(id=row_id).select_related("post")
    if row is None:
        raise LookupError(f"there is no delivery {row_id}")
    handed = await handovers.of_deliveries([row.id])
    return line(row, row.post.number if row.post is not None else None, handed.get(row.id))
