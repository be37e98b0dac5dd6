"""An account of its own for each test, and what it hands to the house."""

import asyncio
import smtplib
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from bridge.adapters.email.adapter import EmailAdapter
from bridge.adapters.email.settings import Settings
from bridge.core.clock import SystemClock
from bridge.core.errors import StorageUnavailable
from bridge.core.events import InboundEvent
from bridge.core.ids import AccountId, ChatId, CommunityId
from bridge.core.ports import AdapterContext
from bridge.playground.synapse import free_port

DOMAIN = "lists.example.org"
INBOXES = {CommunityId("hifa"): ("HIFA", ChatId("hifa")), CommunityId("chifa"): ("CHIFA", ChatId("chifa"))}


class Store:
    """What was committed; ``broken`` means that nothing can be."""

    def __init__(self) -> None:
        self.events: list[InboundEvent] = []
        self.state: dict[str, str] = {}
        self.broken: Exception | None = None

    async def accept(self, events: Sequence[InboundEvent], *, state: Mapping[str, str] | None = None) -> None:
        await asyncio.sleep(0)
        if self.broken is not None:
            raise self.broken
        known = {event.key for event in self.events}
        self.events += [event for event in events if event.key not in known]
        self.state.update(state or {})

    async def get(self, key: str) -> str | None:
        return self.state.get(key)

    async def set(self, key: str, value: str) -> None:
        if self.broken is not None:
            raise StorageUnavailable
        self.state[key] = value

    async def delete(self, key: str) -> None:
        self.state.pop(key, None)


@asynccontextmanager
async def account(folder: Path, store: Store, **settings: object) -> AsyncIterator[tuple[EmailAdapter, int]]:
    """A started account, and the port at which it takes mail."""
    port = free_port()
    values = {"domain": DOMAIN, "spool": folder / "spool", "authserv_id": "mx.example.org", **settings}
    if "imap" not in values and "lmtp" not in values:
        values["lmtp"] = f"127.0.0.1:{port}"
    context = AdapterContext(account=AccountId("mail"), clock=SystemClock(), inboxes=INBOXES)
    adapter = EmailAdapter(Settings.model_validate(values), context)
    await adapter.start(store, store)
    try:
        yield adapter, port
    finally:
        await adapter.stop()


class Talk:
    """LMTP by hand: what is written goes out as it is."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), 10)
        self._file = self._socket.makefile("rb")
        self.reply()
        self.say("LHLO test")

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def say(self, line: str) -> str:
        self.send(line.encode() + b"\r\n")
        return self.reply()

    def reply(self) -> str:
        """The last line of one answer."""
        while True:
            line = self._file.readline().decode().rstrip("\r\n")
            if line[3:4] != "-":
                return line

    def envelope(self, *recipients: str, sender: str = "amina@example.org") -> list[str]:
        return [self.say(f"MAIL FROM:<{sender}>"), *(self.say(f"RCPT TO:<{each}>") for each in recipients)]

    def close(self) -> None:
        self._file.close()
        self._socket.close()


def hand_over(
    port: int, raw: bytes, *recipients: str, sender: str = "amina@example.org"
) -> dict[str, tuple[int, bytes]]:
    """As a mail server does; returns who was refused."""
    with smtplib.LMTP("127.0.0.1", port) as client:
        return client.sendmail(sender, list(recipients) or [f"hifa@{DOMAIN}"], raw)
