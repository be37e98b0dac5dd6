"""From a moderator's press to the arrival everywhere: 10 Telegram groups, 10 Matrix rooms and a phone.

``BARAZA_BENCH_CHATS=25`` for fifty groups. No post is written before the one before it has arrived everywhere and its
card says so: the same as five a minute, without the pauses.

Beside the bridge runs the floor (see bare_loop.py), in groups and rooms of its own: the same calls by the same
libraries without inbox, moderation or ledger. Posts of the two alternate.
"""

import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from bridge.adapters.loopback.people import People
from bridge.playground.botapi import BotApiSimulator
from bridge.playground.botapi.limits import Limits
from bridge.playground.matrix_user import MatrixUser
from bridge.playground.synapse import MatrixLogin, SynapseServer
from tests.acceptance.program import Program
from tests.benchmarks.common import TEXT, machine, ms, percentile, table
from tests.servers import detached, free_port, started_synapse, unique

CHATS = int(os.environ.get("BARAZA_BENCH_CHATS", "10"))
"""On each of the two platforms."""
POSTS = int(os.environ.get("BARAZA_BENCH_POSTS", "30"))
PLACES = ("telegram", "matrix", "phone")


@dataclass(kw_only=True)
class Side:
    """One of the two that are compared: its bot, its chats, and when things arrived there."""

    name: str
    bot: int
    token: str
    login: MatrixLogin
    mods: int
    groups: list[int]
    rooms: list[str]
    phone: Path
    arrived: dict[str, list[list[float]]] = field(default_factory=lambda: {place: [] for place in PLACES})
    """By platform: for every post the seconds after the press, one for each chat."""


class Town:
    """The people around both sides."""

    def __init__(self, simulator: BotApiSimulator, fatima: MatrixUser, grace: int, amina: int) -> None:
        self.simulator, self.fatima, self.grace, self.amina = simulator, fatima, grace, amina

    async def found(self, name: str, synapse: SynapseServer, directory: Path) -> Side:
        """Make a side's bot, groups and rooms."""
        users = self.simulator.users
        bot = await users.create_bot(f"{name}_bot", name, privacy=False)
        login = await synapse.register(unique(name.lower()), displayname=name)
        groups = [
            await users.create_group(f"{name} {n}", self.grace, supergroup=True, members=[bot["id"]])
            for n in range(CHATS)
        ]
        mods = await users.create_group(f"{name} moderators", self.grace, supergroup=True, members=[bot["id"]])
        await users.start(self.amina, bot["id"])
        await users.start(self.grace, bot["id"])
        rooms = [await self.fatima.create_room(f"{name} {n}", invite=[login.user_id]) for n in range(CHATS)]
        async with MatrixUser(synapse.url, login.user_id, login.access_token) as joiner:
            for room in rooms:
                await joiner.join(room)
        phone = directory / f"{name}-phone"
        phone.mkdir()
        return Side(
            name=name,
            bot=bot["id"],
            token=bot["token"],
            login=login,
            mods=mods,
            groups=groups,
            rooms=rooms,
            phone=phone,
        )

    async def card(self, side: Side, words: str, status: str) -> tuple[int, str]:
        """Wait for the moderators' message that has these words: its id and the label of its first button."""
        chat = self.simulator.state.chats[str(side.mods)]
        while True:
            version = await self.simulator.users.version()
            for message in reversed(chat.messages.values()):
                text = str(message.content.get("text", ""))
                if words in text and status in text:
                    rows = (message.reply_markup or {}).get("inline_keyboard", [])
                    return message.message_id, str(rows[0][0]["text"]) if rows else ""
            await self.simulator.users.wait(version, 20.0)

    async def press_and_watch(self, side: Side, message: int, label: str, words: str) -> None:
        """Press, and note when the post stood in every chat."""
        began = time.perf_counter()
        press = asyncio.create_task(self.simulator.users.press(self.grace, side.mods, message, text=label))
        async with asyncio.timeout(60):
            times = await asyncio.gather(
                self._on_telegram(side, words, began),
                self._on_matrix(side, words, began),
                self._on_phone(side, words, began),
            )
        await press
        for place, seconds in zip(PLACES, times, strict=True):
            side.arrived[place].append(seconds)

    async def _on_telegram(self, side: Side, words: str, began: float) -> list[float]:
        chats = {group: self.simulator.state.chats[str(group)] for group in side.groups}
        seen: dict[int, float] = {}
        done = asyncio.Event()
        world = self.simulator.world

        def look() -> None:
            for group, chat in chats.items():
                if group not in seen and words in str(next(reversed(chat.messages.values())).content.get("text", "")):
                    seen[group] = time.perf_counter() - began
            if len(seen) == len(chats):
                done.set()

        world.on_change = look
        try:
            await done.wait()
        finally:
            world.on_change = lambda: None
        return list(seen.values())

    async def _on_matrix(self, side: Side, words: str, began: float) -> list[float]:
        seen: dict[str, float] = {}

        def look(fatima: MatrixUser) -> bool:
            for room in side.rooms:
                last = next(reversed(fatima.rooms[room]._messages.values()), {})
                if room not in seen and words in str(last.get("content", {}).get("body", "")):
                    seen[room] = time.perf_counter() - began
            return len(seen) == len(side.rooms)

        await self.fatima.wait_for(look, 60)
        return list(seen.values())

    async def _on_phone(self, side: Side, words: str, began: float) -> list[float]:
        path = side.phone / "outbox.jsonl"
        while not path.exists() or words not in path.read_text():  # noqa: ASYNC110 - a file: nothing rings
            await asyncio.sleep(0.002)
        return [time.perf_counter() - began]


