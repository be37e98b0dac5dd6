"""What waits, in which order, for whom; reminders and the daily summary come once, in waking hours, and say enough."""

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bridge.core.community import Communities
from bridge.core.ids import MessageId, RemoteRef
from bridge.core.policy import Policy
from bridge.core.states import ReviewStep, ThemeState
from bridge.core.text import plain
from bridge.core.when import Hours
from bridge.delivery.directory import Directory
from bridge.moderation import daily, decisions, emergency, queue, reminders
from bridge.moderation.acts import Desk
from bridge.moderation.orders import Order
from bridge.storage import audit, codec, database, desk, dialogue, ledger, people, submissions, themes
from bridge.storage.models import Delivery, Identity, Review
from tests.unit.storage.stage import COMMUNITIES, COMMUNITY, GRACE, MODS, NET, NOW, acting, hold, sender

NAIROBI = ZoneInfo("Africa/Nairobi")
POLICY = Policy(
    roles=COMMUNITY.policy.roles, zone=NAIROBI, waking=Hours.parse("07:00-21:00"), remind_moderators=timedelta(hours=6)
)
HERE = replace(COMMUNITY, policy=POLICY)
DIRECTORY = Directory({})
pytestmark = pytest.mark.usefixtures("opened")


def order(argument: str = "", now: datetime = NOW, communities: Communities = COMMUNITIES) -> Order:
    desk = Desk(communities=communities, directory=DIRECTORY, now=now)
    said = RemoteRef(NET, MODS.chat, MessageId("typed"))
    return Order(desk=desk, communities=(COMMUNITY,), moderator=GRACE, argument=argument, said=said)


async def said(kind: str = ledger.NOTICE) -> list[str]:
    return [codec.load(codec.CONTENT, row.content).text.text for row in await Delivery.filter(kind=kind).order_by("id")]


async def since(review: Review, moment: datetime) -> None:
    await Review.filter(id=review.id).update(created_at=moment)


async def test_the_queue_is_filtered_by_author_and_age() -> None:
    old = await hold(user="amina", message="m1")
    await hold(user="daniel", message="m2")
    await since(old, NOW - timedelta(hours=5))
    assert [line for line in (await queue.queue(order())).text.text.splitlines() if line.startswith("#")] == [
        "#1 · Amina · 5 h · “Is zinc safe?”",
        "#2 · Daniel · 0 min · “Is zinc safe?”",
    ]
    assert "#2" not in (await queue.queue(order("amina"))).text.text
    assert "#1" not in (await queue.queue(order("@daniel"))).text.text
    assert "#2" not in (await queue.queue(order("2h"))).text.text
    assert "#1" not in (await queue.queue(order("hifa daniel"))).text.text
    assert "#1" in (await queue.queue(order("HIFA 30min amina"))).text.text


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("2 h", {"#1"}),
        ("> 2 hours", {"#1"}),
        ("<2h", {"#2", "#3"}),
        ("1 day", set()),
        ("#2", {"#2"}),
        ("jose", {"#3"}),
        ("José mutua", {"#3"}),
        ("HIFA jose", {"#3"}),
        ("5hamina", set()),
    ],
)
async def test_the_queue_is_filtered_as_people_type(typed: str, shown: set[str]) -> None:
    old = await hold(user="amina", message="m1")
    await hold(user="daniel", message="m2")
    third = await hold(user="jose", message="m3")
    await Identity.filter(id=third.submission.identity_id).update(name="José Mutua")
    await since(old, NOW - timedelta(hours=5))
    lines = (await queue.queue(order(typed))).text.text.splitlines()
    assert {line.split()[0] for line in lines if line.startswith("#")} == shown
    assert lines[0].startswith(f"HIFA: 3 posts waiting, {len(shown)} of them")


async def test_a_community_of_several_words_is_a_filter() -> None:
    here = replace(COMMUNITY, name="HIFA French Forum")
    found = queue.parse("amina hifa french forum 2 days", (COMMUNITY, here))
    assert (found.community, found.author, found.older_than) == (here.id, "amina", timedelta(days=2))


async def test_the_next_one_is_never_what_this_person_cannot_decide() -> None:
    own = await hold(user="grace", message="m1")
    voted, other = await hold(message="m2"), await hold(user="daniel", message="m3")
    await Review.filter(id=voted.id).update(approvals=2)
    for number, review in enumerate((own, voted, other)):
        await since(review, NOW - timedelta(hours=9 - number))
    assert (await queue.following(order())).text.text.startswith("#2 ")
    async with database.transaction():
        locked = await submissions.locked_review(voted.id)
        assert locked is not None
        act = await acting(locked, GRACE, DIRECTORY, now=NOW)
        assert await decisions.approve(act) is decisions.Verdict.VOTED
    assert (await queue.following(order())).text.text.startswith("#3 ")


async def test_the_next_one_after_a_card() -> None:
    found = [await hold(message=f"m{number}") for number in range(1, 4)]
    for number, review in enumerate(found):
        await since(review, NOW - timedelta(hours=9 - number))
    row = await ledger.plan(
        kind=ledger.CARD, address=MODS, now=NOW, community="hifa", review_id=found[1].id, revision=1
    )
    await Delivery.filter(id=row.id).update(message="c2", remote_chat=MODS.chat, state="delivered")
    reply = replace(order(), reply_to=RemoteRef(NET, MODS.chat, MessageId("c2")))
    assert (await queue.following(reply)).text.text.startswith("#3 ")
    await Review.filter(id=found[2].id).update(state="withdrawn")
    assert (await queue.following(reply)).text.text.startswith("#1 ")  # from the beginning again


