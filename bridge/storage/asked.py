"""What somebody was sent of posts, where a message costs money: which page of which post, which numbers they know."""

from datetime import datetime

from tortoise.expressions import Q

from bridge.core.ids import Address
from bridge.core.states import DeliveryState
from bridge.storage.ledger_reads import COPY, DIGEST, NOTICE, SEND
from bridge.storage.models import Delivery, Identity, Post, Submission

ANSWER = "answer"
"""What a message is known by that tells somebody of an answer to their own post."""
_MARK = "page:"
_RECENT = 60
"""Rows of one telephone that are looked through."""


def mark(post_id: int, page: int) -> str:
    """What a page's row is known by."""
    return f"{_MARK}{post_id}:{page}"


async def last_page(address: Address, since: datetime) -> tuple[int, int] | None:
    """The post and the number of the page that was sent there last."""
    rows = Delivery.filter(account=address.account, chat=address.chat, kind=NOTICE, view__startswith=_MARK)
    row = await rows.filter(planned_at__gt=since).exclude(state=DeliveryState.CANCELLED).order_by("-id").first()
    if row is None:
        return None
    _, post_id, page = row.view.split(":")
    return int(post_id), int(page)


async def was_told(address: Address, number: int) -> bool:
    """Has a number of a post stood in one of the latest messages to this telephone?"""
    rows = Delivery.filter(account=address.account, chat=address.chat, operation=SEND, kind__in=[COPY, DIGEST, NOTICE])
    contents = await rows.order_by("-id").limit(_RECENT).values_list("content", flat=True)
    return any(f"#{number}" in str(content) for content in contents)


async def author_of(post: Post) -> Identity:
    found = await Submission.get(id=post.submission_id).select_related("identity__person")
    return found.identity


async def pushed(person_id: int, account: str, since: datetime) -> int:
    """How many messages that nobody asked for a person was sent, or is about to be, on an account."""
    unasked = Q(kind__in=[COPY, DIGEST]) | Q(kind=NOTICE, view=ANSWER)
    rows = Delivery.filter(unasked, person_id=person_id, account=account, operation=SEND)
    return await rows.filter(planned_at__gte=since).exclude(state=DeliveryState.CANCELLED).count()
