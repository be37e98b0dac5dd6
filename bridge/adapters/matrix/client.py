"""The homeserver as functions: matrix-nio builds and sends the requests, the answers are read as they came.

nio's own reading of answers is passed over: it turns a whole sync into one error where a single part of it is not as
expected, hides HTTP status and headers, and logs what it could not read, which may be personal text.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote, urlencode

import aiohttp
from nio.api import MessageDirection
from nio.client.async_client import AsyncClient, AsyncClientConfig
from nio.exceptions import LocalProtocolError
from nio.responses import Response

CLIENT = "/_matrix/client"
_PIECE = 1 << 16
"""Bytes of a file that are held at a time."""
REQUEST_SECONDS = 60.0
"""How long an ordinary request may take."""
TRANSFER_SECONDS = 600.0
"""How long a file may take, up or down."""
SYNC_MILLISECONDS = 30_000
"""How long the server may wait for something to happen."""

MIRRORED = "org.baraza.mirrored"
"""In the content of a reaction that stands for those of people elsewhere, and is nobody's button."""

logging.getLogger("nio").setLevel(logging.ERROR)  # its warnings quote answers and promise retries that are off


class NotSent(Exception):
    """The homeserver was not reached: certainly nothing happened. The text holds no secret and no address."""


class NoAnswer(Exception):
    """The request went out and no usable answer came: it may have been carried out."""


class Answer(Exception):
    """The homeserver said no: ``status`` and ``code`` are HTTP's and Matrix's."""

    def __init__(
        self, status: int, code: str, *, retry_after: float | None = None, login: int = 0, confirmation: str = ""
    ) -> None:
        """``retry_after`` is in seconds; ``login`` says under which login of ``HomeServer.logins`` it was asked.

        ``confirmation`` is the name under which the request may be repeated with the account's password.
        """
        super().__init__(f"HTTP {status} {code}".rstrip())
        self.status, self.code, self.retry_after, self.login = status, code, retry_after, login
        self.confirmation = confirmation


TROUBLE = (Answer, NoAnswer, NotSent, TimeoutError)
"""How a request fails, whether it was refused, went astray or took longer than its caller had patience."""


@dataclass(frozen=True)
class Placed:
    """A reaction of ours."""

    event: str
    """The reaction's own id."""
    mirrored: bool
    """Does it stand for those of people elsewhere?"""


class _Reply(Response):
    """An answer as it came over the wire."""

    def __init__(self, response: aiohttp.ClientResponse, body: object) -> None:
        super().__init__()
        self.response, self.body = response, body


class _Stream:
    """Marks a request whose answer the caller reads piece by piece."""


