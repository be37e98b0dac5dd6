"""The child process that opens one foreign file: ``python -m bridge.media.worker``, JSON in on stdin, out on stdout.

A process, because a decoder can be made to run for hours or to eat all memory by a small file, and a thread cannot be
stopped. Its memory and processor time are limited before the file is touched, and it inherits no environment.
"""

import dataclasses
import json
import resource
import sys
from pathlib import Path
from typing import Any

from bridge.media import documents
from bridge.media.containers.scrub import SCRUBBERS, scrub
from bridge.media.refusal import MediaReason, UnfitMedia
from bridge.media.sniff import IMAGES, sniff


def main() -> int:
    job = json.load(sys.stdin)
    resource.setrlimit(resource.RLIMIT_AS, (job["max_memory"],) * 2)
    resource.setrlimit(resource.RLIMIT_CPU, (job["max_seconds"],) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        answer = work(job)
    except UnfitMedia as unfit:
        answer = {"refused": unfit.reason.value}
    except MemoryError:
        answer = {"refused": MediaReason.BROKEN.value}
    except OSError as error:
        # The decoders raise OSError without a number for broken pictures; the disk's errors have one.
        answer = {"storage": error.errno} if error.errno else {"refused": MediaReason.BROKEN.value, "error": "OSError"}
    except Exception as error:  # whatever a decoder raises for a hostile file; its text may quote the file
        answer = {"refused": MediaReason.BROKEN.value, "error": type(error).__name__}
    sys.stdout.write(json.dumps(answer))
    return 0


def work(job: dict[str, Any]) -> dict[str, object]:
    source, target = Path(str(job["source"])), Path(str(job["target"]))
    mime = sniff(source, str(job["name"]))
    if job.get("steps"):
        if mime not in IMAGES:
            raise UnfitMedia(MediaReason.UNSUPPORTED)
        from bridge.media.images import shrink

        made = shrink(source, target, mime, job["steps"], max_pixels=int(job["max_pixels"]))
        return {"mime": made.mime, "width": made.width, "height": made.height, "picture": True}
    if mime in SCRUBBERS:
        return dataclasses.asdict(scrub(source, mime))
    if mime not in IMAGES:
        documents.clean(source, mime)
        return {"mime": mime}
    from bridge.media.images import clean

    written = clean(
        source,
        target,
        mime,
        max_pixels=int(job["max_pixels"]),
        max_side=int(job["max_side"]),
        max_seconds=int(job["max_seconds"]) / 2,
        small=int(job["small"]),
    )
    return {"mime": written.mime, "width": written.width, "height": written.height, "picture": True}


if __name__ == "__main__":
    sys.exit(main())
