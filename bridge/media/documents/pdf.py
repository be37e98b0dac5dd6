"""PDF (ISO 32000): the document's information, its XMP and the EXIF of its photos become spaces and zeros.

Found by their own words, not by the file's structure. What is packed as programs pack it (FlateDecode) is unpacked.
"""

import mmap
import re
import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from bridge.media.documents.changes import Change, deflated

Bytes = bytes | mmap.mmap

_SIGNED = re.compile(rb"/ByteRange\s*\[")
_ENCRYPTED = re.compile(rb"/Encrypt\s+\d+\s+\d+\s+R|/Encrypt\s*<<")
_INFORMATION = re.compile(rb"/Info\s+(\d{1,10})\s+(\d{1,5})\s+R")
_XMP = re.compile(rb"<x:x[am]pmeta\b")
_XMP_END = re.compile(rb"</x:x[am]pmeta>")
_EXIF = re.compile(rb"\xff\xe1(..)(Exif\x00\x00|http://ns\.adobe\.com/x)", re.DOTALL)
_FAR = 1 << 20
"""Bytes in which the end of what begins must be found."""
_OBJECTS = 50
_PACKED = re.compile(rb"/Type\s*/(ObjStm|Metadata)\b")
_BEGIN = re.compile(rb">>\s*stream\r?\n")
_NEAR = 2000
"""Bytes of a stream's dictionary."""
_MOST = 20_000_000
"""Bytes of all streams that are unpacked."""


def changes(file: BinaryIO) -> list[Change]:
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if _SIGNED.search(data) or _ENCRYPTED.search(data):
            return []
        named = sorted({(int(found[1]), int(found[2])) for found in _INFORMATION.finditer(data)})[:_OBJECTS]
        return [
            *_information(data, named),
            *_xmp(data),
            *_photos(data),
            *_packed(data, {number for number, _ in named}),
        ]


def _information(data: mmap.mmap, named: list[tuple[int, int]]) -> Iterator[Change]:
    """Every string of the dictionaries that the document's trailers name, of older versions of it as well."""
    for number, generation in named:
        begin = re.compile(rb"(?<![0-9])%d\s+%d\s+obj\s*<<" % (number, generation))
        for found in begin.finditer(data):
            yield from _strings(data, found.end())


def _strings(data: Bytes, place: int) -> Iterator[Change]:
    """The strings of the dictionary that begins here. Names stay, so that it stays one."""
    depth, end = 1, min(len(data), place + _FAR)
    made: list[Change] = []
    while place < end:
        here = data[place : place + 2]
        if here == b"<<" or here == b">>":
            depth += 1 if here == b"<<" else -1
            place += 2
            if not depth:
                yield from made
                return
        elif here[:1] == b"(":
            after = _literal(data, place, end)
            if after is None:
                return
            made.append((place + 1, b" " * (after - place - 2)))
            place = after
        elif here[:1] == b"<":
            after = data.find(b">", place, end)
            if after < 0:
                return
            count = after - place - 1
            made.append((place + 1, b"20" * (count // 2) + b" " * (count % 2)))
            place = after + 1
        elif here[:1] == b"%":
            return  # a comment may hold anything
        else:
            place += 1


def _literal(data: Bytes, place: int, end: int) -> int | None:
    """Where a string in parentheses ends; they may stand in each other."""
    depth = 0
    while place < end:
        here = data[place : place + 1]
        if here == b"\\":
            place += 1
        elif here == b"(":
            depth += 1
        elif here == b")":
            depth -= 1
            if not depth:
                return place + 1
        place += 1
    return None


def _xmp(data: Bytes) -> Iterator[Change]:
    for begin in _XMP.finditer(data):
        found = _XMP_END.search(data, begin.end(), min(len(data), begin.end() + _FAR))
        if found:
            yield begin.start(), b" " * (found.end() - begin.start())


def _photos(data: mmap.mmap) -> Iterator[Change]:
    """Photos stand in a PDF as they are. No reader turns them by their EXIF."""
    for found in _EXIF.finditer(data):
        count = int.from_bytes(found[1], "big") - 2
        if found.end() - found.start(2) <= count <= len(data) - found.start(2):
            yield found.start(2), bytes(count)


# --- what is packed -------------------------------------------------------------------------------------------------


def _packed(data: mmap.mmap, named: set[int]) -> Iterator[Change]:
    """Objects and XMP that programs pack; what is packed in another way stays."""
    left = _MOST
    for found in _PACKED.finditer(data):
        begin = _BEGIN.search(data, found.end(), min(len(data), found.end() + _NEAR))
        start = data.rfind(b" obj", max(0, found.start() - _NEAR), found.start())
        if begin is None or start < 0:
            continue
        about = data[start : begin.end()]
        length = re.search(rb"/Length\s+(\d{1,9})(?!\s+\d+\s+R)(?!\d)", about)
        if length is None or b"endobj" in about or b"/DecodeParms" in about:
            continue
        if not re.search(rb"/Filter\s*(?:/FlateDecode|\[\s*/FlateDecode\s*\])", about):
            continue
        raw = data[begin.end() : begin.end() + int(length[1])]
        unpacker = zlib.decompressobj()
        text = unpacker.decompress(raw, left)
        left -= len(text)
        if not unpacker.eof or left <= 0:
            continue
        changes = _xmp(text) if found[1] == b"Metadata" else _in_objects(text, about, named)
        again = _repacked(text, list(changes), len(raw))
        if again is not None:
            yield begin.end(), again


def _in_objects(text: bytes, about: bytes, named: set[int]) -> Iterator[Change]:
    """The strings of those objects of a stream: its beginning tells where each stands."""
    count, first = (re.search(rb"/%s\s+(\d{1,7})" % name, about) for name in (b"N", b"First"))
    if count is None or first is None:
        return
    told = [int(number) for number in text[: int(first[1])].split()[: 2 * int(count[1])]]
    for number, offset in zip(told[::2], told[1::2], strict=False):
        place = int(first[1]) + offset
        opening = re.compile(rb"\s*<<").match(text, place) if number in named else None
        if opening:
            yield from _strings(text, opening.end())


def _repacked(text: bytes, changes: list[Change], room: int) -> bytes | None:
    """The stream with its changes, as long; None where there is nothing to change, or too little room."""
    new = bytearray(text)
    for place, data in changes:
        new[place : place + len(data)] = data
    found = deflated(bytes(new), room - 6, b" ") if new != text else None
    return None if found is None else b"\x78\xda" + found[1] + struct.pack(">I", zlib.adler32(found[0]))
