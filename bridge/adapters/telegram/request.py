"""HTTP for python-telegram-bot over aiohttp, telling failures before the request from failures after it.

No message, exception or log line made here names an address: a Bot API address holds the token.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import IO, Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
from telegram._utils.types import JSONDict, ODVInput  # the signature of BaseRequest.do_request needs it
from telegram.error import NetworkError, TelegramError, TimedOut
from telegram.request import BaseRequest, RequestData


class NotSent(NetworkError):
    """The request certainly did not reach the Bot API whole: it can be made again."""


class MaybeSent(NetworkError):
    """The request was written and its answer never came: it may have been carried out."""


class NoAnswer(TimedOut):
    """The request was written and its answer did not come in time: it may have been carried out."""


class ServerTrouble(NetworkError):
    """The server failed (5xx): the request may have been carried out."""


class GarbledAnswer(NetworkError):
    """What came back is no answer of a Bot API; ``status`` is the HTTP status it came with."""

    __slots__ = ("status",)

    def __init__(self, status: int) -> None:
        super().__init__(f"the answer (HTTP {status}) is not one of a Bot API server: check api_url and any proxy")
        self.status = status


class FloodControl(TelegramError):
    """429: nothing was done, and nothing will be for ``seconds``.

    Instead of telegram.error.RetryAfter, whose seconds cannot be read without a deprecation warning.
    """

    __slots__ = ("seconds",)

    def __init__(self, seconds: float) -> None:
        super().__init__(f"too many requests, again in {seconds:g} s")
        self.seconds = seconds


class _Form(aiohttp.MultipartWriter):
    """A multipart body that knows whether its last boundary was ever handed over: without it nothing is carried out."""

    def __init__(self) -> None:
        super().__init__("form-data")
        self.closing = False

    async def write(self, writer: Any, close_boundary: bool = True) -> None:
        await super().write(writer, close_boundary=False)
        if close_boundary:
            self.closing = True
            await writer.write(f"--{self.boundary}--\r\n".encode())

    def add(self, name: str, value: "str | bytes | IO[bytes]", mime: str, file_name: str = "") -> None:
        # aiohttp would write a file name in percent signs or as filename*=, neither of which Telegram reads.
        disposition = f'form-data; name="{name}"'
        if file_name:
            disposition += '; filename="{}"'.format("".join("_" if c in '"\r\n\\' else c for c in file_name))
        part = self.append(value, {"Content-Type": mime})
        part.headers["Content-Disposition"] = disposition


@dataclass(frozen=True, kw_only=True)
class Timeouts:
    """Seconds."""

    connect: float = 10.0
    read: float = 20.0
    """Between the end of the request and the answer, and between two pieces of the answer."""
    write: float = 20.0
    upload: float = 120.0
    """Instead of ``write``, where the request carries a file."""
    slowest: float = 50_000.0
    """Bytes a second: larger files have as much more time. A clinic's line carries a film, too."""


CONNECTIONS = 192
"""At the same time: more than the worker has calls under way, so that no answer to a button ever waits for theirs."""


