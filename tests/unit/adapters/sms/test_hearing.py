"""Another program has the account: what its gateway brings here is committed all the same."""

from urllib.parse import parse_qsl

import pytest

from bridge.adapters.sms.adapter import SmsAdapter, build
from bridge.adapters.sms.settings import Settings
from bridge.core.events import DeliveryReported, MessagePosted
from bridge.core.ports import AdapterContext
from bridge.core.webhooks import WebReply, WebRequest
from tests.contract.harness import MemoryState, RecordingSink
from tests.sms_gateways import SECRET, Call, ExternalStub, GatewayStub, KannelStub, Taken
from tests.sms_site import ACCOUNT, AMINA, SteppingClock

BASE = "https://bridge.example.org"


class Several:
    """Programs that share an account, each with an adapter of it; one database."""

    def __init__(self, stub: GatewayStub) -> None:
        stub.port, stub.callback = 1, f"{BASE}/sms/{ACCOUNT}"
        self.stub = stub
        self.clock = SteppingClock()
        self.state = MemoryState()
        self.sink = RecordingSink(self.state)

    def adapter(self) -> SmsAdapter:
        given = {"kind": "sms", "country": "UG", "secret": SECRET, "callback_url": BASE, **self.stub.settings()}
        adapter = build(Settings.model_validate(given), AdapterContext(account=ACCOUNT, clock=self.clock))
        assert isinstance(adapter, SmsAdapter)
        return adapter

    async def hears(self, adapter: SmsAdapter, call: Call, secret: str = SECRET) -> WebReply:
        """As the web server calls it, by its routes."""
        path = f"/sms/{ACCOUNT}/{secret}/{call.what}"
        request = WebRequest(
            method=call.method,
            path=path,
            headers={name.lower(): value for name, value in call.headers.items()},
            query=dict(parse_qsl(call.query, keep_blank_values=True)),
            body=call.body,
            target=f"{path}?{call.query}" if call.query else path,
            remote="127.0.0.1",
        )
        return await next(route for route in adapter.routes() if route.method == call.method).handler(request)


async def test_what_comes_is_committed_and_then_acknowledged() -> None:
    here = Several(KannelStub())
    adapter, call = here.adapter(), here.stub.writes(AMINA, "Hello", "m1")
    assert (await here.hears(adapter, call)).status == 503, "the gateway keeps it, and brings it again"
    await adapter.hear(here.sink, here.state)
    here.sink.fail(1)
    assert (await here.hears(adapter, call)).status == 503
    assert here.sink.events == []
    assert (await here.hears(adapter, call)).status in (200, 202)
    assert [type(event) for event in here.sink.events] == [MessagePosted]
    assert here.state.values == {}, "what the one that has the account keeps is its own"


async def test_whoever_does_not_know_the_secret_is_not_heard() -> None:
    here = Several(KannelStub())
    adapter = here.adapter()
    await adapter.hear(here.sink, here.state)
    call = here.stub.writes(AMINA, "Hello", "m1")
    assert (await here.hears(adapter, call, SECRET[::-1])).status == 404
    assert here.sink.events == []


async def test_reports_are_heard_too() -> None:
    here = Several(KannelStub())
    adapter = here.adapter()
    await adapter.hear(here.sink, here.state)
    sent = Taken("a" * 32, AMINA, "x", f"{BASE}/sms/{ACCOUNT}/{SECRET}/status?id={'a' * 32}&status=%d")
    await here.hears(adapter, here.stub.reports(sent, "delivered"))
    assert [type(event) for event in here.sink.events] == [DeliveryReported]


async def test_it_is_not_at_work_and_may_become_so() -> None:
    """It is told again each minute that it may hear, and takes the account over one day."""
    here = Several(KannelStub())
    adapter = here.adapter()
    await adapter.hear(here.sink, here.state)
    await adapter.hear(here.sink, here.state)
    assert not adapter.health().connected
    await adapter.start(here.sink, here.state)
    try:
        assert adapter.health().connected
        await here.hears(adapter, here.stub.writes(AMINA, "Hello", "m1"))
        assert len(here.sink.events) == 1
    finally:
        await adapter.stop()
    assert (await here.hears(adapter, here.stub.writes(AMINA, "Hello", "m2"))).status == 503


@pytest.mark.parametrize("stub", [KannelStub, ExternalStub])
async def test_what_a_gateway_repeats_at_another_program_is_the_same(stub: type[GatewayStub]) -> None:
    """The answer was lost, and the load balancer sends the repeat elsewhere; the second one numbers nothing."""
    here = Several(stub())
    first, second = here.adapter(), here.adapter()
    for adapter in (first, second):
        await adapter.hear(here.sink, here.state)
    call = here.stub.writes(AMINA, "Is zinc safe for a child of two years?", "m1")
    await here.hears(first, call)
    await here.hears(second, call)
    assert len({event.key for event in here.sink.events}) == 1
