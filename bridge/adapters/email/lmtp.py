"""Takes mail from the mail server beside us (LMTP, RFC 2033): a 250 means that it is committed; trouble is a 451.

No words of ours reach a sender: what we answer with 5xx the mail server quotes in a report to whoever is named as the
sender, who may be anybody.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import structlog
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import Envelope, Session

from bridge.core.errors import StorageUnavailable

log = structlog.get_logger()
# It logs every line of every mail.
logging.getLogger("mail.log").setLevel(logging.CRITICAL)

LATER: Final = "451 4.3.0 Try again later"
TAKEN: Final = "250 2.0.0 Taken"
UNKNOWN: Final = "550 5.1.1 No such address"
MOST_RECIPIENTS: Final = 1000
_IDLE: Final = 300.0
_FAREWELL: Final = 2.0
"""Seconds that a mail under way is waited for when the account stops."""

Deliver = Callable[[bytes, str, Sequence[str]], Awaitable[None]]
"""The mail, the envelope's sender and its recipients; returns when all of it is committed."""


class _Session(LMTP):
    """As aiosmtpd has it, but with one reply for each recipient after the data, whatever is wrong with them."""

    line_length_limit = 1 << 16
    """Bytes. Longer than mail may have; a refusal would be a report to somebody who can do nothing about it."""
    _replies = 0

    def __init__(self, handler: "_Handler", **options: Any) -> None:
        super().__init__(handler, **options)
        self.quiet = asyncio.Event()
        """No mail is being taken, and no answer is under way."""
        self.quiet.set()

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 - aiosmtpd looks for this name
        self.quiet.clear()
        try:
            await super().smtp_DATA(arg)
        finally:
            self.quiet.set()

    async def push(self, status: Any) -> None:
        text = status.decode("ascii", "replace") if isinstance(status, bytes) else str(status)
        if self._replies and not text.startswith("354"):
            # RFC 2033, section 4.2; aiosmtpd answers once, and the mail server would wait for the others.
            text = "\r\n".join([_named(text)] * self._replies)
            self._replies = 0
        elif text.startswith("354") and self.envelope is not None:
            self._replies = len(self.envelope.rcpt_tos)
        await super().push(text)


def _named(text: str) -> str:
    """aiosmtpd's own words for what is too long or too big, with the codes that mail servers understand."""
    if text.startswith("552"):
        return "552 5.3.4 Message too big"
    if text.startswith("500"):
        return "554 5.6.0 Line too long"
    return text


class _Handler:
    def __init__(self, deliver: Deliver, knows: Callable[[str], bool]) -> None:
        self._deliver = deliver
        self._knows = knows

    async def handle_RCPT(  # noqa: N802 - aiosmtpd looks for this name
        self, server: LMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if not self._knows(address):
            return UNKNOWN
        if len(envelope.rcpt_tos) >= MOST_RECIPIENTS:
            return "452 4.5.3 Too many recipients"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, server: LMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content
        raw = content.encode("utf-8", "surrogateescape") if isinstance(content, str) else content or b""
        try:
            await self._deliver(raw, envelope.mail_from or "", tuple(envelope.rcpt_tos))
        except StorageUnavailable:
            return LATER
        except OSError as error:
            log.warning("mail_not_taken", error=type(error).__name__)
            return LATER
        except Exception as error:  # a defect of ours: the mail server keeps the mail, and tries again
            log.error("mail_not_taken", error=type(error).__name__)
            return LATER
        return TAKEN

    async def handle_exception(self, error: Exception) -> str:
        """aiosmtpd would answer with 500 and the exception's words."""
        log.error("lmtp_failed", error=type(error).__name__)
        return LATER


class LmtpServer:
    """Listens on one port."""

    def __init__(
        self, host: str, port: int, *, deliver: Deliver, knows: Callable[[str], bool], max_bytes: int, hostname: str
    ) -> None:
        self._host, self._port = host, port
        self._handler = _Handler(deliver, knows)
        self._max_bytes = max_bytes
        self._hostname = hostname
        self._server: asyncio.Server | None = None
        self._sessions: set[_Session] = set()

    async def start(self) -> None:
        """Raises OSError where the port cannot be had."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._session, self._host, self._port)

    @property
    def port(self) -> int:
        if self._server is None or not self._server.sockets:
            return self._port
        return int(self._server.sockets[0].getsockname()[1])

    def _session(self) -> _Session:
        session = _Session(
            self._handler,
            data_size_limit=self._max_bytes,
            enable_SMTPUTF8=True,
            hostname=self._hostname,
            ident="Baraza",
            timeout=_IDLE,
            auth_exclude_mechanism=["LOGIN", "PLAIN"],
            loop=asyncio.get_running_loop(),
        )
        self._sessions = {each for each in self._sessions if each.transport is not None}
        self._sessions.add(session)
        return session

    async def stop(self) -> None:
        """Finish what is under way; what is not finished soon is not acknowledged, and offered again."""
        server, self._server = self._server, None
        if server is None:
            return
        server.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_FAREWELL):
                await asyncio.gather(*(session.quiet.wait() for session in self._sessions))
        sessions, self._sessions = self._sessions, set()
        tasks = []
        for session in sessions:
            if session.transport is not None:
                session.transport.close()
            if session._handler_coroutine is not None:  # noqa: SLF001 - it would outlive its connection
                session._handler_coroutine.cancel()  # noqa: SLF001
                tasks.append(session._handler_coroutine)  # noqa: SLF001
        await asyncio.gather(*tasks, return_exceptions=True)
        with contextlib.suppress(TimeoutError):  # later Pythons wait for every connection
            async with asyncio.timeout(_FAREWELL):
                await server.wait_closed()
