"""Readers react and vote on every platform: it is counted once, shown to moderators, and mirrored without noise."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from bridge.core.events import (
    InboundEvent,
    MessageDeleted,
    PollCounted,
    PollVoted,
    Reacted,
    ReactionsCounted,
    ReactionsSet,
)
from bridge.core.ids import Address, ChatId, MessageId, RemoteRef
from bridge.core.message import Poll, Uncarried, UncarriedKind
from bridge.core.ports import SendOutcome, Sent
from bridge.core.states import DeliveryState
from bridge.delivery import mirroring
from bridge.intake import router
from bridge.intake.context import Context
from bridge.moderation.facts import facts_of
from bridge.moderation.panel import text_of
from bridge.rendering.words import words
from bridge.storage import codec, echoes, ledger, submissions
from bridge.storage.database import transaction
from bridge.storage.models import Delivery, Review, Revision
from tests.integration.moderating import PETER, RUTH, Room, again, community
from tests.unit.delivery.scripted import RICH, Scripted
from tests.unit.storage.stage import KENYA, NET, SLOW, UGANDA, hold, sender

pytestmark = pytest.mark.usefixtures("opened")
POLL = Poll(question="Which dose?", options=("10 mg", "20 mg"))


@dataclass
class Reacting(Scripted):
    """An account that can place two reactions."""

    placed: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)

    async def react(self, ref: RemoteRef, emojis: Sequence[str], key: str) -> SendOutcome:
        self.placed.append((ref.message, tuple(emojis)))
        return Sent()


class Stage(Room):
    """A published post that stands in every group."""

    review: Review

    @classmethod
    async def with_post(cls, *, poll: bool = False, **policy: Any) -> "Stage":
        room = cls(community(**policy))
        can = replace(RICH, places_reactions=2)
        room.accounts = {NET: Reacting(NET, can), SLOW: Reacting(SLOW, can)}
        room.directory = type(room.directory)(dict(room.accounts))
        room.review = await hold()
        if poll:
            item = Uncarried(kind=UncarriedKind.POLL, detail="Which dose? 10 mg, 20 mg", poll=POLL)
            await Revision.filter(submission_id=room.review.submission_id).update(
                uncarried=codec.dump(codec.UNCARRIED, (item,))
            )
        await room.press(room.review, "approve", PETER)
        for row in await ledger.of_post(await room.post_id()):
            row.state, row.message, row.remote_chat = DeliveryState.DELIVERED, f"p{row.id}", row.chat
            await row.save()
        return room

    async def post_id(self) -> int:
        post = await submissions.post_of_submission(self.review.submission_id)
        assert post is not None
        number: int = post.id
        return number

    async def ref(self, where: Address) -> RemoteRef:
        rows = await ledger.of_post(await self.post_id())
        found = next(row.ref for row in rows if row.address == where)
        assert found is not None
        return found

    async def hears(self, event: InboundEvent) -> None:
        context = Context(communities=self.communities, directory=self.directory, now=self.now, event_id=1)
        async with transaction():
            await router.handle(event, context)

    async def card(self) -> str:
        review = await again(self.review)
        return text_of(await facts_of(review, self.community, review.revision), words("en"), 3000, 3000).text

    def common(self, ref: RemoteRef) -> dict[str, Any]:
        # Older than the time in which a message may still be one of ours.
        return {"account": ref.account, "chat": ref.chat, "key": "k", "at": self.now - timedelta(minutes=1), "ref": ref}

    def reaction(self, ref: RemoteRef, user: str, emoji: str, event: str = "") -> Reacted:
        return Reacted(
            **self.common(ref), sender=sender(user, account=ref.account), emoji=emoji, reaction=MessageId(event)
        )


async def test_reactions_of_all_platforms_are_counted_together() -> None:
    room = await Stage.with_post()
    here, there = await room.ref(KENYA), await room.ref(UGANDA)
    await room.hears(room.reaction(here, "amina", "❤️"))
    await room.hears(room.reaction(here, "amina", "❤️"))
    await room.hears(room.reaction(here, "peter", "👍", event="$r1"))
    await room.hears(
        ReactionsSet(**room.common(there), sender=sender("juma", account=there.account), emojis=("❤", "👍"))
    )
    await room.hears(ReactionsCounted(**room.common(there), counts=(("👍", 3), ("🙏", 1))))
    assert await echoes.tally(await room.post_id()) == [("👍", 5), ("❤", 2), ("🙏", 1)]
    assert "Reactions: 👍 5 · ❤ 2 · 🙏 1" in await room.card()


async def test_what_is_taken_back_no_longer_counts() -> None:
    room = await Stage.with_post()
    ref = await room.ref(KENYA)
    await room.hears(room.reaction(ref, "amina", "👍", event="$r1"))
    await room.hears(ReactionsSet(**room.common(ref), sender=sender("juma", account=ref.account), emojis=("🙏",)))
    gone = replace(ref, message=MessageId("$r1"))
    await room.hears(MessageDeleted(**{**room.common(gone), "sender": sender("amina", account=ref.account)}))
    await room.hears(ReactionsSet(**room.common(ref), sender=sender("juma", account=ref.account)))
    assert await echoes.tally(await room.post_id()) == []
    assert "Reactions" not in await room.card()


@pytest.mark.parametrize("emoji", ["", "mxc://example.org/abc", "I disagree with this wholly", "\u202e\u200b"])
async def test_what_is_no_sign_is_not_counted(emoji: str) -> None:
    room = await Stage.with_post()
    await room.hears(room.reaction(await room.ref(KENYA), "amina", emoji))
    assert await echoes.tally(await room.post_id()) == []


async def test_one_person_cannot_fill_the_table() -> None:
    room = await Stage.with_post()
    ref = await room.ref(KENYA)
    for number in range(60):
        await room.hears(room.reaction(ref, "amina", chr(0x1F600 + number)))
    assert len(await echoes.tally(await room.post_id())) == 20


async def test_bots_and_messages_that_are_no_posts_do_not_count() -> None:
    room = await Stage.with_post()
    ref = await room.ref(KENYA)
    robot = replace(sender("robot", account=ref.account), bot=True)
    await room.hears(ReactionsSet(**room.common(ref), sender=robot, emojis=("👍",)))
    await room.hears(room.reaction(replace(ref, message=MessageId("elsewhere")), "amina", "👍"))
    allowed = sender("bridge", account=ref.account)  # Matrix does not say of reactions that a bot places them
    room.community = replace(room.community, allowed_bots=frozenset({allowed.ref}))
    await room.hears(room.reaction(ref, "bridge", "👍"))
    assert await echoes.tally(await room.post_id()) == []


async def test_in_a_topic_they_count_though_only_the_group_is_named() -> None:
    """Telegram says of a reaction in which group it is, not in which topic."""
    room = await Stage.with_post()
    ref = await room.ref(KENYA)
    topic = replace(ref, chat=ChatId(f"{ref.chat}/45"))
    await Delivery.filter(message=ref.message).update(remote_chat=topic.chat)
    groups = room.community.groups
    room.community = replace(room.community, groups=(*groups, replace(groups[0], chat=topic.address)))
    juma = sender("juma", account=ref.account)
    await room.hears(ReactionsSet(**room.common(ref), sender=juma, emojis=("👍",)))
    await room.hears(ReactionsSet(**room.common(replace(ref, message=MessageId("77"))), sender=juma, emojis=("👍",)))
    assert await echoes.tally(await room.post_id()) == [("👍", 1)]
    assert await echoes.elsewhere(await room.post_id(), topic.address) == []


async def test_votes_are_added_up_and_replaced() -> None:
    room = await Stage.with_post(poll=True)
    here, there = await room.ref(KENYA), await room.ref(UGANDA)
    for user, options in (
        ("amina", (0,)),
        ("peter", (1,)),
        ("amina", (1,)),
        ("juma", (0, 7)),
        ("zuri", (0,)),
        ("zuri", ()),
    ):
        await room.hears(PollVoted(**room.common(here), sender=sender(user, account=here.account), options=options))
    await room.hears(PollCounted(**room.common(there), counts=(4, 1)))
    await room.hears(PollCounted(**room.common(there), counts=(5, 1), closed=True))
    assert await echoes.votes(await room.post_id(), 2) == [6, 3]
    card = await room.card()
    assert "📊 9 votes in all groups:" in card
    assert "6 – 10 mg" in card


async def test_a_voter_chooses_as_often_as_the_poll_allows() -> None:
    """A Matrix app writes its own votes: it may name an answer twice, or several where one may be chosen."""
    room = await Stage.with_post(poll=True)
    here = await room.ref(KENYA)
    for user, options in (("amina", (1, 1, 1)), ("peter", (0, 1)), ("juma", (9,))):
        await room.hears(PollVoted(**room.common(here), sender=sender(user, account=here.account), options=options))
    assert await echoes.votes(await room.post_id(), 2) == [1, 1]


async def test_whoever_is_banned_counts_no_more() -> None:
    room = await Stage.with_post(poll=True)
    ref = await room.ref(KENYA)
    await room.types(room.review, "ban: adverts", RUTH)
    await room.hears(room.reaction(ref, "amina", "👍"))
    amina = sender("amina", account=ref.account)
    await room.hears(ReactionsSet(**room.common(ref), sender=amina, emojis=("🙏",)))
    await room.hears(PollVoted(**room.common(ref), sender=amina, options=(0,)))
    assert await echoes.tally(await room.post_id()) == []
    assert await echoes.votes(await room.post_id(), 2) == [0, 0]


async def test_mirroring_is_off_by_default() -> None:
    room = await Stage.with_post()
    await room.hears(room.reaction(await room.ref(KENYA), "amina", "👍"))
    assert not await Delivery.filter(kind=ledger.REACTION).exists()


async def test_mirrored_where_nobody_did_so_and_only_when_it_changes() -> None:
    room = await Stage.with_post(mirror_reactions=True)
    ref = await room.ref(KENYA)
    for user, emoji in (("amina", "👍"), ("peter", "👍"), ("juma", "🙏"), ("zuri", "🔥")):
        await room.hears(room.reaction(ref, user, emoji))
    rows = await Delivery.filter(kind=ledger.REACTION)
    assert len({row.target_id for row in rows}) == len(rows), "one row a message, however many react"
    by_chat = {str(row.address): await mirroring.compose(row, room.directory) for row in rows}
    assert by_chat[str(KENYA)] is None, "they stand there already"
    frozen = by_chat[str(UGANDA)]
    assert frozen is not None
    assert codec.load_object(frozen.payload) == {"emojis": ["👍", "🔥", "🙏"]}, "the adapter places as many as it may"
    row = next(row for row in rows if row.address == UGANDA)
    row.payload, row.state = frozen.payload, DeliveryState.DELIVERED
    await row.save()
    await room.hears(room.reaction(ref, "baraka", "👍"))
    again = await Delivery.filter(kind=ledger.REACTION, account=row.account, chat=row.chat).order_by("-id").first()
    assert again is not None
    assert again.id != row.id
    assert await mirroring.compose(again, room.directory) is None, "the same signs are not placed twice"
