"""The real program as a subprocess, and the platforms around it: the strict simulator, a real Synapse, a phone."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from bridge.adapters.loopback.people import People
from bridge.playground.botapi import BotApiSimulator, UsersSide
from bridge.playground.matrix_user import MatrixUser
from bridge.playground.synapse import MatrixLogin
from tests.acceptance.tables import begin_with_tables
from tests.servers import free_port

ROOT = Path(__file__).parents[2]


class ProgramFailed(AssertionError):
    """The program ended, or never became ready; its output is in the message."""


@dataclass
class Program:
    """``baraza run`` with one config file; started, stopped and killed at will."""

    config: Path
    arguments: ClassVar[tuple[str, ...]] = ()
    root: ClassVar[Path] = ROOT
    """Where its code is."""
    process: asyncio.subprocess.Process | None = None
    output: list[str] = field(default_factory=list)
    _reader: asyncio.Task[None] | None = None
    _ready: asyncio.Event = field(default_factory=asyncio.Event)

    async def start(self, *, seconds: float = 60.0) -> None:
        """Start and wait for the line ``ready``."""
        await self.spawn()
        await self.until_ready(seconds)

    async def spawn(self) -> None:
        """Start without waiting; where there is no database yet, with one that has its tables."""
        self._ready.clear()
        await self._begin()
        self.process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bridge",
            "--config",
            str(self.config),
            "run",
            "--log-format",
            "json",
            *self.arguments,
            cwd=self.root,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, "PYTHONWARNINGS": "default"},
        )
        self._reader = asyncio.create_task(self._read(self.process))

    async def _begin(self) -> None:
        await begin_with_tables(self.config)

    async def until_ready(self, seconds: float = 60.0) -> None:
        assert self.process is not None
        waiting = asyncio.create_task(self._ready.wait())
        ended = asyncio.create_task(self.process.wait())
        await asyncio.wait({waiting, ended}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        ended.cancel()
        if not self._ready.is_set():
            raise ProgramFailed("not ready:\n" + "\n".join(self.output[-40:]))

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        async for raw in process.stdout:
            line = raw.decode(errors="replace").rstrip()
            self.output.append(line)
            if '"ready"' in line and '"event"' in line:
                self._ready.set()

    async def stop(self) -> int:
        """SIGTERM, and the exit status."""
        return await self._end(signal.SIGTERM)

    async def kill(self) -> int:
        """SIGKILL: nothing gets to say goodbye."""
        return await self._end(signal.SIGKILL)

    async def _end(self, how: signal.Signals) -> int:
        assert self.process is not None
        if self.process.returncode is None:
            self.process.send_signal(how)
        async with asyncio.timeout(20):
            status = await self.process.wait()
            if self._reader is not None:
                await self._reader
        return status


async def command(config: Path, *arguments: str) -> tuple[int, str]:
    """Another command of the program: its exit status and all it printed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bridge",
        "--config",
        str(config),
        *arguments,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "COLUMNS": "200"},
    )
    output, _ = await process.communicate()
    return process.returncode or 0, output.decode()


@dataclass(kw_only=True)
class Telegram:
    """The people on the simulator."""

    simulator: BotApiSimulator
    token: str
    bot: int
    amina: int
    daniel: int
    grace: int
    kenya: int
    uganda: int
    mods: int

    @property
    def users(self) -> UsersSide:
        return self.simulator.users

    async def messages(self, user: int, chat: int) -> list[dict[str, Any]]:
        shown: list[dict[str, Any]] = (await self.users.view(user, chat))["messages"]
        return shown

    async def find(self, user: int, chat: int, text: str, *, seconds: float = 20.0) -> dict[str, Any]:
        """The newest message that contains a text, waiting for it to appear."""
        async with asyncio.timeout(seconds):
            while True:
                version = await self.users.version()
                message: dict[str, Any]
                for message in reversed(await self.messages(user, chat)):
                    if text in str(message["text"]):
                        return message
                await self.users.wait(version, 5.0)

    async def press(self, user: int, chat: int, text: str, label: str) -> dict[str, Any]:
        """Press the button whose label contains ``label`` on the newest message that contains ``text``."""
        message = await self.find(user, chat, text)
        shown = next(b["text"] for row in message["buttons"] for b in row if label in b["text"])
        answer: dict[str, Any] = await self.users.press(user, chat, message["id"], text=shown)
        return answer


