"""Every preset against the shapes and signatures of its vendor: out, in, reports, opting out, and who may call."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from urllib.parse import quote

import pytest

from bridge.adapters.sms.gateways import fields
from bridge.core.errors import Refusal
from bridge.core.events import DeliveryReported, MessagePosted, OptedOut, Piece, Unreadable
from bridge.core.gsm import joined_halves
from bridge.core.ports import Later, Refused, Sent, Unknown
from tests.sms_gateways import SHORT_CODE, STUBS, Call, GatewayStub, KannelStub, SmsGateStub, TwilioStub
from tests.sms_site import ACCOUNT, AMINA, Site


class Both:
    """A gateway and an adapter that is set up for it."""

    def __init__(self, stub: GatewayStub) -> None:
        self.stub, self.site = stub, Site()

    async def open(self, **more: object) -> "Both":
        await self.site.open()
        self.stub.callback = f"{self.site.base}/sms/{ACCOUNT}"
        await self.stub.start()
        await self.site.begin({**self.stub.settings(), **more})
        return self

    async def close(self) -> None:
        await self.stub.stop()
        await self.site.close()


@pytest.fixture(params=sorted(STUBS))
async def both(request: pytest.FixtureRequest) -> AsyncIterator[Both]:
    found = Both(STUBS[request.param]())
    await found.open()
    yield found
    await found.close()


TEXTS = ("Hello {x} [y] €", "Ça va? fenêtre", "ሰላም 👩🏾‍⚕️", "a&b=c%d+e \"q\" 'r' \\ \n<z>", "x" * 459)


async def test_a_text_goes_out_as_it_is(both: Both) -> None:
    for text in TEXTS:
        outcome = await both.site.send(text)
        assert isinstance(outcome, Sent), (outcome, both.stub.refused)
        assert both.stub.taken[-1].to == AMINA
        assert both.stub.taken[-1].text == text
        assert outcome.refs[0].message == both.stub.taken[-1].id
    assert not both.stub.refused


async def test_a_members_text_comes_in_and_is_thanked_for(both: Both) -> None:
    for number, text in enumerate(TEXTS):
        status, body, kind = await both.stub.call(both.stub.writes(AMINA, text, f"m{number}"))
        assert status == 200
        match both.stub.preset:
            case "rapidpro":
                assert json.loads(body)["message"] == "Message Accepted"
                assert json.loads(body)["data"][0]["type"] == "msg"
            case "twilio":
                assert (body, kind) == (b'<?xml version="1.0" encoding="UTF-8"?><Response></Response>', "text/xml")
            case "textit":
                assert json.loads(body) == {}
            case _:
                assert body == b"", "Kannel would send it to the member"
    came = both.site.sink.of(MessagePosted)
    assert [event.text.text for event in came] == list(TEXTS)
    assert {event.chat for event in came} == {AMINA}
    assert {event.sender.proof for event in came} == {"claimed"}
    assert not any(AMINA in event.sender.name for event in came)


async def test_the_same_message_again_is_the_same_event(both: Both) -> None:
    call = both.stub.writes(AMINA, "The clinic has no oxygen", "m1")
    for _ in range(2):
        assert (await both.stub.call(call))[0] == 200
    assert len({event.key for event in both.site.sink.of(MessagePosted)}) == 1


async def test_what_arrived_is_reported(both: Both) -> None:
    if both.stub.preset == "textit":
        return  # it reports nothing
    outcome = await both.site.send("Hello")
    assert isinstance(outcome, Sent)
    taken = both.stub.taken[0]
    for arrival in ("sent", "delivered", "delivered", "failed", "rejected"):
        status, *_ = await both.stub.call(both.stub.reports(taken, arrival, "30003" if arrival == "failed" else ""))
        assert status == 200
    came = both.site.sink.of(DeliveryReported)
    assert [event.arrival.value for event in came] == ["sent", "delivered", "delivered", "failed", "failed"]
    assert came[1].key == came[2].key
    for event in came:
        assert taken.id in (event.send, event.message)
        assert "Zawadi" not in event.code


async def test_nobody_else_may_call(both: Both) -> None:
    call = both.stub.writes(AMINA, "Hello", "m1")
    for secret in ("", "x", "5e0b6f1c2d3a4b5c6d7e8f9012345679", "5e0b6f1c2d3a4b5c6d7e8f90123456780"):
        assert (await both.stub.call(call, secret=secret))[0] == 404
    assert (await both.stub.call(replace(call, what="elsewhere")))[0] == 404
    assert not both.site.sink.events


async def test_while_nothing_can_be_stored_the_gateway_is_to_come_again(both: Both) -> None:
    both.site.sink.fail(1)
    call = both.stub.writes(AMINA, "Hello, is anybody there?", "m1")
    assert (await both.stub.call(call))[0] == 503
    assert (await both.stub.call(call))[0] == 200
    assert len(both.site.sink.of(MessagePosted)) == 1


async def test_what_cannot_be_read_is_kept_for_a_person(both: Both) -> None:
    calls = both.stub.garbage()
    for call in calls:
        status, *_ = await both.stub.call(call)
        assert status in (200, 400)
    assert len(both.site.sink.events) == len(calls)
    assert both.site.sink.of(Unreadable)


async def test_operators_programs_are_no_people(both: Both) -> None:
    for number, sender in enumerate(("MTN Uganda", SHORT_CODE)):
        await both.stub.call(both.stub.writes(sender, "Win a car", f"s{number}"))
    came = both.site.sink.of(MessagePosted)
    assert len(came) == 2
    assert all(event.sender.bot and event.sender.direct is None for event in came)


@pytest.mark.parametrize("name", ["africastalking", "twilio"])
async def test_who_told_the_network_stop_is_not_written_to(name: str) -> None:
    both = await Both(STUBS[name]()).open()
    both.stub.fault = "stopped"
    outcome = await both.site.send("Hello")
    assert isinstance(outcome, Refused)
    assert outcome.reason is Refusal.UNREACHABLE
    [event] = both.site.sink.of(OptedOut)
    assert event.chat == AMINA
    await both.close()


@pytest.mark.parametrize("name", ["africastalking", "rapidpro"])
async def test_the_network_tells_of_a_stop(name: str) -> None:
    both = await Both(STUBS[name]()).open()
    field = "phoneNumber" if name == "africastalking" else "from"
    call = Call(
        "stopped",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        body=f"{field}=%2B256772123456".encode(),
    )
    assert (await both.stub.call(call))[0] == 200
    [event] = both.site.sink.of(OptedOut)
    assert event.chat == AMINA
    await both.close()


@pytest.mark.parametrize("stub", [TwilioStub, SmsGateStub])
async def test_a_signature_must_be_right(stub: type[GatewayStub]) -> None:
    both = await Both(stub()).open()
    call = both.stub.writes(AMINA, "Hello", "m1")
    good = both.stub.signed(call)
    name = next(name for name in good if name.endswith("Signature"))
    wrong = {**good, name: good[name][::-1]}
    for headers in (call.headers, wrong, {**good, name: ""}):
        assert (await both.stub.call(call, headers=headers))[0] == 403
    changed = replace(call, body=call.body.replace(b"Hello", b"Help!"))
    assert (await both.stub.call(changed, headers=good))[0] == 403
    assert (await both.stub.call(call, headers=good))[0] == 200
    if stub is SmsGateStub:  # kept, and played again later
        both.site.clock.later = timedelta(minutes=6)
        assert (await both.stub.call(call, headers=good))[0] == 403
    assert len(both.site.sink.events) == 1
    await both.close()


async def test_only_addresses_of_the_list_may_call() -> None:
    both = await Both(KannelStub()).open(addresses=["192.0.2.0/24"])
    call = both.stub.writes(AMINA, "Hello", "m1")
    assert (await both.stub.call(call))[0] == 403
    there = {"X-Forwarded-For": "203.0.113.9, 192.0.2.7"}  # the last is what the proxy on this machine saw
    assert (await both.stub.call(call, headers=there))[0] == 200
    assert (await both.stub.call(call, headers={"X-Forwarded-For": "192.0.2.7, 203.0.113.9"}))[0] == 403
    await both.close()


async def test_what_africas_talking_says_it_costs_counts() -> None:
    both = await Both(STUBS["africastalking"]()).open(price="KES 0.50")
    outcome = await both.site.send("x" * 161)
    assert isinstance(outcome, Sent)
    assert outcome.handed is not None
    assert outcome.handed.cost is not None
    assert (outcome.handed.segments, f"{outcome.handed.cost.amount:.2f}") == (2, "1.60")
    for fault, kind in (("poor", Later), ("strange", Unknown), ("forbidden", Refused)):
        both.stub.fault = fault
        assert isinstance(await both.site.send("x"), kind), fault
    await both.close()


async def test_pieces_are_handed_on_one_by_one_with_their_numbers() -> None:
    stub = KannelStub()
    both = await Both(stub).open()
    for number, text in ((2, "second "), (1, "first "), (2, "second ")):
        await stub.call(stub.writes(AMINA, text, f"p{number}", udh=bytes([5, 0, 3, 9, 3, number])))
    said = [(event.key, event.text.text, event.piece) for event in both.site.sink.of(MessagePosted)]
    second, first = (Piece(reference=9, number=number, count=3) for number in (2, 1))
    assert said == [("mo:p2", "second ", second), ("mo:p1", "first ", first), ("mo:p2", "second ", second)]
    await both.close()


async def test_a_character_that_a_telephone_cut_in_two_is_joined_again() -> None:
    stub = KannelStub()
    both = await Both(stub).open()
    text = "ነ" * 66 + "👏" + "ነ" * 9
    units = text.encode("utf-16-be")
    for number, data in enumerate((units[:134], units[134:]), 1):
        call = stub.writes(AMINA, "ነ", f"p{number}", udh=bytes([5, 0, 3, 9, 2, number]))
        message = "message=" + quote("ነ".encode("utf-16-be"), safe="")
        await stub.call(replace(call, query=call.query.replace(message, "message=" + quote(data, safe=""))))
    said = [event.text.text for event in both.site.sink.of(MessagePosted)]
    "".join(said).encode()  # no database keeps halves
    assert joined_halves("".join(said)) == text
    await both.close()


async def test_only_a_full_piece_may_go_on_and_stop_is_no_piece() -> None:
    both = await Both(STUBS["africastalking"]()).open()
    for number, text in enumerate(("a" * 153, "b" * 20, "\u0531" * 70, "STOP")):
        await both.stub.call(both.stub.writes(AMINA, text, f"q{number}"))
    pieces = [event.piece for event in both.site.sink.of(MessagePosted)]
    assert pieces == [Piece(full=True), Piece(), Piece(full=True), None]
    await both.close()


async def test_short_answers_are_not_taken_for_repeats() -> None:
    both = await Both(STUBS["rapidpro"]()).open()
    for text, seconds, new in (("1", 0, True), ("1", 10, False), ("1", 45, True), ("We have no oxygen", 0, True)):
        known = {event.key for event in both.site.sink.events}
        both.site.clock.later += timedelta(seconds=seconds)
        await both.stub.call(both.stub.writes(AMINA, text, ""))
        assert ({event.key for event in both.site.sink.events} > known) == new, (text, seconds)
    both.site.clock.later += timedelta(minutes=9)
    known = {event.key for event in both.site.sink.events}
    await both.stub.call(both.stub.writes(AMINA, "We have no oxygen", ""))
    assert {event.key for event in both.site.sink.events} == known
    await both.close()


@pytest.mark.parametrize("stub", [STUBS["rapidpro"], SmsGateStub, TwilioStub])
async def test_a_503_that_names_a_time_is_a_limit_and_one_that_does_not_is_unclear(stub: type[GatewayStub]) -> None:
    both = await Both(stub()).open()
    both.stub.fault = "busy"
    both.stub.busy = (503, {"Retry-After": "90"}, b"")  # type: ignore[misc]  # of this one alone
    answer = await both.site.send("x")
    assert isinstance(answer, Later)
    assert answer.limit
    assert timedelta(seconds=60) < answer.when - both.site.clock.now() <= timedelta(seconds=90)
    both.stub.busy = (503, {}, b"")  # type: ignore[misc]
    assert isinstance(await both.site.send("y"), Unknown)
    await both.close()


@pytest.mark.parametrize("charset", ["idna", "undefined", "zlib", "nowhere-8", "utf\0-8", ""])
def test_a_charset_that_cannot_be_used_is_read_as_utf_8(charset: str) -> None:
    assert fields.text_of("Ça va\x12?".encode(), charset) == "Ça va\x12?"
