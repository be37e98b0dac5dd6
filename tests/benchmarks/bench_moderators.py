"""Four moderators, two on Telegram and two on Matrix, decide on the same items at the same time.

Counted: decisions lost, doubled, or shown differently on two cards; and the time from a press to its result on both.
"""

import asyncio
import os
import random
import re
import sqlite3
import tempfile
import time
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from bridge.adapters.loopback.people import People
from bridge.playground.botapi import BotApiSimulator
from bridge.playground.botapi.limits import Limits
from bridge.playground.matrix_user import MatrixUser
from bridge.playground.synapse import SynapseServer
from tests.acceptance.program import Program
from tests.benchmarks.common import machine, ms, percentile, table
from tests.servers import detached, free_port, started_synapse, unique

ITEMS = int(os.environ.get("BARAZA_BENCH_ITEMS", "1000"))
QUIET = int(os.environ.get("BARAZA_BENCH_QUIET", "60"))
"""Items decided one at a time, for the time from press to result."""
AT_ONCE = 40
"""Items that wait at the same time."""
CONTESTED = 0.4
"""Of the items, those that two moderators on two platforms decide in the same instant, one each way."""
_STATUS = re.compile(r"(Approved|Rejected) by (\w+)")


@dataclass
class Town:
    simulator: BotApiSimulator
    phones: People
    mods: int
    room: str
    telegram: dict[str, int]
    matrix: dict[str, MatrixUser]
    pressed: Counter[str] = field(default_factory=Counter)
    lag: list[float] = field(default_factory=list)

    def write(self, number: int) -> None:
        author = f"+25470000{number % 50:04d}"
        self.phones.writes(
            author, f"case-{number:04d}: which dose?", user=author, name=f"Nurse {number % 50}", private=True
        )

    def on_telegram(self, number: int) -> tuple[int, str]:
        """The newest card of an item there: its id and text."""
        chat = self.simulator.state.chats[str(self.mods)]
        for message in reversed(chat.messages.values()):
            text = str(message.content.get("text", ""))
            if f"case-{number:04d}" in text and message.reply_markup is not None:
                return message.message_id, text
        return 0, ""

    def on_matrix(self, number: int) -> tuple[str, str]:
        peter = next(iter(self.matrix.values()))
        found = peter.rooms[self.room].find(f"case-{number:04d}")
        return ("", "") if found is None else (found.event_id, found.body)

    async def shown(self, number: int, what: str, seconds: float = 60.0) -> None:
        """Wait until both cards say something."""
        async with asyncio.timeout(seconds):
            while what not in self.on_telegram(number)[1] or what not in self.on_matrix(number)[1]:  # noqa: ASYNC110 - far sides ring no bell
                # Of forty that wait at once, each looks seldom: looking costs more with every message there is.
                await asyncio.sleep(0.002 if number >= ITEMS else 0.1)

    async def press(self, name: str, number: int, label: str) -> None:
        message, _ = self.on_telegram(number)
        chat = self.simulator.state.chats[str(self.mods)].messages[message]
        rows = (chat.reply_markup or {}).get("inline_keyboard", [])
        text = next((b["text"] for row in rows for b in row if label in b["text"]), None)
        if text is not None:
            answer = await self.simulator.users.press(self.telegram[name], self.mods, message, text=text)
            told = str(answer.get("text", ""))
            self.pressed[re.sub(r"#\d+|\(.*\)|\d+ more.*|Ruth|Grace|Peter|Naomi", "…", told).strip()] += 1

    async def decide(self, name: str, number: int, approve: bool) -> None:
        """As somebody would on their platform: a button, a reaction or a reply."""
        if name in self.telegram:
            if approve:
                await self.press(name, number, "Approve")
            else:
                message, _ = self.on_telegram(number)
                await self.simulator.users.write(self.telegram[name], self.mods, "reject: clarity", reply_to=message)
        else:
            event, _ = self.on_matrix(number)
            user = self.matrix[name]
            if approve:
                await user.react(self.room, event, "✅")
            else:
                await user.reply(self.room, event, "reject: clarity")


async def quiet(town: Town, names: list[str]) -> None:
    """One item after the other: the time from the press to the result on both cards."""
    for number in range(ITEMS, ITEMS + QUIET):
        town.write(number)
        await town.shown(number, "waiting for a decision")
        name = names[number % len(names)]
        began = time.perf_counter()
        pressing = asyncio.create_task(town.decide(name, number, approve=True))
        await town.shown(number, f"Approved by {name}")
        town.lag.append(time.perf_counter() - began)
        await pressing


async def busy(town: Town, names: list[str], rng: random.Random) -> float:
    """All items, many at once; returns how many seconds it took."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> None:
        async with gate:
            town.write(number)
            await town.shown(number, "waiting for a decision", 300)
            if rng.random() < CONTESTED:
                pair = rng.sample(names[:2], 1) + rng.sample(names[2:], 1)
                flip = rng.random() < 0.5
                await asyncio.gather(town.decide(pair[0], number, flip), town.decide(pair[1], number, not flip))
            else:
                await town.decide(rng.choice(names), number, rng.random() < 0.7)
            await town.shown(number, "ed by ", 300)

    began = time.perf_counter()
    await asyncio.gather(*(one(number) for number in range(ITEMS)))
    return time.perf_counter() - began


def write_toml(
    directory: Path, town: Town, token: str, login: object, api_url: str, homeserver: str, chats: list[str]
) -> Path:
    for name, secret in (("telegram", token), ("matrix", getattr(login, "password", ""))):
        (directory / name).touch(mode=0o600)
        (directory / name).write_text(secret + "\n")
    ids = [f"telegram:{user}" for user in town.telegram.values()]
    ids += [f"matrix:{user.user_id}" for user in town.matrix.values()]
    groups = "".join(f'[[communities.groups]]\nchat = "{chat}"\nintake = "none"\n' for chat in chats)
    path = directory / "baraza.toml"
    path.write_text(f"""
