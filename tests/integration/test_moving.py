"""Chats that move, lose us, have new names or were not heard; messages of bots; edits that are taken away."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bridge.core.community import Community
from bridge.core.errors import Refusal
from bridge.core.events import (
    BotMembershipChanged,
    ChatMoved,
    ChatRenamed,
    InboundEvent,
    MessageDeleted,
    MessageEdited,
    Missed,
)
from bridge.core.ids import Address, ChatId, MessageId, RemoteRef, UserId, UserRef
from bridge.core.ports import Refused
from bridge.core.states import ReviewState
from bridge.core.text import plain
from bridge.moderation import connecting
from bridge.storage import codec, inbox, presence, submissions
from bridge.storage.models import ChatAlias, Delivery, Review, Submission
from tests.integration.desk_world import FAR, World, here
from tests.integration.moderating import Room
from tests.unit.storage.stage import DESK, GRACE, KENYA, MODS, NET, NOW, SLOW, UGANDA, sender

pytestmark = pytest.mark.usefixtures("opened")
TOWN = Address(NET, ChatId("town"))
BOT = UserRef(NET, UserId("news-bot"))


@pytest.fixture
def community() -> Community:
    return here()


@pytest.fixture
async def world(tmp_path: Path, community: Community) -> World:
    world = World(tmp_path, community)
    await world.open()
    return world


async def said(world: World, where: Address) -> list[str]:
    """What the bot was to say in a chat, oldest first."""
    rows = await Delivery.filter(account=where.account, chat=where.chat, kind="notice", operation="send").order_by("id")
    return [codec.load(codec.CONTENT, row.content).text.text for row in rows]


def happening(world: World, where: Address) -> dict[str, Any]:
    return {"account": where.account, "chat": where.chat, "key": world.key(), "at": world.clock.now()}


def moves(world: World, old: Address, new: Address, **more: Any) -> ChatMoved:
    return ChatMoved(**happening(world, old), new_chat=new.chat, **more)


async def held(world: World) -> Review:
    review = await Review.all().order_by("-id").first()
    assert review is not None
    return review


async def wording(review: Review) -> str:
    found = await submissions.review_by_id(review.id)
    assert found is not None
    return codec.load(codec.RICH_TEXT, (await submissions.revision_of(found)).text).text


# --- moving ---------------------------------------------------------------------------------------------------------


async def test_a_group_that_moved_goes_on_and_its_old_messages_still_answer(world: World) -> None:
    post = world.posted("amina", KENYA, "Is zinc safe?")
    await world.happens(post)
    review = await held(world)
    await world.happens(moves(world, KENYA, TOWN))
    for channel in (MODS, DESK):
        told = [text for text in await said(world, channel) if "has moved" in text]
        assert len(told) == 1
        assert str(TOWN) in told[0]
        assert "rights" in told[0]
    edit = MessageEdited(
        **happening(world, KENYA),
        ref=post.ref,
        sender=post.sender,
        chat_kind=post.chat_kind,
        text=plain("Is zinc safe for babies?"),
    )
    await world.happens(edit)
    assert await wording(review) == "Is zinc safe for babies?"
    await world.happens(world.posted("daniel", TOWN, "And iron?"))
    newest = await held(world)
    assert newest.id != review.id
    by_another = MessageDeleted(**happening(world, KENYA), ref=post.ref, sender=sender("mallory"))
    await world.happens(by_another)
    assert (await Review.get(id=review.id)).state == ReviewState.HELD
    await world.happens(MessageDeleted(**happening(world, KENYA), ref=post.ref, sender=post.sender))
    assert (await Review.get(id=review.id)).state == ReviewState.WITHDRAWN


@pytest.mark.parametrize("message", ["$event", "4711"])
async def test_an_answer_after_the_move_finds_what_was_written_before_it(world: World, message: str) -> None:
    """Where messages have numbers, the new place begins to count anew: there the number means another message."""
    post = replace(world.posted("amina", KENYA, "Is zinc safe?"), ref=RemoteRef(NET, KENYA.chat, MessageId(message)))
    await world.happens(post)
    await Room().press(await held(world), "approve", GRACE)
    await world.happens(moves(world, KENYA, TOWN))
    await world.happens(moves(world, TOWN, Address(NET, ChatId("city"))))
    there = RemoteRef(NET, ChatId("city"), MessageId(message))
    await world.happens(world.posted("amina", there.address, "It is.", reply_to=there))
    answer = await Submission.all().order_by("-id").first()
    assert answer is not None
    assert (answer.reply_post_id is not None) is (message == "$event")


async def test_an_answer_after_the_move_to_what_we_sent_before_it(world: World) -> None:
    await world.happens(world.posted("daniel", UGANDA, "Is zinc safe?"))
    await Room().press(await held(world), "approve", GRACE)
    await world.deliver(4)
    sent = await Delivery.filter(kind="post", account=NET, chat=KENYA.chat, state="delivered").first()
    assert sent is not None
    await Delivery.filter(id=sent.id).update(message="$sent")
    await world.happens(moves(world, KENYA, TOWN))
    there = RemoteRef(NET, TOWN.chat, MessageId("$sent"))
    await world.happens(world.posted("amina", TOWN, "It is.", reply_to=there))
    answer = await Submission.all().order_by("-id").first()
    assert answer is not None
    assert answer.reply_post_id == sent.post_id


async def test_a_move_that_both_sides_tell_of_is_announced_once(world: World) -> None:
    for _ in range(2):
        await world.happens(moves(world, KENYA, TOWN))
    assert sum("has moved" in text for text in await said(world, MODS)) == 1


async def test_a_room_that_cannot_be_entered_is_told_and_nothing_goes_there(world: World) -> None:
    await world.happens(moves(world, KENYA, TOWN, followed=False))
    assert [text for text in await said(world, MODS) if "invite the bot there" in text]
    assert await inbox.resolve(KENYA) == KENYA
    await world.happens(moves(world, KENYA, TOWN))  # once somebody did
    assert await inbox.resolve(KENYA) == TOWN


async def test_what_was_refused_or_under_way_goes_to_the_new_place(world: World) -> None:
    async def planned(state: str) -> Delivery:
        return await Delivery.create(
            kind="post",
            operation="send",
            account=NET,
            chat=KENYA.chat,
            state=state,
            payload="{}",
            planned_at=NOW,
            due_at=NOW,
        )

    refused, under_way = await planned("refused"), await planned("attempting")
    await world.happens(moves(world, KENYA, TOWN))
    await Delivery.filter(id=under_way.id).update(state="planned")  # it came to nothing
    await world.worker.sweep()
    for row in (refused, under_way):
        await row.refresh_from_db()
        assert (row.chat, row.payload) == (TOWN.chat, "")


@pytest.mark.parametrize("named", [KENYA, TOWN])
async def test_the_config_may_name_the_old_place_or_the_new_one(world: World, named: Address) -> None:
    """Also after another move, and after the config was put back."""
    await world.happens(moves(world, KENYA, TOWN))
    for config in (named, KENYA, named):
        groups = tuple(replace(g, chat=config) if g.chat == KENYA else g for g in world.community.groups)
        world.communities.__init__((replace(world.community, groups=groups),))  # type: ignore[misc]  # as if it had been started with that config
        await connecting.reload(world.communities, world.directory)
        assert await inbox.origin(TOWN) == config
        assert await inbox.resolve(KENYA) == TOWN
        before = await Submission.all().count()
        await world.happens(world.posted("amina", TOWN, f"A post {world.key()}"))
        assert await Submission.all().count() == before + 1
    farther = Address(NET, ChatId("city"))
    await world.happens(moves(world, TOWN, farther))
    assert (await inbox.origin(farther), await inbox.resolve(KENYA)) == (named, farther)
    assert await ChatAlias.all().count() <= 2


async def test_a_new_name_is_shown_at_once(world: World) -> None:
    await world.happens(replace(world.posted("amina", KENYA, "one"), chat_title="Village"))
    await world.happens(ChatRenamed(**happening(world, KENYA), title="To\u202ewn"))
    lines = {line.chat: line.title for line in await connecting.report((world.community,))}
    assert lines[KENYA] == "Town"


# --- put out and in again -------------------------------------------------------------------------------------------


async def test_being_put_out_and_in_again_is_told_and_what_was_refused_can_be_tried_again(world: World) -> None:
    await world.happens(BotMembershipChanged(**happening(world, UGANDA), present=False))
    assert await presence.gone_since(UGANDA) is not None
    assert sum("was removed" in text for text in await said(world, MODS)) == 1
    await world.happens(world.posted("amina", KENYA, "Is zinc safe?"))
    review = await held(world)
    await world.deliver(4)
    reply = await Delivery.filter(kind="card", account=NET, review_id=review.id).order_by("-id").first()
    assert reply is not None
    assert reply.ref is not None
    world.phone(UGANDA).answers.extend([Refused(reason=Refusal.FORBIDDEN)] * 6)
    await world.happens(world.posted("grace", MODS, "approve", reply_to=reply.ref))
    world.clock.pass_by(120)
    await world.deliver(8)
    rows = Delivery.filter(kind="post", account=SLOW, chat=UGANDA.chat, operation="send")
    assert [row.state.value for row in await rows] == ["refused"]
    world.phone(UGANDA).answers.clear()
    await world.happens(BotMembershipChanged(**happening(world, UGANDA), present=True))
    again = [text for text in await said(world, MODS) if "again" in text and "retry" in text]
    assert len(again) == 1
    assert await presence.gone_since(UGANDA) is None
    await world.happens(world.posted("grace", MODS, "retry", reply_to=reply.ref))
    await world.deliver(8)
    assert [row.state.value for row in await rows] == ["delivered"]


async def test_a_moderators_channel_that_is_lost_is_told_to_the_other_one(world: World) -> None:
    await world.happens(BotMembershipChanged(**happening(world, MODS), present=False))
    assert [text for text in await said(world, DESK) if "was removed" in text]
    assert not [text for text in await said(world, MODS) if "was removed" in text]


async def test_leaving_the_room_that_was_replaced_is_no_news(world: World) -> None:
    await world.happens(moves(world, KENYA, TOWN))
    await world.happens(BotMembershipChanged(**happening(world, KENYA), present=False))
    assert not [text for text in await said(world, MODS) if "was removed" in text]


# --- what was missed ------------------------------------------------------------------------------------------------


def missed(world: World, where: Address) -> Missed:
    return Missed(**happening(world, where), since=NOW - timedelta(hours=60), until=NOW - timedelta(hours=24))


async def test_what_the_platform_forgot_is_announced_once_in_every_channel(world: World) -> None:
    whole = Address(NET, ChatId(""))
    event = missed(world, whole)
    for _ in range(2):  # the adapter looked twice
        await world.happens(event)
    for channel in (MODS, DESK):
        told = [text for text in await said(world, channel) if "may not have reached" in text]
        assert len(told) == 1
        assert "27.02.2026 00:00" in told[0]
        assert "28.02.2026 12:00" in told[0]
        assert str(KENYA) in told[0]
        assert str(FAR) in told[0]
        assert str(UGANDA) not in told[0], "another account, which missed nothing"


async def test_a_gap_in_one_room_names_that_room(world: World) -> None:
    await world.happens(replace(missed(world, UGANDA), too_many=True, since=None))
    (told,) = [text for text in await said(world, MODS) if "may not have reached" in text]
    assert str(UGANDA) in told
    assert str(KENYA) not in told
    assert "at once" in told


async def test_a_gap_in_a_room_of_nobodys_is_not_told(world: World) -> None:
    await world.happens(missed(world, TOWN))
    assert not await said(world, MODS)


# --- bots -----------------------------------------------------------------------------------------------------------


def by_bot(world: World, where: Address = KENYA, **more: Any) -> InboundEvent:
    event = world.posted("amina", where, "A bot says so")
    return replace(event, sender=replace(sender("news-bot", "News"), bot=True), **more)


async def test_bots_are_not_heard(world: World) -> None:
    for where in (KENYA, UGANDA, MODS):
        await world.happens(by_bot(world, where))
    assert await Submission.all().count() == 0
    assert await Delivery.all().count() == 0


@pytest.fixture
def allowing(community: Community) -> Community:
    return replace(community, allowed_bots=frozenset({BOT}))


async def test_an_allowed_bot_posts_in_its_group_and_nowhere_else(tmp_path: Path, allowing: Community) -> None:
    world = World(tmp_path, allowing)
    await world.open()
    await world.happens(by_bot(world))
    review = await held(world)
    assert await wording(review) == "A bot says so"
    for event in (by_bot(world, MODS, is_command=True), by_bot(world, Address(NET, ChatId("stranger")))):
        await world.happens(event)
    assert await Submission.all().count() == 1
    identity = (await Submission.all().prefetch_related("identity"))[0].identity
    assert identity.direct is None, "it would be written to privately, and answer"


async def test_what_an_allowed_bot_says_to_our_own_messages_is_not_passed_on(
    tmp_path: Path, allowing: Community
) -> None:
    world = World(tmp_path, allowing)
    await world.open()
    await world.happens(by_bot(world))
    await world.deliver(4)
    assert not await Delivery.filter(kind="notice", chat=KENYA.chat).exists(), "a bot is never answered"
    card = await Delivery.filter(kind="card", operation="send", state="delivered").first()
    assert card is not None
    assert card.ref is not None
    for _ in range(5):
        await world.happens(by_bot(world, card.address, reply_to=card.ref))
    assert await Submission.all().count() == 1


async def test_a_post_of_ours_that_an_allowed_bot_brings_back_is_left_out_and_told_once_a_day(
    tmp_path: Path, allowing: Community
) -> None:
    world = World(tmp_path, allowing)
    await world.open()
    await world.happens(world.posted("amina", KENYA, "Yes"))
    await Room().press(await held(world), "approve", GRACE)
    await world.deliver(4)
    came = [
        "Other forum #5 · Baraza\n\nHIFA #1 · Amina\n\nYes\n\nAmina, nurse",
        "Other forum #6 · Baraza\n\nhifa\u2068 #1\u2069 · somebody\n\n<Yes>",
    ]
    for text in came:
        await world.happens(by_bot(world, text=plain(text)))
    assert await Submission.all().count() == 1
    (told,) = [text for text in await said(world, MODS) if "News brings posts" in text]
    assert str(KENYA) in told
    world.clock.pass_by(25 * 3600)
    await world.happens(by_bot(world, text=plain(came[0])))
    assert len([text for text in await said(world, MODS) if "News brings posts" in text]) == 2

    others = ["HIFA #2 · Amina\n\nYes", "HIFA #1 is out of date", "> HIFA #1 · Amina\n> Yes\n\nI think so, too."]
    for text in others:
        await world.happens(by_bot(world, text=plain(text)))
    assert await Submission.all().count() == 1 + len(others)


# --- edits of others, and edits that are taken away -----------------------------------------------------------------


async def test_an_edit_by_somebody_else_changes_nothing(world: World) -> None:
    """On Matrix anybody can send one: homeservers do not refuse it."""
    post = world.posted("amina", KENYA, "Give 20 mg.")
    await world.happens(post)
    review = await held(world)
    forged = MessageEdited(
        **happening(world, KENYA),
        ref=post.ref,
        sender=sender("mallory"),
        chat_kind=post.chat_kind,
        text=plain("Give 200 mg."),
        edit=MessageId("$forged"),
    )
    await world.happens(forged)
    assert await wording(review) == "Give 20 mg."
    assert await Submission.all().count() == 1


async def test_an_edit_that_is_taken_away_brings_back_the_words_of_before(world: World) -> None:
    post = world.posted("amina", KENYA, "first")
    await world.happens(post)
    review = await held(world)

    def edit(number: int, text: str) -> MessageEdited:
        return MessageEdited(
            **happening(world, KENYA),
            ref=post.ref,
            sender=post.sender,
            chat_kind=post.chat_kind,
            text=plain(text),
            edit=MessageId(f"$edit{number}"),
        )

    def gone(number: int, who: str = "amina") -> MessageDeleted:
        ref = RemoteRef(NET, KENYA.chat, MessageId(f"$edit{number}"))
        return MessageDeleted(**happening(world, KENYA), ref=ref, sender=sender(who))

    for number, text in ((1, "second"), (2, "third"), (3, "fourth")):
        await world.happens(edit(number, text))
    assert await wording(review) == "fourth"
    await world.happens(gone(3, "mallory"))
    assert await wording(review) == "fourth", "only the author's own"
    await world.happens(gone(2))
    assert await wording(review) == "fourth", "a newer edit stands"
    await world.happens(gone(3))
    assert await wording(review) == "second"
    await world.happens(gone(1))
    assert await wording(review) == "first"
    await world.happens(edit(4, "fifth"))
    await world.happens(MessageDeleted(**happening(world, KENYA), ref=post.ref, sender=post.sender))
    assert (await Review.get(id=review.id)).state == ReviewState.WITHDRAWN
    await world.happens(gone(4))
    assert (await Review.get(id=review.id)).state == ReviewState.WITHDRAWN, "an original that is gone hides its edits"
