"""The archive: which posts stand in it, kept in the transaction that changes a post; and what is read of it.

``chosen``, in the reads: also the posts that moderators chose groups for, which only members see.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from bridge.core import searching
from bridge.core.card import from_json
from bridge.core.states import PostState
from bridge.storage import codec, full_text
from bridge.storage import themes as stored_themes
from bridge.storage.database import transaction
from bridge.storage.models import Meta, Post, Revision
from bridge.storage.models_archive import ArchiveEntry
from bridge.storage.models_desk import Theme

_SLICE = 200
_LAST = 2**62
_MOMENT = timedelta(microseconds=1)
_MOST_IN_THREAD = 1000
_MOST_THEMES = 200
_RECENT, _MOST_GONE = 200, 50
"""Of how many of the latest posts, and how many at most, it is said that they were taken back."""
_MADE = "archive-indexed"
"""A key of ``Meta``: the posts from before there was an archive stand in it."""


# --- writing ---


async def keep(post: Post) -> None:
    """Have the archive say what a post says now; in the transaction that published or changed it."""
    if post.state != PostState.LIVE:
        await drop([post.id])
        return
    values = _values(post)
    if not await ArchiveEntry.filter(id=post.id).update(**values):
        await ArchiveEntry.create(id=post.id, **values)


def _values(post: Post) -> dict[str, Any]:
    return {
        "community": post.community,
        "published_at": post.publish_at or post.approved_at,
        "theme_id": post.theme_id,
        "thread_id": post.thread_id or post.id,
        "everywhere": not codec.load_list(post.targets),
        "words": _words(post),
    }


async def drop(post_ids: Collection[int]) -> None:
    """Take posts out; in the transaction that takes them back or erases them."""
    await ArchiveEntry.filter(id__in=list(post_ids) or [0]).delete()


async def keep_again(post_ids: Collection[int]) -> None:
    """The same as ``keep`` for posts whose rows were changed elsewhere."""
    for post in await Post.filter(id__in=list(post_ids) or [0]):
        await keep(post)


def _words(post: Post) -> str:
    card = from_json(codec.load_object(post.card))
    notes = [str(note.get("text", "")) for note in codec.load_object(post.notes).get("notes", [])]
    translated = [
        codec.load(codec.RICH_TEXT, row["text"]).text for row in codec.load_object(post.translations).values()
    ]
    who = (card.name, card.role, card.organisation, card.town, card.biography)
    return searching.indexed((post.headline, *who, codec.load(codec.RICH_TEXT, post.text).text, *notes, *translated))


async def fill() -> int:
    """Put in the posts from before there was an archive, some at a time; returns how many. Once is enough."""
    if await Meta.filter(key=_MADE).exists():
        return 0
    last = count = 0
    while True:
        async with transaction():
            rows = await Post.filter(id__gt=last, state=PostState.LIVE).order_by("id").limit(_SLICE).select_for_update()
            there = set(await ArchiveEntry.filter(id__in=[row.id for row in rows] or [0]).values_list("id", flat=True))
            missing = [row for row in rows if row.id not in there]
            await ArchiveEntry.bulk_create([ArchiveEntry(id=row.id, **_values(row)) for row in missing])
            if not rows:
                await Meta.create(key=_MADE, value="1")
                return count
        last = rows[-1].id
        count += len(missing)


# --- reading ---


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Whose eyes: a community's, at a moment."""

    community: str
    now: datetime
    chosen: bool = False

    def entries(self, until: datetime | None = None) -> QuerySet[ArchiveEntry]:
        """Everything up to a moment. It is one condition: of two, SQLite would look everything through for one."""
        rows = ArchiveEntry.filter(community=self.community, published_at__lte=min(until or self.now, self.now))
        return rows if self.chosen else rows.filter(everywhere=True)

    def of_theme(self, theme_id: int, until: datetime | None = None) -> QuerySet[ArchiveEntry]:
        """Of one of the community's themes. Named by that alone, so that it is found by that index."""
        rows = ArchiveEntry.filter(theme_id=theme_id, published_at__lte=min(until or self.now, self.now))
        return rows if self.chosen else rows.filter(everywhere=True)

    def shows(self, entry: ArchiveEntry) -> bool:
        seen = self.chosen or entry.everywhere
        return seen and entry.community == self.community and entry.published_at <= self.now

    def sees(self, post: Post) -> bool:
        """May it be shown, unless it was taken back?"""
        shown = self.chosen or not codec.load_list(post.targets)
        return shown and post.community == self.community and (post.publish_at or post.approved_at) <= self.now


async def post(reader: Reader, number: int) -> Post | None:
    """The post of a number, also one that was taken back; None where there is nothing to know of it."""
    found = await Post.get_or_none(community=reader.community, number=number).select_related("submission")
    return found if found is not None and reader.sees(found) else None


