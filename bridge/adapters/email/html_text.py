"""Words of an HTML mail: lines, lists, quotations and the addresses behind links. Runs in a child process."""

import re
from html.parser import HTMLParser
from typing import Final

import nh3

from bridge.adapters.email.mail import LONGEST_TEXT

_BLOCKS: Final = frozenset(
    {"p", "div", "ul", "ol", "table", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "address", "section", "article"}
    | {"header", "footer", "dl", "dt", "dd", "center", "figure", "figcaption"}
)
_SPACED: Final = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table", "pre", "blockquote"})
_TAGS: Final = _BLOCKS | {"br", "hr", "li", "td", "th", "tbody", "thead", "blockquote", "a", "b", "i", "em", "strong"}
_ADDRESS: Final = re.compile(r"(?:https?|mailto|tel):", re.IGNORECASE)
_UNSEEN: Final = frozenset({"script", "style", "title"})
_DEEPEST: Final = 2000
"""Tags that are open at a time, those that need no end among them."""
_RULE: Final = "________________________________"


def to_text(html: str) -> str:
    """What a reader would see; never an exception for what is no HTML."""
    # It repairs what is broken; what is only deep it takes the square of the time for, and the reader takes as it is.
    if _depth(html) <= _DEEPEST:
        html = nh3.clean(
            html,
            tags=set(_TAGS),
            attributes={"a": {"href"}},
            clean_content_tags=set(_UNSEEN),
            url_schemes={"http", "https", "mailto", "tel"},
            link_rel=None,
        )
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.text()


def _depth(html: str) -> int:
    """How deep it may become, by counting alone."""
    deepest = depth = 0
    for match in re.finditer(r"<(/?)[a-zA-Z]", html):
        depth += -1 if match[1] else 1
        deepest = max(deepest, depth)
    return deepest


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._lines: list[str] = []
        self._line: list[str] = []
        self._depth = 0
        self._line_depth = 0
        self._pre = 0
        self._links: list[tuple[str, int]] = []
        self._lists: list[int] = []
        self._size = 0
        self._unseen = 0

    def text(self) -> str:
        self._end_line()
        text = "\n".join(self._lines)
        return re.sub(r"\n(?:>*[ ]*\n){2,}", "\n\n", text).strip("\n")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _UNSEEN:
            self._unseen += 1
        elif tag == "br":
            self._end_line(keep=True)
        elif tag == "hr":
            self._end_line()
            self._lines.append(self._mark() + _RULE)
        elif tag == "blockquote":
            self._end_line()
            self._depth = min(self._depth + 1, 20)
        elif tag == "li":
            self._end_line()
            if self._lists and self._lists[-1] >= 0:
                self._lists[-1] += 1
                self._say(f"{self._lists[-1]}. ")
            else:
                self._say("- ")
        elif tag in ("td", "th"):
            if "".join(self._line).strip():
                self._say("  ")
        elif tag == "a":
            self._links.append((dict(attrs).get("href") or "", len(self._line)))
        elif tag in _BLOCKS:
            self._end_line()
            if tag == "pre":
                self._pre += 1
            if tag in ("ul", "ol"):
                self._lists.append(0 if tag == "ol" else -1)
        if tag in _SPACED and tag != "blockquote":
            self._space()

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNSEEN:
            self._unseen = max(0, self._unseen - 1)
        elif tag == "a" and self._links:
            self._end_link(*self._links.pop())
        elif tag == "blockquote":
            self._end_line()
            self._depth = max(0, self._depth - 1)
        elif tag in _BLOCKS or tag == "li":
            self._end_line()
            if tag == "pre":
                self._pre = max(0, self._pre - 1)
            if tag in ("ul", "ol") and self._lists:
                self._lists.pop()
        if tag in _SPACED:
            self._space()

    def handle_data(self, data: str) -> None:
        if self._pre:
            first, *rest = data.split("\n")
            self._say(first)
            for line in rest:
                self._end_line(keep=True)
                self._say(line)
            return
        text = re.sub(r"[ \t\r\n\f]+", " ", data)
        if not self._line:
            text = text.lstrip(" ")
        self._say(text)

    def _say(self, text: str) -> None:
        if not text or self._unseen or self._size > LONGEST_TEXT:
            return
        if not self._line:
            self._line_depth = self._depth
        self._size += len(text)
        self._line.append(text)

    def _end_link(self, address: str, start: int) -> None:
        said = "".join(self._line[start:]).strip()
        bare = re.sub(r"^(?:mailto:|tel:|https?://)", "", address, flags=re.IGNORECASE).rstrip("/")
        if not _ADDRESS.match(address) or re.sub(r"^https?://", "", said).rstrip("/") == bare:
            return
        shown = bare if address.lower().startswith(("mailto:", "tel:")) else address
        self._say(f" ({shown})" if said else shown)

    def _mark(self) -> str:
        return "> " * self._line_depth if self._line else "> " * self._depth

    def _end_line(self, *, keep: bool = False) -> None:
        text = "".join(self._line).replace("\xa0", " ").rstrip()
        if text or keep:
            self._lines.append((self._mark() + text).rstrip())
        self._line = []

    def _space(self) -> None:
        if self._lines and self._lines[-1].strip("> "):
            self._lines.append(("> " * self._depth).rstrip())
