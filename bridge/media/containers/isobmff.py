"""MP4, MOV, M4A and 3GP (ISO/IEC 14496-12): boxes in boxes.

Only boxes that a player needs stay; every other one becomes ``free`` space of zeros: no offset in the file changes.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from bridge.media.containers.common import Facts, blank, broken, length, read_at, side, write_at
from bridge.media.refusal import MediaReason, UnfitMedia

_MAX_DEPTH = 10
_MAX_BOXES = 100_000
_MAX_ENTRIES = 4_000_000
_TOP = frozenset({b"ftyp", b"styp", b"moov", b"mdat", b"moof", b"sidx", b"mfra"})
_HOLDS = frozenset(
    {b"moov", b"trak", b"edts", b"mdia", b"minf", b"dinf", b"stbl", b"mvex", b"moof", b"traf", b"mfra", b"gmhd"}
)
_KEPT = frozenset(
    {b"mvhd", b"tkhd", b"elst", b"mdhd", b"hdlr", b"vmhd", b"smhd", b"nmhd", b"gmin", b"dref", b"stsd", b"stts"}
    | {b"ctts", b"cslg", b"stss", b"stsc", b"stsz", b"stz2", b"stco", b"co64", b"sdtp", b"sbgp", b"sgpd", b"saiz"}
    | {b"saio", b"mehd", b"trex", b"mfhd", b"tfhd", b"tfdt", b"trun", b"tfra", b"mfro"}
)
_METADATA = frozenset({b"uuid", b"udta", b"meta", b"free", b"skip", b"wide", b"name", b"xml ", b"XMP_"})
_FILM, _SOUND = b"vide", b"soun"
_PICTURE, _SOUND_0 = 78, 28
"""Bytes of a picture's and a sound's properties."""


@dataclass(slots=True)
class _Box:
    kind: bytes
    start: int
    body: int
    end: int


@dataclass(slots=True)
class _Track:
    box: _Box
    handler: bytes = b""
    scale: int = 0
    ticks: int = 0
    shape: tuple[int, int] = (0, 0)
    tables: dict[bytes, _Box] = field(default_factory=dict)
    described: list[_Box] = field(default_factory=list)


@dataclass(slots=True)
class _Film:
    file: BinaryIO
    boxes: int = 0
    brand: bytes = b""
    scale: int = 0
    ticks: int = 0
    pieces: bool = False
    tracks: list[_Track] = field(default_factory=list)
    data: list[tuple[int, int]] = field(default_factory=list)


def scrub(file: BinaryIO, size: int) -> Facts:
    """Free the file of names, places, dates and everything unknown; tell its length and shape."""
    film = _Film(file)
    for box in _boxes(film, 0, size, top=True):
        if box.kind == b"ftyp":
            film.brand = read_at(file, box.body, 4)
        elif box.kind == b"mdat":
            film.data.append((box.body, box.end))
        elif box.kind not in _TOP:
            _free(file, box)
        elif box.kind in _HOLDS:
            film.pieces = film.pieces or box.kind == b"moof"
            _inside(film, box, None, 1)
    for track in film.tracks:
        for box in track.described:
            _blank_encoder(film, box, track)
    _drop_other_tracks(film)
    return _facts(film)


def _boxes(film: _Film, start: int, end: int, *, top: bool = False) -> Iterator[_Box]:
    while start < end:
        if end - start < 8:
            if top or any(read_at(film.file, start, end - start)):
                raise broken()
            return  # QuickTime ends some lists with four zero bytes
        film.boxes += 1
        if film.boxes > _MAX_BOXES:
            raise broken()
        size, kind = struct.unpack(">I4s", read_at(film.file, start, 8))
        body = start + 8
        if size == 1:
            size, body = int.from_bytes(read_at(film.file, body, 8), "big"), start + 16
        elif size == 0 and top:
            size = end - start
        if size < body - start or size > end - start:
            raise broken()
        yield _Box(kind, start, body, start + size)
        start += size


def _inside(film: _Film, outer: _Box, track: _Track | None, depth: int) -> None:
    if depth > _MAX_DEPTH:
        raise broken()
    for box in _boxes(film, outer.body, outer.end):
        if box.kind == b"trak" and outer.kind == b"moov":
            found = _Track(box)
            film.tracks.append(found)
            if len(film.tracks) > 50:
                raise broken()
            _inside(film, box, found, depth + 1)
        elif box.kind in _HOLDS:
            _inside(film, box, track, depth + 1)
        elif box.kind in _KEPT:
            _leaf(film, box, track)
        else:
            _free(film.file, box)


def _leaf(film: _Film, box: _Box, track: _Track | None) -> None:
    file = film.file
    if box.kind == b"mvhd":
        film.scale, film.ticks = _times(file, box)
    elif box.kind == b"mehd":
        wide = read_at(file, box.body, 1) == b"\x01"
        film.ticks = max(film.ticks, int.from_bytes(read_at(file, box.body + 4, 8 if wide else 4), "big"))
    elif box.kind == b"dref":
        _own_data_only(film, box)
    elif track is None:
        return
    elif box.kind == b"tkhd":
        wide = read_at(file, box.body, 1) == b"\x01"
        _room(box, 96 if wide else 84)
        blank(file, box.body + 4, box.body + (20 if wide else 12))
        matrix = struct.unpack(">9i", read_at(file, box.end - 44, 36))
        width, height = (value >> 16 for value in struct.unpack(">II", read_at(file, box.end - 8, 8)))
        turned = matrix[0] == 0 and matrix[4] == 0 and matrix[1] != 0
        track.shape = (height, width) if turned else (width, height)
    elif box.kind == b"mdhd":
        track.scale, track.ticks = _times(file, box)
    elif box.kind == b"hdlr":
        _room(box, 24)
        kind = read_at(file, box.body + 8, 4)
        if not track.handler:
            track.handler = kind
        blank(file, box.body + 12, box.end)  # the maker of the program, and the track's name
    else:
        track.tables.setdefault(box.kind, box)
        if box.kind == b"stsd":
            track.described.append(box)


def _times(file: BinaryIO, box: _Box) -> tuple[int, int]:
    """Units in a second and how many of them it lasts; its dates are blanked."""
    wide = read_at(file, box.body, 1) == b"\x01"
    _room(box, 32 if wide else 20)
    blank(file, box.body + 4, box.body + (20 if wide else 12))
    scale, ticks = struct.unpack(
        ">IQ" if wide else ">II", read_at(file, box.body + (20 if wide else 12), 12 if wide else 8)
    )
    if not scale:
        raise broken()
    return scale, 0 if ticks == (1 << (64 if wide else 32)) - 1 else ticks


def _room(box: _Box, count: int) -> None:
    if box.end - box.body < count:
        raise broken()


def _own_data_only(film: _Film, box: _Box) -> None:
    """A film may name other files, and addresses, where its pictures are to be fetched. Ours may not."""
    _room(box, 8)
    for entry in _boxes(film, box.body + 8, box.end):
        _room(entry, 4)
        if not read_at(film.file, entry.body + 3, 1)[0] & 1:
            raise UnfitMedia(MediaReason.UNSUPPORTED)
        blank(film.file, entry.body + 4, entry.end)


def _blank_encoder(film: _Film, box: _Box, track: _Track) -> None:
    """The name of the program or the camera stands among a picture's properties, and boxes may follow these."""
    _room(box, 8)
    for entry in _boxes(film, box.body + 8, box.end):
        count = entry.end - entry.body
        if track.handler == _FILM and count >= _PICTURE:
            blank(film.file, entry.body + 42, entry.body + 74)
            _free_beside(film, entry.body + _PICTURE, entry.end)
        elif track.handler == _SOUND and count >= _SOUND_0:
            version = _number(film.file, entry.body + 8, 2)
            _free_beside(film, entry.body + _SOUND_0 + {0: 0, 1: 16, 2: 36}.get(version, count), entry.end)


