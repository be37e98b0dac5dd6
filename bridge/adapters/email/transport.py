"""Hands letters to the mail server over a few connections that stay open; one attempt, one of four answers."""

import asyncio
import re
from collections import deque
from datetime import timedelta
from typing import Final

from aiosmtplib import SMTP, SMTPException, SMTPResponseException, SMTPServerDisconnected

from bridge.core.clock import Clock
from bridge.core.errors import Refusal
from bridge.core.ports import Later, Refused, SendOutcome, Sent, Unknown

_PATIENCE: Final = 30.0
"""Seconds for the mail server's answer to one command."""
_AFTER_THE_DOT: Final = 90.0
"""Seconds for its answer to a whole letter: some look for viruses first."""
_AWAY, _BUSY = timedelta(seconds=10), timedelta(minutes=2)
_STATUS: Final = re.compile(r"\A\s*[45]\.(\d{1,3})\.\d{1,3}\b")
_LONGEST_IDLE: Final = 60.0
"""Seconds: mail servers close what is idle for some minutes."""


class _SenderRefusedError(Exception):
    """The mail server does not take mail from us at all, or not now."""

    def __init__(self, code: int, said: str) -> None:
        super().__init__(f"the mail server takes no mail from us ({code})")
        self.too_much = code == 421 or _is_too_much(said)


class _Stage:
    """How far a letter came: once its words are under way, nobody knows what became of it without an answer."""

    under_way = False


