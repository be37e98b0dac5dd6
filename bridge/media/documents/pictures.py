"""Photos inside documents: where, when and with what they were taken is blanked, in as many bytes."""

import struct

_EXIF = b"Exif\x00\x00"
_NAMELESS = frozenset({0xE1, 0xED, 0xFE})
"""EXIF and XMP, Photoshop's and IPTC's, comments."""
_SEGMENTS = 1000


def without_origin(jpeg: bytes) -> bytes:
    """The same picture, as long; which side is up is kept."""
    if jpeg[:2] != b"\xff\xd8":
        return jpeg
    kept, place = bytearray(jpeg), 2
    for _ in range(_SEGMENTS):
        if place + 4 > len(kept) or kept[place] != 0xFF or kept[place + 1] in (0xD9, 0xDA):
            break
        body, end = place + 4, place + 2 + int.from_bytes(kept[place + 2 : place + 4], "big")
        if end < body or end > len(kept):
            break
        if kept[place + 1] in _NAMELESS:
            turned = _turned(bytes(kept[body:end])) if kept[place + 1] == 0xE1 else 0
            kept[body:end] = (_upright(turned) if turned else b"").ljust(end - body, b"\x00")[: end - body]
        place = end
    return bytes(kept)


def _upright(turned: int) -> bytes:
    """EXIF that says nothing but how the picture is turned."""
    return _EXIF + b"MM\x00\x2a\x00\x00\x00\x08" + struct.pack(">HHHIHHI", 1, 0x0112, 3, 1, turned, 0, 0)


def _turned(segment: bytes) -> int:
    """How a picture is turned by its EXIF; 0 where it is not, or nobody says."""
    tiff = segment[len(_EXIF) :]
    if not segment.startswith(_EXIF) or tiff[:2] not in (b"II", b"MM"):
        return 0
    order = "<" if tiff[:2] == b"II" else ">"
    try:
        (start,) = struct.unpack_from(f"{order}I", tiff, 4)
        (count,) = struct.unpack_from(f"{order}H", tiff, start)
        for number in range(min(count, 200)):
            tag, kind, _, value = struct.unpack_from(f"{order}HHIH", tiff, start + 2 + 12 * number)
            if (tag, kind) == (0x0112, 3):
                return value if 2 <= value <= 8 else 0
    except struct.error:
        pass
    return 0
