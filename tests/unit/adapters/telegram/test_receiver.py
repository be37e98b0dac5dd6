"""Polling and webhook: commit first, acknowledge afterwards, whatever fails between."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
import structlog
from structlog.testing import LogCapture

from bridge.adapters.telegram.adapter import TelegramAdapter
from bridge.core.errors import AccountError
from bridge.core.events import MessagePosted, Missed, Unreadable
from bridge.core.webhooks import WebReply, WebRequest
from tests.contract.harness import MemoryState, RecordingSink, wait_for
from tests.unit.adapters.telegram.conftest import BOT, TOKEN, Village

SECRET = "webhook_secret-1"
HOOK = {"updates": "webhook", "webhook_secret": SECRET}
HERE = "http://127.0.0.1:9"


@pytest.fixture
def logged() -> Any:
    before = structlog.get_config()
    capture = LogCapture()
    structlog.configure(processors=[capture])
    yield capture.entries
    structlog.configure(**before)


def names(logged: list[dict[str, Any]]) -> list[str]:
    return [entry["event"] for entry in logged]


# --- polling --------------------------------------------------------------------------------------------------------


async def test_the_offset_is_stored_with_the_events_and_moves_on_only_afterwards(
    village: Village, adapter: TelegramAdapter
) -> None:
    village.clock.awake.clear()
    village.sink.fail(3)
    await village.simulator.users.write(village.amina, village.group, "one")
    await wait_for(lambda: village.sink.refused)
    assert village.pending(), "acknowledged before it was stored"
    assert "offset" not in village.state.values
    village.clock.awake.set()
    await village.sink.first(MessagePosted)
    await wait_for(lambda: not village.pending())
    assert village.state.values["offset"] == str(village.simulator.world.queue(BOT).next_id)
    assert len(village.sink.of(MessagePosted)) == 1


async def test_while_the_database_is_down_health_says_so(village: Village, adapter: TelegramAdapter) -> None:
    village.clock.awake.clear()
    village.sink.fail(1)
    await village.simulator.users.write(village.amina, village.group, "one")
    await wait_for(lambda: "database" in adapter.health().detail)
    village.clock.awake.set()
    await village.sink.first(MessagePosted)
    await wait_for(lambda: not adapter.health().detail)


async def test_a_defect_in_the_sink_acknowledges_nothing(village: Village, logged: list[dict[str, Any]]) -> None:
    class Broken(RecordingSink):
        broken = 2

        async def accept(self, events: Any, *, state: Any = None) -> None:
            if self.broken:
                self.broken -= 1
                raise RuntimeError("personal text of somebody")
            await super().accept(events, state=state)

    sink, adapter = Broken(village.state), village.adapter()
    await adapter.start(sink, village.state)
    await village.simulator.users.write(village.amina, village.group, "one")
    await sink.first(MessagePosted)
    assert names(logged).count("telegram.receive_failed") == 2
    assert "personal text" not in repr(logged)
    await adapter.stop()


async def test_a_number_lower_than_the_last_is_accepted(village: Village, adapter: TelegramAdapter) -> None:
    """After a quiet week Telegram goes on from a random number."""
    await village.simulator.users.write(village.amina, village.group, "one")
    await village.sink.first(MessagePosted)
    await wait_for(lambda: not village.pending())
    await adapter.stop()
    village.state.values["offset"] = "5"
    again = village.adapter()
    await again.start(village.sink, village.state)
    await village.simulator.users.write(village.amina, village.group, "two")
    await village.sink.first(MessagePosted, lambda event: event.text.text == "two")
    await wait_for(lambda: not village.pending())
    await again.stop()


async def test_a_left_over_webhook_is_removed_and_its_updates_are_kept(village: Village) -> None:
    queue = village.simulator.world.queue(BOT)
    queue.webhook_url = "https://elsewhere.example.org/hook"
    await village.simulator.users.write(village.amina, village.group, "kept")
    adapter = village.adapter()
    await adapter.start(village.sink, village.state)
    await village.sink.first(MessagePosted)
    assert queue.webhook_url == ""
    await adapter.stop()


async def test_two_programs_with_one_token_are_told_apart_in_health(village: Village, adapter: TelegramAdapter) -> None:
    village.clock.awake.clear()
    await village.interrupt()
    await wait_for(lambda: village.clock.slept)
    assert not adapter.health().connected
    assert "another program polls" in adapter.health().detail
    village.clock.awake.set()
    await wait_for(lambda: adapter.health().connected)


async def test_trouble_is_waited_out_longer_and_longer(village: Village, adapter: TelegramAdapter) -> None:
    await village.polled()
    village.simulator.fail_next("getUpdates", 502, times=12)
    await village.interrupt()
    await wait_for(lambda: len(village.clock.slept) >= 13 and adapter.health().connected)
    for n, pause in enumerate(village.clock.slept[:13]):  # the interruption and twelve failures
        full = min(60, 2 ** min(n, 6))
        assert full / 2 <= pause <= full
    assert len(set(village.clock.slept[7:])) > 1, "many programs would come back at once"
    await village.polled()
    village.simulator.fail_next("getUpdates", 429, retry_after=17)
    await village.interrupt()
    await wait_for(lambda: 17 in village.clock.slept)


async def test_a_wrong_token_stops_the_start(village: Village) -> None:
    adapter = village.adapter(token="700100:wrong")
    with pytest.raises(AccountError, match="BotFather"):
        await adapter.start(village.sink, village.state)
    await adapter.stop()


async def test_a_network_that_is_down_at_the_start_is_waited_for(village: Village) -> None:
    village.simulator.fail_next("getMe", 502, times=3)
    adapter = village.adapter()
    await adapter.start(village.sink, village.state)
    assert not adapter.health().connected
    assert TOKEN not in adapter.health().detail
    await village.simulator.users.write(village.amina, village.group, "one")
    await village.sink.first(MessagePosted)
    assert adapter.health().connected
    await adapter.stop()


async def test_a_token_withdrawn_later_is_told_and_tried_again(village: Village, adapter: TelegramAdapter) -> None:
    await village.polled()
    village.simulator.fail_next("getUpdates", 401)
    village.clock.awake.clear()
    await village.simulator.users.write(village.amina, village.group, "ends the poll")
    await wait_for(lambda: village.clock.slept)
    assert "does not accept the bot's token" in adapter.health().detail
    village.clock.awake.set()
    await wait_for(lambda: adapter.health().connected)


@pytest.mark.parametrize(("hours", "event"), [(19, None), (21, "telegram.long_outage")])
async def test_a_long_silence_is_a_warning(
    village: Village, logged: list[dict[str, Any]], hours: int, event: str | None
) -> None:
    first = village.adapter()
    await first.start(village.sink, village.state)
    await wait_for(lambda: "polled_at" in village.state.values)
    await first.stop()
    village.clock.time += timedelta(hours=hours)
    again = village.adapter()
    await again.start(village.sink, village.state)
    await village.simulator.users.write(village.amina, village.group, "one")
    await village.sink.first(MessagePosted)
    assert ("telegram.long_outage" in names(logged)) is (event is not None)
    await again.stop()


async def test_while_it_lasts_a_long_outage_is_announced_once(
    village: Village, adapter: TelegramAdapter, logged: list[dict[str, Any]]
) -> None:
    await wait_for(lambda: "polled_at" in village.state.values)
    village.clock.time += timedelta(hours=21)
    await village.polled()
    village.simulator.fail_next("getUpdates", 502, times=5)
    await village.interrupt()
    await wait_for(lambda: adapter.health().connected and len(village.clock.slept) >= 6)
    assert names(logged).count("telegram.messages_will_be_lost") == 1


async def test_other_answers_than_updates_are_no_updates(
    village: Village, adapter: TelegramAdapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: list[Any] = [True, {"update_id": 5}, [1], [{"update_id": "5"}], [{"message": {}}]]
    real = adapter._client._post

    async def post(method: str, *rest: Any, **more: Any) -> Any:
        if method == "getUpdates" and answers:
            return answers.pop()
        return await real(method, *rest, **more)

    monkeypatch.setattr(adapter._client, "_post", post)
    await village.interrupt()
    await wait_for(lambda: not answers and adapter.health().connected)
    assert village.sink.events == []
    assert "offset" not in village.state.values


# --- webhook --------------------------------------------------------------------------------------------------------


async def call(adapter: TelegramAdapter, body: bytes | dict[str, Any], secret: str | None = SECRET) -> WebReply:
    (route,) = adapter.routes()
    assert (route.method, route.path) == ("POST", "/webhook/telegram/telegram")
    headers = {} if secret is None else {"x-telegram-bot-api-secret-token": secret}
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return await route.handler(WebRequest(method="POST", path=route.path, headers=headers, query={}, body=raw))


UPDATE = {
    "update_id": 9,
    "message": {
        "message_id": 1,
        "date": 1,
        "chat": {"id": 5, "type": "private"},
        "from": {"id": 5, "is_bot": False, "first_name": "Amina"},
        "text": "habari",
    },
}


@pytest.fixture
async def hooked(village: Village) -> Any:
    made = village.adapter(public_url=HERE, **HOOK)
    await made.start(village.sink, village.state)
    yield made
    await made.stop()


async def test_the_webhook_is_set_with_its_secret_and_one_connection(village: Village, hooked: TelegramAdapter) -> None:
    queue = village.simulator.world.queue(BOT)
    assert queue.webhook_url == f"{HERE}/webhook/telegram/telegram"
    assert queue.webhook_secret == SECRET
    assert queue.webhook_max_connections == 1
    assert queue.allowed is not None
    assert set(queue.allowed) >= {"message", "edited_message", "channel_post", "callback_query", "my_chat_member"}
    assert hooked.health().connected


@pytest.mark.parametrize("secret", [None, "", "wrong", SECRET + "x", "é"])
async def test_a_wrong_secret_is_turned_away(village: Village, hooked: TelegramAdapter, secret: str | None) -> None:
    assert (await call(hooked, UPDATE, secret)).status == 403
    assert village.sink.events == []


async def test_an_update_is_stored_before_200(village: Village, hooked: TelegramAdapter) -> None:
    village.sink.fail(1)
    assert (await call(hooked, UPDATE)).status == 503
    assert village.sink.events == []
    assert (await call(hooked, UPDATE)).status == 200
    (event,) = village.sink.events
    assert isinstance(event, MessagePosted)
    assert event.key == "u9"


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000])
async def test_what_is_not_json_is_400(village: Village, hooked: TelegramAdapter, body: bytes) -> None:
    assert (await call(hooked, body)).status == 400
    assert village.sink.events == []


@pytest.mark.parametrize("hours", [23, 25, 240])
async def test_an_absence_longer_than_telegram_remembers_is_told_once(village: Village, hours: int) -> None:
    first = village.adapter()
    await first.start(village.sink, village.state)
    await wait_for(lambda: "polled_at" in village.state.values)
    await first.stop()
    began = datetime.fromisoformat(village.state.values["polled_at"])
    village.clock.time += timedelta(hours=hours)
    village.sink.fail(1)  # it is not lost where the database is away at that very moment
    for text in ("one", "two"):
        again = village.adapter()
        await again.start(village.sink, village.state)
        await village.simulator.users.write(village.amina, village.group, text)
        await wait_for(lambda: [event.text.text for event in village.sink.of(MessagePosted)][-1:] == [text])  # noqa: B023 - called within the round
        await again.stop()
    told = village.sink.of(Missed)
    assert [(event.chat, event.since) for event in told] == ([("", began)] if hours > 24 else [])
    if told:
        assert timedelta(0) <= told[0].until - began - timedelta(hours=hours - 24) < timedelta(minutes=5)


@pytest.mark.parametrize("body", [b"5", b"[]", b"{}", b'{"update_id": 3, "message": []}'])
async def test_json_that_is_no_update_is_kept(village: Village, hooked: TelegramAdapter, body: bytes) -> None:
    assert (await call(hooked, body)).status == 200
    assert isinstance(village.sink.events[0], Unreadable)


async def test_what_is_nobodys_message_is_acknowledged(village: Village, hooked: TelegramAdapter) -> None:
    notice = {"message_id": 1, "date": 1, "chat": {"id": -5, "type": "group"}, "delete_chat_photo": True}
    assert (await call(hooked, {"update_id": 3, "message": notice})).status == 200
    assert village.sink.events == []


async def test_before_the_start_telegram_is_asked_to_come_again(village: Village) -> None:
    adapter = village.adapter(public_url=HERE, **HOOK)
    assert (await call(adapter, UPDATE)).status == 503
    village.simulator.fail_next("setWebhook", 502, times=2)
    await adapter.start(village.sink, village.state)
    assert (await call(adapter, UPDATE)).status == 503
    await wait_for(lambda: adapter.health().connected)
    assert (await call(adapter, UPDATE)).status == 200
    await adapter.stop()


@pytest.mark.parametrize("public_url", ["", "ftp://example.org"])
async def test_without_a_public_address_the_start_is_refused(village: Village, public_url: str) -> None:
    adapter = village.adapter(public_url=public_url, **HOOK)
    with pytest.raises(AccountError, match="public_url"):
        await adapter.start(village.sink, village.state)
    await adapter.stop()


async def test_an_address_telegram_does_not_take_is_the_operators_matter(village: Village) -> None:
    adapter = village.adapter(public_url="http://bridge.example.org", **HOOK)
    with pytest.raises(AccountError, match="public_url as a webhook"):
        await adapter.start(village.sink, village.state)
    await adapter.stop()


async def test_polling_has_no_routes(village: Village) -> None:
    assert village.adapter().routes() == ()


async def test_the_state_of_another_start_is_not_used(village: Village, adapter: TelegramAdapter) -> None:
    other = MemoryState()
    await adapter.stop()
    await village.simulator.users.write(village.amina, village.group, "one")
    sink = RecordingSink(other)
    await adapter.start(sink, other)
    await sink.first(MessagePosted)
    assert "offset" not in village.state.values


async def test_a_program_without_the_account_takes_what_is_brought(village: Village) -> None:
    """Another one polls, sends, and has set the webhook: this one commits, and asks Telegram nothing."""
    adapter = village.adapter(public_url=HERE, **HOOK)
    update = {"update_id": 7, "message": village_message()}
    assert (await brought(adapter, update)).status == 503, "nobody has said where to put it"
    await adapter.hear(village.sink, village.state)
    assert (await brought(adapter, update)).status == 503, "the name is not known yet: Telegram brings it again"
    village.state.values["name"] = "BarazaTestBot"
    await adapter.hear(village.sink, village.state)
    assert (await brought(adapter, update)).status == 200
    assert (await village.sink.first(MessagePosted)).text.text == "Is zinc safe?"
    assert set(village.state.values) == {"name"}, "its cursors are the owner's"


def village_message() -> dict[str, Any]:
    who = {"id": 4, "is_bot": False, "first_name": "Amina"}
    chat = {"id": 4, "type": "private", "first_name": "Amina"}
    return {"message_id": 1, "date": 1772366400, "from": who, "chat": chat, "text": "Is zinc safe?"}


async def brought(adapter: TelegramAdapter, update: dict[str, Any]) -> WebReply:
    (route,) = adapter.routes()
    headers = {"x-telegram-bot-api-secret-token": SECRET}
    request = WebRequest(
        method=route.method, path=route.path, headers=headers, query={}, body=json.dumps(update).encode()
    )
    return await route.handler(request)
