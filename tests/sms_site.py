"""An SMS adapter behind a web server, as in the program: its state, its sink, and what came of it."""

from datetime import datetime, timedelta

from aiohttp import web

from bridge.adapters.sms.adapter import SmsAdapter, build
from bridge.adapters.sms.settings import Settings
from bridge.core.clock import SystemClock
from bridge.core.events import Arrival, DeliveryReported
from bridge.core.ids import AccountId, ChatId
from bridge.core.message import Content
from bridge.core.ports import AdapterContext, Outgoing, SendOutcome
from bridge.core.text import plain
from bridge.web.server import mounted
from tests.contract.harness import MemoryState, RecordingSink, wait_for
from tests.sms_gateways import SECRET

AMINA = ChatId("+256772123456")
ACCOUNT = AccountId("sms")


class SteppingClock(SystemClock):
    """The real one, and as much later as a test wants."""

    def __init__(self) -> None:
        self.later = timedelta(0)

    def now(self) -> datetime:
        return super().now() + self.later


class Site:
    """An adapter behind a web server, as in the program."""

    def __init__(self) -> None:
        self.state = MemoryState()
        self.sink = RecordingSink(self.state)
        self.adapter: SmsAdapter | None = None
        self._runner: web.AppRunner | None = None
        self.base = ""
        self._sent = 0
        self.clock = SteppingClock()

    async def open(self) -> None:
        application = web.Application()
        for method in ("GET", "POST"):
            application.router.add_route(method, "/sms/{account}/{secret}/{call}", self._called)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.base = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def _called(self, request: web.Request) -> web.StreamResponse:
        if self.adapter is None:
            return web.Response(status=503)
        return await mounted(next(r for r in self.adapter.routes() if r.method == request.method))(request)

    async def begin(self, given: dict[str, object]) -> None:
        settings = {"kind": "sms", "country": "UG", "secret": SECRET, "callback_url": self.base, **given}
        adapter = build(Settings.model_validate(settings), AdapterContext(account=ACCOUNT, clock=self.clock))
        assert isinstance(adapter, SmsAdapter)
        await adapter.start(self.sink, self.state)
        self.adapter = adapter

    async def close(self) -> None:
        if self.adapter is not None:
            await self.adapter.stop()
        if self._runner is not None:
            await self._runner.cleanup()

    async def send(self, text: str) -> SendOutcome:
        assert self.adapter is not None
        self._sent += 1
        payload = self.adapter.to_payload(AMINA, Content(text=plain(text)))
        return await self.adapter.send(Outgoing(chat=AMINA, payload=payload), f"{self._sent:032x}")

    async def reports(self, arrival: Arrival, count: int) -> list[DeliveryReported]:
        return await wait_for(
            lambda: (
                found
                if len(found := self.sink.of(DeliveryReported, lambda event: event.arrival is arrival)) >= count
                else []
            ),
            30,
        )
