"""Private copies: posts for people who read alone, at once or in digests, planned a batch at a time.

Who was sent what up to which post stands in their membership, and moves in the transaction that plans the rows: after a
crash the next batch goes on where the last one that was committed ended. Nothing of this is done in the transaction of
an approval, however many people read.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bridge.core.capabilities import Capabilities, Form
from bridge.core.community import Communities, Community
from bridge.core.ids import Address
from bridge.core.membership import Reading
from bridge.core.message import Content
from bridge.core.reading import at_hour
from bridge.core.splitting import split
from bridge.core.states import PostState
from bridge.core.text import RichText, plain
from bridge.core.when import Hours
from bridge.delivery import correcting, lettering, planning, retracting
from bridge.delivery.directory import Directory
from bridge.members import contact, preferences
from bridge.rendering import digests, posts
from bridge.rendering.digests import Digest
from bridge.rendering.posts import PostView
from bridge.rendering.words import Words, words
from bridge.storage import asked, codec, feed, ledger, memberships, people, submissions
from bridge.storage.bells import feed_bell
from bridge.storage.counting import lock
from bridge.storage.database import transaction
from bridge.storage.models import Delivery, Identity, Post
from bridge.storage.models_members import CopyChange, Membership

BATCH = 200
"""Rows that one transaction plans at most."""
_AT_A_TICK = 10
"""Batches of one community that the minute's tick does: other timers wait for it."""
_FLOOD = 5
"""Somebody who is more posts than this behind (they were away) gets them as one digest."""
_LINE_ITEMS = 6
"""Of a digest where every message costs: what is more is a number."""
_MOST_ITEMS = 30
"""Of a digest."""
_UNREACHABLE = timedelta(days=1)
"""When somebody who cannot be written to is looked at again."""
_DIGEST_LIFETIME = timedelta(days=2)
_LONGEST_WAIT = timedelta(seconds=60)


async def tick(community: Community, directory: Directory, now: datetime) -> None:
    """Once a minute."""
    for _ in range(_AT_A_TICK):
        if not await batch(community, directory, now):
            return
    feed_bell.ring()  # the loop that is not held up by other timers does the rest


async def work_off(communities: Communities, directory: Directory, now: datetime) -> bool:
    """One batch of every community; True where there is more."""
    found = [await batch(community, directory, now) for community in communities.all]
    return any(found)


async def wait_seconds(now: datetime) -> float:
    """How long until something may be due that rings no bell."""
    due = await feed.next_release(now)
    waits = _LONGEST_WAIT if due is None else min(_LONGEST_WAIT, max(timedelta(0), due - now))
    return waits.total_seconds()


async def batch(community: Community, directory: Directory, now: datetime) -> bool:
    """Plan at most ``BATCH`` rows; True where there may be more to do at once."""
    async with transaction():
        job = _Job(community=community, directory=directory, now=now)
        # A correction begun before everybody was switched off is finished all the same.
        change = await feed.open_change(community.id)
        if change is None and not await feed.is_read_privately(community.id):
            return False
        await lock(f"readers:{community.id}")
        if change is not None:
            await job.follow(change)
            return True
        newest = await feed.release(community.id, now)
        return newest is not None and (await job.at_once(newest) or await job.in_digests(newest))


