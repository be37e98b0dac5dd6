"""Work that only the owner of something may do: each of its transactions first makes sure that this one still is.

A fence holds for the task that stands behind it and for the tasks that this one begins.
"""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Fence = Callable[[], Awaitable[None]]
"""Raises StorageUnavailable where another program has it; else nobody else has it until the transaction ends."""

_fence: ContextVar[Fence | None] = ContextVar("fence", default=None)


def current() -> Fence | None:
    """What the next transaction of this task has to ask first; None: it is alone, and free."""
    return _fence.get()


@contextmanager
def behind(fence: Fence | None) -> Iterator[None]:
    """Everything that is written inside is written behind this fence."""
    token = _fence.set(fence)
    try:
        yield
    finally:
        _fence.reset(token)
