"""OGG with Opus or Vorbis (RFC 3533, RFC 7845): the packet of comments is blanked, and its pages signed anew."""

import struct
import zlib
from typing import BinaryIO

from bridge.media.containers.common import Facts, broken, length, read_at, write_at
from bridge.media.refusal import MediaReason, UnfitMedia

_MIRROR = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_OPUS, _VORBIS = b"OpusHead", b"\x01vorbis"
NO_COMMENTS = b"\x03vorbis" + bytes(8) + b"\x01"
"""The packet of comments of Vorbis, without any."""
_CLEAN = {_OPUS: b"OpusTags" + bytes(8), _VORBIS: NO_COMMENTS}
_CONTINUED = 1


def checksum(page: bytes) -> int:
    """Of a page whose own checksum is zero. The polynomial of zlib's CRC-32, its bits the other way round."""
    mirrored = zlib.crc32(page.translate(_MIRROR), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{mirrored:032b}"[::-1], 2)


def scrub(file: BinaryIO, size: int) -> Facts:
    """Blank the comments; tell the length by the last page."""
    place, number, packet, inside = 0, 0, 0, 0
    codec, rate, skip, serial, granule = b"", 0, 0, b"", 0
    while place < size:
        head = read_at(file, place, 27)
        lacing = read_at(file, place + 27, head[26])
        data = bytearray(head + lacing + read_at(file, place + 27 + head[26], sum(lacing)))
        signed = int.from_bytes(data[22:26], "little")
        data[22:26] = bytes(4)
        if head[:5] != b"OggS\x00" or checksum(bytes(data)) != signed:
            raise broken()
        body = 27 + head[26]
        if not number:
            codec, rate, skip = _codec(bytes(data[body:]))
            serial = head[14:18]
        elif head[14:18] != serial:
            raise UnfitMedia(MediaReason.UNSUPPORTED)  # several streams: a film, or a station's record
        if bool(head[5] & _CONTINUED) != bool(inside) and packet < 3:
            raise broken()
        touched = False
        for length_ in lacing:
            if packet == 1:
                _wipe(data, body, length_, inside, _CLEAN[codec])
                touched = True
            body += length_
            inside += length_
            if length_ < 255:
                if packet == 1 and inside < len(_CLEAN[codec]):
                    raise broken()
                packet, inside = packet + 1, 0
            elif not inside:
                raise broken()
        if touched:
            data[22:26] = struct.pack("<I", checksum(bytes(data)))
            write_at(file, place, bytes(data))
        (here,) = struct.unpack("<q", head[6:14])
        if here >= 0:
            granule = max(granule, here)
        place, number = place + len(data), number + 1
    if packet < 3:
        raise broken()
    # The longest packet lasts 120 ms (Opus) or 8192 samples (Vorbis): what says it lasts longer lies.
    if granule - skip > packet * (5760 if codec == _OPUS else 8192) + rate:
        raise broken()
    return Facts(mime="audio/ogg", seconds=length(max(0, granule - skip) / rate))


def _codec(packet: bytes) -> tuple[bytes, int, int]:
    if packet.startswith(_OPUS) and len(packet) >= 19:
        return _OPUS, 48_000, int.from_bytes(packet[10:12], "little")
    if packet.startswith(_VORBIS) and len(packet) >= 30:
        rate = int.from_bytes(packet[12:16], "little")
        if not rate:
            raise broken()
        return _VORBIS, rate, 0
    raise UnfitMedia(MediaReason.UNSUPPORTED)


def _wipe(data: bytearray, place: int, count: int, inside: int, clean: bytes) -> None:
    kept = clean[inside : inside + count]
    data[place : place + count] = kept.ljust(count, b"\x00")
