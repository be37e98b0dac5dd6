"""The ledger of bytes, parts and money, and what gateways report later."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from tortoise.functions import Count, Sum

from bridge.core.bandwidth import Month, Spread
from bridge.core.events import Arrival
from bridge.core.ids import Address, delivery_key
from bridge.core.money import Price
from bridge.core.ports import Handed
from bridge.core.states import ARRIVAL, ArrivalState, ArrivalStep, DeliveryState
from bridge.storage.ledger_reads import COPY, DIGEST, NOTICE, SEND
from bridge.storage.many import insert_each
from bridge.storage.models import Delivery, Identity, Meta
from bridge.storage.models_handover import Handover

_MILLION = 1_000_000
_STEPS = {
    Arrival.SENT: ArrivalStep.RELAY,
    Arrival.DELIVERED: ArrivalStep.DELIVER,
    Arrival.FAILED: ArrivalStep.FAIL,
}
_DOUBTED = (DeliveryState.ATTEMPTING, DeliveryState.IN_DOUBT, DeliveryState.UNCERTAIN)
_KEPT = timedelta(days=800)
"""Two years of figures, and a little more."""


@dataclass(frozen=True, kw_only=True)
class Weighed:
    """A send as it was made."""

    channel: str
    key: str
    handed: Handed


def row_of(delivery: Delivery, weighed: Weighed, message: str, now: datetime) -> dict[str, object]:
    """The row of one send; not saved."""
    cost = weighed.handed.cost
    return {
        "delivery_id": delivery.id,
        "post_id": delivery.post_id if delivery.kind == COPY and delivery.part == 1 else None,
        "account": delivery.account,
        "channel": weighed.channel,
        "kind": delivery.kind,
        "key": weighed.key,
        "message": message,
        "handed_at": now,
        "bytes": weighed.handed.bytes,
        "segments": weighed.handed.segments,
        "currency": "" if cost is None else cost.currency,
        "cost": 0 if cost is None else int(cost.amount * _MILLION),
    }


async def keep(rows: Sequence[Mapping[str, object]]) -> None:
    """Part of the transaction that records the outcomes."""
    await insert_each(Handover, rows)


# --- money ---


async def spent(account: str, currency: str, since: datetime) -> Decimal:
    """What an account has cost from a moment on."""
    rows = Handover.filter(account=account, currency=currency, handed_at__gte=since)
    found = await rows.annotate(total=Sum("cost")).values_list("total", flat=True)
    total = next(iter(found), None)
    return Decimal(int(str(total or 0))) / _MILLION


async def say_once(name: str) -> bool:
    """Is it the first time that this is to be said? Inside the caller's transaction."""
    key = f"said:{name}"
    if await Meta.exists(key=key):
        return False
    await Meta.create(key=key, value="1")
    return True


# --- reports ---


async def reported(account: str, *, send: str, message: str) -> Handover | None:
    """The newest send that a report is about."""
    rows = Handover.filter(account=account)
    if send:
        found = await rows.filter(key=send).order_by("-id").first()
        if found is not None:
            return found
    return await rows.filter(message=message or send).order_by("-id").first() if message or send else None


async def doubted(account: str, key: str) -> Delivery | None:
    """The send of unknown fate that has this key."""
    row = await Meta.get_or_none(key="installation")
    installation = "" if row is None else row.value
    rows = Delivery.filter(account=account, state__in=list(_DOUBTED), operation=SEND)
    for delivery in await rows.order_by("-id").limit(2000):
        if delivery_key(delivery.id, installation) == key:
            return delivery
    return None


async def under_way(account: str) -> bool:
    """Is a send of the account being made, whose answer is not written down yet?"""
    return await Delivery.exists(account=account, state=DeliveryState.ATTEMPTING, operation=SEND)


async def note(row: Handover, arrival: Arrival, code: str, now: datetime) -> bool:
    """Write a report down; False where it says nothing new, or comes after one that says more."""
    step = _STEPS[arrival]
    values = {"arrival": ARRIVAL.target(step), "code": code[:60], "reported_at": now}
    rows = Handover.filter(id=row.id, arrival__in=ARRIVAL.sources(step))
    if not await rows.update(**values):
        return False
    row.update_from_dict(values)
    return True


async def delivery_of(row: Handover) -> Delivery | None:
    """The row that was sent, with its post; None where it is gone."""
    return await Delivery.get_or_none(id=row.delivery_id).select_related("post")


async def failed_in_a_row(address: Address, most: int) -> list[Handover]:
    """The latest failures at a chat since something last arrived there, newest first, at most so many."""
    ids = await (
        Delivery.filter(account=address.account, chat=address.chat, operation=SEND, attempted_at__isnull=False)
        .order_by("-id")
        .limit(10 * most)
        .values_list("id", flat=True)
    )
    rows = await Handover.filter(delivery_id__in=[int(str(row_id)) for row_id in ids] or [0]).order_by("-id")
    failures: list[Handover] = []
    for row in rows:
        if row.arrival == ArrivalState.DELIVERED:
            break
        if row.arrival == ArrivalState.FAILED:
            failures.append(row)
    return failures[:most]


