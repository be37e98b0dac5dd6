"""Moving pictures written anew, frame by frame, as GIF: the one form that every chat shows. Only in the worker."""

import time
from pathlib import Path

from PIL import Image

MAX_FRAMES = 300
MAX_SIDE = 480
_MAX_DECODED = 200_000_000
_MAX_KEPT = 40_000_000
"""Pixels of all frames, before and after they are made smaller."""


def frames(image: Image.Image, max_seconds: float) -> list[tuple[Image.Image, int]]:
    """Every picture and for how many milliseconds it stays; empty where there are too many for the limits."""
    found: list[tuple[Image.Image, int]] = []
    began, decoded, kept = time.process_time(), 0, 0
    while True:
        try:
            image.seek(len(found))
        except EOFError:
            return found if len(found) > 1 else []
        decoded += image.width * image.height
        if len(found) == MAX_FRAMES or decoded > _MAX_DECODED or time.process_time() - began > max_seconds:
            return []
        still = image.convert("RGBA")
        stays = image.info.get("duration", 100)
        still.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.BILINEAR)
        kept += still.width * still.height
        if kept > _MAX_KEPT:
            return []
        found.append((_few_colours(still), min(max(int(stays or 100), 20), 10_000)))


def _few_colours(still: Image.Image) -> Image.Image:
    if still.getchannel("A").getextrema() == (255, 255):
        still = still.convert("RGB").quantize(256, dither=Image.Dither.NONE)
    else:
        still = still.quantize(256, method=Image.Quantize.FASTOCTREE)
    still.info = {key: value for key, value in still.info.items() if key == "transparency"}
    return still


def write(found: list[tuple[Image.Image, int]], target: Path) -> tuple[int, int]:
    """To a GIF that begins again and again; returns its width and height."""
    first = found[0][0]
    first.save(
        target,
        format="GIF",
        save_all=True,
        append_images=[still for still, _ in found[1:]],
        duration=[stays for _, stays in found],
        loop=0,
        disposal=2,
        optimize=False,
    )
    return first.size
