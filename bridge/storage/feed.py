"""What a community has published, in the order of publication, and who is still to be sent what of it.

A post gets its place (``Post.feed_number``) once it may go out, one after the other: a reader's cursor never passes a
post that comes later, whatever was approved, scheduled or committed first.
"""

import re
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from tortoise.expressions import Q

from bridge.core.membership import Reading
from bridge.core.reading import COPIED, DIGESTS
from bridge.core.states import DeliveryState, DeliveryStep, MembershipState, PostState
from bridge.storage import codec
from bridge.storage.bells import feed_bell
from bridge.storage.counting import lock, next_number
from bridge.storage.ledger_reads import COPY, DIGEST, SEND
from bridge.storage.ledger_steps import advance
from bridge.storage.models import Delivery, Identity, Post
from bridge.storage.models_members import CopyChange, Membership

_HEAD = re.compile(r"^#(\d{1,9}) ", re.MULTILINE)
_LINE_HEAD = re.compile(r"(?:: |\. )#(\d{1,9}) ")
"""The number of a post that a digest tells of: its words stand on one line; where characters cost everything does."""
_MOST_CHANGED = 1000
_RECENT = 400
"""Rows of one person that may still be on their way."""


def _due(now: datetime) -> Q:
    return Q(publish_at__isnull=True) | Q(publish_at__lte=now)


async def release(community: str, now: datetime) -> Post | None:
    """Give their places to the posts that may go out by now; returns the newest. Inside the caller's transaction."""
    waiting = Post.filter(_due(now), community=community, state=PostState.LIVE, feed_number__isnull=True)
    if await waiting.exists():
        await lock(f"feed:{community}")
        for post in await waiting.order_by("publish_at", "id").select_for_update():
            post.feed_number = await next_number(f"feed:{community}")
            await Post.filter(id=post.id).update(feed_number=post.feed_number)
    return await newest(community)


def announce() -> None:
    """A post was published: once that is committed, those who read privately are looked after."""
    feed_bell.ring_after_commit()


async def newest(community: str) -> Post | None:
    return await Post.filter(community=community, feed_number__isnull=False).order_by("-feed_number").first()


async def next_release(now: datetime) -> datetime | None:
    """When the next post that waits for its time may go out."""
    row = await Post.filter(state=PostState.LIVE, publish_at__gt=now).order_by("publish_at").first()
    return None if row is None else row.publish_at


async def place_of(post_id: int, community: str) -> int:
    """The number up to which somebody has read whose last post this is."""
    if not post_id:
        return 0
    post = await Post.get_or_none(id=post_id, community=community)
    if post is not None and post.feed_number is not None:
        return int(post.feed_number)
    # It is gone, or was never theirs to read: what was published until then counts as read.
    before = Post.filter(community=community, feed_number__isnull=False, id__lte=post_id)
    known = await before.order_by("-feed_number").first()
    return 0 if known is None or known.feed_number is None else known.feed_number


async def behind(community: str, place: int, limit: int) -> list[Post]:
    """The posts behind a place that are still published, oldest first, with who wrote them."""
    rows = Post.filter(community=community, feed_number__gt=place, state=PostState.LIVE)
    return await rows.order_by("feed_number").limit(limit).select_related("submission__identity")


async def count_behind(community: str, place: int) -> int:
    return await Post.filter(community=community, feed_number__gt=place, state=PostState.LIVE).count()


async def changed_since(community: str, place: int, since: datetime) -> list[Post]:
    """Posts up to a place that were corrected or taken back since a moment."""
    # One after the other, each by its own index: asked for either, SQLite reads all that the community ever published.
    rows = [
        *await Post.filter(community=community, corrected_at__gt=since),
        *await Post.filter(community=community, retracted_at__gt=since),
    ]
    told = {row.feed_number: row for row in rows if row.feed_number is not None and row.feed_number <= place}
    return [told[number] for number in sorted(told)][:_MOST_CHANGED]


# --- who is to be sent something ---


