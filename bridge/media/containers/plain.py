"""Sounds in simple rows of blocks: WAV, FLAC, AMR and AAC (ADTS)."""

from typing import BinaryIO

from bridge.media.containers.common import Facts, blank, broken, length, read_at, write_at

_AMR = (12, 13, 15, 17, 19, 20, 26, 31, 5)
_AMR_WIDE = (17, 23, 32, 36, 40, 46, 50, 58, 60, 5)
_ADTS_RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350)
_MAX_BLOCKS = 2_000_000
_FLAC_PROPERTIES = 4 + 34


def wav(file: BinaryIO, size: int) -> Facts:
    """Everything but format and sound becomes JUNK."""
    place, rate, sound = 12, 0, 0
    for _ in range(1000):
        if place + 8 > size:
            break
        head = read_at(file, place, 8)
        count = int.from_bytes(head[4:], "little")
        if head[:4] == b"data":
            count = min(count, size - place - 8)
            sound = sound or count
        end = place + 8 + count
        if end > size:
            raise broken()
        if head[:4] == b"fmt ":
            rate = int.from_bytes(read_at(file, place + 16, 4), "little")
        elif head[:4] not in (b"data", b"fact"):
            write_at(file, place, b"JUNK")
            blank(file, place + 8, end)
        place = end + (count & 1)
    if not rate or not sound:
        raise broken()
    file.truncate(min(place, size))
    return Facts(mime="audio/x-wav", seconds=length(sound / rate))


def flac(file: BinaryIO, size: int) -> Facts:
    """Everything but the properties and the table of places becomes padding; tags behind the sound are cut off."""
    place, seconds = flac_head(file, 0, size)
    if read_at(file, place, 2)[:1] != b"\xff":
        raise broken()
    file.truncate(_without_tags(file, place, size))
    return Facts(mime="audio/flac", seconds=length(seconds))


def flac_head(file: BinaryIO, start: int, size: int) -> tuple[int, float]:
    """Clean the blocks before the sound: where they end, and how many seconds it is said to last."""
    place, seconds = start + 4, 0.0
    for number in range(1000):
        head = read_at(file, place, 4)
        kind, last, end = head[0] & 0x7F, bool(head[0] & 0x80), place + 4 + int.from_bytes(head[1:], "big")
        # The properties come first and once, and are never longer: what calls itself so would hide anything.
        if end > size or (kind == 0) is not (number == 0) or (kind == 0 and end - place != _FLAC_PROPERTIES):
            raise broken()
        if kind == 0:
            packed = int.from_bytes(read_at(file, place + 14, 8), "big")
            if not packed >> 44:
                raise broken()
            seconds = (packed & (1 << 36) - 1) / (packed >> 44)
        elif kind != 3:
            write_at(file, place, bytes([head[0] & 0x80 | 1]))
            blank(file, place + 4, end)
        place = end
        if last:
            return place, seconds
    raise broken()


def _without_tags(file: BinaryIO, start: int, end: int) -> int:
    """Where the sound ends that begins at ``start``: programs for MP3 put their tags behind FLAC as well."""
    while end - start > 128:
        if read_at(file, end - 128, 3) == b"TAG":
            end -= 128
            continue
        foot = read_at(file, end - 32, 32)
        count = int.from_bytes(foot[12:16], "little") + (32 if foot[23] & 0x80 else 0)
        if foot[:8] != b"APETAGEX" or not 32 <= count <= end - start:
            break
        end -= count
    return end


def amr(file: BinaryIO, size: int) -> Facts:
    """Telephone sound: every frame lasts 20 ms."""
    wide = read_at(file, 0, 6) != b"#!AMR\n"
    sizes, place, frames = (_AMR_WIDE, 9, 0) if wide else (_AMR, 6, 0)
    while place < size and frames < _MAX_BLOCKS:
        kind = read_at(file, place, 1)[0] >> 3 & 15
        count = 0 if kind in (14, 15) else sizes[kind] if kind < len(sizes) else -1
        if count < 0 or place + 1 + count > size:
            break
        place, frames = place + 1 + count, frames + 1
    if not frames:
        raise broken()
    file.truncate(place)
    return Facts(mime="audio/amr", seconds=length(frames / 50))


def aac(file: BinaryIO, size: int) -> Facts:
    """AAC as it is broadcast: every frame has 1024 samples."""
    place, frames, seconds = 0, 0, 0.0
    while place + 7 <= size and frames < _MAX_BLOCKS:
        head = read_at(file, place, 7)
        count = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
        rate = head[2] >> 2 & 15
        if head[0] != 0xFF or head[1] & 0xF6 != 0xF0 or rate >= len(_ADTS_RATES) or count < 7 or place + count > size:
            break
        place, frames, seconds = place + count, frames + 1, seconds + 1024 / _ADTS_RATES[rate]
    if frames < 3:
        raise broken()
    file.truncate(place)
    return Facts(mime="audio/aac", seconds=length(seconds))
