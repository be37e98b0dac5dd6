"""Small films and sounds as phones make them, with everything in them that must not travel further.

They hold no picture and no sound: nothing here is ever decoded. Their containers are whole and true.
"""

import struct
import zlib
from collections.abc import Sequence

from tests.unit.media.samples import SECRET

# --- MP4, MOV, M4A (ISO/IEC 14496-12) ------------------------------------------------------------------------------

CREATED = 3_800_000_000
"""A day in 2024, in seconds since 1904."""
PLACE = b"\x00\x12\x15\xc7-01.2921+036.8219/"


def box(kind: bytes, *parts: bytes, large: bool = False) -> bytes:
    body = b"".join(parts)
    if large:
        return struct.pack(">I4sQ", 1, kind, 16 + len(body)) + body
    return struct.pack(">I4s", 8 + len(body), kind) + body


def _header(seconds: float) -> bytes:
    fixed = struct.pack(">IIIII", 0, CREATED, CREATED, 1000, int(seconds * 1000))
    return box(b"mvhd", fixed, struct.pack(">IH", 0x10000, 0x100), bytes(70), struct.pack(">I", 3))


def _track(number: int, handler: bytes, codec: bytes, seconds: float, width: int, height: int) -> bytes:
    tkhd = struct.pack(">IIIIII", 7, CREATED, CREATED, number, 0, int(seconds * 1000)) + bytes(16)
    matrix = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
    mdhd = struct.pack(">IIIIIHH", 0, CREATED, CREATED, 1000, int(seconds * 1000), 0x55C4, 0)
    name = b"\x00\x00\x00\x00" + b"\x00" * 4 + handler + bytes(12) + SECRET + b"\x00"
    if handler == b"vide":
        entry = box(codec, bytes(6), b"\x00\x01", bytes(16), struct.pack(">HH", width, height), bytes(50))
    else:
        entry = box(codec, bytes(6), b"\x00\x01", bytes(8), struct.pack(">HHIHH", 2, 16, 0, 0, 0))
    table = box(
        b"stbl",
        box(b"stsd", struct.pack(">II", 0, 1), entry),
        box(b"stts", struct.pack(">IIII", 0, 1, 1, int(seconds * 1000))),
        box(b"stsc", struct.pack(">IIIII", 0, 1, 1, 1, 1)),
        box(b"stsz", struct.pack(">III", 0, 1000, 1)),
        box(b"stco", struct.pack(">III", 0, 1, 48)),
    )
    media = box(b"mdia", box(b"mdhd", mdhd), box(b"hdlr", name), box(b"minf", table))
    return box(
        b"trak",
        box(b"tkhd", tkhd, matrix, struct.pack(">II", width << 16, height << 16)),
        media,
        box(b"udta", box(b"name", SECRET)),
    )


def mp4(
    seconds: float = 7,
    width: int = 640,
    height: int = 360,
    *,
    brand: bytes = b"isom",
    sound: bool = True,
    film: bool = True,
    payload: int = 1000,
) -> bytes:
    """A phone's film: when and where it was taken, with what, and its maker's name in six places."""
    tracks = [_track(1, b"vide", b"avc1", seconds, width, height)] if film else []
    if sound:
        tracks.append(_track(2, b"soun", b"mp4a", seconds, 0, 0))
    tags = box(b"meta", bytes(4), box(b"hdlr", bytes(8) + b"mdir" + bytes(13)), box(b"ilst", box(b"\xa9nam", SECRET)))
    return b"".join(
        [
            box(b"ftyp", brand, struct.pack(">I", 512), brand, b"mp41"),
            box(b"uuid", bytes.fromhex("be7acfcb97a942e89c71999491e3afac"), b"<x:xmpmeta>" + SECRET),
            box(b"mdat", bytes(payload)),
            box(
                b"moov",
                _header(seconds),
                *tracks,
                box(b"udta", box(b"\xa9xyz", PLACE), box(b"\xa9mak", SECRET), tags),
                box(b"meta", box(b"hdlr", bytes(8) + b"mdta" + bytes(13)), box(b"keys", SECRET)),
            ),
            box(b"meta", bytes(4), SECRET),
        ]
    )


