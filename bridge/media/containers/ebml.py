"""WebM and Matroska (EBML, RFC 8794 and RFC 9559): what a player does not need becomes Void."""

import struct
from dataclasses import dataclass
from typing import BinaryIO

from bridge.media.containers.common import Facts, blank, broken, length, read_at, side, write_at
from bridge.media.containers.ogg import NO_COMMENTS
from bridge.media.containers.plain import flac_head
from bridge.media.refusal import MediaReason, UnfitMedia

_MAX_ELEMENTS = 1_000_000
_HEADER, _SEGMENT = 0x1A45DFA3, 0x18538067
_INFO, _TRACKS, _CLUSTER, _SEEK, _CUES = 0x1549A966, 0x1654AE6B, 0x1F43B675, 0x114D9B74, 0x1C53BB6B
_CHAPTERS, _TAGS, _ATTACHED = 0x1043A770, 0x1254C367, 0x1941A469
_LEVEL_1 = frozenset({_INFO, _TRACKS, _CLUSTER, _SEEK, _CUES, _CHAPTERS, _TAGS, _ATTACHED})
_SCALE, _DURATION, _MUXER, _WRITER = 0x2AD7B1, 0x4489, 0x4D80, 0x5741
_ENTRY, _TYPE, _VIDEO, _WIDTH, _HEIGHT, _CODEC, _PRIVATE = 0xAE, 0x83, 0xE0, 0xB0, 0xBA, 0x86, 0x63A2
_OF_HEADER = frozenset({0x4286, 0x42F7, 0x42F2, 0x42F3, 0x4282, 0x4287, 0x4285})
_OF_TRACK = frozenset(
    {0xD7, 0x73C5, _TYPE, 0xB9, 0x88, 0x55AA, 0x9C, 0x22B59C, 0x22B59D, _CODEC, _PRIVATE, 0x23E383, 0x56AA, 0x56BB}
    | {_VIDEO, 0xE1, 0x6D80, 0x55EE, 0x41E4, 0x6DE7, 0x6DF8}
)
_TIMESTAMP, _SIMPLE_BLOCK, _GROUP = 0xE7, 0xA3, 0xA0
_OF_CLUSTER = frozenset({_TIMESTAMP, _SIMPLE_BLOCK, _GROUP, 0xA7, 0xAB})
_FILM, _SOUND, _SUBTITLES = 1, 2, 17


@dataclass(slots=True)
class _Element:
    kind: int
    start: int
    body: int
    end: int | None
    """None: it goes on until something comes that cannot be in it."""


class _Walk:
    def __init__(self, file: BinaryIO, size: int) -> None:
        self.file, self.size = file, size
        self.count = 0
        self.scale, self.duration, self.last = 1_000_000, 0.0, 0
        self.types: set[int] = set()
        self.shape = (0, 0)

    def at(self, place: int, end: int) -> _Element:
        self.count += 1
        if self.count > _MAX_ELEMENTS:
            raise broken()
        self.file.seek(place)
        head = self.file.read(min(12, end - place))
        width = _vint_width(head[:1])
        if width > 4 or len(head) <= width:
            raise broken()
        kind = int.from_bytes(head[:width], "big")
        digits = _vint_width(head[width : width + 1])
        if len(head) < width + digits:
            raise broken()
        size = int.from_bytes(head[width : width + digits], "big") & (1 << 7 * digits) - 1
        body = place + width + digits
        if size == (1 << 7 * digits) - 1:
            return _Element(kind, place, body, None)
        if size > end - body:
            raise broken()
        return _Element(kind, place, body, body + size)

    def whole(self, place: int, end: int) -> tuple[_Element, int]:
        found = self.at(place, end)
        if found.end is None:
            raise broken()
        return found, found.end

    def number(self, element: _Element, end: int) -> int:
        if end - element.body > 8:
            raise broken()
        return int.from_bytes(read_at(self.file, element.body, end - element.body), "big")

    def void(self, element: _Element, end: int) -> None:
        total = end - element.start
        if total >= 9:
            self._head(element.start, end, b"\xec" + (total - 9 | 1 << 56).to_bytes(8, "big"))
        else:
            self._head(element.start, end, b"\xec" + bytes([0x80 | total - 2]))

    def _head(self, place: int, end: int, head: bytes) -> None:
        write_at(self.file, place, head)
        blank(self.file, place + len(head), end)

    def segment(self, place: int, end: int) -> int:
        while place < end:
            element = self.at(place, end)
            if element.kind == _CLUSTER:
                place = self.cluster(element, end)
                continue
            if element.end is None:
                raise broken()
            if element.kind == _INFO:
                self.info(element.body, element.end)
            elif element.kind == _TRACKS:
                self.tracks(element.body, element.end)
            elif element.kind not in (_SEEK, _CUES):
                self.void(element, element.end)
            place = element.end
        return place

    def info(self, place: int, stop: int) -> None:
        while place < stop:
            element, end = self.whole(place, stop)
            if element.kind == _SCALE:
                self.scale = self.number(element, end)
            elif element.kind == _DURATION:
                self.duration = _float(read_at(self.file, element.body, end - element.body))
            elif element.kind in (_MUXER, _WRITER):  # every file must have them
                blank(self.file, element.body, end)
            else:
                self.void(element, end)
            place = end

    def tracks(self, place: int, stop: int) -> None:
        while place < stop:
            element, end = self.whole(place, stop)
            if element.kind == _ENTRY:
                self.track(element.body, end)
            else:
                self.void(element, end)
            place = end

    def track(self, place: int, stop: int) -> None:
        codec, private = b"", (0, 0)
        while place < stop:
            element, end = self.whole(place, stop)
            if element.kind not in _OF_TRACK:
                self.void(element, end)
            elif element.kind == _TYPE:
                self.types.add(self.number(element, end))
            elif element.kind == _VIDEO:
                self.video(element.body, end)
            elif element.kind == _CODEC:
                codec = read_at(self.file, element.body, min(end - element.body, 64)).rstrip(b"\x00")
            elif element.kind == _PRIVATE:
                private = (element.body, end)
            place = end
        if codec == b"A_VORBIS":
            _wipe_vorbis(self.file, *private)
        elif codec == b"A_FLAC" and private[1]:
            _wipe_flac(self.file, *private)

    def video(self, place: int, stop: int) -> None:
        width = height = 0
        while place < stop:
            element, place = self.whole(place, stop)
            if element.kind == _WIDTH:
                width = self.number(element, place)
            elif element.kind == _HEIGHT:
                height = self.number(element, place)
        if not any(self.shape):
            self.shape = (width, height)

    def cluster(self, cluster: _Element, limit: int) -> int:
        stop = limit if cluster.end is None else cluster.end
        place, began = cluster.body, 0
        while place < stop:
            element = self.at(place, stop)
            if cluster.end is None and element.kind in _LEVEL_1:
                return place
            if element.end is None:
                raise broken()
            if element.kind == _TIMESTAMP:
                began = self.number(element, element.end)
                self.last = max(self.last, began)
            elif element.kind == _SIMPLE_BLOCK and element.end - element.body >= 4:
                data = read_at(self.file, element.body, 4)
                skip = _vint_width(data[:1])
                if skip == 1:
                    self.last = max(self.last, began + int.from_bytes(data[1:3], "big", signed=True))
            elif element.kind not in _OF_CLUSTER:
                self.void(element, element.end)
            place = element.end
        return place


