"""The smallest files that the simulator takes for each kind of media."""

import gzip
import struct

MP4 = struct.pack(">I", 24) + b"ftypisom" + struct.pack(">I", 512) + b"isomiso2"
M4A = struct.pack(">I", 24) + b"ftypM4A " + struct.pack(">I", 0) + b"M4A isom"
GIF = b"GIF89a" + struct.pack("<HH", 4, 3) + b"\x00\x00\x00;"
OGG_OPUS = b"OggS\x00\x02" + bytes(20) + b"\x01\x13OpusHead\x01\x01"
OGG_VORBIS = b"OggS\x00\x02" + bytes(20) + b"\x01\x1e\x01vorbis"
MP3 = b"ID3\x04\x00\x00\x00\x00\x00\x00"
WEBM = b"\x1aE\xdf\xa3\x01\x00\x00\x00"
WEBP = b"RIFF\x1a\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x00\x00\x00\x00\xff\x01\x00\xff\x01\x00"
TGS = gzip.compress(b'{"tgs":1,"layers":[]}', mtime=0)


def jpeg(width: int, height: int, padding: int = 0) -> bytes:
    """Return the head of a JPEG picture, with as many bytes behind it as asked for."""
    frame = b"\xff\xc0" + struct.pack(">HBHHB", 11, 8, height, width, 1) + b"\x01\x11\x00"
    return b"\xff\xd8" + frame + b"\xff\xd9" + bytes(padding)
