"""More than one approval: of different people, of exactly what they were shown, and none of the author's own."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from bridge.core.policy import Role
from bridge.core.states import ReviewState
from bridge.core.text import plain
from bridge.moderation import decisions
from bridge.moderation.acts import Moderator
from bridge.moderation.decisions import Verdict
from bridge.storage import desk, submissions
from bridge.storage.database import transaction
from bridge.storage.models import Post, Review
from bridge.storage.models_desk import Note, Vote
from tests.integration.moderating import (
    GRACE,
    GRACE_TOO,
    MARY,
    NAOMI,
    PETER,
    ROLES,
    RUTH,
    Room,
    again,
    audited,
    community,
    one_person,
)
from tests.unit.storage.stage import NOW, acting, hold

pytestmark = pytest.mark.usefixtures("opened")
COUNTED = "Your approval of #1 is counted. Another moderator must approve it, too."


async def hold_for(approvals: int, *, message: str = "m1", user: str = "amina") -> Review:
    review = await hold(message=message, user=user)
    await Review.filter(id=review.id).update(approvals=approvals)
    return await again(review)


@pytest.fixture
def room() -> Room:
    return Room()


async def test_two_moderators_publish_together(room: Room) -> None:
    review = await hold_for(2)
    assert (await room.press(review, "approve", GRACE)).text == COUNTED
    assert (await again(review)).state == ReviewState.HELD
    assert await Post.all().count() == 0
    assert (await room.press(review, "approve", PETER)).text.startswith("Done.")
    assert await Post.all().count() == 1
    assert [line.action for line in await audited("vote") + await audited("approve")] == ["vote", "vote", "approve"]


@pytest.mark.parametrize("end", ["approve", "reject"])
async def test_once_undone_all_are_asked_anew(end: str) -> None:
    room = Room(community(undo=timedelta(seconds=30)))
    review = await hold_for(2)
    await room.press(review, "approve", GRACE)
    assert (await room.press(review, end, PETER, "clarity" if end == "reject" else "")).text.startswith("Done.")
    assert (await room.press(review, "undo", GRACE)).text.endswith("It waits again.")
    assert await Vote.all().count() == 0
    assert (await room.press(review, "approve", GRACE)).text == COUNTED
    assert await Post.all().count() == 0
    assert (await room.press(review, "approve", PETER)).text.startswith("Done.")


async def test_pressing_again_is_said_and_counts_once(room: Room) -> None:
    review = await hold_for(2)
    for _ in range(3):
        assert (await room.press(review, "approve", GRACE)).text == COUNTED
    assert await Vote.all().count() == 1
    assert len(await audited("vote")) == 1


async def test_one_person_on_two_accounts_is_one(room: Room) -> None:
    room.community = community(roles={**ROLES, GRACE_TOO.sender.ref: Role.MODERATOR})
    await one_person(GRACE, GRACE_TOO)
    review = await hold_for(2)
    await room.press(review, "approve", GRACE)
    assert (await room.press(review, "approve", GRACE_TOO)).text == COUNTED
    assert (await again(review)).state == ReviewState.HELD
    assert (await room.press(review, "approve", PETER)).text.startswith("Done.")


async def reworded(review: Review) -> None:
    fresh = await again(review)
    assert await submissions.revise(fresh, plain("Is zinc safe for children?"), (), (), NOW, editor="Peter")


async def headlined(review: Review) -> None:
    assert await desk.dress(await again(review), headline="Zinc")


async def noted(review: Review) -> None:
    await Note.create(
        review_id=review.id, text="See the guideline", actor="net:x", name="X", initials="X", created_at=NOW
    )


async def narrowed(review: Review) -> None:
    assert await desk.dress(await again(review), targets='["net:kenya"]')


@pytest.mark.parametrize("change", [reworded, headlined, noted, narrowed])
async def test_whatever_would_go_out_otherwise_is_asked_anew(
    room: Room, change: Callable[[Review], Awaitable[None]]
) -> None:
    review = await hold_for(2)
    await room.press(review, "approve", GRACE)
    async with transaction():
        await change(review)
    assert (await room.press(review, "approve", PETER)).text == COUNTED
    assert await Post.all().count() == 0
    assert (await room.press(review, "approve", GRACE)).text.startswith("Done.")


async def test_a_change_taken_back_leaves_the_approvals_of_the_same_words(room: Room) -> None:
    review = await hold_for(2)
    await room.press(review, "approve", GRACE)
    await headlined(review)
    assert await desk.dress(await again(review), headline="")
    assert (await room.press(review, "approve", PETER)).text.startswith("Done.")


@pytest.mark.parametrize("own_posts", [False, True])
async def test_the_author_votes_only_where_the_community_lets_them(own_posts: bool) -> None:
    room = Room(community(own_posts=own_posts))
    review = await hold_for(2, user="grace")
    told = await room.press(review, "approve", GRACE)
    assert ("your own post" in told.text) is not own_posts
    assert await Vote.all().count() == int(own_posts)
    assert [line.detail.find('"own":true') >= 0 for line in await audited("vote")] == [True] * own_posts


async def test_an_approval_is_taken_back(room: Room) -> None:
    review = await hold_for(2)
    assert (await room.press(review, "unapprove", GRACE)).text == "You have not approved #1. Nothing was done."
    await room.press(review, "approve", GRACE)
    assert await room.types(review, "unapprove", PETER) == ["You have not approved #1. Nothing was done."]
    await room.types(review, "unapprove", GRACE)
    assert (await room.press(review, "approve", PETER)).text == COUNTED, "one of two"
    assert (await room.press(review, "approve", GRACE)).text.startswith("Done.")
    assert len(await audited("unapprove")) == 1


async def test_who_may_no_longer_decide_no_longer_counts(room: Room) -> None:
    await room.orders("/moderators add net:mary", NAOMI)
    review = await hold_for(2)
    assert (await room.press(review, "approve", MARY)).text == COUNTED
    await room.orders("/moderators remove net:mary", NAOMI)
    assert (await room.press(review, "approve", PETER)).text == COUNTED, "one of two"


async def test_whoever_is_alone_is_told_that_nobody_else_can_approve() -> None:
    room = Room(community(roles={GRACE.sender.ref: Role.MODERATOR, GRACE_TOO.sender.ref: Role.MODERATOR}))
    await one_person(GRACE, GRACE_TOO)
    review = await hold_for(2)
    told = await room.press(review, "approve", GRACE_TOO)
    assert told.alert
    assert told.text == (
        f"{COUNTED} Nobody else here may decide on it: a coordinator can add somebody with /moderators add."
    )


async def approving(room: Room, review: Review, who: Moderator, gate: asyncio.Barrier) -> Verdict:
    """As a decision is taken outside any channel: with a review read before anybody locked it."""
    act = await acting(review, who, room.directory, communities=room.communities)
    await gate.wait()
    async with transaction():
        return await decisions.approve(act)


async def test_votes_at_the_same_moment_are_all_counted(room: Room) -> None:
    for number in range(12):
        review = await hold_for(3, message=f"m{number}")
        gate = asyncio.Barrier(4)
        copies = [await again(review) for _ in range(4)]
        verdicts = await asyncio.gather(
            *(approving(room, c, who, gate) for c, who in zip(copies, (GRACE, PETER, RUTH, NAOMI), strict=True))
        )
        assert sorted(verdicts) == sorted([Verdict.VOTED, Verdict.VOTED, Verdict.DONE, Verdict.DECIDED])
        assert await Post.filter(submission_id=review.submission_id).count() == 1
    chain = await audited("vote")
    assert len(chain) == 36


async def test_a_rewording_at_the_same_moment_wins_or_loses_whole(room: Room) -> None:
    """Whoever is second finds the other's work: never a post of words that one of the two did not approve."""
    for number in range(8):
        review = await hold_for(2, message=f"m{number}")
        async with transaction():
            await decisions.approve(
                await acting(await again(review), GRACE, room.directory, communities=room.communities)
            )
        gate = asyncio.Barrier(2)
        stale = await again(review)

        async def reword(stale: Review = stale, gate: asyncio.Barrier = gate) -> bool:
            await gate.wait()
            async with transaction():
                return await submissions.revise(stale, plain("Other words"), (), (), NOW, editor="Ruth")

        verdict, changed = await asyncio.gather(approving(room, await again(review), PETER, gate), reword())
        now = await again(review)
        assert (verdict, changed, now.state, now.revision) in [
            (Verdict.DONE, False, ReviewState.APPROVED, 1),
            (Verdict.STALE, True, ReviewState.HELD, 2),
        ]
