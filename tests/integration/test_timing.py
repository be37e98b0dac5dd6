"""Undo, pace and merge when two things happen at once, on both databases."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from bridge.core.community import Communities, Community
from bridge.core.errors import StorageUnavailable
from bridge.core.ids import AccountId, Address, ChatId, CommunityId
from bridge.core.policy import Role
from bridge.core.states import DeliveryState, ReviewState
from bridge.core.when import Hours
from bridge.delivery.directory import Directory
from bridge.moderation import asking, correcting, decisions, later, merging, retracting, targets, undo
from bridge.moderation.acts import Act, Moderator, Reply
from bridge.moderation.facts import facts_of
from bridge.moderation.panel import text_of
from bridge.moderation.reasons import Reason
from bridge.rendering.words import Words
from bridge.storage import audit, codec, desk, ledger, merges, people, submissions, undoing
from bridge.storage.database import transaction
from bridge.storage.ledger import Frozen
from bridge.storage.models import Decision, Delivery, Post, Review, Submission
from bridge.storage.models_desk import Theme
from tests.unit.delivery.scripted import Scripted
from tests.unit.moderation.test_schedule import crowded
from tests.unit.storage.stage import (
    COMMUNITY,
    GRACE,
    KENYA,
    NET,
    NOW,
    PETER,
    SLOW,
    UGANDA,
    acting,
    again,
    hold,
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


@pytest.fixture
async def directory(opened: str) -> Directory:
    async with transaction():  # the moderators have written before
        for moderator in (GRACE, PETER):
            await people.meet(moderator.sender, NOW)
    return Directory({NET: Scripted(NET), AccountId("slow"): Scripted(SLOW)})


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


# --- undo -----------------------------------------------------------------------------------------------------------


async def test_an_approval_undone_leaves_no_trace_but_in_the_audit_log(directory: Directory) -> None:
    review = await hold()
    assert (await do(approve, review, directory)).on_card
    post = await post_of(review)
    assert post.publish_at == NOW + GRACED
    told = await do(undo.undo, review, directory, by=PETER, now=NOW + timedelta(seconds=9))
    assert told.on_card
    after = await again(review)
    assert (after.state, after.decided_by, after.decided_name, after.decided_at) == (ReviewState.HELD, "", "", None)
    assert await submissions.post_of_submission(review.submission_id) is None
    assert await sends(post.id) == []
    assert await ledger.heads(NOW + GRACED, [NET, SLOW]) == []  # the author, too, hears nothing
    assert [line.action for line in await audit.of_review(review.id)] == ["approve", "undo"]
    assert (await audit.verify(COMMUNITY.id)).broken_at is None
    # Approved again it is the same post, for whatever answers it or was copied from it.
    assert (await do(approve, review, directory, now=NOW + GRACED)).on_card
    assert (await post_of(review)).id == post.id
    assert {row.state for row in await sends(post.id)} == {DeliveryState.PLANNED}
    assert (await do(undo.undo, review, directory, now=NOW + GRACED)).on_card
    other = await hold("Another", message="m2")
    assert (await do(approve, other, directory)).on_card
    assert (await post_of(other)).id != post.id
    assert (await do(approve, review, directory)).on_card
    assert (await post_of(review)).id == post.id


async def test_too_late_to_undo(directory: Directory) -> None:
    review = await hold()
    await do(approve, review, directory)
    due = NOW + GRACED
    (first, *_) = await ledger.claim(await heads(due), due, compose)
    told = await do(undo.undo, review, directory, now=due)
    assert told.alert
    assert "Too late" in told.text
    assert (await again(review)).state == ReviewState.APPROVED
    assert first.id in [row.id for row in await sends((await post_of(review)).id)]


async def test_an_author_who_was_told_hears_that_it_does_not_stand(directory: Directory) -> None:
    review = await hold()
    await do(later.later, review, directory, argument="3h")
    assert (await post_of(review)).publish_at == NOW + timedelta(hours=3)
    notice = await Delivery.get(kind=ledger.NOTICE, review_id=review.id)
    assert "15:00" in codec.load(codec.CONTENT, notice.content).text.text
    assert notice.due_at == NOW + GRACED
    await ledger.claim([notice.id], NOW + GRACED, compose)
    assert (await do(undo.undo, review, directory, now=NOW + timedelta(hours=1))).on_card
    notices = await Delivery.filter(kind=ledger.NOTICE, review_id=review.id).order_by("id")
    assert [row.state for row in notices] == [DeliveryState.ATTEMPTING, DeliveryState.PLANNED]
    assert "has not gone out yet" in codec.load(codec.CONTENT, notices[1].content).text.text


async def test_an_original_that_stays_is_no_attempt(directory: Directory) -> None:
    review = await hold()
    await Submission.filter(id=review.submission_id).update(intake="copy")
    await do(approve, review, directory)
    rows = await sends((await post_of(review)).id)
    assert [row.detail for row in rows if row.state == DeliveryState.DELIVERED] == ["original"]
    assert (await do(undo.undo, review, directory)).on_card
    assert await Delivery.filter(kind=ledger.POST).count() == 0


async def test_running_numbers_are_given_back_unless_the_next_was_taken(directory: Directory) -> None:
    root = await hold("The first", message="m0")
    await do(approve, root, directory)
    theme = await Theme.create(community=COMMUNITY.id, title="Learning", created_at=NOW)
    items: list[Review] = []
    for number in range(3):
        review = await hold(f"Answer {number}", message=f"m{number + 1}")
        await desk.dress(review, theme_id=theme.id)
        await Submission.filter(id=review.submission_id).update(reply_post_id=(await post_of(root)).id)
        items.append(review)
    for review in items[:2]:
        await do(approve, review, directory)
    assert [(p.theme_number, p.thread_number) for p in [await post_of(i) for i in items[:2]]] == [(1, 2), (2, 3)]
    await do(undo.undo, items[0], directory)  # not the last: its numbers stay unused
    await do(undo.undo, items[1], directory)
    await do(approve, items[2], directory)
    assert ((await post_of(items[2])).theme_number, (await post_of(items[2])).thread_number) == (2, 3)


async def test_a_correction_stands_in_the_way(directory: Directory) -> None:
    review = await hold()
    await do(approve, review, directory)
    await Post.filter(submission_id=review.submission_id).update(corrected_at=NOW)
    told = await do(undo.undo, review, directory)
    assert "corrected since" in told.text
    assert (await again(review)).state == ReviewState.APPROVED


def gate(monkeypatch: pytest.MonkeyPatch, target: object, name: str) -> tuple[asyncio.Event, asyncio.Event]:
    """Let a coroutine function wait before it does its work: (reached, go)."""
    reached, go = asyncio.Event(), asyncio.Event()
    real = getattr(target, name)

    async def gated(*args: Any, **kwargs: Any) -> Any:
        reached.set()
        await go.wait()
        return await real(*args, **kwargs)

    monkeypatch.setattr(target, name, gated)
    return reached, go


async def someone_waits(url: str) -> None:
    """Until a connection waits for a row that another has locked."""
    connection = await asyncpg.connect(url)  # type: ignore[no-untyped-call]  # asyncpg left it bare
    question = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
    try:
        async with asyncio.timeout(10):
            while not await connection.fetchval(question):  # noqa: ASYNC110 - a server does not ring
                await asyncio.sleep(0.01)
    finally:
        await connection.close()


async def approved_and_due(directory: Directory) -> tuple[Review, Post, list[int]]:
    review = await hold()
    await do(approve, review, directory)
    post = await post_of(review)
    ids = [row.id for row in await sends(post.id)]
    return review, post, ids


async def test_undo_while_a_worker_has_only_looked(opened: str, directory: Directory, kind: str) -> None:
    """The worker has read the rows and not marked them yet: on PostgreSQL the undo wins, and nothing is sent."""
    review, post, ids = await approved_and_due(directory)
    looking, go = asyncio.Event(), asyncio.Event()

    async def slowly(row: Delivery) -> Frozen | None:
        looking.set()
        await go.wait()
        return await compose(row)

    claiming = asyncio.create_task(ledger.claim(ids, NOW + GRACED, slowly))
    await looking.wait()
    undoing_task = asyncio.create_task(do(undo.undo, review, directory))
    if kind == "postgres":
        told = await undoing_task
        go.set()
        claimed = await claiming
        assert (told.alert, claimed) == (False, [])
        assert await sends(post.id) == []
        assert (await again(review)).state == ReviewState.HELD
    else:  # one writer at a time: the worker was first
        go.set()
        claimed = await claiming
        told = await undoing_task
        assert told.alert
        assert len(claimed) == len(ids)
        assert (await again(review)).state == ReviewState.APPROVED


async def test_undo_while_a_worker_marks_the_rows(
    opened: str, directory: Directory, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker has marked them and not committed: the undo waits for it, and is too late."""
    review, post, ids = await approved_and_due(directory)
    marked, go = gate(monkeypatch, Delivery, "bulk_update")
    claiming = asyncio.create_task(ledger.claim(ids, NOW + GRACED, compose))
    await marked.wait()
    undoing_task = asyncio.create_task(do(undo.undo, review, directory))
    if kind == "postgres":
        await someone_waits(opened)
    go.set()
    assert len(await claiming) == len(ids)
    told = await undoing_task
    assert told.alert
    assert "Too late" in told.text
    assert (await again(review)).state == ReviewState.APPROVED
    assert {row.state for row in await sends(post.id)} == {DeliveryState.ATTEMPTING}


