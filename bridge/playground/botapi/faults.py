"""Faults on demand: refusals and cut connections for tests of what comes after them."""

from collections import deque
from typing import Literal

from bridge.playground.botapi.errors import ApiError

Fault = ApiError | Literal["drop_before", "drop_after"]
_WORDS = {
    400: "Bad Request: fault injected",
    401: "Unauthorized",
    403: "Forbidden: fault injected",
    404: "Not Found",
    409: "Conflict: fault injected",
    429: "Too Many Requests: retry after {retry_after}",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}


class Faults:
    """What the next calls of each method meet."""

    def __init__(self) -> None:
        self._planned: dict[str, deque[Fault]] = {}

    def fail_next(self, method: str, fault: int | str, times: int = 1, retry_after: int = 1) -> None:
        """Make the next `times` calls of `method` fail ("*" for any method).

        `fault` is an HTTP status, "drop_before" (the connection is cut and nothing happens) or "drop_after" (the call
        is carried out, then the connection is cut without an answer). `retry_after` (seconds) goes with 429.
        """
        planned = self._planned.setdefault(method.lower(), deque())
        for _ in range(times):
            planned.append(_fault(fault, retry_after))

    def take(self, method: str) -> Fault | None:
        """Return the fault that this call meets, if any."""
        for name in (method.lower(), "*"):
            if self._planned.get(name):
                return self._planned[name].popleft()
        return None


def _fault(fault: int | str, retry_after: int) -> Fault:
    if fault == "drop_before":
        return "drop_before"
    if fault == "drop_after":
        return "drop_after"
    if not isinstance(fault, int) or fault not in _WORDS:
        raise ValueError(
            f"fault must be drop_before, drop_after or one of {', '.join(map(str, _WORDS))}, not {fault!r}"
        )
    extra = {"retry_after": retry_after} if fault == 429 else {}
    return ApiError(fault, _WORDS[fault].format(retry_after=retry_after), **extra)
