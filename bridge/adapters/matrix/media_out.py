"""Files as Matrix shows them: the content of the event that carries one. Pure."""

from pathlib import PurePosixPath

from bridge.adapters.matrix.media_in import ALT, ANIMATED, AUDIO, GIF, LOUDEST, SPOILER, VOICE
from bridge.core.calls import defused
from bridge.core.hygiene import clean_filename
from bridge.core.message import Attachment, AttachmentKind
from bridge.core.ports import Json

STICKER = "m.sticker"
_TYPES = {
    AttachmentKind.AUDIO: "m.audio",
    AttachmentKind.VOICE: "m.audio",
    AttachmentKind.VIDEO: "m.video",
    AttachmentKind.VIDEO_NOTE: "m.video",
    AttachmentKind.DOCUMENT: "m.file",
}
_HEARD = frozenset({AttachmentKind.AUDIO, AttachmentKind.VOICE})
_LIKE_A_GIF = ("fi.mau.loop", "fi.mau.autoplay", "fi.mau.hide_controls", "fi.mau.no_audio")
_BARS = 128


def message_type(file: Attachment) -> str:
    """The ``msgtype``: pictures that move and stickers are what their format is, film or picture."""
    return _TYPES.get(file.kind) or {"image": "m.image", "video": "m.video"}.get(file.mime.partition("/")[0], "m.file")


def is_sticker(file: Attachment) -> bool:
    """Can it be an event of the stickers' own type?"""
    return file.kind is AttachmentKind.STICKER and message_type(file) == "m.image"


def sticker_content(file: Attachment) -> dict[str, Json]:
    return {"body": defused(file.alt or file.name), "info": _info(file)}


def file_content(file: Attachment, caption: dict[str, Json] | None) -> dict[str, Json]:
    """The content without the file's address; ``caption`` is a text's, with ``body`` and perhaps HTML."""
    name = defused(_name(file))
    content: dict[str, Json] = {
        **({"body": name, "m.mentions": {}} if caption is None else caption),
        "msgtype": message_type(file),
        "filename": name,
        "info": _info(file),
    }
    if file.kind in _HEARD:
        content |= _sound(file)
    if file.spoiler:
        content[SPOILER] = True
    if file.alt:
        content[ALT] = {"org.matrix.msc1767.text": [{"body": file.alt}]}
    return content


def _info(file: Attachment) -> dict[str, Json]:
    # Whole numbers only: https://spec.matrix.org/latest/appendices/#canonical-json
    info: dict[str, Json] = {"mimetype": file.mime, "size": file.size}
    kind = message_type(file)
    if kind in ("m.image", "m.video") and file.width and file.height:
        info |= {"w": file.width, "h": file.height}
    if kind in ("m.audio", "m.video") and file.duration is not None:
        info["duration"] = _milliseconds(file)
    if file.kind is AttachmentKind.ANIMATION and kind == "m.image":
        info[ANIMATED] = True
    if file.kind in (AttachmentKind.ANIMATION, AttachmentKind.STICKER) and kind == "m.video":
        info |= dict.fromkeys((GIF, *_LIKE_A_GIF), True)
    if file.thumbnail is not None:
        small = file.thumbnail
        info["thumbnail_info"] = {"mimetype": small.mime, "size": small.size, "w": small.width, "h": small.height}
    return info


def _sound(file: Attachment) -> dict[str, Json]:
    audio: dict[str, Json] = {}
    if file.duration is not None:
        audio["duration"] = _milliseconds(file)
    if file.kind is not AttachmentKind.VOICE:
        return {AUDIO: audio} if audio else {}
    step = max(1, -(-len(file.waveform) // _BARS))
    audio["waveform"] = [min(LOUDEST, max(0, bar)) for bar in file.waveform[::step]]
    return {AUDIO: audio, VOICE: {}}


def _milliseconds(file: Attachment) -> int:
    return 0 if file.duration is None else round(file.duration.total_seconds() * 1000)


def _name(file: Attachment) -> str:
    """Music is called by its performer and title: apps show nothing of it but its file's name."""
    known = " - ".join(part for part in (file.performer, file.title) if part)
    if file.kind is not AttachmentKind.AUDIO or not file.title:
        return file.name
    return clean_filename(f"{known}{PurePosixPath(file.name).suffix}", file.name)
