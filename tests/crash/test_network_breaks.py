"""The network breaks between a program and PostgreSQL: packets vanish, and nobody is told. Then it heals, or is cut."""

import asyncio
import random
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
import pytest

from bridge.playground.botapi import BotApiSimulator
from bridge.playground.botapi.errors import ApiError
from bridge.playground.botapi.limits import Limits
from bridge.playground.botapi.state import Message
from tests.acceptance.line import Line, line_to
from tests.acceptance.program import Telegram, populate, write_config
from tests.acceptance.tables import begin_with_tables
from tests.acceptance.test_sharing import ARRIVED, HANDED_OVER, Partner, eventually
from tests.acceptance.world import until
from tests.crash.town import labels_of, text_of
from tests.servers import free_port

pytestmark = [pytest.mark.crash, pytest.mark.timeout(240)]

LEASE = 5.0
"""Seconds after which a program that cannot renew its lease says nothing more."""
ENDS = 13.0
"""Seconds until the network is there again."""
FAST = "messages_per_second = 0\ngroup_messages_per_minute = 0\nchat_interval = 0"
_CALL = re.compile(rb"/bot[^/]+/(\w+)")


class Town:
    """Telegram, a phone, and programs. The first reaches PostgreSQL by a line that breaks, and Telegram by its own."""

    def __init__(self, directory: Path, telegram: Telegram, database: str, line: Line, calls: Line) -> None:
        self.telegram, self.database = telegram, database
        self.line, self.calls_line = line, calls
        calls.watch = self.see
        self.config, self.phone = write_config(directory, telegram=telegram, database=database, telegram_options=FAST)
        broken = re.sub(r":\d+/", f":{line.port}/", database)
        self.behind = self._program("behind", broken, calls.url)
        self.direct = self._program("direct", database, telegram.simulator.url)
        self.admin: Any = None
        self.broke_at = 0.0
        self.calls: list[tuple[float, str]] = []
        """When the program behind the line asked something of Telegram, and what."""
        self.posts = 0

    def _program(self, name: str, database: str, telegram: str) -> Partner:
        text = self.config.read_text().replace(self.database, database).replace(self.telegram.simulator.url, telegram)
        text = text.replace('then = "hold"', 'then = "approve"')
        path = self.config.with_name(f"{name}.toml")
        path.write_text(re.sub(r'listen = ".*"', f'listen = "127.0.0.1:{free_port()}"', text))
        return Partner(path)

    def see(self, piece: bytes) -> None:
        self.calls += [(time.monotonic(), name.decode()) for name in _CALL.findall(piece)]

    def break_(self) -> None:
        self.line.break_()
        self.broke_at = self.broke_at or time.monotonic()

    async def passes(self, seconds: float) -> None:
        """Until that long after the network broke."""
        await asyncio.sleep(max(0.0, self.broke_at + seconds - time.monotonic()))

    def heal(self, how: str) -> None:
        if how == "cut":
            self.line.cut()
        self.line.heal()

    async def write(self) -> None:
        """A post of somebody new: it is published by itself."""
        self.posts += 1
        t, name = self.telegram, f"Member {self.posts}"
        author = await t.users.create_user(name, "", f"member{self.posts}")
        await t.users.add_member(t.kenya, author, by=t.grace)
        await t.users.write(author, t.kenya, f"Question number {self.posts:04} about zinc")

    def _messages(self, chat: int) -> list[Message]:
        return [
            message
            for message in self.telegram.simulator.state.chats[str(chat)].messages.values()
            if message.sender_id == self.telegram.bot
        ]

    def copies(self) -> list[tuple[int, ...]]:
        """How often each post stands in each group it was to go to."""
        shown = [[text_of(m) for m in self._messages(chat)] for chat in (self.telegram.kenya, self.telegram.uganda)]
        shown.append([str(line["text"]) for line in self.phone.sent() if line.get("op") == "send"])
        return [
            tuple(sum(f"number {number:04} about" in text for text in texts) for texts in shown)
            for number in range(1, self.posts + 1)
        ]

    async def arrives(self) -> None:
        """Until the newest post is everywhere."""
        await until(lambda: all(self.copies()[-1]), ARRIVED)

    def doubted(self) -> list[Message]:
        """The cards that ask a moderator what is there."""
        return [
            message
            for message in self._messages(self.telegram.mods)
            if any("It is there" in label for label in labels_of(message))
        ]

    async def settle(self) -> None:
        """A moderator looks, and says what is there, until nothing is asked any more."""
        groups = {"CHW Kenya": self.telegram.kenya, "Midwives Uganda": self.telegram.uganda}
        async with asyncio.timeout(ARRIVED):
            while await self.uncertain() or self.doubted():
                for card in self.doubted():
                    number = re.search(r"number \d{4} about", text_of(card))
                    assert number is not None
                    for title, chat in groups.items():
                        stands = any(number[0] in text_of(message) for message in self._messages(chat))
                        label = f"{'It is there' if stands else 'Send again'}: {title}"
                        for shown in [shown for shown in labels_of(card) if label in shown]:
                            await self._press(card, shown)
                await asyncio.sleep(0.3)  # the card changes

    async def _press(self, card: Message, shown: str) -> None:
        with suppress(ApiError):  # it has changed under the finger
            await self.telegram.users.press(self.telegram.grace, self.telegram.mods, card.message_id, text=shown)

    async def has(self, program: Partner, *leases: str) -> bool:
        rows = await self.admin.fetch("SELECT name, holder FROM lease WHERE until > clock_timestamp()")
        return {*leases} <= {row["name"] for row in rows if f":{program.pid}:" in row["holder"]}

    async def uncertain(self) -> int:
        return int(await self.admin.fetchval("SELECT count(*) FROM delivery WHERE state = 'uncertain'"))

    async def is_whole(self) -> None:
        """Every post once in every group, and nothing left over or asked."""
        await self.arrives()
        unfinished = "SELECT count(*) FROM delivery WHERE state IN ('planned', 'attempting', 'in_doubt', 'uncertain')"
        unread = "SELECT count(*) FROM inbox WHERE state <> 'done'"
        await eventually(lambda: self.admin.fetchval(f"SELECT ({unfinished}) + ({unread})"), 0, ARRIVED)
        assert self.copies() == [(1, 1, 1)] * self.posts
        assert not self.doubted()


