"""A community as the rooms see it: its moderators' channels, its groups, its policy."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from bridge.core.ids import Address, CommunityId, UserRef


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


@dataclass(frozen=True, kw_only=True)
class Community:
    id: CommunityId
    name: str
    language: str
    moderators: tuple[Address, ...]
    """Private channels where cards are shown."""
    moderator_ids: frozenset[UserRef]
    """Who may decide."""
    trust_channel: bool = False
    """Whoever writes or presses in a moderators' channel may decide."""
    groups: tuple[Group, ...] = ()
    max_length: int = 20_000
    """Longest post, in code points; longer ones are answered, not held."""

    def group(self, chat: Address) -> Group | None:
        return next((group for group in self.groups if group.chat == chat), None)

    def may_decide(self, user: UserRef, where: Address | None) -> bool:
        """Is this person permitted to decide, at this press, from this place?"""
        return user in self.moderator_ids or (self.trust_channel and where in self.moderators)


class Communities:
    """All communities of this installation, found by the chats they use."""

    def __init__(self, communities: Iterable[Community]) -> None:
        self.all = tuple(communities)
        self._by_id = {community.id: community for community in self.all}

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
        """The communities a private message on this account may be meant for."""
        return tuple(c for c in self.all if any(chat.account == account for chat in self._chats(c)))

    @staticmethod
    def _chats(community: Community) -> tuple[Address, ...]:
        return (*community.moderators, *(group.chat for group in community.groups))
