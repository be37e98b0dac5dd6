"""The content of a Matrix message event, read: its text, its files, and what cannot be carried."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bridge.adapters.matrix import media_in, polls
from bridge.adapters.matrix.geo import read_place
from bridge.adapters.matrix.html_in import to_rich_text
from bridge.core.hygiene import clean_line, clean_name
from bridge.core.message import RemoteFile, Uncarried, UncarriedKind
from bridge.core.text import EMPTY, RichText, joined

_HTML = "org.matrix.custom.html"
_TEXTS = frozenset({"m.text", "m.notice", "m.emote", "m.server_notice"})
_BOTS = frozenset({"m.notice", "m.server_notice"})
_MACHINES = ("m.key.verification.", "m.call.", "org.matrix.call.", "m.rtc.", "org.matrix.msc3401.", "m.room_key")
"""How the types begin of what apps say to each other."""

Content = Mapping[str, Any]


class Malformed(Exception):
    """An event lacks something that its type requires. The text names what, and quotes nothing."""


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What one message consists of."""

    text: RichText = EMPTY
    files: tuple[RemoteFile, ...] = ()
    uncarried: tuple[Uncarried, ...] = ()
    bot: bool = False
    reply_excerpt: str = ""


def read_message(content: Content, name: str, *, is_reply: bool) -> Parts | None:
    """Read the content of an ``m.room.message``; None for machines' talk. Raises Malformed.

    ``name`` is the sender's, for what they do in the third person; ``is_reply`` says whether the content may carry the
    quotation that clients put in front of answers before version 1.13 of the specification.
    """
    kind = content.get("msgtype")
    if not isinstance(kind, str):
        raise Malformed("a message without a type")
    if kind.startswith(_MACHINES):
        return None
    if kind in media_in.KINDS:
        return _file(content, kind, is_reply=is_reply)
    if kind in media_in.GALLERIES:
        return _gallery(content, is_reply=is_reply)
    if kind == "m.location":
        return Parts(uncarried=(read_place(content, _body(content)),))
    text, excerpt = _text(content, is_reply=is_reply)
    if kind == "m.emote":
        text = RichText(f"* {clean_name(name)} ") + text
    unknown = () if kind in _TEXTS else (Uncarried(kind=UncarriedKind.UNKNOWN, detail=clean_line(kind, 60)),)
    return Parts(text=text, uncarried=unknown, bot=kind in _BOTS, reply_excerpt=excerpt)


def read_other(kind: str, content: Content) -> Parts | None:
    """What an event of another type means to a reader; None where it is not meant for people."""
    if kind.startswith(_MACHINES):
        return None
    if kind == "m.sticker":
        return _parts(EMPTY, [media_in.read_sticker(content, _body(content))])
    if kind in polls.STARTS:
        return Parts(uncarried=(polls.read_poll(content),))
    if kind in polls.ENDS:
        words = clean_line(polls.extensible(content), 1_000)
        return Parts(text=RichText(words)) if words else None
    body = content.get("body")
    if isinstance(body, str) and body:
        return Parts(uncarried=(Uncarried(kind=UncarriedKind.UNKNOWN, detail=clean_line(body)),))
    return None


def without_quotation(body: str) -> tuple[str, str]:
    """The body of an answer without the quoted lines in front of it, and the first words of those.

    https://spec.matrix.org/v1.12/client-server-api/#fallbacks-for-rich-replies
    """
    lines = body.split("\n")
    quoted = 0
    while quoted < len(lines) and (lines[quoted].startswith("> ") or lines[quoted] == ">"):
        quoted += 1
    if not quoted:
        return body, ""
    excerpt = re.sub(r"^>( \*)? <[^>]*> ?", "", lines[0])
    rest = lines[quoted:]
    return "\n".join(rest[1:] if rest and not rest[0] else rest), clean_line(excerpt)


def _body(content: Content) -> str:
    body = content.get("body")
    if not isinstance(body, str):
        raise Malformed("a message without a body")
    return body


def _text(content: Content, *, is_reply: bool) -> tuple[RichText, str]:
    body, excerpt = _body(content), ""
    if is_reply:
        body, excerpt = without_quotation(body)
    html = content.get("formatted_body")
    if content.get("format") == _HTML and isinstance(html, str):
        rich = to_rich_text(html, is_reply=is_reply).strip()
        if rich:
            return rich, excerpt
    return RichText(body).strip(), excerpt


def _file(content: Content, kind: str, *, is_reply: bool) -> Parts:
    name, text, excerpt = _captioned(content, is_reply=is_reply)
    return _parts(text, [media_in.read_file(content, media_in.KINDS[kind], name)], excerpt)


def _captioned(content: Content, *, is_reply: bool) -> tuple[str, RichText, str]:
    """The name of a file, the words beside it, and the first words of what they answer."""
    body, name = _body(content), content.get("filename")
    # https://spec.matrix.org/v1.10/client-server-api/#media-captions
    if isinstance(name, str) and name and name != body:
        return name, *_text(content, is_reply=is_reply)
    return body, EMPTY, ""


def _gallery(content: Content, *, is_reply: bool) -> Parts:
    """Many files as one message. What is said beside single ones follows what is said of all."""
    text, excerpt = _text(content, is_reply=is_reply)
    said = [text]
    found: list[RemoteFile | Uncarried] = []
    for kind, item in media_in.items_of(content):
        if kind not in media_in.KINDS or not isinstance(item.get("body"), str):
            found.append(Uncarried(kind=UncarriedKind.UNKNOWN, detail=clean_line(kind, 60)))
            continue
        name, words, _ = _captioned(item, is_reply=False)
        said.append(words)
        found.append(media_in.read_file(item, media_in.KINDS[kind], name))
    return _parts(joined([words for words in said if words], "\n"), found, excerpt)


def _parts(text: RichText, found: Sequence[RemoteFile | Uncarried], excerpt: str = "") -> Parts:
    return Parts(
        text=text,
        files=tuple(item for item in found if isinstance(item, RemoteFile)),
        uncarried=tuple(item for item in found if isinstance(item, Uncarried)),
        reply_excerpt=excerpt,
    )
