"""A bot's account on the real Synapse, behind a line that can be cut, and adapters for it."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any

import pytest

from bridge.adapters.matrix.adapter import MatrixAdapter
from bridge.adapters.matrix.settings import Settings
from bridge.core.clock import SystemClock
from bridge.core.events import InboundEvent, MessagePosted
from bridge.core.ids import AccountId, ChatId
from bridge.core.message import Content
from bridge.core.ports import AdapterContext, Outgoing, SendOutcome
from bridge.core.text import plain
from bridge.playground.matrix_user import MatrixUser
from bridge.playground.synapse import MatrixLogin, SynapseServer
from tests.contract.harness import MemoryState, RecordingSink
from tests.contract.matrix_proxy import MatrixProxy
from tests.servers import unique

ACCOUNT = AccountId("matrix")


class DeadlySink(RecordingSink):
    """Commits, and never returns: what a killed process looks like from the homeserver's side."""

    def __init__(self, state: MemoryState) -> None:
        super().__init__(state)
        self.deadly = False
        self.died = asyncio.Event()

    async def accept(self, events: Sequence[InboundEvent], *, state: Mapping[str, str] | None = None) -> None:
        await super().accept(events, state=state)
        if self.deadly and events:
            self.died.set()
            await asyncio.Event().wait()


class World:
    def __init__(self, synapse: SynapseServer, proxy: MatrixProxy, login: MatrixLogin, stack: AsyncExitStack) -> None:
        self.synapse, self.proxy, self.login, self._stack = synapse, proxy, login, stack
        self.state = MemoryState()
        self.sink = DeadlySink(self.state)

    @property
    def bot(self) -> str:
        return self.login.user_id

    async def person(self, name: str) -> MatrixUser:
        login = await self.synapse.register(unique(name.lower()), displayname=name)
        person = MatrixUser(self.synapse.url, login.user_id, login.access_token)
        self._stack.push_async_callback(person.stop)
        return person

    async def syncing(self, name: str) -> MatrixUser:
        person = await self.person(name)
        await person.start()
        return person

    def build(self, *chats: str, inviters: Sequence[str] = (), **settings: Any) -> MatrixAdapter:
        raw: dict[str, Any] = {
            "kind": "matrix",
            "homeserver": self.proxy.url,
            "user_id": self.bot,
            "password": self.login.password,
        }
        raw |= settings
        context = AdapterContext(
            account=ACCOUNT,
            clock=SystemClock(),
            chats=frozenset(map(ChatId, chats)),
            permitted_inviters=frozenset(inviters),
        )
        adapter = MatrixAdapter(Settings.model_validate({k: v for k, v in raw.items() if v is not None}), context)
        self._stack.push_async_callback(adapter.stop)
        return adapter

    async def started(self, *chats: str, inviters: Sequence[str] = (), **settings: Any) -> MatrixAdapter:
        adapter = self.build(*chats, inviters=inviters, **settings)
        await adapter.start(self.sink, self.state)
        return adapter

    def bodies(self) -> list[str]:
        return [event.text.text for event in self.sink.of(MessagePosted)]

    async def heard(self, text: str) -> MessagePosted:
        return await self.sink.first(MessagePosted, lambda event: event.text.text == text)


def outgoing(adapter: MatrixAdapter, chat: str, content: Content | str) -> Outgoing:
    made = Content(text=plain(content)) if isinstance(content, str) else content
    return Outgoing(chat=ChatId(chat), payload=adapter.to_payload(ChatId(chat), made))


async def said(adapter: MatrixAdapter, chat: str, text: str, key: str) -> SendOutcome:
    return await adapter.send(outgoing(adapter, chat, text), key)


@pytest.fixture
async def world(synapse: SynapseServer) -> AsyncIterator[World]:
    async with AsyncExitStack() as stack:
        proxy = MatrixProxy(synapse.url)
        await proxy.open()
        stack.push_async_callback(proxy.close)
        login = await synapse.register(unique("baraza"), displayname="Baraza")
        yield World(synapse, proxy, login, stack)
