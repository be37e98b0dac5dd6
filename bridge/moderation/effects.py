"""What follows when deliveries are settled: cards show where a post has arrived."""

from collections.abc import Callable, Sequence
from datetime import datetime

from bridge.core.community import Communities
from bridge.core.errors import Refusal
from bridge.core.states import DeliveryState
from bridge.moderation import cards
from bridge.storage import ledger, people, submissions
from bridge.storage.ledger import Effects
from bridge.storage.models import Delivery, Post


def arrivals(communities: Communities, now: Callable[[], datetime]) -> Effects:
    """The effects of outcomes, run in the transaction that records them."""

    async def effects(rows: Sequence[Delivery]) -> None:
        posts: set[int] = set()
        for row in rows:
            if row.kind == ledger.POST and row.post_id is not None:
                posts.add(row.post_id)
            if row.kind == ledger.NOTICE and row.state == DeliveryState.REFUSED and row.reason == Refusal.UNREACHABLE:
                await people.close_direct(row.account, row.chat)
        for post in await Post.filter(id__in=list(posts)):
            review = await submissions.review_of_submission(post.submission_id)
            if review is not None and communities.get(review.community) is not None:
                await cards.refresh(review, now(), pause=cards.ARRIVAL_PAUSE)

    return effects