@dataclass(kw_only=True)
class _Job:
    """One batch of one community."""

    community: Community
    directory: Directory
    now: datetime
    planned: int = 0
    _views: dict[int, PostView] = field(default_factory=dict)
    _behind: dict[int, list[Post]] = field(default_factory=dict)
    _places: dict[int, int] = field(default_factory=dict)
    _parts: dict[tuple[object, ...], list[Content]] = field(default_factory=dict)
    _texts: dict[int, str] = field(default_factory=dict)
    _gathered: list[Delivery] = field(default_factory=list)
    _threads: dict[int, set[tuple[str, str]]] = field(default_factory=dict)

    # --- at once ---

    async def at_once(self, newest: Post) -> bool:
        """Those who read everything as it comes; True where the batch was full."""
        members = await feed.behind_at_once(self.community.id, newest.id, self.now, BATCH)
        accounts = await feed.identities_of([member.person_id for member in members])
        served: list[Membership] = []
        full = len(members) == BATCH
        for member in members:
            if self.planned >= BATCH:
                full = True
                break
            reader = self._reader(member, accounts.get(member.person_id, []))
            later = preferences.held_back_until(member, self.community, self.now, _quiet(reader))
            if later is None and reader is None:
                later = self.now + _UNREACHABLE
            if later is None and reader is not None:
                later = await self._enough_today(reader)
            if later is not None or reader is None:
                await memberships.prefer(member, next_at=later)
                continue
            unread = await self._unread(member, _FLOOD + 1)
            if len(unread) > await self._most_at_once(reader):
                await self._digest(reader, newest)
            elif not await self._send(reader, unread, [m.person_id for m in members]):
                full = True
                break
            served.append(member)
        await self._plan_gathered()
        await memberships.prefer_all(served, read_post_id=newest.id, next_at=None)
        return full

    async def _enough_today(self, reader: "_Reader") -> datetime | None:
        """The end of their day, where they have been sent as much today as may be; what comes then is one digest."""
        most = reader.capabilities.pushes_per_day
        return None if not most or await self._left_today(reader) > 0 else self._tomorrow(reader)

    async def _most_at_once(self, reader: "_Reader") -> int:
        if not reader.capabilities.pushes_per_day:
            return _FLOOD
        return min(_FLOOD, await self._left_today(reader))

    async def _left_today(self, reader: "_Reader") -> int:
        zone = preferences.zone_of(reader.member, self.community)
        begun = at_hour(self.now.astimezone(zone).date(), 0, zone)
        sent = await asked.pushed(reader.member.person_id, reader.address.account, begun)
        return reader.capabilities.pushes_per_day - sent

    def _tomorrow(self, reader: "_Reader") -> datetime:
        zone = preferences.zone_of(reader.member, self.community)
        return at_hour(self.now.astimezone(zone).date() + timedelta(days=1), 0, zone)

    async def _send(self, reader: "_Reader", unread: Sequence[Post], others: Sequence[int]) -> bool:
        """Copies of some posts; False where they are too many for what is left of this batch."""
        contents = [(post, await self._contents(post, reader, others)) for post in unread]
        count = sum(len(parts) for _, parts in contents)
        if self.planned and self.planned + count > BATCH:
            return False
        for post, parts in contents:
            await self._plan(post, parts, reader)
        self.planned += count
        return True

    async def _plan(self, post: Post, parts: Sequence[Content], reader: "_Reader") -> None:
        """One message waits for nothing, and is written together with those of the other readers."""
        if len(parts) == 1:
            self._gathered.append(
                ledger.copy_row(
                    address=reader.address,
                    now=self.now,
                    content=self._dumped(parts[0]),
                    community=self.community.id,
                    post_id=post.id,
                    person_id=reader.member.person_id,
                )
            )
            return
        await self._plan_gathered()  # the order of a lane is that of its rows
        await planning.plan_parts(
            parts, post, self.community, reader.address, self.now, person_id=reader.member.person_id
        )

    async def _plan_gathered(self) -> None:
        await ledger.plan_copies(self._gathered)
        self._gathered.clear()

    def _dumped(self, content: Content) -> str:
        """The same words go to many: ``_parts`` holds what the number names for as long as the batch lasts."""
        if id(content) not in self._texts:
            self._texts[id(content)] = codec.dump(codec.CONTENT, content)
        return self._texts[id(content)]

    async def _contents(self, post: Post, reader: "_Reader", others: Sequence[int] = ()) -> list[Content]:
        """A post's messages for one reader; the same for all who have the same language, account and wishes."""
        view = await self._view(post)
        quoting = post.reply_post_id is not None
        if post.reply_post_id is not None and reader.capabilities.replies:
            if post.reply_post_id not in self._threads:
                ids = list({*others, reader.member.person_id})
                self._threads[post.reply_post_id] = await feed.chats_with(post.reply_post_id, ids)
            quoting = (str(reader.address.account), str(reader.address.chat)) not in self._threads[post.reply_post_id]
        key = (post.id, reader.address.account, reader.capabilities, reader.language, reader.member.media, quoting)
        if key not in self._parts:
            self._parts[key] = planning.parts_of(
                posts.in_language(view, reader.language),
                reader.address,
                self.directory,
                reader.w,
                quoting=quoting,
                media=reader.member.media,
            )
        return self._parts[key]

    # --- digests ---

    async def in_digests(self, newest: Post) -> bool:
        """Those whose hour has come; True where the batch was full."""
        members = await feed.due_for_digest(self.community.id, self.now, BATCH)
        accounts = await feed.identities_of([member.person_id for member in members])
        for member in members:
            if self.planned >= BATCH:
                return True
            after = preferences.next_due(member, self.community, self.now)
            reader = self._reader(member, accounts.get(member.person_id, []))
            later = preferences.held_back_until(member, self.community, self.now, _quiet(reader))
            if later is not None and later == member.away_until:
                # What comes at their hour comes at their hour, also after a journey.
                later = preferences.next_due(member, self.community, later)
            if member.next_at is None or later is not None or reader is None:
                await memberships.prefer(member, next_at=later or after)
                continue
            if await self._digest(reader, newest):
                await memberships.prefer(member, digest_at=self.now)
            await memberships.prefer(member, read_post_id=newest.id, next_at=after)
        return len(members) == BATCH

    async def _digest(self, reader: "_Reader", newest: Post) -> bool:
        """Plan one; False where there is nothing to tell."""
        member = reader.member
        unread = await self._unread(member, _MOST_ITEMS + 1)
        earlier = 0
        if len(unread) > _MOST_ITEMS:
            place = await self._place(member)
            total = await feed.count_behind(self.community.id, place)
            if newest.feed_number is not None and total > _MOST_ITEMS:
                skipped = max(place, newest.feed_number - 2 * _MOST_ITEMS)
                unread = [p for p in await feed.behind(self.community.id, skipped, 500) if not _is_own(p, member)]
            unread = unread[-_MOST_ITEMS:]
            earlier = max(0, total - len(unread))
        changed = await self._changed(member)
        if not unread and not changed:
            return False
        views = [posts.in_language(await self._view(post), reader.language) for post in unread]
        digest = Digest(
            community=self.community.name,
            reading=preferences.reading_of(member),
            items=views,
            earlier=earlier,
            corrected=[post.number for post in changed if post.state == PostState.LIVE],
            taken_back=[post.number for post in changed if post.state != PostState.LIVE],
        )
        last: Delivery | None = None
        for part in self._digest_parts(digest, reader):
            last = await ledger.plan(
                kind=ledger.DIGEST,
                address=reader.address,
                now=self.now,
                content=part,
                community=self.community.id,
                person_id=member.person_id,
                view=ledger.CAN_WAIT,
                waits_for=None if last is None else last.id,
                lifetime=_DIGEST_LIFETIME,
            )
            self.planned += 1
        return True

    async def _changed(self, member: Membership) -> list[Post]:
        """What was corrected or taken back of what an earlier digest told; copies were changed themselves."""
        if member.digest_at is None or preferences.reading_of(member) is Reading.IMMEDIATE:
            return []
        return await feed.changed_since(self.community.id, await self._place(member), member.digest_at)

    def _digest_parts(self, digest: Digest, reader: "_Reader") -> list[Content]:
        def fits(text: RichText) -> bool:
            if reader.capabilities.push_parts:
                return planning.is_push(text.text, reader.capabilities)
            return self.directory.fits(reader.address, Content(text=text))

        if reader.capabilities.letters:
            text = digests.compose(digest, reader.capabilities, reader.w)
            letter = lettering.of_digest(self.community, reader.w)
            return [
                Content(text=part, letter=letter)
                for part in split(text, lambda t: self.directory.fits(reader.address, Content(text=t, letter=letter)))
            ]
        if reader.capabilities.form is not Form.LINE:
            text = digests.compose(digest, reader.capabilities, reader.w)
            return [Content(text=part) for part in split(text, fits)][: reader.capabilities.max_parts]
        # One message, whatever happened: somebody pays for each.
        most = len(digest.items)
        if reader.capabilities.push_parts:
            most = min(most, _LINE_ITEMS)
        while most > 0 and not fits(plain(digests.line(digest, reader.w, most))):
            most -= 1
        return [Content(text=split(plain(digests.line(digest, reader.w, most)), fits)[0])]

    # --- corrections and retractions ---

    async def follow(self, change: CopyChange) -> None:
        """Bring the copies of some more people to what became of a post."""
        post = await submissions.post_by_id(change.post_id)
        persons = [] if post is None else await feed.persons_with_copies(post.id, change.after_person, BATCH)
        if post is None or not persons:
            await feed.move_on(change, after_person=change.after_person, done=True)
            return
        theirs: dict[int, list[Delivery]] = {person_id: [] for person_id in persons}
        for row in await feed.copies(post.id, persons):
            theirs[int(row.person_id or 0)].append(row)
        accounts = await feed.identities_of(persons)
        done = change.after_person
        for person_id in persons:
            if self.planned >= BATCH:
                break
            member = await memberships.membership(person_id, self.community.id)
            if theirs[person_id] and member is not None:
                await self._change_copy(post, member, theirs[person_id], accounts.get(person_id, []))
            done = person_id
        await feed.move_on(change, after_person=done, done=False)

    async def _change_copy(
        self, post: Post, member: Membership, rows: list[Delivery], accounts: Sequence[Identity]
    ) -> None:
        address = rows[-1].address
        identity = next((account for account in accounts if account.direct == address), None)
        capabilities = self.directory.capabilities(address)
        if identity is None or capabilities is None:
            return
        reader = _Reader.of(member, identity, address, capabilities, self.community)
        if post.state == PostState.LIVE:
            parts = await self._contents(post, reader)
            self.planned += await correcting.correct_copy(
                post, self.community, member.person_id, rows, parts, self.directory, self.now
            )
            return
        planned, stays = await retracting.remove_copy(post, rows, self.directory, self.now)
        self.planned += planned
        if stays:
            await say_taken_back(post, identity, address, self.community, self.now)
            self.planned += 1

    # --- readers and posts ---

    def _reader(self, member: Membership, accounts: Sequence[Identity]) -> "_Reader | None":
        """On which account of theirs: one that costs nothing before one where every message does."""
        found: list[_Reader] = []
        for identity in accounts:
            direct = identity.direct
            capabilities = None if direct is None else self.directory.capabilities(direct)
            if direct is None or capabilities is None or not contact.reachable(identity, self.directory):
                continue
            if identity.person.erased_at is None:
                found.append(_Reader.of(member, identity, direct, capabilities, self.community))
        return min(found, key=lambda reader: reader.capabilities.form is Form.LINE, default=None)

    async def _place(self, member: Membership) -> int:
        if member.read_post_id not in self._places:
            self._places[member.read_post_id] = await feed.place_of(member.read_post_id, self.community.id)
        return self._places[member.read_post_id]

    async def _unread(self, member: Membership, limit: int) -> list[Post]:
        """Behind their cursor, oldest first, at most so many; not their own."""
        place = await self._place(member)
        if place not in self._behind:
            self._behind[place] = await feed.behind(self.community.id, place, 2 * _MOST_ITEMS)
        return [post for post in self._behind[place] if not _is_own(post, member)][:limit]

    async def _view(self, post: Post) -> PostView:
        if post.id not in self._views:
            self._views[post.id] = await planning.view_of(post, self.community)
        return self._views[post.id]


