"""Formatting as people type it: **bold**, __italic__, ~~struck~~, ||spoiler|| and `code`, as chat apps read it."""

import re
from dataclasses import dataclass

from markupsafe import Markup, escape

_STYLES = {"**": "bold", "__": "italic", "~~": "strikethrough", "||": "spoiler", "`": "code"}
_MARKED = re.compile(r"(\*\*|__|~~|\|\||`)(?=\S)(.+?)(?<=\S)\1", re.DOTALL)
_MATRIX = {
    "bold": ("<strong>", "</strong>"),
    "italic": ("<em>", "</em>"),
    "strikethrough": ("<del>", "</del>"),
    "spoiler": ("<span data-mx-spoiler>", "</span>"),
    "code": ("<code>", "</code>"),
}


@dataclass(frozen=True)
class Piece:
    """A stretch of text in at most one style; empty: none."""

    text: str
    style: str = ""


def pieces(typed: str) -> list[Piece]:
    """The text without its signs, in pieces. Styles do not nest."""
    found, at = [], 0
    for match in _MARKED.finditer(typed):
        if match.start() > at:
            found.append(Piece(typed[at : match.start()]))
        found.append(Piece(match[2], _STYLES[match[1]]))
        at = match.end()
    return found + ([Piece(typed[at:])] if at < len(typed) else [])


def telegram_typed(typed: str) -> tuple[str, list[dict[str, str | int]]]:
    """Text and entities (in UTF-16 units), as a Telegram app sends them."""
    text = ""
    entities: list[dict[str, str | int]] = []
    for piece in pieces(typed):
        if piece.style:
            offset, length = _utf16(text), _utf16(piece.text)
            entities.append({"type": piece.style, "offset": offset, "length": length})
        text += piece.text
    return text, entities


def matrix_typed(typed: str) -> tuple[str, str | None]:
    """Body and HTML, as a Matrix app sends them; no HTML where nothing is formatted."""
    found = pieces(typed)
    if not any(piece.style for piece in found):
        return typed, None
    html = Markup("")
    for piece in found:
        opening, closing = _MATRIX.get(piece.style, ("", ""))
        inner = Markup("<br>").join(escape(line) for line in piece.text.split("\n"))
        html += Markup(opening) + inner + Markup(closing)  # noqa: S704 - both are constants above
    return typed, str(html)


def _utf16(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