def _free_beside(film: _Film, start: int, end: int) -> None:
    """Behind the properties of a codec stays whatever is not known to be metadata: codecs have many boxes of their own.

    What is no row of boxes there is left alone.
    """
    while end - start >= 8:
        size, kind = struct.unpack(">I4s", read_at(film.file, start, 8))
        if not 8 <= size <= end - start:
            return
        if kind in _METADATA:
            _free(film.file, _Box(kind, start, start + 8, start + size))
        start += size


def _free(file: BinaryIO, box: _Box) -> None:
    write_at(file, box.start + 4, b"free")
    blank(file, box.body, box.end)


def _drop_other_tracks(film: _Film) -> None:
    """Cameras and drones write where they are, second by second, into a track of its own."""
    others = [track for track in film.tracks if track.handler not in (_FILM, _SOUND)]
    if others and film.pieces:
        raise UnfitMedia(MediaReason.UNSUPPORTED)  # where its data lies is told in every piece
    for track in others:
        _blank_samples(film, track)
    for track in others:
        _free(film.file, track.box)


def _blank_samples(film: _Film, track: _Track) -> None:
    if b"stco" not in track.tables and b"co64" not in track.tables:
        return
    try:
        chunks = track.tables[b"stco" if b"stco" in track.tables else b"co64"]
        runs, sizes = track.tables[b"stsc"], track.tables[b"stsz"]
    except KeyError:
        raise broken() from None
    file, width = film.file, 4 if chunks.kind == b"stco" else 8
    count = _entries(file, chunks, 4, width)
    run_count = _entries(file, runs, 4, 12)
    same, samples = struct.unpack(">II", read_at(file, sizes.body + 4, 8))
    if not same:
        _room(sizes, 12 + 4 * samples)
    run, sample, written = 0, 0, 0
    for chunk in range(1, count + 1):
        while run + 1 < run_count and _number(file, runs.body + 8 + 12 * (run + 1), 4) <= chunk:
            run += 1
        each = _number(file, runs.body + 12 + 12 * run, 4) if run_count else 0
        each = min(each, samples - sample)
        if each > _MAX_ENTRIES:
            raise broken()
        place = _number(file, chunks.body + 8 + width * (chunk - 1), width)
        if same:
            total = same * each
        else:
            listed = read_at(file, sizes.body + 12 + 4 * sample, 4 * each)
            total = sum(value for (value,) in struct.iter_unpack(">I", listed))
        sample += each
        written += total
        if not any(start <= place and place + total <= end for start, end in film.data):
            raise broken()
        if written > film.data[-1][1]:
            raise broken()
        blank(file, place, place + total)


