"""Foreign text as HTML for the playground's page: everything is escaped, and only tags made here come out."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import nh3
from markupsafe import Markup, escape

LinkMaker = Callable[[str], Mapping[str, str] | None]
"""The attributes of the ``<a>`` for an address; None: it is no link."""

_TAGS: Mapping[str, tuple[str, str]] = {
    "bold": ("<strong>", "</strong>"),
    "italic": ("<em>", "</em>"),
    "underline": ("<u>", "</u>"),
    "strikethrough": ("<s>", "</s>"),
    "spoiler": ('<span class="spoiler" tabindex="0">', "</span>"),
    "code": ("<code>", "</code>"),
    "pre": ("<pre>", "</pre>"),
    "blockquote": ("<blockquote>", "</blockquote>"),
    "expandable_blockquote": ("<blockquote>", "</blockquote>"),
    **dict.fromkeys(
        ("mention", "hashtag", "cashtag", "bot_command", "email", "phone_number", "text_mention"),
        ('<span class="ref">', "</span>"),
    ),
}
_BARE = re.compile(r"[\w.-]+\.\w+(:\d+)?([/?#]|$)")
"""An address as people write it, without its scheme: ``who.int/ors``."""
_ADDRESS = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)\]]")

# https://spec.matrix.org/latest/client-server-api/#mroommessage-msgtypes lists what clients should show; pictures and
# colours are left out here.
_MATRIX_TAGS = {
    *("a", "b", "blockquote", "br", "caption", "code", "del", "div", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr"),
    *("i", "li", "ol", "p", "pre", "s", "span", "strong", "sub", "sup", "table", "tbody", "td", "th", "thead", "tr"),
    *("u", "ul"),
}


def web_link(address: str) -> Mapping[str, str] | None:
    """A link that opens elsewhere and tells nobody where it was found; None for anything but http and https."""
    if _BARE.match(address):
        address = f"http://{address}"
    try:
        parts = urlsplit(address)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    if not usable:
        return None
    return {"href": parts.geturl(), "target": "_blank", "rel": "noopener noreferrer nofollow"}


def telegram_html(text: str, entities: Sequence[Mapping[str, Any]], link: LinkMaker = web_link) -> Markup:
    """A message's text with its entities (offsets in UTF-16 units). Entities that cross are cut at the outer's end."""
    units = text.encode("utf-16-le", "surrogatepass")
    ordered = sorted(entities, key=lambda e: (int(e["offset"]), -int(e["length"])))
    return _Renderer(units, ordered, link).between(0, len(units) // 2, 0)[0]


class _Renderer:
    def __init__(self, units: bytes, entities: Sequence[Mapping[str, Any]], link: LinkMaker) -> None:
        self._units = units
        self._entities = entities
        self._link = link

    def _plain(self, start: int, end: int) -> str:
        return self._units[start * 2 : end * 2].decode("utf-16-le", "replace")

    def between(self, start: int, end: int, index: int) -> tuple[Markup, int]:
        """The HTML of [start, end), using the entities from ``index`` on that begin in it; and the next entity."""
        out, at = Markup(""), start
        while index < len(self._entities):
            entity = self._entities[index]
            first = max(int(entity["offset"]), at)
            last = min(int(entity["offset"]) + int(entity["length"]), end)
            if int(entity["offset"]) >= end:
                break
            index += 1
            if last <= first:
                continue
            out += escape(self._plain(at, first))
            inner, index = self.between(first, last, index)
            out += self._wrapped(entity, inner, self._plain(first, last))
            at = last
        return out + escape(self._plain(at, end)), index

    def _wrapped(self, entity: Mapping[str, Any], inner: Markup, covered: str) -> Markup:
        kind = str(entity["type"])
        if kind in ("url", "text_link"):
            attributes = self._link(str(entity.get("url", covered)))
            if attributes is None:
                return inner
            joined = Markup(" ").join(Markup('{}="{}"').format(name, value) for name, value in attributes.items())
            return Markup("<a {}>{}</a>").format(joined, inner)
        opening, closing = _TAGS.get(kind, ("", ""))
        return Markup(opening) + inner + Markup(closing)  # noqa: S704 - both are constants above


def matrix_html(html: str) -> Markup:
    """A Matrix message's ``formatted_body`` reduced to the tags that clients should show."""
    cleaned = nh3.clean(
        html,
        tags=_MATRIX_TAGS,
        # The quoted fallback of a reply is shown by us: https://spec.matrix.org/latest/client-server-api/#rich-replies
        clean_content_tags={"script", "style", "mx-reply"},
        attributes={"a": {"href"}, "ol": {"start"}, "span": {"data-mx-spoiler"}},
        url_schemes={"http", "https"},
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
        strip_comments=True,
    )
    return Markup(cleaned)  # noqa: S704 - the line above is what makes it safe


def matrix_plain(body: str, *, is_reply: bool) -> Markup:
    """A Matrix message's plain ``body``; a reply loses the quoted lines at its beginning."""
    if is_reply and body.startswith("> "):
        lines = body.split("\n")
        while lines and lines[0].startswith(">"):
            lines.pop(0)
        body = "\n".join(lines).lstrip("\n")
    units = [(_utf16(body[: found.start()]), _utf16(found[0])) for found in _ADDRESS.finditer(body)]
    return telegram_html(body, [{"type": "url", "offset": offset, "length": length} for offset, length in units])


def _utf16(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def excerpt(text: str, limit: int = 80) -> str:
    """The first words of a text, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def length_words(seconds: float) -> str:
    """``1:05``; empty where the length is not known."""
    whole = int(seconds)
    return f"{whole // 60}:{whole % 60:02}" if whole > 0 else ""


def size_words(size: int) -> str:
    """``82 kB``; empty where the size is not known."""
    if size <= 0:
        return ""
    return f"{size} bytes" if size < 1000 else f"{size / 1000:.0f} kB" if size < 1_000_000 else f"{size / 1e6:.1f} MB"