async def test_the_next_one_is_the_oldest_that_is_nobody_elses() -> None:
    first, second = await hold(message="m1"), await hold(user="daniel", message="m2")
    await since(first, NOW - timedelta(hours=3))
    assert (await queue.following(order())).text.text.startswith("#1 ")
    await Review.filter(id=first.id).update(claimed_by="slow:peter", claimed_name="Peter")
    assert (await queue.following(order())).text.text.startswith("#2 ")
    async with database.transaction():
        grace = await people.meet(sender("grace"), NOW)
        await submissions.ask(second, "Which drug?", by=grace, name="Grace", now=NOW)
    assert "Nothing waits for you" in (await queue.following(order())).text.text


async def test_one_reminder_per_interval_and_none_at_night() -> None:
    review = await hold()
    await since(review, NOW - timedelta(hours=2))
    night = NOW.astimezone(NAIROBI).replace(hour=23)
    await reminders.tick(HERE, DIRECTORY, night)
    assert await said() == []
    await reminders.tick(HERE, DIRECTORY, NOW)
    assert len(await said()) == len(HERE.moderators)
    assert "#1 · Amina · 2 h" in (await said())[0]
    await reminders.tick(HERE, DIRECTORY, NOW + timedelta(hours=5))
    assert len(await said()) == len(HERE.moderators)
    await reminders.tick(HERE, DIRECTORY, NOW + timedelta(hours=20))
    assert len(await said()) == 2 * len(HERE.moderators)


async def test_nobody_is_reminded_of_what_waits_for_its_author() -> None:
    review = await hold()
    await since(review, NOW - timedelta(hours=9))
    async with database.transaction():
        grace = await people.meet(sender("grace"), NOW)
        asked = await submissions.ask(review, "Which drug?", by=grace, name="Grace", now=NOW)
    await reminders.tick(HERE, DIRECTORY, NOW)
    assert await said() == []
    async with database.transaction():
        assert await dialogue.answer(asked, "Misoprostol", plain("Misoprostol"), NOW, limit=500)
    await reminders.tick(HERE, DIRECTORY, NOW)
    assert len(await said()) == len(HERE.moderators)


async def test_a_summary_each_day_with_the_head_of_the_log() -> None:
    review = await hold()
    await daily.tick(HERE, DIRECTORY, NOW - timedelta(days=1))  # the first day has no yesterday
    async with database.transaction():
        act = await acting(review, GRACE, DIRECTORY, now=NOW)
        assert await submissions.decide(
            review,
            ReviewStep.REJECT,
            revision=1,
            by=act.identity,
            name="Grace",
            now=NOW + timedelta(minutes=34),
            reason="privacy",
        )
    await daily.tick(HERE, DIRECTORY, NOW + timedelta(hours=1))
    await daily.tick(HERE, DIRECTORY, NOW + timedelta(hours=2))
    texts = await said()
    assert len(texts) == len(HERE.moderators)
    assert "Approved: 0. Rejected: 1. Withdrawn: 0. Waiting: 0." in texts[0]
    assert "Reasons: Names a patient: 1" in texts[0]
    assert "within 34 min" in texts[0]
    assert "Audit log: line 1, " in texts[0]


async def test_the_head_is_posted_whenever_the_log_has_grown() -> None:
    """What was done to a published post, or to the community, is a line, too: it is witnessed the next day."""
    day = timedelta(days=1)
    await daily.tick(HERE, DIRECTORY, NOW)
    async with database.transaction():
        await audit.write(community=HERE.id, actor="identity:1", action="emergency", reason="off", now=NOW)
    await daily.tick(HERE, DIRECTORY, NOW + day)
    texts = await said()
    assert len(texts) == len(HERE.moderators)
    assert "Audit log: line 1, " in texts[0]
    await daily.tick(HERE, DIRECTORY, NOW + 2 * day)
    assert len(await said()) == len(HERE.moderators), "nothing has happened since"


async def test_the_summary_says_which_discussions_begin_and_end() -> None:
    day = timedelta(days=1)
    async with database.transaction():
        grace = await people.meet(sender("grace"), NOW)
        for title, values in (
            ("Clean water", {"discussion": True, "starts_at": NOW - 9 * day, "ends_at": NOW}),
            ("Learning", {"discussion": True, "starts_at": NOW + day, "ends_at": NOW + 9 * day}),
            ("Closed", {"discussion": True, "ends_at": NOW, "state": ThemeState.CLOSED}),
        ):
            await themes.create(HERE.id, title, by=grace, now=NOW, **values)
    await daily.tick(HERE, DIRECTORY, NOW)
    assert await said() == []
    await daily.tick(HERE, DIRECTORY, NOW + day)
    text = (await said())[0]
    assert (
        "📚 The discussion “Clean water” has reached its last day, with 0 posts. /discussion close 1 ends it." in text
    )
    assert "📚 The discussion “Learning” has begun." in text
    assert "Closed" not in text
    await daily.tick(HERE, DIRECTORY, NOW + 2 * day)
    assert len(await said()) == len(HERE.moderators), "said once"


async def test_the_summary_does_not_let_the_emergency_switch_be_forgotten() -> None:
    await hold()
    await daily.tick(HERE, DIRECTORY, NOW - timedelta(days=1))
    async with database.transaction():
        await desk.set_setting(HERE.id, emergency.KEY, "Ruth")
    await daily.tick(HERE, DIRECTORY, NOW)
    assert "“Hold everything” is on, switched on by Ruth." in (await said())[0]
