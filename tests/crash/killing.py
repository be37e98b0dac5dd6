"""The program, and the moments at which it is killed."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.acceptance.program import Program, ProgramFailed
from tests.crash.town import Town

_LONGEST = 3.0
"""Seconds after which the program is killed although the awaited moment did not come."""
_LINES = ("delivery", "inbox_event_done")
_AT_ONCE = ("arrival", "letter")
"""Kinds of moments that are over when another task has its turn."""
_NOTABLE = ("error", "critical", "exception")


@dataclass
class Watched(Program):
    """Calls ``on_line`` with the name of every event the program logs, as soon as it is read."""

    on_line: Callable[[str], None] = lambda _: None
    events: Counter[str] = field(default_factory=Counter)
    later: Counter[str] = field(default_factory=Counter)
    """Sends that a platform refused for speed or for being away, by account."""
    notable: list[str] = field(default_factory=list)
    """Lines that a healthy program does not print, however often it is killed."""

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        async for raw in process.stdout:
            text = raw.decode(errors="replace").rstrip()
            self.output.append(text)
            try:
                line = json.loads(text)
            except ValueError:
                self.notable.append(text)
                continue
            event = str(line.get("event"))
            self.events[event] += 1
            if event == "delivery" and line.get("outcome") == "later":
                self.later[str(line.get("account"))] += 1
            if event == "ready":
                self._ready.set()
            if line.get("level") in _NOTABLE:
                self.notable.append(text)
            self.on_line(event)

    def die(self) -> None:
        """SIGKILL now, in the middle of whatever calls this."""
        if self.process is not None and self.process.returncode is None:
            self.process.kill()


class Killer:
    """Kills a program at chosen kinds of moments; ``kinds`` counts them."""

    def __init__(self, program: Watched, town: Town, chance: random.Random) -> None:
        self._program, self._town, self._chance = program, town, chance
        self.kinds: Counter[str] = Counter()

    async def kill_once(self, written: int) -> None:
        """Start the program, let it work until that many posts are written, wait for the moment, kill it."""
        kinds = ["starting", "moment", "line", "line", "press", "arrival", "arrival"]
        if self._town.mail is not None:
            kinds += ["mail in", "mail in", "letter", "letter"]
        kind = self._chance.choice(kinds)
        if kind == "starting":
            await self._program.spawn()
            await asyncio.sleep(self._chance.uniform(0.1, 2.0))
        else:
            await self._start()
            while len(self._town.written) < written:  # noqa: ASYNC110 - written in other tasks
                await asyncio.sleep(0.02)
            kind = await self._await_moment(kind)
        self._program.die()
        await self._program.kill()
        self.kinds[kind] += 1

    async def _start(self) -> None:
        await self._program.start(seconds=60)

    async def _await_moment(self, kind: str) -> str:
        if kind == "moment":
            await asyncio.sleep(self._chance.uniform(0.0, _LONGEST))
            return kind
        reached = asyncio.Event()
        left, delay = self._chance.randint(1, 25), self._chance.choice([0.0, 0.0, self._chance.uniform(0.0, 0.06)])
        world, mail = self._town.telegram.simulator.world, self._town.mail

        def count() -> None:
            nonlocal left
            left -= 1
            if left == 0:
                if kind in _AT_ONCE:
                    self._program.die()  # it stands in the chat, or is the mail server's; the program was not told yet
                reached.set()

        def line(event: str) -> None:
            if event in _LINES:
                count()

        if kind == "line":
            self._program.on_line = line
        elif kind == "press":
            left = 1
            self._town.on_press = count
            delay = self._chance.uniform(0.0, 0.15)
        elif kind == "mail in":
            left = self._chance.randint(1, 3)
            self._town.on_mail = count
            delay = self._chance.uniform(0.0, 0.15)
        elif kind == "letter":
            assert mail is not None
            mail.on_letter = count
        else:
            world.on_change = count
        try:
            async with asyncio.timeout(_LONGEST):
                await reached.wait()
            await asyncio.sleep(delay if kind not in _AT_ONCE else 0.0)
        except TimeoutError:
            return "moment"
        finally:
            self._program.on_line, self._town.on_press, world.on_change = _nothing_said, _nothing, _nothing
            self._town.on_mail = _nothing
            if mail is not None:
                mail.on_letter = _nothing
        return kind

    async def start_for_good(self) -> None:
        """The last start."""
        await self._start()
        if self._program.process is None or self._program.process.returncode is not None:
            raise ProgramFailed("it did not stay up")


def _nothing() -> None:
    """Nobody waits for this."""


def _nothing_said(_: str) -> None:
    """Nobody waits for this."""
