"""What a file is, judged by its bytes. The sender's name and type can make a file refused, never accepted."""

import zipfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from bridge.media.containers.scrub import container
from bridge.media.refusal import MediaReason, UnfitMedia

IMAGES = frozenset({"image/jpeg", "image/png", "image/webp", "image/gif", "image/heic", "image/avif"})

SUFFIXES: Mapping[str, tuple[str, ...]] = {
    "image/jpeg": (".jpg", ".jpeg"),
    "image/png": (".png",),
    "image/webp": (".webp",),
    "image/gif": (".gif",),
    "video/mp4": (".mp4", ".m4v", ".3gp"),
    "video/quicktime": (".mov", ".qt"),
    "video/webm": (".webm",),
    "video/x-matroska": (".mkv",),
    "audio/mp4": (".m4a", ".m4b"),
    "audio/webm": (".weba",),
    "audio/x-matroska": (".mka",),
    "audio/ogg": (".ogg", ".oga", ".opus"),
    "audio/mpeg": (".mp3",),
    "audio/x-wav": (".wav",),
    "audio/flac": (".flac",),
    "audio/amr": (".amr",),
    "audio/aac": (".aac",),
    "application/pdf": (".pdf",),
    "application/msword": (".doc",),
    "application/vnd.ms-excel": (".xls",),
    "application/vnd.ms-powerpoint": (".ppt",),
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": (".docx",),
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": (".xlsx",),
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": (".pptx",),
    "application/vnd.oasis.opendocument.text": (".odt",),
    "application/vnd.oasis.opendocument.spreadsheet": (".ods",),
    "application/vnd.oasis.opendocument.presentation": (".odp",),
    "application/epub+zip": (".epub",),
    "application/rtf": (".rtf",),
    "text/csv": (".csv",),
    "text/plain": (".txt", ".md", ".log", ".tsv"),
}
"""Every type carried, and the name endings it may keep; the first is given where the sender's ending does not fit."""

_PROGRAMS = (
    b"MZ",
    b"\x7fELF",
    b"\xca\xfe\xba\xbe",
    b"\xfe\xed\xfa",
    b"\xce\xfa\xed\xfe",
    b"\xcf\xfa\xed\xfe",
    b"dex\n",
    b"#!",
)
_SHORTCUT = b"L\x00\x00\x00\x01\x14\x02\x00"
_ARCHIVES = (b"Rar!", b"7z\xbc\xaf\x27\x1c", b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"MSCF", b"\x28\xb5\x2f\xfd")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_HEIC = (b"heic", b"heix", b"heim", b"heis", b"mif1")
_AVIF = (b"avif", b"avis")
_UNREADABLE_IMAGES = (b"hevc", b"hevx", b"msf1", b"crx ", b"jxl ", b"jp2 ")
_MAX_TEXT = 5_000_000
_STEP = 1 << 18
_ACTIVE_TEXT = (b"<!doctype", b"<html", b"<svg", b"<script", b"<?xml", b"<?php", b"<hta", b"<job", b"<body", b"<iframe")
# Scripts are text: only the name tells that a press on it would run it.
_SCRIPT_NAMES = frozenset(
    {
        ".apk",
        ".app",
        ".bat",
        ".cmd",
        ".com",
        ".cpl",
        ".desktop",
        ".dll",
        ".exe",
        ".hta",
        ".htm",
        ".html",
        ".jar",
        ".js",
        ".jse",
        ".lnk",
        ".mjs",
        ".msi",
        ".php",
        ".pif",
        ".pl",
        ".ps1",
        ".py",
        ".reg",
        ".scf",
        ".scr",
        ".sh",
        ".svg",
        ".url",
        ".vb",
        ".vbe",
        ".vbs",
        ".wsf",
        ".wsh",
        ".xhtml",
    }
)
_OFFICE = {"word/": "docx", "xl/": "xlsx", "ppt/": "pptx"}
_OPEN_DOCUMENT = "application/vnd.oasis.opendocument."
_STREAMS = ("_VBA_PROJECT", "Macros", "EncryptedPackage", "WordDocument", "Workbook", "Book", "PowerPoint Document")
_TEXT_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r\f\x1a"))


