"""What the readers of documents hand back, and packing of exactly so many bytes."""

import struct
import zlib

Change = tuple[int, bytes]
"""Where in the file, and what is to stand there from now on."""
_NOTHING = b"\x00\x00\x00\xff\xff"
"""A block of deflate (RFC 1951) without contents."""


def deflated(data: bytes, room: int, filler: bytes) -> tuple[bytes, bytes] | None:
    """The data, with up to four bytes more, and its stream of exactly so many bytes; None where that is too few."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    stream = packer.compress(data) + packer.flush(zlib.Z_FULL_FLUSH)
    spare = room - len(stream) - len(_NOTHING)
    if spare < 0:
        return None
    blocks, more = divmod(spare, len(_NOTHING))
    last = b"\x01" + struct.pack("<HH", more, more ^ 0xFFFF) + filler * more
    return data + filler * more, stream + _NOTHING * blocks + last
