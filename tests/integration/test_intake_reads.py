"""What the rules of intake look up, on both databases: how much somebody has sent lately, and what it said."""

from datetime import timedelta
from typing import Any

import pytest

from bridge.core.states import PostState, ReviewState
from bridge.core.text import plain
from bridge.storage import intake_reads, submissions
from bridge.storage.database import transaction
from bridge.storage.models import Post, Review, Submission
from tests.integration.moderating import GRACE, Room
from tests.unit.storage.stage import KENYA, NOW, UGANDA, again, hold

pytestmark = pytest.mark.usefixtures("opened")


async def moved(review: Review, **values: Any) -> None:
    await Submission.filter(id=review.submission_id).update(**values)


async def test_what_a_person_has_sent_lately() -> None:
    reviews = [await hold(user="amina", message=f"m{n}") for n in range(4)]
    await hold(user="joseph", message="other")
    await moved(reviews[0], created_at=NOW - timedelta(hours=2))
    await moved(reviews[1], created_at=NOW - timedelta(minutes=30))
    await moved(reviews[2], community="chifa")
    person, since = reviews[0].submission.identity.person_id, NOW - timedelta(hours=1)
    assert await intake_reads.sent_by(person, "hifa", since, limit=9) == [NOW, NOW - timedelta(minutes=30)]
    assert await intake_reads.sent_by(person, "hifa", since, limit=1) == [NOW]
    besides = reviews[3].submission_id
    assert await intake_reads.sent_by(person, "hifa", since, limit=9, besides=besides) == [NOW - timedelta(minutes=30)]
    assert await intake_reads.sent_by(person, "chifa", since, limit=9) == [NOW]


async def test_what_a_withdrawn_message_counts() -> None:
    """Who withdraws and sends again has sent twice."""
    review = await hold()
    await Review.filter(id=review.id).update(state=ReviewState.WITHDRAWN)
    sent = await intake_reads.sent_by(review.submission.identity.person_id, "hifa", NOW - timedelta(hours=1), limit=9)
    assert sent == [NOW]


async def test_what_has_come_from_a_group() -> None:
    first, second = await hold(user="amina"), await hold(user="joseph", message="m2")
    since = NOW - timedelta(hours=1)
    assert len(await intake_reads.sent_in(KENYA, "hifa", since, limit=9)) == 2
    assert await intake_reads.sent_in(KENYA, "hifa", since, limit=9, besides=second.submission_id) == [NOW]
    assert await intake_reads.sent_in(UGANDA, "hifa", since, limit=9) == []
    await moved(first, origin_post_id=1)
    assert len(await intake_reads.sent_in(KENYA, "hifa", since, limit=9)) == 1, "what another community offers"


async def test_published_posts_of_a_person() -> None:
    room = Room()
    review = await hold()
    person = review.submission.identity.person_id
    assert await intake_reads.published_by(person, "hifa") == 0
    await room.press(review, "approve", GRACE)
    assert await intake_reads.published_by(person, "hifa") == 1
    assert await intake_reads.published_by(person, "chifa") == 0
    assert await intake_reads.published_by(person + 1, "hifa") == 0
    await Post.all().update(state=PostState.RETRACTED)
    assert await intake_reads.published_by(person, "hifa") == 0


async def test_recent_texts_are_those_that_stand() -> None:
    held, published, rejected, old, elsewhere = [
        await hold(f"Text number {n} about zinc", message=f"m{n}") for n in range(5)
    ]
    await Review.filter(id=published.id).update(state=ReviewState.APPROVED)
    await Review.filter(id=rejected.id).update(state=ReviewState.REJECTED)
    await moved(old, created_at=NOW - timedelta(hours=2))
    await Review.filter(id=elsewhere.id).update(community="chifa")
    async with transaction():
        await submissions.revise(await again(held), plain("A better text about zinc"), (), (), NOW)
    since = NOW - timedelta(hours=1)
    found = [(number, text) for number, _, text in await intake_reads.recent_texts("hifa", since)]
    assert found == [(2, "Text number 1 about zinc"), (1, "A better text about zinc")]
    besides = await intake_reads.recent_texts("hifa", since, besides=held.submission_id)
    assert [number for number, _, _ in besides] == [2]


async def test_the_cost_of_looking_for_duplicates_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake_reads, "_MOST_TEXTS", 3)
    for number in range(5):
        await hold(f"Text number {number} about zinc", message=f"m{number}")
    assert [n for n, _, _ in await intake_reads.recent_texts("hifa", NOW - timedelta(hours=1))] == [5, 4, 3]