class AiohttpRequest(BaseRequest):
    """Drop-in for HTTPXRequest at a fraction of its CPU, which in addition says how far a failed request came."""

    __slots__ = ("_proxies", "_session", "_timeouts", "_trust_env")

    def __init__(self, timeouts: Timeouts | None = None, *, trust_env: bool = True) -> None:
        """``trust_env``: use the proxy that the environment names (HTTPS_PROXY), as it is at the first request."""
        self._timeouts = timeouts or Timeouts()
        self._trust_env = trust_env
        self._proxies: dict[str, str | None] = {}
        self._session: aiohttp.ClientSession | None = None

    @property
    def read_timeout(self) -> float | None:
        return self._timeouts.read

    async def initialize(self) -> None:
        if self._session is None or self._session.closed:
            # Connections idle for longer are not used again: a server that closes one just as we write leaves us not
            # knowing whether the request was read, and Telegram's servers keep them for a minute or so.
            connector = aiohttp.TCPConnector(limit=CONNECTIONS, keepalive_timeout=15)
            self._session = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": self.USER_AGENT},
            )

    async def shutdown(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    @staticmethod
    def parse_json_payload(payload: bytes) -> JSONDict:
        """Like the original, which however logs what it cannot read."""
        answer = _parsed(payload)
        if answer is None:
            raise GarbledAnswer(200)
        return answer

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: ODVInput[float] = BaseRequest.DEFAULT_NONE,
        write_timeout: ODVInput[float] = BaseRequest.DEFAULT_NONE,
        connect_timeout: ODVInput[float] = BaseRequest.DEFAULT_NONE,
        pool_timeout: ODVInput[float] = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """Raises NotSent, MaybeSent, NoAnswer, ServerTrouble, GarbledAnswer or FloodControl for all but plain answers.

        ``pool_timeout`` is not used: waiting for a free connection counts as connecting.
        """
        uploads = bool(request_data and request_data.contains_files)
        read = _seconds(read_timeout, self._timeouts.read)
        write = _seconds(write_timeout, self._timeouts.upload if uploads else self._timeouts.write)
        connect = _seconds(connect_timeout, self._timeouts.connect)
        form: _Form | None = None
        body: dict[str, Any] = {}
        if request_data and uploads:
            form = body["data"] = _Form()
            for name, text in request_data.json_parameters.items():
                form.add(name, text, "text/plain; charset=utf-8")
            for name, (file_name, content, mime) in request_data.multipart_data.items():
                form.add(name, content, mime, file_name)
            write += (form.size or 0) / self._timeouts.slowest
        elif request_data:
            body["json"] = request_data.parameters
        # aiohttp has no timeout for writing; by the time `total` strikes, connecting has been over for long.
        timeout = aiohttp.ClientTimeout(total=connect + write + read + 1, connect=connect, sock_read=read)
        await _look_at_connections()
        try:
            async with self._open().request(
                method, url, timeout=timeout, allow_redirects=False, proxy=self._proxy(url), **body
            ) as response:
                status, payload = response.status, await response.read()
        except (aiohttp.ClientError, OSError) as error:
            raise _classified(error, cut_short=form is not None and not form.closing) from None
        _raise_for(status, payload)
        return status, payload

    async def stream(self, url: str, chunk: int = 64 * 1024) -> AsyncIterator[bytes]:
        """A file's bytes in pieces. Raises as ``do_request`` does, and GarbledAnswer for every status but 200."""
        timeout = aiohttp.ClientTimeout(total=None, connect=self._timeouts.connect, sock_read=self._timeouts.read)
        try:
            async with self._open().get(
                url, timeout=timeout, allow_redirects=False, proxy=self._proxy(url)
            ) as response:
                if response.status != 200:
                    raise GarbledAnswer(response.status)
                async for piece in response.content.iter_chunked(chunk):
                    yield piece
        except (aiohttp.ClientError, OSError) as error:
            raise _classified(error) from None

    def _proxy(self, url: str) -> str | None:
        """Left to aiohttp, environment and netrc would be read anew for every request, in threads."""
        if not self._trust_env:
            return None
        parts = urlsplit(url)
        if parts.netloc not in self._proxies:
            found = None if proxy_bypass(parts.hostname or "") else getproxies().get(parts.scheme)
            # aiohttp speaks to no other kind; its refusal would name the proxy with its password.
            self._proxies[parts.netloc] = found if found and found.startswith("http://") else None
        return self._proxies[parts.netloc]

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise NotSent("the connection is closed")
        return self._session


async def _look_at_connections() -> None:
    """Let the event loop notice which idle connections the server has closed, before one of them is written to.

    Otherwise a server's restart would leave every bot with one message of which nobody knows whether it was sent.
    """
    for _ in range(3):  # the socket's end is read, its transport closes, a TLS layer above closes
        await asyncio.sleep(0)


def _seconds(asked: ODVInput[float], otherwise: float) -> float:
    return float(asked) if isinstance(asked, int | float) else otherwise


def _classified(error: Exception, *, cut_short: bool = False) -> TelegramError:
    # The texts of aiohttp's exceptions hold the address, and so the token: only the class is told, and not chained.
    name = type(error).__name__
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return NotSent("no connection in time")
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return NotSent("the server's name is not known: check api_url and the network")
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ClientHttpProxyError | aiohttp.InvalidURL):
        return NotSent(f"no connection ({name})")
    if cut_short:
        return NotSent(f"the connection broke before the request was whole ({name})")
    if isinstance(error, TimeoutError):
        return NoAnswer("no answer in time")
    return MaybeSent(f"the connection broke before the answer was whole ({name})")


def _parsed(payload: bytes) -> JSONDict | None:
    try:
        answer = json.loads(payload)
    except (ValueError, RecursionError):
        return None
    if not isinstance(answer, dict) or not (answer.get("result") is not None or answer.get("ok") is False):
        return None
    return answer


def _raise_for(status: int, payload: bytes) -> None:
    if 200 <= status < 300:
        return
    answer = _parsed(payload)
    if status == 429:
        parameters = (answer or {}).get("parameters")
        seconds = parameters.get("retry_after") if isinstance(parameters, dict) else None
        raise FloodControl(float(seconds) if isinstance(seconds, int | float) and seconds > 0 else 5.0)
    if status >= 500:
        raise ServerTrouble(f"the server failed (HTTP {status})")
    if answer is None:
        raise GarbledAnswer(status)
