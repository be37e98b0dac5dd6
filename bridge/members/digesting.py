"""Digests for people who read alone: which posts go into one, and that it fits, whatever was published.

What does not fit is not cut off: it is counted, and the digest says where it is to be had.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bridge.core.archive import ArchivePolicy, archive_address, post_address
from bridge.core.capabilities import Form
from bridge.core.community import Community
from bridge.core.membership import Reading
from bridge.core.message import Content
from bridge.core.splitting import split
from bridge.core.states import PostState
from bridge.core.text import RichText, plain
from bridge.delivery import lettering, planning
from bridge.delivery.directory import Directory
from bridge.members import preferences
from bridge.members.readers import BROKEN, Reader, Shelf, is_own
from bridge.rendering import digests, mail_digests
from bridge.rendering.digests import Digest
from bridge.rendering.posts import PostView
from bridge.storage import codec, feed, ledger, personal_links
from bridge.storage.models import Delivery, Post
from bridge.storage.models_members import Membership

MOST_ITEMS = 30
"""Of a digest."""
_LINE_ITEMS = 6
"""Of a digest where every message costs: what is more is a number."""
_LIFETIME = timedelta(days=2)
_AT_MOST_BEHIND = 500


@dataclass(kw_only=True)
class Digests:
    """Plans those of one batch."""

    community: Community
    directory: Directory
    now: datetime
    shelf: Shelf
    _made: dict[tuple[object, ...], list[Content]] = field(default_factory=dict)

    async def plan(self, reader: Reader, newest: Post) -> int:
        """Plan one; returns the number of its messages, 0 where there is nothing to tell."""
        unread, earlier = await self._chosen(reader.member, newest)
        changed = await self._changed(reader.member)
        if not unread and not changed:
            return 0
        last: Delivery | None = None
        parts = await self._parts(reader, unread, earlier, changed)
        for part in parts:
            last = await ledger.plan(
                kind=ledger.DIGEST,
                address=reader.address,
                now=self.now,
                content=part,
                community=self.community.id,
                person_id=reader.member.person_id,
                view=ledger.CAN_WAIT,
                waits_for=None if last is None else last.id,
                lifetime=_LIFETIME,
            )
        return len(parts)

    async def _chosen(self, member: Membership, newest: Post) -> tuple[list[Post], "_Earlier"]:
        """The newest that go into it, oldest first, and what is left out before them."""
        unread = await self.shelf.unread(member, MOST_ITEMS + 1)
        if len(unread) <= MOST_ITEMS:
            return unread, _Earlier()
        place, first = await self.shelf.place(member), unread[0].number
        total = await feed.count_behind(self.community.id, place)
        if newest.feed_number is not None and total > MOST_ITEMS:
            skipped = max(place, newest.feed_number - 2 * MOST_ITEMS)
            behind = await feed.behind(self.community.id, skipped, _AT_MOST_BEHIND)
            unread = [post for post in behind if not is_own(post, member)]
        unread = unread[-MOST_ITEMS:]
        return unread, _Earlier(max(0, total - len(unread)), first)

    async def _changed(self, member: Membership) -> list[Post]:
        """What was corrected or taken back of what an earlier digest told; copies were changed themselves."""
        if member.digest_at is None or preferences.reading_of(member) is Reading.IMMEDIATE:
            return []
        return await feed.changed_since(self.community.id, await self.shelf.place(member), member.digest_at)

    async def _parts(
        self, reader: Reader, unread: Sequence[Post], earlier: "_Earlier", changed: Sequence[Post]
    ) -> list[Content]:
        """Its messages; the same for all who read alike."""
        key = ""
        if self.community.archive.policy is ArchivePolicy.MEMBERS:
            key = await personal_links.known_archive_key(reader.member.person_id, str(self.community.id))
        page = archive_address(self.community.archive, key) or ""
        zone, reading = preferences.zone_of(reader.member, self.community), preferences.reading_of(reader.member)
        alike = (
            *(tuple(post.id for post in unread), tuple((post.id, str(post.state)) for post in changed), earlier),
            *(reading, reader.language, str(zone), page, reader.address.account, reader.capabilities),
        )
        if alike not in self._made:
            told = [await self._item(post, reader) for post in unread]
            digest = Digest(
                community=self.community.name,
                reading=reading,
                items=[view for view, _ in told],
                earlier=earlier.count,
                first_earlier=earlier.first if earlier.count else None,
                corrected=[post.number for post in changed if post.state == PostState.LIVE],
                taken_back=[post.number for post in changed if post.state != PostState.LIVE],
                page=page,
                pages=self._pages([post for post, (_, read) in zip(unread, told, strict=True) if read], key),
                published={post.number: post.publish_at or post.approved_at for post in unread},
                zone=zone,
            )
            try:
                self._made[alike] = self._composed(digest, reader)
            except BROKEN:
                items = [
                    self._sayable(post, view, digest, reader) for post, (view, _) in zip(unread, told, strict=True)
                ]
                self._made[alike] = self._composed(replace(digest, items=items), reader)
        return self._made[alike]

    async def _item(self, post: Post, reader: Reader) -> tuple[PostView, bool]:
        """A post, or words in its place; could it be read?"""
        try:
            return await self.shelf.view(post, reader.language), True
        except BROKEN as error:
            return self.shelf.in_words(post, reader, error), False

    def _sayable(self, post: Post, view: PostView, digest: Digest, reader: Reader) -> PostView:
        """An item of a digest that could not be put into words; it itself, where it was not the one."""
        try:
            self._composed(replace(digest, items=[view]), reader)
        except BROKEN as error:
            return self.shelf.in_words(post, reader, error)
        return view

    def _pages(self, unread: Sequence[Post], key: str) -> dict[int, str]:
        found: dict[int, str] = {}
        for post in unread:
            everywhere = not codec.load_list(post.targets)
            address = post_address(self.community.archive, post.number, key, everywhere=everywhere)
            if address is not None:
                found[post.number] = address
        return found

    def _composed(self, digest: Digest, reader: Reader) -> list[Content]:
        if reader.capabilities.letters:
            return [self._letter(digest, reader)]
        if reader.capabilities.form is Form.LINE:
            return [self._line(digest, reader)]

        def parts(said: Digest) -> list[RichText]:
            return split(digests.compose(said, reader.capabilities, reader.w), lambda text: self._fits(text, reader))

        digest = _reduced(digest, lambda said: len(parts(said)) <= reader.capabilities.max_parts)
        return [Content(text=part) for part in parts(digest)]

    def _letter(self, digest: Digest, reader: Reader) -> Content:
        """One, however much there is."""
        letter = lettering.of_digest(self.community, reader.w, digest.page)

        def content(said: Digest) -> Content:
            return Content(text=plain(mail_digests.compose(said, reader.w)), letter=letter)

        return content(_reduced(digest, lambda said: self.directory.fits(reader.address, content(said))))

    def _line(self, digest: Digest, reader: Reader) -> Content:
        """One message, whatever happened: somebody pays for each."""
        most = len(digest.items)
        if reader.capabilities.push_parts:
            most = min(most, _LINE_ITEMS)

        def line(said: Digest) -> RichText:
            return plain(digests.line(said, reader.w, min(most, len(said.items))))

        while most > 0 and not self._fits(line(digest), reader):
            most -= 1
        while digest.most_changes and not self._fits(line(digest), reader):
            digest = digest.with_fewer_changes()
        text = line(digest)
        room = len(text)
        while room > 1 and not self._fits(text, reader):  # the name of the community is that long
            room = room * 7 // 8
            text = line(digest).shortened(room, "...")
        return Content(text=text)

    def _fits(self, text: RichText, reader: Reader) -> bool:
        if reader.capabilities.push_parts:
            return planning.is_push(text.text, reader.capabilities)
        return self.directory.fits(reader.address, Content(text=text))


@dataclass(frozen=True)
class _Earlier:
    """Posts that are left out."""

    count: int = 0
    first: int = 0
    """The number of the oldest."""


def _reduced(digest: Digest, fits: Callable[[Digest], bool]) -> Digest:
    """With as many posts as fit, the newest; of those left out it says how many they are and where."""
    while digest.items and not fits(digest):
        digest = digest.without_oldest()
    while digest.most_changes and not fits(digest):
        digest = digest.with_fewer_changes()
    return digest


__all__ = ["MOST_ITEMS", "Digests"]
