"""What breaks harms one lane: the others go on, everything ends, and the card says how. docs/faults.md is the table."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bridge.adapters.loopback.adapter import LoopbackAdapter
from bridge.adapters.telegram.request import Timeouts
from bridge.core.ports import Outgoing, SendOutcome
from bridge.delivery import calling
from bridge.playground.botapi import BotApiSimulator
from bridge.playground.botapi.limits import Limits
from tests.acceptance.line import Line, line_to
from tests.acceptance.program import Telegram, populate
from tests.acceptance.world import World, readiness, until
from tests.servers import free_port

TELEGRAM = """
[accounts.telegram]
kind = "telegram"
token = "file:token"
api_url = "{url}"
messages_per_second = 0
group_messages_per_minute = 0
chat_interval = 0
"""
GREETINGS = 4
"""What the bot says there by itself: a welcome, and a word to each group that nobody has connected."""


@pytest.fixture
async def telegram() -> AsyncIterator[Telegram]:
    async with BotApiSimulator(limits=Limits.unlimited()) as simulator:
        yield await populate(simulator)


@pytest.fixture
async def line(telegram: Telegram) -> AsyncIterator[Line]:
    async with line_to(int(telegram.simulator.url.rpartition(":")[2])) as line:
        yield line


def town(directory: Path, telegram: Telegram, url: str, database: str = "sqlite://baraza.db") -> World:
    """Moderators and two groups on the invented network, telephones, and one group on Telegram behind a line."""
    world = World(directory, free_port(), database=database)
    (directory / "token").touch(0o600)
    (directory / "token").write_text(telegram.token)
    group = f'[[communities.groups]]\nchat = "telegram:{telegram.kenya}"\nintake = "copy"\n'
    text = world.path.read_text().replace("[[communities]]", TELEGRAM.format(url=url) + "\n[[communities]]", 1)
    world.path.write_text(text + group)
    return world


def said(telegram: Telegram) -> int:
    """Messages of the bot there so far."""
    chats = telegram.simulator.state.chats.values()
    return sum(m.sender_id == telegram.bot for chat in chats for m in chat.messages.values())


async def approved(world: World, text: str = "Is zinc safe?") -> None:
    """Somebody's post is approved, and stands in the groups where nothing is wrong, at once."""
    number = len({m.text.partition(" ·")[0] for m in world.chat.shown("mods") if m.text.startswith("HIFA #")}) + 1
    world.chat.writes("amina", text, user="amina", name="Amina", private=True)
    await until(lambda: world.card(number))
    world.press("Approve", by="grace", number=number)
    await until(lambda: [t for t in world.texts("uganda") if text in t], 5)
    await until(lambda: [t for t in world.texts("kenya") if text in t], 5)
    await until(lambda: [t for t in world.texts("phones", world.sms) if text in t], 5)


def in_telegram(telegram: Telegram, text: str = "Is zinc safe?") -> int:
    """How often it stands in the group there."""
    messages = telegram.simulator.state.chats[str(telegram.kenya)].messages.values()
    return sum(text in str(m.content.get("text", "")) for m in messages if m.sender_id == telegram.bot)


async def test_a_storm_of_429(tmp_path: Path, telegram: Telegram, line: Line) -> None:
    world = town(tmp_path, telegram, line.url)
    async with world.bridge():
        await until(lambda: said(telegram) >= GREETINGS)
        telegram.simulator.faults.fail_next("sendMessage", 429, times=4, retry_after=1)
        await approved(world)
        assert in_telegram(telegram) == 0
        await until(lambda: "trying again" in world.card_text(), 5)
        assert "3 of 4" in world.card_text()
        await until(lambda: "Arrived in 4 of 4" in world.card_text())
    assert in_telegram(telegram) == 1


@pytest.mark.parametrize(
    "fault",
    [
        500,
        pytest.param(502, marks=pytest.mark.crash),
        "drop_after",
        pytest.param("drop_before", marks=pytest.mark.crash),
    ],
)
async def test_what_may_have_arrived_stands_on_the_card(
    tmp_path: Path, telegram: Telegram, line: Line, fault: int | str
) -> None:
    """An error of the server, a line that breaks after or while the request is sent: a person decides, once."""
    world = town(tmp_path, telegram, line.url)
    async with world.bridge():
        await until(lambda: said(telegram) >= GREETINGS)
        telegram.simulator.faults.fail_next("sendMessage", fault)
        await approved(world)
        await until(lambda: any("It is there" in label for label in world.labels()))
        assert "may have arrived" in world.card_text()
        there = in_telegram(telegram)
        assert there == (fault == "drop_after")
        world.press("It is there" if there else "Send again", by="grace")
        await until(lambda: "Arrived in 4 of 4" in world.card_text())
    assert in_telegram(telegram) == 1


