"""Nobody decides on what they wrote themselves, whichever account they use; where it is allowed, the log says so."""

from dataclasses import replace

import pytest

from bridge.core.policy import Role
from bridge.core.states import ReviewState
from bridge.storage import codec
from tests.integration.moderating import (
    GRACE,
    GRACE_TOO,
    MALLORY,
    PETER,
    ROLES,
    Room,
    again,
    audited,
    community,
    one_person,
)
from tests.unit.storage.stage import hold

pytestmark = pytest.mark.usefixtures("opened")
REFUSED = "This is your own post: another moderator must decide. Nothing was done."
DECIDING = [("approve", ""), ("trust", ""), ("always_hold", ""), ("reject", "duplicate")]


@pytest.mark.parametrize(("action", "argument"), DECIDING)
async def test_refused_on_either_account(action: str, argument: str) -> None:
    room = Room(community(roles={**ROLES, GRACE_TOO.sender.ref: Role.COORDINATOR}))
    await one_person(GRACE, GRACE_TOO)
    review = await hold(user="grace")
    for who in (GRACE, GRACE_TOO):
        told = await room.press(review, action, who, argument)
        assert (told.text, told.alert) == (REFUSED, True)
    assert (await again(review)).state == ReviewState.HELD
    assert (await room.press(review, action, PETER, argument)).text.startswith("Done.")
    assert "own" not in codec.load_object((await audited("reject" if argument else "approve"))[0].detail)


@pytest.mark.parametrize(("action", "argument"), DECIDING)
async def test_allowed_by_the_community_and_audited(action: str, argument: str) -> None:
    room = Room(community(own_posts=True))
    review = await hold(user="grace")
    assert (await room.press(review, action, GRACE, argument)).text.startswith("Done.")
    assert codec.load_object((await audited("reject" if argument else "approve"))[0].detail)["own"] is True


async def test_whoever_is_the_only_one_decides_on_all_their_accounts() -> None:
    room = Room(community(roles={GRACE.sender.ref: Role.MODERATOR, GRACE_TOO.sender.ref: Role.SENIOR}))
    review = await hold(user="grace")
    assert (await room.press(review, "approve", GRACE)).text == REFUSED, "the other account may be somebody else's"
    await one_person(GRACE, GRACE_TOO)
    assert (await room.press(review, "approve", GRACE)).text.startswith("Done.")
    assert codec.load_object((await audited("approve"))[0].detail)["own"] is True


async def test_with_the_second_moderator_dismissed_one_stands_alone_at_the_next_press() -> None:
    room = Room(community(roles={GRACE.sender.ref: Role.COORDINATOR}))
    review = await hold(user="grace")
    await room.orders("/moderators add slow:peter", GRACE)
    assert (await room.press(review, "approve", GRACE)).text == REFUSED
    await room.orders("/moderators remove slow:peter", GRACE)
    assert (await room.press(review, "approve", GRACE)).text.startswith("Done.")


async def test_in_a_trusted_channel_nobody_is_known_to_be_alone() -> None:
    room = Room(replace(community(roles={}), trust_channel=True))
    review = await hold(user="mallory")
    assert (await room.press(review, "approve", MALLORY)).text == REFUSED
    assert (await room.press(review, "approve", GRACE)).text.startswith("Done.")
