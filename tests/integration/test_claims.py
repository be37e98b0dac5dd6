"""Claims: for a while one moderator's, then everybody's again, and never stuck."""

import asyncio
from datetime import timedelta

import pytest

from bridge.core.policy import Role
from bridge.core.states import ReviewState
from bridge.moderation import claims, timers
from bridge.moderation.acts import Moderator
from bridge.storage.database import transaction
from bridge.storage.models import Review
from tests.integration.moderating import (
    GRACE,
    GRACE_TOO,
    MARY,
    NAOMI,
    PETER,
    ROLES,
    Room,
    again,
    audited,
    community,
    notices,
    one_person,
)
from tests.unit.storage.stage import DESK, MODS, NOW, acting, hold

pytestmark = pytest.mark.usefixtures("opened")
HALF_AN_HOUR = timedelta(minutes=30)


@pytest.fixture
def room() -> Room:
    return Room()


async def test_while_one_claims_another_cannot_decide(room: Room) -> None:
    review = await hold()
    assert (await room.press(review, "claim", GRACE)).text == "#1 is yours until 01.03. 12:30 UTC."
    room.now += timedelta(minutes=10)
    for action, argument in (("approve", ""), ("reject", "duplicate"), ("trust", ""), ("always_hold", "")):
        told = await room.press(review, action, PETER, argument)
        assert told.alert
        assert told.text == (
            "Grace has claimed #1 (01.03. 12:00 UTC). Claim it yourself to take over. Nothing was done."
        )
    assert await room.types(review, "reject: duplicate", PETER) == [told.text]
    assert (await again(review)).state == ReviewState.HELD
    assert (await room.press(review, "approve", GRACE)).text.startswith("Done.")
    assert (await again(review)).claimed_by == ""


async def test_taking_over_is_said_in_every_channel(room: Room) -> None:
    review = await hold()
    await room.press(review, "claim", GRACE)
    await room.press(review, "claim", PETER)
    for where in (MODS, DESK):
        assert await notices(where) == ["✋ Peter has taken #1 over from Grace."]
    assert "Peter has claimed #1" in (await room.press(review, "approve", GRACE)).text
    lines = await audited("claim")
    assert [line.detail for line in lines] == ["{}", f'{{"from":{lines[0].actor.removeprefix("identity:")}}}']


async def test_claiming_again_lasts_longer_and_is_no_news(room: Room) -> None:
    review = await hold()
    await room.press(review, "claim", GRACE)
    room.now += timedelta(minutes=20)
    assert "12:50" in (await room.press(review, "claim", GRACE)).text
    room.now += timedelta(minutes=20)
    assert "Grace has claimed" in (await room.press(review, "approve", PETER)).text
    assert await notices(MODS) == []


async def test_a_claim_ends_to_the_minute(room: Room) -> None:
    review = await hold()
    await room.press(review, "claim", GRACE)
    room.now = NOW + HALF_AN_HOUR - timedelta(seconds=1)
    assert (await room.press(review, "approve", PETER)).alert
    room.now = NOW + HALF_AN_HOUR
    assert (await room.press(review, "approve", PETER)).text.startswith("Done.")


async def test_the_clock_takes_an_old_claim_off_the_card(room: Room) -> None:
    review, other = await hold(), await hold(message="m2")
    await room.press(review, "claim", GRACE)
    room.now += timedelta(minutes=20)
    await room.press(other, "claim", PETER)
    room.now = NOW + HALF_AN_HOUR
    await timers.tick(room.communities, room.directory, room.now)
    assert (await again(review)).claimed_by == ""
    assert (await again(review)).claimed_name == "Grace", "the card says whose claim has ended"
    assert (await again(other)).claimed_by == "slow:peter"
    assert [line.actor for line in await audited("claim_expired")] == ["program"]
    await claims.tick(room.community, room.directory, room.now)
    assert len(await audited("claim_expired")) == 1


async def test_released_by_the_claimant_only(room: Room) -> None:
    review = await hold()
    assert (await room.press(review, "release", GRACE)).text == "Nobody has claimed #1."
    await room.press(review, "claim", GRACE)
    assert "Grace has claimed #1" in (await room.press(review, "release", PETER)).text
    assert (await room.press(review, "release", GRACE)).text == "#1 is free for everybody."
    assert (await room.press(review, "approve", PETER)).text.startswith("Done.")


async def test_one_person_on_two_accounts_claims_once(room: Room) -> None:
    room.community = community(roles={**ROLES, GRACE_TOO.sender.ref: Role.MODERATOR})
    await one_person(GRACE, GRACE_TOO)
    review = await hold()
    await room.press(review, "claim", GRACE)
    assert "is yours" in (await room.press(review, "claim", GRACE_TOO)).text
    assert await notices(MODS) == [], "nobody took it over from herself"
    assert (await room.press(review, "approve", GRACE)).text.startswith("Done.")


async def test_nobody_claims_what_they_may_not_decide(room: Room) -> None:
    review = await hold(user="grace")
    assert "your own post" in (await room.press(review, "claim", GRACE)).text
    assert (await again(review)).claimed_by == ""


async def test_away_or_dismissed_nobody_holds_a_claim(room: Room) -> None:
    first, second = await hold(), await hold(message="m2")
    for review in (first, second):
        await room.press(review, "claim", GRACE)
    told = await room.orders("/away 3 days", GRACE)
    assert told == "Grace is away until 04.03. 12:00 UTC. /back ends it.\nNo longer claimed: #1, #2."
    assert [(await again(review)).claimed_by for review in (first, second)] == ["", ""]
    await room.orders("/moderators add net:mary", NAOMI)
    await room.press(first, "claim", MARY)
    assert (await again(first)).claimed_name == "Mary"
    await room.orders("/moderators remove net:mary", NAOMI)
    assert (await again(first)).claimed_by == ""


async def test_two_claims_at_the_same_moment(room: Room) -> None:
    """Outside any channel, with items read before anybody locked them: one holds it, the other hears who."""
    for number in range(10):
        review = await hold(message=f"m{number}")
        gate = asyncio.Barrier(2)

        async def claiming(who: Moderator, review: Review = review, gate: asyncio.Barrier = gate) -> str:
            act = await acting(await again(review), who, room.directory, communities=room.communities)
            await gate.wait()
            async with transaction():
                return (await claims.claim(act)).text

        told = dict(zip(("Grace", "Peter"), await asyncio.gather(claiming(GRACE), claiming(PETER)), strict=True))
        holder = (await again(review)).claimed_name
        other = "Peter" if holder == "Grace" else "Grace"
        assert "is yours until" in told[holder]
        assert f"{holder} has claimed" in told[other]


async def test_a_claim_on_what_is_decided_already(room: Room) -> None:
    review = await hold()
    await room.press(review, "approve", PETER)
    assert (await room.press(review, "claim", GRACE)).text.startswith("Peter has already approved #1.")