async def test_a_line_that_takes_everything_and_answers_nothing(
    tmp_path: Path, telegram: Telegram, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    defaults = Timeouts.__init__.__kwdefaults__
    assert defaults is not None
    monkeypatch.setitem(defaults, "read", 1.0)
    world = town(tmp_path, telegram, line.url)
    async with world.bridge():
        await until(lambda: said(telegram) >= GREETINGS)
        line.silent = True
        await approved(world)
        await until(lambda: any("It is there" in label for label in world.labels()))
        line.silent = False
        line.cut()
        assert in_telegram(telegram) == 1, "it went there, and nobody was told"
        world.press("It is there", by="grace")
        await until(lambda: "Arrived in 4 of 4" in world.card_text())
        await approved(world, "And for a child of two?")
        await until(lambda: in_telegram(telegram, "And for a child of two?"))


async def test_a_slow_line_carries_all_the_same(tmp_path: Path, telegram: Telegram, line: Line) -> None:
    world = town(tmp_path, telegram, line.url)
    async with world.bridge():
        await until(lambda: said(telegram) >= GREETINGS)
        line.delay = 0.7
        await approved(world)
        assert in_telegram(telegram) == 0
        await until(lambda: "Arrived in 4 of 4" in world.card_text())
    assert in_telegram(telegram) == 1


@pytest.mark.crash
async def test_nobody_at_the_other_end_for_a_while(tmp_path: Path, telegram: Telegram, line: Line) -> None:
    world = town(tmp_path, telegram, line.url)
    async with world.bridge():
        await until(lambda: said(telegram) >= GREETINGS)
        await line.close()
        await approved(world)
        await until(lambda: "3 of 4" in world.card_text())
        assert not any("Send again" in label for label in world.labels()), "it is certain that it was not sent"
        await line.open()
        await until(lambda: "Arrived in 4 of 4" in world.card_text(), 60)
    assert in_telegram(telegram) == 1


async def test_a_name_that_leads_nowhere(tmp_path: Path, telegram: Telegram) -> None:
    world = town(tmp_path, telegram, "http://telegram.invalid:8081")
    async with world.bridge(patience=1.0):
        await approved(world)
        await until(lambda: "3 of 4" in world.card_text() or "On its way" in world.card_text())
        status, body = await readiness(world)
        assert status == 503
        assert body["accounts"]["telegram"]["connected"] is False
        assert body["database"] is True


@pytest.mark.parametrize("how", [pytest.param("raises", marks=pytest.mark.crash), "hangs"])
async def test_an_adapter_with_a_defect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    """Whatever it does to one chat, the other chats of the same account do not wait; the key keeps it from doubling."""
    whole, monkey = LoopbackAdapter.send, {"broken": True}

    async def send(self: LoopbackAdapter, outgoing: Outgoing, key: str) -> SendOutcome:
        if outgoing.chat == "kenya" and monkey["broken"]:
            if how == "raises":
                raise RuntimeError("defect")
            await asyncio.Event().wait()
        return await whole(self, outgoing, key)

    monkeypatch.setattr(LoopbackAdapter, "send", send)
    monkeypatch.setattr(calling, "SEND_TIMEOUT", 1.0)
    world = World(tmp_path, free_port())
    async with world.bridge():
        world.chat.writes("amina", "Is zinc safe?", user="amina", name="Amina", private=True)
        await until(world.card)
        world.press("Approve", by="grace")
        await until(lambda: [t for t in world.texts("uganda") if "zinc" in t])
        await until(lambda: "2 of 3" in world.card_text())
        await until(lambda: "trying again" in world.card_text())
        monkey["broken"] = False
        await until(lambda: "Arrived in 3 of 3" in world.card_text(), 20)
        assert sum("zinc" in text for text in world.texts("kenya")) == 1
