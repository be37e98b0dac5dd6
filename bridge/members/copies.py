"""Private copies: posts for people who read alone, at once or in digests, planned a batch at a time.

Who was sent what up to which post stands in their membership, and moves in the transaction that plans the rows: after a
crash the next batch goes on where the last one that was committed ended. Nothing of this is done in the transaction of
an approval, however many people read.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bridge.core.community import Communities, Community
from bridge.core.errors import StorageUnavailable
from bridge.core.ids import Address
from bridge.core.message import Content
from bridge.core.states import PostState
from bridge.core.text import plain
from bridge.delivery import correcting, lettering, planning, retracting
from bridge.delivery.directory import Directory
from bridge.members import contact, preferences
from bridge.members.digesting import MOST_ITEMS, Digests
from bridge.members.readers import BROKEN, Reader, Shelf, quiet
from bridge.rendering.words import words
from bridge.storage import codec, feed, ledger, memberships, people, submissions, unreadable
from bridge.storage.bells import feed_bell
from bridge.storage.counting import lock
from bridge.storage.database import UNAVAILABLE, transaction
from bridge.storage.models import Delivery, Identity, Post
from bridge.storage.models_members import CopyChange, Membership
from bridge.storage.savepoints import savepoint

BATCH = 200
"""Rows that one transaction plans at most."""
_AT_A_TICK = 10
"""Batches of one community that the minute's tick does: other timers wait for it."""
_FLOOD = 5
"""Somebody who is more posts than this behind (they were away) gets them as one digest."""
_UNREACHABLE = timedelta(days=1)
"""When somebody who cannot be written to is looked at again."""
_LONGEST_WAIT = timedelta(seconds=60)


async def tick(community: Community, directory: Directory, now: datetime) -> None:
    """Once a minute."""
    if await unreadable.any_waits(community.id):
        async with transaction():
            await lock(f"readers:{community.id}")
            await _tell_of_unreadable(community, (), now)
    for _ in range(_AT_A_TICK):
        if not await batch(community, directory, now):
            return
    feed_bell.ring()  # the loop that is not held up by other timers does the rest


async def work_off(communities: Communities, directory: Directory, now: datetime) -> bool:
    """One batch of every community; True where there is more. What one of them fails with is raised at the end."""
    more, failed = False, None
    for community in communities.all:
        try:
            more |= await batch(community, directory, now)
        except (StorageUnavailable, *UNAVAILABLE):
            raise
        except Exception as error:
            failed = error
    if failed is not None:
        raise failed
    return more


async def wait_seconds(now: datetime) -> float:
    """How long until something may be due that rings no bell."""
    due = await feed.next_release(now)
    waits = _LONGEST_WAIT if due is None else min(_LONGEST_WAIT, max(timedelta(0), due - now))
    return waits.total_seconds()


async def batch(community: Community, directory: Directory, now: datetime) -> bool:
    """Plan at most ``BATCH`` rows; True where there may be more to do at once."""
    async with transaction():
        job = Job(community=community, directory=directory, now=now)
        # A correction begun before everybody was switched off is finished all the same.
        change = await feed.open_change(community.id)
        if change is None and not await feed.is_read_privately(community.id):
            return False
        await lock(f"readers:{community.id}")
        more = await job.follow(change) if change is not None else await job.carry_on()
        if job.shelf.unreadable:
            await _tell_of_unreadable(community, job.shelf.unreadable.values(), now)
        return more


async def _tell_of_unreadable(community: Community, numbers: Collection[int], now: datetime) -> None:
    """Readers are told to ask the moderators, who would else not know of it."""
    if not (due := await unreadable.to_tell(community.id, numbers, now)):
        return
    w = words(community.language)
    text = w._(
        "⚠️ The program could not show {posts} to everybody who reads privately: they are told to ask you, or keep an "
        "older wording. Please tell whoever runs the program.",
        posts=", ".join(f"#{number}" for number in due),
    )
    await contact.tell_moderators(community, text, now)