def _can_be_sent(community: str, readings: Collection[Reading], now: datetime) -> Q:
    return Q(Q(next_at__isnull=True) | Q(next_at__lte=now), community=community, state=MembershipState.MEMBER) & Q(
        reading__in=[reading.value for reading in readings]
    )


async def is_read_privately(community: str) -> bool:
    """Is there anybody who is sent copies?"""
    rows = Membership.filter(community=community, state=MembershipState.MEMBER)
    return await rows.filter(reading__in=[reading.value for reading in COPIED]).exists()


async def behind_at_once(community: str, newest_id: int, now: datetime, limit: int) -> list[Membership]:
    """Those who read at once and have not been sent the newest; each locked until the transaction ends."""
    rows = Membership.filter(_can_be_sent(community, (Reading.IMMEDIATE,), now)).exclude(read_post_id=newest_id)
    return await rows.order_by("id").limit(limit).select_for_update()


async def due_for_digest(community: str, now: datetime, limit: int) -> list[Membership]:
    """Those whose hour has come; each locked until the transaction ends."""
    rows = Membership.filter(_can_be_sent(community, DIGESTS, now))
    return await rows.order_by("id").limit(limit).select_for_update()


async def identities_of(person_ids: Collection[int]) -> dict[int, list[Identity]]:
    """The accounts of many people, as ``people.identities`` orders those of one."""
    found: dict[int, list[Identity]] = {}
    rows = Identity.filter(person_id__in=list(person_ids) or [0]).order_by("-direct_open", "-id")
    for row in await rows.select_related("person"):
        found.setdefault(row.person_id, []).append(row)
    return found


# --- the copies of a post ---


async def chats_with(post_id: int, person_ids: Collection[int]) -> set[tuple[str, str]]:
    """(account, chat) of the people whose own copy of a post is or will be there to be replied to."""
    there = (DeliveryState.PLANNED, DeliveryState.ATTEMPTING, DeliveryState.DELIVERED)
    rows = Delivery.filter(kind=COPY, post_id=post_id, operation=SEND, person_id__in=list(person_ids), state__in=there)
    return {(str(account), str(chat)) for account, chat in await rows.values_list("account", "chat")}


async def arrived(post_id: int) -> tuple[int, int]:
    """How many people have their copy of a post, of how many that are to have one."""
    first = Delivery.filter(post_id=post_id, kind=COPY, operation=SEND, part=1, revision=0)
    rows = first.exclude(state=DeliveryState.CANCELLED)
    return await rows.filter(state=DeliveryState.DELIVERED).count(), await rows.count()


async def persons_with_copies(post_id: int, after: int, limit: int) -> list[int]:
    """The next people, by number, who were sent a copy of a post or are about to be."""
    rows = Delivery.filter(post_id=post_id, kind=COPY, person_id__gt=after).order_by("person_id").distinct()
    found: list[Any] = list(await rows.limit(limit).values_list("person_id", flat=True))
    return [int(person_id) for person_id in found]


async def copies(post_id: int, person_ids: Sequence[int]) -> list[Delivery]:
    """All rows of some people's copies of a post, oldest first, each locked until the transaction ends."""
    rows = Delivery.filter(post_id=post_id, kind=COPY, person_id__in=list(person_ids))
    return await rows.order_by("id").select_for_update()


async def call_off(person_id: int, community: str = "") -> None:
    """Cancel what somebody who wants nothing more was to be sent privately; ``community``: only of this one."""
    rows = Delivery.filter(person_id=person_id, kind__in=[COPY, DIGEST], operation=SEND, state=DeliveryState.PLANNED)
    for row in await (rows.filter(community=community) if community else rows).order_by("id"):
        if not row.attempts:
            await advance(row, DeliveryStep.CANCEL)


