"""A picture decoded once and written anew: nothing but its pixels survives. Runs only in the worker process."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pi_heif  # type: ignore[import-untyped]  # it has no types
from PIL import Image

from bridge.media import animation
from bridge.media.refusal import MediaReason, UnfitMedia

_FORMATS = {
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/webp": "WEBP",
    "image/gif": "GIF",
    "image/heic": "HEIF",
    "image/avif": "AVIF",
}
_MOVING = frozenset({"image/gif", "image/webp", "image/png"})
_WRITTEN_AS = {"image/gif": "image/png", "image/heic": "image/jpeg", "image/avif": "image/jpeg"}
# Progressive: on a slow line the reader sees the whole picture early.
_OPTIONS: dict[str, dict[str, object]] = {
    "JPEG": {"quality": 85, "optimize": True, "progressive": True},
    "PNG": {},
    "WEBP": {"quality": 85},
}
_MODES = {"JPEG": ("L", "RGB"), "PNG": ("L", "LA", "RGB", "RGBA"), "WEBP": ("RGB", "RGBA")}
_ORIENTATION = 0x0112
# How a camera was held: https://exiftool.org/TagNames/EXIF.html (IFD0 Orientation)
_TURNS: dict[int, Image.Transpose | None] = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True, kw_only=True)
class Written:
    mime: str
    width: int
    height: int


def clean(
    source: Path, target: Path, mime: str, *, max_pixels: int, max_side: int, max_seconds: float, small: int = 0
) -> Written:
    """Write the cleaned picture to ``target``, or with ``small`` a JPEG of at most so many bytes.

    Raises UnfitMedia, OSError with an errno where ``target`` cannot be written, and for a broken picture whatever the
    decoder raises.
    """
    written = "image/jpeg" if small else _WRITTEN_AS.get(mime, mime)
    form = _FORMATS[written]
    if mime == "image/heic":
        pi_heif.options.DECODE_THREADS = 1
        pi_heif.register_heif_opener()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # Pillow only warns of bombs up to twice its limit; ours is checked before anything is decoded.
        Image.MAX_IMAGE_PIXELS = None
        with Image.open(source, formats=(_FORMATS[mime],)) as image:
            if image.width * image.height > max_pixels:
                raise UnfitMedia(MediaReason.TOO_MANY_PIXELS)
            if not small and mime in _MOVING and getattr(image, "is_animated", False):
                frames = animation.frames(image, max_seconds)
                if frames:
                    width, height = animation.write(frames, target)
                    return Written(mime="image/gif", width=width, height=height)
                image.seek(0)
            # HEIC is turned by its decoder.
            orientation = 1 if mime == "image/heic" else _orientation(image)
            # JPEGs are made smaller while they are decoded; for the others the mode decides how well it can be done.
            still = image if mime == "image/jpeg" else _in_mode(image, _MODES[form])
            still.thumbnail((max_side, max_side), Image.Resampling.LANCZOS)
            still = _upright(_in_mode(still, _MODES[form]), orientation)
        still.info = {}  # Pillow would write some of it: comments, colour profiles
        if small:
            still = _small(still, target, small)
        else:
            still.save(target, format=form, **_OPTIONS[form])
    return Written(mime=written, width=still.width, height=still.height)


def shrink(source: Path, target: Path, mime: str, steps: Sequence[tuple[int, int, int]], *, max_pixels: int) -> Written:
    """Write a small JPEG to ``target`` by the first of the steps (longest side, quality, bytes) that it fits."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        Image.MAX_IMAGE_PIXELS = None
        with Image.open(source, formats=(_FORMATS[mime],)) as image:
            if image.width * image.height > max_pixels:
                raise UnfitMedia(MediaReason.TOO_MANY_PIXELS)
            widest = max(side for side, _, _ in steps)
            if mime == "image/jpeg":
                image.draft("RGB", (widest * 2, widest * 2))
            still = _in_mode(_on_white(image), _MODES["JPEG"])
            still.thumbnail((widest, widest), Image.Resampling.LANCZOS)
            still = still.copy()
    still.info = {}
    for side, quality, most in steps:
        smaller = still.copy()
        smaller.thumbnail((side, side), Image.Resampling.LANCZOS)
        smaller.save(target, format="JPEG", quality=quality, optimize=True, progressive=False)
        if target.stat().st_size <= most:
            return Written(mime="image/jpeg", width=smaller.width, height=smaller.height)
    raise UnfitMedia(MediaReason.TOO_BIG)


def _on_white(image: Image.Image) -> Image.Image:
    """What is transparent would be black in a JPEG."""
    if image.mode in ("LA", "PA", "La", "RGBa", "RGBA") or "transparency" in image.info:
        below = Image.new("RGBA", image.size, "white")
        below.alpha_composite(image.convert("RGBA"))
        return below.convert("RGB")
    return image


def _small(still: Image.Image, target: Path, most: int) -> Image.Image:
    while True:
        for quality in (80, 60, 40, 25):
            still.save(target, format="JPEG", quality=quality, optimize=True)
            if target.stat().st_size <= most:
                return still
        if max(still.size) <= 16:
            raise UnfitMedia(MediaReason.TOO_BIG)
        still = still.resize((max(1, still.width * 2 // 3), max(1, still.height * 2 // 3)), Image.Resampling.LANCZOS)


def _orientation(image: Image.Image) -> int:
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # Pillow's EXIF reader raises many kinds of errors for broken EXIF: then there is no orientation
        return 1
    return value if isinstance(value, int) and value in _TURNS else 1


def _in_mode(image: Image.Image, modes: tuple[str, ...]) -> Image.Image:
    """The same picture in a mode that can be scaled well and that the format can hold."""
    if image.mode in modes:
        return image
    if image.mode.startswith("I;16") or image.mode == "I":
        image = image.point(lambda value: value * (1 / 256)).convert("L")
    transparent = image.mode in ("LA", "PA", "La", "RGBa", "RGBA") or "transparency" in image.info
    if transparent and "RGBA" in modes:
        return image.convert("RGBA")
    return image.convert("L" if image.mode in ("1", "L") and "L" in modes else "RGB")


def _upright(image: Image.Image, orientation: int) -> Image.Image:
    turn = _TURNS[orientation]
    return image.copy() if turn is None else image.transpose(turn)
