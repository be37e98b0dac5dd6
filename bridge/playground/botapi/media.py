"""Media that bots send: what an upload really is, which fields it carries and who may use a file again."""

import gzip
import zlib
from typing import Any

from bridge.playground.botapi.errors import bad_request, not_simulated
from bridge.playground.botapi.files import find_file, image_size, store_file
from bridge.playground.botapi.params import Params, Upload
from bridge.playground.botapi.state import Account, JsonObject, State, StoredFile

MAX_THUMBNAIL_BYTES = 200_000
MAX_THUMBNAIL_SIDE = 320
MAX_NOTE_SECONDS = 60
_MAX_LENGTH, _MAX_DURATION = 10_000, 24 * 3600
_TYPE_NAMES = {"voice": "VoiceNote", "video_note": "VideoNote"}
#: Numbers and words that go with each kind, as parameters of its method; they come back in the message.
NUMBERS: dict[str, tuple[str, ...]] = {
    "video": ("width", "height", "duration"),
    "animation": ("width", "height", "duration"),
    "audio": ("duration",),
    "voice": ("duration",),
    "video_note": ("length", "duration"),
}
WORDS: dict[str, tuple[str, ...]] = {"audio": ("performer", "title"), "sticker": ("emoji",)}
#: What Telegram says of a kind even where the sender did not: zeros where it does not look into the file.
_ALWAYS: dict[str, JsonObject] = {
    "video": {"width": 0, "height": 0, "duration": 0},
    "animation": {"width": 0, "height": 0, "duration": 0},
    "audio": {"duration": 0},
    "voice": {"duration": 0},
    "video_note": {"length": 0, "duration": 0},
}


def sniff(data: bytes) -> str:
    """Return what the first bytes say: mp4, m4a, webm, gif, ogg-opus, ogg, mp3, webp, tgs, jpeg, png or ""."""
    if data[4:8] == b"ftyp":
        return "m4a" if data[8:11] == b"M4A" else "mp4"
    if data[:4] == b"OggS":
        return "ogg-opus" if b"OpusHead" in data[:128] else "ogg"
    if data[:3] == b"ID3" or (len(data) > 2 and data[0] == 0xFF and data[1] & 0xE6 == 0xE2):
        return "mp3"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    if data[:2] == b"\x1f\x8b":
        return "tgs" if _is_animated_sticker(data) else ""
    for start, name in ((b"\x1aE\xdf\xa3", "webm"), (b"GIF8", "gif"), (b"\xff\xd8\xff", "jpeg"), (b"\x89PNG", "png")):
        if data.startswith(start):
            return name
    return ""


def _is_animated_sticker(data: bytes) -> bool:
    try:
        return len(data) <= 64 * 1024 and b'"layers"' in gzip.decompress(data)
    except (OSError, EOFError, zlib.error):
        return False


def kind_of_upload(wanted: str, upload: Upload, *, detect: bool, seconds: int) -> str:
    """Return what Telegram makes of an upload: a voice note in a foreign format becomes a document or audio."""
    found = sniff(upload.data)
    if wanted == "video" and found != "mp4":
        return "animation" if found == "gif" else "document"
    if wanted == "video_note":
        if found != "mp4":
            return "document"
        return "video" if seconds > MAX_NOTE_SECONDS else "video_note"
    if wanted == "animation" and found not in {"mp4", "gif"}:
        return "document"
    if wanted == "audio" and found not in {"mp3", "m4a", "ogg", "ogg-opus"}:
        return "document"
    if wanted == "voice" and found not in {"ogg-opus", "mp3", "m4a"}:
        return "audio" if found == "ogg" else "document"
    if wanted == "sticker" and found not in {"webp", "tgs", "webm"}:
        raise bad_request("[simulator] a sticker must be a WEBP, TGS or WEBM file")
    if wanted == "document" and detect:
        return {"gif": "animation", "mp4": "video", "mp3": "audio", "m4a": "audio"}.get(found, "document")
    return wanted


