"""A database with its tables, and two accounts that answer as they are told."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bridge.core.ids import AccountId
from bridge.storage import database
from tests.unit.delivery.scripted import Scripted
from tests.unit.storage.stage import NET, SLOW


@pytest.fixture
async def opened(tmp_path: Path) -> AsyncIterator[None]:
    await database.open_database(f"sqlite://{tmp_path / 'baraza.db'}")
    yield
    await database.close_database()


@pytest.fixture
def accounts() -> dict[AccountId, Scripted]:
    return {NET: Scripted(NET), SLOW: Scripted(SLOW)}
