"""What is kept for its time and no longer; what is needed stays whatever its age."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bridge.core.ids import AccountId, ChatId, MessageId, RemoteRef
from bridge.core.membership import Retention
from bridge.core.message import Button, Content
from bridge.core.states import InboxState, MembershipState, MembershipStep, ReviewStep
from bridge.core.text import plain
from bridge.moderation import channel
from bridge.storage import codec, dialogue, echoes, inbox, memberships, people, submissions, upkeep
from bridge.storage.database import transaction
from bridge.storage.models import AdapterState, Conversation, Delivery, Inbox, Person, Profile, Query, Revision
from bridge.storage.models_echo import PollVote, Reaction
from bridge.storage.personal import NO_WORDS
from tests.unit.storage.stage import NOW, again, hold, posted, sender

pytestmark = pytest.mark.usefixtures("opened")
KEPT = Retention(
    raw=timedelta(days=30), messages=timedelta(days=90), rejected=timedelta(days=100), left=timedelta(days=200)
)


def after(days: int) -> datetime:
    return NOW + timedelta(days=days)


async def event(key: str, state: InboxState, when: datetime = NOW) -> Inbox:
    return await Inbox.create(
        account="net",
        chat="kenya",
        key=key,
        event=codec.dump(codec.EVENT, posted("Zinc?", key=key)),
        raw_json='{"text":"Zinc?"}',
        received_at=when,
        state=state,
        due_at=when,
    )


async def has_words(row: Inbox) -> bool:
    fresh = await Inbox.get(id=row.id)
    return fresh.event != "{}" or bool(fresh.raw_json)


async def test_what_platforms_delivered_loses_its_words_once_handled() -> None:
    done, waits, parked = [await event(state.value, state) for state in (*_STATES,)]
    await upkeep.prune(after(29), KEPT)
    assert all([await has_words(row) for row in (done, waits, parked)])
    await upkeep.prune(after(31), KEPT)
    assert [await has_words(row) for row in (done, waits, parked)] == [False, True, True]
    await upkeep.prune(after(91), KEPT)
    assert [await has_words(row) for row in (done, waits, parked)] == [False, True, False]


_STATES = (InboxState.DONE, InboxState.NEW, InboxState.PARKED)


async def test_what_waits_for_an_answer_stays() -> None:
    row = await event("1", InboxState.DONE)
    identity = await people.meet(sender("amina"), NOW)
    answers = {people.EVENTS: str(row.id)}
    await people.open_conversation(identity, "community", community="", step="choose", answers=answers, now=NOW)
    await upkeep.prune(after(31), KEPT)
    assert await has_words(row)


async def test_more_than_a_slice_is_done_in_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep, "_SLICE", 3)
    rows = [await event(str(number), InboxState.DONE) for number in range(8)]
    await upkeep.prune(after(31), KEPT)
    assert not any([await has_words(row) for row in rows])


async def message(kind: str, state: str = "delivered", **values: Any) -> Delivery:
    content = Content(text=plain("Grace asks you"), buttons=((Button(label="Withdraw", emoji="🗑️", handle="abc"),),))
    return await Delivery.create(
        kind=kind,
        account="net",
        chat="amina",
        content=codec.dump(codec.CONTENT, content),
        payload='{"text":"Grace asks you"}',
        due_at=NOW,
        planned_at=NOW,
        **{"state": state, **values},
    )


async def text_of(row: Delivery) -> str:
    fresh = await Delivery.get(id=row.id)
    return fresh.content + fresh.payload


async def test_delivered_words_go_and_what_can_be_pressed_stays() -> None:
    notice, post = await message("notice"), await message("post")
    uncertain, planned = await message("notice", "uncertain"), await message("notice", "planned")
    await upkeep.prune(after(91), KEPT)
    assert "Grace asks" not in await text_of(notice)
    for row in (post, uncertain, planned):
        assert "Grace asks" in await text_of(row)
    assert await channel.token_for(await Delivery.get(id=notice.id), "🗑️") == "abc"


async def test_the_card_of_what_is_held_stays_whole() -> None:
    review = await hold()
    card = await message("card", review_id=review.id)
    await upkeep.prune(after(400), KEPT)
    assert "Grace asks" in await text_of(card)
    assert "zinc" in (await Revision.get()).text


async def decided(step: ReviewStep, when: datetime = NOW, message_id: str = "m1") -> int:
    review = await hold(message=message_id)
    by = await people.meet(sender("grace"), NOW)
    async with transaction():
        await submissions.ask(review, "Which dose?", by=by, name="Grace", now=NOW)
        assert await submissions.decide(
            review, step, revision=1, by=by, name="Grace", now=when, reason="other", words="names a patient"
        )
    return int(review.id)


async def test_a_rejected_text_goes_after_its_time() -> None:
    review_id = await decided(ReviewStep.REJECT)
    await upkeep.prune(after(99), KEPT)
    assert "zinc" in (await Revision.get()).text
    await upkeep.prune(after(101), KEPT)
    assert (await Revision.get()).text == NO_WORDS
    fresh = await submissions.review_by_id(review_id)
    assert fresh is not None
    assert (fresh.words, fresh.reason) == ("", "other")
    assert (await Query.get()).question == ""


async def test_an_appeal_that_waits_keeps_its_text() -> None:
    review_id = await decided(ReviewStep.REJECT)
    rejected = await submissions.review_by_id(review_id)
    assert rejected is not None
    async with transaction():
        await dialogue.begin_appeal(rejected, plain("Please"), approvals=1, by="net:amina", name="Amina", now=NOW)
    await upkeep.prune(after(400), KEPT)
    assert "zinc" in (await Revision.get()).text


async def test_what_was_published_stays() -> None:
    await decided(ReviewStep.APPROVE)
    await upkeep.prune(after(4000), KEPT)
    assert "zinc" in (await Revision.get()).text


async def left(user: str, *, still: bool = False) -> Person:
    identity = await people.meet(sender(user), NOW)
    await people.choose_language(identity, "sw")
    await people.save_profile(identity.person_id, {"name": user}, shown=True, now=NOW)
    await people.open_conversation(identity, "profile", community="hifa", step="role", answers={}, now=NOW)
    for community in ("hifa", "chifa"):
        row = await memberships.enter(
            identity.person_id, community, MembershipState.MEMBER, now=NOW, via="join", reading="daily"
        )
        if community == "hifa" or not still:
            assert await memberships.step(row, MembershipStep.LEAVE, now=NOW, by="")
    return identity.person


async def test_who_left_every_community_is_known_no_more() -> None:
    gone, stays = await left("amina"), await left("juma", still=True)
    await upkeep.prune(after(199), KEPT)
    assert await Profile.all().count() == 2
    await upkeep.prune(after(201), KEPT)
    assert [row.person_id for row in await Profile.all()] == [stays.id]
    assert await Conversation.all().count() == 1
    assert [row.reading for row in await memberships.memberships(gone.id)] == ["", ""]
    assert (await Person.get(id=gone.id)).language == ""


async def test_for_ever_means_for_ever() -> None:
    row = await event("1", InboxState.DONE)
    await decided(ReviewStep.REJECT)
    await left("amina")
    notice = await message("notice")
    await upkeep.prune(after(9999), Retention(raw=None, messages=None, rejected=None, left=None))
    assert await has_words(row)
    assert "Grace asks" in await text_of(notice)
    assert "zinc" in (await Revision.get()).text
    assert await Profile.all().count() == 1


async def test_a_text_that_is_no_longer_kept_cannot_be_brought_back() -> None:
    review = await hold()
    async with transaction():
        assert await submissions.decide(review, ReviewStep.LAPSE, revision=1, by=None, name="", now=NOW)
    await upkeep.prune(after(101), KEPT)
    assert (await Revision.get(submission_id=(await again(review)).submission_id)).text == NO_WORDS


async def test_of_the_addresses_of_uploaded_files_the_latest_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep, "MOST_UPLOADS", 3)
    for account in ("net", "slow"):
        for key in ("since", *(f"{kind}:{number}" for number in range(2) for kind in ("file", "mxc", "sealed"))):
            await AdapterState.create(account=account, key=key, value="x")
    await AdapterState.filter(account="slow", key__in=["file:1", "sealed:0"]).delete()
    await upkeep.prune(NOW)
    left = {account: await AdapterState.filter(account=account).order_by("id") for account in ("net", "slow")}
    assert [row.key for row in left["net"]] == ["since", "file:1", "mxc:1", "sealed:1"]
    assert [row.key for row in left["slow"]] == ["since", "mxc:0", "mxc:1", "sealed:1"]


KENYA = RemoteRef(AccountId("net"), ChatId("kenya"), MessageId("p1"))


async def test_of_reactions_long_ago_it_is_kept_how_many_they_were() -> None:
    async with transaction():
        for user, day in (("amina", 0), ("peter", 0), ("juma", 30)):
            await echoes.add(1, KENYA, user, "👍", after(day))
        await echoes.add(1, KENYA, "amina", "🙏", after(0), event="$r")
        await echoes.replace(1, KENYA, "", [("👍", 5)], after(0))
        await echoes.add(1, replace(KENYA, message=MessageId("p2")), "zuri", "👍", after(100))
    counted = [("👍", 9), ("🙏", 1)]
    await upkeep.prune(after(119), KEPT)
    assert await Reaction.filter(user="amina").count() == 2, "the last one is younger"
    await upkeep.prune(after(121), KEPT)
    assert await echoes.tally(1) == counted
    assert {row.user for row in await Reaction.all()} == {"", echoes.TOGETHER, "zuri"}
    assert not any(row.event for row in await Reaction.all())
    assert not await echoes.add(1, KENYA, "amina", "👍", after(122)), "they would count twice"
    assert not await echoes.replace(1, KENYA, "amina", [("🔥", 1)], after(122))
    assert await echoes.replace(1, KENYA, "", [("👍", 6)], after(122)), "the platform counts by itself"
    assert await echoes.tally(1) == [("👍", 10), ("🙏", 1)]
    assert await echoes.elsewhere(1, KENYA.address) == []


async def test_of_votes_long_ago_it_is_kept_how_many_they_were() -> None:
    for user, chosen in (("amina", (0, 2)), ("peter", (2,)), ("juma", (7,))):
        await echoes.vote(1, KENYA, user, chosen, NOW)
    await echoes.vote(1, replace(KENYA, chat=ChatId("uganda")), "", (1, 1), NOW)
    await echoes.add(1, KENYA, "amina", "👍", after(80))
    assert await echoes.votes(1, 3) == [2, 1, 2]
    await upkeep.prune(after(91), KEPT)
    assert await echoes.votes(1, 3) == [2, 1, 2]
    assert not await PollVote.filter(user__in=["amina", "peter", "juma"]).exists()
    assert await Reaction.filter(user="amina").exists(), "that is younger"
    await echoes.vote(1, KENYA, "amina", (1,), after(92))
    assert await echoes.votes(1, 3) == [2, 1, 2]


async def test_who_reacts_a_thousand_times_leaves_no_thousand_events() -> None:
    rows = [await event(str(number), InboxState.DONE) for number in range(20)]
    await Inbox.filter(id__in=[row.id for row in rows[:15]]).update(note=inbox.ECHO)
    await upkeep.prune(after(6), KEPT)
    assert await Inbox.all().count() == 20, "a platform may repeat them"
    await upkeep.prune(after(8), KEPT)
    assert await Inbox.all().count() == 5
