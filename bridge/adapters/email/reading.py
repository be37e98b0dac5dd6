"""Has a child process read a mail, or take a file out of one."""

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import structlog

import bridge
from bridge.adapters.email.mail import Mail, UnreadableMail, from_json
from bridge.adapters.email.reader import Post

log = structlog.get_logger()

_ROOT: Final = str(Path(bridge.__file__).parent.parent)
_SECONDS: Final = 10
"""Of processor time, and half of the time on the clock."""
_MEMORY: Final = 1 << 30
_AT_ONCE: Final = 2


class Reader:
    """A few children at a time."""

    def __init__(self) -> None:
        self._room = asyncio.Semaphore(_AT_ONCE)

    async def read(self, source: Path, post: Post) -> Mail:
        """Raises UnreadableMail for what cannot be read within the limits, OSError for trouble that may pass."""
        said = {**asdict(post), "own": sorted(post.own)}
        answer = await self._ask({"source": str(source), "post": said})
        return from_json(answer["mail"])

    async def extract(self, source: Path, part: int, target: Path) -> None:
        """Write a file of a mail to ``target``. Raises the same."""
        await self._ask({"source": str(source), "part": part, "target": str(target)})

    async def _ask(self, job: Mapping[str, Any]) -> dict[str, Any]:
        async with self._room:
            said = await _child(json.dumps({**job, "max_memory": _MEMORY, "max_seconds": _SECONDS}).encode())
        try:
            answer = json.loads(said)
        except ValueError:
            raise UnreadableMail("too much work") from None  # killed at a limit
        if not isinstance(answer, dict):
            raise UnreadableMail("too much work")
        if "storage" in answer:
            raise OSError(answer["storage"], os.strerror(answer["storage"]))
        if "unreadable" in answer:
            raise UnreadableMail(answer["unreadable"])
        return answer


async def _child(job: bytes) -> bytes:
    # It gets our code's folder and nothing else of the environment: that may hold passwords.
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        "-m",
        "bridge.adapters.email.worker",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={"PYTHONPATH": _ROOT},
    )
    try:
        async with asyncio.timeout(2 * _SECONDS):
            said, _ = await child.communicate(job)
    except TimeoutError:
        said = b""
    finally:
        if child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await child.wait()
    return said
