"""From the platform's claim and the bytes to what is shown."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from PIL import Image

from bridge.core.message import AttachmentKind, RemoteFile
from bridge.media.ingest import THUMBNAIL_BYTES, ingest, receive
from bridge.media.refusal import MediaReason, UnfitMedia
from bridge.media.store import MediaStore
from tests.unit.media import films, samples

HEIC = Path(__file__).parents[2] / "corpora" / "media" / "halves.heic"
K = AttachmentKind


@pytest.fixture
def store(tmp_path: Path) -> MediaStore:
    return MediaStore(tmp_path / "media")


@pytest.mark.parametrize(
    ("data", "claimed", "kind", "mime"),
    [
        (films.mp4(), K.DOCUMENT, K.VIDEO, "video/mp4"),
        (films.mp4(width=240, height=240), K.VIDEO_NOTE, K.VIDEO_NOTE, "video/mp4"),
        (films.mp4(), K.VIDEO_NOTE, K.VIDEO, "video/mp4"),
        (films.mp4(sound=False), K.ANIMATION, K.ANIMATION, "video/mp4"),
        (films.ogg_opus(), K.VOICE, K.VOICE, "audio/ogg"),
        (films.mp3(), K.VOICE, K.AUDIO, "audio/mpeg"),
        (samples.animation("GIF"), K.DOCUMENT, K.ANIMATION, "image/gif"),
        (samples.animation("WEBP"), K.PHOTO, K.ANIMATION, "image/gif"),
        (samples.animation("PNG"), K.PHOTO, K.ANIMATION, "image/gif"),
        (samples.talkative_webp(), K.STICKER, K.STICKER, "image/webp"),
        (samples.saved(samples.halves(600, 300), "WEBP"), K.STICKER, K.PHOTO, "image/webp"),
        (HEIC.read_bytes(), K.PHOTO, K.PHOTO, "image/jpeg"),
        (samples.saved(samples.halves(), "AVIF"), K.PHOTO, K.PHOTO, "image/jpeg"),
        (b"%PDF-1.7\n...", K.VIDEO, K.DOCUMENT, "application/pdf"),
    ],
)
async def test_the_bytes_decide(
    store: MediaStore, data: bytes, claimed: AttachmentKind, kind: AttachmentKind, mime: str
) -> None:
    found = await ingest(store, samples.stream(data), RemoteFile(ref="r", kind=claimed, waveform=(5, 2000)))
    assert (found.kind, found.mime) == (kind, mime)
    assert samples.SECRET not in store.path(found.sha256).read_bytes()
    if kind in (K.VIDEO, K.VOICE, K.AUDIO):
        assert found.duration is not None
        assert abs(found.duration - timedelta(seconds=7)) < timedelta(seconds=0.1)
    assert found.waveform == ((5, 1024) if kind is K.VOICE else ())


async def test_a_hundred_thousand_frames_become_one_picture(store: MediaStore) -> None:
    one = samples.saved(Image.new("P", (1, 1)), "GIF")
    start = one.index(b",")
    data = one[:start] + one[start:-1] * 100_000 + b";"
    found = await ingest(store, samples.stream(data), RemoteFile(ref="r", kind=K.ANIMATION))
    assert (found.kind, found.mime) == (K.PHOTO, "image/png")


async def test_small_pictures(store: MediaStore) -> None:
    film = RemoteFile(ref="film", kind=K.VIDEO, thumbnail_ref="small")
    files = {"film": films.mp4(), "small": samples.saved(samples.halves(800, 400), "PNG"), "sticker": films.tgs()}

    def fetch(remote: RemoteFile) -> AsyncIterator[bytes]:
        return samples.stream(files[remote.ref])

    found = await receive(store, fetch, film)
    assert found.thumbnail is not None
    assert (found.thumbnail.width, found.thumbnail.height, found.thumbnail.mime) == (320, 160, "image/jpeg")
    assert found.thumbnail.size == store.path(found.thumbnail.sha256).stat().st_size <= THUMBNAIL_BYTES
    sticker = RemoteFile(ref="sticker", kind=K.STICKER, mime="application/x-tgsticker", thumbnail_ref="small")
    assert (await receive(store, fetch, sticker)).kind is K.PHOTO  # too large for a sticker
    with pytest.raises(UnfitMedia) as caught:
        await receive(store, fetch, replace(sticker, thumbnail_ref=""))
    assert caught.value.reason is MediaReason.ANIMATED
    files["small"] = b"MZ"
    assert (await receive(store, fetch, film)).thumbnail is None
