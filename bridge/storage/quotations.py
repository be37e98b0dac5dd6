"""Passages of published posts that moderators marked."""

from collections.abc import Sequence
from datetime import datetime

from bridge.storage.models import Identity, Post
from bridge.storage.models_desk import Quotation


async def of_post(post_id: int) -> list[Quotation]:
    """Oldest first."""
    return await Quotation.filter(post_id=post_id).order_by("id")


async def count(post_id: int) -> int:
    return await Quotation.filter(post_id=post_id).count()


async def add(post: Post, text: str, *, by: Identity, name: str, now: datetime) -> Quotation:
    """``text``: as it stands in the post; ``name``: of who selected it."""
    return await Quotation.create(post=post, text=text, actor=str(by.ref), selected_name=name, created_at=now)


async def remove(rows: Sequence[Quotation]) -> None:
    await Quotation.filter(id__in=[row.id for row in rows]).delete()
