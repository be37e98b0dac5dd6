"""The program by its command line, against the strict simulator and a real Synapse."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from io import BytesIO
from pathlib import Path

import aiohttp
import pytest
from PIL import Image

from bridge.playground.botapi import BotApiSimulator
from bridge.playground.matrix_user import MatrixUser
from bridge.playground.synapse import SynapseServer
from tests.acceptance.program import Matrix, Program, Telegram, command, populate, running, write_config
from tests.acceptance.world import until
from tests.servers import unique


@pytest.fixture
async def telegram() -> AsyncIterator[Telegram]:
    async with BotApiSimulator() as simulator:
        yield await populate(simulator)


@pytest.fixture
async def matrix(synapse: SynapseServer, matrix_user: Callable[[str], Awaitable[MatrixUser]]) -> Matrix:
    bot = await synapse.register(unique("baraza"), displayname="Baraza")
    fatima, peter = await matrix_user("Fatima"), await matrix_user("Peter")
    power = {"users": {bot.user_id: 50}}
    room = await peter.create_room("Health room", invite=[bot.user_id, fatima.user_id], power_levels=power)
    await fatima.join(room)
    mods = await peter.create_room("Moderators", invite=[bot.user_id])
    return Matrix(url=synapse.url, bot=bot, fatima=fatima, peter=peter, room=room, mods=mods)


async def joined(matrix: Matrix) -> None:
    """Wait for the bot to be in the room: what is written before that is history, not a post."""
    bot = matrix.bot.user_id

    def there(user: MatrixUser) -> bool:
        member = user.rooms[matrix.room].members.get(bot)
        return member is not None and member.membership == "join"

    await matrix.fatima.wait_for(there)


async def test_from_telegram_to_everywhere(tmp_path: Path, telegram: Telegram, matrix: Matrix) -> None:
    config, phone = write_config(tmp_path, telegram=telegram, matrix=matrix)
    async with running(config) as program:
        original = await telegram.users.write(telegram.amina, telegram.kenya, "Is misoprostol safe at home?")
        card = await telegram.find(telegram.grace, telegram.mods, "waiting for a decision")
        assert "Is misoprostol safe at home?" in card["text"]
        await telegram.find(telegram.amina, telegram.bot, "is with the moderators")
        assert original not in [m["id"] for m in await telegram.messages(telegram.amina, telegram.kenya)]
        item = await matrix.peter.wait_for(lambda u: u.rooms[matrix.mods].find("waiting for a decision"))
        assert "Is misoprostol safe at home?" in item.body
        answer = await telegram.press(telegram.grace, telegram.mods, "#1", "Approve")
        assert answer["text"] == "Done."
        post = await telegram.find(telegram.daniel, telegram.uganda, "Is misoprostol safe at home?")
        assert "HIFA profile: Amina Okello" in post["text"]
        await telegram.find(telegram.amina, telegram.kenya, "Is misoprostol safe at home?")
        arrived = await matrix.fatima.wait_for(lambda u: u.rooms[matrix.room].find("Is misoprostol safe at home?"))
        assert "HIFA profile: Amina Okello" in arrived.body
        await until(lambda: phone.sent())
        assert phone.sent()[0]["text"] == "HIFA #1 Amina Okello: Is misoprostol safe at home?"
        await telegram.find(telegram.grace, telegram.mods, "Arrived in 4 of 4 groups")
        await matrix.peter.wait_for(lambda u: u.rooms[matrix.mods].find("Arrived in 4 of 4 groups"))
        assert await program.stop() == 0


async def test_from_matrix_decided_by_a_reaction(tmp_path: Path, telegram: Telegram, matrix: Matrix) -> None:
    config, _ = write_config(tmp_path, telegram=telegram, matrix=matrix)
    async with running(config):
        await joined(matrix)
        original = await matrix.fatima.send_text(matrix.room, "Fever in a **baby**?", "Fever in a <b>baby</b>?")
        card = await matrix.peter.wait_for(lambda u: u.rooms[matrix.mods].find("waiting for a decision"))

        def offered(user: MatrixUser) -> bool:
            item = user.rooms[matrix.mods].item(card.event_id)
            return item is not None and "✅" in item.reactions

        await matrix.peter.wait_for(offered)
        await matrix.fatima.wait_for(lambda u: u.rooms[matrix.room].item(original) is None)
        await matrix.peter.react(matrix.mods, card.event_id, "✅")
        post = await telegram.find(telegram.daniel, telegram.uganda, "Fever in a baby?")
        bold = [post["text"][e["offset"] : e["offset"] + e["length"]] for e in post["entities"] if e["type"] == "bold"]
        assert "baby" in bold
        back = await matrix.fatima.wait_for(lambda u: u.rooms[matrix.room].find("HIFA #1"))
        assert "<strong>baby</strong>" in (back.html or "") or "<b>baby</b>" in (back.html or "")
        await telegram.find(telegram.grace, telegram.mods, "Approved by Peter")


async def test_matrix_moderator_rejects_by_reply(tmp_path: Path, telegram: Telegram, matrix: Matrix) -> None:
    config, _ = write_config(tmp_path, telegram=telegram, matrix=matrix)
    async with running(config):
        await telegram.users.write(telegram.amina, telegram.bot, "Cheap phones here")
        card = await matrix.peter.wait_for(lambda u: u.rooms[matrix.mods].find("waiting for a decision"))
        await matrix.peter.reply(matrix.mods, card.event_id, "reject advertising")
        await telegram.find(telegram.amina, telegram.bot, "was not published because it advertises something")
        await telegram.find(telegram.grace, telegram.mods, "Rejected by Peter")
        assert not [m for m in await telegram.messages(telegram.daniel, telegram.uganda) if "phones" in m["text"]]


async def test_a_member_who_never_started_the_bot_is_answered_in_the_group(tmp_path: Path, telegram: Telegram) -> None:
    config, _ = write_config(tmp_path, telegram=telegram)
    async with running(config):
        await telegram.users.write(telegram.daniel, telegram.uganda, "Which dose?")
        reply = await telegram.find(telegram.daniel, telegram.uganda, "your message is with the moderators")
        assert reply["buttons"][0][0]["url"].startswith("https://t.me/BarazaTestBot?start=")
        await telegram.users.start(telegram.daniel, telegram.bot, "hifa")
        await telegram.find(telegram.daniel, telegram.bot, "with the moderators")


async def test_health_ready_and_metrics(tmp_path: Path, telegram: Telegram) -> None:
    config, _ = write_config(tmp_path, telegram=telegram)
    listen = next(line for line in config.read_text().splitlines() if line.startswith("listen")).split('"')[1]
    async with running(config), aiohttp.ClientSession() as http:
        async with http.get(f"http://{listen}/healthz") as answer:
            assert answer.status == 200
        async with http.get(f"http://{listen}/readyz") as answer:
            body = await answer.json()
            assert answer.status == 200, body
            assert body["accounts"]["telegram"]["connected"] is True
        async with http.get(f"http://{listen}/metrics") as answer:
            assert "baraza_deliveries{" in await answer.text()


async def test_status_deliveries_and_check(tmp_path: Path, telegram: Telegram, matrix: Matrix) -> None:
    config, _ = write_config(tmp_path, telegram=telegram, matrix=matrix)
    async with running(config):
        await telegram.users.write(telegram.amina, telegram.kenya, "Hello")
        await telegram.press(telegram.grace, telegram.mods, "waiting for a decision", "Approve")
        await telegram.find(telegram.grace, telegram.mods, "Arrived in 4 of 4 groups")
        status, output = await command(config, "status")
        assert status == 0, output
        status, output = await command(config, "deliveries", "--post", "1")
        assert status == 0, output
        assert output.count("delivered") >= 4
    status, output = await command(config, "check")
    assert status == 0, output
    assert "ERROR" not in output


async def test_a_second_program_on_the_same_database_is_refused(tmp_path: Path, telegram: Telegram) -> None:
    config, _ = write_config(tmp_path, telegram=telegram)
    async with running(config):
        status, output = await command(config, "run")
        assert status == 1
        assert "already running" in output
        assert "Traceback" not in output


@pytest.mark.parametrize("damage", ["a folder", "random bytes"])
async def test_a_database_that_is_none_is_said_plainly(tmp_path: Path, telegram: Telegram, damage: str) -> None:
    config, _ = write_config(tmp_path, telegram=telegram)
    if damage == "a folder":
        (tmp_path / "baraza.db").mkdir()
    else:
        (tmp_path / "baraza.db").write_bytes(b"not a database, whatever its name says " * 200)
    async with asyncio.timeout(20):
        status, output = await command(config, "run")
    assert status == 1, output
    assert "baraza.db" in output
    assert "Traceback" not in output


async def test_a_wrong_token_is_said_plainly(tmp_path: Path, telegram: Telegram) -> None:
    config, _ = write_config(tmp_path, telegram=telegram)
    (tmp_path / "secrets" / "telegram").write_text("12345:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n")
    status, output = await command(config, "check")
    assert status == 1
    assert "token" in output
    assert "AAAAAAAA" not in output
    program = Program(config)
    await program.spawn()
    async with asyncio.timeout(20):
        while not any("account_refused" in line for line in program.output):  # noqa: ASYNC110 - lines, no event
            await asyncio.sleep(0.05)
    assert not any("AAAAAAAA" in line for line in program.output)
    assert await program.stop() == 0


async def test_by_webhook_instead_of_polling(tmp_path: Path, telegram: Telegram) -> None:
    secret = tmp_path / "secrets" / "hook"
    config, _ = write_config(
        tmp_path, telegram=telegram, telegram_options='updates = "webhook"\nwebhook_secret = "file:secrets/hook"'
    )
    secret.touch(mode=0o600)
    secret.write_text("a-secret-that-telegram-sends-back\n")
    text = config.read_text()
    listen = text.split('listen = "')[1].split('"')[0]
    config.write_text(text.replace("[web]", f'[web]\npublic_url = "http://{listen}"'))
    async with running(config), aiohttp.ClientSession() as http:
        url = f"http://{listen}/webhook/telegram/telegram"
        async with http.post(url, json={"update_id": 1}) as answer:
            assert answer.status == 403
        await telegram.users.write(telegram.amina, telegram.bot, "By webhook")
        await telegram.press(telegram.grace, telegram.mods, "By webhook", "Approve")
        await telegram.find(telegram.daniel, telegram.uganda, "By webhook")


def _photo() -> bytes:
    """A JPEG that says where it was taken."""
    image = Image.new("RGB", (640, 480), (20, 120, 60))
    exif = image.getexif()
    exif[0x010E] = "taken at home"
    exif.get_ifd(0x8825)[1] = "N"
    file = BytesIO()
    image.save(file, "JPEG", exif=exif)
    return file.getvalue()


async def test_a_photo_from_telegram_reaches_matrix_without_its_metadata(
    tmp_path: Path, telegram: Telegram, matrix: Matrix
) -> None:
    config, phone = write_config(tmp_path, telegram=telegram, matrix=matrix)
    async with running(config):
        await telegram.users.send_file(telegram.amina, telegram.kenya, "photo", _photo(), caption="The clinic's fridge")
        exhibit = await matrix.peter.wait_for(
            lambda u: next((i for i in u.rooms[matrix.mods].timeline if i.media is not None), None)
        )
        assert exhibit.media is not None
        seen = await matrix.peter.download(exhibit.media.mxc)
        assert not Image.open(BytesIO(seen)).getexif()
        await telegram.press(telegram.grace, telegram.mods, "waiting for a decision", "Approve")
        post = await matrix.fatima.wait_for(lambda u: u.rooms[matrix.room].find("The clinic's fridge"))
        assert post.kind == "m.image"
        assert "HIFA profile: Amina Okello" in post.body
        back = await telegram.find(telegram.daniel, telegram.uganda, "The clinic's fridge")
        assert [media["kind"] for media in back["media"]] == ["photo"]
        await until(lambda: phone.sent())
        assert "[photo, " in str(phone.sent()[0]["text"])


async def test_a_document_from_matrix_reaches_telegram(tmp_path: Path, telegram: Telegram, matrix: Matrix) -> None:
    config, _ = write_config(tmp_path, telegram=telegram, matrix=matrix)
    async with running(config):
        await matrix.fatima.wait_for(
            lambda u: (
                matrix.bot.user_id in [n for n, m in u.rooms[matrix.room].members.items() if m.membership == "join"]
            )
        )
        pdf = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
        await matrix.fatima.send_file(
            matrix.room, pdf, filename="dosing table.pdf", mimetype="application/pdf", caption="Please read"
        )
        await telegram.press(telegram.grace, telegram.mods, "waiting for a decision", "Approve")
        post = await telegram.find(telegram.daniel, telegram.uganda, "Please read")
        assert [(m["kind"], m["file_name"]) for m in post["media"]] == [("document", "dosing table.pdf")]


async def test_a_poll_arrives_as_a_poll(tmp_path: Path, telegram: Telegram, matrix: Matrix) -> None:
    config, _ = write_config(tmp_path, telegram=telegram, matrix=matrix)
    async with running(config):
        await telegram.users.send_other(
            telegram.amina, telegram.kenya, "poll", {"question": "Which dose?", "options": ["200", "400"]}
        )
        await telegram.press(telegram.grace, telegram.mods, "[poll: Which dose?", "Approve")
        await matrix.fatima.wait_for(lambda u: u.rooms[matrix.room].find("Which dose?\n1. 200\n2. 400"))
