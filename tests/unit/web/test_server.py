"""Webhooks as the web server serves them: who may call how often."""

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bridge.core.ports import Route, WebReply, WebRequest
from bridge.web.server import mounted
from bridge.web.visitors import Limit


async def test_whoever_guesses_is_soon_not_heard_any_more_and_others_are() -> None:
    heard: list[str] = []
    now = 0.0

    async def handler(request: WebRequest) -> WebReply:
        heard.append(request.remote)
        return WebReply(status=200 if request.query.get("secret") == "right" else 404)

    route = Route(method="POST", path="/sms/x", handler=handler)
    limit = Limit(3, 10.0, lambda: now)
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
