"""The role that docker/compose.postgres.yaml makes owns its database: that is enough for all that Baraza does."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import yaml

from bridge import backups
from bridge.storage import database, database_role, transfer
from bridge.storage.models import Delivery, Meta
from tests.integration.test_transfer import filled
from tests.servers import PostgresServer, as_superuser, unique
from tests.unit.storage.stage import NOW

COMPOSE = Path(__file__).parents[2] / "docker/compose.postgres.yaml"


@pytest.fixture
async def owned(postgres_server: PostgresServer) -> AsyncIterator[str]:
    """The address of an empty database, made by the statements of the compose file under names of its own."""
    name, word = unique("owned").replace("-", "_"), unique("word")
    script = yaml.safe_load(COMPOSE.read_text())["configs"]["postgres-role"]["content"]
    role, owner, superuser = re.sub(r"\\getenv .*", "", script).strip().split("\n")
    assert superuser == "ALTER ROLE postgres PASSWORD NULL;"
    admin: Any = await asyncpg.connect(postgres_server.url())  # type: ignore[no-untyped-call]  # asyncpg left it bare
    try:
        await admin.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        for statement in (role.replace(":'password'", f"'{word}'"), owner):
            await admin.execute(statement.replace("baraza", name))
        yield f"postgres://{name}:{word}@127.0.0.1:{postgres_server.port}/{name}"
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await admin.execute(f"DROP ROLE {name}")
    finally:
        await admin.close()


async def test_whether_it_is_a_superuser(owned: str, postgres: str) -> None:
    for address, superuser in ((owned, False), (postgres, False), (as_superuser(postgres), True)):
        await database.open_database(address)
        try:
            assert await database_role.is_superuser() is superuser
        finally:
            await database.close_database()


async def test_it_can_do_all_that_baraza_does(tmp_path: Path, owned: str) -> None:
    media, file = tmp_path / "media", tmp_path / "backup.tar.gz"
    await transfer.to_postgres(await filled(tmp_path), owned)  # which makes the tables first
    await database.open_database(owned)
    try:
        there = await Delivery.all().count()
        assert there
        made = await backups.backup(owned, media, file, NOW)
        await Meta.create(key="since", value="then")
    finally:
        await database.close_database()
    await backups.restore(owned, media, file, NOW, replace=True)
    await database.open_database(owned)
    try:
        assert not await Meta.exists(key="since")
        assert await Delivery.all().count() == there == made.tables["delivery"]
    finally:
        await database.close_database()


@pytest.mark.parametrize(
    "statement",
    ["COPY (SELECT 1) TO PROGRAM 'true'", "SELECT pg_read_file('PG_VERSION')", "CREATE DATABASE b", "CREATE ROLE b"],
)
async def test_and_nothing_of_the_server(owned: str, statement: str) -> None:
    connection: Any = await asyncpg.connect(owned)  # type: ignore[no-untyped-call]  # asyncpg left it bare
    try:
        with pytest.raises(asyncpg.exceptions.InsufficientPrivilegeError):
            await connection.execute(statement)
    finally:
        await connection.close()
