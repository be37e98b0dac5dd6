"""The SMS adapter with a real Kannel: over its fake SMSC, and over SMPP with an operator of our own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import pytest

from bridge.core.errors import Refusal
from bridge.core.events import Arrival, MessagePosted
from bridge.core.gsm import parts, uncut
from bridge.core.ports import Later, Refused, Sent
from tests.contract.harness import wait_for
from tests.kannel import FakePhones, Kannel, KannelMissing, Operator
from tests.servers import missing
from tests.sms_gateways import SECRET
from tests.sms_site import ACCOUNT, AMINA, Site


@asynccontextmanager
async def kannel_at(site: Site, smpp_port: int = 0) -> AsyncIterator[Kannel]:
    await site.open()
    kannel = Kannel(callback=f"{site.base}/sms/{ACCOUNT}/{SECRET}", smpp_port=smpp_port)
    try:
        await kannel.start()
        await site.begin(kannel.settings())
        yield kannel
    except KannelMissing as error:
        missing(str(error))
    finally:
        await kannel.stop()
        await site.close()


TEXTS = (
    "Hello [world] {x} ~ €5 \\ | ^",
    "é è ù ì ò Ç Ø å Δ Ω ñ ü à § ¿ ¡ ß",
    "Ça va, leçon, fenêtre, ão",  # of these Kannel by itself would make "?" and other letters
    "ሰላም ነው 👩🏾‍⚕️",
    "a" * 161,
    "[" * 81 + "b" * 280,
    "ነ" * 150,
    "ነ" * 66 + "👏" + "ነ" * 80,
    "ሰላም " * 13 + "ነ👩🏾‍⚕️ " + "ነ" * 80,
)


async def test_texts_go_through_the_fake_network_both_ways() -> None:
    site, phones = Site(), FakePhones()
    async with kannel_at(site) as kannel:
        await phones.connect(kannel.fake_port)
        await phones.write(AMINA, "GET 12")
        heard = await site.sink.first(MessagePosted)
        assert (heard.text.text, heard.chat, heard.sender.bot) == ("GET 12", AMINA, False)
        assert isinstance(await site.send("Zawadi: hello"), Sent)
        arrived = await wait_for(lambda: phones.arrived)
        assert (arrived[0].to.removeprefix("+"), arrived[0].text) == (AMINA.removeprefix("+"), "Zawadi: hello")
        assert (await site.reports(Arrival.DELIVERED, 1))[0].send == f"{1:032x}"
        assert len(phones.arrived) == 1, "Kannel sends the body of our answers to members"
        await phones.close()


async def test_an_operator_gets_every_character_as_it_was_written() -> None:
    site, operator = Site(), Operator()
    await operator.start()
    try:
        async with kannel_at(site, operator.port):
            await operator.bound.wait()
            for text in TEXTS:
                before = len(operator.arrived)
                outcome = await site.send(text)
                assert isinstance(outcome, Sent), outcome
                wanted = parts(uncut(text))
                whole = before + len(wanted)
                await wait_for(partial(_has, operator, whole), 30)
                got = sorted(operator.arrived[before:], key=lambda each: each.udh[-1:])
                assert [gsm7(each.data) if each.coding != 8 else each.text for each in got] == list(wanted)
            # Kannel drops reports on a machine under load: how many come is no promise, whose they are is.
            delivered = await site.reports(Arrival.DELIVERED, 1)
            assert {report.send for report in delivered} <= {f"{n:032x}" for n in range(1, len(TEXTS) + 1)}
            await operator.write(AMINA, "ሰላም", coding=8)
            heard = await site.sink.first(MessagePosted)
            assert (heard.text.text, heard.chat) == ("ሰላም", AMINA)
    finally:
        await operator.stop()


async def test_what_the_operator_refuses_is_reported_as_failed_and_a_wrong_password_is_said() -> None:
    site, operator = Site(), Operator()
    operator.reject = 0x0B  # ESME_RINVDSTADR: no such number
    await operator.start()
    try:
        async with kannel_at(site, operator.port) as kannel:
            await operator.bound.wait()
            assert isinstance(await site.send("Hello"), Sent)
            failed = await site.reports(Arrival.FAILED, 1)
            assert failed[0].code == "0x0000000b"
            assert site.adapter is not None
            await site.adapter.stop()
            await site.begin({**kannel.settings(), "password": "wrong"})
            outcome = await site.send("Hello")
            assert isinstance(outcome, Refused), outcome
            assert outcome.reason is Refusal.BAD_CREDENTIALS
            await kannel.stop()
            outcome = await site.send("Hello")
            assert isinstance(outcome, Later), outcome
            assert outcome.whole_account
    finally:
        await operator.stop()


def _has(operator: Operator, count: int) -> bool:
    return len(operator.arrived) >= count


_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_MORE = {10: "\f", 20: "^", 40: "{", 41: "}", 47: "\\", 60: "[", 61: "~", 62: "]", 64: "|", 101: "€"}


def gsm7(data: bytes) -> str:
    """Unpacked septets (TS 23.038), as SMPP carries them."""
    text, escaped = "", False
    for septet in data:
        if escaped:
            text, escaped = text + _MORE[septet], False
        elif septet == 0x1B:
            escaped = True
        else:
            text += _BASIC[septet]
    return text


@pytest.mark.parametrize(("data", "text"), [(b"\x00\x1b\x65", "@€"), (b"\x09\x1b\x3c", "Ç[")])
def test_the_decoder_knows_the_alphabet(data: bytes, text: str) -> None:
    assert gsm7(data) == text
