"""Matrix HTML to rich text: cleaned by an allow-list first, then read into a string and marks.

The time it takes grows with the length of the HTML alone, whatever is nested in what.
"""

import re
from dataclasses import dataclass, replace
from html import unescape
from html.parser import HTMLParser
from urllib.parse import unquote

import nh3

from bridge.core.text import Mark, MarkKind, RichText

SCHEMES = frozenset({"http", "https", "mailto", "matrix"})
"""Addresses with other schemes become plain text, in both directions."""
MAX_DEPTH = 100
"""The depth to which the specification asks clients to follow nested tags; deeper ones are only their text."""

# What the specification suggests clients accept: https://spec.matrix.org/latest/client-server-api/#mroommessage-msgtypes
_HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
_TAGS = {
    *(
        "del",
        "s",
        "strike",
        "b",
        "strong",
        "i",
        "em",
        "u",
        "sup",
        "sub",
        "code",
        "span",
        "font",
        "a",
        "img",
        "br",
        "hr",
    ),
    *("p", "div", "blockquote", "pre", "ul", "ol", "li", "details", "summary", *_HEADINGS),
    *("table", "caption", "thead", "tbody", "tr", "th", "td"),
}
_ATTRIBUTES = {"a": {"href"}, "ol": {"start"}, "pre": {"class"}, "span": {"data-mx-spoiler"}, "img": {"alt", "title"}}
_INLINE = {
    **dict.fromkeys(("b", "strong"), MarkKind.BOLD),
    **dict.fromkeys(("i", "em"), MarkKind.ITALIC),
    **dict.fromkeys(("del", "s", "strike"), MarkKind.STRIKE),
    "u": MarkKind.UNDERLINE,
    "code": MarkKind.CODE,
}
_SMALL = {
    "sup": dict(zip("0123456789+-=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿ", strict=True)),
    "sub": dict(zip("0123456789+-=()", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎", strict=True)),
}
_PARAGRAPHS = frozenset({"p", "blockquote", "pre", "table", *_HEADINGS})
_LINES = frozenset({"div", "li", "tr", "caption", "details", "summary", "ul", "ol"})
_VOID = frozenset({"br", "hr", "img"})
_FORMATTING = re.compile(
    r"<(b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)(?=[\s/>])[^>]*>", re.IGNORECASE | re.ASCII
)
"""Elements that a parser opens again in every paragraph, each time with all that are open and not the same."""
_CODE_BLOCK = re.compile(
    r"<pre(?:\s[^<>]*)?>\s*<code\s[^<>]*?class\s*=\s*[\"']?language-([\w+#.-]{1,32})(?![\w+#.-])[^<>]*>", re.IGNORECASE
)
_KEPT_SPACES = re.compile("^\u00a0+|\u00a0+(?= )|(?<= )\u00a0+|\u00a0{2,}", re.MULTILINE)
_LONGEST_CLEANED = 1_000_000
_LANGUAGE = re.compile(r"language-([\w+#.-]{1,32})")
_PERSON_LINK = re.compile(
    r"https://matrix\.to/#/((?:@|%40)[^/?]+)(?:[/?].*)?|matrix:u/([^/?]+)(?:[/?].*)?", re.IGNORECASE
)


def to_rich_text(html: str, *, is_reply: bool = False) -> RichText:
    """Read ``formatted_body``; with ``is_reply`` the quoted message that old clients put in front is left out."""
    dropped = {"script", "style", "mx-reply"} if is_reply else {"script", "style"}
    html = _bounded(html.encode("utf-8", "replace").decode())
    cleaned = _cleaned(html, _TAGS, dropped)
    if len(cleaned) > _LONGEST_CLEANED:  # a parser's bomb: its words are enough
        return RichText(unescape(_cleaned(html, set(), dropped)).strip())
    reader = _Reader()
    reader.feed(cleaned)
    reader.close()
    return reader.result()


def _cleaned(html: str, tags: set[str], dropped: set[str]) -> str:
    return nh3.clean(
        html,
        tags=tags,
        clean_content_tags=dropped,
        attributes={tag: names for tag, names in _ATTRIBUTES.items() if tag in tags},
        url_schemes=set(SCHEMES),
        url_relative="deny",
        link_rel=None,
    )


def _bounded(html: str) -> str:
    """The same, without what lets 64 kB of HTML become 80 MB by its own rules: attributes that tell formatting apart.

    https://html.spec.whatwg.org/multipage/parsing.html#reconstruct-the-active-formatting-elements
    The language of a block of code moves to the block, which is no such element.
    """
    html = _CODE_BLOCK.sub(r'<pre class="language-\1"><code>', html)
    end = html.rfind(">") + 1
    return _FORMATTING.sub(r"<\1>", html[:end]) + html[end:]


def mentioned_person(address: str) -> str | None:
    """The user id behind a matrix.to or matrix: link to a person; None for every other address."""
    found = _PERSON_LINK.fullmatch(address)
    if not found:
        return None
    return unquote(found[1]) if found[1] else "@" + unquote(found[2])


@dataclass
class _Open:
    tag: str
    kind: MarkKind | None = None
    value: str = ""
    start: int | None = None
    """Where its first character came to stand; None until there is one."""
    number: int = 0
    """Next number of an ordered list; 0 for a list of bullets."""


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._chars: list[str] = []
        self._marks: list[Mark] = []
        self._open: list[_Open] = []
        self._too_deep = 0
        self._breaks = 0
        """Line ends owed before the next character, because a block began or ended."""
        self._space = False
        """A space owed, if the line goes on."""
        self._after_bullet = False

    def result(self) -> RichText:
        while self._open:
            self._leave(self._open.pop())
        # Clients write such spaces where HTML would make one of several.
        text = _KEPT_SPACES.sub(lambda found: " " * len(found[0]), "".join(self._chars).rstrip())
        return RichText.clipped(text, self._marks)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _VOID:
            self._void(tag, {name: value or "" for name, value in attrs})
            return
        if len(self._open) >= MAX_DEPTH:
            self._too_deep += 1
            return
        self._block(tag)
        entry = self._mark_of(tag, {name: value or "" for name, value in attrs})
        self._open.append(entry)
        if tag == "li":
            self._bullet()
        elif tag in ("td", "th") and self._chars and not self._breaks and self._chars[-1] != "\n":
            self._put(" | ")

    def handle_endtag(self, tag: str) -> None:
        if self._too_deep:
            self._too_deep -= 1
            return
        # The cleaner balances tags, so the innermost open one is meant; anything else is left open until the end.
        if self._open and self._open[-1].tag == tag:
            self._leave(self._open.pop())
            self._block(tag)

    def handle_data(self, data: str) -> None:
        if self._inside("pre"):
            self._put(data)
            return
        # White space is white space, as in a browser: https://www.w3.org/TR/CSS21/text.html#white-space-model
        pieces = re.split(r"[ \t\r\n\f]+", data)
        for index, piece in enumerate(pieces):
            if index:
                self._space = True
            if piece:
                self._put(piece)

    def _mark_of(self, tag: str, attributes: dict[str, str]) -> _Open:
        if tag in _INLINE and not (tag == "code" and self._inside("pre")):
            return _Open(tag, _INLINE[tag])
        if tag == "pre":
            language = _LANGUAGE.fullmatch(attributes.get("class", ""))
            return _Open(tag, MarkKind.PRE, language[1] if language else "")
        if tag == "blockquote":
            return _Open(tag, MarkKind.QUOTE)
        if tag in _HEADINGS:
            return _Open(tag, MarkKind.HEADING, tag[1])
        if tag in ("th", "summary"):
            return _Open(tag, MarkKind.BOLD)
        if tag == "span" and "data-mx-spoiler" in attributes:
            if attributes["data-mx-spoiler"]:
                self._put(f"({attributes['data-mx-spoiler']}) ")
            return _Open(tag, MarkKind.SPOILER)
        if tag == "a" and attributes.get("href"):
            person = mentioned_person(attributes["href"])
            return _Open(tag, MarkKind.MENTION, person) if person else _Open(tag, MarkKind.LINK, attributes["href"])
        if tag == "ol":
            start = attributes.get("start", "1")
            return _Open(tag, number=int(start) if re.fullmatch(r"[0-9]{1,6}", start) else 1)
        return _Open(tag)

    def _leave(self, entry: _Open) -> None:
        if entry.start is None:
            return
        if entry.tag in _SMALL:
            small = [_SMALL[entry.tag].get(char, "") for char in self._chars[entry.start :]]
            if all(small):  # 10<sup>6</sup> must not be read as 106
                self._chars[entry.start :] = small
        if entry.kind is None:
            return
        if entry.kind is MarkKind.PRE:  # clients end the block with a line end of their own
            size = len(self._chars)
            while size > entry.start and self._chars[size - 1] == "\n":
                size -= 1
            self._cut(size)
        end = len(self._chars)
        if end > entry.start:
            self._marks.append(Mark(entry.start, end, entry.kind, entry.value))

    def _void(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "br":
            self._space = False
            self._put("\n")
        elif tag == "hr":
            self._owe(1)
            self._put("———")
            self._owe(1)
        else:  # pictures inside a text have no way to travel; custom emoji carry their short code here
            self._put(attributes.get("alt") or attributes.get("title") or "")

    def _block(self, tag: str) -> None:
        inside_item = self._inside("li") or self._inside("tr")
        if tag in _PARAGRAPHS or (tag in ("ul", "ol") and not inside_item):
            self._owe(1 if inside_item else 2)
        elif tag in _LINES:
            self._owe(1)

    def _owe(self, breaks: int) -> None:
        self._space = False
        if not self._after_bullet:
            self._breaks = max(self._breaks, breaks)

    def _bullet(self) -> None:
        lists = [entry for entry in self._open if entry.tag in ("ul", "ol")]
        bullet = "•"
        if lists and lists[-1].tag == "ol":
            bullet = f"{lists[-1].number}."
            lists[-1].number += 1
        self._put("  " * max(0, len(lists) - 1) + bullet + " ")
        self._after_bullet = True

    def _put(self, piece: str) -> None:
        if not piece:
            return
        if self._breaks and self._chars:
            size = len(self._chars)
            while size and self._chars[size - 1] == " ":
                size -= 1
            self._cut(size)
            have = 0
            while have < min(self._breaks, size) and self._chars[size - 1 - have] == "\n":
                have += 1
            self._chars += "\n" * (self._breaks - have)
        elif self._space and self._chars and self._chars[-1] not in " \n":
            self._chars.append(" ")
        self._breaks, self._space, self._after_bullet = 0, False, False
        for entry in self._open:
            if entry.start is None:
                entry.start = len(self._chars)
        self._chars += piece

    def _cut(self, size: int) -> None:
        del self._chars[size:]
        # Marks stand in the order in which they ended. Only the last ones can reach into what is cut.
        index = len(self._marks)
        while index and self._marks[index - 1].end > size:
            index -= 1
            self._marks[index] = replace(self._marks[index], end=max(size, self._marks[index].start))
        for entry in self._open:
            if entry.start is not None and entry.start > size:
                entry.start = size

    def _inside(self, tag: str) -> bool:
        return any(entry.tag == tag for entry in self._open)
