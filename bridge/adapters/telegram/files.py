"""The files of a message: which of its fields holds one, and what Telegram says of it."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from bridge.core.message import AttachmentKind, RemoteFile

Fields = Mapping[str, Any]

# In this order: an animation comes with a document of the same file, for apps that know no animations.
_FIELDS: Final = (
    ("animation", AttachmentKind.ANIMATION, "video/mp4"),
    ("video", AttachmentKind.VIDEO, "video/mp4"),
    ("video_note", AttachmentKind.VIDEO_NOTE, "video/mp4"),
    ("audio", AttachmentKind.AUDIO, "audio/mpeg"),
    ("voice", AttachmentKind.VOICE, "audio/ogg"),
    ("document", AttachmentKind.DOCUMENT, ""),
)
_NONE_LONGER: Final = 100 * 86_400
"""Seconds; a film that claims to be longer is one whose length nobody knows."""
_MOST_PIXELS: Final = 100_000


def files(message: Fields) -> tuple[RemoteFile, ...]:
    """What a message holds of files: one at most, for the items of an album are messages of their own.

    Raises LookupError, TypeError or ValueError for a file that is not as documented.
    """
    spoiler = message.get("has_media_spoiler") is True
    live = message.get("live_photo")  # a photo that moves for a moment: its still is the photo
    sizes = message.get("photo") or (live.get("photo") if isinstance(live, Mapping) else None)
    if isinstance(sizes, list) and sizes:
        return (_file(_biggest(sizes), AttachmentKind.PHOTO, "image/jpeg", spoiler=spoiler),)
    sticker = message.get("sticker")
    if isinstance(sticker, Mapping):
        return (_sticker(sticker),)
    for name, kind, mime in _FIELDS:
        item = message.get(name)
        if isinstance(item, Mapping):
            return (_file(item, kind, mime, spoiler=spoiler),)
    return ()


def _biggest(sizes: Sequence[object]) -> Fields:
    known = [size for size in sizes if isinstance(size, Mapping)]
    if len(known) != len(sizes):
        raise TypeError("a picture's sizes are objects")
    return max(known, key=lambda size: _whole(size["width"]) * _whole(size["height"]))


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError("a whole number was expected")
    return value


def _file(item: Fields, kind: AttachmentKind, mime: str, *, spoiler: bool = False, alt: str = "") -> RemoteFile:
    side = _measure(item.get("length")) if kind is AttachmentKind.VIDEO_NOTE else None
    thumbnail = item.get("thumbnail")
    return RemoteFile(
        ref=str(item["file_id"]),
        kind=kind,
        name=_words(item, "file_name"),
        mime=_words(item, "mime_type") or mime,
        size=_size(item.get("file_size")),
        width=side or _measure(item.get("width")),
        height=side or _measure(item.get("height")),
        duration=_duration(item.get("duration")),
        title=_words(item, "title"),
        performer=_words(item, "performer"),
        alt=alt,
        spoiler=spoiler,
        thumbnail_ref=_words(thumbnail, "file_id") if isinstance(thumbnail, Mapping) else "",
    )


def _sticker(sticker: Fields) -> RemoteFile:
    """Its emoji says what it shows; one that moves has a still thumbnail to stand for it."""
    mime = "image/webp"
    if sticker.get("is_animated") is True:
        mime = "application/x-tgsticker"
    elif sticker.get("is_video") is True:
        mime = "video/webm"
    return _file(sticker, AttachmentKind.STICKER, mime, alt=_words(sticker, "emoji"))


def _words(item: Fields, name: str) -> str:
    value = item.get(name)
    return value if isinstance(value, str) else ""


def _size(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _measure(value: object) -> int | None:
    size = _size(value)
    return size if size and size <= _MOST_PIXELS else None


def _duration(value: object) -> timedelta | None:
    seconds = _size(value)
    return timedelta(seconds=seconds) if seconds and seconds <= _NONE_LONGER else None
