"""A moderators' channel without platforms: people press, type and give orders, and what they are told comes back."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from bridge.core.community import Communities, Community
from bridge.core.events import ChatKind, MessagePosted, Sender
from bridge.core.ids import AccountId, Address, ChatId, MessageId, RemoteRef, UserId, UserRef
from bridge.core.policy import Policy, Role
from bridge.core.text import plain
from bridge.delivery.directory import Directory
from bridge.intake import router
from bridge.intake.context import Context
from bridge.moderation import channel
from bridge.moderation.acts import Desk, Moderator, Reply
from bridge.storage import codec, ledger, people, submissions
from bridge.storage.database import transaction
from bridge.storage.models import Decision, Delivery, Identity, Review
from tests.unit.delivery.scripted import Scripted
from tests.unit.storage.stage import COMMUNITY, DESK, MODS, NET, NOW, SLOW, sender

ROLES = {
    UserRef(NET, UserId("grace")): Role.MODERATOR,
    UserRef(SLOW, UserId("peter")): Role.MODERATOR,
    UserRef(NET, UserId("ruth")): Role.SENIOR,
    UserRef(NET, UserId("naomi")): Role.COORDINATOR,
}
GRACE = Moderator(sender=sender("grace"), channel=MODS)
GRACE_TOO = Moderator(sender=sender("grace2", "Grace", SLOW), channel=DESK)
PETER = Moderator(sender=sender("peter", account=SLOW), channel=DESK)
RUTH = Moderator(sender=sender("ruth"), channel=MODS)
NAOMI = Moderator(sender=sender("naomi"), channel=MODS)
MARY = Moderator(sender=sender("mary"), channel=MODS)
"""Writes in the moderators' channel, and is none of them."""
MALLORY = Moderator(sender=sender("mallory"), channel=MODS)


def community(**policy: Any) -> Community:
    """The community of ``stage``, moderated by four people of three ranks, with another policy."""
    return replace(COMMUNITY, policy=Policy(**{"roles": ROLES, **policy}))


@dataclass
class Room:
    """The channels of one community."""

    community: Community = field(default_factory=community)
    now: datetime = NOW
    _said: int = 0

    def __post_init__(self) -> None:
        self.accounts = {NET: Scripted(NET), SLOW: Scripted(SLOW)}
        self.directory = Directory(dict(self.accounts))

    @property
    def communities(self) -> Communities:
        return Communities((self.community,))

    @property
    def desk(self) -> Desk:
        return Desk(communities=self.communities, directory=self.directory, now=self.now)

    async def press(
        self, review: Review, action: str, by: Moderator, argument: str = "", *, revision: int | None = None
    ) -> Reply:
        """A button of an item's card, of the newest wording unless said otherwise."""
        async with transaction():
            fresh = await again(review)
            token = await submissions.handle(
                "review", review.id, action, self.now, revision=revision or fresh.revision, argument=argument
            )
            handle = await submissions.handle_by_token(token)
            assert handle is not None
            return await channel.press(self.desk, handle, by, None)

    async def types(self, review: Review, text: str, by: Moderator) -> list[str]:
        """A reply to an item's card; returns what it was answered."""
        fresh = await again(review)
        row = await ledger.plan(
            kind=ledger.CARD,
            address=by.channel,
            now=self.now,
            community=self.community.id,
            review_id=review.id,
            revision=fresh.revision,
        )
        before = await newest()
        async with transaction():
            await channel.reply(self.desk, row, plain(text), by, self._message(by.channel))
        return await notices(by.channel, since=before)

    async def orders(self, text: str, by: Moderator, *, reply_to: RemoteRef | None = None) -> str:
        """A command typed in the person's channel, through the router; returns what it was answered there."""
        before = await newest()
        ref = self._message(by.channel)
        event = self.message(text, by.sender, ref, reply_to=reply_to)
        context = Context(communities=self.communities, directory=self.directory, now=self.now, event_id=1)
        async with transaction():
            await router.handle(event, context)
        told = await notices(by.channel, since=before)
        return told[-1] if told else ""

    def message(self, text: str, who: Sender, ref: RemoteRef, *, reply_to: RemoteRef | None = None) -> MessagePosted:
        return MessagePosted(
            account=ref.account,
            chat=ref.chat,
            key=f"k{ref.message}",
            at=self.now,
            ref=ref,
            sender=who,
            chat_kind=ChatKind.GROUP,
            text=plain(text),
            reply_to=reply_to,
        )

    def _message(self, where: Address) -> RemoteRef:
        self._said += 1
        return RemoteRef(where.account, where.chat, MessageId(f"t{self._said}"))


async def again(review: Review) -> Review:
    found = await submissions.review_by_id(review.id)
    assert found is not None
    return found


async def newest() -> int:
    row = await Delivery.all().order_by("-id").first()
    return 0 if row is None else row.id


async def notices(where: Address, *, since: int = 0) -> list[str]:
    """What was said in a chat, oldest first."""
    rows = Delivery.filter(
        kind=ledger.NOTICE, operation=ledger.SEND, account=where.account, chat=where.chat, id__gt=since
    )
    return [codec.load(codec.CONTENT, row.content).text.text for row in await rows.order_by("id")]


async def audited(action: str) -> list[Decision]:
    return await Decision.filter(action=action).order_by("id")


async def one_person(*who: Moderator) -> Identity:
    """Let several accounts belong to one person."""
    met = [await people.meet(moderator.sender, NOW) for moderator in who]
    await Identity.filter(id__in=[identity.id for identity in met]).update(person_id=met[0].person_id)
    return met[0]


def private(user: str, account: AccountId = NET) -> Address:
    return Address(account, ChatId(user))
