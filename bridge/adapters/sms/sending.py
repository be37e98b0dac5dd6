"""The outbound half: one call, one attempt, one answer."""

import asyncio
import ssl
from datetime import timedelta
from typing import Final

import aiohttp
from yarl import URL

from bridge.adapters.sms.gateways.common import Answer, Request
from bridge.core.clock import Clock
from bridge.core.ports import Later, Unknown

_TIMEOUT: Final = aiohttp.ClientTimeout(total=60, sock_connect=15)
_MOST: Final = 64 * 1024
"""Bytes of an answer that are read."""
_PAUSE: Final = timedelta(seconds=15)


class _LostError(Exception):
    """The connection broke after the request had left."""


async def _once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """A GET or PUT whose connection breaks is otherwise made a second time by aiohttp itself, unseen.

    (``client.IDEMPOTENT_METHODS``.) With a gateway that is called by GET, a member would get their SMS twice.
    """
    try:
        return await handler(request)
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise _LostError(type(error).__name__) from None


class Caller:
    """Calls a gateway. Its errors say neither addresses nor texts: passwords and numbers stand in them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._session: aiohttp.ClientSession | None = None
        self.trouble = ""
        """Why the gateway could not be reached the last time; empty where it could."""

    def open(self) -> None:
        if self._session is None:
            # Every call has its own connection: on one that was kept, nobody could tell whether it was closed before
            # the gateway read our request or after.
            connector = aiohttp.TCPConnector(force_close=True, limit=0)
            self._session = aiohttp.ClientSession(
                connector=connector, timeout=_TIMEOUT, cookie_jar=aiohttp.DummyCookieJar(), middlewares=(_once,)
            )

    async def close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def call(self, request: Request) -> Answer | Later | Unknown:
        """What came back; else whether it certainly was not sent (Later) or nobody knows (Unknown)."""
        self.open()
        session = self._session
        if session is None:
            return self._unreached("it is not connected")
        try:
            async with session.request(
                request.method,
                URL(request.url, encoded=True),
                headers=request.headers,
                data=request.body or None,
                allow_redirects=False,
            ) as response:
                body = await response.content.read(_MOST)
                self.trouble = ""
                headers = {name.lower(): value for name, value in response.headers.items()}
                return Answer(status=response.status, body=body, headers=headers)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, ssl.SSLError) as error:
            return self._unreached(type(error).__name__)
        except aiohttp.InvalidURL:
            return self._unreached("its address cannot be used")
        except _LostError as error:
            return Unknown(why=f"the answer never came ({error})")
        except (aiohttp.ClientError, TimeoutError, OSError, asyncio.IncompleteReadError, ValueError) as error:
            return Unknown(why=f"the answer never came ({type(error).__name__})")

    def _unreached(self, why: str) -> Later:
        self.trouble = f"the gateway cannot be reached ({why})"
        return Later(when=self._clock.now() + _PAUSE, why=self.trouble, whole_account=True)
