"""SMS gateways as far sides: strict stand-ins, and telephones behind them."""

import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import ClassVar

from aiohttp import web

from bridge.adapters.sms.adapter import SmsAdapter, build
from bridge.adapters.sms.settings import Settings
from bridge.core.errors import Refusal
from bridge.core.ids import ChatId, MessageId, RemoteRef, UserId
from bridge.core.message import UncarriedKind
from bridge.core.ports import Adapter
from bridge.core.text import RichText
from bridge.web.server import mounted
from tests.contract.harness import Fault, Harness
from tests.contract.seen import Shown, Upload
from tests.sms_gateways import SECRET, GatewayStub, KannelStub, SmsGateStub, TwilioStub

NUMBER = "+256772123456"
FAULTS = {
    Fault.RATE_LIMITED: "busy",
    Fault.SERVER_ERROR: "broken",
    Fault.CUT_AFTER_REQUEST: "cut",
    Fault.FORBIDDEN: "forbidden",
    Fault.CHAT_GONE: "gone",
}


class SmsHarness(Harness):
    """Kannel's shapes."""

    groups = False
    names = False
    sends_files = False
    rate_limit_seconds = 0
    refusals: ClassVar[dict[Fault, Refusal]] = {
        Fault.FORBIDDEN: Refusal.UNREACHABLE,  # all that Kannel says is that there is no route
        Fault.CHAT_GONE: Refusal.UNREACHABLE,
    }
    uncarried: ClassVar[frozenset[UncarriedKind]] = frozenset()
    unknown_message = "0" * 32
    stub_class: ClassVar[type[GatewayStub]] = KannelStub

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.group = self.private = ChatId(NUMBER)
        self.stub = self.stub_class()
        self._runner: web.AppRunner | None = None
        self._base = "http://127.0.0.1:9"
        self._said: list[Shown] = []

    @property
    def secrets(self) -> Sequence[str]:
        return [SECRET, str(self.stub.settings()["password"])]

    async def open_far_side(self) -> None:
        application = web.Application()
        # As the program's own web server hands calls on, to whichever adapter there is by then.
        for method in ("GET", "POST"):
            application.router.add_route(method, "/sms/{account}/{secret}/{call}", self._called)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self._base = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        self.stub.callback = f"{self._base}/sms/{self.account}"
        await self.stub.start()

    async def _called(self, request: web.Request) -> web.StreamResponse:
        assert isinstance(self.adapter, SmsAdapter)
        route = next(route for route in self.adapter.routes() if route.method == request.method)
        return await mounted(route)(request)

    async def close_far_side(self) -> None:
        await self.stub.stop()
        if self._runner is not None:
            await self._runner.cleanup()

    def build_adapter(self) -> Adapter:
        given = {"kind": "sms", "country": "UG", "secret": SECRET, "callback_url": self._base, **self.stub.settings()}
        return build(Settings.model_validate(given), self.context())

    @property
    def owner_user(self) -> UserId:
        return UserId(NUMBER)

    async def member_writes(
        self, chat: ChatId, text: RichText, *, reply_to: RemoteRef | None = None, file: Upload | None = None
    ) -> RemoteRef:
        message = uuid.uuid4().hex
        self.stub.hand_over(self.stub.writes(chat, text.text, message))
        ref = RemoteRef(self.account, chat, MessageId(message))
        self._said.append(Shown(ref=ref, text=text.text, ours=False))
        return ref

    async def member_edits(self, ref: RemoteRef, text: RichText) -> None:
        raise NotImplementedError

    async def member_deletes(self, ref: RemoteRef) -> None:
        """From one telephone, and nobody is told."""

    async def member_presses(self, ref: RemoteRef, button: int) -> None:
        raise NotImplementedError

    async def member_renames(self, name: str) -> None:
        """Telephones have numbers."""

    async def garbage(self) -> int:
        calls = self.stub.garbage()
        for call in calls:
            self.stub.hand_over(call)
        return len(calls)

    async def shown(self, chat: ChatId) -> list[Shown]:
        ours = [
            Shown(ref=RemoteRef(self.account, chat, MessageId(each.id)), text=each.text, ours=True)
            for each in self.stub.taken
            if each.to == chat
        ]
        return [*self._said, *ours]

    @asynccontextmanager
    async def fault(self, kind: Fault) -> AsyncIterator[None]:
        if kind is Fault.CONNECT_REFUSED:
            await self.stub.deafen()
            try:
                yield
            finally:
                await self.stub.listen()
            return
        self.stub.fault = FAULTS[kind]
        try:
            yield
        finally:
            self.stub.fault = ""


class TwilioHarness(SmsHarness):
    """Signed calls, and errors with numbers."""

    rate_limit_seconds = 7
    refusals: ClassVar[dict[Fault, Refusal]] = {Fault.CHAT_GONE: Refusal.UNREACHABLE}
    stub_class = TwilioStub


class SmsGateHarness(SmsHarness):
    """A phone whose server can be asked."""

    rate_limit_seconds = 7
    refusals: ClassVar[dict[Fault, Refusal]] = {
        Fault.FORBIDDEN: Refusal.BAD_CREDENTIALS,
        Fault.CHAT_GONE: Refusal.BAD_CONTENT,
    }
    stub_class = SmsGateStub
