"""Two persons become one, and an account becomes a person of its own again; on both databases."""

from datetime import timedelta
from typing import Any

import pytest

from bridge.core.ids import AccountId, MessageId, RemoteRef
from bridge.core.states import ApplicationState, MembershipState, MembershipStep, ProfileState
from bridge.core.text import plain
from bridge.storage import applications, desk, memberships, people, persons, submissions
from bridge.storage.database import transaction
from bridge.storage.models import Delivery, Identity, Person, Profile, Review
from bridge.storage.models_desk import Setting, Standing, Vote
from bridge.storage.models_members import Application, Membership
from tests.unit.storage.stage import COMMUNITY, KENYA, NOW, SLOW, sender

pytestmark = pytest.mark.usefixtures("opened")
LATER = NOW + timedelta(days=1)


async def two() -> tuple[Identity, Identity]:
    """Amina on two networks, as two persons."""
    async with transaction():
        return await people.meet(sender("amina"), NOW), await people.meet(sender("amina2", "Amina", SLOW), LATER)


async def member(identity: Identity, state: MembershipState = MembershipState.MEMBER, **values: Any) -> Membership:
    first = state if state in (MembershipState.APPLIED, MembershipState.MEMBER) else MembershipState.MEMBER
    row = await memberships.enter(identity.person_id, "hifa", first, now=NOW, via="join", **values)
    steps = {MembershipState.BANNED: MembershipStep.BAN, MembershipState.LEFT: MembershipStep.LEAVE}
    if state in steps:
        assert await memberships.step(row, steps[state], now=NOW, by="identity:9")
    return row


@pytest.mark.parametrize("banned_first", [True, False])
async def test_a_ban_on_either_side_is_a_ban_of_both(banned_first: bool) -> None:
    first, second = await two()
    banned, free = (first, second) if banned_first else (second, first)
    await member(banned, MembershipState.BANNED)
    await member(free)
    await persons.merge(first.person_id, second.person_id, LATER)
    rows = await Membership.filter(community="hifa")
    assert [(row.person_id, row.state) for row in rows] == [(first.person_id, MembershipState.BANNED)]
    assert await memberships.is_banned((await people.get(second.id)).person_id, "hifa")


@pytest.mark.parametrize(
    ("ours", "theirs", "after"),
    [
        ("trusted", "held", "held"),
        ("held", "trusted", "held"),
        ("", "trusted", ""),
        ("trusted", "", ""),
        (None, "trusted", "trusted"),
        ("trusted", None, "trusted"),
    ],
)
async def test_the_stricter_standing_counts(ours: str | None, theirs: str | None, after: str) -> None:
    first, second = await two()
    for identity, said in ((first, ours), (second, theirs)):
        if said is not None:
            await desk.set_standing(identity.person_id, "hifa", said, by="net:grace", now=NOW)
    await persons.merge(first.person_id, second.person_id, LATER)
    assert await desk.standing(first.person_id, "hifa") == after
    assert await Standing.all().count() == 1


@pytest.mark.parametrize(
    ("ours", "theirs", "after"),
    [
        (MembershipState.LEFT, MembershipState.MEMBER, MembershipState.MEMBER),
        (MembershipState.MEMBER, MembershipState.LEFT, MembershipState.MEMBER),
        (MembershipState.APPLIED, MembershipState.MEMBER, MembershipState.MEMBER),
    ],
)
async def test_who_belongs_somewhere_still_does(
    ours: MembershipState, theirs: MembershipState, after: MembershipState
) -> None:
    first, second = await two()
    await member(first, ours, language="sw")
    await member(second, theirs, reading="daily", language="fr")
    await persons.merge(first.person_id, second.person_id, LATER)
    row = await Membership.get()
    assert (row.state, row.language, row.reading) == (after, "sw", "daily")


async def test_nobody_waits_to_be_let_in_who_is_in() -> None:
    first, second = await two()
    waiting = await member(first, MembershipState.APPLIED)
    await member(second)
    async with transaction():
        asked = await applications.apply(kind="join", community="hifa", identity=first, now=NOW, subject_id=waiting.id)
    await persons.merge(first.person_id, second.person_id, LATER)
    assert (await Application.get(id=asked.id)).state == ApplicationState.WITHDRAWN


async def test_the_profile_said_last_is_the_newest() -> None:
    first, second = await two()
    await people.save_profile(first.person_id, {"name": "Old"}, shown=True, now=NOW)
    await people.save_profile(second.person_id, {"name": "Older"}, shown=True, now=NOW - timedelta(days=9))
    await people.save_profile(first.person_id, {"name": "Newest"}, shown=True, now=LATER)
    await persons.merge(second.person_id, first.person_id, LATER)
    newest = await people.profile(second.person_id, COMMUNITY.id)
    assert people.answers_of(newest)["name"] == "Newest"
    assert [row.version for row in await Profile.filter(person_id=second.person_id).order_by("version")] == [1, 2, 3]