def _quiet(reader: "_Reader | None") -> Hours | None:
    """When telephones are not to ring, where their owners have said nothing of it."""
    return None if reader is None else reader.capabilities.quiet


def _is_own(post: Post, member: Membership) -> bool:
    return bool(post.submission.identity.person_id == member.person_id)


@dataclass(frozen=True, kw_only=True)
class _Reader:
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
    ) -> "_Reader":
        language = people.language_for(identity.person, community.id) or community.language
        return cls(member=member, address=address, capabilities=capabilities, language=language)

    @property
    def w(self) -> Words:
        return words(self.language)


async def say_taken_back(post: Post, identity: Identity, address: Address, community: Community, now: datetime) -> None:
    """Where a message cannot be removed, words say that it no longer stands."""
    if identity.stopped_at is not None:
        return
    w = contact.language_of(identity, community)
    text = w._(
        "{community} #{number} was taken back by the moderators. Please do not pass it on.",
        community=community.name,
        number=post.number,
    )
    await contact.say(address, Content(text=plain(text)), community, now)


async def removal_refused(row: Delivery, community: Community, now: datetime) -> None:
    """A private copy could not be removed after all: its reader is told in words, once for all its parts."""
    post = None if row.post_id is None else await submissions.post_by_id(row.post_id)
    accounts = [] if row.person_id is None else await people.identities(row.person_id)
    identity = next((account for account in accounts if account.direct == row.address), None)
    if post is not None and identity is not None and row.part == 1:
        await say_taken_back(post, identity, row.address, community, now)


__all__ = ["BATCH", "batch", "removal_refused", "tick", "wait_seconds", "work_off"]
