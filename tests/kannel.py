"""A Kannel of our own: bearerbox and smsbox on private ports of loopback, over its fake SMSC or over SMPP.

Debian's packages kannel and kannel-extras; ``python -m tests.servers`` installs them. A Kannel already here is left
alone: these have their own config, ports and folder.
"""

import asyncio
import contextlib
import secrets
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote_to_bytes

from smpp34 import Server

from bridge.playground.synapse import free_port
from tests import debian

USER = "bridge"
PACKAGES = ("kannel", "kannel-extras")
_PLACES = "/usr/sbin:/usr/bin:/sbin:/bin"
_ADMIN = "admin-" + "0" * 16
_PATIENCE = 20.0

# A blank line ends a group: there is exactly one between two groups, and none inside.
_CONFIG = """\
group = core
admin-port = {admin}
admin-interface = 127.0.0.1
admin-password = {admin_password}
smsbox-port = {smsbox}
smsbox-interface = 127.0.0.1
box-allow-ip = 127.0.0.1
log-file = {folder}/bearerbox.log
log-level = 0
store-type = file
store-location = {folder}/store
dlr-storage = internal
sms-resend-freq = 2

{smsc}

group = smsbox
bearerbox-host = 127.0.0.1
bearerbox-port = {smsbox}
sendsms-port = {sendsms}
sendsms-interface = 127.0.0.1
log-file = {folder}/smsbox.log
log-level = 0
http-request-retry = 20
http-queue-delay = 1

group = sendsms-user
username = {user}
password = {password}
max-messages = 10
concatenation = true

group = sms-service
keyword = default
catch-all = true
max-messages = 0
get-url = "{callback}/receive?id=%I&sender=%p&to=%P&coding=%c&charset=%C&udh=%u&message=%b"
"""
_FAKE = """\
group = smsc
smsc = fake
smsc-id = fake
host = 127.0.0.1
port = {port}
connect-allow-ip = 127.0.0.1"""
_SMPP = """\
group = smsc
smsc = smpp
smsc-id = operator
host = 127.0.0.1
port = {port}
transceiver-mode = true
smsc-username = baraza
smsc-password = secret
system-type = VMA
address-range =
source-addr-ton = 0
source-addr-npi = 1
dest-addr-ton = 1
dest-addr-npi = 1
reconnect-delay = 1"""


class KannelMissing(Exception):
    """Kannel cannot be had on this machine."""


def find(program: str) -> str:
    """Raises KannelMissing."""
    found = shutil.which(program, path=_PLACES)
    if found is None:
        raise KannelMissing(f"{program} is not installed: apt-get install {' '.join(PACKAGES)}")
    return found


def install_boxes() -> str:
    """What went wrong, in words; empty where Kannel is there."""
    try:
        for program in ("bearerbox", "smsbox"):
            find(program)
    except KannelMissing:
        return debian.install(PACKAGES)
    return ""


