"""A picture decoded once and written anew: nothing but its pixels survives. Runs only in the worker process."""

import warnings
from pathlib import Path

from PIL import Image

from bridge.media.refusal import MediaReason, UnfitMedia

_FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP", "image/gif": "GIF"}
_WRITTEN_AS = {"image/gif": "image/png"}
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


def clean(source: Path, target: Path, mime: str, *, max_pixels: int, max_side: int) -> tuple[str, int, int]:
    """Write the cleaned picture to ``target``; returns its type, width and height.

    Raises UnfitMedia, OSError with an errno where ``target`` cannot be written, and for a broken picture whatever the
    decoder raises.
    """
    written = _WRITTEN_AS.get(mime, mime)
    form = _FORMATS[written]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # Pillow only warns of bombs up to twice its limit; ours is checked before anything is decoded.
        Image.MAX_IMAGE_PIXELS = None
        with Image.open(source, formats=(_FORMATS[mime],)) as image:
            _check(image, mime, max_pixels)
            orientation = _orientation(image)
            # JPEGs are made smaller while they are decoded; for the others the mode decides how well it can be done.
            still = image if mime == "image/jpeg" else _in_mode(image, _MODES[form])
            still.thumbnail((max_side, max_side), Image.Resampling.LANCZOS)
            still = _upright(_in_mode(still, _MODES[form]), orientation)
        still.info = {}  # Pillow would write some of it: comments, colour profiles
        still.save(target, format=form, **_OPTIONS[form])
    return written, still.width, still.height


def _check(image: Image.Image, mime: str, max_pixels: int) -> None:
    if image.width * image.height > max_pixels:
        raise UnfitMedia(MediaReason.TOO_MANY_PIXELS)
    # A phone's JPEG may hold a second view (MPO): that is one picture, and the first view is it.
    if mime != "image/jpeg" and getattr(image, "is_animated", False):
        raise UnfitMedia(MediaReason.ANIMATED)


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
