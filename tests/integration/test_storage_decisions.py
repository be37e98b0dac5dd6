"""Decisions and what they hang on, on both databases; on PostgreSQL two connections really meet."""

import asyncio
from dataclasses import replace

import pytest

from bridge.core.states import ReviewState, ReviewStep
from bridge.core.text import plain
from bridge.delivery import planning
from bridge.delivery.directory import Directory
from bridge.moderation import decisions
from bridge.moderation.acts import Moderator
from bridge.moderation.decisions import Verdict
from bridge.storage import database, ledger, people, submissions
from bridge.storage.models import Decision, Delivery, Person, Post, Review
from tests.unit.delivery.scripted import Scripted
from tests.unit.storage.stage import (
    COMMUNITY,
    GRACE,
    NET,
    NOW,
    PETER,
    SLOW,
    acting,
    again,
    hold,
    sender,
)


def on_postgres(url: str) -> bool:
    return url.startswith("postgres")


def directory() -> Directory:
    return Directory({NET: Scripted(NET), SLOW: Scripted(SLOW)})


async def test_two_approvals_at_once_make_one_post(opened: str) -> None:
    review = await hold()
    both_have_read = asyncio.Barrier(2 if on_postgres(opened) else 1)

    async def approve(moderator: Moderator) -> Verdict:
        async with database.transaction():
            mine = await again(review)
            assert mine.state == ReviewState.HELD
            await both_have_read.wait()
            return await decisions.approve(await acting(mine, moderator, directory()))

    if on_postgres(opened):
        verdicts = list(await asyncio.gather(approve(GRACE), approve(PETER)))
    else:  # there is one connection: the second begins when the first has committed
        verdicts = [await approve(GRACE)]
        async with database.transaction():
            mine = await submissions.review_by_id(review.id)
            assert mine is not None
            mine.state = ReviewState.HELD  # as it was read before
            verdicts.append(await decisions.approve(await acting(mine, PETER, directory())))
    assert sorted(verdicts) == [Verdict.DECIDED, Verdict.DONE]
    assert await Post.all().count() == 1
    assert await Decision.filter(action="approve").count() == 1
    assert await Delivery.filter(kind=ledger.POST).count() == 2
    assert (await again(review)).decided_name in ("Grace", "Peter")


@pytest.mark.postgres
@pytest.mark.parametrize("kind", ["postgres"])
async def test_approve_and_withdraw_at_once_have_one_winner(opened: str) -> None:
    review = await hold()
    both_have_read = asyncio.Barrier(2)

    async def act(name: str) -> Verdict:
        async with database.transaction():
            mine = await again(review)
            await both_have_read.wait()
            if name == "approve":
                return await decisions.approve(await acting(mine, GRACE, directory()))
            return await decisions.withdraw(mine, COMMUNITY, directory(), NOW)

    verdicts = await asyncio.gather(act("approve"), act("withdraw"))
    assert sorted(verdicts) == [Verdict.DECIDED, Verdict.DONE]
    approved = (await again(review)).state == ReviewState.APPROVED
    assert approved == (verdicts[0] is Verdict.DONE)
    assert await Delivery.filter(kind=ledger.POST).count() == (2 if approved else 0)


async def test_an_approval_of_an_older_wording_changes_nothing(opened: str) -> None:
    review = await hold("Give 200 mg")
    stale, other = await again(review), await again(review)
    async with database.transaction():
        assert await submissions.revise(review, plain("Give 20 mg"), (), (), NOW)
    async with database.transaction():
        assert await decisions.approve(await acting(stale, GRACE, directory())) is Verdict.STALE
        assert await decisions.approve(await acting(review, GRACE, directory())) is Verdict.STALE
    assert await Post.all().count() == 0
    async with database.transaction():
        assert not await submissions.revise(other, plain("Give 2 mg"), (), (), NOW)
    assert (await again(review)).revision == 2


async def test_an_approval_that_cannot_be_planned_is_no_approval(opened: str, monkeypatch: pytest.MonkeyPatch) -> None:
    review = await hold()

    async def fails(*_: object, **__: object) -> None:
        raise RuntimeError("planning")

    monkeypatch.setattr(planning, "plan_post", fails)
    with pytest.raises(RuntimeError):
        async with database.transaction():
            await decisions.approve(await acting(await again(review), GRACE, directory()))
    assert (await again(review)).state == ReviewState.HELD
    assert await Post.all().count() == await Decision.all().count() == await Delivery.all().count() == 0


async def test_numbers_are_given_once_each(opened: str) -> None:
    await hold(message="m0")
    await asyncio.gather(*(hold(message=f"m{n}") for n in range(1, 9)))
    numbers = [review.submission.number for review in await submissions.held("hifa")]
    assert sorted(numbers) == list(range(1, 10))


async def test_only_a_held_review_can_be_decided(opened: str) -> None:
    for step in (ReviewStep.REJECT, ReviewStep.WITHDRAW, ReviewStep.LAPSE, ReviewStep.MERGE):
        review = await hold(message=step.value)

        async def decided(step: ReviewStep, review: Review = review) -> bool:
            async with database.transaction():
                mine = await again(review)
                grace = await people.meet(sender("grace"), NOW)
                return await submissions.decide(mine, step, revision=1, by=grace, name="Grace", now=NOW)

        assert await decided(step)
        assert not await decided(ReviewStep.APPROVE)
        assert not await decided(step)


async def test_a_handle_is_unguessable_and_names_one_thing(opened: str) -> None:
    tokens = {
        await submissions.handle("review", subject, action, NOW, revision=revision)
        for subject in (1, 2)
        for action in ("approve", "reject")
        for revision in (1, 2)
    }
    assert len(tokens) == 8
    assert all(len(token) >= 22 for token in tokens)
    one = await submissions.handle("review", 1, "approve", NOW, revision=1)
    assert one in tokens
    found = await submissions.handle_by_token(one)
    assert found is not None
    assert (found.subject_id, found.action, found.revision) == (1, "approve", 1)
    for forged in ("", "x" * 64, "x" * 65, one[:-1], one + "A", "\x00", "%"):
        assert await submissions.handle_by_token(forged) is None


async def test_a_person_keeps_one_identity_and_the_latest_name(opened: str) -> None:
    async with database.transaction():
        first = await people.meet(sender("amina", "Amina"), NOW)
    async with database.transaction():
        second = await people.meet(replace(sender("amina", "\u200b\u202e"), handle="\x00"), NOW, privately=True)
    assert first.id == second.id
    assert (second.name, second.direct_open) == ("", True)  # nothing that can be shown: a number is no name
    assert await Person.all().count() == 1
