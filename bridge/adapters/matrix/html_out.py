"""Rich text to what a Matrix client shows: HTML for most, and a plain text that reads well by itself."""

import re
from dataclasses import replace
from heapq import heappop, heappush
from html import escape
from itertools import pairwise

from bridge.adapters.matrix.html_in import SCHEMES
from bridge.core.calls import defused, defused_text
from bridge.core.text import Mark, MarkKind, RichText

_BLOCKS = (MarkKind.QUOTE, MarkKind.HEADING, MarkKind.PRE)
_SAID = frozenset({MarkKind.LINK, MarkKind.SPOILER, MarkKind.QUOTE})
"""What a plain text must say in words or signs."""
_MOST_QUOTES = 100
"""As deep as clients follow them."""
_TAGS = {
    MarkKind.QUOTE: "blockquote",
    MarkKind.BOLD: "strong",
    MarkKind.ITALIC: "em",
    MarkKind.UNDERLINE: "u",
    MarkKind.STRIKE: "del",
    MarkKind.CODE: "code",
}


def web_address(value: str) -> bool:
    """Is this an address that readers may be offered?"""
    return value.partition(":")[0].lower() in SCHEMES and not any(char.isspace() for char in value)


def to_html(text: RichText) -> str | None:
    """``formatted_body``; None where the plain text says as much."""
    text = defused_text(text)
    marks = _apart([shown for mark in text.marks if (shown := _shown(text.text, mark)) is not None])
    if not marks:
        return None
    silent = _ends_of_lines(text.text, marks)
    spaced = _spaced(text.text, marks)
    cuts = sorted({0, len(text), *(m.start for m in marks), *(m.end for m in marks)})
    waiting = sorted(marks, reverse=True)
    active: list[Mark] = []
    pieces: list[str] = []
    stack: list[Mark] = []
    for start, end in pairwise(cuts):
        active = [mark for mark in active if mark.end > start]
        while waiting and waiting[-1].start <= start:
            active.append(waiting.pop())
        wanted = _nesting(active)
        same = 0
        while same < min(len(stack), len(wanted)) and stack[same] == wanted[same]:
            same += 1
        pieces += [_closing(mark) for mark in reversed(stack[same:])]
        pieces += [_opening(mark) for mark in wanted[same:]]
        stack = wanted
        piece = escape("".join(spaced[place] for place in range(start, end) if place not in silent))
        pieces.append(piece if _is_code(stack) else piece.replace("\n", "<br>"))
    pieces += [_closing(mark) for mark in reversed(stack)]
    return "".join(pieces)


def _ends_of_lines(text: str, marks: list[Mark]) -> set[int]:
    """The ends of lines around blocks, at most two before and after: a block begins and ends its own lines."""
    places: set[int] = set()
    for mark in marks:
        if mark.kind not in _BLOCKS:
            continue
        for step in (1, 2):
            if mark.start < step or text[mark.start - step] != "\n":
                break
            places.add(mark.start - step)
        places.update(
            range(
                mark.end,
                mark.end + len(text[mark.end : mark.end + 2]) - len(text[mark.end : mark.end + 2].lstrip("\n")),
            )
        )
    return places


def _spaced(text: str, marks: list[Mark]) -> str:
    """With spaces that stay where HTML would make one of several: indented items of lists, tables drawn by hand."""

    def kept(found: re.Match[str]) -> str:
        run = "\u00a0" * len(found[0])
        return run if found.start() == 0 or text[found.start() - 1] == "\n" else run[1:] + " "

    shown = re.sub(r"^ +| {2,}", kept, text, flags=re.MULTILINE)
    if shown == text:
        return text
    pieces: list[str] = []
    last = 0
    for mark in marks:
        if mark.kind is MarkKind.PRE:
            pieces += [shown[last : mark.start], text[mark.start : mark.end]]
            last = mark.end
    return "".join([*pieces, shown[last:]])


def _apart(marks: list[Mark]) -> list[Mark]:
    """Marks that say the same made one, and of those that exclude each other the first: few are open at any place.

    Only quotations stand inside one another, as deep as clients follow them.
    """
    kept: list[Mark] = []
    quotes: list[int] = []
    lasts: dict[MarkKind, int] = {}
    for mark in sorted(marks, key=lambda m: (m.start, -m.end, m.kind, m.value)):
        last = lasts.get(mark.kind)
        if mark.kind is MarkKind.QUOTE:
            while quotes and quotes[0] <= mark.start:
                heappop(quotes)
            if len(quotes) < _MOST_QUOTES:
                heappush(quotes, mark.end)
                kept.append(mark)
        elif (
            last is None
            or kept[last].end < mark.start
            or (kept[last].end == mark.start and kept[last].value != mark.value)
        ):
            lasts[mark.kind] = len(kept)
            kept.append(mark)
        elif kept[last].value == mark.value and mark.kind not in _BLOCKS:
            kept[last] = replace(kept[last], end=max(kept[last].end, mark.end))
        elif kept[last].end < mark.end:
            start, lasts[mark.kind] = kept[last].end, len(kept)
            kept.append(replace(mark, start=start))
    return kept


