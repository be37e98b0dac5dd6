"""What a text says that it answers, where its author cannot reply."""

from datetime import timedelta

import pytest

from bridge.core.states import PostState
from bridge.core.text import Mark, MarkKind, RichText, plain
from bridge.intake import threads
from bridge.rendering.words import Words
from bridge.storage.models import Post
from tests.integration.moderating import Room
from tests.unit.storage.stage import COMMUNITY, GRACE, NOW, hold

pytestmark = pytest.mark.usefixtures("opened")


async def published() -> Post:
    review = await hold("We boil water.")
    await Room().press(review, "approve", GRACE)
    return await Post.get(submission_id=review.submission_id)


@pytest.mark.parametrize(
    ("said", "language", "left"),
    [
        ("Re #1 We use chlorine", "en", "We use chlorine"),
        ("RE: #1: We use chlorine", "en", "We use chlorine"),
        ("  re#1, and\nmore", "sw", "and\nmore"),
        ("Jibu kwa #1 ndiyo", "sw", "ndiyo"),
        ("Resp. a #1 - sí", "es", "sí"),
    ],
)
async def test_a_post_by_its_number(said: str, language: str, left: str) -> None:
    post = await published()
    found, text = await threads.named(plain(said), COMMUNITY, Words(language), NOW + timedelta(minutes=1))
    assert found is not None
    assert (found.id, text.text) == (post.id, left)


@pytest.mark.parametrize(
    "said", ["#1 is clean water", "1 we boil", "Re #2 none", "Re #1", "Re #1: ", "Re #12345678901", "We read Re #1"]
)
async def test_what_answers_no_post_stays_as_it_is(said: str) -> None:
    await published()
    found, text = await threads.named(plain(said), COMMUNITY, Words("en"), NOW + timedelta(minutes=1))
    assert (found, text) == (None, plain(said))


async def test_what_is_not_there_for_readers_is_not_answered() -> None:
    post = await published()
    await Post.filter(id=post.id).update(publish_at=NOW + timedelta(hours=1))
    assert (await threads.named(plain("Re #1 yes"), COMMUNITY, Words("en"), NOW))[0] is None
    await Post.filter(id=post.id).update(publish_at=NOW, state=PostState.RETRACTED)
    assert (await threads.named(plain("Re #1 yes"), COMMUNITY, Words("en"), NOW + timedelta(hours=2)))[0] is None


async def test_marks_move_with_their_words() -> None:
    await published()
    said = RichText("Re #1 use zinc", (Mark(10, 14, MarkKind.BOLD),))
    _, text = await threads.named(said, COMMUNITY, Words("en"), NOW + timedelta(minutes=1))
    assert (text.text, [text.text[m.start : m.end] for m in text.marks]) == ("use zinc", ["zinc"])
