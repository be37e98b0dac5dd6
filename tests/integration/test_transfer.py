"""A filled SQLite database becomes a PostgreSQL one, row by row; what is in the way is said, and nothing is changed."""

from pathlib import Path

import asyncpg
import pytest

from bridge.core.errors import ConfigError, StorageUnavailable
from bridge.storage import database, ownership, transfer
from bridge.storage.models import Delivery, Person
from tests.integration.everything import Everything
from tests.unit.storage.stage import NOW


async def filled(tmp_path: Path) -> Path:
    path = tmp_path / "baraza.db"
    await database.open_database(f"sqlite://{path}")
    await Everything().make()
    await database.close_database()
    return path


async def test_every_row_is_there_and_numbers_go_on(tmp_path: Path, postgres: str) -> None:
    path = await filled(tmp_path)
    await database.open_database(f"sqlite://{path}")
    before = await database.installation()
    people = await Person.all().order_by("id").values()
    rows = await Delivery.all().order_by("id").values()
    await database.close_database()
    copied = await transfer.to_postgres(path, postgres)
    assert copied.tables["person"] == len(people) > 0
    assert copied.tables["delivery"] == len(rows) > 0
    assert await database.open_database(postgres) == before, "it is the same installation"
    try:
        assert await Person.all().order_by("id").values() == people
        assert await Delivery.all().order_by("id").values() == rows
        new = await Person.create(language="sw", created_at=NOW)
        assert new.id > max(int(row["id"]) for row in people)
    finally:
        await database.close_database()
    with pytest.raises(ConfigError, match="is not empty"):
        await transfer.to_postgres(path, postgres)


async def test_what_fails_half_way_leaves_nothing(
    tmp_path: Path, postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = await filled(tmp_path)
    converted = transfer._Table.converted

    def wrong(self: transfer._Table, row: tuple[object, ...]) -> list[object]:
        values = converted(self, row)
        return [f"{value}!" if self.name == "post" and isinstance(value, str) and value else value for value in values]

    real = transfer._add
    monkeypatch.setattr(transfer._Table, "converted", wrong)
    seen: list[int] = []

    def once(digest: object, records: list[list[object]]) -> None:
        seen.append(len(records))
        real(digest, [] if len(seen) == 1 else records)

    monkeypatch.setattr(transfer, "_add", once)
    with pytest.raises(StorageUnavailable, match="nothing was changed"):
        await transfer.to_postgres(path, postgres)
    connection = await asyncpg.connect(postgres)  # type: ignore[no-untyped-call]  # asyncpg left it bare
    assert await connection.fetchval("SELECT count(*) FROM person") == 0
    await connection.close()


async def test_what_cannot_be_copied_is_said(tmp_path: Path, postgres: str) -> None:
    with pytest.raises(StorageUnavailable, match="there is no database yet"):
        await transfer.to_postgres(tmp_path / "none.db", postgres)
    path = await filled(tmp_path)
    with pytest.raises(ConfigError, match="no other way"):
        await transfer.to_postgres(path, f"sqlite://{tmp_path / 'other.db'}")
    async with ownership.only_program(f"sqlite://{path}"):
        with pytest.raises(StorageUnavailable, match="already running"):
            await transfer.to_postgres(path, postgres)