async def newest(
    reader: Reader,
    *,
    limit: int,
    before: Post | None = None,
    theme_id: int | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[Post]:
    """By the time of publication, the newest first, those after ``before`` in that order."""
    last = None if until is None else until - _MOMENT
    if before is not None:
        at = before.publish_at or before.approved_at
        last = at if last is None else min(at, last)
    rows = reader.entries(last) if theme_id is None else reader.of_theme(theme_id, last)
    if since is not None:
        rows = rows.filter(published_at__gte=since)
    if before is not None:
        rows = rows.filter(Q(published_at__lt=at) | Q(id__lt=before.id))
    return await _posts(await rows.order_by("-published_at", "-id").limit(limit).values_list("id", flat=True))


async def thread(reader: Reader, root_id: int, *, after: int = 0, limit: int) -> list[Post]:
    """A sub-thread in the order in which it was approved, from behind the post with the id ``after``."""
    return await _posts((await _in_thread(reader, root_id, after))[:limit])


async def in_thread(reader: Reader, root_id: int) -> int:
    """How many posts of a sub-thread there are to read, of at most a thousand."""
    return len(await _in_thread(reader, root_id, 0))


async def _in_thread(reader: Reader, root_id: int, after: int) -> list[int]:
    """Few enough to be looked at one by one: a database that does not know that would look at the whole community."""
    rows = ArchiveEntry.filter(thread_id=root_id, id__gt=after).order_by("id").limit(_MOST_IN_THREAD)
    found = await rows.only("id", "community", "published_at", "everywhere")
    return [row.id for row in found if reader.shows(row)]


async def answers(reader: Reader, post: Post, limit: int) -> list[Post]:
    """The posts that answer one, oldest first."""
    ids = await _in_thread(reader, post.thread_id or post.id, post.id) or [0]
    direct = (
        await Post.filter(id__in=ids, reply_post_id=post.id).order_by("id").limit(limit).values_list("id", flat=True)
    )
    return await _posts(direct)


async def search(reader: Reader, said: str, *, before: int = 0, limit: int) -> list[Post]:
    """Posts with all the words that somebody looks for, the last approved first. Anything may be asked."""
    found = await full_text.find(
        ArchiveEntry._meta.db,  # noqa: SLF001 - Tortoise's documented way from a model to its connection
        searching.asked(said),
        community=reader.community,
        until=reader.now,
        before=before or _LAST,
        chosen=reader.chosen,
        limit=limit,
    )
    return await _posts(found)


async def count_between(reader: Reader, since: datetime, until: datetime) -> int:
    return await reader.entries(until - _MOMENT).filter(published_at__gte=since).count()


async def first_and_last(reader: Reader) -> tuple[datetime, datetime] | None:
    """When the oldest and the newest were published."""
    first = await reader.entries().order_by("published_at").first()
    last = await reader.entries().order_by("-published_at").first()
    return None if first is None or last is None else (first.published_at, last.published_at)


async def themes(reader: Reader) -> list[tuple[Theme, int]]:
    """The themes in which there is something to read, the newest first, with the number that their last post bears."""
    rows = await Theme.filter(community=reader.community).order_by("-id").limit(_MOST_THEMES)
    return [(row, await stored_themes.count(row)) for row in rows if await _has_something(reader, row.id)]


async def _has_something(reader: Reader, theme_id: int) -> bool:
    return bool(await reader.of_theme(theme_id).order_by("-published_at").limit(1).values_list("id", flat=True))


async def theme(reader: Reader, theme_id: int) -> Theme | None:
    """One of the community's themes, if there is something to read in it."""
    found = await Theme.get_or_none(id=theme_id, community=reader.community)
    return found if found is not None and await _has_something(reader, found.id) else None


async def by_ids(ids: Collection[int]) -> dict[int, Post]:
    """Posts that are not taken back, by id."""
    rows = await Post.filter(id__in=list(ids) or [0], state=PostState.LIVE).select_related("submission")
    return {row.id: row for row in rows}


async def themes_by_ids(ids: Collection[int]) -> dict[int, Theme]:
    rows = await Theme.filter(id__in=list(ids) or [0])
    return {row.id: row for row in rows}


async def noticed_languages(posts: Collection[Post]) -> dict[int, str]:
    """By post, what its wording was noticed to be written in, where that is another language than its group's."""
    wanted = {(post.submission_id, post.revision): post.id for post in posts}
    rows = await Revision.filter(submission_id__in=[key[0] for key in wanted] or [0])
    return {
        wanted[row.submission_id, row.number]: str(codec.load_object(row.findings).get("language", ""))
        for row in rows
        if (row.submission_id, row.number) in wanted
    }


async def taken_back(reader: Reader, *, theme_id: int | None = None) -> list[tuple[int, datetime]]:
    """(number, when) of the latest posts that this reader may have been shown and is shown no more, newest first."""
    last = await Post.filter(community=reader.community).order_by("-number").first()
    if last is None:
        return []
    rows = Post.filter(community=reader.community, number__gt=last.number - _RECENT, state=PostState.RETRACTED)
    rows = rows if theme_id is None else rows.filter(theme_id=theme_id)
    found = await rows.only("id", "number", "community", "targets", "publish_at", "approved_at", "retracted_at")
    gone = [
        (row.number, row.retracted_at)
        for row in found
        if row.retracted_at is not None and reader.sees(row) and (row.publish_at or row.approved_at) <= row.retracted_at
    ]
    return sorted(gone, reverse=True)[:_MOST_GONE]


async def _posts(ids: Sequence[object]) -> list[Post]:
    """In the order of their ids here. What was taken back since is not there, whatever the entries say."""
    numbers = [int(str(number)) for number in ids]
    found = await by_ids(numbers)
    return [found[number] for number in numbers if number in found]


__all__ = [
    "Reader",
    "answers",
    "by_ids",
    "count_between",
    "drop",
    "fill",
    "first_and_last",
    "in_thread",
    "keep",
    "keep_again",
    "newest",
    "noticed_languages",
    "post",
    "search",
    "taken_back",
    "theme",
    "themes",
    "themes_by_ids",
    "thread",
]