@pytest.fixture
async def telegram() -> AsyncIterator[Telegram]:
    async with BotApiSimulator(limits=Limits.unlimited()) as simulator:
        yield await populate(simulator)


@pytest.fixture
async def here(tmp_path: Path, telegram: Telegram, postgres: str) -> AsyncIterator[Town]:
    async with line_to(_port(postgres)) as line, line_to(_port(telegram.simulator.url)) as calls:
        town = Town(tmp_path, telegram, postgres, line, calls)
        await begin_with_tables(town.config)
        town.admin = await asyncpg.connect(postgres)  # type: ignore[no-untyped-call]  # asyncpg left it bare
        yield town
        await town.admin.close()
        for program in (town.behind, town.direct):
            print("-----", *program.output[-80:], sep="\n")
            if program.process is not None:
                await program.kill()


def _port(url: str) -> int:
    found = re.search(r":(\d+)(/|$)", url)
    assert found is not None
    return int(found[1])


async def ready(program: Partner) -> int:
    """What /readyz answers, which must not take long whatever happens."""
    wait = aiohttp.ClientTimeout(total=9)
    address = f"http://127.0.0.1:{program.port}/readyz"
    async with aiohttp.ClientSession(timeout=wait) as http, http.get(address) as answer:
        return answer.status


def break_while_a_post_is_sent(here: Town) -> None:
    """Telegram has the call, and what it answers cannot be written down."""

    def see(piece: bytes) -> None:
        here.see(piece)
        if b"0002" in piece and str(here.telegram.uganda).encode() in piece and not here.broke_at:
            here.break_()

    here.calls_line.watch = see


def break_while_something_is_committed(here: Town) -> None:
    """The server has the order to commit, and its answer does not come."""
    left = random.randint(1, 25)
    print(f"the network breaks at commit {left}")

    def see(piece: bytes) -> None:
        nonlocal left
        left -= piece.count(b"COMMIT;")
        if left <= 0 and not here.broke_at:
            here.break_()

    here.line.watch = see


@pytest.mark.parametrize(
    ("breaks", "how"),
    [
        (break_while_a_post_is_sent, "heals"),
        (break_while_a_post_is_sent, "cut"),
        (break_while_something_is_committed, "heals"),
        (break_while_something_is_committed, "cut"),
    ],
)
async def test_another_goes_on_and_the_one_behind_it_says_nothing(
    here: Town, breaks: Callable[[Town], None], how: str
) -> None:
    await here.direct.start()
    await here.behind.start()
    await eventually(lambda: here.has(here.behind, "account:telegram"), True, 15)
    assert await here.has(here.direct, "account:sms", "intake")
    breaks(here)
    for _ in range(4):
        await here.write()
    await until(lambda: here.broke_at)
    await here.write()
    await eventually(lambda: here.has(here.direct, "account:telegram"), True, HANDED_OVER)
    assert time.monotonic() - here.broke_at < HANDED_OVER
    if breaks is break_while_a_post_is_sent:
        await until(here.doubted)
        assert await here.uncertain() == 1
        if how == "cut":  # else what the program behind the line knows settles it, when it can be written down
            await here.settle()
    await here.arrives()
    assert (await ready(here.direct), await ready(here.behind)) == (200, 503)
    await here.passes(ENDS)
    assert [name for at, name in here.calls if at > here.broke_at + LEASE] == []
    here.heal(how)
    await eventually(lambda: ready(here.behind), 200, 30)
    await eventually(lambda: here.has(here.behind, "account:telegram"), True, 30)
    await here.write()
    await here.arrives()
    if breaks is break_while_a_post_is_sent:
        await until(lambda: not here.doubted(), ARRIVED)
    else:
        await here.settle()
    await here.is_whole()
    assert any(at > here.broke_at + ENDS for at, _ in here.calls), "it has its part again"


@pytest.mark.parametrize("how", ["heals", "cut"])
async def test_one_alone_waits_and_goes_on(here: Town, how: str) -> None:
    await here.behind.start()
    break_while_something_is_committed(here)
    for _ in range(3):
        await here.write()
    await until(lambda: here.broke_at)
    await here.write()
    await eventually(lambda: ready(here.behind), 503, 10)
    await here.passes(ENDS)
    assert [name for at, name in here.calls if at > here.broke_at + LEASE] == []
    here.heal(how)
    await eventually(lambda: ready(here.behind), 200, 30)
    await here.write()
    await here.arrives()
    await here.settle()
    await here.is_whole()
