"""By SMS through the whole program: post, card, approval, headline on another phone, GET, MORE, answer, STOP."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from bridge.core.gsm import segments
from bridge.core.states import ArrivalState, DeliveryState
from bridge.storage.models import Delivery, Identity
from bridge.storage.models_handover import Handover
from tests.acceptance.world import World, until
from tests.servers import free_port
from tests.sms_gateways import SECRET, AfricasTalkingStub, GatewayStub, KannelStub

AMINA, JOAO = "+256772123456", "+254711234567"
ACCOUNT = """
[accounts.phone]
kind = "sms"
preset = "{preset}"
country = "UG"
secret = "env:SMS_SECRET"
password = "env:SMS_PASSWORD"
url = "{url}"
username = "{username}"
sender = "{sender}"
callback_url = "http://127.0.0.1:{port}"
per_second = 200
quiet_hours = ""
price = "KES 0.80"
{more}
"""


class Town:
    """A bridge with a gateway, and telephones behind it."""

    def __init__(self, directory: Path, stub: GatewayStub, more: str = "") -> None:
        self.stub, self._more = stub, more
        self.world = World(directory, free_port())
        self._count = 0

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Town"]:
        self.stub.callback = f"http://127.0.0.1:{self.world.port}/sms/phone"
        await self.stub.start()
        settings = self.stub.settings()
        given = {name: settings[name] for name in ("preset", "url", "username", "sender")}
        text = ACCOUNT.format(port=self.world.port, more=self._more, **given)
        with self.world.path.open("a", encoding="utf-8") as file:
            file.write(text)
        try:
            async with self.world.bridge():
                yield self
        finally:
            await self.stub.stop()

    def writes(self, number: str, text: str) -> None:
        self._count += 1
        self.stub.hand_over(self.stub.writes(number, text, f"mo-{self._count}"))

    def phone(self, number: str) -> list[str]:
        return [each.text for each in self.stub.taken if each.to == number]

    def has(self, number: str, count: int) -> bool:
        return len(self.phone(number)) >= count

    async def hears(self, number: str, words: str) -> str:
        await until(lambda: any(words in text for text in self.phone(number)))
        return next(text for text in self.phone(number) if words in text)

    async def says(self, number: str, text: str, answer: str) -> str:
        """Write, and wait for a new answer with those words."""
        known = len(self.phone(number))
        self.writes(number, text)
        await until(lambda: any(answer in each for each in self.phone(number)[known:]))
        return next(each for each in self.phone(number)[known:] if answer in each)


def secrets(monkeypatch: pytest.MonkeyPatch, stub: GatewayStub) -> None:
    monkeypatch.setenv("SMS_SECRET", SECRET)
    monkeypatch.setenv("SMS_PASSWORD", str(stub.settings()["password"]))


LONG = (
    "Misoprostol at home: which dose? No protocol; some give 400, some 600 mcg. "
    + "We have had four women this month who bled after the birth, and the clinic is two hours away. " * 9
)


async def test_a_day_by_sms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stub = KannelStub()
    secrets(monkeypatch, stub)
    async with Town(tmp_path, stub).open() as town:
        world = town.world
        await town.says(JOAO, "JOIN", "You are now a member of HIFA")
        await town.says(JOAO, "IMMEDIATE", "")
        town.writes(AMINA, LONG)
        await until(lambda: world.card())
        card = world.card()
        assert card is not None
        assert "Misoprostol at home" in card.text
        world.press("Approve", by="grace")
        pushed = await town.hears(JOAO, "HIFA #1")
        assert segments(pushed).count == 1
        assert not [text for text in [*world.texts("kenya"), pushed] if AMINA[1:] in text], "a number was published"
        assert pushed.endswith("All: GET 1. Reply: 1 + text")
        assert "Misoprostol at home: which dose?" in pushed
        # the whole of it, a page at a time
        page = await town.says(JOAO, "GET 1", "[MORE]")
        assert segments(page).count <= 3
        rest = await town.says(JOAO, "more", "two hours away")
        assert segments(rest).count <= 3
        await town.says(JOAO, "GET 1 PHOTO", "#1 has no photo and no file.")
        await town.says(JOAO, "aide", "GET 12")
        # an answer by number
        town.writes(JOAO, "1 We give 600 mcg")
        await until(lambda: world.card(2))
        answer = world.card(2)
        assert answer is not None
        assert "We give 600 mcg" in answer.text
        assert "1 We give" not in answer.text
        # what arrived is known
        copy = await Delivery.filter(kind="copy", state=DeliveryState.DELIVERED).first()
        assert copy is not None
        taken = next(each for each in stub.taken if each.text == pushed)
        for arrival in ("delivered", "sent", "delivered"):  # late, twice, in the wrong order
            stub.hand_over(stub.reports(taken, arrival))
        row = await Handover.get(delivery_id=copy.id)
        async with asyncio.timeout(10):
            while row.arrival != ArrivalState.DELIVERED:
                await asyncio.sleep(0.02)
                await row.refresh_from_db()
        assert (row.channel, row.segments, row.currency, row.cost) == ("sms", 1, "KES", 800_000)
        # STOP
        town.writes(JOAO, "Stop")
        await town.hears(JOAO, "I write to you no more")
        identity = await Identity.get(account="phone", user=JOAO)
        assert identity.stopped_at is not None
        known = len(town.phone(JOAO))
        world.press("Approve", by="grace", number=2)
        await until(lambda: "Approved by Grace" in world.card_text(2))
        await until(lambda: any("#2" in text for text in world.texts("kenya")))
        # who asked is told of the answer, though she reads nothing else
        told = await town.hears(AMINA, "HIFA #2 Re #1")
        assert segments(told).count == 1
        assert "We give 600 mcg" in told
        assert len(town.phone(JOAO)) == known
        assert not stub.refused


async def test_the_month_is_over_when_its_money_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stub = AfricasTalkingStub()
    secrets(monkeypatch, stub)
    async with Town(tmp_path, stub, more='monthly_cap = "KES 2.40"').open() as town:
        for number in range(4):
            town.writes(JOAO, f"HELP{' ' * number}")
            if number < 3:
                await until(partial(town.has, JOAO, number + 1))
        await until(lambda: any("is used up, so nothing more is sent" in text for text in town.world.texts("mods")))
        assert any("most of the month's money" in text for text in town.world.texts("mods"))
        assert len(town.phone(JOAO)) == 3
        assert await Delivery.filter(account="phone", state=DeliveryState.PLANNED).count() == 1
        assert await Handover.filter(account="phone").count() == 3


async def test_a_raised_cap_counts_after_a_restart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stub = AfricasTalkingStub()
    secrets(monkeypatch, stub)
    town = Town(tmp_path, stub, more='monthly_cap = "KES 0.80"')
    async with town.open():
        town.writes(JOAO, "HELP")
        await until(partial(town.has, JOAO, 1))
        town.writes(JOAO, "HELP ")
        await until(lambda: any("is used up, so nothing more is sent" in text for text in town.world.texts("mods")))
        assert len(town.phone(JOAO)) == 1
    text = town.world.path.read_text(encoding="utf-8")
    town.world.path.write_text(text.replace('_cap = "KES 0.80"', '_cap = "KES 80"'))
    await stub.start()
    try:
        async with town.world.bridge():
            await until(partial(town.has, JOAO, 2))  # what waited
            town.writes(AMINA, "HELP")
            await until(partial(town.has, AMINA, 1))
    finally:
        await stub.stop()
