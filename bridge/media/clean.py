"""Asks a child process what a file is and, for a picture, to write it anew without its metadata."""

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

import bridge
from bridge.core.errors import StorageUnavailable
from bridge.media.refusal import MediaReason, UnfitMedia

log = structlog.get_logger()

_ROOT = str(Path(bridge.__file__).parent.parent)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a file may cost."""

    max_bytes: int = 50_000_000
    """Of the file as it comes, and of the cleaned picture."""
    max_pixels: int = 40_000_000
    """Width times height, checked before decoding."""
    max_side: int = 2560
    """Larger pictures are made smaller: a poster stays legible, and readers pay for every byte."""
    max_seconds: int = 20
    """Processor time, and half the time on the clock, for one file."""
    max_memory: int = 1 << 30
    """Bytes of address space of the child."""


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, kw_only=True)
class Cleaned:
    """What the child found. A picture's cleaned bytes are in the target file; all else was cleaned where it lay."""

    mime: str
    picture: bool = False
    film: bool = False
    sound: bool = False
    seconds: float | None = None
    title: str = ""
    performer: str = ""
    width: int | None = None
    height: int | None = None


async def clean(source: Path, target: Path, name: str, limits: Limits, *, small: int = 0) -> Cleaned:
    """Judge ``source`` by its bytes; write a picture anew to ``target``.

    With ``small`` it becomes a JPEG of at most so many bytes. Raises UnfitMedia, StorageUnavailable.
    """
    return await _asked({**_job(source, target, limits), "name": name, "small": small}, limits)


async def shrink(source: Path, target: Path, steps: Sequence[tuple[int, int, int]], limits: Limits) -> Cleaned:
    """Write a picture of ours as a small JPEG, by the first of the steps (longest side, quality, bytes) that it fits.

    Raises UnfitMedia, StorageUnavailable.
    """
    return await _asked({**_job(source, target, limits), "name": "", "small": 0, "steps": list(steps)}, limits)


def _job(source: Path, target: Path, limits: Limits) -> dict[str, object]:
    return {
        "source": str(source),
        "target": str(target),
        "max_pixels": limits.max_pixels,
        "max_side": limits.max_side,
        "max_seconds": limits.max_seconds,
        "max_memory": limits.max_memory,
    }


async def _asked(job: dict[str, object], limits: Limits) -> Cleaned:
    """What the child says of one file."""
    # The child gets our code's folder and nothing else of the environment: that may hold tokens.
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        "-m",
        "bridge.media.worker",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={"PYTHONPATH": _ROOT},
    )
    try:
        async with asyncio.timeout(2 * limits.max_seconds):
            said, _ = await child.communicate(json.dumps(job).encode())
    except TimeoutError:
        said = b""
    finally:
        if child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await child.wait()
    try:
        answer = json.loads(said)
    except ValueError:  # killed at a limit
        log.warning("media_worker_died", exit_status=child.returncode)
        raise UnfitMedia(MediaReason.BROKEN) from None
    if "storage" in answer:
        raise StorageUnavailable(f"a cleaned picture cannot be kept ({os.strerror(answer['storage'])}): check the disk")
    if "refused" in answer:
        log.info("media_refused", reason=answer["refused"], error=answer.get("error", ""))
        raise UnfitMedia(MediaReason(answer["refused"]))
    return Cleaned(**answer)
