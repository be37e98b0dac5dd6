"""The child process that reads one mail: ``python -m bridge.adapters.email.worker``, JSON on stdin, JSON on stdout.

A process, because a small mail can keep a parser busy for minutes or fill the memory, and a thread cannot be stopped.
Its memory and processor time are limited before a byte is read, and it inherits no environment.
"""

import json
import resource
import sys
from pathlib import Path
from typing import Any

from bridge.adapters.email.mail import UnreadableMail, to_json


def main() -> int:
    job = json.load(sys.stdin)
    resource.setrlimit(resource.RLIMIT_AS, (job["max_memory"],) * 2)
    resource.setrlimit(resource.RLIMIT_CPU, (job["max_seconds"],) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        answer = work(job)
    except UnreadableMail as error:
        answer = {"unreadable": str(error)}
    except OSError as error:
        answer = {"storage": error.errno or 0}
    except Exception as error:  # whatever a strange mail makes the libraries raise; its words may quote the mail
        answer = {"unreadable": type(error).__name__}
    sys.stdout.write(json.dumps(answer))
    return 0


def work(job: dict[str, Any]) -> dict[str, Any]:
    raw = Path(job["source"]).read_bytes()
    if "part" in job:
        from bridge.adapters.email.mime import parse

        found = next((part for part in parse(raw).parts if part.number == job["part"]), None)
        if found is None:
            return {"unreadable": "no such part"}
        Path(job["target"]).write_bytes(found.data())
        return {}
    from bridge.adapters.email.reader import Post, read

    return {"mail": to_json(read(raw, Post(**job["post"])))}


if __name__ == "__main__":
    sys.exit(main())
