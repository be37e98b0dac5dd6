"""Rich text to what a Matrix client shows: HTML for most, and a plain text that reads well by itself."""

import re
from dataclasses import replace
from html import escape
from itertools import pairwise

from bridge.adapters.matrix.html_in import SCHEMES
from bridge.core.text import Mark, MarkKind, RichText

_BLOCKS = (MarkKind.QUOTE, MarkKind.PRE)
_TAGS = {
    MarkKind.QUOTE: "blockquote",
    MarkKind.BOLD: "strong",
    MarkKind.ITALIC: "em",
    MarkKind.UNDERLINE: "u",
    MarkKind.STRIKE: "del",
    MarkKind.CODE: "code",
}
_ROOM_CALL = re.compile(r"@(?=room)", re.IGNORECASE)


def defused(text: str) -> str:
    """Without "@room", which old clients read out of the body when the sender has the power to call everybody."""
    return _ROOM_CALL.sub("@\u2060", text)


def web_address(value: str) -> bool:
    """Is this an address that readers may be offered?"""
    return value.partition(":")[0].lower() in SCHEMES and not any(char.isspace() for char in value)


def to_html(text: RichText) -> str | None:
    """``formatted_body``; None where the plain text says as much."""
    marks = [shown for mark in text.marks if (shown := _shown(text.text, mark)) is not None]
    if not marks:
        return None
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
        piece = escape(defused(text.text[start:end]))
        pieces.append(piece if _is_code(stack) else piece.replace("\n", "<br>"))
    pieces += [_closing(mark) for mark in reversed(stack)]
    html = "".join(pieces)
    # A block begins and ends its own lines.
    html = re.sub(r"(?:<br>|\n){1,2}(?=(?:<blockquote>|<pre>))", "", html)
    return re.sub(r"(</blockquote>|</pre>)(?:<br>|\n){1,2}", r"\1", html)


def to_body(text: RichText) -> str:
    """``body``: quotes behind "> ", addresses in brackets after the words they stand under."""
    inserts: dict[int, list[str]] = {}
    for mark in text.marks:
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
            return None if mark.kind is MarkKind.QUOTE else replace(mark, kind=MarkKind.CODE, value="")
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
    return f"<{_TAGS[mark.kind]}>"


def _closing(mark: Mark) -> str:
    if mark.kind is MarkKind.PRE:
        return "</code></pre>"
    return {MarkKind.LINK: "</a>", MarkKind.SPOILER: "</span>"}.get(mark.kind) or f"</{_TAGS[mark.kind]}>"
