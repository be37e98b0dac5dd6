"""Applications in the moderators' channels: what people ask that is no post (to join, to show a profile, to connect a
group), with one card each in every channel, decided like a post by a button, a reaction or a reply.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from bridge.core.community import Community
from bridge.core.policy import Role
from bridge.core.text import RichText
from bridge.delivery.directory import Directory
from bridge.moderation.acts import Desk, Moderator, Reply
from bridge.rendering.words import Words, words
from bridge.storage.models import Identity
from bridge.storage.models_members import Application


@dataclass(frozen=True, kw_only=True)
class Ruling:
    """One decision of one authorised person about one application, inside its transaction; the row is locked."""

    desk: Desk
    community: Community
    application: Application
    """With its identity and person."""
    moderator: Moderator
    identity: Identity
    """The person who decides."""
    role: Role
    text: RichText
    """Why not, where that was said."""

    @property
    def w(self) -> Words:
        """The moderators' language."""
        return words(self.community.language)

    @property
    def now(self) -> datetime:
        return self.desk.now


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What one kind of application shows and does. ``approve`` and ``decline`` run after the state has changed: they
    carry out what follows and tell the person, and return what the moderator is told besides "Done.".
    """

    name: str
    title: Callable[[Words], str]
    """For the head of its card: "wants to join", "a changed profile", "wants to connect a group"."""
    lines: Callable[[Application, Community, Words], Awaitable[RichText]]
    """What its card shows beside who asks."""
    approve: Callable[[Ruling], Awaitable[Reply | None]]
    decline: Callable[[Ruling], Awaitable[Reply | None]]
    role: Role = Role.MODERATOR
    """Who may decide."""


async def show(application: Application, community: Community, directory: Directory, now: datetime) -> None:
    """Plan its card in every moderators' channel."""
    raise NotImplementedError


async def refresh(application: Application, now: datetime) -> None:
    """Let every card of it show what is true now."""
    raise NotImplementedError
