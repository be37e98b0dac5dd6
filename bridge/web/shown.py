"""Posts as the archive shows them: exactly what was published, with the card that was frozen into each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bridge.core import card as core_card
from bridge.core.archive import ArchivePolicy
from bridge.core.card import AuthorCard
from bridge.core.community import Community
from bridge.core.hygiene import isolated
from bridge.core.ids import Address
from bridge.core.message import Attachment
from bridge.core.text import RichText, plain
from bridge.rendering import cards, kinds, languages, notes, posts
from bridge.rendering.notes import NoteView
from bridge.rendering.posts import PostView, Translated
from bridge.rendering.words import Words
from bridge.storage import archive, codec
from bridge.storage.models import Post
from bridge.storage.models_desk import Theme

EXCERPT = 160
_TITLE = 90


@dataclass(frozen=True, kw_only=True)
class Item:
    """A post in a list."""

    number: int
    title: str
    line: str
    excerpt: str
    language: str


def card_of(post: Post, community: Community) -> AuthorCard:
    """What was frozen into it. An address is for members: programs that gather them read public pages, too."""
    card = core_card.from_json(codec.load_object(post.card))
    return replace(card, email="") if community.archive.policy is ArchivePolicy.PUBLIC else card


def published(post: Post) -> datetime:
    return post.publish_at or post.approved_at


def attachments_of(post: Post) -> tuple[Attachment, ...]:
    return codec.load(codec.ATTACHMENTS, post.attachments)


def translations_of(post: Post) -> list[Translated]:
    return [
        Translated(
            language=language,
            text=codec.load(codec.RICH_TEXT, row["text"]),
            translator=row["translator"],
            source=row.get("source", ""),
        )
        for language, row in codec.load_object(post.translations).items()
    ]


def view_of(
    post: Post, community: Community, *, theme: Theme | None, thread_headline: str, answered: Post | None
) -> PostView:
    """What the other rooms' renderings know as a post."""
    origin = codec.load_object(post.origin)
    return PostView(
        community=community.name,
        number=post.number,
        author=post.author,
        text=codec.load(codec.RICH_TEXT, post.text),
        card=card_of(post, community),
        attachments=codec.load(codec.ATTACHMENTS, post.attachments),
        uncarried=codec.load(codec.UNCARRIED, post.uncarried),
        answers=None if answered is None else answered.number,
        answers_author="" if answered is None else answered.author,
        corrected=post.corrected_at is not None,
        headline=post.headline,
        theme="" if theme is None else theme.title,
        theme_number=post.theme_number,
        thread_number=post.thread_number,
        thread_headline=thread_headline,
        notes=tuple(NoteView(**note) for note in codec.load_object(post.notes).get("notes", [])),
        translations=tuple(translations_of(post)),
        origin=(str(origin["community"]), int(origin["number"])) if origin else None,
    )


async def views(rows: Sequence[Post], community: Community, reader: archive.Reader) -> list[PostView]:
    """The same for many, with a few questions to the database altogether."""
    wanted = {row.reply_post_id for row in rows} | {row.thread_id for row in rows}
    beside = await archive.by_ids([number for number in wanted if number is not None])
    themes = await archive.themes_by_ids([row.theme_id for row in rows if row.theme_id is not None])

    def seen(number: int | None) -> Post | None:
        found = beside.get(number or 0)
        return found if found is not None and reader.sees(found) else None

    found = []
    for row in rows:
        root = beside.get(row.thread_id or 0)
        found.append(
            view_of(
                row,
                community,
                theme=themes.get(row.theme_id or 0),
                thread_headline="" if root is None else root.headline,
                answered=seen(row.reply_post_id),
            )
        )
    return found


async def languages_of(rows: Sequence[Post], community: Community) -> dict[int, str]:
    """By post, what its author wrote it in: what was noticed, else what its group writes."""
    noticed = await archive.noticed_languages(rows)
    found = {}
    for row in rows:
        source = row.submission.source
        group = community.group(Address(source.account, source.chat))
        found[row.id] = noticed.get(row.id) or (group.language if group is not None else "") or community.language
    return found