def _entries(file: BinaryIO, box: _Box, before: int, width: int) -> int:
    count = _number(file, box.body + before, 4)
    if count > _MAX_ENTRIES:
        raise broken()
    _room(box, before + 4 + count * width)
    return count


def _number(file: BinaryIO, place: int, width: int) -> int:
    return int.from_bytes(read_at(file, place, width), "big")


def _measured(film: _Film, track: _Track) -> float:
    """The length of a track by its samples: what stands in its header may be a lie."""
    table = track.tables.get(b"stts")
    if table is None or not track.scale:
        return 0.0
    count, ticks, place = _entries(film.file, table, 4, 8), 0, table.body + 8
    while count:
        some = min(count, 4096)
        for samples, delta in struct.iter_unpack(">II", read_at(film.file, place, 8 * some)):
            ticks += samples * delta
        place, count = place + 8 * some, count - some
    return ticks / track.scale


def _facts(film: _Film) -> Facts:
    pictures = [track for track in film.tracks if track.handler == _FILM]
    sounds = [track for track in film.tracks if track.handler == _SOUND]
    if not film.data or not (pictures or sounds):
        raise broken()
    seconds = max((_measured(film, track) for track in (*pictures, *sounds)), default=0.0)
    if not seconds and film.scale:
        seconds = film.ticks / film.scale
    width, height = pictures[0].shape if pictures else (0, 0)
    mime = "video/mp4" if film.brand not in (b"", b"qt  ") else "video/quicktime"
    return Facts(
        mime=mime if pictures else "audio/mp4",
        film=bool(pictures),
        sound=bool(sounds),
        seconds=length(seconds),
        width=side(width),
        height=side(height),
    )
