"""Copies for other communities, and items that are joined with each other, on both databases."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.core.community import Community
from bridge.core.errors import StorageUnavailable
from bridge.core.ids import Address, ChatId
from bridge.core.policy import Role
from bridge.core.states import ReviewState
from bridge.delivery.directory import Directory
from bridge.moderation import asking, correcting, merging, retracting, targets, undo
from bridge.moderation.acts import Reply
from bridge.moderation.facts import facts_of
from bridge.moderation.panel import text_of
from bridge.rendering.words import Words
from bridge.storage import audit, codec, ledger, merges
from bridge.storage.models import Delivery, Review
from tests.integration.timing_desk import (
    CHIFA,
    GRACED,
    RUTH,
    SECOND_DESK,
    THIRD,
    approve,
    do,
    network,
    post_of,
    reject,
)
from tests.unit.storage.stage import (
    COMMUNITY,
    GRACE,
    NET,
    NOW,
    PETER,
    again,
    hold,
)

# --- other communities ----------------------------------------------------------------------------------------------


async def only_copy(community: Community) -> Review:
    (found,) = await Review.filter(community=community.id).select_related("submission__identity__person")
    return found


async def test_a_copy_never_comes_back(directory: Directory) -> None:
    review = await hold()
    await do(targets.crossed, review, directory, text="CHIFA, nurses")
    assert codec.load_list((await again(review)).crossed) == ["chifa", "nurses"]
    assert await Review.filter(community="chifa").count() == 0
    await do(approve, review, directory)
    copy = await only_copy(CHIFA)
    assert codec.load_object(copy.reasons) == {"codes": ["crossed"]}
    assert copy.submission.origin_post_id == (await post_of(review)).id
    assert copy.submission.identity_id == review.submission.identity_id
    for name, told in (
        ("hifa", await do(targets.crossed, copy, directory, by=RUTH, text="HIFA")),
        ("nurses", await do(targets.crossed, copy, directory, by=RUTH, text="Nurses")),
    ):
        assert "has this post already" in told.text, name
    assert (await again(copy)).crossed == "[]"
    await do(approve, copy, directory, by=RUTH, now=NOW + timedelta(seconds=1))
    post = await post_of(copy)
    assert codec.load_object(post.origin) == {"community": "HIFA", "number": 1}
    assert post.publish_at == NOW + GRACED  # not before its original, though its own community has no grace
    assert await Review.all().count() == 3


async def test_an_undone_approval_takes_its_copies_back(directory: Directory) -> None:
    review = await hold()
    await do(targets.crossed, review, directory, text="all")
    await do(approve, review, directory)
    taken = await only_copy(THIRD)
    await do(approve, taken, directory, by=replace(GRACE, channel=THIRD.moderators[0]))
    told = await do(undo.undo, review, directory)
    assert told.alert
    assert "Nurses" in told.text
    copy = await only_copy(CHIFA)
    assert (copy.state, copy.decided_name) == (ReviewState.WITHDRAWN, "HIFA")
    assert (await again(taken)).state == ReviewState.APPROVED
    # Approved again, it is offered where it was withdrawn, and not where it stands.
    await do(approve, review, directory, now=NOW + GRACED)
    assert [r.state for r in await Review.filter(community="chifa").order_by("id")] == ["withdrawn", "held"]
    assert await Review.filter(community="nurses").count() == 1


async def told(chat: Address) -> list[str]:
    rows = Delivery.filter(kind=ledger.NOTICE, account=chat.account, chat=chat.chat).order_by("id")
    return [codec.load(codec.CONTENT, row.content).text.text for row in await rows]


async def test_who_holds_a_copy_hears_that_the_original_was_corrected(directory: Directory) -> None:
    review = await hold("Give 200 mg")
    await do(targets.crossed, review, directory, text="CHIFA")
    await do(approve, review, directory)
    copy = await only_copy(CHIFA)
    await do(correcting.correct, review, directory, text="Give 20 mg")
    assert await told(SECOND_DESK) == [], "nothing is corrected before it is approved"
    correction = await Review.get(kind="correction")
    await do(approve, correction, directory, by=PETER, now=NOW + GRACED)
    assert await told(SECOND_DESK) == ["⚠️ #1 is a copy of HIFA #1, which was corrected there:\nGive 20 mg"]

    async def card() -> str:
        fresh = await again(copy)
        return text_of(await facts_of(fresh, CHIFA, fresh.revision), Words("en"), 3000, 3000).text

    assert "⚠️ It has been corrected there since" in await card()
    await do(retracting.retract, review, directory, text="The dose is disputed")
    assert "⚠️ It has been taken back there since" in await card()
    assert "which was taken back there." in (await told(SECOND_DESK))[-1]
    assert (await again(copy)).state == ReviewState.HELD, "they decide themselves"


async def test_the_author_of_a_copy_is_told_where_it_is(directory: Directory) -> None:
    """They know neither its number there nor, perhaps, the community."""
    review = await hold("Give 200 mg")
    await do(targets.crossed, review, directory, text="CHIFA")
    await do(approve, review, directory)
    copy = await only_copy(CHIFA)
    amina = Address(NET, ChatId("amina"))
    for deed, text in (
        (asking.ask, "Which dose?"),
        (approve, ""),
        (retracting.retract, "The dose is disputed"),
    ):
        await do(deed, copy, directory, by=RUTH, now=NOW + GRACED, text=text)
    asked, approved, taken_back = (await told(amina))[-3:]
    assert asked.startswith("From CHIFA: A moderator asks about your post #1:")
    assert approved.startswith("Your post was approved in CHIFA, too, where it is #1.")
    assert taken_back.startswith("From CHIFA: Your post #1 has been taken back from the groups.")


# --- merge ----------------------------------------------------------------------------------------------------------


async def test_two_items_joined_with_each_other_at_once(
    directory: Directory, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = await hold("Zinc"), await hold("Zinc!", user="joseph", message="m2")
    both = asyncio.Barrier(2)
    real = merges.by_number
    waited: set[int] = set()

    async def met(community: str, number: int) -> Review | None:
        if kind == "postgres" and number not in waited:  # each holds its own item, and wants the other
            waited.add(number)
            await both.wait()
        return await real(community, number)

    monkeypatch.setattr(merges, "by_number", met)

    async def merge(review: Review, number: int) -> Reply:
        while True:  # as the inbox does
            try:
                return await do(merging.merge, review, directory, text=str(number))
            except StorageUnavailable:
                continue

    answers = await asyncio.gather(merge(one, 2), merge(two, 1))
    assert sorted(answer.on_card for answer in answers) == [False, True]
    states = sorted([(await again(one)).state, (await again(two)).state])
    assert states == [ReviewState.HELD, ReviewState.MERGED]
    merged = one if (await again(one)).state == ReviewState.MERGED else two
    assert (await again(merged)).merged_into == (two if merged is one else one).id


async def test_what_cannot_be_joined(directory: Directory) -> None:
    one, two, three = [await hold(f"Zinc {n}", message=f"m{n}") for n in (1, 2, 3)]
    await do(approve, two, directory)
    for said, words in (
        ("that one", "Please write the number"),
        ("#1", "this very post"),
        ("99", "There is no #99 in HIFA"),
        ("99999999999999999999", "Please write the number"),
        ("٩", "There is no #9 in HIFA"),
    ):
        told = await do(merging.merge, one, directory, text=said)
        assert (told.alert, words in told.text) == (True, True), said
    assert (await do(merging.merge, one, directory, text="#2.")).on_card  # what is published may be joined with
    assert (await again(one)).merged_into == two.id
    assert "was itself joined with #2" in (await do(merging.merge, three, directory, text="1")).text
    await do(reject, three, directory)
    four = await hold("Zinc 4", message="m4")
    assert "neither waits nor is it published" in (await do(merging.merge, four, directory, text="3")).text
    assert [line.action for line in await audit.of_review(two.id)] == ["approve", "joined"]


async def test_nobody_lets_their_own_post_stand_for_anothers(directory: Directory) -> None:
    mine, theirs = await hold("Zinc", user="grace"), await hold("Zinc!", message="m2")
    roles = {PETER.sender.ref: Role.MODERATOR, GRACE.sender.ref: Role.MODERATOR}
    two = network(replace(COMMUNITY, policy=replace(COMMUNITY.policy, roles=roles)))
    told = await do(merging.merge, theirs, directory, communities=two, text="1")
    assert told.text == "#1 is your own post: another moderator must decide. Nothing was done."
    assert (await do(merging.merge, theirs, directory, by=PETER, communities=two, text="1")).on_card
    assert (await again(theirs)).merged_into == mine.id


async def test_who_was_joined_with_another_hears_what_becomes_of_it(directory: Directory) -> None:
    one, two = await hold("Zinc"), await hold("Zinc!", user="joseph", message="m2")
    await do(merging.merge, two, directory, text="1")
    await do(approve, one, directory)
    told = [
        (row.chat, codec.load(codec.CONTENT, row.content).text.text)
        for row in await Delivery.filter(kind=ledger.NOTICE).order_by("id")
    ]
    assert [chat for chat, _ in told] == ["joseph", "amina", "amina", "joseph"]
    assert "#1 says the same" in told[0][1]
    assert "yours stands for both" in told[1][1]
    assert "#1, with which your post #2 was joined, was approved" in told[3][1]
