"""The page over a simulator with the demo's people, without the bridge and without Matrix."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer, unused_port

from bridge.playground import cast
from bridge.playground.board import Board
from bridge.playground.botapi import BotApiSimulator, UsersSide
from bridge.playground.devices import all_devices
from bridge.playground.matrix_side import MatrixSide
from bridge.playground.page import Page, Status
from bridge.playground.post_office import PostOffice
from bridge.playground.sms_gateway import SmsGateway

WEB = "http://127.0.0.1:9"
"""Where the bridge's pages would be."""


@dataclass(frozen=True)
class Town:
    """Everything behind one open page."""

    client: TestClient  # type: ignore[type-arg]  # generic only since aiohttp 3.11, over internals
    users: UsersSide
    gateway: SmsGateway
    office: PostOffice
    board: Board
    matrix: MatrixSide
    port: int

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def screen(self, device: str, tab: str = "", **query: str) -> str:
        answer = await self.client.get(f"/screens/{device}", params={"tab": tab, **query})
        assert answer.status == 200
        return await answer.text()

    async def do(self, device: str, action: str, **fields: str) -> ClientResponse:
        """What the page's script sends."""
        headers = {"Origin": self.origin, "X-Baraza-Page": "1"}
        return await self.client.post(f"/devices/{device}/{action}", data=fields, headers=headers)

    async def shows(self, device: str, tab: str, text: str) -> str:
        """Wait until the phone shows a text, by the same events that the page follows."""
        with self.board.listening() as listener:
            async with asyncio.timeout(5):
                while text not in (html := await self.screen(device, tab)):
                    await listener.wait(5)
        return html


@pytest.fixture
def status() -> Callable[[], Status]:
    return lambda: Status(
        bridge="running", bridge_is_well=True, matrix="off", matrix_is_well=False, archive=f"{WEB}/demo"
    )


@pytest.fixture
async def town(tmp_path: Path, status: Callable[[], Status]) -> AsyncIterator[Town]:
    async with BotApiSimulator() as simulator:
        await cast.people_telegram(simulator.users)
        matrix = MatrixSide(tmp_path, tmp_path / "venv", changed=lambda: None)
        matrix.switch_off()
        gateway = SmsGateway(tmp_path / "gateway", subscribers=[cast.JOSEPH_NUMBER], changed=lambda: board.poke())
        office = PostOffice(tmp_path / "mail", people=[cast.ESTHER_ADDRESS], lmtp_port=9, changed=lambda: board.poke())
        board = Board(all_devices(simulator.users, matrix, gateway, office, web=WEB), status)
        port = unused_port()
        page = Page(board, simulator.users, status, port=port, resolve=(cast.PUBLIC_URL, WEB))
        server = TestServer(page.app, port=port)
        watching = asyncio.create_task(board.run(simulator.world))
        async with TestClient(server) as client:
            yield Town(client, simulator.users, gateway, office, board, matrix, port)
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watching