def item(post: Post, view: PostView, language: str, w: Words, community: Community) -> Item:
    """A post in a list: what it is about, who says it, and how it begins."""
    shown = posts.in_language(view, w.language)
    text, spoken = view.text, language
    if shown.translation is not None and languages.base(language) != languages.base(w.language):
        text, spoken = shown.translation.text, shown.translation.language
    subject = posts.subject(view)
    answers = "" if view.answers is None else w._("Re #{number}", number=view.answers)
    parts = [
        f"#{view.number}" if subject else "",
        answers,
        isolated(cards.one_line(view.card, w)),
        w.date(published(post), community.policy.zone),
    ]
    parts += files_line(view, w)
    return Item(
        number=view.number,
        title=plain(subject).shortened(_TITLE).text if subject else f"#{view.number} {view.author}",
        line=" · ".join(part for part in parts if part),
        excerpt=RichText(" ".join(text.text.split())).shortened(EXCERPT).text,
        language=spoken,
    )


def files_line(view: PostView, w: Words) -> list[str]:
    """What there is besides words: each kind once."""
    return list(dict.fromkeys(kinds.kind_words(file.kind, w) for file in view.attachments))


def answers_line(view: PostView, w: Words) -> str:
    """``Re #480 (Joseph Banda)``."""
    if view.answers is None:
        return ""
    return f"{w._('Re #{number}', number=view.answers)} ({isolated(view.answers_author)})"


def note_texts(view: PostView, shown: str, w: Words) -> list[str]:
    arranged = notes.arranged(view.notes, view.text.text)
    return [paragraph.text for paragraph in notes.paragraphs(arranged, shown, view.community, w, brief=False)]


def anchored(view: PostView, text: RichText, w: Words) -> RichText:
    return notes.anchored(text, notes.arranged(view.notes, view.text.text), w, brief=False)


@dataclass(frozen=True, kw_only=True)
class FileShown:
    """A file of a post: what it is, and links with their sizes."""

    name: str
    links: tuple[tuple[str, str], ...]
    """(address, words)."""


PICTURES = ("image/jpeg", "image/png", "image/webp", "image/gif")
MOST = {"160": 4_096, "240": kinds.SMALL, "480": 25_000}
"""Bytes of a small picture, by kind."""


def files(
    view: PostView, path: str, sizes: Mapping[tuple[str, str], int], w: Words, *, saves_data: bool
) -> list[FileShown]:
    """``photo: small (6 kB), larger (21 kB), original (1.4 MB)``: nothing comes without being asked for.

    ``sizes``: of the small pictures that were made before, by file and kind; of the others it is said how large they
    can be at most.
    """
    return [_file(file, f"{path}/{place}", sizes, w, saves_data) for place, file in enumerate(view.attachments, 1)]


def _file(file: Attachment, path: str, sizes: Mapping[tuple[str, str], int], w: Words, saves_data: bool) -> FileShown:
    name = kinds.attachment_words(replace(file, size=0), w).strip("[]").rpartition(",")[0]
    links: list[tuple[str, str]] = []
    if file.mime in PICTURES:
        small, larger = ("160", "240") if saves_data else ("240", "480")
        for kind, said in ((small, w._("small")), (larger, w._("larger"))):
            size = sizes.get((file.sha256, kind))
            if size is None and MOST[kind] >= file.size:
                continue  # the original is no larger
            most = w.size(MOST[kind] if size is None else size)
            words = (
                w._("{name}, {size}", name=said, size=most)
                if size
                else w._("{name}, up to {size}", name=said, size=most)
            )
            links.append((f"{path}/{kind}", words))
    whole = w._("original, {size}", size=w.size(file.size)) if links else w.size(file.size)
    links.append((path, whole))
    return FileShown(name=name, links=tuple(links))


def _sized(name: str, size: int | None, most: int, w: Words) -> str:
    if size is None:
        return w._("{name}, up to {size}", name=name, size=w.size(most))
    return w._("{name}, {size}", name=name, size=w.size(size))


__all__ = [
    "Item",
    "anchored",
    "answers_line",
    "attachments_of",
    "card_of",
    "files",
    "item",
    "languages_of",
    "note_texts",
    "published",
    "translations_of",
    "view_of",
    "views",
]
