"""A command typed in a moderators' channel, about the community and not about one item."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bridge.core.community import Community
from bridge.core.events import Sender
from bridge.core.ids import Address, RemoteRef
from bridge.core.message import Content
from bridge.core.policy import Role
from bridge.core.text import plain
from bridge.moderation import permissions, powers
from bridge.moderation.acts import Desk, Moderator
from bridge.rendering.words import Words, words
from bridge.storage import inbox, people
from bridge.storage.models import Identity


@dataclass(frozen=True, kw_only=True)
class Order:
    """``/name argument``, with where and by whom it was written."""

    desk: Desk
    communities: tuple[Community, ...]
    """Those whose cards are shown in this channel; at least one."""
    moderator: Moderator
    argument: str
    said: RemoteRef
    reply_to: RemoteRef | None = None
    """The message that the command was a reply to."""
    replied: Sender | None = None
    """Who wrote that message, where it is known."""

    @property
    def community(self) -> Community:
        return self.communities[0]

    @property
    def w(self) -> Words:
        return words(self.community.language)

    async def here(self) -> Address:
        """Where the channel lives now."""
        return await inbox.resolve(self.moderator.channel)

    async def identity(self) -> Identity:
        return await people.meet(self.moderator.sender, self.desk.now)

    async def refused(self, community: Community, role: Role) -> Content | None:
        """Why this person may not order that in a community; None where they may."""
        held = await permissions.role_of(community, self.moderator.sender, self.moderator.channel)
        w = words(community.language)
        if held is None:
            return Content(text=plain(powers.stranger(self.moderator, w).text))
        if not await permissions.covers(community, held, role):
            return Content(text=plain(powers.needs(role, w).text))
        return None


OrderHandler = Callable[[Order], Awaitable[Content | None]]
