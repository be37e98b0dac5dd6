"""Rich text as the HTML of a plain page: a few tags, no attribute of anybody's making but checked addresses."""

import re
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from itertools import pairwise

import nh3

from bridge.core.text import Mark, MarkKind, RichText

_INLINE = {
    MarkKind.BOLD: "b",
    MarkKind.ITALIC: "i",
    MarkKind.UNDERLINE: "u",
    MarkKind.STRIKE: "s",
    MarkKind.CODE: "code",
}
_BLOCKS = {MarkKind.QUOTE: "blockquote", MarkKind.PRE: "pre", MarkKind.HEADING: "h3"}
_SCHEMES = frozenset({"http", "https", "mailto"})
_ADDRESS = re.compile(r"\bhttps?://[^\s<>\"'”»]+", re.IGNORECASE)
_AFTER = ".,;:!?)]}…"
"""What follows an address in a sentence is none of it."""
_TAGS = {"p", "br", "a", "span", *_INLINE.values(), *_BLOCKS.values()}
_MOST_MARKS = 2000
"""Of a text with more, the words alone are shown: nobody wrote that by hand."""


def blocks(text: RichText) -> list[str]:
    """The paragraphs, quotations, headings and listings of a text, each as HTML; every one may stand alone."""
    text = linked(text.strip())
    if len(text.marks) > _MOST_MARKS:
        text = RichText(text.text)
    return [_cleaned(html) for html in _blocks(text) if html]


def _cleaned(html: str) -> str:
    """Once more, by somebody else's eyes."""
    return nh3.clean(
        html,
        tags=_TAGS,
        attributes={"a": {"href"}, "p": {"dir"}, "blockquote": {"dir"}, "h3": {"dir"}, "span": {"class", "tabindex"}},
        url_schemes=set(_SCHEMES),
        link_rel=None,
    )


def linked(text: RichText) -> RichText:
    """With a mark over every address that is written out."""
    taken = [mark for mark in text.marks if mark.kind in (MarkKind.LINK, MarkKind.CODE, MarkKind.PRE)]
    found: list[Mark] = []
    for match in _ADDRESS.finditer(text.text):
        address = match[0].rstrip(_AFTER)
        start, end = match.start(), match.start() + len(address)
        if address.endswith("://") or any(mark.start < end and start < mark.end for mark in taken):
            continue
        found.append(Mark(start, end, MarkKind.LINK, address))
    return RichText(text.text, (*text.marks, *found))


def _blocks(text: RichText) -> Iterator[str]:
    """Blocks lie side by side: where marks of several overlap, the first counts."""
    place = 0
    for mark in sorted(mark for mark in text.marks if mark.kind in _BLOCKS):
        if mark.start < place:
            continue
        yield from _paragraphs(text[place : mark.start])
        tag = _BLOCKS[mark.kind]
        inside = text[mark.start : mark.end].strip()
        if mark.kind is MarkKind.PRE:
            yield f"<pre>{escape(inside.text, quote=False)}</pre>"
        else:
            yield f"<{tag} dir=auto>{_inline(inside)}</{tag}>"
        place = mark.end
    yield from _paragraphs(text[place:])


def _paragraphs(text: RichText) -> Iterator[str]:
    """An empty line parts them."""
    start = 0
    for match in re.finditer(r"\n[^\S\n]*\n\s*", text.text):
        part = text[start : match.start()].strip()
        if part:
            yield f"<p dir=auto>{_inline(part)}</p>"
        start = match.end()
    part = text[start:].strip()
    if part:
        yield f"<p dir=auto>{_inline(part)}</p>"


def _inline(text: RichText) -> str:
    marks = [mark for mark in text.marks if mark.kind in _INLINE or mark.kind is MarkKind.SPOILER or _goes_out(mark)]
    cuts = sorted({0, len(text.text), *(mark.start for mark in marks), *(mark.end for mark in marks)})
    return "".join(
        _wrapped(
            escape(text.text[start:end], quote=False).replace("\n", "<br>"),
            [mark for mark in marks if mark.start <= start and end <= mark.end],
        )
        for start, end in pairwise(cuts)
    )


def _goes_out(mark: Mark) -> bool:
    """Is it a link that readers may be offered?"""
    value = mark.value
    return (
        mark.kind is MarkKind.LINK
        and value.partition(":")[0].casefold() in _SCHEMES
        and not any(char.isspace() or not char.isprintable() for char in value)
    )


def _wrapped(html: str, marks: Sequence[Mark]) -> str:
    for tag in dict.fromkeys(_INLINE[mark.kind] for mark in sorted(marks) if mark.kind in _INLINE):
        html = f"<{tag}>{html}</{tag}>"
    link = next((mark for mark in marks if mark.kind is MarkKind.LINK), None)
    if link is not None:
        html = f'<a href="{escape(link.value)}">{html}</a>'
    if any(mark.kind is MarkKind.SPOILER for mark in marks):
        html = f"<span class=x tabindex=0>{html}</span>"
    return html


def bare_lines(lines: Iterable[str]) -> str:
    """Plain lines as one paragraph."""
    return "<br>".join(escape(line, quote=False) for line in lines)


__all__ = ["bare_lines", "blocks", "linked"]