class HomeServer(AsyncClient):
    """One login on one homeserver. All methods raise NotSent, NoAnswer or Answer; nothing is ever tried twice."""

    def __init__(self, address: str, user_id: str) -> None:
        super().__init__(
            address,
            user_id,
            config=AsyncClientConfig(
                max_limit_exceeded=0,
                max_timeouts=0,
                request_timeout=REQUEST_SECONDS,
                store_sync_tokens=False,
                encryption_enabled=False,
            ),
        )
        self.logins = 0
        """How often a token was put in place: tells an old token's failure from the present one's."""
        self.throttled = False
        """Has the server ever told us to slow down?"""

    def use_token(self, token: str) -> None:
        self.access_token = token
        self.logins += 1

    async def send(self, *arguments: Any, **named: Any) -> aiohttp.ClientResponse:
        """nio's, over a session without the hooks by which nio would follow uploads: they cost at every request."""
        if self.client_session is None:
            self.client_session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=REQUEST_SECONDS))
        answer: aiohttp.ClientResponse = await super().send(*arguments, **named)
        return answer

    async def create_matrix_response(
        self,
        response_class: type,
        transport_response: aiohttp.ClientResponse,
        data: tuple[Any, ...] | None = None,
        save_to: PathLike[str] | None = None,
    ) -> Response:
        """Keep the answer raw, whichever class nio would make of it."""
        if response_class is _Stream and transport_response.status == 200:
            return _Reply(transport_response, None)
        try:
            body = json.loads(await transport_response.read())
        except (ValueError, RecursionError):
            body = None
        return _Reply(transport_response, body)

    async def ask(self, request: Coroutine[Any, Any, object], seconds: float = REQUEST_SECONDS) -> dict[str, Any]:
        """Carry out one of nio's requests and return the JSON object it was answered with."""
        reply = await self._reply(request, seconds)
        if not isinstance(reply.body, dict):
            raise NoAnswer(f"HTTP {reply.response.status} without JSON")
        return reply.body

    async def call(
        self, method: str, path: str, body: Mapping[str, object] | None = None, query: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """A request that nio has no name for. ``path`` is already quoted, and begins with ``/_matrix``."""
        address = path + (f"?{urlencode(query)}" if query else "")
        return await self.ask(self._send(_Reply, method, address, None if body is None else json.dumps(body)))

    async def state(
        self, room: str, kind: str, key: str = "", seconds: float = REQUEST_SECONDS
    ) -> dict[str, Any] | None:
        """The content of one state event; None where there is none. Raises Answer when it may not be seen."""
        try:
            return await self.ask(self.room_get_state_event(room, kind, key), seconds)
        except Answer as answer:
            if answer.status == 404:
                return None
            raise

    async def event(self, room: str, event: str) -> dict[str, Any] | None:
        """One event of a room; None where it is unknown or may not be seen."""
        try:
            return await self.ask(self.room_get_event(room, event))
        except Answer as answer:
            if answer.status == 404:
                return None
            raise

    async def put(self, room: str, kind: str, content: dict[str, Any], transaction: str) -> str:
        """Send an event and return its id. The same transaction of the same device is the same event."""
        if not self.access_token:
            raise NotSent("not logged in")
        # Not by nio's name for it, which writes the token into the address and reads it out again, for every message.
        path = f"{CLIENT}/v3/rooms/{quoted(room)}/send/{quoted(kind)}/{quoted(transaction)}"
        answer = await self.call("PUT", path, content)
        event = answer.get("event_id")
        if not isinstance(event, str):
            raise NoAnswer("sent, but the answer holds no event id")
        return event

    async def put_file(self, path: Path, size: int, mime: str, name: str) -> str:
        """Upload a file and return its ``mxc://`` address."""
        return (await self._put_file(path, size, mime, name, seal=False))[0]

    async def put_sealed_file(self, path: Path, size: int) -> dict[str, Any]:
        """Upload a file encrypted, and return the ``EncryptedFile`` that leads to it and opens it."""
        address, key = await self._put_file(path, size, "application/octet-stream", "", seal=True)
        return {**key, "url": address}

    async def _put_file(
        self, path: Path, size: int, mime: str, name: str, *, seal: bool
    ) -> tuple[str, Mapping[str, Any]]:
        key: Mapping[str, Any] = {}

        async def upload() -> object:
            nonlocal key
            # Ours to open and to close: once all its bytes are sent nobody asks for more, and nio would not close it.
            with await asyncio.to_thread(path.open, "rb") as file:
                answer, found = await self.upload(lambda *_: _pieces(file), mime, name or None, seal, filesize=size)
            key = found or {}
            return answer

        answer = await self.ask(upload(), TRANSFER_SECONDS)
        address = answer.get("content_uri")
        if not isinstance(address, str):
            raise NoAnswer("uploaded, but the answer holds no address")
        return address, key

    async def redact(self, room: str, event: str, transaction: str) -> None:
        await self.ask(self.room_redact(room, event, tx_id=transaction))

    async def messages(
        self, room: str, start: str | None, end: str | None, limit: int, filters: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """A page of a room's history, newest first. Without ``start`` it begins at the newest event."""
        return await self.ask(
            # nio leaves an empty start out of the request, whatever its annotation says
            self.room_messages(room, start or "", end, MessageDirection.back, limit, filters)
        )

    async def reactions_of_ours(self, room: str, event: str) -> "dict[str, Placed]":
        """What we ourselves have reacted to an event with, by emoji."""
        found: dict[str, Placed] = {}
        batch = ""
        for _page in range(10):
            path = f"{CLIENT}/v1/rooms/{quoted(room)}/relations/{quoted(event)}/m.annotation/m.reaction"
            answer = await self.call("GET", path, query={"limit": "100"} | ({"from": batch} if batch else {}))
            for reaction in answer.get("chunk", []):
                content = reaction.get("content", {})
                emoji = content.get("m.relates_to", {}).get("key")
                if reaction.get("sender") == self.user and isinstance(emoji, str):
                    found[emoji] = Placed(reaction["event_id"], mirrored=content.get(MIRRORED) is True)
            batch = answer.get("next_batch", "")
            if not batch:
                break
        return found

    async def join_by(self, room: str, via: str = "") -> str:
        """Join by id or alias and return the room's id. ``via`` is a server that is already in it."""
        query = {"server_name": via, "via": via} if via else {}
        answer = await self.call("POST", f"{CLIENT}/v3/join/{quoted(room)}", {}, query)
        return str(answer.get("room_id", room))

    @asynccontextmanager
    async def download_of(self, server: str, media: str) -> AsyncIterator[aiohttp.ClientResponse]:
        """The answer to a request for a file, still unread. Closes it afterwards."""
        # https://spec.matrix.org/v1.11/client-server-api/#content-repository: servers before 1.11 know only the second
        paths = (f"{CLIENT}/v1/media/download", "/_matrix/media/v3/download")
        for last, path in enumerate(paths):
            try:
                address = f"{path}/{quoted(server)}/{quoted(media)}"
                reply = await self._reply(self._send(_Stream, "GET", address, timeout=TRANSFER_SECONDS), None)
            except Answer as answer:
                if last or answer.code != "M_UNRECOGNIZED":
                    raise
            else:
                break
        try:
            yield reply.response
        finally:
            reply.response.close()

    async def _reply(self, request: Coroutine[Any, Any, object], seconds: float | None) -> _Reply:
        login = self.logins
        try:
            async with asyncio.timeout(seconds):
                reply = await request
        except LocalProtocolError:
            raise NotSent("not logged in") from None
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise NotSent(type(error).__name__) from None
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise NoAnswer(type(error).__name__) from None
        if not isinstance(reply, _Reply):
            raise TypeError(f"nio answered with {type(reply).__name__}")
        status, body = reply.response.status, reply.body
        if 200 <= status < 300:
            return reply
        said = body if isinstance(body, dict) else {}
        code = said.get("errcode")
        self.throttled = self.throttled or status == 429
        raise Answer(
            status,
            code if isinstance(code, str) else "",
            retry_after=_retry_after(reply.response.headers, said),
            login=login,
            confirmation=str(said.get("session", "")) if status == 401 else "",
        )


async def _pieces(file: BinaryIO) -> AsyncIterator[bytes]:
    """A file from its beginning, off the loop."""
    file.seek(0)
    while piece := await asyncio.to_thread(file.read, _PIECE):
        yield piece


def quoted(part: str) -> str:
    """One part of a path."""
    return quote(part, safe="")


def _retry_after(headers: Mapping[str, str], said: Mapping[str, Any]) -> float | None:
    # The header replaced the key in version 1.10: https://spec.matrix.org/v1.10/client-server-api/#rate-limiting
    try:
        return max(0.0, float(headers["Retry-After"]))
    except (KeyError, ValueError):
        milliseconds = said.get("retry_after_ms")
        return max(0.0, milliseconds / 1000) if isinstance(milliseconds, int | float) else None
