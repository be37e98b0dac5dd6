"""Long polling, webhooks, flood limits and faults."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from bridge.playground.botapi import Limits
from tests.unit.playground.conftest import Town


async def test_updates_stay_until_confirmed(town: Town) -> None:
    for text in ("one", "two", "three"):
        await town.users.write(town.brian, town.group, text)
    first = await town.bot("getUpdates", limit=2)
    again = await town.bot("getUpdates")
    assert [u["message"]["text"] for u in again] == ["one", "two", "three"]
    assert first == again[:2]
    rest = await town.bot("getUpdates", offset=again[1]["update_id"])
    assert [u["message"]["text"] for u in rest] == ["two", "three"]
    assert await town.bot("getUpdates", offset=again[0]["update_id"]) == rest


async def test_a_negative_offset_forgets_all_but_the_newest(town: Town) -> None:
    for text in ("one", "two", "three"):
        await town.users.write(town.brian, town.group, text)
    assert [u["message"]["text"] for u in await town.bot("getUpdates", offset=-1)] == ["three"]
    assert [u["message"]["text"] for u in await town.bot("getUpdates")] == ["three"]


async def test_updates_vanish_after_a_day(town: Town) -> None:
    await town.users.write(town.brian, town.group, "old")
    town.clock.advance(24 * 3600 + 1)
    await town.users.write(town.brian, town.group, "new")
    assert [u["message"]["text"] for u in await town.bot("getUpdates")] == ["new"]


async def test_a_long_poll_ends_with_the_first_update(town: Town) -> None:
    poll = asyncio.create_task(town.bot("getUpdates", timeout=30))
    await waiting(town)
    await town.users.write(town.brian, town.group, "x")
    async with asyncio.timeout(5):
        assert len(await poll) == 1


async def waiting(town: Town) -> None:
    """Wait until the server holds the bot's poll."""
    async with asyncio.timeout(5):
        while town.bot_id not in town.simulator.world._polls:  # noqa: ASYNC110  # a poll sets no event when it begins
            await asyncio.sleep(0)


async def test_a_second_poller_ends_the_first(town: Town) -> None:
    first = asyncio.create_task(town.bot.refused("getUpdates", timeout=30))
    await waiting(town)
    second = asyncio.create_task(town.bot("getUpdates", timeout=30))
    async with asyncio.timeout(5):
        refusal = await first
    assert (refusal.code, refusal.description) == (
        409,
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
    )
    await town.users.write(town.brian, town.group, "x")
    assert len(await second) == 1


async def test_allowed_updates_are_remembered(town: Town) -> None:
    await town.bot("getUpdates", allowed_updates=["callback_query"])
    await town.users.write(town.brian, town.group, "unwanted")
    assert await town.bot("getUpdates") == []
    await town.bot("getUpdates", allowed_updates=[])
    await town.users.write(town.brian, town.group, "wanted")
    assert len(await town.bot("getUpdates")) == 1
    refusal = await town.bot.refused("getUpdates", allowed_updates=["mesage"])
    assert refusal.description == "Bad Request: [simulator] unknown kind in allowed_updates: mesage"