def to_body(text: RichText) -> str:
    """``body``: quotes behind "> ", addresses in brackets after the words they stand under."""
    inserts: dict[int, list[str]] = {}
    for mark in _apart([mark for mark in text.marks if mark.kind in _SAID]):
        covered = text.text[mark.start : mark.end]
        if mark.kind is MarkKind.LINK and web_address(mark.value) and _says_other(covered, mark.value):
            inserts.setdefault(mark.end, []).append(f" ({mark.value})")
        elif mark.kind is MarkKind.SPOILER:
            inserts.setdefault(mark.start, []).append("(spoiler: ")
            inserts.setdefault(mark.end, []).insert(0, ")")
        elif mark.kind is MarkKind.QUOTE and _shown(text.text, mark) is not None:
            lines = [mark.start, *(mark.start + found.end() for found in re.finditer("\n", covered))]
            for line in lines:
                if line < mark.end:
                    inserts.setdefault(line, []).append("> ")
    pieces: list[str] = []
    last = 0
    for index in sorted(inserts):
        pieces += [text.text[last:index], *inserts[index]]
        last = index
    return defused("".join([*pieces, text.text[last:]]))


def _shown(text: str, mark: Mark) -> Mark | None:
    """The mark as Matrix can show it: blocks have lines of their own, links an address that may be offered."""
    if mark.kind is MarkKind.MENTION:
        return None  # a name is text there: nobody's phone rings for a bridged post
    if mark.kind is MarkKind.LINK and not web_address(mark.value):
        return None
    if mark.kind in _BLOCKS:
        begins = mark.start == 0 or "\n" in text[mark.start - 1 : mark.start + 1]
        ends = mark.end == len(text) or "\n" in text[mark.end - 1 : mark.end + 1]
        if not (begins and ends):
            inline = {MarkKind.HEADING: MarkKind.BOLD, MarkKind.PRE: MarkKind.CODE}.get(mark.kind)
            return replace(mark, kind=inline, value="") if inline else None
        if mark.kind is MarkKind.QUOTE:
            return replace(mark, value="")  # no client hides a part of one
    return mark


def _says_other(covered: str, address: str) -> bool:
    return covered.strip().removeprefix("mailto:").rstrip("/") != address.removeprefix("mailto:").rstrip("/")


def _is_code(stack: list[Mark]) -> bool:
    return any(mark.kind is MarkKind.PRE for mark in stack)


def _nesting(marks: list[Mark]) -> list[Mark]:
    """Outermost first: blocks around everything, then by where they begin; nothing inside code."""

    def rank(mark: Mark) -> tuple[int, int, int, str, str]:
        block = _BLOCKS.index(mark.kind) if mark.kind in _BLOCKS else len(_BLOCKS)
        return (block, mark.start, -mark.end, mark.kind, mark.value)

    ordered: list[Mark] = []
    for mark in sorted(marks, key=rank):
        if not any(above.kind is mark.kind and mark.kind is not MarkKind.QUOTE for above in ordered):
            ordered.append(mark)
        if mark.kind in (MarkKind.PRE, MarkKind.CODE):
            break
    return ordered


def _opening(mark: Mark) -> str:
    if mark.kind is MarkKind.LINK:
        return f'<a href="{escape(mark.value)}">'
    if mark.kind is MarkKind.SPOILER:
        return "<span data-mx-spoiler>"
    if mark.kind is MarkKind.PRE:
        language = mark.value if re.fullmatch(r"[\w+#.-]{1,32}", mark.value) else ""
        return f'<pre><code class="language-{language}">' if language else "<pre><code>"
    return f"<{_tag(mark)}>"


def _tag(mark: Mark) -> str:
    if mark.kind is MarkKind.HEADING:
        return f"h{mark.value}" if mark.value in "123456" and len(mark.value) == 1 else "h3"
    return _TAGS[mark.kind]


def _closing(mark: Mark) -> str:
    if mark.kind is MarkKind.PRE:
        return "</code></pre>"
    return {MarkKind.LINK: "</a>", MarkKind.SPOILER: "</span>"}.get(mark.kind) or f"</{_tag(mark)}>"