def sniff(path: Path, name: str) -> str:
    """The media type; raises UnfitMedia for what is not carried. ``name`` is as the sender gave it."""
    with path.open("rb") as file:
        head = file.read(4096)
    if not head:
        raise UnfitMedia(MediaReason.EMPTY)
    if image := _image(head):
        return image
    if film := container(head):
        return film
    if head.startswith((*_PROGRAMS, _SHORTCUT)):
        raise UnfitMedia(MediaReason.EXECUTABLE)
    if b"%PDF-" in head[:1024]:
        return "application/pdf"
    if head.startswith(b"PK\x03\x04"):
        return _zip(path)
    if head.startswith(_OLE):
        return _ole(path)
    if head.startswith(_ARCHIVES):
        raise UnfitMedia(MediaReason.ARCHIVE)
    if path.stat().st_size > _MAX_TEXT:
        if head.translate(None, _TEXT_CONTROLS) == head:
            raise UnfitMedia(MediaReason.TOO_BIG, limit=_MAX_TEXT)
        raise UnfitMedia(MediaReason.UNSUPPORTED)
    return _text(path.read_bytes(), name)


def _image(head: bytes) -> str | None:
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        if brand in _AVIF or (brand == b"mif1" and b"avif" in head[16:64]):
            return "image/avif"
        if brand in _HEIC:
            return "image/heic"
        if brand in _UNREADABLE_IMAGES:
            raise UnfitMedia(MediaReason.NO_DECODER)
    return None


def _zip(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            declared = archive.open("mimetype").read(100).decode("ascii") if "mimetype" in names else ""
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, EOFError, OSError) as error:
        raise UnfitMedia(MediaReason.BROKEN) from error
    lower = [entry.lower() for entry in names]
    if any(entry.endswith(("vbaproject.bin", ".dex", ".exe", ".js")) or entry.startswith("basic/") for entry in lower):
        raise UnfitMedia(MediaReason.EXECUTABLE)
    if "[Content_Types].xml" in names:
        for folder, suffix in _OFFICE.items():
            if any(entry.startswith(folder) for entry in names):
                return next(mime for mime, known in SUFFIXES.items() if f".{suffix}" in known)
    if declared in SUFFIXES and (declared.startswith(_OPEN_DOCUMENT) or declared == "application/epub+zip"):
        return declared
    if "meta-inf/manifest.mf" in lower or "androidmanifest.xml" in lower:
        raise UnfitMedia(MediaReason.EXECUTABLE)
    raise UnfitMedia(MediaReason.ARCHIVE)


def _ole(path: Path) -> str:
    """The old Office formats: one container for all; streams are named in UTF-16."""

    found: set[str] = set()
    with path.open("rb") as file:
        before = b""
        while data := file.read(_STEP):
            data = before + data
            found.update(name for name in _STREAMS if name.encode("utf-16-le") in data)
            before = data[-64:]

    def has(stream: str) -> bool:
        return stream in found

    if has("_VBA_PROJECT") or has("Macros"):
        raise UnfitMedia(MediaReason.EXECUTABLE)
    if has("EncryptedPackage"):
        raise UnfitMedia(MediaReason.ARCHIVE)
    if has("WordDocument"):
        return "application/msword"
    if has("Workbook") or has("Book"):
        return "application/vnd.ms-excel"
    if has("PowerPoint Document"):
        return "application/vnd.ms-powerpoint"
    raise UnfitMedia(MediaReason.EXECUTABLE)  # an installer (.msi) and an Outlook message are the same container


def _text(data: bytes, name: str) -> str:
    suffix = PurePosixPath(name.replace("\\", "/").strip().rstrip(". ").lower()).suffix
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            data = data.decode("utf-16").encode()
        except UnicodeDecodeError:
            raise UnfitMedia(MediaReason.UNSUPPORTED) from None
    if data.translate(None, _TEXT_CONTROLS) != data:
        raise UnfitMedia(MediaReason.EXECUTABLE if suffix in _SCRIPT_NAMES else MediaReason.UNSUPPORTED)
    start = data.removeprefix(b"\xef\xbb\xbf").lstrip()[:2000].lower()
    if suffix in _SCRIPT_NAMES or start.startswith((b"#!", b"@echo off")) or any(tag in start for tag in _ACTIVE_TEXT):
        raise UnfitMedia(MediaReason.EXECUTABLE)
    if start.startswith(b"{\\rtf"):
        if b"\\objdata" in data or b"\\objocx" in data:
            raise UnfitMedia(MediaReason.EXECUTABLE)
        return "application/rtf"
    return "text/csv" if suffix == ".csv" else "text/plain"
