"""Files: what can be uploaded, the ids bots see, and picture sizes read from the first bytes."""

import base64
import binascii
import struct
import zlib
from dataclasses import replace

from bridge.playground.botapi.errors import ApiError, bad_request
from bridge.playground.botapi.state import State, StoredFile

MAX_PHOTO_BYTES = 10 * 1024 * 1024
MAX_UPLOAD_BYTES = 50 * 1024 * 1024
MAX_DOWNLOAD_BYTES = 20 * 1024 * 1024
_MAX_SIDES = 10_000
_MAX_RATIO = 20
_THUMBNAIL = 90
_FOLDERS = {"photo": "photos", "voice": "voice", "video": "videos", "sticker": "stickers", "audio": "music"}
_SUFFIXES = {"photo": ".jpg", "voice": ".oga", "video": ".mp4", "sticker": ".webp", "video_note": ".mp4"}


def store_file(state: State, kind: str, data: bytes, file_name: str | None, mime_type: str | None) -> StoredFile:
    """Keep an upload and return its record; raise `ApiError` where Telegram refuses it."""
    if not data:
        raise bad_request("file must be non-empty")
    if len(data) > MAX_UPLOAD_BYTES:
        raise ApiError(413, "Request Entity Too Large")
    width = height = 0
    if kind == "photo":
        width, height = _photo_size(data)
    number = state.next_file_number
    state.next_file_number += 1
    unique = base64.urlsafe_b64encode(b"AQAD" + number.to_bytes(8, "big")).decode().rstrip("=")
    stored = StoredFile(unique, kind, file_name, mime_type, len(data), width, height)
    state.files[unique] = stored
    state.blobs[unique] = data
    if kind == "photo" and max(width, height) > _THUMBNAIL:
        scale = _THUMBNAIL / max(width, height)
        small = (max(1, round(width * scale)), max(1, round(height * scale)))
        picture = grey_png(*small)
        state.blobs[f"{unique}-s"] = picture
        state.files[f"{unique}-s"] = replace(
            stored, unique_id=f"{unique}-s", size=len(picture), width=small[0], height=small[1]
        )
    return stored


def _photo_size(data: bytes) -> tuple[int, int]:
    if len(data) > MAX_PHOTO_BYTES:
        raise bad_request(
            f"file of size {len(data)} bytes is too big for a photo; the maximum size is {MAX_PHOTO_BYTES} bytes"
        )
    size = image_size(data)
    if size is None:
        raise bad_request("IMAGE_PROCESS_FAILED")
    width, height = size
    if not width or not height or width + height > _MAX_SIDES or max(size) > _MAX_RATIO * min(size):
        raise bad_request("PHOTO_INVALID_DIMENSIONS")
    return size


def image_size(data: bytes) -> tuple[int, int] | None:
    """Return width and height in pixels of a PNG, GIF, JPEG or WebP picture, or None."""
    try:
        if data.startswith(b"\x89PNG\r\n\x1a\n"):
            width, height = struct.unpack(">II", data[16:24])
            return width, height
        if data[:6] in {b"GIF87a", b"GIF89a"}:
            width, height = struct.unpack("<HH", data[6:10])
            return width, height
        if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            return _webp_size(data)
        if data.startswith(b"\xff\xd8"):
            return _jpeg_size(data)
    except (struct.error, IndexError):
        return None
    return None


def _webp_size(data: bytes) -> tuple[int, int] | None:
    chunk = data[12:16]
    if chunk == b"VP8X":
        return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
    if chunk == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + ((bits >> 14) & 0x3FFF)
    if chunk == b"VP8 ":
        width, height = struct.unpack("<HH", data[26:30])
        return width & 0x3FFF, height & 0x3FFF
    return None


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    at = 2
    while data[at] == 0xFF:
        marker = data[at + 1]
        (length,) = struct.unpack(">H", data[at + 2 : at + 4])
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return width, height
        at += 2 + length
    return None


def grey_png(width: int, height: int) -> bytes:
    """Return a plain grey picture."""
    rows = (b"\x00" + b"\xc8" * width) * height

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def file_id(bot_id: int, stored: StoredFile) -> str:
    """Return the id under which one bot knows a file; another bot cannot use it."""
    return base64.urlsafe_b64encode(f"{stored.kind}:{stored.unique_id}:{bot_id}".encode()).decode().rstrip("=")


def find_file(state: State, bot_id: int, identifier: str) -> StoredFile | None:
    """Return the file that `identifier` names for this bot, or None."""
    padded = identifier + "=" * (-len(identifier) % 4)
    try:
        kind, unique, owner = base64.b64decode(padded, altchars=b"-_", validate=True).decode().split(":")
    except (binascii.Error, ValueError):
        return None
    stored = state.files.get(unique)
    return stored if stored is not None and stored.kind == kind and owner == str(bot_id) else None


def file_path(stored: StoredFile) -> str:
    """Return the path below `/file/bot<TOKEN>/`; it keeps little of the name, as Telegram's does."""
    suffix = _SUFFIXES.get(stored.kind, "")
    if not suffix and stored.file_name and "." in stored.file_name:
        ending = stored.file_name.rsplit(".", 1)[1]
        suffix = f".{ending}" if ending.isalnum() else ""
    return f"{_FOLDERS.get(stored.kind, 'documents')}/{stored.unique_id}{suffix}"


def by_path(state: State, path: str) -> StoredFile | None:
    """Return the file that `file_path` names."""
    unique = path.rpartition("/")[2].partition(".")[0]
    stored = state.files.get(unique)
    return stored if stored is not None and file_path(stored) == path else None