async def failures_at(address: Address, since: datetime) -> list[Handover]:
    """What was handed over to a chat since then and failed, and came back for a reason of the reader's."""
    ids = Delivery.filter(account=address.account, chat=address.chat, operation=SEND, attempted_at__gte=since)
    found = [int(str(row_id)) for row_id in await ids.order_by("-id").limit(1000).values_list("id", flat=True)]
    rows = Handover.filter(delivery_id__in=found or [0], arrival=ArrivalState.FAILED, handed_at__gte=since)
    return [row for row in await rows if not about_the_letter(row.code)]


def about_the_letter(code: str) -> bool:
    """RFC 3463: was it refused for what was written, or how it was signed? That says nothing of its reader."""
    return code[1:3] in (".6", ".7")


async def refused_in_a_row(address: Address, reason: str, most: int) -> bool:
    """Were the latest private messages to a chat, so many of them, all refused for this reason?"""
    rows = Delivery.filter(account=address.account, chat=address.chat, kind__in=[NOTICE, COPY, DIGEST], operation=SEND)
    settled = rows.filter(state__in=[DeliveryState.DELIVERED, DeliveryState.REFUSED]).order_by("-id").limit(most)
    found = await settled.values_list("state", "reason")
    return len(found) == most and all(state == DeliveryState.REFUSED and why == reason for state, why in found)


async def lose(address: Address, now: datetime) -> bool:
    """Nobody is there: write no more until they write again. False where that was known."""
    rows = Identity.filter(account=address.account, direct_chat=address.chat, unreachable_at__isnull=True)
    return bool(await rows.update(unreachable_at=now, direct_open=False))


async def of_deliveries(ids: Collection[int]) -> Mapping[int, Handover]:
    """The newest send of each."""
    rows = await Handover.filter(delivery_id__in=list(ids) or [0]).order_by("id")
    return {row.delivery_id: row for row in rows}


async def of_copies(post_id: int) -> tuple[int, int]:
    """How many private copies of a post their telephones or mailboxes have, and how many failed on their way."""
    counts = {ArrivalState.DELIVERED: 0, ArrivalState.FAILED: 0}
    rows = Handover.filter(post_id=post_id, arrival__in=list(counts)).annotate(count=Count("id")).group_by("arrival")
    for state, count in await rows.values_list("arrival", "count"):
        counts[ArrivalState(state)] = count
    return counts[ArrivalState.DELIVERED], counts[ArrivalState.FAILED]


# --- figures ---


async def months(since: datetime) -> list[Month]:
    """What every account handed over in each calendar month (UTC), newest first."""
    found: dict[tuple[str, str, str, str], list[int]] = {}
    last = 0
    while True:
        rows = await Handover.filter(handed_at__gte=since, id__gt=last).order_by("id").limit(5000)
        for row in rows:
            key = (f"{row.handed_at:%Y-%m}", row.channel, row.account, row.currency)
            sums = found.setdefault(key, [0, 0, 0, 0])
            for place, value in enumerate((1, row.segments, row.bytes, row.cost)):
                sums[place] += value
            last = row.id
        if len(rows) < 5000:
            break
    return [
        Month(
            month=month,
            channel=channel,
            account=account,
            messages=sums[0],
            segments=sums[1],
            bytes=sums[2],
            cost=Price(amount=Decimal(sums[3]) / _MILLION, currency=currency) if currency else None,
        )
        for (month, channel, account, currency), sums in sorted(found.items(), reverse=True)
    ]


async def spreads(since: datetime) -> list[Spread]:
    """How large messages were, by channel and kind: half of them, and nineteen of twenty, were at most that."""
    rows = Handover.filter(handed_at__gte=since).annotate(count=Count("id")).group_by("channel", "kind")
    spreads: list[Spread] = []
    for channel, kind, count in sorted(await rows.values_list("channel", "kind", "count")):
        alike = Handover.filter(handed_at__gte=since, channel=channel, kind=kind)
        at = {name: max(0, -(-count * share // 100) - 1) for name, share in (("p50", 50), ("p95", 95))}
        values: dict[str, int] = {}
        for column in ("bytes", "segments"):
            for name, place in at.items():
                row = await alike.order_by(column).offset(place).limit(1).values_list(column, flat=True)
                values[f"{column}_{name}"] = int(str(row[0])) if row else 0
        spreads.append(Spread(channel=channel, kind=kind, messages=count, **values))
    return spreads


async def prune(now: datetime) -> None:
    await Handover.filter(handed_at__lt=now - _KEPT).delete()
