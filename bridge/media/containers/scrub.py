"""Which container a file is, and its scrubbing."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO

from bridge.media.containers import ebml, isobmff, mpeg, ogg, plain
from bridge.media.containers.common import Facts

SCRUBBERS: Mapping[str, Callable[[BinaryIO, int], Facts]] = {
    "video/mp4": isobmff.scrub,
    "video/webm": ebml.scrub,
    "audio/ogg": ogg.scrub,
    "audio/mpeg": mpeg.scrub,
    "audio/x-wav": plain.wav,
    "audio/flac": plain.flac,
    "audio/amr": plain.amr,
    "audio/aac": plain.aac,
}


def container(head: bytes) -> str | None:
    """By its first bytes."""
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
        return "video/mp4"
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return "audio/x-wav"
    if head.startswith(b"ID3") or mpeg.frame(head[:4]):
        return "audio/mpeg"
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0:
        return "audio/aac"
    for start, mime in (
        (b"\x1a\x45\xdf\xa3", "video/webm"),
        (b"OggS", "audio/ogg"),
        (b"fLaC", "audio/flac"),
        (b"#!AMR", "audio/amr"),
    ):
        if head.startswith(start):
            return mime
    return None


def scrub(path: Path, mime: str) -> Facts:
    """In place. Raises UnfitMedia, after which the file is not to be used."""
    with path.open("r+b") as file:
        return SCRUBBERS[mime](file, path.stat().st_size)