[bridge]
database = "sqlite://baraza.db"
media = "media"
[web]
listen = "127.0.0.1:{free_port()}"
[accounts.telegram]
kind = "telegram"
token = "file:telegram"
api_url = "{api_url}"
messages_per_second = 0
group_messages_per_minute = 0
chat_interval = 0
[accounts.matrix]
kind = "matrix"
homeserver = "{homeserver}"
user_id = "{getattr(login, "user_id", "")}"
password = "file:matrix"
[accounts.sms]
kind = "loopback"
directory = "sms"
poll_interval = 0.02
[[communities]]
id = "hifa"
name = "HIFA"
moderators = ["telegram:{town.mods}", "matrix:{town.room}"]
moderator_ids = {ids!r}
undo_seconds = 0
[[communities.rules]]
if = "all"
then = "hold"
{groups}""")
    return path


async def measure(synapse: SynapseServer) -> None:
    async with AsyncExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="baraza-bench-")))
        simulator = await stack.enter_async_context(BotApiSimulator(limits=Limits.unlimited()))
        users = simulator.users
        bot = await users.create_bot("mods_bot", "Baraza", privacy=False)
        telegram = {name: await users.create_user(name, "Moderator") for name in ("Grace", "Ruth")}
        matrix: dict[str, MatrixUser] = {}
        for name in ("Peter", "Naomi"):
            login = await synapse.register(unique(name.lower()), displayname=name)
            matrix[name] = await stack.enter_async_context(MatrixUser(synapse.url, login.user_id, login.access_token))
        baraza = await synapse.register(unique("baraza"), displayname="Baraza")
        peter, naomi = matrix["Peter"], matrix["Naomi"]
        grace, ruth = telegram["Grace"], telegram["Ruth"]
        mods = await users.create_group("Moderators", grace, supergroup=True, members=[bot["id"], ruth])
        kenya = await users.create_group("Kenya", grace, supergroup=True, members=[bot["id"]])
        room = await peter.create_room("Moderators", invite=[baraza.user_id, naomi.user_id])
        health = await peter.create_room("Health", invite=[baraza.user_id])
        await naomi.join(room)
        town = Town(simulator, People(directory / "sms"), mods, room, telegram, matrix)
        chats = [f"telegram:{kenya}", f"matrix:{health}", "sms:phones"]
        program = Program(write_toml(directory, town, bot["token"], baraza, simulator.url, synapse.url, chats))
        await program.start(seconds=60)
        stack.push_async_callback(program.stop)
        names = [*telegram, *matrix]
        await quiet(town, names)
        seconds = await busy(town, names, random.Random(20261124))
        await asyncio.sleep(5)
        different = 0
        for number in range(ITEMS):
            here, there = _STATUS.search(town.on_telegram(number)[1]), _STATUS.search(town.on_matrix(number)[1])
            different += here is None or there is None or here.groups() != there.groups()
        await program.stop()
        report(directory / "baraza.db", town, seconds, different)


def report(path: Path, town: Town, seconds: float, different: int) -> None:
    database = sqlite3.connect(path)
    states = dict(database.execute("SELECT state, count(*) FROM review GROUP BY state").fetchall())
    posts = database.execute("SELECT count(*), count(DISTINCT submission_id) FROM post").fetchone()
    lines = database.execute(
        "SELECT count(*), count(DISTINCT review_id) FROM decision WHERE action IN ('approve', 'reject')"
    ).fetchone()
    groups = database.execute(
        "SELECT count(*) FROM delivery WHERE kind = 'post' AND operation = 'send' AND state = 'delivered'"
    ).fetchone()[0]
    table(
        f"{ITEMS + QUIET} items, 4 moderators on 2 platforms ({machine()})",
        ("what", "figure"),
        [
            ("decided in a rush", f"{ITEMS} in {seconds:.0f} s"),
            ("states", str(states)),
            ("decisions lost (still held)", states.get("held", 0)),
            ("decisions doubled", lines[0] - lines[1] + posts[0] - posts[1]),
            ("posts / approvals / arrivals in 3 groups each", f"{posts[0]} / {states.get('approved', 0)} / {groups}"),
            ("shown differently on two cards", different),
            ("answers to presses", str(dict(town.pressed.most_common(6)))),
            ("press to result on both cards, ms: p50", ms(percentile(town.lag, 0.5))),
            ("p99", ms(percentile(town.lag, 0.99))),
        ],
    )


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="baraza-bench-synapse-") as name:
        synapse = started_synapse(Path(name))
        try:
            asyncio.run(measure(synapse))
        finally:
            detached(synapse.stop)


if __name__ == "__main__":
    main()
