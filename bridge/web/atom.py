"""The archive as a feed: RFC 4287. Entries keep their ids whatever becomes of the address.

What was taken back or erased is no entry any more, and a tombstone (RFC 6721) asks those who gathered it to let it go.
"""

import re
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from xml.sax.saxutils import escape, quoteattr

from bridge.rendering import cards, posts
from bridge.rendering.html import bare_lines, blocks
from bridge.storage import archive
from bridge.storage.models import Post
from bridge.web import shown
from bridge.web.archive import Room
from bridge.web.replies import Reply

ENTRIES = 20
_UNFIT = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML cannot hold: https://www.w3.org/TR/xml/#charsets"""
_TOMBSTONES = ' xmlns:at="http://purl.org/atompub/tombstones/1.0"'
_BEGINNING = datetime(2020, 1, 1, tzinfo=UTC)


async def feed(room: Room, installation: str, theme_id: int | None = None) -> Reply | None:
    """The newest posts of a community, or of one theme."""
    title, path, name = room.community.name, "", str(room.community.id)
    if theme_id is not None:
        theme = await archive.theme(room.reader, theme_id)
        if theme is None:
            return None
        title, path, name = f"{theme.title} · {title}", f"theme/{theme_id}", f"{name}/theme/{theme_id}"
    rows = await archive.newest(room.reader, limit=ENTRIES, theme_id=theme_id)
    entries = await _entries(room, rows, installation)
    gone = await archive.taken_back(room.reader, theme_id=theme_id)
    newest = max((*(_updated(row) for row in rows), *(when for _, when in gone)), default=_BEGINNING)
    spaces = _TOMBSTONES if gone else ""
    alternate = f"{room.base}/{path}" if path else room.base
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        f'<feed xmlns="http://www.w3.org/2005/Atom"{spaces} xml:lang={quoteattr(room.w.language)}>',
        f"<id>{_id(installation, name)}</id>",
        f"<title>{_text(title)}</title>",
        f"<updated>{_stamp(newest)}</updated>",
        f'<link rel="self" type="application/atom+xml" href={_address(f"{alternate}/feed.atom")}/>',
        f'<link rel="alternate" type="text/html" href={_address(alternate)}/>',
        *entries,
        *(_tombstone(_id(installation, f"{room.community.id}/{number}"), when) for number, when in gone),
        "</feed>",
    ]
    return Reply(
        body="\n".join(lines).encode(errors="replace"),
        content_type="application/atom+xml; charset=utf-8",
        indexed=room.public,
        private=not room.public,
        changed=newest,
    )


async def _entries(room: Room, rows: Sequence[Post], installation: str) -> list[str]:
    views = await shown.views(rows, room.community, room.reader)
    spoken = await shown.languages_of(rows, room.community)
    found = []
    for row, view in zip(rows, views, strict=True):
        subject = posts.subject(view) or f"#{view.number} {view.author}"
        paragraphs = blocks(shown.anchored(view, view.text, room.w))
        beneath = [cards.paragraph(view.card, room.w), *shown.note_texts(view, view.text.text, room.w)]
        content = "".join(paragraphs) + f"<p>{bare_lines(beneath)}</p>"
        category = f"<category term={quoteattr(_fit(view.theme))}/>" if view.theme else ""
        found.append(
            f"<entry xml:lang={quoteattr(spoken[row.id])}>"
            f"<id>{_id(installation, f'{room.community.id}/{view.number}')}</id>"
            f"<title>{_text(subject)}</title>"
            f"<published>{_stamp(shown.published(row))}</published><updated>{_stamp(_updated(row))}</updated>"
            f"<author><name>{_text(view.author)}</name></author>"
            f'<link rel="alternate" type="text/html" href={_address(f"{room.base}/{view.number}")}/>{category}'
            f'<content type="html">{_text(content)}</content></entry>'
        )
    return found


def _tombstone(entry: str, when: datetime) -> str:
    return f'<at:deleted-entry ref="{entry}" when="{_stamp(when)}"/>'


def _updated(row: Post) -> datetime:
    return row.corrected_at or shown.published(row)


def _id(installation: str, name: str) -> str:
    return f"urn:uuid:{uuid.uuid5(uuid.UUID(installation), name)}"


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _fit(text: str) -> str:
    return _UNFIT.sub("", text)


def _text(text: str) -> str:
    return escape(_fit(text))


def _address(text: str) -> str:
    return quoteattr(text)


__all__ = ["feed"]
