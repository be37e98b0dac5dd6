"""A community moves from its SQLite file to PostgreSQL, by the commands that an operator has."""

import os
from pathlib import Path

import pytest

from tests.acceptance.program import Program, command
from tests.acceptance.world import World, until
from tests.servers import free_port


async def test_what_waited_on_sqlite_is_decided_on_postgresql(
    tmp_path: Path, postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(tmp_path, free_port())
    before = Program(world.path)
    await before.start()
    world.chat.writes("kenya", "Which dose of zinc?", user="amina", name="Amina Okello")
    await until(lambda: world.card_text(1))
    monkeypatch.setitem(os.environ, "BARAZA_NEW_DATABASE", postgres)
    status, said = await command(world.path, "db", "copy", "env:BARAZA_NEW_DATABASE")
    assert (status, "already running" in said) == (1, True), said
    assert await before.stop() == 0
    status, said = await command(world.path, "db", "copy", "env:BARAZA_NEW_DATABASE")
    assert status == 0, said
    assert "Copied and compared" in said
    assert postgres not in said
    world.path.write_text(world.path.read_text().replace("sqlite://baraza.db", postgres))
    after = Program(world.path)
    await after.start()
    world.press("Approve", by="grace")
    await until(lambda: "Arrived in 3 of 3 groups" in world.card_text(1))
    assert len([text for text in world.texts("uganda") if "Which dose of zinc?" in text]) == 1
    assert await after.stop() == 0