def m4a(seconds: float = 7) -> bytes:
    return mp4(seconds, brand=b"M4A ", film=False)


# --- WebM (EBML, RFC 8794 and RFC 9559) ----------------------------------------------------------------------------


def size_of(length: int, width: int = 8) -> bytes:
    return (length | 1 << 7 * width).to_bytes(width, "big")


def element(kind: str, *parts: bytes, unknown: bool = False) -> bytes:
    body = b"".join(parts)
    return bytes.fromhex(kind) + (b"\x01" + b"\xff" * 7 if unknown else size_of(len(body))) + body


def webm(
    seconds: float = 7,
    width: int = 640,
    height: int = 360,
    *,
    doctype: bytes = b"webm",
    film: bool = True,
    unknown: bool = False,
    payload: int = 1000,
) -> bytes:
    """``unknown``: as a browser records, with no size of the whole and of its clusters."""
    kind = element("83", b"\x01" if film else b"\x02")
    shape = [element("e0", element("b0", struct.pack(">H", width)), element("ba", struct.pack(">H", height)))]
    track = element(
        "ae", element("d7", b"\x01"), kind, element("86", b"V_VP9" if film else b"A_OPUS"), *(shape if film else [])
    )
    info = element(
        "1549a966",
        element("2ad7b1", struct.pack(">I", 1_000_000)),
        element("4489", struct.pack(">d", seconds * 1000)),
        element("4461", struct.pack(">q", CREATED)),
        element("7ba9", SECRET),
        element("4d80", SECRET),
        element("5741", SECRET),
    )
    cluster = element(
        "1f43b675", element("e7", b"\x00"), element("a3", b"\x81\x00\x00\x80", bytes(payload)), unknown=unknown
    )
    tags = element("1254c367", element("7373", element("67c8", element("45a3", b"TITLE"), element("4487", SECRET))))
    attached = element("1941a469", element("61a7", element("466e", SECRET), element("465c", SECRET)))
    head = element("1a45dfa3", element("4286", b"\x01"), element("4282", doctype))
    return head + element("18538067", info, element("1654ae6b", track), attached, tags, cluster, unknown=unknown)


# --- OGG (RFC 3533, RFC 7845) --------------------------------------------------------------------------------------


def ogg_crc(page: bytes) -> int:
    crc = 0
    for byte in page:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ 0x04C11DB7 if crc & 0x80000000 else crc << 1) & 0xFFFFFFFF
    return crc


