"""What is exported: published posts in order, quotations with their provenance, discussions with all their posts.

What was taken back is left out and counted; what is approved but has not gone out yet is not there at all.
"""

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime
from statistics import median

from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from bridge.core.card import from_json
from bridge.core.exports import (
    Decisions,
    DiscussionLine,
    ExportedDiscussion,
    ExportedNote,
    ExportedPost,
    ExportedQuotation,
    ExportedTranslation,
    LeftOut,
    Posts,
    Quotations,
)
from bridge.core.ids import RemoteRef
from bridge.core.states import PostState, ReviewState
from bridge.storage import codec, ledger_reads, themes
from bridge.storage.models import Post, Review
from bridge.storage.models_desk import Quotation, Theme

_SLICE = 500


async def posts(community: str, *, since: datetime | None, until: datetime) -> Posts:
    """A community's posts that went out from ``since`` up to and without ``until``, by number."""
    return await _posts(Post.filter(published_between(since, until), community=community))


async def discussions(said: str, community: str | None) -> list[DiscussionLine]:
    """Themes of this title, else of this number (id), in one community or all; the oldest first."""
    known = Theme.all() if community is None else Theme.filter(community=community)
    rows = await known.order_by("id")
    found = [row for row in rows if themes.same_title(row.title, said)]
    number = said.strip().lstrip("#")
    return [_line(row) for row in found or [row for row in rows if str(row.id) == number]]


def _line(theme: Theme) -> DiscussionLine:
    return DiscussionLine(id=theme.id, community=theme.community, title=theme.title)


async def discussion(theme_id: int, *, until: datetime) -> ExportedDiscussion:
    """A discussion with its posts in the order of their numbers. Raises LookupError where there is none."""
    theme = await Theme.get_or_none(id=theme_id)
    if theme is None:
        raise LookupError(f"there is no discussion {theme_id}")
    found = await _posts(Post.filter(published_between(None, until), theme_id=theme.id))
    return ExportedDiscussion(
        id=theme.id,
        community=theme.community,
        title=theme.title,
        state=theme.state.value,
        sponsor=theme.sponsor,
        starts=theme.starts_at,
        ends=theme.ends_at,
        questions=tuple(codec.load_list(theme.questions)),
        working_group=tuple(codec.load_list(theme.working_group)),
        counter=await themes.count(theme),
        posts=sorted(found.posts, key=lambda post: (post.theme_number or 0, post.number)),
        left_out=found.left_out,
    )


async def quotations(community: str, *, since: datetime | None, until: datetime) -> Quotations:
    """What was marked in a community's posts of that time, by post, in the order of marking."""
    live: list[ExportedQuotation] = []
    retracted = reworded = 0
    wanted = Post.filter(published_between(since, until), community=community, quotations__id__gt=0).distinct()
    async for rows in _slices(wanted):
        exported = {post.number: post for post in await _exported(rows)}
        marked = await Quotation.filter(post_id__in=[row.id for row in rows]).order_by("id")
        for row in rows:
            for quotation in (q for q in marked if q.post_id == row.id):
                post = exported.get(row.number)
                if post is None:
                    retracted += 1
                elif quotation.text not in post.text.text:  # it was corrected since
                    reworded += 1
                else:
                    live.append(
                        ExportedQuotation(
                            text=quotation.text,
                            post=post,
                            selected_by=quotation.selected_name,
                            selected_at=quotation.created_at,
                        )
                    )
    return Quotations(quotations=live, left_out=LeftOut(retracted=retracted, reworded=reworded))


