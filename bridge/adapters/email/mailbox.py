"""Looks into a mailbox (IMAP, RFC 3501) where there is no mail server of one's own: the standard library in a thread.

A mail is committed before it is marked as seen; where the next look begins stands in the adapter's state.
"""

import asyncio
import contextlib
import imaplib
import re
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from bridge.adapters.email.addresses import Destination, Domain
from bridge.adapters.email.mime import Head
from bridge.adapters.email.settings import Settings, host_and_port
from bridge.core.clock import Clock
from bridge.core.errors import StorageUnavailable
from bridge.core.ports import StateStore

log = structlog.get_logger()

CURSOR: Final = "imap"
_TIMEOUT: Final = 30.0
_BATCH: Final = 50
"""Mails of one look."""
# The last two: a server announces more bytes than there can be, and the library asks for them.
TROUBLE: Final = (OSError, imaplib.IMAP4.error, EOFError, UnicodeError, OverflowError, MemoryError)
"""What a connection may end with: imaplib reads the first words of a server as ASCII, whatever they are."""
_UID: Final = re.compile(rb"\d{1,10}")
"""RFC 3501, section 2.3.1.1: 32 bits."""
_ADDRESSED: Final = ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to")

Take = Callable[[bytes, Sequence[Destination], Mapping[str, str]], Awaitable[None]]
"""A mail, where it came to, and the state to be committed with it."""


class Mailbox:
    """One folder of one mailbox."""

    def __init__(self, settings: Settings, domain: Domain, clock: Clock, state: StateStore, take: Take) -> None:
        self._settings = settings
        self._domain = domain
        self._clock = clock
        self._state = state
        self._take = take
        self._marked = 0
        """The last mail whose mark was tried."""
        self.trouble = "not connected yet"

    async def run(self) -> None:
        """Look again and again; what goes wrong is said in ``trouble``, and tried again."""
        while True:
            more = False
            try:
                more = await self._look()
                self.trouble = ""
            except StorageUnavailable:
                log.warning("mailbox_not_stored")
            except TROUBLE as error:
                self.trouble = in_words(error)
                log.warning("mailbox_not_read", error=type(error).__name__)
            except Exception as error:  # a defect of ours may not end the receiving unseen
                self.trouble = f"cannot receive: {type(error).__name__}"
                log.error("mailbox_failed", error=type(error).__name__)
            if not more:
                await self._clock.sleep(self._settings.poll_interval)

    async def _look(self) -> bool:
        """One connection and what came since the last one; True where there is more."""
        blocking = _Connection(self._settings)
        try:
            validity = await asyncio.to_thread(blocking.open)
            before = Cursor.parse(await self._state.get(CURSOR) or "")
            last = before.uid if before.validity == validity else 0
            if last != self._marked:  # the program ended between the commit and the mark, or the connection did
                self._marked = last  # tried once: a server that refuses it keeps no mail from us
                if last:
                    await asyncio.to_thread(blocking.seen, last)
            # Where nothing is known of the numbers (a new mailbox, one that was moved), what somebody has read is old.
            uids = await asyncio.to_thread(blocking.newer, last, unread=before.validity != validity)
            for uid in uids[:_BATCH]:
                raw = await asyncio.to_thread(blocking.fetch, uid)
                if raw is not None:
                    await self._take(raw, self._destinations(raw), {CURSOR: str(Cursor(validity, uid))})
                    await asyncio.to_thread(blocking.seen, uid)
                else:
                    await self._state.set(CURSOR, str(Cursor(validity, uid)))
                self._marked = uid
            return len(uids) > _BATCH
        finally:
            await asyncio.to_thread(blocking.close)

    def _destinations(self, raw: bytes) -> list[Destination]:
        """To which of our addresses it came: what the mail server noted, else what its writer wrote."""
        head = Head(re.split(rb"\r?\n\r?\n", raw, maxsplit=1)[0][: 256 * 1024])
        for names in (_ADDRESSED, ("to", "cc")):
            written = " ".join(value for name in names for value in head.all(name))
            found = [self._domain.destination(each) for each in re.findall(r"[^\s<>,;:\"()]+@[^\s<>,;:\"()]+", written)]
            known = list(dict.fromkeys(each for each in found if each is not None))
            if known:
                return known[:10]
        only = next(iter(self._domain.communities), None)
        return [] if only is None else [d for d in [self._domain.destination(self._domain.address_of(only))] if d]

    @staticmethod
    async def check(settings: Settings) -> str:
        """Why it cannot be looked into; empty where it can."""
        blocking = _Connection(settings)
        try:
            await asyncio.to_thread(blocking.open)
        except TROUBLE as error:
            return in_words(error)
        finally:
            await asyncio.to_thread(blocking.close)
        return ""


