"""A community on paper: its people, its clock, and short ways to let something happen in the database."""

from datetime import UTC, datetime, timedelta

from bridge.core.community import Communities, Community, Group, Intake
from bridge.core.events import ChatKind, MessagePosted, Sender
from bridge.core.ids import AccountId, Address, ChatId, CommunityId, MessageId, RemoteRef, UserId, UserRef
from bridge.core.policy import Policy, Role
from bridge.core.text import RichText, plain
from bridge.delivery.directory import Directory
from bridge.moderation.acts import Act, Desk, Moderator
from bridge.storage import people, submissions
from bridge.storage.database import transaction
from bridge.storage.models import Review

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
NET, SLOW = AccountId("net"), AccountId("slow")
MODS, DESK = Address(NET, ChatId("mods")), Address(SLOW, ChatId("desk"))
KENYA, UGANDA = Address(NET, ChatId("kenya")), Address(SLOW, ChatId("uganda"))
COMMUNITY = Community(
    id=CommunityId("hifa"),
    name="HIFA",
    language="en",
    moderators=(MODS, DESK),
    policy=Policy(
        roles={UserRef(NET, UserId("grace")): Role.MODERATOR, UserRef(SLOW, UserId("peter")): Role.MODERATOR}
    ),
    groups=(Group(chat=KENYA, intake=Intake.HOLD), Group(chat=UGANDA, intake=Intake.COPY)),
)
COMMUNITIES = Communities((COMMUNITY,))


class FakeClock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return (self.at - NOW).total_seconds()

    async def sleep(self, seconds: float) -> None:
        self.pass_by(seconds)

    def pass_by(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


def sender(user: str, name: str = "", account: AccountId = NET, *, bot: bool = False) -> Sender:
    return Sender(
        ref=UserRef(account, UserId(user)), name=name or user.title(), handle=f"@{user}", direct=ChatId(user), bot=bot
    )


GRACE = Moderator(sender=sender("grace"), channel=MODS)
PETER = Moderator(sender=sender("peter", account=SLOW), channel=DESK)
MALLORY = Moderator(sender=sender("mallory"), channel=MODS)


def posted(
    text: str,
    *,
    key: str,
    user: str = "amina",
    chat: Address = KENYA,
    name: str = "",
    raw: str = "{}",
) -> MessagePosted:
    return MessagePosted(
        account=chat.account,
        chat=chat.chat,
        key=key,
        at=NOW,
        raw=raw,
        ref=RemoteRef(chat.account, chat.chat, MessageId(f"m{key}")),
        sender=sender(user, name, chat.account),
        chat_kind=ChatKind.GROUP,
        text=plain(text),
    )


async def hold(text: str | RichText = "Is zinc safe?", *, user: str = "amina", message: str = "m1") -> Review:
    """Something held for review, as if it had been written in the first group."""
    async with transaction():
        identity = await people.meet(sender(user), NOW, privately=True)
        review = await submissions.submit(
            community=COMMUNITY.id,
            identity=identity,
            source=RemoteRef(NET, KENYA.chat, MessageId(message)),
            private=False,
            intake="hold",
            text=plain(text) if isinstance(text, str) else text,
            attachments=(),
            uncarried=(),
            reasons=("all",),
            now=NOW,
        )
    found = await submissions.review_by_id(review.id)
    assert found is not None
    return found


async def again(review: Review) -> Review:
    """The same review, as another process would read it."""
    found = await submissions.review_by_id(review.id)
    assert found is not None
    return found


async def acting(
    review: Review,
    moderator: Moderator,
    directory: Directory,
    *,
    revision: int = 1,
    now: datetime = NOW,
    role: Role = Role.MODERATOR,
    text: str = "",
    argument: str = "",
    communities: Communities = COMMUNITIES,
) -> Act:
    """One instruction of a moderator about an item, as the channel makes it."""
    community = communities.get(review.community)
    assert community is not None
    return Act(
        desk=Desk(communities=communities, directory=directory, now=now),
        community=community,
        review=review,
        revision=revision,
        moderator=moderator,
        identity=await people.meet(moderator.sender, now),
        role=role,
        text=plain(text),
        argument=argument,
    )
