"""What an account is given and answers where a platform calls it: requests to the program's own web server."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from bridge.core.ports import Sink, StateStore


@dataclass(frozen=True, kw_only=True)
class WebRequest:
    method: str
    path: str
    headers: Mapping[str, str]
    """Names in lower case."""
    query: Mapping[str, str]
    body: bytes
    target: str = ""
    """Path and query exactly as they were asked for."""
    remote: str = ""
    """The address that the request came from; behind a proxy on this machine, the one the proxy names."""


@dataclass(frozen=True, kw_only=True)
class WebReply:
    status: int = 200
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"


@dataclass(frozen=True, kw_only=True)
class Route:
    method: str
    path: str
    handler: Callable[[WebRequest], Awaitable[WebReply]]
    max_body: int = 1 << 20
    """Bytes; larger requests are refused before they are read."""


@runtime_checkable
class CanHear(Protocol):
    """Where several programs share the work and another one has the account."""

    async def hear(self, sink: Sink, state: StateStore) -> None:
        """Without ``start``: let the routes take what comes, and learn from ``state`` what links need. May be repeated.

        No network is used, and what the one that has the account keeps in ``state`` is not changed.
        """
        ...


@runtime_checkable
class HasRoutes(Protocol):
    def routes(self) -> Sequence[Route]: ...
