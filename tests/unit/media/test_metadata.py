"""Every place in films and sounds that is known to hold names, dates and places, each with a secret in it."""

import io
import struct

import pytest

from bridge.media.containers.scrub import SCRUBBERS, container
from tests.unit.media.films import (
    PLACE,
    aac,
    box,
    comments,
    element,
    flac,
    id3,
    mp3,
    mp4,
    size_of,
    wav,
    webm,
)
from tests.unit.media.samples import SECRET

XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
ITUNES = (
    b"\xa9nam",
    b"\xa9ART",
    b"\xa9cmt",
    b"\xa9day",
    b"\xa9too",
    b"\xa9alb",
    b"desc",
    b"ldes",
    b"cprt",
    b"covr",
    b"----",
)
QUICKTIME = (
    b"\xa9mak",
    b"\xa9mod",
    b"\xa9swr",
    b"\xa9nam",
    b"\xa9aut",
    b"auth",
    b"titl",
    b"cprt",
    b"loci",
    b"CAME",
    b"FIRM",
)
MARKS = (
    b"uuid",
    b"udta",
    b"meta",
    b"XMP_",
    b"free",
    b"skip",
    b"wide",
    b"pnot",
    b"PICT",
    b"sefd",
    b"smrd",
    b"GPMF",
    b"iods",
)


def kept(data: bytes) -> bytes:
    mime = container(data[:4096])
    assert mime is not None
    file = io.BytesIO(data)
    SCRUBBERS[mime](file, len(data))
    return file.getvalue()


def inside(film: bytes, path: tuple[bytes, ...], *extra: bytes) -> bytes:
    """The same film with more boxes at the end of the one that stands there."""

    def grown(data: bytes, wanted: tuple[bytes, ...]) -> bytes:
        out, place, done = b"", 0, False
        while place < len(data):
            count, kind = struct.unpack(">I4s", data[place : place + 8])
            body = data[place + 8 : place + count]
            if kind == wanted[0] and not done:
                done = True
                skip = {b"stsd": 8, b"dref": 8, b"avc1": 78, b"mp4a": 28}.get(kind, 0) if len(wanted) > 1 else 0
                body = body[:skip] + grown(body[skip:], wanted[1:]) if len(wanted) > 1 else body + b"".join(extra)
            out += box(kind, body)
            place += count
        assert done, wanted
        return out

    return grown(film, path)


IN_MP4 = {
    **{
        f"itunes {kind!r}": ((b"moov", b"udta"), box(b"meta", bytes(4), box(b"ilst", box(kind, SECRET))))
        for kind in ITUNES
    },
    **{f"quicktime {kind!r}": ((b"moov", b"udta"), box(kind, SECRET)) for kind in QUICKTIME},
    **{f"of the film {kind!r}": ((b"moov",), box(kind, XMP, SECRET)) for kind in MARKS},
    **{f"of a track {kind!r}": ((b"moov", b"trak"), box(kind, XMP, SECRET)) for kind in (*MARKS, b"tref", b"tapt")},
    **{f"of its media {kind!r}": ((b"moov", b"trak", b"mdia"), box(kind, XMP, SECRET)) for kind in (*MARKS, b"elng")},
    **{f"of its tables {kind!r}": ((b"moov", b"trak", b"mdia", b"minf", b"stbl"), box(kind, SECRET)) for kind in MARKS},
    **{
        f"of its codec {kind!r}": (
            (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"avc1"),
            box(kind, XMP, SECRET),
        )
        for kind in MARKS[:7]
    },
}


@pytest.mark.parametrize("what", IN_MP4)
def test_boxes_of_metadata(what: str) -> None:
    path, more = IN_MP4[what]
    film = inside(mp4(), path, more)
    assert film.count(SECRET) == mp4().count(SECRET) + 1
    assert SECRET not in kept(film)
    assert PLACE not in kept(film)


@pytest.mark.parametrize("kind", MARKS)
def test_boxes_of_metadata_beside_the_film(kind: bytes) -> None:
    assert SECRET not in kept(mp4() + box(kind, XMP, SECRET))


def test_the_properties_of_a_codec_stay() -> None:
    codec = box(b"avcC", b"\x01\x42\x00\x1e" + bytes(20))
    path = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"avc1")
    assert codec in kept(inside(mp4(), path, codec, box(b"uuid", XMP, SECRET), box(b"colr", b"nclx")))


INFO, TRACKS, ENTRY, TAGS, CHAPTERS, ATTACHED = "1549a966", "1654ae6b", "ae", "1254c367", "1043a770", "1941a469"
TAG = element("7373", element("67c8", element("45a3", b"ARTIST"), element("4487", SECRET)))
IN_MATROSKA = {
    "title": element(INFO, element("7ba9", SECRET)),
    "date": element(INFO, element("4461", SECRET[:8])),
    "muxing app": element(INFO, element("4d80", SECRET)),
    "writing app": element(INFO, element("5741", SECRET)),
    "its file's name": element(INFO, element("7384", SECRET)),
    "the name of the file before": element(INFO, element("3c83ab", SECRET)),
    "the name of the file after": element(INFO, element("3e83bb", SECRET)),
    "ids": element(INFO, element("73a4", SECRET[:16]), element("4444", SECRET[:16])),
    "tags": element(TAGS, TAG),
    "chapters": element(CHAPTERS, element("45b9", element("b6", element("80", element("85", SECRET))))),
    "attachments": element(
        ATTACHED, element("61a7", element("466e", SECRET), element("467e", SECRET), element("465c", SECRET))
    ),
    "void": element("ec", SECRET),
    "checksum": element("bf", SECRET[:4]),
    "signatures": element("1b538667", SECRET),
    "what nobody knows": element("1f4d3c2b", SECRET),
    "the name of a track": element(TRACKS, element(ENTRY, element("83", b"\x01"), element("536e", SECRET))),
    "the maker of a codec": element(TRACKS, element(ENTRY, element("83", b"\x01"), element("258688", SECRET))),
    "settings of a codec": element(TRACKS, element(ENTRY, element("83", b"\x01"), element("3a9697", SECRET))),
    "a codec's address": element(TRACKS, element(ENTRY, element("83", b"\x01"), element("3b4040", SECRET))),
}


