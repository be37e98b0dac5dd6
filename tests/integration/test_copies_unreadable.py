"""A post that cannot be read, or not be put into a form: its readers are told, and get everything else."""

from collections.abc import Callable
from typing import Any

import pytest

from bridge.core.membership import Reading
from bridge.core.message import Content
from bridge.core.text import plain
from bridge.delivery import planning
from bridge.members import copies
from bridge.rendering import digests
from bridge.storage import codec, feed, ledger
from bridge.storage.database import transaction
from bridge.storage.models import Delivery, Post
from bridge.storage.models_members import CopyChange
from tests.integration.reading_town import MAIL, Readers
from tests.unit.storage.stage import DESK, MODS

pytestmark = pytest.mark.usefixtures("opened")
SAID = "This message could not be shown here."


@pytest.fixture
def town() -> Readers:
    return Readers()


def words_of(row: Delivery) -> str:
    return codec.load(codec.CONTENT, row.content).text.text


async def three_posts(town: Readers) -> Post:
    """The second is not as any version writes it."""
    await town.publishes("one: zinc")
    second = await town.publishes("two: secret words")
    await town.publishes("three: salts")
    await Post.filter(id=second.id).update(text='"another version"')
    return second


def failing(real: Callable[..., Any], word: str) -> Callable[..., Any]:
    """The same, with a defect that one post shows."""

    def called(view: Any, *args: Any, **kwargs: Any) -> Any:
        items = getattr(view, "items", [view])
        if any(word in item.text.text for item in items):
            raise KeyError(word)
        return real(view, *args, **kwargs)

    return called


async def test_a_copy_of_a_post_that_cannot_be_read_is_words(
    town: Readers, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    await town.reads("joseph", Reading.IMMEDIATE)
    await town.reads("mary", Reading.IMMEDIATE, account=MAIL)
    second = await three_posts(town)
    await town.batches()
    for texts in (await town.texts("joseph"), [words_of(row) for row in await town.rows("mary", account=MAIL)]):
        first, middle, last = texts
        assert "zinc" in first
        assert "salts" in last
        assert f"#{second.number}" in middle
        assert SAID in middle
    said = caplog.text + capsys.readouterr().out
    assert said.count("post_unreadable") == 1
    assert "another version" not in said


def test_what_was_thrown_away_is_not_taken_for_what_stands_in_its_place_in_memory(town: Readers) -> None:
    """The words for a post that cannot be read are made for each reader, and gone when they are planned."""
    job = copies.Job(community=town.community, directory=town.directory, now=town.now)
    for number in range(100):
        words = f"message {number}"
        assert words in job.dumped(Content(text=plain(words)))


async def test_a_digest_tells_of_a_post_that_cannot_be_read(town: Readers) -> None:
    await town.reads("joseph", Reading.DAILY)
    await three_posts(town)
    town.later(days=2)
    await town.batches()
    (text,) = await town.texts("joseph", "digest")
    assert "zinc" in text
    assert "salts" in text
    assert SAID in text


async def test_what_one_form_cannot_show_holds_no_other_up(town: Readers, monkeypatch: pytest.MonkeyPatch) -> None:
    await town.reads("joseph", Reading.IMMEDIATE)
    await town.reads("mary", Reading.DAILY)
    await town.publishes("one: zinc")
    await town.publishes("two: salts")
    for name, module in (("parts_of", planning), ("compose", digests)):
        monkeypatch.setattr(module, name, failing(getattr(module, name), "salts"))
    await town.batches()
    town.later(days=2)
    await town.batches()
    first, second = await town.texts("joseph")
    assert "zinc" in first
    assert SAID in second
    (text,) = await town.texts("mary", "digest")
    assert "zinc" in text
    assert SAID in text


async def test_a_correction_that_cannot_be_read_changes_no_copy_and_holds_up_no_other(town: Readers) -> None:
    await town.reads("joseph", Reading.IMMEDIATE)
    spoilt, fine = await town.publishes("one: zinc"), await town.publishes("two: salts")
    await town.batches()
    await town.arrive()
    before = len(await town.rows("joseph"))
    for post in (spoilt, fine):
        words = "nonsense" if post is spoilt else codec.dump(codec.RICH_TEXT, plain("two: oral salts"))
        async with transaction():
            await Post.filter(id=post.id).update(text=words, corrected_at=town.now)
            await feed.note_change(await Post.get(id=post.id), "correct", town.now)
    await town.batches()
    assert not await CopyChange.filter(done=False).exists()
    changes = (await town.rows("joseph"))[before:]
    assert [row.post_id for row in changes] == [fine.id]


async def told(town: Readers) -> list[str]:
    """What a moderators' channel is told."""
    rows = await Delivery.filter(kind=ledger.NOTICE, account=MODS.account, chat=MODS.chat).order_by("id")
    return [words_of(row) for row in rows]


async def test_moderators_are_told_of_each_once_and_at_most_once_an_hour(town: Readers) -> None:
    await town.reads("joseph", Reading.IMMEDIATE)
    await town.reads("mary", Reading.DAILY)
    second = await three_posts(town)
    await town.batches()
    (said,) = await told(town)
    assert f"could not show #{second.number} to everybody" in said
    assert await Delivery.filter(kind=ledger.NOTICE, account=DESK.account, chat=DESK.chat).count() == 1
    others: list[Post] = []
    for text in ("four: zinc", "five: salts"):
        post = await town.publishes(text)
        others.append(post)
        await Post.filter(id=post.id).update(text='"another version"')
        await town.batches()
    assert await told(town) == [said]
    town.later(hours=2)
    await copies.tick(town.community, town.directory, town.now)
    assert len(await told(town)) == 2
    assert f"#{others[0].number}, #{others[1].number} " in (await told(town))[1]
    town.later(days=2)  # Mary's digest cannot show them either
    await town.batches()
    await copies.tick(town.community, town.directory, town.now)
    assert len(await told(town)) == 2


async def test_a_correction_that_fails_half_way_is_not_half_planned(
    town: Readers, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("joseph", "mary"):
        await town.reads(name, Reading.IMMEDIATE)
    post = await town.publishes("zinc " * 2000)
    await town.batches()
    await town.arrive()
    before = {name: len(await town.rows(name)) for name in ("joseph", "mary")}
    plan, count = ledger.plan, 0

    async def fails_once(**values: Any) -> Delivery:
        nonlocal count
        count += values.get("operation") == ledger.EDIT
        if count == 2 and values.get("operation") == ledger.EDIT:
            raise ValueError
        return await plan(**values)

    monkeypatch.setattr(ledger, "plan", fails_once)
    async with transaction():
        await Post.filter(id=post.id).update(
            text=codec.dump(codec.RICH_TEXT, plain("salt " * 2000)), corrected_at=town.now
        )
        await feed.note_change(await Post.get(id=post.id), "correct", town.now)
    await town.batches()
    changes = [len(await town.rows(name)) - before[name] for name in ("joseph", "mary")]
    assert changes == [0, before["mary"]]
    assert before["mary"] > 1
    assert f"#{post.number} " in (await told(town))[0]
