"""People who read privately, on paper: posts are approved, batches run, messages arrive when they are told to."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from bridge.core.community import Communities, Community
from bridge.core.ids import AccountId, ChatId, MessageId, RemoteRef
from bridge.core.membership import MemberPolicy, Reading
from bridge.core.ports import Sent
from bridge.core.states import DeliveryState, ReviewStep
from bridge.delivery import lettering
from bridge.delivery.directory import Directory
from bridge.members import copies, membership, preferences
from bridge.moderation import decisions
from bridge.moderation.effects import arrivals
from bridge.storage import codec, ledger, memberships, people, submissions
from bridge.storage.database import transaction
from bridge.storage.models import Delivery, Identity, Post
from bridge.storage.models_members import Membership
from tests.unit.delivery.scripted import LETTERS, LINE, Scripted
from tests.unit.storage.stage import COMMUNITY, NET, NOW, SLOW, hold, sender

SMS, MAIL = AccountId("sms"), AccountId("mail")
DEAD = (DeliveryState.CANCELLED, DeliveryState.REFUSED)


@dataclass
class Readers:
    """One community and those who read it alone."""

    community: Community = field(default_factory=lambda: replace(COMMUNITY, members=MemberPolicy()))
    now: datetime = NOW
    count: int = 0

    def __post_init__(self) -> None:
        self.accounts = {
            NET: Scripted(NET),
            SLOW: Scripted(SLOW),
            SMS: Scripted(SMS, LINE),
            MAIL: Scripted(MAIL, LETTERS),
        }
        self.directory = Directory(dict(self.accounts))

    @property
    def communities(self) -> Communities:
        return Communities((self.community,))

    def later(self, **how: float) -> None:
        self.now += timedelta(**how)

    async def reads(self, name: str, reading: Reading, *, account: AccountId = NET, **values: Any) -> Membership:
        """A member who wants to read in that way."""
        async with transaction():
            identity = await people.meet(sender(name, account=account), self.now, privately=True)
            row = await membership.admit(identity, self.community, self.directory, self.now, via="join", welcomes=False)
            if values:
                await memberships.prefer(row, **values)
            await preferences.set_reading(row, reading, self.community, self.now)
        return row

    async def identity(self, name: str, account: AccountId = NET) -> Identity:
        return await people.meet(sender(name, account=account), self.now)

    async def publishes(self, text: str = "", *, user: str = "amina", at: datetime | None = None) -> Post:
        """Something is held, and approved."""
        self.count += 1
        review = await hold(text or f"message {self.count}", user=user, message=f"m{self.count}")
        async with transaction():
            community = self.community
            if at is not None:
                assert await submissions.decide(
                    review, ReviewStep.APPROVE, revision=1, by=None, name="", now=self.now, detail={}
                )
                await decisions.after_approval(review, community, self.directory, self.now, at=at)
            else:
                assert await decisions.approve_by_rules(review, ["all"], community, self.directory, self.now)
        return await Post.get(submission_id=review.submission_id)

    async def batches(self, most: int = 100) -> int:
        """Until there is nothing more to do; returns how many transactions that took."""
        for number in range(1, most + 1):
            if not await copies.batch(self.community, self.directory, self.now):
                return number
        raise AssertionError("it never ends")

    async def rows(self, name: str, kind: str = ledger.COPY, account: AccountId | None = None) -> list[Delivery]:
        identity = await (self.identity(name) if account is None else self.identity(name, account))
        person = identity.person_id
        return await Delivery.filter(person_id=person, kind=kind).exclude(state__in=DEAD).order_by("id")

    async def texts(self, name: str, kind: str = ledger.COPY) -> list[str]:
        """What is on its way to somebody, or there."""
        return [codec.load(codec.CONTENT, row.content).text.text for row in await self.rows(name, kind) if row.content]

    async def arrive(self, most: int = 1000) -> list[Delivery]:
        """What is due goes out."""
        done: list[Delivery] = []

        async def compose(row: Delivery) -> ledger.Frozen | None:
            words = codec.load(codec.CONTENT, row.content) if row.kind == ledger.COPY and row.content else None
            shows = "" if words is None else lettering.fingerprint(words)
            return ledger.Frozen(payload="{}", content=row.content, shows=shows)

        effects = arrivals(self.communities, lambda: self.now)
        while len(done) < most:
            heads = await ledger.heads(self.now, list(self.accounts))
            ids = [row_id for row_id, address in heads if address.chat not in ("mods", "desk")][: most - len(done)]
            rows = await ledger.claim(ids, self.now, compose, effects)
            if not rows:
                if not ids:
                    break
                continue
            outcomes = [
                ledger.Outcome(
                    row=row,
                    answer=Sent(
                        refs=(RemoteRef(row.address.account, ChatId(row.chat), MessageId(f"x{row.id}")),)
                        if row.operation == ledger.SEND
                        else ()
                    ),
                    keeps_words=row.kind != ledger.COPY or row.account != MAIL,
                )
                for row in rows
            ]
            await ledger.record(outcomes, self.now, effects)
            done += rows
        return done