async def test_of_two_profiles_that_wait_the_later_one_does() -> None:
    first, second = await two()
    for identity, when in ((first, NOW), (second, LATER)):
        row = await people.save_profile(identity.person_id, {"name": "Amina"}, shown=True, now=when)
        await Profile.filter(id=row.id).update(state=ProfileState.PENDING)
        async with transaction():
            await applications.apply(kind="profile", community="hifa", identity=identity, now=when, subject_id=row.id)
    await persons.merge(first.person_id, second.person_id, LATER)
    rows = await Profile.filter(person_id=first.person_id).order_by("version")
    assert [row.state for row in rows] == [ProfileState.REPLACED, ProfileState.PENDING]
    open_ = await applications.open_of("profile", "hifa", first.person_id)
    assert [row.identity_id for row in open_] == [second.id]


async def held(identity: Identity, key: str) -> Review:
    async with transaction():
        return await submissions.submit(
            community="hifa",
            identity=identity,
            source=RemoteRef(KENYA.account, KENYA.chat, MessageId(key)),
            private=False,
            intake="hold",
            text=plain("Zinc?"),
            attachments=(),
            uncarried=(),
            reasons=("all",),
            now=NOW,
        )


async def test_posts_votes_messages_and_reminders_go_along() -> None:
    first, second = await two()
    review = await held(second, "m1")
    for person, actor in ((first.person_id, "net:amina"), (second.person_id, "slow:amina2")):
        await Vote.create(
            review_id=review.id, revision=1, shows="x", person_id=person, actor=actor, name="Amina", at=NOW
        )
        await Setting.create(community="hifa", key=f"refused:{person}", value=f"2026-03-0{person % 9 + 1}")
    sent = await Delivery.create(
        kind="notice", account="slow", chat="amina2", person_id=second.person_id, due_at=NOW, planned_at=NOW
    )
    await persons.merge(first.person_id, second.person_id, LATER)
    assert await Vote.all().count() == 1, "one person has one vote"
    assert [row.key for row in await Setting.all()] == [f"refused:{first.person_id}"]
    assert (await Delivery.get(id=sent.id)).person_id == first.person_id
    found = await submissions.review_by_id(review.id)
    assert found is not None
    assert found.submission.identity.person_id == first.person_id
    assert not await Person.filter(id=second.person_id).exists()


async def test_what_cannot_be_joined_is_refused_and_nothing_changes() -> None:
    first, second = await two()
    await Person.filter(id=second.person_id).update(erased_at=NOW)
    for pair in ((first.person_id, first.person_id), (first.person_id, 999), (first.person_id, second.person_id)):
        with pytest.raises(persons.NotJoined):
            await persons.merge(*pair, LATER)
    assert await Person.all().count() == 2


async def test_who_unlinks_takes_a_ban_along_and_no_trust() -> None:
    first, second = await two()
    await member(first, MembershipState.BANNED)
    await persons.merge(first.person_id, second.person_id, LATER)
    for community, said in (("hifa", "held"), ("chifa", "trusted")):
        await desk.set_standing(first.person_id, community, said, by="net:grace", now=NOW)
    account = await people.get(second.id)
    await persons.separate(account, LATER)
    assert account.person_id != first.person_id
    assert await memberships.is_banned(account.person_id, "hifa")
    assert await desk.standing(account.person_id, "hifa") == "held"
    assert await desk.standing(account.person_id, "chifa") == ""


async def test_the_only_account_stays() -> None:
    first, _ = await two()
    with pytest.raises(persons.NotJoined):
        await persons.separate(await people.get(first.id), LATER)


async def test_people_of_one_name_are_told_apart_by_who_came_first() -> None:
    async with transaction():
        met = [await people.meet(sender(user, "Amina Okello"), NOW) for user in ("a1", "a2", "a3")]
    for identity in (met[1], met[0]):
        await held(identity, f"m{identity.id}")
    first, second, third = (each.person_id for each in met)
    assert await persons.namesakes_until(third, "amina okello", "hifa") == [first, second]
    assert await persons.namesakes_until(first, "Amina Okello", "hifa") == [first]
    assert await persons.namesakes_until(third, "Amina Okello", "chifa") == []
    other = await people.meet(sender("grace", "Grace", AccountId("slow")), NOW)
    await held(other, "m9")
    await people.save_profile(other.person_id, {"name": "Amina Okello"}, shown=True, now=NOW)
    assert await persons.namesakes_until(other.person_id, "Amina Okello", "hifa") == [first, second, other.person_id]
