"""MP3 (MPEG audio, layer III): tags are blanked or cut off, and what lies between the frames is blanked."""

from typing import BinaryIO

from bridge.media.containers.common import Facts, blank, broken, length, read_at, tidy, write_at

_RATES = (44_100, 48_000, 32_000)
_KBITS_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_KBITS_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_TITLES, _PERFORMERS = (b"TIT2", b"TT2"), (b"TPE1", b"TP1")
_ENCODINGS = ("latin-1", "utf-16", "utf-16-be", "utf-8")
_GAP = 1 << 16


def frame(head: bytes) -> tuple[int, int, int] | None:
    """Bytes, samples and samples in a second of the frame that begins so; None where none does."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:
        return None
    version, bits, rate = head[1] >> 3 & 3, head[2] >> 4, head[2] >> 2 & 3
    if version == 1 or bits in (0, 15) or rate == 3:
        return None
    hertz = _RATES[rate] >> (0, 0, 1, 0)[version] >> (2 if version == 0 else 0)
    kbits = (_KBITS_1 if version == 3 else _KBITS_2)[bits]
    samples = 1152 if version == 3 else 576
    return samples // 8 * kbits * 1000 // hertz + (head[2] >> 1 & 1), samples, hertz


def scrub(file: BinaryIO, size: int) -> Facts:
    """Take title and performer out of the tags and blank all of them; tell the length by counting."""
    place, title, performer = 0, "", ""
    while size - place >= 10 and (head := read_at(file, place, 10))[:3] == b"ID3":
        end = place + 10 + _syncsafe(head[6:10]) + (10 if head[5] & 0x10 else 0)
        if end > size:
            raise broken()
        found = _words(file, place + 10, end, head[3], head[5])
        title, performer = title or found[0], performer or found[1]
        write_at(file, place + 5, b"\x00" + _to_syncsafe(end - place - 10))
        blank(file, place + 10, end)
        place = end
    seconds, frames = 0.0, 0
    while place < size:
        file.seek(place)
        found_frame = frame(file.read(4))
        if found_frame is None:
            after = _next(file, place, size)
            if after is None:
                break
            blank(file, place, after)
            place = after
            continue
        count, samples, hertz = found_frame
        if place + count > size:
            break
        place, frames, seconds = place + count, frames + 1, seconds + samples / hertz
    if frames < 3:
        raise broken()
    file.truncate(place)  # tags at the end, and half a frame
    return Facts(mime="audio/mpeg", seconds=length(seconds), title=title, performer=performer)


def _next(file: BinaryIO, place: int, size: int) -> int | None:
    """Where the next two frames stand one after the other, or the last one of the file."""
    file.seek(place)
    data = file.read(min(_GAP, size - place))
    at = data.find(b"\xff", 1)
    while at >= 0:
        if found := frame(data[at : at + 4]):
            end = place + at + found[0]
            file.seek(end)
            if end == size or (end + 4 <= size and frame(file.read(4))):
                return place + at
        at = data.find(b"\xff", at + 1)
    return None


def _words(file: BinaryIO, place: int, end: int, version: int, flags: int) -> tuple[str, str]:
    title = performer = ""
    if flags & 0xC0 or version not in (2, 3, 4):  # packed or extended: not worth reading
        return title, performer
    name, head = (3, 6) if version == 2 else (4, 10)
    for _ in range(200):
        if place + head > end:
            break
        frame_head = read_at(file, place, head)
        kind, digits = frame_head[:name], frame_head[name : 2 * name]
        count = _syncsafe(digits) if version == 4 else int.from_bytes(digits, "big")
        if not kind.strip(b"\x00") or not count or place + head + count > end:
            break
        if kind in _TITLES + _PERFORMERS:
            text = _text(read_at(file, place + head, min(count, 1024)))
            title, performer = (text, performer) if kind in _TITLES else (title, text)
        place += head + count
    return title, performer


def _text(data: bytes) -> str:
    if not data or data[0] >= len(_ENCODINGS):
        return ""
    return tidy(data[1:].decode(_ENCODINGS[data[0]], "ignore").split("\x00")[0])


def _syncsafe(digits: bytes) -> int:
    value = 0
    for digit in digits:
        value = value << 7 | digit & 0x7F
    return value


def _to_syncsafe(value: int) -> bytes:
    return bytes(value >> shift & 0x7F for shift in (21, 14, 7, 0))