class Transport:
    """Up to so many connections to one mail server."""

    def __init__(self, host: str, port: int, *, connections: int, clock: Clock) -> None:
        self._host, self._port = host, port
        self._clock = clock
        self._room = asyncio.Semaphore(connections)
        self._idle: deque[tuple[float, SMTP]] = deque()
        self.trouble = ""
        """In plain words, why nothing can be handed over now; empty while all is well."""

    async def send(self, *, sender: str, to: str, message: bytes) -> SendOutcome:
        """One letter to one reader; ``Sent`` names no message."""
        async with self._room:
            return await self._attempt(sender, to, message)

    async def _attempt(self, sender: str, to: str, message: bytes) -> SendOutcome:
        stage = _Stage()
        smtp: SMTP | None = None
        good = False
        try:
            smtp = await self._begun(sender, to)
            await self._letter(smtp, to, message, stage)
            good = True
        except _SenderRefusedError as error:
            self.trouble = str(error)
            limit = error.too_much
            return Later(when=self._clock.now() + _BUSY, why=self.trouble, whole_account=True, limit=limit)
        except SMTPResponseException as error:
            good = smtp is not None and 400 <= error.code < 600 and await self._reset(smtp)
            return self._answered(error, stage)
        except (OSError, SMTPException, ValueError) as error:
            if stage.under_way:
                return Unknown(why=f"the mail server's answer never came ({type(error).__name__})")
            self.trouble = f"the mail server cannot be reached ({type(error).__name__})"
            return Later(when=self._clock.now() + _AWAY, why=self.trouble, whole_account=True)
        finally:
            if smtp is not None:
                if good and smtp.is_connected:
                    self._idle.append((self._clock.monotonic(), smtp))
                else:
                    smtp.close()
        self.trouble = ""
        return Sent()

    async def _begun(self, sender: str, to: str) -> SMTP:
        """A connection on which the sender was taken. One that died while it was idle is replaced, once."""
        smtp = self._waiting()
        if smtp is not None:
            try:
                await self._mail(smtp, sender, to)
            except (SMTPServerDisconnected, ConnectionError):
                smtp.close()
            except BaseException:
                smtp.close()
                raise
            else:
                return smtp
        smtp = SMTP(
            hostname=self._host,
            port=self._port,
            timeout=_PATIENCE,
            start_tls=False,
            use_tls=False,
            local_hostname="localhost",
        )
        try:
            await smtp.connect()
            await self._mail(smtp, sender, to)
        except BaseException:
            smtp.close()
            raise
        return smtp

    def _waiting(self) -> SMTP | None:
        now = self._clock.monotonic()
        while self._idle:
            since, smtp = self._idle.pop()
            if smtp.is_connected and now - since < _LONGEST_IDLE:
                return smtp
            smtp.close()
        return None

    @staticmethod
    async def _mail(smtp: SMTP, sender: str, to: str) -> None:
        if smtp.is_ehlo_or_helo_needed:
            await smtp.ehlo()
        options = ["BODY=8BITMIME"] if smtp.supports_extension("8bitmime") else []
        options += ["SMTPUTF8"] if not to.isascii() and smtp.supports_extension("smtputf8") else []
        try:
            await smtp.mail(sender, options=options)
        except SMTPResponseException as error:
            raise _SenderRefusedError(error.code, error.message) from error

    @staticmethod
    async def _letter(smtp: SMTP, to: str, message: bytes, stage: _Stage) -> None:
        if not to.isascii() and not smtp.supports_extension("smtputf8"):
            raise SMTPResponseException(553, "5.1.3 this mail server takes no such address")
        await smtp.rcpt(to, encoding="ascii" if to.isascii() else "utf-8")
        stage.under_way = True
        await smtp.data(message, timeout=_AFTER_THE_DOT)

    @staticmethod
    async def _reset(smtp: SMTP) -> bool:
        """Is the connection good for the next letter after a refusal?"""
        try:
            await smtp.rset()
        except (OSError, SMTPException):
            return False
        return True

    def _answered(self, error: SMTPResponseException, stage: _Stage) -> SendOutcome:
        code, said = error.code, error.message
        if not 400 <= code < 600:
            if stage.under_way:
                return Unknown(why=f"the mail server's answer was none ({code})")
            return Later(when=self._clock.now() + _AWAY, why=f"the mail server's answer was none ({code})")
        if code == 421:
            self.trouble = "the mail server is busy"
            return Later(when=self._clock.now() + _AWAY, why=self.trouble, whole_account=True, limit=True)
        if code < 500:
            too_much = _is_too_much(said)
            return Later(when=self._clock.now() + _BUSY, why=f"not now, says the mail server ({code})", limit=too_much)
        match = _STATUS.match(said)
        return Refused(
            reason=_reason(code, match[1] if match else ""), detail=f"the mail server says {_codes(code, said)}"
        )

    async def close(self) -> None:
        """Part politely with what is idle."""
        while self._idle:
            _, smtp = self._idle.pop()
            try:
                async with asyncio.timeout(1.0):
                    await smtp.quit()
            except (OSError, SMTPException):
                smtp.close()

    async def look(self) -> list[str]:
        """What the mail server says it can do. Raises OSError where it cannot be reached."""
        smtp = SMTP(
            hostname=self._host,
            port=self._port,
            timeout=_PATIENCE,
            start_tls=False,
            use_tls=False,
            local_hostname="localhost",
        )
        try:
            await smtp.connect()
            await smtp.ehlo()
            found = sorted(smtp.esmtp_extensions)
            await smtp.quit()
        except SMTPException as error:
            raise ConnectionError(type(error).__name__) from error
        finally:
            smtp.close()
        return found


def _is_too_much(said: str) -> bool:
    """RFC 3463: 4.7.x is about policy, which is how servers say "too much"; 4.3.2: it takes no mail at present."""
    return re.match(r"\s*4\.(?:7\.\d|3\.2\b)", said) is not None


def _codes(code: int, said: str) -> str:
    """The numbers only: what follows them quotes addresses."""
    match = re.match(r"\s*([45]\.\d{1,3}\.\d{1,3})", said)
    return f"{code} {match[1]}" if match else str(code)


def _reason(code: int, subject: str) -> Refusal:
    """RFC 3463: the second number says what it is about."""
    if code == 552 or subject == "3":
        return Refusal.TOO_BIG
    if subject == "7":
        return Refusal.FORBIDDEN
    if subject in ("6", "5") or code == 554:
        return Refusal.BAD_CONTENT
    return Refusal.CHAT_GONE
