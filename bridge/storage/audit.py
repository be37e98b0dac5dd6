"""The audit log: one line for everything that was decided, in a chain that shows whether a line was changed or lost.

A line's hash covers the hash before it. The chained fields hold numbers and codes, never names or anybody's words: a
person is the number of their identity, which outlives the erasure of everything else about them.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bridge.core.reports import Chain
from bridge.storage import codec
from bridge.storage.counting import next_number
from bridge.storage.models import Counter, Decision, Identity

_COUNTER = "audit:"
"""Before a community's id: its counter."""


def line_hash(row: Decision) -> str:
    """SHA-256, in hex, of a line's canonical JSON with the hash of the line before it."""
    return hashlib.sha256(
        codec.dump_object(
            {
                "community": row.community,
                "seq": row.seq,
                "at": row.at.isoformat(timespec="microseconds"),
                "actor": row.actor,
                "action": row.action,
                "review": row.review_id,
                "revision": row.revision,
                "reason": row.reason,
                "detail": codec.load_object(row.detail),
                "prev": row.prev,
            }
        ).encode()
    ).hexdigest()


def audit_actor(by: Identity | None) -> str:
    """Who, in the audit log: a number that says nothing about a person by itself; the program where nobody did it."""
    return "program" if by is None else f"identity:{by.id}"


async def write(
    *,
    community: str,
    actor: str,
    action: str,
    now: datetime,
    review_id: int | None = None,
    revision: int = 0,
    reason: str = "",
    detail: Mapping[str, Any] | None = None,
) -> Decision:
    """Append a line, inside the caller's transaction. ``detail``: numbers and codes only."""
    # The number's row stays locked until the transaction ends: the chain of a community grows one line at a time.
    seq = await next_number(_COUNTER + community)
    before = await Decision.get_or_none(community=community, seq=seq - 1)
    row = Decision(
        review_id=review_id,
        community=community,
        at=now,
        actor=actor,
        action=action,
        revision=revision,
        reason=reason,
        detail=codec.dump_object(detail or {}),
        seq=seq,
        prev="" if before is None else before.hash,
    )
    row.hash = line_hash(row)
    await row.save()
    return row


async def head(community: str) -> Decision | None:
    """The last line of a community's chain."""
    return await Decision.filter(community=community, seq__isnull=False).order_by("-seq").first()


async def verify(community: str, *, slice_size: int = 1000) -> Chain:
    """Walk a chain from its first line, in slices, and stop at the first line that does not fit."""
    older = await Decision.filter(review__community=community, seq__isnull=True).count()
    # Lines are written while this walks: there are at least as many as were counted before, at most as after.
    least = await _counted(community)
    count, last = 0, ""
    while True:
        rows = await Decision.filter(community=community, seq__gt=count).order_by("seq").limit(slice_size)
        for row in rows:
            if row.seq != count + 1 or row.prev != last or row.hash != line_hash(row):
                return Chain(community=community, lines=count, head=last, broken_at=count + 1, older=older)
            count, last = row.seq, row.hash
        if len(rows) < slice_size:
            break
    # Lines cut off at the end or put in there leave a chain that fits: the counter knows how many there are.
    most = await _counted(community)
    broken = None
    if count < least:
        broken = count + 1
    elif count > most:
        broken = most + 1
    return Chain(community=community, lines=count, head=last, broken_at=broken, older=older)


async def _counted(community: str) -> int:
    counted = await Counter.get_or_none(name=_COUNTER + community)
    return 0 if counted is None else int(counted.value)


async def communities() -> list[str]:
    """The communities that have a chain, or had one: the counter remembers."""
    found = await Decision.filter(seq__isnull=False).distinct().values_list("community", flat=True)
    counted = await Counter.filter(name__startswith=_COUNTER).values_list("name", flat=True)
    return sorted({*map(str, found), *(str(name).removeprefix(_COUNTER) for name in counted)})


async def line_with(community: str, start_of_hash: str) -> Decision | None:
    """The line whose hash begins like this: a head that was once posted must be found again."""
    return await Decision.filter(community=community, hash__startswith=start_of_hash.lower()).first()


async def of_application(community: str, number: int) -> list[Decision]:
    """The history of an application, oldest first."""
    rows = Decision.filter(community=community, review_id__isnull=True, detail__contains=f'"application":{number}')
    return [row for row in await rows.order_by("id") if codec.load_object(row.detail).get("application") == number]


async def of_review(review_id: int) -> list[Decision]:
    """The history of an item, oldest first."""
    return await Decision.filter(review_id=review_id).order_by("id")