async def populate(simulator: BotApiSimulator) -> Telegram:
    """A bot, three people, two groups and the moderators' group."""
    users = simulator.users
    bot = await users.create_bot("BarazaTestBot", "Baraza", privacy=False)
    amina = await users.create_user("Amina", "Okello", "amina")
    daniel = await users.create_user("Daniel", "Mwangi")
    grace = await users.create_user("Grace", "Moderator", "grace")
    kenya = await users.create_group("CHW Kenya", grace, supergroup=True, members=[amina, bot["id"]])
    uganda = await users.create_group("Midwives Uganda", grace, supergroup=True, members=[daniel, bot["id"]])
    mods = await users.create_group("Moderators", grace, supergroup=True, members=[bot["id"]])
    for chat in (kenya, uganda, mods):
        await users.promote(chat, bot["id"])
    await users.start(amina, bot["id"])
    return Telegram(
        simulator=simulator,
        token=bot["token"],
        bot=bot["id"],
        amina=amina,
        daniel=daniel,
        grace=grace,
        kenya=kenya,
        uganda=uganda,
        mods=mods,
    )


@dataclass(kw_only=True)
class Matrix:
    """The people on Synapse."""

    url: str
    bot: MatrixLogin
    fatima: MatrixUser
    peter: MatrixUser
    room: str
    mods: str


def write_config(
    directory: Path,
    *,
    telegram: Telegram | None = None,
    matrix: Matrix | None = None,
    database: str = "sqlite://baraza.db",
    telegram_options: str = "",
    mail: Sequence[str] = (),
) -> tuple[Path, People]:
    """A config file with whichever platforms are there, and the phone. Returns it and the phone's network.

    ``mail``: the lines of an account of that name.
    """
    (directory / "secrets").mkdir(mode=0o700, parents=True, exist_ok=True)
    lines = [
        "[bridge]",
        f'database = "{database}"',
        'media = "media"',
        "[web]",
        f'listen = "127.0.0.1:{free_port()}"',
        "[accounts.sms]",
        'kind = "loopback"',
        'directory = "sms"',
        "poll_interval = 0.05",
    ]
    moderators, ids = [], []
    groups = [("sms:phones", "none")]
    if telegram is not None:
        _secret(directory / "secrets" / "telegram", telegram.token)
        lines += [
            "[accounts.telegram]",
            'kind = "telegram"',
            'token = "file:secrets/telegram"',
            f'api_url = "{telegram.simulator.url}"',
            telegram_options,
        ]
        moderators.append(f"telegram:{telegram.mods}")
        ids.append(f"telegram:{telegram.grace}")
        groups += [(f"telegram:{telegram.kenya}", "hold"), (f"telegram:{telegram.uganda}", "copy")]
    if matrix is not None:
        _secret(directory / "secrets" / "matrix", matrix.bot.password)
        lines += [
            "[accounts.matrix]",
            'kind = "matrix"',
            f'homeserver = "{matrix.url}"',
            f'user_id = "{matrix.bot.user_id}"',
            'password = "file:secrets/matrix"',
        ]
        moderators.append(f"matrix:{matrix.mods}")
        ids.append(f"matrix:{matrix.peter.user_id}")
        groups.append((f"matrix:{matrix.room}", "hold"))
    lines += [
        *mail,
        "[[communities]]",
        'id = "hifa"',
        'name = "HIFA"',
        f"moderators = {moderators!r}",
        f"moderator_ids = {ids!r}",
        "undo_seconds = 0",
        *(['inboxes = ["mail:hifa"]'] if mail else []),
        # Nobody is told that they write too much: hundreds of posts are written here in minutes.
        "[[communities.rules]]",
        'if = "all"',
        'then = "hold"',
    ]
    for chat, intake in groups:
        lines += ["[[communities.groups]]", f'chat = "{chat}"', f'intake = "{intake}"']
    path = directory / "baraza.toml"
    path.write_text("\n".join(lines) + "\n")
    return path, People(directory / "sms")


def _secret(path: Path, value: str) -> None:
    path.touch(mode=0o600)
    path.write_text(value + "\n")


@asynccontextmanager
async def running(config: Path) -> AsyncIterator[Program]:
    """The program, started and stopped again."""
    program = Program(config)
    await program.start()
    try:
        yield program
    except BaseException:
        print("\n".join(program.output[-60:]))
        raise
    finally:
        await program.stop()
