"""A whole bridge over the invented network: one process, real storage, real worker, no platform."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from bridge import app, config
from bridge.adapters.loopback.people import Message, People
from tests.acceptance.tables import begin_with_tables

CONFIG = """
[bridge]
database = "{database}"
media = "media"
language = "en"

[web]
listen = "127.0.0.1:{port}"

[accounts.chat]
kind = "loopback"
directory = "chat"
thin = false
poll_interval = 0.02

[accounts.sms]
kind = "loopback"
directory = "sms"
thin = true
poll_interval = 0.02

[[communities]]
id = "hifa"
name = "HIFA"
moderators = ["chat:mods"]
moderator_ids = ["chat:grace", "chat:peter"]
undo_seconds = 0
{options}

[[communities.groups]]
chat = "chat:kenya"
intake = "hold"
[[communities.groups]]
chat = "chat:uganda"
intake = "copy"
[[communities.groups]]
chat = "sms:phones"
intake = "none"
"""


async def until(condition: Callable[[], object], seconds: float = 15.0) -> None:
    """Wait for something to become true; what it is waiting for is in the traceback."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - the network is a folder: nothing rings when it changes
            await asyncio.sleep(0.02)


class World:
    """The people and their devices around one bridge."""

    def __init__(self, directory: Path, port: int, database: str = "sqlite://baraza.db", options: str = "") -> None:
        self.directory = directory
        self.chat = People(directory / "chat")
        self.sms = People(directory / "sms")
        self.path = directory / "baraza.toml"
        self.path.write_text(CONFIG.format(port=port, database=database, options=options))
        self.port = port

    @asynccontextmanager
    async def bridge(self, patience: float = 20.0) -> AsyncIterator[None]:
        """The program, running until the block ends. ``patience``: seconds to wait until all accounts are there."""
        await self.with_tables()
        ready = asyncio.Event()
        task = asyncio.create_task(app.run(config.load(self.path), ready=ready.set))
        waiting = asyncio.create_task(ready.wait())
        await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED, timeout=patience)
        if task.done():
            waiting.cancel()
            task.result()
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def with_tables(self) -> None:
        """Begin with a copy of an empty, migrated database."""
        await begin_with_tables(self.path)

    def card(self, number: int = 1, chat: str = "mods") -> Message | None:
        """The newest card of an item."""
        cards = [m for m in self.chat.shown(chat) if not m.user and m.text.startswith(f"HIFA #{number} ·")]
        return cards[-1] if cards else None

    def card_text(self, number: int = 1) -> str:
        """What the newest card of an item says; empty where there is none yet."""
        card = self.card(number)
        return "" if card is None else card.text

    def labels(self, number: int = 1) -> list[str]:
        """The buttons of the newest card."""
        card = self.card(number)
        return [] if card is None else [label for label, _ in card.buttons]

    def press(self, label: str, *, by: str, number: int = 1) -> str:
        """Press the button of a card whose label contains a word."""
        card = self.card(number)
        assert card is not None
        handle = next(handle for text, handle in card.buttons if label in text)
        return self.chat.does(chat="mods", user=by, name=by.title(), press=handle, message=card.id)

    def texts(self, chat: str, people: People | None = None) -> list[str]:
        """What the bot has written in a chat, as it stands now."""
        return [m.text for m in (people or self.chat).shown(chat) if not m.user]


async def readiness(world: World) -> tuple[int, dict[str, Any]]:
    """What /readyz answers."""
    async with aiohttp.ClientSession() as http, http.get(f"http://127.0.0.1:{world.port}/readyz") as answer:
        return answer.status, await answer.json()
