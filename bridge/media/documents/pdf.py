"""PDF (ISO 32000): the document's information, its XMP and the EXIF of its photos become spaces and zeros.

Found by their own words, not by the file's structure: what a program has packed or encrypted is not found and stays.
"""

import mmap
import re
from collections.abc import Iterator
from typing import BinaryIO

from bridge.media.documents.changes import Change

_SIGNED = re.compile(rb"/ByteRange\s*\[")
_ENCRYPTED = re.compile(rb"/Encrypt\s+\d+\s+\d+\s+R|/Encrypt\s*<<")
_INFORMATION = re.compile(rb"/Info\s+(\d{1,10})\s+(\d{1,5})\s+R")
_XMP = re.compile(rb"<x:x[am]pmeta\b")
_XMP_END = re.compile(rb"</x:x[am]pmeta>")
_EXIF = re.compile(rb"\xff\xe1(..)(Exif\x00\x00|http://ns\.adobe\.com/x)", re.DOTALL)
_FAR = 1 << 20
"""Bytes in which the end of what begins must be found."""
_OBJECTS = 50


def changes(file: BinaryIO) -> list[Change]:
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if _SIGNED.search(data) or _ENCRYPTED.search(data):
            return []
        return [*_information(data), *_xmp(data), *_photos(data)]


def _information(data: mmap.mmap) -> Iterator[Change]:
    """Every string of the dictionaries that the document's trailers name, of older versions of it as well."""
    named = {(int(found[1]), int(found[2])) for found in _INFORMATION.finditer(data)}
    for number, generation in sorted(named)[:_OBJECTS]:
        begin = re.compile(rb"(?<![0-9])%d\s+%d\s+obj\s*<<" % (number, generation))
        for found in begin.finditer(data):
            yield from _strings(data, found.end())


def _strings(data: mmap.mmap, place: int) -> Iterator[Change]:
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


def _literal(data: mmap.mmap, place: int, end: int) -> int | None:
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


def _xmp(data: mmap.mmap) -> Iterator[Change]:
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
