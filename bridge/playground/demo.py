"""``baraza demo``: devices on a page, the networks behind them, and the real bridge between these."""

import asyncio
import contextlib
import errno
import fcntl
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

from aiohttp import web

from bridge.core.errors import BarazaError
from bridge.playground import cast
from bridge.playground.board import Board
from bridge.playground.botapi import BotApiSimulator
from bridge.playground.bridge_runner import BridgeRunner
from bridge.playground.demo_config import write_config
from bridge.playground.devices import all_devices
from bridge.playground.matrix_side import MatrixAccount, MatrixSide, Phase
from bridge.playground.page import Page, Status
from bridge.playground.post_office import PostOffice
from bridge.playground.seeding import seed
from bridge.playground.sms_gateway import SmsGateway
from bridge.playground.synapse import free_port

DATA = Path("data/demo")
PORT = 8600
PATIENCE = 2.0
"""Seconds to wait for Synapse before the bridge starts without it."""
_PROJECT = Path(__file__).resolve().parents[2]


class DemoError(BarazaError):
    """The demo cannot start."""


def main(data: Path = DATA, port: int = PORT, synapse: bool = True, synapse_venv: Path | None = None) -> None:
    """Run the demo until Ctrl-C or SIGTERM. Raises BarazaError with a sentence where it cannot start.

    ``data`` keeps everything from one run to the next; ``port`` 0 takes any free one; ``synapse`` False does without
    Matrix; ``synapse_venv`` is where Synapse is installed, by default ``.venv-synapse`` beside the project.
    """
    data = data.absolute()
    with _directory(data), _listening(port) as door:
        asyncio.run(_until_stopped(data, door, synapse, synapse_venv or default_venv(data)))


def default_venv(data: Path) -> Path:
    """Beside the project when run from its folder, else beside the data."""
    return (_PROJECT if (_PROJECT / "pyproject.toml").exists() else data) / ".venv-synapse"


@contextlib.contextmanager
def _directory(data: Path) -> Iterator[None]:
    """The demo's folder, for this process alone."""
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(data / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise DemoError(f"Cannot write to {data}: {error.strerror}. Choose another folder with --data.") from error
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DemoError(f"Another demo runs on {data}: stop it, or choose another folder with --data.") from None
        yield
    finally:
        os.close(lock)


@contextlib.contextmanager
def _listening(port: int) -> Iterator[socket.socket]:
    with socket.socket() as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            door.bind(("127.0.0.1", port))
        except OSError as error:
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise
            raise DemoError(f"Port {port} is not free: choose another one with --port, or --port 0.") from error
        yield door


async def _until_stopped(data: Path, door: socket.socket, synapse: bool, venv: Path) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stopped.set)
    demo = asyncio.create_task(_run(data, door, synapse, venv), name="demo")
    waiting = asyncio.create_task(stopped.wait())
    await asyncio.wait({demo, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    demo.cancel()
    try:
        await demo
    except asyncio.CancelledError:
        if not stopped.is_set():
            raise


async def _run(data: Path, door: socket.socket, synapse: bool, venv: Path) -> None:
    port = int(door.getsockname()[1])
    board: Board | None = None

    def changed() -> None:
        if board is not None:
            board.poke()

    async with contextlib.AsyncExitStack() as stack:
        simulator = await stack.enter_async_context(_simulator(data / "telegram.json"))
        await cast.people_telegram(simulator.users)
        matrix = MatrixSide(data, venv, changed=changed)
        stack.push_async_callback(matrix.stop)
        bridge = BridgeRunner(data / "baraza.log", changed=changed)
        stack.push_async_callback(bridge.stop)

        gateway = SmsGateway(data / "gateway", subscribers=[cast.JOSEPH_NUMBER], changed=changed)
        stack.push_async_callback(gateway.stop)
        await gateway.start()
        office = PostOffice(data / "mail", people=[cast.ESTHER_ADDRESS], lmtp_port=free_port(), changed=changed)
        stack.push_async_callback(office.stop)
        await office.start()
        web_port = kept_port(data / "web-port")
        pages = f"http://127.0.0.1:{web_port}"

        def status() -> Status:
            return Status(
                bridge=bridge.words,
                bridge_is_well=bridge.is_running,
                matrix=matrix.words.splitlines()[0],
                matrix_is_well=matrix.phase is Phase.READY,
                archive=f"{pages}/{cast.COMMUNITY_ID}",
            )

        devices = all_devices(simulator.users, matrix, gateway, office, web=pages)
        board = Board(devices, status)
        page = Page(board, simulator.users, status, port=port, resolve=(cast.PUBLIC_URL, pages))
        runner = web.AppRunner(page.app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.SockSite(runner, door).start()
        print(f"Baraza playground: http://127.0.0.1:{port} (Ctrl-C stops)", flush=True)  # noqa: T201 - its only word

        async def run_bridge(account: MatrixAccount | None) -> None:
            config = write_config(
                data,
                bot_token=cast.bot_token(simulator.users),
                api_url=simulator.url,
                web_port=web_port,
                gateway=gateway,
                office=office,
                matrix=account,
            )
            if not bridge.is_started:
                await seed(config, data / "readers")
            await bridge.start(config)

        async with asyncio.TaskGroup() as group:
            group.create_task(board.run(simulator.world))
            if not synapse:
                matrix.switch_off()
                await run_bridge(None)
            else:
                preparing = group.create_task(matrix.prepare())
                _, slow = await asyncio.wait({preparing}, timeout=PATIENCE)
                if slow:
                    await run_bridge(None)
                account = await preparing
                if account is not None or not slow:
                    await run_bridge(account)


def kept_port(note: Path) -> int:
    """The port of the last run where it is still free, so that links to the archive stay good; else any."""
    with contextlib.suppress(OSError, ValueError), socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        port = int(note.read_text("utf-8"))
        probe.bind(("127.0.0.1", port))
        return port
    port = free_port()
    note.write_text(str(port), "utf-8")
    return port


def _simulator(state: Path) -> BotApiSimulator:
    try:
        return BotApiSimulator(state_file=state)
    except (ValueError, KeyError, TypeError) as error:
        raise DemoError(f"{state} cannot be read ({error}): remove {state.parent} to begin anew.") from error


if __name__ == "__main__":
    main()
