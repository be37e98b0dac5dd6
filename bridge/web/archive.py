"""The archive's pages: lists, threads, posts, search, a feed, and how to take part. Text only, nothing but GET."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

from bridge.core.archive import ArchivePolicy
from bridge.core.community import Community
from bridge.rendering.words import Words
from bridge.storage import archive
from bridge.storage.archive import Reader
from bridge.storage.models import Post
from bridge.web import shown
from bridge.web.ports import Way
from bridge.web.replies import Reply
from bridge.web.templating import rendered

_WRITING = {"email": "mailto", "sms": "sms"}
"""What opens the right app on a phone."""
PAGE = 20
"""Posts in a list."""
_LONGEST_QUESTION = 200


@dataclass(frozen=True, kw_only=True)
class Room:
    """One community's archive for one request."""

    community: Community
    reader: Reader
    w: Words
    up: str
    """The way from this page to the folder of the archive, for addresses: empty, ``hifa/`` or ``../``."""
    saves_data: bool = False
    base: str = ""
    """The absolute address of the archive with the reader's own key, for feeds; empty where nobody knows it."""

    @property
    def public(self) -> bool:
        return self.community.archive.policy is ArchivePolicy.PUBLIC

    @property
    def home(self) -> str:
        return self.up or "./"

    def menu(self) -> list[tuple[str, str]]:
        w = self.w
        return [
            (self.home, self.community.name),
            (f"{self.up}themes", w._("Themes")),
            (f"{self.up}months", w._("By month")),
            (f"{self.up}how", w._("Take part")),
        ]

    def reply(self, body: bytes, *, indexed: bool = True, changed: datetime | None = None) -> Reply:
        return Reply(body=body, indexed=indexed and self.public, private=not self.public, changed=changed)


# --- lists ---


async def latest(room: Room, before: int) -> Reply | None:
    """The newest posts; ``before``: those that were published before this one."""
    last = None
    if before:
        last = await archive.post(room.reader, before)
        if last is None:
            return None
    rows = await archive.newest(room.reader, limit=PAGE + 1, before=last)
    further = [(room.home, room.w._("Newest"))] if before else []
    further += _older(room, rows, "")
    lines = [] if rows or before else [room.w._("Nothing has been published here yet.")]
    return await _list(room, room.community.name, rows, further, lines=lines, feed=f"{room.up}feed.atom", search="")


def _older(room: Room, rows: Sequence[Post], path: str, more: str = "") -> list[tuple[str, str]]:
    if len(rows) <= PAGE:
        return []
    last = rows[PAGE - 1].number
    return [(f"{room.up or './'}{path}?{more}before={last}", room.w._("Older"))]


async def _list(
    room: Room,
    heading: str,
    rows: Sequence[Post],
    further: Sequence[tuple[str, str]],
    *,
    lines: Sequence[str] = (),
    feed: str = "",
    search: str | None = None,
    indexed: bool = True,
) -> Reply:
    rows = rows[:PAGE]
    views = await shown.views(rows, room.community, room.reader)
    spoken = await shown.languages_of(rows, room.community)
    items = [
        shown.item(row, view, spoken[row.id], room.w, room.community) for row, view in zip(rows, views, strict=True)
    ]
    body = rendered(
        "list.html",
        room.w,
        title=heading if heading == room.community.name else f"{heading} · {room.community.name}",
        indexed=indexed and room.public,
        menu=room.menu(),
        up=room.up,
        heading=heading,
        search=search,
        lines=lines,
        items=items,
        further=further,
        feed=feed,
    )
    return room.reply(body, indexed=indexed)


async def themes(room: Room) -> Reply:
    found = await archive.themes(room.reader)
    w = room.w
    links = [
        (f"{room.up}theme/{theme.id}", f"{theme.title} ({w.number(count)})" if count else theme.title)
        for theme, count in found
    ]
    lines = [] if found else [w._("There are no themes yet.")]
    return _lines(room, w._("Themes"), lines, links)


async def theme(room: Room, theme_id: int, before: int) -> Reply | None:
    found = await archive.theme(room.reader, theme_id)
    last = await archive.post(room.reader, before) if before else None
    if found is None or (before and last is None):
        return None
    rows = await archive.newest(room.reader, limit=PAGE + 1, before=last, theme_id=theme_id)
    further = _older(room, rows, f"theme/{theme_id}")
    return await _list(room, found.title, rows, further, feed=f"{room.up}theme/{theme_id}/feed.atom")