def attributes_of(params: Params, kind: str) -> JsonObject:
    """Return the numbers and words of the call that belong to this kind of media."""
    found: JsonObject = dict(_ALWAYS.get(kind, {}))
    for name in NUMBERS.get(kind, ()):
        value = params.integer(name)
        limit = _MAX_DURATION if name == "duration" else _MAX_LENGTH
        if value:
            found[name] = max(0, min(value, limit))
    for name in WORDS.get(kind, ()):
        if params.text(name):
            found[name] = params.text(name)
    return found


def _sticker_attributes(data: bytes) -> JsonObject:
    found = sniff(data)
    width, height = image_size(data) or (512, 512)
    return {
        "type": "regular",
        "width": width,
        "height": height,
        "is_animated": found == "tgs",
        "is_video": found == "webm",
    }


def _attached(params: Params, reference: str) -> Upload | None:
    if not reference.startswith("attach://"):
        return None
    name = reference.removeprefix("attach://")
    if name not in params.uploads:
        raise bad_request(f'file "{name}" not found in the request')
    return params.uploads[name]


def _thumbnail(state: State, params: Params) -> str | None:
    reference = params.text("thumbnail")
    upload = params.uploads.get("thumbnail") or _attached(params, reference)
    if upload is None:
        if reference:
            raise bad_request("[simulator] a thumbnail can only be uploaded: Telegram would ignore this one")
        return None
    size = image_size(upload.data)
    if sniff(upload.data) != "jpeg" or size is None:
        raise bad_request("[simulator] a thumbnail must be a JPEG picture: Telegram would ignore this one")
    if len(upload.data) > MAX_THUMBNAIL_BYTES or max(size) > MAX_THUMBNAIL_SIDE:
        raise bad_request("[simulator] a thumbnail has at most 200 kB and 320 pixels: Telegram would ignore this one")
    stored = store_file(state, "thumbnail", upload.data, None, None)
    stored.width, stored.height = size
    return stored.unique_id


def media_content(state: State, bot: Account, params: Params, kind: str, *, in_album: bool = False) -> JsonObject:
    """Return the content for an uploaded file or one that Telegram already has, under the kind that it really is."""
    reference = params.text(kind)
    upload = params.uploads.get(kind) or _attached(params, reference)
    if upload is not None:
        return _uploaded(state, params, kind, upload, in_album=in_album)
    if not reference:
        raise bad_request(f"there is no {kind} in the request")
    if reference.startswith(("http://", "https://")):
        raise not_simulated("sending a file by its address")
    stored = find_file(state, bot.id, reference)
    if stored is None or stored.kind == "thumbnail":
        raise bad_request("wrong file identifier/HTTP URL specified")
    if (stored.kind == "photo") != (kind == "photo"):
        raise bad_request(f"can't use file of type {_type_name(stored.kind)} as {_type_name(kind)}")
    if stored.kind != kind and in_album:
        raise not_simulated(f"a {stored.kind} sent again as {kind} in an album")
    # Everything else than a photo is one class of file: what is sent again keeps its own kind.
    return {stored.kind: {"file": stored.unique_id.removesuffix("-s")}}


def _uploaded(state: State, params: Params, kind: str, upload: Upload, *, in_album: bool) -> JsonObject:
    detect = kind == "document" and not in_album and not params.boolean("disable_content_type_detection")
    real = kind_of_upload(kind, upload, detect=detect, seconds=params.integer("duration"))
    if real != kind and in_album:
        raise bad_request(f"[simulator] this upload is no {kind}: Telegram would refuse it or break the album")
    stored = store_file(state, real, upload.data, upload.file_name, upload.mime_type)
    stored.attributes = attributes_of(params, kind) if real == kind else dict(_ALWAYS.get(real, {}))
    if real == "sticker":
        stored.attributes = _sticker_attributes(upload.data) | stored.attributes
    stored.thumbnail = _thumbnail(state, params)
    return {real: {"file": stored.unique_id}}


def _type_name(kind: str) -> str:
    return _TYPE_NAMES.get(kind, kind.capitalize())


def stored_of(state: State, content: JsonObject, kind: str) -> StoredFile:
    """Return the file in a message's content."""
    value: Any = content[kind]
    return state.files[value["file"]]
