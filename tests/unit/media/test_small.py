"""Small pictures for readers who pay for every byte: hard limits, whatever the picture is."""

import asyncio
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from bridge.core.errors import MediaRefused
from bridge.media.small import Shrinker
from bridge.media.store import MediaStore

MOST = {"160": (160, 4_096), "240": (240, 8_192), "480": (480, 25_000)}


def noise(width: int, height: int, mode: str = "RGB") -> Image.Image:
    """The worst there is for a JPEG."""
    bands = [Image.effect_noise((width, height), 120) for _ in range(3 if mode == "RGB" else 1)]
    return Image.merge("RGB", bands) if mode == "RGB" else bands[0]


async def stored(store: MediaStore, image: Image.Image, form: str = "JPEG") -> str:
    data = BytesIO()
    image.save(data, format=form, **({"exif": b"Exif\0\0GPS-marker"} if form == "JPEG" else {}))

    async def once() -> AsyncIterator[bytes]:
        yield data.getvalue()

    return (await store.put(once(), 50_000_000)).sha256


@pytest.mark.parametrize("kind", MOST)
async def test_noise_fits_as_well(tmp_path: Path, kind: str) -> None:
    store = MediaStore(tmp_path)
    made = await Shrinker(store).make(await stored(store, noise(1600, 1200)), kind)
    side, most = MOST[kind]
    data = store.path(made.sha256).read_bytes()
    assert len(data) == made.size <= most
    assert max(made.width, made.height) <= side
    assert b"GPS" not in data


async def test_a_picture_keeps_its_shape_and_what_is_transparent_is_white(tmp_path: Path) -> None:
    store = MediaStore(tmp_path)
    clear = Image.new("RGBA", (800, 200), (0, 0, 0, 0))
    made = await Shrinker(store).make(await stored(store, clear, "PNG"), "240")
    assert (made.width, made.height) == (240, 60)
    with Image.open(store.path(made.sha256)) as image:
        assert image.getpixel((5, 5)) == (255, 255, 255)


async def test_a_small_one_is_not_made_larger(tmp_path: Path) -> None:
    store = MediaStore(tmp_path)
    made = await Shrinker(store).make(await stored(store, Image.new("RGB", (50, 40), "red")), "480")
    assert (made.width, made.height) == (50, 40)


async def test_what_is_gone_or_no_picture_is_refused(tmp_path: Path) -> None:
    store = MediaStore(tmp_path)

    async def text() -> AsyncIterator[bytes]:
        yield b"no picture at all"

    plain = (await store.put(text(), 100)).sha256
    for sha256 in ("0" * 64, plain):
        with pytest.raises(MediaRefused):
            await Shrinker(store).make(sha256, "240")


async def test_only_some_wait(tmp_path: Path) -> None:
    store = MediaStore(tmp_path)
    shrinker = Shrinker(store)
    picture = await stored(store, Image.new("RGB", (300, 300), "blue"))
    results = await asyncio.gather(*(shrinker.make(picture, "160") for _ in range(7)), return_exceptions=True)
    assert sum(isinstance(result, MediaRefused) for result in results) == 3