class Hook:
    """A bot's webhook that answers as told and keeps what came."""

    def __init__(self) -> None:
        self.statuses: list[int] = []
        self.seen: asyncio.Queue[tuple[int, dict[str, Any], str | None]] = asyncio.Queue()
        self.url = ""

    async def handle(self, request: web.Request) -> web.Response:
        status = self.statuses.pop(0) if self.statuses else 200
        secret = request.headers.get("X-Telegram-Bot-Api-Secret-Token")
        await self.seen.put((status, await request.json(), secret))
        return web.Response(status=status)


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    hook = Hook()
    app = web.Application()
    app.router.add_post("/hook", hook.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    hook.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield hook
    await runner.cleanup()


async def test_a_webhook_gets_updates_in_order_until_it_accepts_them(town: Town, hook: Hook) -> None:
    hook.statuses = [500, 503, 200, 200]
    await town.bot("setWebhook", url=hook.url, secret_token="s3cret")
    await town.users.write(town.brian, town.group, "one")
    await town.users.write(town.brian, town.group, "two")
    async with asyncio.timeout(10):
        seen = [await hook.seen.get() for _ in range(4)]
    assert [(status, update["message"]["text"]) for status, update, _ in seen] == [
        (500, "one"),
        (503, "one"),
        (200, "one"),
        (200, "two"),
    ]
    assert {secret for _, _, secret in seen} == {"s3cret"}
    await town.simulator.world.wait_until(lambda: not town.simulator.world.queue(town.bot_id).pending, 5)
    info = await town.bot("getWebhookInfo")
    assert (info["url"], info["pending_update_count"]) == (hook.url, 0)
    assert info["last_error_message"] == "Wrong response from the webhook: 503 Service Unavailable"


async def test_polling_and_webhook_exclude_each_other(town: Town, hook: Hook) -> None:
    poll = asyncio.create_task(town.bot.refused("getUpdates", timeout=30))
    await waiting(town)
    await town.bot("setWebhook", url=hook.url)
    assert (await poll).description == "Conflict: terminated by setWebhook request"
    refusal = await town.bot.refused("getUpdates")
    assert refusal.code == 409
    assert "use deleteWebhook to delete the webhook first" in refusal.description
    await town.bot("deleteWebhook")
    await town.users.write(town.brian, town.group, "x")
    await town.bot("deleteWebhook", drop_pending_updates=True)
    assert await town.bot("getUpdates") == []


@pytest.mark.parametrize(
    ("parameters", "description"),
    [
        ({"url": "http://example.org/hook"}, "bad webhook: An HTTPS URL must be provided for webhook"),
        ({"url": "https://example.org/", "secret_token": "a b"}, "secret token contains unallowed characters"),
    ],
)
async def test_webhooks_that_telegram_refuses(town: Town, parameters: dict[str, Any], description: str) -> None:
    assert (await town.bot.refused("setWebhook", **parameters)).description == f"Bad Request: {description}"


async def test_one_message_a_second_in_a_chat(town: Town) -> None:
    town.simulator.limits = Limits()
    sent = await town.bot("sendMessage", chat_id=town.group, text="x")
    town.clock.advance(0.5)
    refusal = await town.bot.refused("sendMessage", chat_id=town.group, text="x")
    assert (refusal.code, refusal.description) == (429, "Too Many Requests: retry after 1")
    assert refusal.parameters == {"retry_after": 1}
    await town.bot("sendMessage", chat_id=town.amina, text="another chat")
    refusal = await town.bot.refused("editMessageText", chat_id=town.group, message_id=sent["message_id"], text="y")
    assert refusal.code == 429
    town.clock.advance(0.495)
    await town.bot("editMessageText", chat_id=town.group, message_id=sent["message_id"], text="y")


async def test_twenty_messages_a_minute_in_a_group(town: Town) -> None:
    town.simulator.limits = Limits()
    for _ in range(20):
        await town.bot("sendMessage", chat_id=town.group, text="x")
        town.clock.advance(1)
    refusal = await town.bot.refused("sendMessage", chat_id=town.group, text="x")
    assert refusal.parameters == {"retry_after": 40}
    for _ in range(21):
        await town.bot("sendMessage", chat_id=town.amina, text="private chats have no such limit")
        town.clock.advance(1)
    assert (await town.bot.refused("sendMessage", chat_id=town.group, text="x")).parameters == {"retry_after": 19}
    town.clock.advance(19)
    await town.bot("sendMessage", chat_id=town.group, text="x")


async def test_thirty_messages_a_second_from_a_bot(town: Town) -> None:
    town.simulator.limits = Limits(chat_interval=None, group_per_minute=None)
    for _ in range(30):
        await town.bot("sendMessage", chat_id=town.amina, text="x")
    assert (await town.bot.refused("sendMessage", chat_id=town.group, text="x")).code == 429
    town.clock.advance(1)
    await town.bot("sendMessage", chat_id=town.group, text="x")


async def test_answers_to_presses_are_not_counted(town: Town) -> None:
    keyboard = {"inline_keyboard": [[{"text": "a", "callback_data": "a"}]]}
    sent = await town.bot("sendMessage", chat_id=town.group, text="x", reply_markup=keyboard)
    town.simulator.limits = Limits(chat_interval=1, group_per_minute=0, bot_per_second=0)
    press = asyncio.create_task(town.users.press(town.brian, town.group, sent["message_id"], data="a"))
    [update] = await town.bot.updates(timeout=5)
    await town.bot("answerCallbackQuery", callback_query_id=update["callback_query"]["id"])
    assert (await press)["answered"] is True


async def test_faults_meet_the_next_calls(town: Town) -> None:
    town.simulator.fail_next("sendMessage", 502, times=2)
    town.simulator.fail_next("sendMessage", 429, retry_after=7)
    for code in (502, 502):
        assert (await town.bot.refused("sendMessage", chat_id=town.group, text="x")).code == code
    assert (await town.bot.refused("sendMessage", chat_id=town.group, text="x")).parameters == {"retry_after": 7}
    await town.bot("sendMessage", chat_id=town.group, text="x")


@pytest.mark.parametrize(("fault", "arrives"), [("drop_before", False), ("drop_after", True)])
async def test_a_cut_connection_leaves_the_sender_in_doubt(town: Town, fault: str, arrives: bool) -> None:
    town.simulator.fail_next("sendMessage", fault)
    with pytest.raises(aiohttp.ClientConnectionError):
        await town.bot.raw("sendMessage", {"chat_id": town.group, "text": "perhaps"})
    shown = [m["text"] for m in (await town.users.view(town.brian, town.group))["messages"]]
    assert ("perhaps" in shown) is arrives