async def take_back(person_id: int, community: str) -> int:
    """Cancel the last copies planned for somebody, back to the first thing that has been tried or is a digest.

    Returns the place of the earliest post taken back, 0 for none: from there on everything comes anew, so nothing
    behind it may have gone out, or be about to.
    """
    planned = Delivery.filter(person_id=person_id, community=community, kind__in=[COPY, DIGEST])
    rows = await planned.exclude(state=DeliveryState.CANCELLED).order_by("-id").limit(_RECENT).select_related("post")
    tried = {row.post_id for row in rows if not _is_fresh(row)}
    last = max((row.id for row in rows if row.post_id in tried or row.kind == DIGEST), default=0)
    first = 0
    for row in reversed(rows):
        if row.id > last and row.post is not None and await advance(row, DeliveryStep.CANCEL):
            first = first or row.post.feed_number or 0
    return first


def _is_fresh(row: Delivery) -> bool:
    """Is it the beginning of something that nobody has tried to send or change?"""
    return row.state == DeliveryState.PLANNED and not row.attempts and row.operation == SEND and not row.revision


async def before(community: str, place: int) -> int:
    """The id of the post before a place; 0 where it is the first."""
    rows = Post.filter(community=community, feed_number__isnull=False, feed_number__lt=place)
    row = await rows.order_by("-feed_number").first()
    return 0 if row is None else row.id


# --- corrections and retractions ---


async def note_change(post: Post, action: str, now: datetime) -> None:
    """Have the private copies of a post follow it; in the transaction that changes it."""
    if post.feed_number is None and not await Delivery.filter(post_id=post.id, kind=COPY).exists():
        return
    await CopyChange.create(post_id=post.id, community=post.community, action=action, created_at=now)
    feed_bell.ring_after_commit()


async def taken_back(post: Post, now: datetime) -> None:
    """Its private copies are taken back; a digest that tells of it and waits is made anew without it."""
    await note_change(post, "retract", now)
    if post.feed_number is None:
        return
    waiting = Delivery.filter(kind=DIGEST, state=DeliveryState.PLANNED, doubted=False, community=post.community)
    telling = waiting.filter(content__contains=f"#{post.number} ", person_id__isnull=False)
    for person_id in sorted({int(row.person_id or 0) for row in await telling.only("id", "person_id")}):
        await _make_anew(person_id, post, now)


async def _make_anew(person_id: int, post: Post, now: datetime) -> None:
    """Their latest digest, with all that it told. Where some of its messages have gone out, better twice than never."""
    rows = Delivery.filter(person_id=person_id, community=post.community, kind=DIGEST, operation=SEND)
    last = await rows.order_by("-planned_at", "-id").first()
    if last is None:
        return
    parts = await rows.filter(planned_at=last.planned_at).order_by("id").select_for_update()
    # Called off first: of a digest that has gone out altogether nothing is told again.
    if not [part for part in parts if not part.doubted and await advance(part, DeliveryStep.CANCEL)]:
        return
    texts = [codec.load(codec.CONTENT, part.content).text.text for part in parts if part.content]
    told = [int(number) for text in texts for number in _HEAD.findall(text) or _LINE_HEAD.findall(text)]
    first = await Post.filter(community=post.community, number__in=told or [0], feed_number__isnull=False)
    places = [each.feed_number for each in first if each.feed_number is not None]
    member = await Membership.filter(person_id=person_id, community=post.community).first()
    if member is not None and places:
        place = await before(post.community, min(places))
        await Membership.filter(id=member.id).update(read_post_id=place, next_at=now)


async def open_change(community: str) -> CopyChange | None:
    """The oldest one that has not reached all copies, locked until the transaction ends."""
    return await CopyChange.filter(done=False, community=community).order_by("id").select_for_update().first()


async def move_on(change: CopyChange, *, after_person: int, done: bool) -> None:
    await CopyChange.filter(id=change.id).update(after_person=after_person, done=done)


__all__ = [
    "announce",
    "arrived",
    "before",
    "behind",
    "behind_at_once",
    "call_off",
    "changed_since",
    "chats_with",
    "copies",
    "count_behind",
    "due_for_digest",
    "identities_of",
    "is_read_privately",
    "move_on",
    "newest",
    "next_release",
    "note_change",
    "open_change",
    "persons_with_copies",
    "place_of",
    "release",
    "take_back",
    "taken_back",
]