@dataclass(kw_only=True)
class Job:
    """One batch of one community."""

    community: Community
    directory: Directory
    now: datetime
    planned: int = 0
    _parts: dict[tuple[object, ...], list[Content]] = field(default_factory=dict)
    _dumps: dict[int, tuple[Content, str]] = field(default_factory=dict)
    _gathered: list[Delivery] = field(default_factory=list)
    _threads: dict[int, set[tuple[str, str]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.shelf = Shelf(community=self.community, most=2 * MOST_ITEMS)
        self.digests = Digests(community=self.community, directory=self.directory, now=self.now, shelf=self.shelf)

    async def carry_on(self) -> bool:
        """What was published since; True where there may be more to do at once."""
        newest = await feed.release(self.community.id, self.now)
        return newest is not None and (await self.at_once(newest) or await self.in_digests(newest))

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
            reader = Reader.among(member, accounts.get(member.person_id, []), self.community, self.directory)
            later = preferences.held_back_until(member, self.community, self.now, quiet(reader))
            if later is None and reader is None:
                later = self.now + _UNREACHABLE
            if later is None and reader is not None:
                later = await self._enough_today(reader)
            if later is not None or reader is None:
                await memberships.prefer(member, next_at=later)
                continue
            unread = await self.shelf.unread(member, _FLOOD + 1)
            if len(unread) > await self._most_at_once(reader):
                self.planned += await self.digests.plan(reader, newest)
            elif not await self._send(reader, unread, [m.person_id for m in members]):
                full = True
                break
            served.append(member)
        await self._plan_gathered()
        await memberships.prefer_all(served, read_post_id=newest.id, next_at=None)
        return full

    async def _enough_today(self, reader: Reader) -> datetime | None:
        """The end of their day, where they have been sent as much today as may be; what comes then is one digest."""
        most = reader.capabilities.pushes_per_day
        if not most or await reader.left_today(self.community, self.now) > 0:
            return None
        return reader.tomorrow(self.community, self.now)

    async def _most_at_once(self, reader: Reader) -> int:
        if not reader.capabilities.pushes_per_day:
            return _FLOOD
        return min(_FLOOD, await reader.left_today(self.community, self.now))

    async def _send(self, reader: Reader, unread: Sequence[Post], others: Sequence[int]) -> bool:
        """Copies of some posts; False where they are too many for what is left of this batch."""
        contents = [(post, await self._copy(post, reader, others)) for post in unread]
        count = sum(len(parts) for _, parts in contents)
        if self.planned and self.planned + count > BATCH:
            return False
        for post, parts in contents:
            await self._plan(post, parts, reader)
        self.planned += count
        return True

    async def _plan(self, post: Post, parts: Sequence[Content], reader: Reader) -> None:
        """One message waits for nothing, and is written together with those of the other readers."""
        if len(parts) == 1:
            self._gathered.append(
                ledger.copy_row(
                    address=reader.address,
                    now=self.now,
                    content=self.dumped(parts[0]),
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

    def dumped(self, content: Content) -> str:
        """As the row keeps it: the same message goes to many. Kept as long as what it is of, whose number names it."""
        if id(content) not in self._dumps:
            self._dumps[id(content)] = content, codec.dump(codec.CONTENT, content)
        return self._dumps[id(content)][1]

    async def _copy(self, post: Post, reader: Reader, others: Sequence[int]) -> list[Content]:
        """A post's messages for one reader, whatever it is made of."""
        try:
            return await self._contents(post, reader, others)
        except BROKEN as error:
            view = self.shelf.in_words(post, reader, error)
        return self._placed(planning.parts_of(view, reader.address, self.directory, reader.w, quoting=False))

    async def _contents(self, post: Post, reader: Reader, others: Sequence[int]) -> list[Content]:
        """A post's messages for one reader; the same for all who have the same language, account and wishes."""
        view = await self.shelf.view(post, reader.language)
        quoting = post.reply_post_id is not None
        if post.reply_post_id is not None and reader.capabilities.replies:
            if post.reply_post_id not in self._threads:
                ids = list({*others, reader.member.person_id})
                self._threads[post.reply_post_id] = await feed.chats_with(post.reply_post_id, ids)
            quoting = (str(reader.address.account), str(reader.address.chat)) not in self._threads[post.reply_post_id]
        media = reader.member.media
        key = (post.id, reader.address.account, reader.capabilities, reader.language, media, quoting)
        if key not in self._parts:
            self._parts[key] = self._placed(
                planning.parts_of(view, reader.address, self.directory, reader.w, quoting=quoting, media=media)
            )
        return self._parts[key]

    def _placed(self, parts: Sequence[Content]) -> list[Content]:
        return [lettering.placed(part, self.community, part=n) for n, part in enumerate(parts, 1)]

    # --- digests ---

    async def in_digests(self, newest: Post) -> bool:
        """Those whose hour has come; True where the batch was full."""
        members = await feed.due_for_digest(self.community.id, self.now, BATCH)
        accounts = await feed.identities_of([member.person_id for member in members])
        for member in members:
            if self.planned >= BATCH:
                return True
            after = preferences.next_due(member, self.community, self.now)
            reader = Reader.among(member, accounts.get(member.person_id, []), self.community, self.directory)
            later = preferences.held_back_until(member, self.community, self.now, quiet(reader))
            if later is not None and later == member.away_until:
                # What comes at their hour comes at their hour, also after a journey.
                later = preferences.next_due(member, self.community, later)
            if member.next_at is None or later is not None or reader is None:
                await memberships.prefer(member, next_at=later or after)
                continue
            if planned := await self.digests.plan(reader, newest):
                self.planned += planned
                await memberships.prefer(member, digest_at=self.now)
            await memberships.prefer(member, read_post_id=newest.id, next_at=after)
        return len(members) == BATCH

    # --- corrections and retractions ---

    async def follow(self, change: CopyChange) -> bool:
        """Bring the copies of some more people to what became of a post."""
        post = await submissions.post_by_id(change.post_id)
        persons = [] if post is None else await feed.persons_with_copies(post.id, change.after_person, BATCH)
        if post is None or not persons:
            await feed.move_on(change, after_person=change.after_person, done=True)
            return True
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
                try:
                    async with savepoint():  # whole or not at all, wherever it fails
                        rows, known = theirs[person_id], accounts.get(person_id, [])
                        planned = await self._change_copy(post, member, rows, known, persons)
                    self.planned += planned
                except BROKEN as error:  # what they have of it is better than anything that could be said
                    self.shelf.report(post, error)
            done = person_id
        await feed.move_on(change, after_person=done, done=False)
        return True

    async def _change_copy(
        self,
        post: Post,
        member: Membership,
        rows: list[Delivery],
        accounts: Sequence[Identity],
        others: Sequence[int],
    ) -> int:
        """Returns how many rows that took."""
        address = rows[-1].address
        identity = next((account for account in accounts if account.direct == address), None)
        capabilities = self.directory.capabilities(address)
        if identity is None or capabilities is None:
            return 0
        reader = Reader.of(member, identity, address, capabilities, self.community)
        if post.state == PostState.LIVE:
            parts = await self._contents(post, reader, others)
            return await correcting.correct_copy(
                post, self.community, member.person_id, rows, parts, self.directory, self.now
            )
        planned, stays = await retracting.remove_copy(post, rows, self.directory, self.now)
        if stays:
            await say_taken_back(post, identity, address, self.community, self.now)
        return planned + stays


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


__all__ = ["BATCH", "Job", "batch", "removal_refused", "tick", "wait_seconds", "work_off"]