async def decisions(community: str, *, since: datetime | None, until: datetime) -> Decisions:
    """What moderators decided from ``since`` up to and without ``until``, counted."""
    wanted = Review.filter(community=community, decided_at__lt=until).exclude(state=ReviewState.HELD)
    if since is not None:
        wanted = wanted.filter(decided_at__gte=since)
    rows = await wanted.values_list("kind", "state", "reason", "created_at", "decided_at", "decided_by")
    by_people = [
        (decided - created).total_seconds() / 60
        for _, state, _, created, decided, who in rows
        if who and state in (ReviewState.APPROVED, ReviewState.REJECTED, ReviewState.MERGED)
    ]
    return Decisions(
        counts=Counter((str(kind), ReviewState(state).value) for kind, state, *_ in rows),
        reasons=Counter(
            str(reason) for kind, state, reason, *_ in rows if kind == "post" and state == ReviewState.REJECTED
        ),
        median_minutes=round(median(by_people)) if by_people else None,
    )


def published_between(since: datetime | None, until: datetime) -> Q:
    """Which posts went out in that time. Those from before publication had a time went out when they were approved."""
    timed = Q(publish_at__lt=until) if since is None else Q(publish_at__lt=until, publish_at__gte=since)
    old = Q(approved_at__lt=until) if since is None else Q(approved_at__lt=until, approved_at__gte=since)
    return timed | (Q(publish_at__isnull=True) & old)


async def _posts(wanted: QuerySet[Post]) -> Posts:
    live: list[ExportedPost] = []
    retracted = 0
    async for rows in _slices(wanted):
        found = await _exported(rows)
        retracted += len(rows) - len(found)
        live += found
    return Posts(posts=live, left_out=LeftOut(retracted=retracted))


async def _slices(wanted: QuerySet[Post]) -> AsyncIterator[list[Post]]:
    """By number, so many at a time."""
    last = 0
    while rows := await wanted.filter(number__gt=last).order_by("number").limit(_SLICE):
        yield rows
        last = rows[-1].number


async def _exported(rows: Iterable[Post]) -> list[ExportedPost]:
    """Those that were not taken back, with what they answer and their themes."""
    live = [row for row in rows if row.state != PostState.RETRACTED]
    answered = await Post.filter(id__in=[row.reply_post_id for row in live if row.reply_post_id is not None])
    numbers = {row.id: row.number for row in answered}
    known = await Theme.filter(id__in=list({row.theme_id for row in live if row.theme_id is not None}))
    titles = {row.id: row.title for row in known}
    roots = await Post.filter(id__in=list({row.thread_id for row in live if row.thread_id is not None}))
    threads = {root.id: root.headline for root in roots}
    places = await ledger_reads.places([row.id for row in live])
    return [
        _post(
            row,
            places.get(row.id, ()),
            numbers.get(row.reply_post_id or 0),
            titles.get(row.theme_id or 0, ""),
            row.headline if row.thread_id is None else threads.get(row.thread_id, ""),
        )
        for row in live
    ]


def _post(
    row: Post, places: Sequence[RemoteRef], answers: int | None, theme: str, thread_headline: str
) -> ExportedPost:
    origin = codec.load_object(row.origin)
    files = [(file.kind.value, file.name) for file in codec.load(codec.ATTACHMENTS, row.attachments)]
    missing = [(item.kind.value, item.detail) for item in codec.load(codec.UNCARRIED, row.uncarried)]
    return ExportedPost(
        number=row.number,
        places=tuple(places),
        published=row.publish_at or row.approved_at,
        corrected=row.corrected_at,
        theme=theme,
        theme_number=row.theme_number,
        headline=row.headline,
        thread_headline=thread_headline,
        thread_number=row.thread_number,
        answers=answers,
        card=from_json(codec.load_object(row.card)),
        text=codec.load(codec.RICH_TEXT, row.text),
        attachments=(*files, *missing),
        notes=tuple(
            ExportedNote(text=note["text"], name=note["name"], initials=note["initials"], anchor=note["anchor"])
            for note in codec.load_object(row.notes).get("notes", [])
        ),
        translations=tuple(
            ExportedTranslation(
                language=language,
                translator=value["translator"],
                text=codec.load(codec.RICH_TEXT, value["text"]),
            )
            for language, value in sorted(codec.load_object(row.translations).items())
        ),
        origin=(str(origin["community"]), int(origin["number"])) if origin else None,
    )
