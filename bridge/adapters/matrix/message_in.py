"""The content of a Matrix message event, read: its text, its files, and what cannot be carried."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bridge.adapters.matrix.html_in import to_rich_text
from bridge.adapters.matrix.sealed_files import sealed_file
from bridge.core.hygiene import clean_line, clean_name
from bridge.core.message import AttachmentKind, RemoteFile, Uncarried, UncarriedKind
from bridge.core.text import EMPTY, RichText

_HTML = "org.matrix.custom.html"
_MXC = re.compile(r"mxc://([A-Za-z0-9.:\-\[\]]+)/([A-Za-z0-9_\-]+)")
_FILES = {"m.image": AttachmentKind.PHOTO, "m.file": AttachmentKind.DOCUMENT}
_UNCARRIED_FILES = {"m.audio": UncarriedKind.AUDIO, "m.video": UncarriedKind.VIDEO}
_TEXTS = frozenset({"m.text", "m.notice", "m.emote", "m.server_notice"})
_BOTS = frozenset({"m.notice", "m.server_notice"})
_VOICE = ("org.matrix.msc3245.voice", "org.matrix.msc3245.voice.v2", "m.voice")
_POLLS = ("m.poll", "m.poll.start", "org.matrix.msc3381.poll.start")

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
    if kind == "m.key.verification.request":
        return None
    if kind in _FILES or kind in _UNCARRIED_FILES:
        return _file(content, kind, is_reply=is_reply)
    if kind == "m.location":
        where = content.get("geo_uri")
        detail = " ".join(part for part in (_body(content), where) if isinstance(part, str))
        return Parts(uncarried=(Uncarried(kind=UncarriedKind.LOCATION, detail=clean_line(detail)),))
    text, excerpt = _text(content, is_reply=is_reply)
    if kind == "m.emote":
        text = RichText(f"* {clean_name(name)} ") + text
    unknown = () if kind in _TEXTS else (Uncarried(kind=UncarriedKind.UNKNOWN, detail=clean_line(kind, 60)),)
    return Parts(text=text, uncarried=unknown, bot=kind in _BOTS, reply_excerpt=excerpt)


def read_other(kind: str, content: Content) -> Uncarried | None:
    """What an event of another type means to a reader; None where it is not meant for people."""
    if kind == "m.sticker":
        return Uncarried(kind=UncarriedKind.STICKER, detail=clean_line(_body(content)))
    if kind in _POLLS:
        return Uncarried(kind=UncarriedKind.POLL, detail=clean_line(_question(content), 400))
    body = content.get("body")
    if isinstance(body, str) and body:
        return Uncarried(kind=UncarriedKind.UNKNOWN, detail=clean_line(body))
    return None


def media_of(ref: str) -> tuple[str, str] | None:
    """Server and id of an ``mxc://`` address, whether or not a key follows it; None when it is not one."""
    found = _MXC.fullmatch(ref.partition("#")[0])
    return (found[1], found[2]) if found else None


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
    body, name = _body(content), content.get("filename")
    text, excerpt = EMPTY, ""
    # https://spec.matrix.org/v1.10/client-server-api/#media-captions
    if isinstance(name, str) and name and name != body:
        text, excerpt = _text(content, is_reply=is_reply)
    else:
        name = body
    found = content.get("info")
    info: Content = found if isinstance(found, dict) else {}
    url, mime, size = content.get("url"), info.get("mimetype"), info.get("size")
    sealed = sealed_file(content.get("file"))
    if sealed is not None:
        url = sealed.ref
    if "file" in content and sealed is None:
        lost = Uncarried(kind=UncarriedKind.ENCRYPTED, detail=clean_line(name))
    elif kind in _UNCARRIED_FILES:
        voice = kind == "m.audio" and any(mark in content for mark in _VOICE)
        lost = Uncarried(kind=UncarriedKind.VOICE if voice else _UNCARRIED_FILES[kind], detail=clean_line(name))
    elif not isinstance(url, str) or media_of(url) is None:
        lost = Uncarried(kind=UncarriedKind(_FILES[kind].value), detail=clean_line(name))
    else:
        file = RemoteFile(
            ref=url,
            kind=_FILES[kind],
            name=name,
            mime=mime if isinstance(mime, str) else "",
            size=size if isinstance(size, int) and not isinstance(size, bool) and size >= 0 else None,
        )
        return Parts(text=text, files=(file,), reply_excerpt=excerpt)
    return Parts(text=text, uncarried=(lost,), reply_excerpt=excerpt)


def _question(content: Content) -> str:
    poll: Content = next((content[key] for key in _POLLS if isinstance(content.get(key), dict)), {})
    words = [_extensible(poll.get("question"))]
    answers = poll.get("answers")
    words += [_extensible(answer) for answer in (answers if isinstance(answers, list) else [])[:20]]
    return words[0] + (": " if words[1:] else "") + " / ".join(words[1:])


def _extensible(value: Any) -> str:
    """The plain text of an extensible event's text: https://spec.matrix.org/latest/client-server-api/ (m.text)."""
    if not isinstance(value, dict):
        return ""
    for key in ("m.text", "org.matrix.msc1767.text", "body"):
        found = value.get(key)
        if isinstance(found, list):
            found = next((entry.get("body") for entry in found if isinstance(entry, dict)), "")
        if isinstance(found, str) and found:
            return found
    return ""