@dataclass(frozen=True)
class Cursor:
    """The last mail that was committed. Numbers hold only as long as the folder keeps its validity."""

    validity: int
    uid: int

    @classmethod
    def parse(cls, text: str) -> "Cursor":
        validity, _, uid = text.partition(":")
        return cls(int(validity), int(uid)) if validity.isdecimal() and uid.isdecimal() else cls(0, 0)

    def __str__(self) -> str:
        return f"{self.validity}:{self.uid}"


class _Connection:
    """Blocks; each call is made in a thread, one after the other."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._imap: imaplib.IMAP4 | None = None
        self._closed = False

    def open(self) -> int:
        """Connect and choose the folder; returns its validity."""
        host, port = host_and_port(self._settings.imap)
        password = self._settings.imap_password
        if self._settings.imap_tls:
            trusted = ssl.create_default_context(cafile=self._settings.imap_ca or None)
            self._imap = imaplib.IMAP4_SSL(host, port, ssl_context=trusted, timeout=_TIMEOUT)
        else:
            self._imap = imaplib.IMAP4(host, port, timeout=_TIMEOUT)
        if self._closed:  # a stop does not wait for this thread: nobody would close it any more
            self.close()
            raise ConnectionError("closed meanwhile")
        self._imap.login(self._settings.imap_user, password.get_secret_value() if password else "")
        status, _ = self._imap.select(_quoted(self._settings.imap_folder))
        if status != "OK":
            raise imaplib.IMAP4.error("no such folder")
        _, said = self._imap.response("UIDVALIDITY")
        first = said[0] if said else None
        return int(first) if isinstance(first, bytes) and first.isdigit() else 1

    def newer(self, last: int, *, unread: bool) -> list[int]:
        _, said = self._chosen.uid("SEARCH", *(["UNSEEN"] if unread else []), f"UID {last + 1}:*")
        found = [int(uid) for line in said if isinstance(line, bytes) for uid in line.split() if _UID.fullmatch(uid)]
        return sorted(uid for uid in found if uid > last)  # "5:*" names the last one, too, where that is 3

    def fetch(self, uid: int) -> bytes | None:
        """The whole mail; of one that is too large its head; None where it is gone."""
        _, said = self._chosen.uid("FETCH", str(uid), "(RFC822.SIZE)")
        match = re.search(rb"RFC822\.SIZE (\d+)", b" ".join(line for line in said if isinstance(line, bytes)))
        if match is None:
            return None
        large = int(match[1]) > self._settings.max_megabytes * 1_000_000
        _, parts = self._chosen.uid("FETCH", str(uid), "(BODY.PEEK[HEADER])" if large else "(BODY.PEEK[])")
        return next((bytes(part[1]) for part in parts if isinstance(part, tuple)), None)

    def seen(self, uid: int) -> None:
        self._chosen.uid("STORE", str(uid), "+FLAGS.SILENT", r"(\Seen)")

    def close(self) -> None:
        self._closed = True
        imap, self._imap = self._imap, None
        if imap is not None:
            with contextlib.suppress(*TROUBLE):
                imap.logout()
            with contextlib.suppress(OSError):
                imap.shutdown()

    @property
    def _chosen(self) -> imaplib.IMAP4:
        if self._imap is None:
            raise ConnectionError("not connected")
        return self._imap


def _quoted(folder: str) -> str:
    escaped = folder.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def in_words(error: Exception) -> str:
    """For the operator; the server's own words may quote what was sent."""
    if isinstance(error, imaplib.IMAP4.error) and not isinstance(error, imaplib.IMAP4.abort):
        return "the mailbox does not let us in: correct imap_user, imap_password or imap_folder"
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"the mailbox's certificate is not one that this machine trusts ({error.verify_message}): correct the name "
            "in imap, or write the file of its certificate as imap_ca"
        )
    return f"the mailbox cannot be reached ({type(error).__name__})"
