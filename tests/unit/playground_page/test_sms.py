"""The feature phone, and the gateway behind it: what it counts, and what it refuses."""

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from bridge.playground import cast
from bridge.playground.phone_device import counter_words
from bridge.playground.segments import segments
from bridge.playground.sms_gateway import SHORT_CODE, SmsGateway
from tests.unit.playground_page.conftest import Town

GOOD = {"to": cast.JOSEPH_NUMBER, "from": SHORT_CODE, "text": "Baraza Demo #1", "id": "k1"}


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[SmsGateway]:
    found = SmsGateway(tmp_path, subscribers=[cast.JOSEPH_NUMBER], changed=lambda: None)
    await found.start()
    yield found
    await found.stop()


async def send(gateway: SmsGateway, given: Any, *, password: str | None = None) -> int:
    headers = {"Authorization": f"Bearer {gateway.password if password is None else password}"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.post(f"http://127.0.0.1:{gateway.port}/send", json=given) as answer,
    ):
        return answer.status


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({}, 202),
        ({"text": "é" * 459}, 202),
        ({"to": "+254700000002"}, 400),
        ({"to": "0700000001"}, 400),
        ({"from": "Baraza"}, 403),
        ({"text": "a" * 460}, 413),
        ({"text": "ç" * 202}, 413),
        ({"text": " \n"}, 400),
        ({"text": None}, 400),
        ({"id": 7}, 400),
    ],
)
async def test_it_refuses_what_gateways_refuse(gateway: SmsGateway, change: dict[str, Any], status: int) -> None:
    assert await send(gateway, GOOD | change) == status
    assert len(gateway.texts) == (status == 202)


async def test_a_wrong_password_and_no_json_object_are_refused(gateway: SmsGateway) -> None:
    assert await send(gateway, GOOD, password="guessed") == 401
    assert await send(gateway, ["to"]) == 400
    assert gateway.texts == []


async def test_what_is_sent_twice_arrives_once(gateway: SmsGateway) -> None:
    assert [await send(gateway, GOOD) for _ in range(2)] == [202, 202]
    assert [text.text for text in gateway.of(cast.JOSEPH_NUMBER)] == ["Baraza Demo #1"]


async def test_a_text_is_handed_over_signed_until_it_is_taken_also_after_a_restart(tmp_path: Path) -> None:
    calls: asyncio.Queue[tuple[str, bool, Any]] = asyncio.Queue()
    answers = [503, 200]
    key = ""

    async def called(request: web.Request) -> web.Response:
        body = await request.read()
        stamped = body + request.headers["X-Timestamp"].encode()
        signature = hmac.new(key.encode(), stamped, hashlib.sha256).hexdigest()
        is_signed = hmac.compare_digest(signature, request.headers["X-Signature"])
        calls.put_nowait((request.path, is_signed, await request.json()))
        return web.Response(status=answers.pop(0))

    first = SmsGateway(tmp_path, subscribers=[cast.JOSEPH_NUMBER], changed=lambda: None)
    first.writes(cast.JOSEPH_NUMBER, "Two boxes")  # and it was never started
    second = SmsGateway(tmp_path, subscribers=[cast.JOSEPH_NUMBER], changed=lambda: None)
    key = second.signing_key
    application = web.Application()
    application.router.add_post("/sms/sms/x/{call}", called)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    second.callback = f"http://127.0.0.1:{runner.addresses[0][1]}/sms/sms/x"
    await second.start()
    try:
        async with asyncio.timeout(5):
            heard = [await calls.get() for _ in range(2)]
    finally:
        await second.stop()
        await runner.cleanup()
    [text] = first.texts
    wanted = {"from": cast.JOSEPH_NUMBER, "text": "Two boxes", "id": text.id}
    assert heard == [("/sms/sms/x/receive", True, wanted)] * 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a" * 88, "88/160 · 1 SMS · GSM-7 · KES 0.80"),
        ("a" * 161, "161/306 · 2 SMS · GSM-7 · KES 1.60"),
        ("ç", "1/70 · 1 SMS · UCS-2 · KES 0.80"),
        ("ç" * 71, "71/134 · 2 SMS · UCS-2 · KES 1.60"),
    ],
)
def test_the_counter(text: str, words: str) -> None:
    assert counter_words(segments(text)) == words


async def test_the_phone_shows_what_comes_in_its_order_with_parts_and_money(town: Town) -> None:
    await town.gateway.start()
    await town.do("joseph", "write", text="question")
    assert await send(town.gateway, GOOD | {"text": "answer " * 30}) == 202
    html = await town.shows("joseph", "sms", "answer")
    assert "210/306 · 2 SMS · GSM-7 · KES 1.60" in html
    assert "in 2 SMS, KES 1.60 · out 1 SMS, KES 0.80" in html
    await town.do("joseph", "write", text="thanks")
    html = await town.screen("joseph")
    assert html.index("question") < html.index("answer") < html.index("thanks")
    await town.gateway.stop()