def scrub(file: BinaryIO, size: int) -> Facts:
    """Free the file of tags, attachments, chapters, dates and names; tell its length and shape."""
    walk = _Walk(file, size)
    header, place = walk.whole(0, size)
    if header.kind != _HEADER or place > 4096:
        raise broken()
    doctype, inner = b"", header.body
    while inner < place:
        element, inner = walk.whole(inner, place)
        if element.kind == 0x4282:
            doctype = read_at(file, element.body, inner - element.body).rstrip(b"\x00")
        elif element.kind not in _OF_HEADER:
            walk.void(element, inner)
    if doctype not in (b"webm", b"matroska"):
        raise UnfitMedia(MediaReason.UNSUPPORTED)
    while place < size:
        element = walk.at(place, size)
        end = size if element.end is None else element.end
        if element.kind == _SEGMENT:
            walk.segment(element.body, end)
        elif element.end is None:
            raise broken()
        else:
            walk.void(element, end)
        place = end
    return _facts(walk, "webm" if doctype == b"webm" else "x-matroska")


def _facts(walk: _Walk, form: str) -> Facts:
    if not walk.types & {_FILM, _SOUND}:
        raise broken()
    if walk.types - {_FILM, _SOUND, _SUBTITLES}:
        raise UnfitMedia(MediaReason.UNSUPPORTED)
    seconds, measured = walk.duration * walk.scale / 1e9, walk.last * walk.scale / 1e9
    # Recorders in browsers write no length, and some write a false one; where the last picture stands is the truth.
    if not seconds or (measured and abs(seconds - measured) > max(5.0, measured * 0.2)):
        seconds = measured
    film = _FILM in walk.types
    width, height = walk.shape if film else (0, 0)
    return Facts(
        mime=f"{'video' if film else 'audio'}/{form}",
        film=film,
        sound=_SOUND in walk.types,
        seconds=length(seconds),
        width=side(width),
        height=side(height),
    )


def _wipe_vorbis(file: BinaryIO, place: int, end: int) -> None:
    """Three packets as in OGG, of which the second holds the tags: https://www.matroska.org/technical/codec_specs.html"""
    data = read_at(file, place, min(end - place, 1024))
    if data[:1] != b"\x02":
        raise broken()
    sizes, at = [0, 0], 1
    for number in range(2):
        while at < len(data) and data[at] == 255:
            sizes[number], at = sizes[number] + 255, at + 1
        if at >= len(data):
            raise broken()
        sizes[number], at = sizes[number] + data[at], at + 1
    start = place + at + sizes[0]
    if sizes[1] < len(NO_COMMENTS) or start + sizes[1] > end:
        raise broken()
    write_at(file, start, NO_COMMENTS)
    blank(file, start + len(NO_COMMENTS), start + sizes[1])


def _wipe_flac(file: BinaryIO, place: int, end: int) -> None:
    if read_at(file, place, 4) != b"fLaC":
        raise broken()
    flac_head(file, place, end)


def _vint_width(first: bytes) -> int:
    if not first or not first[0]:
        raise broken()
    return 9 - first[0].bit_length()


def _float(data: bytes) -> float:
    if len(data) not in (0, 4, 8):
        raise broken()
    return float(struct.unpack({0: ">", 4: ">f", 8: ">d"}[len(data)], data)[0]) if data else 0.0
