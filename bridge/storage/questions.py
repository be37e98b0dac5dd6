"""Questions to authors: what moderators asked about an item, and what was asked still."""

from datetime import datetime

from tortoise.expressions import Q

from bridge.storage import audit
from bridge.storage.models import Identity, Query, Review


async def ask(
    review: Review,
    question: str,
    *,
    by: Identity,
    name: str,
    now: datetime,
    kind: str = "question",
    reason: str = "",
) -> Query:
    """Record a question to the author and its line in the audit log. ``reason``: the id of a ready-made question."""
    await audit.write(
        community=review.community,
        actor=audit.audit_actor(by),
        action="ask" if kind == "question" else f"ask_{kind}",
        now=now,
        review_id=review.id,
        revision=review.revision,
        reason=reason,
    )
    return await Query.create(
        review_id=review.id,
        question=question,
        asked_by=str(by.ref),
        asked_name=name,
        asked_at=now,
        kind=kind,
        revision=review.revision,
    )


async def queries(review_id: int) -> list[Query]:
    return await Query.filter(review_id=review_id).order_by("id")


async def close_queries(review_id: int) -> None:
    await Query.filter(review_id=review_id, answered_at__isnull=True).update(closed=True)


async def reopen_queries(review: Review) -> None:
    """What a decision that was undone had closed: questions, and what was asked about the present wording."""
    closed = Query.filter(review_id=review.id, answered_at__isnull=True, closed=True, asked_at__gte=review.created_at)
    await closed.filter(Q(kind="question") | Q(kind="consent", revision=review.revision)).update(closed=False)