@dataclass
class Kannel:
    """Both boxes. ``smsc``: where the operator listens (SMPP) or Kannel does (fake)."""

    callback: str
    smpp_port: int = 0

    def __post_init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="baraza-kannel-"))
        self._boxes: list[subprocess.Popen[bytes]] = []
        self._password = secrets.token_hex(8)
        self._choose_ports()

    def _choose_ports(self) -> None:
        self.sendsms, self.fake_port = free_port(), free_port()
        self._admin, self._smsbox = free_port(), free_port()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.sendsms}/cgi-bin/sendsms"

    def settings(self) -> dict[str, Any]:
        return {
            "preset": "kannel",
            "url": self.url,
            "username": USER,
            "password": self._password,
            "sender": "40404",
            "per_second": 100,
        }

    async def start(self) -> None:
        """Where somebody else took a port between our choice and theirs, with others."""
        for _ in range(3):
            with contextlib.suppress(RuntimeError, TimeoutError, OSError):
                await self._start()
                if await self._answers() and all(box.poll() is None for box in self._boxes):
                    return
            await self._end_boxes()
            self._choose_ports()
        said = "".join(path.read_text(errors="replace")[-1000:] for path in sorted(self.folder.glob("*.out")))
        raise RuntimeError(f"Kannel does not start:\n{said}")

    async def _start(self) -> None:
        smsc = _SMPP.format(port=self.smpp_port) if self.smpp_port else _FAKE.format(port=self.fake_port)
        config = self.folder / "kannel.conf"
        config.write_text(
            _CONFIG.format(
                admin=self._admin,
                admin_password=_ADMIN,
                smsbox=self._smsbox,
                sendsms=self.sendsms,
                folder=self.folder,
                user=USER,
                password=self._password,
                callback=self.callback,
                smsc=smsc,
            )
        )
        await self._box("bearerbox", config, self._smsbox)
        await self._box("smsbox", config, self.sendsms)

    async def _answers(self) -> bool:
        """Is it ours that listens there? Only ours knows the password, and misses whom to send to."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.sendsms)
        try:
            asked = f"GET /cgi-bin/sendsms?username={USER}&password={self._password}&text=x HTTP/1.0\r\n\r\n"
            writer.write(asked.encode())
            async with asyncio.timeout(_PATIENCE):
                answer = await reader.read()
        finally:
            writer.close()
        return b"Server: Kannel/" in answer and b" 400 " in answer.partition(b"\r\n")[0]

    async def _box(self, program: str, config: Path, port: int) -> None:
        path = find(program)
        log = (self.folder / f"{program}.out").open("wb")
        with log:
            self._boxes.append(
                await asyncio.to_thread(
                    subprocess.Popen, [path, "-v", "4", str(config)], cwd=self.folder, stdout=log, stderr=log
                )
            )
        async with asyncio.timeout(_PATIENCE):
            while not await _listens(port):
                if self._boxes[-1].poll() is not None:
                    raise RuntimeError(f"{program} ended:\n{(self.folder / f'{program}.out').read_text()[-2000:]}")
                await asyncio.sleep(0.05)

    async def stop(self) -> None:
        """At once: bearerbox takes half a minute to end when it is asked to."""
        await self._end_boxes()
        shutil.rmtree(self.folder, ignore_errors=True)

    async def _end_boxes(self) -> None:
        boxes, self._boxes = self._boxes, []
        for box in reversed(boxes):
            box.kill()
            await asyncio.to_thread(box.wait)


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return True


@dataclass(frozen=True)
class Arrived:
    """One SMS as the network carried it."""

    sender: str
    to: str
    data: bytes
    coding: int = 0
    udh: bytes = b""

    @property
    def text(self) -> str:
        return self.data.decode("utf-16-be") if self.coding == 8 else self.data.decode("utf-8")


class FakePhones:
    """The far end of Kannel's fake SMSC: one line for each SMS, ``from to kind text``, both ways."""

    def __init__(self) -> None:
        self.arrived: list[Arrived] = []
        self._writer: asyncio.StreamWriter | None = None
        self._task: asyncio.Task[None] | None = None

    async def connect(self, port: int) -> None:
        async with asyncio.timeout(_PATIENCE):
            while True:
                try:
                    reader, self._writer = await asyncio.open_connection("127.0.0.1", port)
                    break
                except OSError:
                    await asyncio.sleep(0.05)
        self._task = asyncio.create_task(self._read(reader))

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        if self._writer is not None:
            self._writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        while line := await reader.readline():
            words = line.rstrip(b"\n").split(b" ")
            if len(words) < 4 or words[2] not in (b"text", b"data", b"udh"):
                continue
            sender, to, kind = words[0].decode(), words[1].decode(), words[2]
            if kind == b"udh":
                udh, rest = words[3], b" ".join(words[4:])
                self.arrived.append(Arrived(sender, to, _unquoted(rest), 0, _unquoted(udh)))
            else:
                self.arrived.append(Arrived(sender, to, _unquoted(b" ".join(words[3:])), 0))

    async def write(self, sender: str, text: str) -> None:
        assert self._writer is not None
        said = quote(text.encode(), safe="").encode()
        kind = b"text" if text.isascii() and "\n" not in text else b"data"
        self._writer.write(
            b" ".join([sender.encode(), b"40404", kind, text.encode() if kind == b"text" else said]) + b"\n"
        )
        await self._writer.drain()


def _unquoted(data: bytes) -> bytes:
    return unquote_to_bytes(data.replace(b"+", b" "))


class Operator:
    """An SMPP operator: takes what Kannel submits, hands it members' messages, and reports."""

    def __init__(self) -> None:
        self.port = free_port()
        self.arrived: list[Arrived] = []
        self.reports = True
        self.reject = 0
        """The SMPP status that submits are refused with; 0: none."""
        self._server = Server("127.0.0.1", self.port, system_id="operator")
        self._esme: Any = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._task: asyncio.Task[None] | None = None
        self.bound = asyncio.Event()

    async def start(self) -> None:
        await self._server.start()
        self._task = asyncio.create_task(self._serve())

    async def stop(self) -> None:
        tasks = [task for task in (self._task, *self._tasks) if task is not None]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        await self._server.stop()

    async def _serve(self) -> None:
        while True:
            event = await self._server.next()
            match type(event).__name__:
                case "Esme":
                    self._esme = event
                    self.bound.set()
                case "SubmitSmEvent":
                    await self._take(event)

    async def _take(self, event: Any) -> None:
        if self.reject:
            await _maybe(event.reject(self.reject))
            return
        data, udh = bytes(event.short_message), b""
        if event.esm_class & 0x40:
            udh, data = data[: data[0] + 1], data[data[0] + 1 :]
        number = f"{len(self.arrived) + 1:08x}"
        await _maybe(event.accept(number))
        self.arrived.append(Arrived(event.source_addr, event.destination_addr, data, event.data_coding, udh))
        if self.reports and event.registered_delivery & 1:
            task = asyncio.create_task(self._report(event, number, "DELIVRD"))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _report(self, event: Any, number: str, state: str) -> None:
        # SMPP 3.4, appendix B. Kannel's own default is that the number is decimal here and hexadecimal there, or alike.
        dates = "submit date:2611251200 done date:2611251201"
        receipt = f"id:{number} sub:001 dlvrd:001 {dates} stat:{state} err:000 text:Zawadi"
        await self._esme.deliver_sm(
            event.source_addr,
            receipt.encode(),
            source_addr=event.destination_addr,
            esm_class=4,
            source_addr_ton=1,
        )

    async def write(self, sender: str, text: str, *, coding: int = 0) -> None:
        await self.bound.wait()
        data = text.encode("utf-16-be") if coding == 8 else text.encode()
        await self._esme.deliver_sm(
            "40404", data, source_addr=sender.removeprefix("+"), data_coding=coding, source_addr_ton=1
        )


async def _maybe(result: Any) -> None:
    if asyncio.iscoroutine(result) or asyncio.isfuture(result):
        await result
