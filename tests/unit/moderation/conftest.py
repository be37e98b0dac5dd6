"""A database with its tables, and two accounts that answer as they are told."""

import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bridge.core.ids import AccountId
from bridge.storage import database
from tests.unit.delivery.scripted import Scripted
from tests.unit.storage.stage import NET, SLOW


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty folder for the database that is migrated once for all tests of this run."""
    return tmp_path_factory.mktemp("migrated")


@pytest.fixture
async def opened(tmp_path: Path, migrated: Path) -> AsyncIterator[None]:
    template, path = migrated / "baraza.db", tmp_path / "baraza.db"
    if not os.path.exists(template):  # noqa: ASYNC240, PTH110 - a test waits for nothing else
        await database.open_database(f"sqlite://{template}")
        await database.close_database()
    shutil.copy(template, path)
    await database.open_database(f"sqlite://{path}", migrate=False)
    yield
    await database.close_database()


@pytest.fixture
def accounts() -> dict[AccountId, Scripted]:
    return {NET: Scripted(NET), SLOW: Scripted(SLOW)}
