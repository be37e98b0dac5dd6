"""Those who read alone: where and in which language each is written to, and what they have not been sent yet."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from bridge.core.capabilities import Capabilities, Form
from bridge.core.card import AuthorCard
from bridge.core.community import Community
from bridge.core.ids import Address
from bridge.core.reading import at_hour
from bridge.core.text import plain
from bridge.core.when import Hours
from bridge.delivery import planning
from bridge.delivery.directory import Directory
from bridge.members import contact, preferences
from bridge.rendering import posts
from bridge.rendering.posts import PostView
from bridge.rendering.words import Words, words
from bridge.storage import asked, feed, people
from bridge.storage.models import Identity, Post
from bridge.storage.models_members import Membership

log = structlog.get_logger()
BROKEN = (ValueError, LookupError, TypeError, AttributeError)
"""What reading or rendering something fails with that was not stored as it is read."""


@dataclass(frozen=True, kw_only=True)
class Reader:
    """A member, and where and how they are written to."""

    member: Membership
    address: Address
    capabilities: Capabilities
    language: str

    @classmethod
    def of(
        cls,
        member: Membership,
        identity: Identity,
        address: Address,
        capabilities: Capabilities,
        community: Community,
    ) -> "Reader":
        language = people.language_for(identity.person, community.id) or community.language
        return cls(member=member, address=address, capabilities=capabilities, language=language)

    @classmethod
    def among(
        cls, member: Membership, accounts: Sequence[Identity], community: Community, directory: Directory
    ) -> "Reader | None":
        """On which account of theirs: one that costs nothing before one where every message does."""
        found: list[Reader] = []
        for identity in accounts:
            direct = identity.direct
            capabilities = None if direct is None else directory.capabilities(direct)
            if direct is None or capabilities is None or not contact.reachable(identity, directory):
                continue
            if identity.person.erased_at is None:
                found.append(cls.of(member, identity, direct, capabilities, community))
        return min(found, key=lambda reader: reader.capabilities.form is Form.LINE, default=None)

    @property
    def w(self) -> Words:
        return words(self.language)

    async def left_today(self, community: Community, now: datetime) -> int:
        """How many messages that they have not asked for they may still be sent on this day of theirs."""
        zone = preferences.zone_of(self.member, community)
        begun = at_hour(now.astimezone(zone).date(), 0, zone)
        sent = await asked.pushed(self.member.person_id, self.address.account, begun)
        return self.capabilities.pushes_per_day - sent

    def tomorrow(self, community: Community, now: datetime) -> datetime:
        """When their day ends."""
        zone = preferences.zone_of(self.member, community)
        return at_hour(now.astimezone(zone).date() + timedelta(days=1), 0, zone)


def quiet(reader: Reader | None) -> Hours | None:
    """When telephones are not to ring, where their owners have said nothing of it."""
    return None if reader is None else reader.capabilities.quiet


def is_own(post: Post, member: Membership) -> bool:
    """Did they write it themselves?"""
    return bool(post.submission.identity.person_id == member.person_id)


@dataclass(kw_only=True)
class Shelf:
    """The posts of a community as one batch has read them."""

    community: Community
    most: int
    """Posts that are read behind a place at once."""
    unreadable: dict[int, int] = field(default_factory=dict)
    """The numbers of posts that could not be shown, by their ids."""
    _views: dict[int, PostView | Exception] = field(default_factory=dict)
    _behind: dict[int, list[Post]] = field(default_factory=dict)
    _places: dict[int, int] = field(default_factory=dict)

    async def place(self, member: Membership) -> int:
        """The number up to which they have read."""
        if member.read_post_id not in self._places:
            self._places[member.read_post_id] = await feed.place_of(member.read_post_id, self.community.id)
        return self._places[member.read_post_id]

    async def unread(self, member: Membership, limit: int) -> list[Post]:
        """Behind their cursor, oldest first, at most so many; not their own."""
        place = await self.place(member)
        if place not in self._behind:
            self._behind[place] = await feed.behind(self.community.id, place, self.most)
        return [post for post in self._behind[place] if not is_own(post, member)][:limit]

    async def view(self, post: Post, language: str) -> PostView:
        """As readers of a language see it. Raises one of ``BROKEN`` where it cannot be read."""
        if post.id not in self._views:
            try:
                self._views[post.id] = await planning.view_of(post, self.community)
            except BROKEN as error:
                self._views[post.id] = error
        view = self._views[post.id]
        if isinstance(view, Exception):
            raise view
        return posts.in_language(view, language)

    def in_words(self, post: Post, reader: Reader, error: Exception) -> PostView:
        """What is shown of a post that cannot be: it holds no other up, and does not vanish."""
        self.report(post, error)
        name = self.community.name
        return PostView(
            community=name,
            number=post.number,
            author=post.author,
            text=plain(reader.w._("This message could not be shown here. The moderators can tell you what it says.")),
            card=AuthorCard(label=name, name=post.author),
        )

    def report(self, post: Post, error: Exception) -> None:
        """To the operator, once, and noted for the moderators. Not the error's words: they may quote somebody."""
        if post.id not in self.unreadable:
            self.unreadable[post.id] = post.number
            log.error("post_unreadable", post=post.id, community=self.community.id, error=type(error).__name__)


__all__ = ["BROKEN", "Reader", "Shelf", "is_own", "quiet"]
