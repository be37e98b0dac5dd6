"""Files as the Bot API takes them: which kind of message shows a file, and what is told of it. Pure."""

import re
from collections.abc import Mapping
from typing import Any, Final

from bridge.adapters.telegram.capabilities import CAPTION_LIMIT, MAX_ALBUM
from bridge.adapters.telegram.entities import utf16_length
from bridge.core.message import Attachment, AttachmentKind, Content
from bridge.core.text import MarkKind, RichText, emphasised, joined, plain

FILE_FIELD: Final[Mapping[str, str]] = {
    "sendPhoto": "photo",
    "sendVideo": "video",
    "sendAnimation": "animation",
    "sendAudio": "audio",
    "sendVoice": "voice",
    "sendVideoNote": "video_note",
    "sendSticker": "sticker",
    "sendDocument": "document",
}
"""Which parameter of a method takes the file. In a payload it holds the file's sha256."""
METHOD: Final = {field: method for method, field in FILE_FIELD.items()}
EDITABLE: Final = frozenset({"photo", "video", "animation", "audio", "document"})
"""What a message's file can be replaced by: https://core.telegram.org/bots/api#inputmedia"""

MAX_PHOTO: Final = 10_000_000
"""Bytes: https://core.telegram.org/bots/api#sendphoto"""
_PHOTOS: Final = ("image/jpeg", "image/png", "image/webp")
_AUDIO: Final = ("audio/mpeg", "audio/mp3", "audio/mp4", "audio/x-m4a", "audio/m4a", "audio/ogg", "audio/opus")
"""Also as a voice message."""
_STICKERS: Final = {"image/webp": 512_000, "application/x-tgsticker": 64_000, "video/webm": 256_000}
"""Bytes: https://core.telegram.org/stickers"""
_STICKER_SIDE: Final = 512
_NOTE_SECONDS: Final = 60
_THUMBNAIL_BYTES, _THUMBNAIL_SIDE = 200_000, 320
_THUMBNAILS: Final = frozenset({"video", "animation", "audio", "video_note", "document"})


def form(attachment: Attachment, *, captioned: bool) -> str:
    """The kind of message that shows a file as what it is; a document shows everything."""
    kind, mime = attachment.kind, attachment.mime.partition(";")[0].strip().lower()
    still = kind in (AttachmentKind.PHOTO, AttachmentKind.STICKER)
    if kind is AttachmentKind.STICKER and not captioned and _is_sticker(attachment, mime):
        return "sticker"
    if (mime == "image/gif" and (still or kind is AttachmentKind.ANIMATION)) or (
        mime == "video/mp4" and kind is AttachmentKind.ANIMATION
    ):
        return "animation"
    if still and mime in _PHOTOS and _is_photo(attachment):
        return "photo"
    if mime == "video/mp4" and kind in (AttachmentKind.VIDEO, AttachmentKind.VIDEO_NOTE):
        return "video_note" if not captioned and _is_note(attachment) else "video"
    if kind is AttachmentKind.VOICE and mime in _AUDIO:
        return "voice"
    if kind is AttachmentKind.AUDIO and mime in _AUDIO:
        return "audio"
    return "document"


def _is_photo(attachment: Attachment) -> bool:
    # https://core.telegram.org/bots/api#sendphoto: what is larger, longer or thinner still goes as a document.
    width, height = attachment.width, attachment.height
    if attachment.size > MAX_PHOTO:
        return False
    return not width or not height or (width + height <= 10_000 and max(width, height) <= 20 * min(width, height))


def _is_sticker(attachment: Attachment, mime: str) -> bool:
    sides = (attachment.width or 0, attachment.height or 0)
    vector = mime == "application/x-tgsticker"
    return attachment.size <= _STICKERS.get(mime, 0) and (vector or 0 < min(sides) <= max(sides) <= _STICKER_SIDE)


def _is_note(attachment: Attachment) -> bool:
    short = attachment.duration is None or attachment.duration.total_seconds() <= _NOTE_SECONDS
    square = attachment.width is not None and attachment.width == attachment.height
    return attachment.kind is AttachmentKind.VIDEO_NOTE and square and short


def described(attachment: Attachment, *, captioned: bool) -> dict[str, Any]:
    """A file as an InputMedia: https://core.telegram.org/bots/api#inputmedia"""
    kind = form(attachment, captioned=captioned)
    item: dict[str, Any] = {"type": kind, "media": attachment.sha256}
    facts: dict[str, Any] = {}
    if attachment.duration is not None:
        facts["duration"] = max(0, round(attachment.duration.total_seconds()))
    if attachment.width and attachment.height:
        facts |= {"width": attachment.width, "height": attachment.height, "length": attachment.width}
    facts |= {"title": attachment.title, "performer": attachment.performer}
    # Otherwise Telegram makes a video without its name of a document that is one.
    facts |= {"has_spoiler": attachment.spoiler, "supports_streaming": True, "disable_content_type_detection": True}
    names = {
        "photo": ("has_spoiler",),
        "video": ("duration", "width", "height", "has_spoiler", "supports_streaming"),
        "animation": ("duration", "width", "height", "has_spoiler"),
        "audio": ("duration", "title", "performer"),
        "voice": ("duration",),
        "video_note": ("duration", "length"),
        "document": ("disable_content_type_detection",),
    }
    item |= {name: facts[name] for name in names.get(kind, ()) if facts.get(name)}
    small = attachment.thumbnail
    if (
        kind in _THUMBNAILS
        and small is not None
        and small.mime == "image/jpeg"
        and small.size < _THUMBNAIL_BYTES
        and max(small.width, small.height) <= _THUMBNAIL_SIDE
    ):
        item["thumbnail"] = small.sha256
    return item


def fits(content: Content, limit: int) -> bool:
    """Can these files be one message, or one album? ``limit``: bytes that the server takes at once."""
    sizes = [attachment.size for attachment in content.attachments]
    if not all(0 < size <= limit for size in sizes):
        return False
    if len(sizes) == 1:
        return True
    # They travel in one request, which may be no larger than the largest file.
    if len(sizes) > MAX_ALBUM or sum(sizes) > limit or content.buttons:
        return False
    kinds = {form(attachment, captioned=True) for attachment in content.attachments}
    return kinds <= {"photo", "video"} or kinds in ({"document"}, {"audio"})


def caption(content: Content) -> RichText:
    """The text, and what the pictures show for those who cannot see them: Telegram has no place of its own for it."""
    several, lines = len(content.attachments) > 1, list[str]()
    for number, attachment in enumerate(content.attachments, 1):
        alt = re.sub(r"\s+", " ", attachment.alt).strip()
        if alt and attachment.kind is not AttachmentKind.STICKER and alt not in content.text.text:
            lines.append(f"🖼 {number}: {alt}" if several else f"🖼 {alt}")
    if not lines:
        return content.text
    words = plain("\n".join(lines))
    if not content.text and utf16_length(words.text) > CAPTION_LIMIT:
        words = words.shortened(CAPTION_LIMIT // 2)  # beside nothing else they always fit
    return joined([part for part in (content.text, emphasised(words, MarkKind.ITALIC)) if part], "\n\n")