@pytest.mark.parametrize("what", IN_MATROSKA)
def test_elements_of_metadata(what: str) -> None:
    clean, more = kept(webm()), IN_MATROSKA[what]
    assert SECRET not in clean
    at = clean.index(bytes.fromhex("18538067"))
    body = clean[at + 12 :]
    film = clean[:at] + bytes.fromhex("18538067") + size_of(len(body) + len(more)) + more + body
    found = kept(film)
    assert SECRET not in found
    assert SECRET[:16] not in found
    if what != "checksum":
        assert SECRET[:8] not in found


def test_what_the_beginning_of_a_matroska_hides() -> None:
    head = bytes.fromhex("1a45dfa3")
    whole = webm()
    body = whole[12 : whole.index(bytes.fromhex("18538067"))]
    rest = whole[12 + len(body) :]
    for more in (element("ec", SECRET), element("4281", SECRET)):
        assert SECRET not in kept(head + size_of(len(body) + len(more)) + body + more + rest)


def private(codec: bytes, data: bytes) -> bytes:
    track = element("ae", element("d7", b"\x01"), element("83", b"\x02"), element("63a2", data), element("86", codec))
    cluster = element("1f43b675", element("e7", b"\x00"), element("a3", b"\x81\x00\x00\x80", bytes(100)))
    head = element("1a45dfa3", element("4286", b"\x01"), element("4282", b"webm"))
    return head + element("18538067", element("1654ae6b", track), cluster)


def test_what_vorbis_and_flac_say_in_a_matroska() -> None:
    first, tags, setup = (
        b"\x01vorbis" + bytes(23),
        b"\x03vorbis" + comments(b"TITLE=" + SECRET * 9) + b"\x01",
        bytes(60),
    )
    lacing = b"".join(bytes([255] * (len(part) // 255) + [len(part) % 255]) for part in (first, tags))
    found = kept(private(b"A_VORBIS", b"\x02" + lacing + first + tags + setup))
    assert SECRET not in found
    assert lacing + first + b"\x03vorbis" in found, "as long as before"
    assert SECRET not in kept(private(b"A_FLAC", flac()[:-102]))


def ape() -> bytes:
    head, foot = (
        struct.pack("<8sIIII8x", b"APETAGEX", 2000, 32 + len(SECRET), 1, flags) for flags in (5 << 29, 1 << 31)
    )
    return head + SECRET + foot


ID3_1 = b"TAG" + SECRET.ljust(125, b"\x00")
FRAMES = (
    b"TALB",
    b"TCOM",
    b"TENC",
    b"TSSE",
    b"TDRC",
    b"COMM",
    b"USLT",
    b"APIC",
    b"GEOB",
    b"PRIV",
    b"TXXX",
    b"WXXX",
    b"UFID",
)


@pytest.mark.parametrize("kind", FRAMES)
def test_frames_of_id3(kind: bytes) -> None:
    body = kind + struct.pack(">IH", len(SECRET), 0) + SECRET
    for version in (2, 3, 4):
        tag = b"ID3" + bytes([version, 0, 0]) + bytes(len(body) >> shift & 0x7F for shift in (21, 14, 7, 0)) + body
        assert SECRET not in kept(tag + id3() + mp3(tags=False))


@pytest.mark.parametrize("tags", [ID3_1, ape(), ape() + ID3_1, b"LYRICSBEGIN" + SECRET + b"LYRICS200" + ID3_1, id3()])
def test_tags_behind_the_sound(tags: bytes) -> None:
    assert SECRET not in kept(mp3(tags=False) + tags)
    assert SECRET not in kept(aac() + tags)
    if not tags.startswith((b"LYR", b"ID3")):
        assert kept(flac() + tags) == kept(flac())


@pytest.mark.parametrize(
    "kind", [b"LIST", b"bext", b"iXML", b"_PMX", b"id3 ", b"cart", b"axml", b"umid", b"JUNK", b"PAD "]
)
def test_chunks_of_a_wav(kind: bytes) -> None:
    assert SECRET not in kept(wav() + kind + struct.pack("<I", len(SECRET)) + SECRET)


@pytest.mark.parametrize("kind", [1, 2, 4, 5, 6, 7, 100])
def test_blocks_of_a_flac(kind: int) -> None:
    stream, rest = flac()[:42], flac()[42:]
    assert SECRET not in kept(stream + bytes([kind]) + len(SECRET).to_bytes(3, "big") + SECRET + rest)