def write_toml(side: Side, directory: Path, api_url: str, homeserver: str, grace: int) -> Path:
    chats = [f"telegram:{group}" for group in side.groups] + [f"matrix:{room}" for room in side.rooms] + ["sms:phones"]
    groups = "".join(f'[[communities.groups]]\nchat = "{chat}"\nintake = "none"\n' for chat in chats)
    for name, secret in (("telegram", side.token), ("matrix", side.login.password)):
        (directory / name).touch(mode=0o600)
        (directory / name).write_text(secret + "\n")
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
user_id = "{side.login.user_id}"
password = "file:matrix"
[accounts.sms]
kind = "loopback"
directory = "{side.phone}"
[[communities]]
id = "hifa"
name = "HIFA"
moderators = ["telegram:{side.mods}"]
moderator_ids = ["telegram:{grace}"]
undo_seconds = 0
[[communities.rules]]
if = "all"
then = "hold"
{groups}""")
    return path


async def measure(synapse: SynapseServer) -> tuple[Side, Side]:
    async with AsyncExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="baraza-bench-")))
        simulator = await stack.enter_async_context(BotApiSimulator(limits=Limits.unlimited()))
        login = await synapse.register(unique("fatima"), displayname="Fatima")
        fatima = await stack.enter_async_context(MatrixUser(synapse.url, login.user_id, login.access_token))
        users = simulator.users
        town = Town(
            simulator, fatima, await users.create_user("Grace", "Moderator"), await users.create_user("Amina", "Okello")
        )
        ours = await town.found("Bridge", synapse, directory)
        bare = await town.found("Bare", synapse, directory)
        program = Program(write_toml(ours, directory, simulator.url, synapse.url, town.grace))
        await program.start(seconds=60)
        stack.push_async_callback(program.stop)
        People(bare.phone)
        settings = {
            "token": bare.token,
            "api_url": simulator.url,
            "homeserver": synapse.url,
            "user": bare.login.user_id,
            "access_token": bare.login.access_token,
            "mods": bare.mods,
            "groups": bare.groups,
            "rooms": bare.rooms,
            "phone": str(bare.phone),
        }
        loop = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.benchmarks.bare_loop",
            json.dumps(settings),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert loop.stdin is not None
        assert loop.stdout is not None
        stack.callback(loop.kill)
        assert (await loop.stdout.readline()).strip() == b"ready"
        # Cards of whoever writes much let those of others go first: nobody here writes more than four times.
        authors = [await users.create_user("Author", str(n)) for n in range(POSTS // 4 + 1)]
        for author in authors:
            await users.start(author, ours.bot)
        for number in range(POSTS):
            words = f"case-{number:04d}"
            loop.stdin.write(f"{words}: {TEXT}\n".encode())
            message, label = await town.card(bare, words, "waiting")
            await town.press_and_watch(bare, message, label, words)
            await users.write(authors[number // 4], ours.bot, f"{words}: {TEXT}")
            message, label = await town.card(ours, words, "waiting for a decision")
            await town.press_and_watch(ours, message, label, words)
            await town.card(ours, words, f"Arrived in {2 * CHATS + 1} of {2 * CHATS + 1}")
        return ours, bare


def lines(name: str, ours: Sequence[float], bare: Sequence[float]) -> tuple[object, ...]:
    a, b = statistics.median(ours), statistics.median(bare)
    return (name, ms(a), ms(percentile(ours, 0.99)), ms(b), ms(percentile(bare, 0.99)), f"{a / b:.1f}")


def main() -> None:
    about = machine()
    with tempfile.TemporaryDirectory(prefix="baraza-bench-synapse-") as name:
        synapse = started_synapse(Path(name))
        try:
            ours, bare = asyncio.run(measure(synapse))
        finally:
            detached(synapse.stop)
    rows = []
    for place in PLACES:
        a, b = ours.arrived[place], bare.arrived[place]
        if place != "phone":
            rows.append(lines(f"{place}, first of {CHATS}", [min(x) for x in a], [min(x) for x in b]))
        rows.append(lines(f"{place}, last of {len(a[0])}", [max(x) for x in a], [max(x) for x in b]))
    every = [[max(max(side.arrived[p][n]) for p in PLACES) for n in range(POSTS)] for side in (ours, bare)]
    rows.append(lines("everywhere", every[0], every[1]))
    table(
        f"Press to arrival in ms, {POSTS} posts, interleaved ({about})",
        ("where", "p50", "p99", "floor p50", "floor p99", "ratio of p50"),
        rows,
    )


if __name__ == "__main__":
    main()
