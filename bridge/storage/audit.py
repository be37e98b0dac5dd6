"""The audit log: one line for everything that was decided, in a chain that shows whether a line was changed or lost.

A line's hash covers the hash before it. The chained fields hold numbers and codes, never names or anybody's words: a
person is the number of their identity, which outlives the erasure of everything else about them.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tortoise.expressions import F

from bridge.storage import codec
from bridge.storage.models import Counter, Decision


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
    name = f"audit:{community}"
    # The counter's row stays locked until the transaction ends: the chain of a community grows one line at a time.
    if not await Counter.filter(name=name).update(value=F("value") + 1):
        await Counter.create(name=name, value=1)
    seq = int((await Counter.get(name=name)).value)
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


async def of_review(review_id: int) -> list[Decision]:
    """The history of an item, oldest first."""
    return await Decision.filter(review_id=review_id).order_by("id")
