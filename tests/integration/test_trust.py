"""What is said of an author: with an approval or by itself, by somebody else, and in the audit log."""

from datetime import timedelta

import pytest

from bridge.core.states import ReviewState
from bridge.storage import audit, codec, desk, people
from bridge.storage.models import Identity, Review
from tests.integration.moderating import GRACE, MALLORY, PETER, Room, again, audited, community
from tests.unit.storage.stage import hold, sender

pytestmark = pytest.mark.usefixtures("opened")


@pytest.fixture
def room() -> Room:
    return Room()


async def standing(review: Review) -> str:
    return await desk.standing(review.submission.identity.person_id, "hifa")


@pytest.mark.parametrize(("action", "value"), [("trust", "trusted"), ("always_hold", "held")])
async def test_one_press_approves_and_says_it(room: Room, action: str, value: str) -> None:
    review = await hold()
    assert (await room.press(review, action, GRACE)).text.startswith("Done.")
    assert (await again(review)).state == ReviewState.APPROVED
    assert await standing(review) == value
    approved, said = await audited("approve") + await audited("standing")
    assert (approved.actor, approved.review_id) == (said.actor, said.review_id)
    assert said.reason == value
    assert codec.load_object(said.detail) == {"author": review.submission.identity_id}


@pytest.mark.parametrize(("word", "value"), [("trust", "trusted"), ("always_hold", "held"), ("/trust", "trusted")])
async def test_the_same_in_a_word(room: Room, word: str, value: str) -> None:
    review = await hold()
    await room.types(review, word, GRACE)
    assert (await again(review)).state == ReviewState.APPROVED
    assert await standing(review) == value


async def test_nothing_is_said_of_the_author_where_the_approval_fails(room: Room) -> None:
    review = await hold()
    await room.press(review, "reject", PETER, "duplicate")
    assert (await room.press(review, "trust", GRACE)).text.startswith("Peter has already rejected #1.")
    mine = await hold(user="grace", message="m2")
    assert "your own post" in (await room.press(mine, "trust", GRACE)).text
    other = await hold(message="m3")
    assert (await room.press(other, "trust", MALLORY)).alert
    assert [await standing(r) for r in (review, mine, other)] == ["", "", ""]
    assert await audited("standing") == []


async def test_one_approval_of_several_says_nothing_yet(room: Room) -> None:
    review = await hold()
    await Review.filter(id=review.id).update(approvals=2)
    told = await room.press(review, "trust", GRACE)
    assert told.alert
    assert told.text == (
        "Your approval of #1 is counted. Another moderator must approve it, too. "
        "Nothing is said of the author yet: whoever approves last can do that."
    )
    assert await standing(review) == ""
    assert (await room.press(review, "trust", PETER)).text.startswith("Done.")
    assert await standing(review) == "trusted"


@pytest.mark.parametrize("said", ["standing: none", "standing none", "/standing none", "standing: nothing"])
async def test_cleared_by_a_typed_reply_long_afterwards(room: Room, said: str) -> None:
    review = await hold()
    await room.press(review, "trust", GRACE)
    room.now += timedelta(days=30)
    assert await room.types(review, said, PETER) == ["Amina is now: nothing."]
    assert await standing(review) == ""
    assert [line.reason for line in await audited("standing")] == ["trusted", "none"]


async def test_the_word_alone_and_other_words(room: Room) -> None:
    review = await hold()
    how = "Please write one of: standing: trusted, standing: held, standing: none."
    assert await room.types(review, "standing", GRACE) == [f"Amina is: nothing. {how}"]
    assert await room.types(review, "standing: splendid", GRACE) == [how]
    assert await room.types(review, "standing: held", GRACE) == ["Amina is now: always to be held."]
    assert (await again(review)).state == ReviewState.HELD, "nothing is decided by it"
    assert await room.types(review, "standing: held", PETER) == ["Amina is now: always to be held."]
    assert len(await audited("standing")) == 1, "what was said already is no news"


async def test_of_oneself_only_where_one_may_decide_on_ones_own(room: Room) -> None:
    review = await hold(user="grace")
    assert "your own post" in (await room.types(review, "standing: trusted", GRACE))[0]
    assert (
        await room.orders("/standing #1 trusted", GRACE) == "Another moderator must say that of you. Nothing was done."
    )
    assert await standing(review) == ""
    allowed = Room(community(own_posts=True))
    await allowed.press(review, "trust", GRACE)
    assert await standing(review) == "trusted"
    lines = await audited("approve") + await audited("standing")
    assert [codec.load_object(line.detail).get("own") for line in lines] == [True, True]
    assert (await audit.verify("hifa")).broken_at is None


async def test_by_a_command(room: Room) -> None:
    review = await hold()
    assert await room.orders("/standing #1 held", GRACE) == "Amina is now: always to be held."
    assert await standing(review) == "held"
    assert await room.orders("/standing @AMINA none", PETER) == "Amina is now: nothing."
    assert await room.orders("/standing net:amina trusted", PETER) == "Amina is now: trusted."
    assert "There is no post #7" in await room.orders("/standing #7 held", PETER)
    assert "I have not met @nobody" in await room.orders("/standing @nobody held", PETER)
    assert (
        await room.orders("/standing net:zoe held", PETER) == "net:zoe has not posted anything yet. Nothing was done."
    )
    for unclear in ("/standing", "/standing #1", "/standing held", "/standing #1 splendid"):
        assert (await room.orders(unclear, PETER)).startswith("Please write: /standing #12 trusted")
    assert "Only this community's moderators" in await room.orders("/standing #1 trusted", MALLORY)
    assert await standing(review) == "trusted"


async def test_a_handle_of_two_people_is_nobody(room: Room) -> None:
    await hold()
    await people.meet(sender("amina2", "Amina B"), room.now)
    await Identity.filter(user="amina2").update(handle="@Amina")
    told = await room.orders("/standing @amina held", GRACE)
    assert "Several people are called @amina" in told
    assert "net:amina2" in told
    assert await audited("standing") == []
