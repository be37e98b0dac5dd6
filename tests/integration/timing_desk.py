"""A desk of two moderators, and neighbouring communities that can be offered copies: one deed at a time."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta

from bridge.core.community import Communities, Community
from bridge.core.ids import Address, ChatId, CommunityId
from bridge.delivery.directory import Directory
from bridge.moderation import decisions, targets
from bridge.moderation.acts import Act, Moderator, Reply
from bridge.moderation.reasons import Reason
from bridge.storage import ledger, submissions
from bridge.storage.database import transaction
from bridge.storage.ledger import Frozen
from bridge.storage.models import Delivery, Post, Review
from tests.unit.storage.stage import (
    COMMUNITY,
    GRACE,
    NET,
    NOW,
    SLOW,
    acting,
)

GRACED = timedelta(seconds=10)
SECOND_DESK = Address(NET, ChatId("desk2"))
CONGO = Address(NET, ChatId("congo"))
CHIFA = replace(
    COMMUNITY,
    id=CommunityId("chifa"),
    name="CHIFA",
    moderators=(SECOND_DESK,),
    groups=(replace(COMMUNITY.groups[0], chat=CONGO),),
)
THIRD = replace(
    CHIFA,
    id=CommunityId("nurses"),
    name="Nurses",
    moderators=(Address(NET, ChatId("desk3")),),
    groups=(replace(COMMUNITY.groups[0], chat=Address(NET, ChatId("nurses"))),),
)
RUTH = replace(GRACE, channel=SECOND_DESK)


def network(community: Community = COMMUNITY) -> Communities:
    return Communities((community, CHIFA, THIRD))


def paced(limit: int, undo_seconds: int = 0) -> Communities:
    policy = replace(COMMUNITY.policy, posts_per_hour=limit, undo=timedelta(seconds=undo_seconds))
    return network(replace(COMMUNITY, policy=policy))


GRACE_PERIOD = paced(0, 10)


async def do(
    deed: Callable[[Act], Awaitable[Reply]],
    review: Review,
    directory: Directory,
    *,
    by: Moderator = GRACE,
    communities: Communities = GRACE_PERIOD,
    now: datetime = NOW,
    text: str = "",
    argument: str = "",
) -> Reply:
    """One instruction about an item, in a transaction of its own, as the channel carries it out."""
    async with transaction():
        locked = await submissions.locked_review(review.id)
        assert locked is not None
        act = await acting(
            locked,
            by,
            directory,
            revision=locked.revision,
            now=now,
            text=text,
            argument=argument,
            communities=communities,
        )
        return await deed(act)


async def approve(act: Act) -> Reply:
    return decisions.told(await decisions.approve(act), act)


async def asked(act: Act) -> Reply:
    question = await targets.question(act)
    return question if isinstance(question, Reply) else Reply(text=question.text)


async def post_of(review: Review) -> Post:
    post = await submissions.post_of_submission(review.submission_id)
    assert post is not None
    return post


async def compose(row: Delivery) -> Frozen | None:
    return Frozen(payload="{}", content=row.content)


async def heads(now: datetime = NOW) -> list[int]:
    return [row_id for row_id, _ in await ledger.heads(now, [NET, SLOW])]


async def sends(post_id: int) -> list[Delivery]:
    return await Delivery.filter(post_id=post_id).order_by("id")


async def reject(act: Act) -> Reply:
    verdict = await decisions.reject(act, reason=Reason.CLARITY)
    return decisions.told(verdict, act)
