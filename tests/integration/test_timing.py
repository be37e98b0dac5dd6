"""The pace of posts, the times that moderators type, and the groups that they choose, on both databases."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bridge.core.ids import Address, ChatId
from bridge.core.states import ReviewState
from bridge.core.when import Hours
from bridge.delivery.directory import Directory
from bridge.moderation import later, targets
from bridge.moderation.acts import Reply
from bridge.storage import codec, ledger
from bridge.storage.models import Delivery, Post, Review, Submission
from tests.integration.timing_desk import (
    approve,
    asked,
    do,
    network,
    paced,
    post_of,
    sends,
)
from tests.unit.moderation.test_schedule import crowded
from tests.unit.storage.stage import (
    COMMUNITY,
    KENYA,
    NET,
    NOW,
    UGANDA,
    again,
    hold,
)

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
