"""The demo's SMS gateway: an HTTP interface for the bridge, and a mobile network with its subscribers behind it.

It refuses what gateways refuse: a wrong password, another sender, numbers that nobody has, what is too long. It takes a
message once for each id, reports what became of it, and hands members' messages over until the bridge has them.
"""

import asyncio
import contextlib
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import structlog
from aiohttp import web

from bridge.playground.notebook import Notebook
from bridge.playground.segments import segments

log = structlog.get_logger()
SHORT_CODE = "40404"
PRICE = 80
"""Cents for one SMS."""
CURRENCY = "KES"
MOST_PARTS = 3
_PAUSE, _LONGEST_PAUSE = 0.3, 5.0
_CALL_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True)
class Text:
    """One message on a telephone; ``mine``: its owner wrote it."""

    id: str
    number: str
    text: str
    mine: bool
    at: float


class SmsGateway:
    """``callback`` is where the bridge is called: ``http://127.0.0.1:8080/sms/ACCOUNT/SECRET``."""

    def __init__(
        self,
        directory: Path,
        *,
        subscribers: Collection[str],
        changed: Callable[[], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.password = secrets.token_urlsafe(24)
        self.signing_key = secrets.token_urlsafe(24)
        self.callback = ""
        self.port = 0
        self.texts: list[Text] = []
        self._subscribers = frozenset(subscribers)
        self._changed = changed
        self._clock = clock
        self._notes = Notebook(directory / "messages.jsonl")
        self._calls: asyncio.Queue[tuple[str, dict[str, str]]] = asyncio.Queue()
        self._runner: web.AppRunner | None = None
        self._caller: asyncio.Task[None] | None = None
        self._read()

    def of(self, number: str) -> list[Text]:
        """What a telephone has, oldest first."""
        return [text for text in self.texts if text.number == number]

    async def start(self) -> None:
        """Listen on a free port of this machine."""
        application = web.Application(client_max_size=64 * 1024)
        application.router.add_post("/send", self._send)
        self._runner = web.AppRunner(application, access_log=None, handle_signals=False, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.port = int(self._runner.addresses[0][1])
        self._caller = asyncio.create_task(self._hand_over(), name="sms gateway")

    async def stop(self) -> None:
        if self._caller is not None:
            self._caller.cancel()
            await asyncio.wait([self._caller])
        if self._runner is not None:
            await self._runner.cleanup()

    # --- from the bridge to telephones

    async def _send(self, request: web.Request) -> web.Response:
        wanted = f"Bearer {self.password}"
        if not hmac.compare_digest(request.headers.get("Authorization", "").encode(), wanted.encode()):
            return _refused(401, "wrong password")
        if request.content_type != "application/json":
            return _refused(415, "not JSON")
        try:
            given = json.loads(await request.read())
            to, sender, text, identity = (_text(given, name) for name in ("to", "from", "text", "id"))
        except (ValueError, LookupError, TypeError):
            return _refused(400, "to, from, text and id must be given")
        if sender != SHORT_CODE:
            return _refused(403, "not your sender")
        if to not in self._subscribers:
            return _refused(400, "no such subscriber")
        if not text.strip():
            return _refused(400, "empty")
        if segments(text).count > MOST_PARTS:
            return _refused(413, f"longer than {MOST_PARTS} SMS")
        if all(each.id != identity for each in self.texts):
            self._keep(Text(id=identity, number=to, text=text, mine=False, at=self._clock()))
            for what in ("sent", "delivered"):
                self._calls.put_nowait((what, {"id": identity}))
        return web.json_response({"status": "accepted", "id": identity}, status=202)

    # --- from telephones to the bridge

    def writes(self, number: str, text: str) -> None:
        """A subscriber's message to the short code."""
        message = Text(id=secrets.token_hex(16), number=number, text=text, mine=True, at=self._clock())
        self._keep(message)
        self._queue(message)

    def _queue(self, message: Text) -> None:
        self._calls.put_nowait(("receive", {"from": message.number, "text": message.text, "id": message.id}))

    async def _hand_over(self) -> None:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_CALL_SECONDS)) as session:
            while True:
                what, form = await self._calls.get()
                pause = _PAUSE
                while (status := await self._call(session, what, form)) in (0, 429) or status >= 500:
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, _LONGEST_PAUSE)
                if status != 200:
                    log.warning("demo_gateway_call_refused", call=what, status=status)
                if what == "receive":
                    self._notes.add({"taken": form["id"]})

    async def _call(self, session: aiohttp.ClientSession, what: str, form: dict[str, str]) -> int:
        """The bridge's answer; 0 where there is none."""
        if not self.callback:
            return 0
        body = json.dumps(form).encode()
        stamp = str(int(time.time()))
        signature = hmac.new(self.signing_key.encode(), body + stamp.encode(), hashlib.sha256).hexdigest()
        headers = {"Content-Type": "application/json", "X-Timestamp": stamp, "X-Signature": signature}
        with contextlib.suppress(aiohttp.ClientError, TimeoutError):
            async with session.post(f"{self.callback}/{what}", data=body, headers=headers) as answer:
                return answer.status
        return 0

    # --- what is kept

    def _keep(self, message: Text) -> None:
        self.texts.append(message)
        kept = {"id": message.id, "number": message.number, "text": message.text, "mine": message.mine}
        self._notes.add({**kept, "at": message.at})
        self._changed()

    def _read(self) -> None:
        taken = set()
        for note in self._notes.read():
            if "taken" in note:
                taken.add(str(note["taken"]))
            elif {"id", "number", "text", "mine", "at"} <= set(note):
                self.texts.append(
                    Text(
                        id=str(note["id"]),
                        number=str(note["number"]),
                        text=str(note["text"]),
                        mine=bool(note["mine"]),
                        at=float(note["at"]),
                    )
                )
        for message in self.texts:
            if message.mine and message.id not in taken:
                self._queue(message)


def _text(given: Any, name: str) -> str:
    value = given[name]
    if not isinstance(value, str):
        raise TypeError(name)
    return value


def _refused(status: int, why: str) -> web.Response:
    return web.json_response({"status": "refused", "error": why}, status=status)
