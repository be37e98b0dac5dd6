"""Both databases, for every test that asks for one."""

import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import asyncpg
import pytest
from tortoise import Tortoise

from bridge.delivery.directory import Directory
from bridge.storage import database, people
from bridge.storage.database import transaction
from tests.servers import OWNER, PostgresServer, unique
from tests.unit.delivery.scripted import Scripted
from tests.unit.storage.stage import GRACE, NET, NOW, PETER, SLOW


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def database_url(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database: a file, or one on the private PostgreSQL."""
    if kind == "sqlite":
        return f"sqlite://{tmp_path / 'baraza.db'}"
    return str(request.getfixturevalue("postgres"))


@pytest.fixture(scope="session")
def with_tables() -> dict[str, str]:
    """Databases that were migrated once for all tests of this run, by kind."""
    return {}


async def _shared_postgres(server: PostgresServer) -> str:
    name = unique("tables").replace("-", "_")
    admin = await asyncpg.connect(server.url())  # type: ignore[no-untyped-call]  # asyncpg left it bare
    try:
        await admin.execute(f"CREATE DATABASE {name} TEMPLATE template0 OWNER {OWNER}")
    finally:
        await admin.close()
    return server.url(name)


async def _migrated(url: str) -> str:
    await database.open_database(url)
    await database.close_database()
    return url


@pytest.fixture
async def opened(
    kind: str,
    tmp_path: Path,
    with_tables: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
    postgres_if_wanted: Callable[[], PostgresServer],
) -> AsyncIterator[str]:
    """The address of an open database with empty tables."""
    if kind == "sqlite":
        if kind not in with_tables:
            with_tables[kind] = await _migrated(f"sqlite://{tmp_path_factory.mktemp('tables') / 'template.db'}")
        shutil.copy(with_tables[kind].removeprefix("sqlite://"), tmp_path / "baraza.db")
        url = f"sqlite://{tmp_path / 'baraza.db'}"
        await database.open_database(url, migrate=False)
    else:
        if kind not in with_tables:
            with_tables[kind] = await _migrated(await _shared_postgres(postgres_if_wanted()))
        url = with_tables[kind]
        await database.open_database(url, migrate=False)
        tables = ", ".join(f'"{model._meta.db_table}"' for model in Tortoise.apps[database.APP].values())
        await Tortoise.get_connection("postgres").execute_script(f"TRUNCATE {tables} RESTART IDENTITY CASCADE")
    yield url
    await database.close_database()


@pytest.fixture
def postgres_if_wanted(kind: str, request: pytest.FixtureRequest) -> Callable[[], PostgresServer]:
    """The server, started only for tests that run on it. A plain fixture: an asynchronous one cannot ask for others."""
    server: PostgresServer | None = request.getfixturevalue("postgres_server") if kind == "postgres" else None

    def get() -> PostgresServer:
        assert server is not None
        return server

    return get


@pytest.fixture
async def directory(opened: str) -> Directory:
    """Two scripted accounts, beside an open database."""
    async with transaction():  # the moderators have written before
        for moderator in (GRACE, PETER):
            await people.meet(moderator.sender, NOW)
    return Directory({NET: Scripted(NET), SLOW: Scripted(SLOW)})