async def test_a_worker_that_comes_while_an_approval_is_undone(
    opened: str, directory: Directory, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The undo has looked and not committed: the worker waits for it, and finds nothing to send."""
    review, post, ids = await approved_and_due(directory)
    looked, go = gate(monkeypatch, undoing, "erase")
    undoing_task = asyncio.create_task(do(undo.undo, review, directory))
    await looked.wait()
    claiming = asyncio.create_task(ledger.claim(ids, NOW + GRACED, compose))
    if kind == "postgres":
        await someone_waits(opened)
    go.set()
    assert (await undoing_task).on_card
    assert await claiming == []
    assert await sends(post.id) == []
    assert (await again(review)).state == ReviewState.HELD


async def test_an_undone_approval_gives_its_turn_back(directory: Directory) -> None:
    hourly = paced(1, 10)
    items = [await hold(f"Zinc {n}", message=f"m{n}") for n in range(3)]
    for review in items[:2]:
        await do(approve, review, directory, communities=hourly)
    assert [(await post_of(review)).publish_at for review in items[:2]] == [
        NOW + GRACED,
        NOW + GRACED + timedelta(hours=1),
    ]
    half = NOW + timedelta(minutes=30)
    assert (await do(undo.undo, items[1], directory, communities=hourly, now=half)).on_card
    await do(approve, items[2], directory, communities=hourly, now=half)
    assert (await post_of(items[2])).publish_at == NOW + GRACED + timedelta(hours=1), "the turn that became free"
    await do(approve, items[1], directory, communities=hourly, now=half)
    assert (await post_of(items[1])).publish_at == NOW + GRACED + timedelta(hours=2)


@pytest.mark.parametrize("end", ["reject", "merge"])
async def test_an_end_undone_leaves_everything_as_it_was(directory: Directory, end: str) -> None:
    other, review = await hold("Zinc"), await hold("Zinc!", user="joseph", message="m2")
    await do(asking.ask, review, directory, text="Which dose?")
    (query,) = await submissions.queries(review.id)
    if end == "reject":
        await do(reject, review, directory)
    else:
        await do(merging.merge, review, directory, text="1")
    assert (await submissions.queries(review.id))[0].closed
    assert (await facts_of(await again(review), GRACE_PERIOD.all[0], 1)).undoable
    told = await do(undo.undo, review, directory, by=PETER, now=NOW + timedelta(seconds=9))
    assert (told.text, told.on_card) == ("The decision on #2 is undone. It waits again.", True)
    fresh = await again(review)
    assert (fresh.state, fresh.decided_name, fresh.reason, fresh.merged_into) == (ReviewState.HELD, "", "", None)
    assert await merges.into(other.submission_id) == []
    assert [q.closed for q in await submissions.queries(review.id)] == [False], query.question
    left = await Delivery.filter(kind=ledger.NOTICE, state=DeliveryState.PLANNED)
    assert {codec.load(codec.CONTENT, row.content).text.text[:32] for row in left} == {
        "A moderator asks about your post"
    }
    assert [line.action for line in await audit.of_review(review.id)] == ["ask", end, "undo"]
    assert (await do(approve, review, directory, now=NOW + GRACED)).on_card, "and decided anew"
    assert (await do(undo.undo, review, directory, now=NOW + GRACED)).on_card
    assert await undoing.former_id(review.id) is not None


async def test_an_end_that_was_told_is_not_undone(directory: Directory) -> None:
    review = await hold()
    await do(reject, review, directory)
    (letter,) = await Delivery.filter(kind=ledger.NOTICE)
    assert (letter.chat, letter.due_at) == ("amina", NOW + GRACED)
    await ledger.claim([letter.id], NOW + GRACED, compose)
    told = await do(undo.undo, review, directory, now=NOW + GRACED)
    assert told.text.startswith("Too late: the author of #1 has been told.")
    assert (await again(review)).state == ReviewState.REJECTED
    assert not (await facts_of(await again(review), GRACE_PERIOD.all[0], 1)).undoable


async def test_nobody_undoes_the_rejection_of_their_own_post(directory: Directory) -> None:
    review = await hold(user="grace")
    await do(reject, review, directory, by=PETER)
    two = replace(
        COMMUNITY.policy, undo=GRACED, roles={PETER.sender.ref: Role.MODERATOR, GRACE.sender.ref: Role.MODERATOR}
    )
    told = await do(undo.undo, review, directory, communities=network(replace(COMMUNITY, policy=two)))
    assert told.text.startswith("This is your own post")


async def test_two_moderators_undo_at_once(directory: Directory) -> None:
    review, _, _ = await approved_and_due(directory)
    answers = await asyncio.gather(*(do(undo.undo, review, directory, by=who) for who in (GRACE, PETER)))
    assert sorted(answer.on_card for answer in answers) == [False, True]
    assert await Decision.filter(review_id=review.id, action="undo").count() == 1
    assert (await again(review)).state == ReviewState.HELD


# --- pace and time --------------------------------------------------------------------------------------------------


async def test_approvals_at_once_keep_the_pace(directory: Directory) -> None:
    items = [await hold(f"Post {number}", message=f"m{number}") for number in range(7)]
    here = paced(2)

    async def decide(number: int, review: Review) -> Reply:
        deed = (lambda act: later.later(act)) if number == 3 else approve
        return await do(deed, review, directory, communities=here, argument="1h" if number == 3 else "")

    await asyncio.gather(*(decide(number, review) for number, review in enumerate(items)))
    moments = [moment for post in await Post.all() if (moment := post.publish_at) is not None]
    assert len(moments) == 7
    assert not crowded(moments, 2)
    assert min(moments) == NOW
    assert max(moments) <= NOW + timedelta(hours=4)
    explicit = (await post_of(items[3])).publish_at
    assert explicit is not None
    assert explicit >= NOW + timedelta(hours=1)


async def test_an_answer_does_not_overtake_what_it_answers(directory: Directory) -> None:
    parent, child = await hold("Question"), await hold("Answer", message="m2")
    await do(later.later, parent, directory, argument="evening")
    evening = NOW.replace(hour=18)
    assert (await post_of(parent)).publish_at == evening
    await Submission.filter(id=child.submission_id).update(reply_post_id=(await post_of(parent)).id)
    await do(approve, child, directory)
    assert (await post_of(child)).publish_at == evening
    order = [(row.post_id, row.due_at) for row in await Delivery.filter(kind=ledger.POST, account=NET).order_by("id")]
    assert order == [((await post_of(parent)).id, evening), ((await post_of(child)).id, evening)]


async def test_a_group_in_its_quiet_time_waits_with_all_parts_in_order(directory: Directory) -> None:
    night = replace(COMMUNITY.groups[0], quiet=Hours.parse("13:00-06:00"), zone=ZoneInfo("Africa/Nairobi"))
    here = network(replace(COMMUNITY, groups=(night, COMMUNITY.groups[1])))
    review = await hold("word " * 3000)
    await do(approve, review, directory, communities=here)
    rows = await sends((await post_of(review)).id)
    quiet = [row for row in rows if row.address == KENYA]
    assert len(quiet) > 1
    assert {row.due_at for row in quiet} == {datetime(2026, 3, 2, 3, tzinfo=NOW.tzinfo)}
    assert [row.waits_for for row in quiet] == [None, *(row.id for row in quiet[:-1])]
    assert {row.due_at for row in rows if row.address == UGANDA} == {NOW}


@pytest.mark.parametrize(
    ("said", "at"),
    [
        ("18:00", NOW.replace(hour=18)),
        ("evening", NOW.replace(hour=18)),
        ("morning", NOW.replace(day=2, hour=8)),
        ("1h", NOW.replace(hour=13)),
        ("tomorrow 9", NOW.replace(day=2, hour=9)),
    ],
)
async def test_a_time_that_is_typed(directory: Directory, said: str, at: datetime) -> None:
    review = await hold()
    told = await do(later.later_said, review, directory, text=said)
    assert told.on_card
    assert (await post_of(review)).publish_at == at
    assert {row.due_at for row in await sends((await post_of(review)).id)} == {at}


@pytest.mark.parametrize("said", ["soon", "25:00", "yesterday", "6", "2031-01-01", "x" * 5000, "%s {0}"])
async def test_what_is_no_time(directory: Directory, said: str) -> None:
    review = await hold()
    told = await do(later.later_said, review, directory, text=said)
    assert told.alert
    assert "tomorrow 9" in told.text
    assert (await again(review)).state == ReviewState.HELD


# --- groups ---------------------------------------------------------------------------------------------------------


async def test_groups_that_are_gone_are_left_out_and_said(directory: Directory) -> None:
    review = await hold()
    await do(targets.group, review, directory, argument="0")
    assert codec.load_list((await again(review)).targets) == [str(UGANDA)]
    without = network(replace(COMMUNITY, groups=COMMUNITY.groups[:1]))
    told = await do(approve, review, directory, communities=without)
    assert told.alert
    assert "None of the groups chosen" in told.text
    assert (await again(review)).state == ReviewState.HELD
    told = await do(targets.groups, review, directory, communities=without, text="kenya")
    assert str(UGANDA) in told.text
    assert (await again(review)).targets == "[]"
    told = await do(targets.group, review, directory, communities=without, argument="1")
    assert "no longer connected" in told.text
    told = await do(targets.group, review, directory, communities=without, argument="0")
    assert "At least one group" in told.text
    await do(approve, review, directory, communities=without)
    assert {row.address for row in await sends((await post_of(review)).id)} == {KENYA}


async def test_more_groups_than_buttons_are_chosen_by_a_reply(directory: Directory) -> None:
    review = await hold()
    chats = [replace(COMMUNITY.groups[0], chat=Address(NET, ChatId(f"group{n}"))) for n in range(1, 13)]
    many = network(replace(COMMUNITY, groups=tuple(chats)))
    listed = (await do(asked, review, directory, communities=many)).text
    assert listed.startswith("#1: which groups? Reply to this message")
    assert "12. ☑️ net:group12" in listed
    await do(targets.groups, review, directory, communities=many, text="2, 12")
    assert codec.load_list((await again(review)).targets) == ["net:group2", "net:group12"]


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


async def reject(act: Act) -> Reply:
    verdict = await decisions.reject(act, reason=Reason.CLARITY)
    return decisions.told(verdict, act)


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
