"""When posts of a community go out, as far as that is settled."""

from datetime import datetime

from bridge.storage.counting import lock
from bridge.storage.models import Post


async def take_turns(community: str) -> None:
    """One approval after the other: until the transaction ends no other moment is given out in this community."""
    await lock(f"pace:{community}")


async def moments_after(community: str, since: datetime) -> list[datetime]:
    """When its posts go out, or went out, after a moment; oldest first."""
    found = (
        await Post.filter(community=community, publish_at__gt=since).order_by("publish_at").values_list("publish_at")
    )
    return [moment for (moment,) in found]


async def moments_of(post_ids: list[int]) -> list[datetime]:
    """When these posts go out, or went out."""
    found = await Post.filter(id__in=post_ids, publish_at__isnull=False).values_list("publish_at")
    return [moment for (moment,) in found]
