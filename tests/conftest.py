"""Fixtures for every test. Server processes live as long as the run; everything of asyncio belongs to one test."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import asyncpg
import pytest

from bridge.playground.matrix_user import MatrixUser
from bridge.playground.synapse import SynapseServer, SynapseUnavailable
from tests.servers import OWNER, PostgresServer, ServerMissing, detached, missing, started_synapse, unique


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "crash: minutes of kills, restarts and faults; run by `make crash` only")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Whoever uses a server's fixture carries its mark, so that ``-m "not synapse"`` means what it says.

    What is marked ``crash`` runs only when its folder is asked for by name (``make crash``).
    """
    here = Path(__file__).parent / "crash"
    asked = any(
        (config.invocation_params.dir / str(a).split("::")[0]).resolve().is_relative_to(here) for a in config.args
    )
    if long := [] if asked else [item for item in items if item.get_closest_marker("crash") is not None]:
        items[:] = [item for item in items if item not in long]
        config.hook.pytest_deselected(items=long)
    for item in items:
        used: list[str] = getattr(item, "fixturenames", [])
        if "synapse" in used:
            item.add_marker(pytest.mark.synapse)
        if "postgres_server" in used:
            item.add_marker(pytest.mark.postgres)


@pytest.fixture(autouse=True)
def _handlers() -> Iterator[None]:
    """A program that ran inside a test leaves no handler behind: its stream is closed when the next test logs."""
    yield
    root = logging.getLogger()
    for handler in [each for each in root.handlers if type(each.formatter).__module__ == "bridge.logs"]:
        root.removeHandler(handler)


@pytest.fixture(scope="session")
def synapse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SynapseServer]:
    """A real Synapse without rate limits. Give users and rooms names of their own: ``unique("amina")``."""
    try:
        server = started_synapse(tmp_path_factory.mktemp("synapse"))
    except SynapseUnavailable as error:
        missing(str(error))
    yield server
    detached(server.stop)


@pytest.fixture
async def matrix_user(synapse: SynapseServer) -> AsyncIterator[Callable[[str], Awaitable[MatrixUser]]]:
    """``await matrix_user("Amina")``: a new person with that display name, syncing until the test ends."""
    async with AsyncExitStack() as stack:

        async def make(displayname: str) -> MatrixUser:
            localpart = "".join(letter for letter in displayname.lower() if letter.isascii() and letter.isalnum())
            login = await synapse.register(unique(localpart or "person"), displayname=displayname)
            return await stack.enter_async_context(MatrixUser(synapse.url, login.user_id, login.access_token))

        yield make


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL of our own, on a private port."""
    try:
        server = PostgresServer()
        server.start()
    except ServerMissing as error:
        missing(str(error))
    yield server
    server.stop()


@pytest.fixture
async def postgres(postgres_server: PostgresServer) -> AsyncIterator[str]:
    """The ``postgres://`` address of a fresh, empty database."""
    name = unique("test").replace("-", "_")
    admin = await asyncpg.connect(postgres_server.url())  # type: ignore[no-untyped-call]  # asyncpg left it bare
    try:
        await admin.execute(f"CREATE DATABASE {name} TEMPLATE template0 OWNER {OWNER}")
        yield postgres_server.url(name)
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await admin.close()