def ogg_page(
    body: bytes, number: int, granule: int, flags: int = 0, serial: int = 7, *, goes_on: bool = False, packets: int = 1
) -> bytes:
    each = len(body) // packets
    lacing = bytes([255] * (each // 255))
    if not goes_on:
        lacing += bytes([each % 255])
    lacing *= packets
    head = struct.pack("<4sBBqIIIB", b"OggS", 0, flags, granule, serial, number, 0, len(lacing)) + lacing
    return head[:22] + struct.pack("<I", ogg_crc(head + body)) + head[26:] + body


def comments(*entries: bytes, vendor: bytes = SECRET) -> bytes:
    packed = b"".join(struct.pack("<I", len(entry)) + entry for entry in entries)
    return struct.pack("<I", len(vendor)) + vendor + struct.pack("<I", len(entries)) + packed


def ogg_opus(seconds: float = 7, *, entries: Sequence[bytes] = (b"TITLE=" + SECRET, b"LOCATION=Kibera")) -> bytes:
    """A voice message. A large picture among the comments makes them go on over several pages."""
    head = b"OpusHead" + struct.pack("<BBHIhB", 1, 1, 312, 48000, 0, 0)
    tags = b"OpusTags" + comments(*entries)
    pages, number = [ogg_page(head, 0, 0, 2)], 1
    most = 255 * 255
    while len(tags) > most:
        pages.append(ogg_page(tags[:most], number, -1, 1 if number > 1 else 0, goes_on=True))
        tags, number = tags[most:], number + 1
    pages.append(ogg_page(tags, number, 0, 1 if number > 1 else 0))
    steps = max(1, int(seconds))
    for step in range(1, steps + 1):
        granule = 312 + int(seconds * 48000 * step / steps)
        pages.append(ogg_page(b"\xf8\xff\xfe" * 50, number + step, granule, 4 if step == steps else 0, packets=50))
    return b"".join(pages)


def ogg_vorbis(seconds: float = 7) -> bytes:
    head = b"\x01vorbis" + struct.pack("<IBIiiiBB", 0, 1, 44100, 0, 96000, 0, 0xB8, 1)
    tags = b"\x03vorbis" + comments(b"TITLE=" + SECRET) + b"\x01"
    setup = b"\x05vorbis" + bytes(50)
    body = tags + setup
    lacing = b"".join(bytes([255] * (len(p) // 255) + [len(p) % 255]) for p in (tags, setup))
    page = struct.pack("<4sBBqIIIB", b"OggS", 0, 0, 0, 7, 1, 0, len(lacing)) + lacing + body
    page = page[:22] + struct.pack("<I", ogg_crc(page)) + page[26:]
    return ogg_page(head, 0, 0, 2) + page + ogg_page(bytes(200), 2, int(seconds * 44100), 4, packets=100)


# --- the rest ------------------------------------------------------------------------------------------------------


def id3(title: str = "Song", performer: str = "Wanjiku", *, picture: bytes = SECRET) -> bytes:
    def frame(kind: bytes, body: bytes) -> bytes:
        return kind + struct.pack(">IH", len(body), 0) + body

    body = frame(b"TIT2", b"\x01" + title.encode("utf-16")) + frame(b"TPE1", b"\x00" + performer.encode("latin-1"))
    body += frame(b"APIC", b"\x00image/png\x00\x03\x00" + picture) + bytes(20)
    size = len(body)
    return b"ID3\x03\x00\x00" + bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0)) + body


def mp3(seconds: float = 7, *, tags: bool = True) -> bytes:
    """MPEG 1 layer III, 32 kbit/s, 44.1 kHz: frames of 104 bytes."""
    frames = (b"\xff\xfb\x10\xc0" + bytes(100)) * round(seconds * 44100 / 1152)
    if not tags:
        return frames
    ape = struct.pack("<8sIIII8x", b"APETAGEX", 2000, 32 + len(SECRET), 1, 0x80000000) + SECRET
    ape += struct.pack("<8sIIII8x", b"APETAGEX", 2000, 32 + len(SECRET), 1, 0)
    return id3() + frames + ape + b"TAG" + SECRET.ljust(125, b"\x00")


def wav(seconds: float = 1) -> bytes:
    data = bytes(int(seconds * 8000))
    body = b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 8000, 1, 8)
    body += b"LIST" + struct.pack("<I", 4 + len(SECRET) + 1) + b"INFO" + SECRET + b"\x00"
    body += b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


def flac(seconds: float = 7) -> bytes:
    packed = 44100 << 44 | 0 << 41 | 15 << 36 | int(seconds * 44100)
    stream = struct.pack(">HH", 4096, 4096) + bytes(6) + packed.to_bytes(8, "big") + bytes(16)
    tags = comments(b"TITLE=" + SECRET)
    blocks = b"\x00" + len(stream).to_bytes(3, "big") + stream + b"\x84" + len(tags).to_bytes(3, "big") + tags
    return b"fLaC" + blocks + b"\xff\xf8" + bytes(100)


def amr(seconds: float = 1) -> bytes:
    """12.2 kbit/s: frames of 32 bytes, 20 ms each."""
    return b"#!AMR\n" + (b"\x3c" + bytes(31)) * int(seconds * 50)


def aac(seconds: float = 1) -> bytes:
    """ADTS, 44.1 kHz: 1024 samples in a frame."""
    length = 107
    head = bytes([0xFF, 0xF1, 0x50, 0x80 | length >> 11, length >> 3 & 0xFF, (length & 7) << 5 | 0x1F, 0xFC])
    return (head + bytes(100)) * round(seconds * 44100 / 1024)


def tgs() -> bytes:
    """An animated sticker of Telegram: Lottie, packed."""
    return zlib.compress(b'{"tgs":1,"v":"5.5.2","fr":60,"ip":0,"op":60,"w":512,"h":512,"layers":[]}', wbits=31)
