"""A small town on the simulator, and a client that holds every exchange against an independent schema."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from bridge.playground.botapi import BotApiSimulator, Limits, UsersSide
from tests.unit.playground import schema


class FakeClock:
    """A clock that moves only when told to; starts in November 2026."""

    def __init__(self) -> None:
        self.now = 1_795_000_000.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


@dataclass(frozen=True)
class Refusal:
    """A refused call."""

    code: int
    description: str
    parameters: dict[str, Any]


class Client:
    """Calls methods of one bot over HTTP."""

    def __init__(self, session: aiohttp.ClientSession, url: str, token: str) -> None:
        self._session = session
        self.url = url
        self.token = token

    async def raw(self, method: str, parameters: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Return HTTP status and body; parameters of type bytes are uploaded."""
        address = f"{self.url}/bot{self.token}/{method}"
        if any(isinstance(value, bytes) for value in parameters.values()):
            form = aiohttp.FormData()
            for name, value in parameters.items():
                if isinstance(value, bytes):
                    form.add_field(name, value, filename=f"{name}.bin", content_type="application/octet-stream")
                else:
                    form.add_field(name, value if isinstance(value, str) else json.dumps(value))
            request = self._session.post(address, data=form)
        else:
            request = self._session.post(address, json=parameters)
        async with request as response:
            return response.status, await response.json()

    async def __call__(self, method: str, **parameters: Any) -> Any:
        """Return the result of a call that must succeed, both ways checked against the schema."""
        status, body = await self.raw(method, parameters)
        assert (status, body.get("ok")) == (200, True), body
        attached = {n: v for n, v in parameters.items() if not (isinstance(v, bytes) and n not in known(method))}
        schema.check_request(method, attached)
        schema.check_answer(method, body["result"])
        if method == "getUpdates":
            for update in body["result"]:
                schema.check_update(update)
        return body["result"]

    async def refused(self, method: str, **parameters: Any) -> Refusal:
        """Return the refusal of a call that must fail."""
        status, body = await self.raw(method, parameters)
        assert body["ok"] is False, body
        assert body["error_code"] == status
        return Refusal(status, body["description"], body.get("parameters", {}))

    async def updates(self, **parameters: Any) -> list[dict[str, Any]]:
        """Return pending updates and confirm them."""
        updates: list[dict[str, Any]] = await self("getUpdates", **parameters)
        if updates:
            await self.raw("getUpdates", {"offset": updates[-1]["update_id"] + 1, "limit": 1})
        return updates


def known(method: str) -> set[str]:
    """Return the parameters that the schema has for a method."""
    return set(schema.method_classes()[method].model_fields)


@dataclass(frozen=True)
class Town:
    """People, a bot and the chats between them."""

    simulator: BotApiSimulator
    bot: Client
    clock: FakeClock
    session: aiohttp.ClientSession
    bot_id: int
    amina: int
    brian: int
    group: int
    basic: int

    @property
    def users(self) -> UsersSide:
        return self.simulator.users

    async def new_bot(self, username: str, *, privacy: bool = True) -> tuple[int, Client]:
        """Create another bot."""
        made = await self.users.create_bot(username, privacy=privacy)
        return made["id"], Client(self.session, self.simulator.url, made["token"])


@pytest.fixture
async def town() -> AsyncIterator[Town]:
    """Amina owns a supergroup and a basic group; the bot is an administrator of both, Brian a member of both.

    Amina has started the bot privately, Brian has not. Pending updates are confirmed, limits are off.
    """
    async with built_town() as made:
        yield made


@asynccontextmanager
async def built_town() -> AsyncIterator[Town]:
    """Build the town of the fixture `town`; modules with tables of cheap tests share one."""
    clock = FakeClock()
    async with (
        BotApiSimulator(limits=Limits.unlimited(), clock=clock, webhook_retry_seconds=0.01) as simulator,
        aiohttp.ClientSession() as session,
    ):
        users = simulator.users
        made = await users.create_bot("baraza_bot", privacy=False)
        amina = await users.create_user("Amina", "Otieno", username="amina_o")
        brian = await users.create_user("Brian", language_code="sw")
        group = await users.create_group("Kisumu", amina, supergroup=True, members=[made["id"], brian])
        basic = await users.create_group("Old group", amina, members=[made["id"], brian])
        for chat_id in (group, basic):
            await users.promote(chat_id, made["id"])
        await users.start(amina, made["id"])
        bot = Client(session, simulator.url, made["token"])
        await bot.updates()
        yield Town(simulator, bot, clock, session, made["id"], amina, brian, group, basic)
