"""Memory while a film of 45 MB is taken in: peak of this process above idle, and of the worker."""

import asyncio
import resource
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from bridge.core.message import AttachmentKind, RemoteFile
from bridge.media.ingest import ingest
from bridge.media.store import MediaStore
from tests.unit.media.films import mp4

MEGABYTES = 45


def film_in(folder: Path, megabytes: int = MEGABYTES) -> Path:
    """A film of so many bytes, nearly all of them pictures."""
    film = folder / "film.mp4"
    head = mp4(payload=0)
    at = head.index(b"mdat") + 4
    size = megabytes * 1_000_000
    with film.open("wb") as file:
        file.write(head[: at - 8] + (size + 8).to_bytes(4, "big") + b"mdat")
        file.seek(size, 1)
        file.write(head[at:])
    return film


async def measure() -> None:
    with tempfile.TemporaryDirectory() as folder, film_in(Path(folder)).open("rb") as film:

        async def stream() -> AsyncIterator[bytes]:
            while data := film.read(1 << 16):
                yield data

        idle = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        await ingest(MediaStore(Path(folder, "media")), stream(), RemoteFile(ref="r", kind=AttachmentKind.VIDEO))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        worker = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    print("| | MB |\n|---|---|")
    print(f"| main process, peak above idle | {(peak - idle) / 1024:.1f} |")
    print(f"| worker process, peak | {worker / 1024:.1f} |")


if __name__ == "__main__":
    asyncio.run(measure())
