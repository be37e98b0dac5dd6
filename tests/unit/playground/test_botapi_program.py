"""The simulator beside other programs: python-telegram-bot, the users' side over HTTP, restarts."""

import asyncio
import base64
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import telegram.error
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup

from bridge.playground.botapi import BotApiSimulator, Limits
from bridge.playground.botapi.files import grey_png
from bridge.playground.botapi.persistence import dump, load
from tests.unit.playground.conftest import Client, Town


@pytest.fixture
async def library(town: Town) -> AsyncIterator[Bot]:
    url = town.simulator.url
    async with Bot(town.bot.token, base_url=f"{url}/bot", base_file_url=f"{url}/file/bot") as bot:
        yield bot


async def test_python_telegram_bot_holds_a_conversation(town: Town, library: Bot) -> None:
    assert (await library.get_me()).username == "baraza_bot"
    await town.users.send_file(town.brian, town.group, "photo", grey_png(200, 100), caption="rash?")
    [update] = await library.get_updates(timeout=5)
    assert update.message is not None
    assert update.message.caption == "rash?"
    file = await library.get_file(update.message.photo[-1].file_id)
    assert bytes(await file.download_as_bytearray()) == grey_png(200, 100)
    keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("Approve", callback_data="a:1")]])
    card = await library.send_photo(town.group, grey_png(200, 100), caption="card", reply_markup=keyboard)
    press = asyncio.create_task(town.users.press(town.amina, town.group, card.message_id, text="Approve"))
    [update] = await library.get_updates(offset=update.update_id + 1, timeout=5)
    assert update.callback_query is not None
    await update.callback_query.answer("Done")
    await update.callback_query.edit_message_caption("approved")
    assert (await press)["text"] == "Done"
    assert await library.set_my_commands([("help", "What I do")])
    document = await library.send_document(town.amina, b"%PDF-1.4", filename="guide.pdf")
    assert document.document is not None
    assert document.document.file_name == "guide.pdf"
    assert (await library.get_chat(town.group)).title == "Kisumu"
    assert {m.user.id for m in await library.get_chat_administrators(town.group)} == {town.amina, town.bot_id}


async def test_python_telegram_bot_understands_the_refusals(
    town: Town, library: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PTB_TIMEDELTA", "true")  # the library warns about `retry_after` as a number
    with pytest.raises(telegram.error.Forbidden):
        await library.send_message(town.brian, "x")
    new_id = await town.users.migrate(town.basic)
    with pytest.raises(telegram.error.ChatMigrated) as migrated:
        await library.send_message(town.basic, "x")
    assert migrated.value.new_chat_id == new_id
    town.simulator.limits = Limits()
    await library.send_message(town.group, "x")
    with pytest.raises(telegram.error.RetryAfter):
        await library.send_message(town.group, "x")
    town.simulator.fail_next("sendMessage", "drop_after")
    with pytest.raises(telegram.error.NetworkError):
        await library.send_message(town.amina, "x")


async def post(session: aiohttp.ClientSession, url: str, operation: str, **arguments: Any) -> Any:
    async with session.post(f"{url}/_users/{operation}", json=arguments) as response:
        body = await response.json()
        assert response.status == 200, body
        return body["result"]


async def test_the_users_side_over_http(town: Town) -> None:
    session, url = town.session, town.simulator.url
    cara = await post(session, url, "create_user", first_name="Cara")
    await post(session, url, "add_member", chat_id=town.group, user_id=cara)
    data = base64.b64encode(grey_png(120, 120)).decode()
    version = await post(session, url, "version")
    await post(session, url, "send_file", user_id=cara, chat_id=town.group, kind="photo", data=data)
    assert await post(session, url, "wait", since=version) > version
    view = await post(session, url, "view", user_id=town.brian, chat_id=town.group)
    media = view["messages"][-1]["media"][0]
    async with session.get(f"{url}/_users/file/{media['file']}") as response:
        assert await response.read() == grey_png(120, 120)
    assert [c["title"] for c in await post(session, url, "chats", user_id=cara)] == ["Kisumu"]
    async with session.post(f"{url}/_users/write", json={"user_id": cara, "txet": "x"}) as response:
        assert response.status == 400
    async with session.post(f"{url}/_users/state") as response:
        assert response.status == 404
    async with session.post(f"{url}/_control/fail_next", json={"method": "getMe", "fault": 500}) as response:
        assert response.status == 200
    assert (await town.bot.refused("getMe")).code == 500


async def test_waiting_pages_wake_up(town: Town) -> None:
    version = await town.users.version()
    page = asyncio.create_task(town.users.wait(version, 30))
    await town.users.write(town.brian, town.group, "x")
    async with asyncio.timeout(5):
        assert await page > version
    now = await town.users.version()
    assert await town.users.wait(now, 0.01) == now


async def test_stored_state_is_whole(town: Town) -> None:
    await town.users.send_file(town.brian, town.group, "photo", grey_png(200, 100), caption="look")
    await town.bot("setMyCommands", commands=[{"command": "help", "description": "x"}])
    restored = load(dump(town.simulator.state))
    restored.blobs = town.simulator.state.blobs
    assert restored == town.simulator.state


@asynccontextmanager
async def program(*arguments: str) -> AsyncIterator[str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bridge.playground.botapi", *arguments, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(30):
            yield (await process.stdout.readline()).decode().strip()
    finally:
        process.terminate()
        assert await process.wait() == 0


async def test_the_program_keeps_everything_over_a_restart(tmp_path: Path) -> None:
    arguments = ("--listen", "127.0.0.1:0", "--state", str(tmp_path / "telegram.json"), "--unlimited")
    async with aiohttp.ClientSession() as session:
        async with program(*arguments) as url:
            made = await post(session, url, "create_bot", username="baraza_bot", privacy=False)
            amina = await post(session, url, "create_user", first_name="Amina")
            group = await post(session, url, "create_group", title="G", owner_id=amina, members=[made["id"]])
            first = await post(session, url, "write", user_id=amina, chat_id=group, text="before")
            bot = Client(session, url, made["token"])
            photo = await bot("sendPhoto", chat_id=group, photo=grey_png(200, 100))
            pending = await bot("getUpdates")
        async with program(*arguments) as url:
            bot = Client(session, url, made["token"])
            assert await bot("getUpdates") == pending
            file = await bot("getFile", file_id=photo["photo"][-1]["file_id"])
            async with session.get(f"{url}/file/bot{made['token']}/{file['file_path']}") as response:
                assert await response.read() == grey_png(200, 100)
            second = await post(session, url, "write", user_id=amina, chat_id=group, text="after")
            assert second == first + 2
            view = await post(session, url, "view", user_id=amina, chat_id=group)
            assert [m["text"] for m in view["messages"] if m["text"]] == ["before", "after"]


async def test_a_state_file_of_another_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "telegram.json"
    path.write_text('{"format": 99}')
    with pytest.raises(ValueError, match="another format"):
        BotApiSimulator(state_file=path)