async def thread(room: Room, number: int, after: int) -> Reply | None:
    """A sub-thread as on the channels: its first post, and what answers it, in their order."""
    post = await archive.post(room.reader, number)
    if post is None:
        return None
    root_id = post.thread_id or post.id
    last = await archive.post(room.reader, after) if after else None
    rows = await archive.thread(room.reader, root_id, after=0 if last is None else last.id, limit=PAGE + 1)
    if not rows:
        return None
    w = room.w
    further = []
    if len(rows) > PAGE:
        further = [(f"{room.up}thread/{number}?after={rows[PAGE - 1].number}", w._("Further"))]
    root = (await archive.by_ids([root_id])).get(root_id)
    heading = (root.headline if root is not None else "") or w._("Conversation about #{number}", number=number)
    return await _list(room, heading, rows, further)


async def months(room: Room) -> Reply:
    """Every month with posts, the newest first."""
    w, zone = room.w, room.community.policy.zone
    ends = await archive.first_and_last(room.reader)
    links = []
    if ends is not None:
        first, last = (moment.astimezone(zone) for moment in ends)
        year, month = last.year, last.month
        while (year, month) >= (first.year, first.month):
            count = await archive.count_between(room.reader, *_bounds(room, year, month))
            if count:
                said = f"{w.month(year, month)} ({w.ngettext('{count} post', '{count} posts', count)})"
                links.append((f"{room.up}month/{year}-{month:02}", said))
            year, month = (year, month - 1) if month > 1 else (year - 1, 12)
    return _lines(room, w._("By month"), [], links)


async def month(room: Room, year: int, number: int, before: int) -> Reply | None:
    if not (1 <= number <= 12 and 1990 <= year <= 9000):
        return None
    since, until = _bounds(room, year, number)
    last = await archive.post(room.reader, before) if before else None
    rows = await archive.newest(room.reader, limit=PAGE + 1, before=last, since=since, until=until)
    if not rows:
        return None
    further = _older(room, rows, f"month/{year}-{number:02}")
    return await _list(room, room.w.month(year, number), rows, further)


def _bounds(room: Room, year: int, month: int) -> tuple[datetime, datetime]:
    zone = room.community.policy.zone
    following = (year, month + 1) if month < 12 else (year + 1, 1)
    since, until = datetime(year, month, 1, tzinfo=zone), datetime(*following, 1, tzinfo=zone)
    return since.astimezone(UTC), until.astimezone(UTC)


async def search(room: Room, said: str, before: int) -> Reply:
    """What has all the words that somebody looks for. Whatever they write is a question."""
    said = " ".join("".join(char for char in said[:_LONGEST_QUESTION] if char.isprintable()).split())
    w = room.w
    last = await archive.post(room.reader, before) if before else None
    rows = await archive.search(room.reader, said, before=0 if last is None else last.id, limit=PAGE + 1)
    lines = []
    if not said:
        lines = [w._("Write one or several words. Posts that have all of them are shown, the newest first.")]
    elif not rows:
        lines = [w._("No post has all of these words. Try fewer, or only the beginning of a word.")]
    further = _older(room, rows, "search", f"q={quote(said, safe='')}&")
    return await _list(room, w._("Search"), rows, further, lines=lines, search=said, indexed=False)


def _lines(room: Room, heading: str, lines: Sequence[str], links: Sequence[tuple[str, str]]) -> Reply:
    body = rendered(
        "lines.html",
        room.w,
        title=f"{heading} · {room.community.name}",
        indexed=room.public,
        menu=room.menu(),
        heading=heading,
        lines=lines,
        links=links,
        button="",
    )
    return room.reply(body)


def how(room: Room, ways: Sequence[Way]) -> Reply:
    """How to take part, on the ways that there are."""
    w, name = room.w, room.community.name
    lines = [
        w._("Who belongs to {community} can write and answer, from the phone that they have.", community=name),
        w._("A moderator reads each post before it goes to all, with a line about who wrote it."),
    ]
    links: list[tuple[str, str]] = []
    for way in ways:
        label = {"email": w._("E-mail"), "sms": w._("SMS")}.get(way.kind, way.kind.title())
        if way.address:
            said = w._("{channel}: write to {address}", channel=label, address=way.address)
            if way.words:
                said = w._("{channel}: send {words} to {address}", channel=label, words=way.words, address=way.address)
            links.append((f"{_WRITING.get(way.kind, 'mailto')}:{quote(way.address, safe='@+')}", said))
        elif way.link:
            links.append((way.link, f"{label}: {way.words}" if way.words else label))
    lines.append(w._("To answer a post where you cannot reply to it, begin your message with: Re #12"))
    return _lines(room, w._("Take part"), lines, links)


NUMBER = re.compile(r"[1-9]\d{0,8}")
LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,3}")

__all__ = [
    "LANGUAGE",
    "NUMBER",
    "PAGE",
    "Room",
    "how",
    "latest",
    "month",
    "months",
    "search",
    "theme",
    "themes",
    "thread",
]
