"""Webhooks as the web server serves them: who may call how often."""

import asyncio
import gc

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bridge.core.clock import SystemClock
from bridge.core.errors import StorageUnavailable
from bridge.core.webhooks import Route, WebReply, WebRequest
from bridge.web import server
from bridge.web.server import WebServer, mounted
from bridge.web.visitors import Strangers, networks


async def test_whoever_guesses_is_soon_not_heard_any_more_and_others_are() -> None:
    heard: list[str] = []
    now = 0.0

    async def handler(request: WebRequest) -> WebReply:
        heard.append(request.remote)
        return WebReply(status=200 if request.query.get("secret") == "right" else 404)

    route = Route(method="POST", path="/sms/x", handler=handler)
    limit = Strangers(3, 10.0, lambda: now)
    application = web.Application()
    application.router.add_post("/sms/x", mounted(route, limit))
    async with TestClient(TestServer(application)) as client:

        async def calls(secret: str, who: str) -> tuple[int, str]:
            answer = await client.post(f"/sms/x?secret={secret}", headers={"X-Forwarded-For": who})
            return answer.status, answer.headers.get("Retry-After", "")

        for _ in range(50):
            assert await calls("right", "192.0.2.1") == (200, "")
        assert [await calls("wrong", "192.0.2.2") for _ in range(5)] == [(404, "")] * 3 + [(429, "10")] * 2
        assert heard.count("192.0.2.2") == 3, "what is refused costs nothing"
        assert await calls("right", "192.0.2.1") == (200, "")
        now = 10.0
        assert [await calls("wrong", "192.0.2.2") for _ in range(2)] == [(404, ""), (429, "10")]


async def _asked(limit: Strangers, calls: list[tuple[str, str]], trusted: tuple[str, ...] = ()) -> list[int]:
    """The answers to calls that a proxy on this machine passes on: (secret, X-Forwarded-For)."""

    async def handler(request: WebRequest) -> WebReply:
        return WebReply(status=200 if request.query.get("secret") == "right" else 404)

    route = Route(method="POST", path="/sms/x", handler=handler)
    application = web.Application()
    application.router.add_post("/sms/x", mounted(route, limit, networks(trusted)))
    async with TestClient(TestServer(application)) as client:
        return [
            (await client.post(f"/sms/x?secret={secret}", headers={"X-Forwarded-For": who})).status
            for secret, who in calls
        ]


async def test_a_stranger_at_the_address_of_a_gateway_does_not_shut_it_out() -> None:
    limit = Strangers(3, 10.0, lambda: 0.0)
    there = "192.0.2.1"
    calls = [("right", there), *[("wrong", there)] * 9, ("right", there)]
    assert await _asked(limit, calls) == [200, *[404] * 9, 200]


async def test_a_gateway_that_has_not_called_yet_is_heard_between_a_strangers_calls() -> None:
    now = 0.0
    limit = Strangers(3, 10.0, lambda: now)
    assert await _asked(limit, [("wrong", "192.0.2.1")] * 4) == [404, 404, 404, 429]
    now = 10.0
    calls = [("right", "192.0.2.1"), *[("wrong", "192.0.2.1")] * 5, ("right", "192.0.2.1")]
    assert await _asked(limit, calls) == [200, *[404] * 5, 200]


async def test_who_calls_through_a_proxy_on_another_machine_is_told_apart_if_the_proxy_is_trusted() -> None:
    calls = [*[("wrong", "192.0.2.9, 10.0.0.2")] * 4, ("wrong", "192.0.2.1, 10.0.0.2")]
    assert await _asked(Strangers(3, 10.0, lambda: 0.0), calls, ("10.0.0.0/24",)) == [404, 404, 404, 429, 404]
    assert await _asked(Strangers(3, 10.0, lambda: 0.0), calls) == [404, 404, 404, 429, 429], "nobody's word but ours"


async def test_a_household_with_a_network_of_its_own_is_one_stranger() -> None:
    calls = [("wrong", f"2001:db8::{number}") for number in range(1, 6)]
    assert await _asked(Strangers(3, 10.0, lambda: 0.0), calls) == [404, 404, 404, 429, 429]


async def test_a_question_that_is_answered_too_late_with_an_error_is_no_defect(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody asks how we are a second time; the log is not told that an exception was lost."""
    lost: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: lost.append(context))
    late = asyncio.Event()

    async def ask() -> None:
        await late.wait()
        raise StorageUnavailable("the database does not answer")

    monkeypatch.setattr(server, "_PATIENCE", 0.01)
    monkeypatch.setattr(server, "_ask", ask)
    web_server = WebServer("127.0.0.1", 0, [], dict, SystemClock())
    with pytest.raises(StorageUnavailable):
        await web_server._oldest()
    late.set()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    web_server._question = None
    gc.collect()
    assert lost == []
