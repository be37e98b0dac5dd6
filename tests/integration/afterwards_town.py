"""A community on paper with three groups, one of them of phones, and a worker that goes round when it is told to."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from bridge.core.community import Communities, Group, Intake
from bridge.core.errors import Refusal
from bridge.core.ids import AccountId, Address, ChatId, MessageId, RemoteRef
from bridge.core.message import Attachment
from bridge.core.policy import Role
from bridge.core.ports import Outgoing, Refused, SendOutcome
from bridge.core.text import plain
from bridge.delivery.directory import Directory
from bridge.delivery.worker import Worker
from bridge.moderation import cards, correcting, decisions, retracting
from bridge.moderation.acts import Act, Moderator, Reply
from bridge.moderation.effects import arrivals
from bridge.storage import afterwards, codec, ledger, people, submissions
from bridge.storage.database import transaction
from bridge.storage.ledger import Frozen
from bridge.storage.models import Delivery, Post, Review
from tests.unit.delivery.scripted import LINE, RICH, Scripted
from tests.unit.storage.stage import (
    COMMUNITY,
    GRACE,
    KENYA,
    MODS,
    NET,
    PETER,
    SLOW,
    UGANDA,
    FakeClock,
    acting,
    again,
    sender,
)

SMS = AccountId("sms")
PHONES = Address(SMS, ChatId("phones"))
HERE = replace(COMMUNITY, groups=(*COMMUNITY.groups, Group(chat=PHONES, intake=Intake.NONE)))
GROUPS = (KENYA, UGANDA, PHONES)


@dataclass
class Strict(Scripted):
    """It can also refuse what is done to messages that are there: by the name of the operation."""

    refuses: dict[str, Refusal] = field(default_factory=dict)

    async def send(self, outgoing: Outgoing, key: str) -> SendOutcome:
        if "send" in self.refuses and outgoing.chat in ("kenya", "uganda", "phones"):
            return Refused(reason=self.refuses["send"])
        return await super().send(outgoing, key)

    async def edit(self, ref: RemoteRef, outgoing: Outgoing, key: str) -> SendOutcome:
        if "edit" in self.refuses and ref.chat in ("kenya", "uganda"):
            return Refused(reason=self.refuses["edit"])
        return await super().edit(ref, outgoing, key)

    async def delete(self, ref: RemoteRef, key: str) -> SendOutcome:
        if "delete" in self.refuses:
            return Refused(reason=self.refuses["delete"])
        return await super().delete(ref, key)


class Town:
    """Whoever acts in it is Grace, a senior moderator, unless it is said otherwise."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.net, self.slow, self.sms = Strict(NET, RICH), Strict(SLOW, RICH), Scripted(SMS, LINE)
        self.accounts: dict[AccountId, Scripted] = {NET: self.net, SLOW: self.slow, SMS: self.sms}
        self.directory = Directory(dict(self.accounts))
        self.community = HERE
        self.communities = Communities((HERE,))
        self.worker = Worker(
            self.directory,
            installation="test",
            compose=self.compose,
            effects=arrivals(self.communities, self.clock.now),
            file_path=Path,
            clock=self.clock,
        )

    @property
    def now(self) -> datetime:
        return self.clock.now()

    async def compose(self, row: Delivery) -> Frozen | None:
        shows = ""
        if row.operation == ledger.DELETE:
            return Frozen(payload="{}", content="")
        if row.kind == ledger.CARD:
            composed = await cards.compose(row, self.community, self.directory, self.now)
            if composed is None:
                return None
            content, shows, _ = composed
        else:
            content = await ledger.threaded(row, codec.load(codec.CONTENT, row.content))
        payload = self.directory.payload(row.address, content)
        frozen = codec.dump(codec.CONTENT, content)
        return Frozen(payload=codec.dump_object(payload), content=frozen, shows=shows)

    async def rounds(self, count: int = 12, *, seconds: float = 3) -> None:
        """Let the worker look at the ledger so many times."""
        for _ in range(count):
            await self.worker._judge.look(self.now)
            await self.worker._judge.idle()
            heads = await ledger.heads(self.now, [str(account) for account in self.directory.accounts()])
            due = [row_id for row_id, _ in heads]
            for row in await ledger.claim(due, self.now, self.compose, self.worker._books.effects):
                await self.worker._carry(row)
            await self.worker._record()
            self.clock.pass_by(seconds)

    # --- what people do ---

    async def writes(
        self, text: str, *, where: Address = KENYA, message: str = "m1", files: Sequence[Attachment] = ()
    ) -> Review:
        """Amina writes in a group: her message waits, and has its cards."""
        group = self.community.group(where)
        assert group is not None
        async with transaction():
            identity = await people.meet(sender("amina", account=where.account), self.now, privately=True)
            review = await submissions.submit(
                community=self.community.id,
                identity=identity,
                source=RemoteRef(where.account, where.chat, MessageId(message)),
                private=False,
                intake=group.intake.value,
                text=plain(text),
                attachments=tuple(files),
                uncarried=(),
                reasons=("all",),
                now=self.now,
            )
            review = await again(review)
            await cards.plan(review, self.community, self.directory, self.now, gather=False)
        return review

    async def act(self, review: Review, text: str = "", *, by: Moderator = GRACE, argument: str = "") -> Act:
        fresh = await submissions.locked_review(review.id)
        assert fresh is not None
        return await acting(
            fresh,
            by,
            self.directory,
            revision=fresh.revision,
            now=self.now,
            role=Role.SENIOR,
            text=text,
            argument=argument,
            communities=self.communities,
        )

    async def approves(self, review: Review, *, by: Moderator = GRACE) -> decisions.Verdict:
        async with transaction():
            return await decisions.approve(await self.act(review, by=by))

    async def published(self, text: str, **more: Any) -> Review:
        """Written, approved, and out there."""
        review = await self.writes(text, **more)
        await self.rounds(2)
        assert await self.approves(review) is decisions.Verdict.DONE
        await self.rounds()
        return review

    # --- what is to be seen ---

    def messages(self, group: Address) -> list[str]:
        """The ids of what stands in a group."""
        return [m.id for m in self.accounts[group.account].shown.values() if m.chat == group.chat]

    def texts(self, group: Address) -> list[str]:
        return self.accounts[group.account].texts(group.chat)

    def everywhere(self) -> list[str]:
        return [text for group in GROUPS for text in self.texts(group)]

    def card(self, number: int = 1) -> str:
        """The newest card of an item, as Grace sees it."""
        return [text for text in self.net.texts(MODS.chat) if text.startswith(f"HIFA #{number} ·")][-1]

    async def post(self) -> Post:
        return await Post.get(number=1)


async def retract(town: Town, review: Review, why: str = "A patient can be recognised.") -> Reply:
    async with transaction():
        told = await retracting.retract(await town.act(review, why))
    await town.rounds()
    return told


async def correct(town: Town, review: Review, text: str) -> Review:
    """A moderator's correction, held and approved by another."""
    async with transaction():
        told = await correcting.correct(await town.act(review, text))
    assert "has a card of its own" in told.text
    waiting = await afterwards.held_correction(review.submission_id)
    assert waiting is not None
    await town.rounds(2)
    assert await town.approves(waiting, by=PETER) is decisions.Verdict.DONE
    await town.rounds()
    return waiting


async def correct_unseen(town: Town, review: Review, text: str) -> None:
    """The same while the worker stands still: nobody has been shown a card yet."""
    async with transaction():
        await correcting.correct(await town.act(review, text))
    waiting = await afterwards.held_correction(review.submission_id)
    assert waiting is not None
    assert await town.approves(waiting, by=PETER) is decisions.Verdict.DONE


async def rows(operation: str, group: object = None) -> list[Delivery]:
    found = await Delivery.filter(kind=ledger.POST, operation=operation).order_by("id")
    return [row for row in found if group in (None, row.address)]
