"""A village on the strict simulator, and an adapter that serves it."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bridge.adapters.telegram.adapter import TelegramAdapter
from bridge.adapters.telegram.settings import Settings
from bridge.core.ids import AccountId, ChatId
from bridge.core.message import Attachment, AttachmentKind, Content
from bridge.core.ports import AdapterContext, LocalFile, Outgoing
from bridge.playground.botapi import BotApiSimulator, Limits
from tests.contract.harness import MemoryState, RecordingSink, wait_for

TOKEN = "700100:unit-test-token"
BOT = 700100
ACCOUNT = AccountId("telegram")


class StepClock:
    """Stands still but for sleeps, which take no time; every sleep is noted. A test may hold the sleepers."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
        self.slept: list[float] = []
        self.awake = asyncio.Event()
        self.awake.set()

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return self.time.timestamp()

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += timedelta(seconds=seconds)
        await self.awake.wait()
        await asyncio.sleep(0)


@dataclass
class Village:
    """A supergroup with Amina in it and the bot as its administrator; Amina has started the bot."""

    simulator: BotApiSimulator
    owner: int
    amina: int
    group: int
    directory: Path
    clock: StepClock = field(default_factory=StepClock)
    state: MemoryState = field(default_factory=MemoryState)

    def __post_init__(self) -> None:
        self.sink = RecordingSink(self.state)

    def settings(self, **more: Any) -> Settings:
        return Settings.model_validate({"kind": "telegram", "token": TOKEN, "api_url": self.simulator.url, **more})

    def adapter(self, public_url: str = "", **more: Any) -> TelegramAdapter:
        context = AdapterContext(account=ACCOUNT, clock=self.clock, public_url=public_url)
        return TelegramAdapter(self.settings(**more), context)

    def attachment(self, data: bytes, kind: AttachmentKind, name: str) -> Attachment:
        digest = hashlib.sha256(data).hexdigest()
        (self.directory / digest).write_bytes(data)
        mime = "image/png" if kind is AttachmentKind.PHOTO else "text/plain"
        return Attachment(sha256=digest, kind=kind, mime=mime, size=len(data), name=name)

    def outgoing(self, adapter: TelegramAdapter, content: Content, chat: int | str | None = None) -> Outgoing:
        where = ChatId(str(chat or self.group))
        files = tuple(LocalFile(attachment=a, path=self.directory / a.sha256) for a in content.attachments)
        return Outgoing(chat=where, payload=adapter.to_payload(where, content), files=files)

    async def shown(self, chat: int | None = None) -> list[dict[str, Any]]:
        view = await self.simulator.users.view(self.amina, chat or self.group)
        return [message for message in view["messages"] if not message["service"]]

    def pending(self) -> list[int]:
        """Ids of the updates that Telegram still holds for the bot."""
        return [update["update_id"] for update in self.simulator.world.queue(BOT).pending]

    async def polled(self) -> None:
        """Wait until a long poll waits at Telegram."""
        await wait_for(lambda: BOT in self.simulator.world._polls)

    async def interrupt(self) -> None:
        """End the long poll that waits at Telegram with a 409, so that the next call comes at once."""
        await self.polled()
        self.simulator.world.end_poll(BOT, "terminated by other getUpdates request")

    def settle(self) -> None:
        """Forget what happened so far: no update of it arrives."""
        self.simulator.world.confirm(BOT, self.simulator.world.queue(BOT).next_id)


@pytest.fixture
async def village(tmp_path: Path) -> AsyncIterator[Village]:
    async with BotApiSimulator(limits=Limits.unlimited(), webhook_retry_seconds=0.05) as simulator:
        users = simulator.users
        await users.create_bot("our_bot", token=TOKEN, privacy=False)
        owner = await users.create_user("Owner")
        amina = await users.create_user("Amina", username="amina")
        group = await users.create_group("Village", owner, supergroup=True, members=[amina, BOT])
        await users.promote(group, BOT)
        await users.start(amina, BOT)
        place = Village(simulator, owner, amina, group, tmp_path)
        place.settle()
        yield place


@pytest.fixture
async def adapter(village: Village) -> AsyncIterator[TelegramAdapter]:
    made = village.adapter()
    await made.start(village.sink, village.state)
    yield made
    await made.stop()
