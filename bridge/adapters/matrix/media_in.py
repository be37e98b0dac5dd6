"""The files of a Matrix message, read: where they lie, and what its author's app says of them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from bridge.adapters.matrix.polls import extensible
from bridge.adapters.matrix.sealed_files import sealed_file
from bridge.core.hygiene import clean_line
from bridge.core.message import AttachmentKind, RemoteFile, Uncarried, UncarriedKind

_MXC = re.compile(r"mxc://([A-Za-z0-9.:\-\[\]]+)/([A-Za-z0-9_\-]+)")
KINDS = {
    "m.image": AttachmentKind.PHOTO,
    "m.file": AttachmentKind.DOCUMENT,
    "m.audio": AttachmentKind.AUDIO,
    "m.video": AttachmentKind.VIDEO,
}
GALLERIES = frozenset({"m.gallery", "dm.filament.gallery"})
"""https://github.com/matrix-org/matrix-spec-proposals/pull/4274"""
VOICE = "org.matrix.msc3245.voice"
"""https://github.com/matrix-org/matrix-spec-proposals/pull/3245"""
AUDIO = "org.matrix.msc1767.audio"
SPOILER = "page.codeberg.everypizza.msc4193.spoiler"
ANIMATED = "org.matrix.msc4230.is_animated"
GIF = "fi.mau.gif"
"""A film that is shown as a GIF: what other bridges and several apps write."""
ALT = "org.matrix.msc1767.alt_text"
_VOICES = (VOICE, "org.matrix.msc3245.voice.v2", "m.voice")
_AUDIOS = (AUDIO, "m.audio")
_ALTS = (ALT, "m.alt_text")
_SPOILERS = (SPOILER, "m.spoiler")
_ANIMATED = (ANIMATED, "is_animated")
LOUDEST = 1024
"""The top of a waveform's scale."""
_BARS = 128
_LONGEST_SIDE = 100_000
_LONGEST = timedelta(days=10)

Content = Mapping[str, Any]


def media_of(ref: str) -> tuple[str, str] | None:
    """Server and id of an ``mxc://`` address, whether or not a key follows it; None when it is not one."""
    found = _MXC.fullmatch(ref.partition("#")[0])
    return (found[1], found[2]) if found else None


def read_file(content: Content, kind: AttachmentKind, name: str) -> RemoteFile | Uncarried:
    """One file of a message; what has no address that can be fetched is only named."""
    info = _mapping(content.get("info"))
    kind = _kind(content, info, kind)
    source = source_of(content)
    if source is None:
        lost = UncarriedKind.ENCRYPTED if "file" in content else UncarriedKind(kind.value)
        return Uncarried(kind=lost, detail=clean_line(name))
    audio = next((_mapping(content[key]) for key in _AUDIOS if key in content), {})
    mime = info.get("mimetype")
    return RemoteFile(
        ref=source,
        kind=kind,
        name=name,
        mime=mime if isinstance(mime, str) else "",
        size=_whole(info.get("size")),
        width=_side(info.get("w")),
        height=_side(info.get("h")),
        duration=_duration(info.get("duration")) or _duration(audio.get("duration")),
        alt=clean_line(next((extensible(content[key]) for key in _ALTS if key in content), ""), 1_000),
        spoiler=any(holder.get(key) is True for holder in (content, info) for key in _SPOILERS),
        waveform=waveform_of(audio.get("waveform")) if kind is AttachmentKind.VOICE else (),
        thumbnail_ref=_source(info, "thumbnail_url", "thumbnail_file") or "",
    )


def read_sticker(content: Content, body: str) -> RemoteFile | Uncarried:
    """A sticker, which is described by its body."""
    found = read_file(content, AttachmentKind.STICKER, "")
    described = clean_line(body, 1_000)
    if isinstance(found, Uncarried):
        return Uncarried(kind=found.kind, detail=clean_line(body))
    return replace(found, alt=found.alt or described)


def items_of(content: Content) -> Sequence[tuple[str, Content]]:
    """The items of a gallery with their types, in order; what is none is passed over."""
    items = content.get("itemtypes")
    found = [item for item in items if isinstance(item, Mapping)] if isinstance(items, list) else []
    return [(str(item.get("itemtype") or item.get("msgtype") or ""), item) for item in found]


def source_of(content: Content) -> str | None:
    """The adapter's handle of a message's file; None where there is nothing that can be fetched."""
    return _source(content, "url", "file")


def _source(holder: Content, clear: str, sealed: str) -> str | None:
    if sealed in holder:
        file = sealed_file(holder[sealed])
        return file.ref if file is not None and media_of(file.url) else None
    url = holder.get(clear)
    return url if isinstance(url, str) and "#" not in url and media_of(url) else None


def waveform_of(value: object) -> tuple[int, ...]:
    """How loud a voice message is, at most so many times as anybody draws bars."""
    bars = value if isinstance(value, list) else []
    step = max(1, -(-len(bars) // _BARS))
    return tuple(min(LOUDEST, max(0, int(bar))) for bar in bars[::step] if _is_number(bar))


def _kind(content: Content, info: Content, kind: AttachmentKind) -> AttachmentKind:
    if kind is AttachmentKind.AUDIO and any(mark in content for mark in _VOICES):
        return AttachmentKind.VOICE
    if kind is AttachmentKind.VIDEO and info.get(GIF) is True:
        return AttachmentKind.ANIMATION
    if kind is AttachmentKind.PHOTO:
        animated = next((info[key] for key in _ANIMATED if isinstance(info.get(key), bool)), None)
        if animated or (animated is None and info.get("mimetype") == "image/gif"):
            return AttachmentKind.ANIMATION
    return kind


def _mapping(value: object) -> Content:
    return value if isinstance(value, Mapping) else {}


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 60 else None


def _side(value: object) -> int | None:
    # Apps write them as 320.0, too.
    return int(value) if isinstance(value, int | float) and _is_number(value) and 1 <= value <= _LONGEST_SIDE else None


def _duration(value: object) -> timedelta | None:
    """Milliseconds, as an app claims."""
    if not isinstance(value, int | float) or not _is_number(value) or value <= 0:
        return None
    found = timedelta(milliseconds=value)
    return found if found <= _LONGEST else None
