"""Approvals and ends that are undone, also while something else happens, on both databases."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from bridge.core.policy import Role
from bridge.core.states import DeliveryState, ReviewState
from bridge.delivery.directory import Directory
from bridge.moderation import asking, later, merging, undo
from bridge.moderation.facts import facts_of
from bridge.storage import audit, codec, desk, ledger, merges, submissions, undoing
from bridge.storage.ledger import Frozen
from bridge.storage.models import Decision, Delivery, Post, Review, Submission
from bridge.storage.models_desk import Theme
from tests.integration.timing_desk import (
    GRACE_PERIOD,
    GRACED,
    approve,
    compose,
    do,
    heads,
    network,
    paced,
    post_of,
    reject,
    sends,
)
from tests.unit.storage.stage import (
    COMMUNITY,
    GRACE,
    NET,
    NOW,
    PETER,
    SLOW,
    again,
    hold,
)


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
    marked, go = gate(monkeypatch, ledger, "save_each")
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
