"""Office (ECMA-376) and OpenDocument: a ZIP, whose properties and photos are written anew where they lie."""

import struct
import zipfile
import zlib
from typing import BinaryIO

from bridge.media.documents.changes import Change, deflated
from bridge.media.documents.pictures import without_origin

_MOST = 100_000_000
"""Bytes that are unpacked."""
_PROPERTIES = "http://schemas.openxmlformats.org"
_EMPTY = {
    "docProps/core.xml": f'<coreProperties xmlns="{_PROPERTIES}/package/2006/metadata/core-properties"/>',
    "docProps/app.xml": f'<Properties xmlns="{_PROPERTIES}/officeDocument/2006/extended-properties"/>',
    "docProps/custom.xml": f'<Properties xmlns="{_PROPERTIES}/officeDocument/2006/custom-properties"/>',
    "meta.xml": '<o:document-meta xmlns:o="urn:oasis:names:tc:opendocument:xmlns:office:1.0" o:version="1.2"/>',
}
_SIGNED = ("_xmlsignatures/", "META-INF/documentsignatures.xml", "META-INF/macrosignatures.xml")
_ENCRYPTED, _TOLD_BEHIND = 0x1, 0x8


def changes(file: BinaryIO) -> list[Change]:
    found: list[Change] = []
    left = _MOST
    with zipfile.ZipFile(file) as archive:
        entries, place = archive.infolist(), archive.start_dir
        if any(entry.filename.startswith(_SIGNED) for entry in entries):
            return []
        for entry in entries:
            record = place
            place = record + 46 + sum(struct.unpack("<HHH", _read(file, record + 28, 6)))
            if entry.flag_bits & _ENCRYPTED or entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                continue
            empty = _EMPTY.get(entry.filename, "").encode()
            picture = entry.filename.lower().endswith((".jpg", ".jpeg"))
            if not (empty or picture) or entry.file_size > left:
                continue
            left -= entry.file_size
            was = archive.read(entry)  # raises where its sums are not true
            new, filler = (empty, b" ") if empty else (without_origin(was), b"\x00")
            if new.rstrip(filler) != was.rstrip(filler):
                found += _replaced(file, entry, record, archive.start_dir, new, filler)
    return found


def _read(file: BinaryIO, place: int, count: int) -> bytes:
    file.seek(place)
    return file.read(count)


def _replaced(
    file: BinaryIO, entry: zipfile.ZipInfo, record: int, limit: int, data: bytes, filler: bytes
) -> list[Change]:
    """Other contents for an entry, as many bytes of the file; nothing where they have no room in it."""
    local = _read(file, entry.header_offset, 30)
    start = entry.header_offset + 30 + sum(struct.unpack("<HH", local[26:30]))
    room = entry.compress_size
    if (start + room + 16 > limit and entry.flag_bits & _TOLD_BEHIND) or start + room > limit:
        return []  # it would reach into the directory
    if entry.compress_type == zipfile.ZIP_STORED:
        if len(data) > room:
            return []
        data = packed = data.ljust(room, filler)
    else:
        found = deflated(data, room, filler)
        if found is None:
            return []
        data, packed = found
    sums = struct.pack("<III", zlib.crc32(data), room, len(data))
    made = [(start, packed), (record + 16, sums)]
    if not entry.flag_bits & _TOLD_BEHIND:
        return [*made, (entry.header_offset + 14, sums)]
    behind = start + room
    return [*made, (behind + (4 if _read(file, behind, 4) == b"PK\x07\x08" else 0), sums)]
