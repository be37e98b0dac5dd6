"""A community as the rooms see it: its moderators' channels, its groups, its policy."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from zoneinfo import ZoneInfo

from bridge.core.archive import Archive
from bridge.core.card import CardForm
from bridge.core.ids import Address, CommunityId, UserRef
from bridge.core.membership import MemberPolicy
from bridge.core.money import Price
from bridge.core.policy import Policy
from bridge.core.when import Hours


class Intake(StrEnum):
    """What happens to a message that a member writes in a bridged group."""

    HOLD = "hold"
    """It is stored, removed from the group, and comes back with its card once approved."""
    COPY = "copy"
    """It stays; once approved, number and card are added as a reply and the other groups receive it."""
    NONE = "none"
    """The group only receives; whoever writes there is pointed to the bot."""


@dataclass(frozen=True, kw_only=True)
class Group:
    chat: Address
    intake: Intake = Intake.HOLD
    language: str = ""
    quiet: Hours | None = None
    """When nothing is to be sent there, in ``zone``; posts wait for its end."""
    zone: ZoneInfo | None = None
    """The group's own time zone; None: the community's."""
    sms_price: Price | None = None
    """What one SMS to one reader there costs; None: nobody said."""
    card: CardForm = CardForm.DEFAULT
    """How much of an author's card is shown there."""


@dataclass(frozen=True, kw_only=True)
class Community:
    id: CommunityId
    name: str
    language: str
    moderators: tuple[Address, ...]
    """Private channels where cards are shown."""
    trust_channel: bool = False
    """Whoever writes or presses in a moderators' channel may decide."""
    groups: tuple[Group, ...] = ()
    inboxes: tuple[Address, ...] = ()
    """Addresses of its own at which members write to it: ACCOUNT:ADDRESS, where an account serves several."""
    max_length: int = 20_000
    """Longest post, in code points; longer ones are answered, not held."""
    policy: Policy = field(default_factory=Policy)
    members: MemberPolicy = field(default_factory=MemberPolicy)
    archive: Archive = field(default_factory=Archive)
    """Who may read what was published here on a web page, and where that is."""
    allowed_bots: frozenset[UserRef] = frozenset()
    """Bots whose messages in the groups are taken as a member's; all others are not heard."""
    others: tuple[tuple[CommunityId, str], ...] = ()
    """(id, name) of the other communities of this installation."""

    def group(self, chat: Address) -> Group | None:
        return next((group for group in self.groups if group.chat == chat), None)

    @property
    def moderator_ids(self) -> frozenset[UserRef]:
        """Everybody whom the config lets decide."""
        return frozenset(self.policy.roles)


class Communities:
    """All communities of this installation, found by the chats they use."""

    def __init__(self, communities: Iterable[Community]) -> None:
        known = tuple(communities)
        names = [(community.id, community.name) for community in known]
        self._written = tuple(
            replace(community, others=tuple(pair for pair in names if pair[0] != community.id)) for community in known
        )
        self.all: tuple[Community, ...] = ()
        self._by_id: dict[CommunityId, Community] = {}
        self._linked: dict[CommunityId, tuple[Group, ...]] = {}
        self.changes = 0
        """How often a group was connected or disconnected: who reads the table sees whether it changed meanwhile."""
        self.connect({})

    def connect(self, linked: Mapping[CommunityId, Sequence[Group]]) -> None:
        """Have these groups beside those of the config file: all that were connected from inside a chat.

        A chat that the file names, as a group or as a moderators' channel, is what the file says it is.
        """
        self._linked = {community: tuple(groups) for community, groups in linked.items()}
        taken = self.named()
        self.all = tuple(
            replace(
                community,
                groups=(
                    *community.groups,
                    *(group for group in linked.get(community.id, ()) if group.chat not in taken),
                ),
            )
            for community in self._written
        )
        self._by_id = {community.id: community for community in self.all}

    def link(self, community_id: CommunityId, group: Group) -> None:
        """Connect one more group, or change what is known of it."""
        self.changes += 1
        others = [each for each in self._linked.get(community_id, ()) if each.chat != group.chat]
        self.connect({**self._linked, community_id: (*others, group)})

    def unlink(self, chat: Address) -> None:
        """Disconnect a group that was connected from inside a chat."""
        self.changes += 1
        self.connect(
            {
                community: tuple(group for group in groups if group.chat != chat)
                for community, groups in self._linked.items()
            }
        )

    def named(self) -> set[Address]:
        """Every chat that the config file names, as a group or as a moderators' channel."""
        found = {group.chat for community in self._written for group in community.groups}
        return found | {chat for community in self._written for chat in community.moderators}

    def get(self, community_id: str) -> Community | None:
        return self._by_id.get(CommunityId(community_id))

    def of_group(self, chat: Address) -> tuple[Community, Group] | None:
        for community in self.all:
            group = community.group(chat)
            if group is not None:
                return community, group
        return None

    def of_moderators(self, chat: Address) -> tuple[Community, ...]:
        """The communities whose cards are shown in this channel."""
        return tuple(community for community in self.all if chat in community.moderators)

    def on_account(self, account: str) -> tuple[Community, ...]:
        """The communities a private message on this account may be meant for.

        An account without any chat in the config (telephones, mailboxes: people write to it alone) serves them all.
        """
        found = tuple(c for c in self.all if any(chat.account == account for chat in self._chats(c)))
        return found or self.all

    @staticmethod
    def _chats(community: Community) -> tuple[Address, ...]:
        return (*community.moderators, *(group.chat for group in community.groups), *community.inboxes)
