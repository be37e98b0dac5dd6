"""The smallest files that a strict far side takes for what they are, one for each kind, and what is said of them."""

import io
import struct
from collections.abc import Mapping

from PIL import Image

from bridge.core.message import AttachmentKind
from tests.contract.seen import Upload
from tests.smallest_files import MP3, MP4, OGG_OPUS, WEBP


def _mp4(what: bytes) -> bytes:
    return MP4 + struct.pack(">I", 8 + len(what)) + b"free" + what


def picture(colour: str, *, alt: str = "", spoiler: bool = False) -> Upload:
    """A small photo, another one for each colour."""
    buffer = io.BytesIO()
    Image.new("RGB", (64, 48), colour).save(buffer, "JPEG")
    return Upload(
        name=f"{colour}.jpg",
        mime="image/jpeg",
        data=buffer.getvalue(),
        kind=AttachmentKind.PHOTO,
        width=64,
        height=48,
        alt=alt,
        spoiler=spoiler,
    )


NOTE = Upload(name="guide.txt", mime="text/plain", data=b"ORS: six teaspoons of sugar, half a teaspoon of salt.\n" * 40)
_ALL = (
    NOTE,
    picture("green"),
    Upload(
        name="song.mp3",
        mime="audio/mpeg",
        data=MP3 + b"song",
        kind=AttachmentKind.AUDIO,
        seconds=60,
        title="Washing hands",
        performer="School choir",
    ),
    Upload(
        name="said.ogg",
        mime="audio/ogg",
        data=OGG_OPUS + b"said",
        kind=AttachmentKind.VOICE,
        seconds=3,
        waveform=(0, 512, 1024, 256),
    ),
    Upload(
        name="film.mp4",
        mime="video/mp4",
        data=_mp4(b"film"),
        kind=AttachmentKind.VIDEO,
        width=640,
        height=360,
        seconds=7,
    ),
    Upload(
        name="round.mp4",
        mime="video/mp4",
        data=_mp4(b"round"),
        kind=AttachmentKind.VIDEO_NOTE,
        width=240,
        height=240,
        seconds=5,
    ),
    Upload(
        name="waving.mp4",
        mime="video/mp4",
        data=_mp4(b"waving"),
        kind=AttachmentKind.ANIMATION,
        width=320,
        height=240,
        seconds=2,
    ),
    Upload(
        name="thumb.webp", mime="image/webp", data=WEBP, kind=AttachmentKind.STICKER, width=512, height=512, alt="👍"
    ),
)
FILES: Mapping[AttachmentKind, Upload] = {upload.kind: upload for upload in _ALL}
"""One of each kind."""
COLOURS = ("red", "blue", "yellow", "black", "white", "orange", "purple", "brown", "pink", "gray", "cyan")
