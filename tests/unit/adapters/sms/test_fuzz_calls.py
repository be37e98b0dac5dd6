"""What gateways call us with, changed anywhere, for every preset: an event that can be kept, or words for a person."""

from dataclasses import dataclass, replace
from urllib.parse import parse_qsl

import pytest

from bridge.adapters.sms.adapter import SmsAdapter, build
from bridge.adapters.sms.settings import Settings
from bridge.core.events import MessageEdited, MessagePosted
from bridge.core.ports import AdapterContext
from bridge.core.webhooks import WebRequest
from tests.contract.harness import MemoryState, RecordingSink
from tests.fuzzing import FUZZ, NO_TIMEOUT, kept, mangled, rng_of
from tests.sms_gateways import SECRET, STUBS, Call, GatewayStub, Taken
from tests.sms_site import ACCOUNT, AMINA, SteppingClock

BASE = "https://bridge.example.org"
SENT = Taken(id="9b1c", to=AMINA, text="x", callback=f"{BASE}/sms/{ACCOUNT}/{SECRET}")
PIECES = (
    *(b"%00", b"\x00", b"%ff", b"\xff", b"%ED%A0%BD", b"%F0%9F", b"%u0041", b"&", b"=", b"+", b"%2B", b"%", b"&&=="),
    *(b'"', b"{", b"}", b"[", b"]", b"null", b"true", b"1e999", b"NaN", b"-1", b"9" * 400, b"[" * 400, b'{"a":' * 300),
    *(b"\\ud83d", b"\\u0000", b"Infinity", b"&id=", b"&udh=%05%00%03%09%03%01", b"&coding=2", b"&charset=utf-16-be"),
    *(b"&charset=idna", b"&charset=%00", b"&charset=rot13", b"&NumMedia=99999999999", b"&NumMedia=-1", b"&from="),
    *(b"&text=", b"&type=", b"stat:UNDELIV err:999", b"\r\n", b"STOP", "👩🏾\u200d⚕️\u202e".encode(), b"&linkId="),
    *(b"1" * 5000,),
)  # fmt: skip


@dataclass
class House:
    """One preset's adapter, called as the web server would call it."""

    stub: GatewayStub
    adapter: SmsAdapter
    sink: RecordingSink

    @classmethod
    async def of(cls, stub: GatewayStub) -> "House":
        stub.port, stub.callback = 1, f"{BASE}/sms/{ACCOUNT}"
        given = {"kind": "sms", "country": "UG", "secret": SECRET, "callback_url": BASE, **stub.settings()}
        adapter = build(Settings.model_validate(given), AdapterContext(account=ACCOUNT, clock=SteppingClock()))
        assert isinstance(adapter, SmsAdapter)
        adapter._receiver._gateway.signs = False  # what is changed is signed anew by whoever has the key
        state = MemoryState()
        found = cls(stub, adapter, RecordingSink(state))
        adapter._receiver.start(found.sink, state)
        return found

    def calls(self) -> list[Call]:
        told = ("sent", "delivered", "failed") if type(self.stub).reports is not GatewayStub.reports else ()
        texts = ("Hello {x} €", "ሰላም 👩🏾‍⚕️", "STOP", "x" * 153)
        return [
            *(self.stub.writes(AMINA, text, f"m{number}") for number, text in enumerate(texts)),
            *(self.stub.reports(SENT, arrival, "29") for arrival in told),
            *self.stub.garbage(),
        ]

    async def heard(self, call: Call) -> None:
        """The entry for fuzzing: it is thanked for, complained about, or asked for again; never an exception."""
        path = f"/sms/{ACCOUNT}/{SECRET}/{call.what}"
        request = WebRequest(
            method=call.method,
            path=path,
            headers={name.lower(): value for name, value in call.headers.items()},
            query=dict(parse_qsl(call.query, keep_blank_values=True, errors="replace")),
            body=call.body,
            target=f"{path}?{call.query}" if call.query else path,
            remote="127.0.0.1",
        )
        before = len(self.sink.events)
        reply = await self.adapter._receiver.handle(request)
        assert reply.status in (200, 202, 204, 400, 404), (reply, call)
        for event in self.sink.events[before:]:
            kept(event)
            if isinstance(event, MessagePosted | MessageEdited):
                assert event.sender.ref.user


@pytest.mark.timeout(NO_TIMEOUT)
@pytest.mark.parametrize("name", sorted(STUBS))
async def test_whatever_a_gateway_calls_with_it_is_understood_or_kept(name: str) -> None:
    rng, house = rng_of(f"sms {name}"), await House.of(STUBS[name]())
    samples = house.calls()
    bodies = [call.body for call in samples if call.body]
    queries = [call.query.encode() for call in samples if call.query]
    for number in range((FUZZ or 600) // len(STUBS)):
        call = rng.choice(samples)
        times = rng.choice((0, 1, 1, 2, 4))
        call = replace(
            call,
            body=mangled(rng, call.body, PIECES, others=bodies, times=times) if call.body else b"",
            query=mangled(rng, call.query.encode(), PIECES, others=queries, times=times).decode("latin-1")
            if call.query
            else "",
            what=rng.choice((call.what, call.what, call.what, "received", "status", "stopped", "sent")),
        )
        await house.heard(call)
        if number % 500 == 0:
            house.sink.events.clear()
