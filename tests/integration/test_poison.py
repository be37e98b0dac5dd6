"""A row or an event that cannot be handled blocks nobody and does not vanish."""

import sqlite3
from pathlib import Path

from tests.acceptance.world import World, until
from tests.servers import free_port


def _execute(path: Path, statement: str) -> None:
    connection = sqlite3.connect(path)
    try:
        connection.execute(statement)
        connection.commit()
    finally:
        connection.close()


async def test_a_card_that_cannot_be_composed_is_refused_and_the_channel_goes_on(tmp_path: Path) -> None:
    world = World(tmp_path, free_port())
    async with world.bridge():
        world.chat.writes("amina", "First", user="amina", name="Amina", private=True)
        await until(lambda: world.card(1))
    _execute(
        tmp_path / "baraza.db", "UPDATE delivery SET revision = 99, state = 'planned', payload = '' WHERE kind = 'card'"
    )
    async with world.bridge():
        world.chat.writes("amina", "Second", user="amina", name="Amina", private=True)
        await until(lambda: world.card(2))
        world.press("Approve", by="grace", number=2)
        await until(lambda: [t for t in world.texts("uganda") if "Second" in t])
    connection = sqlite3.connect(tmp_path / "baraza.db")
    spoilt = connection.execute("SELECT state, reason FROM delivery WHERE revision = 99").fetchall()
    connection.close()
    assert spoilt == [("refused", "bad_content")]


async def test_an_event_of_another_version_is_parked(tmp_path: Path) -> None:
    world = World(tmp_path, free_port())
    async with world.bridge():
        pass
    _execute(
        tmp_path / "baraza.db",
        "INSERT INTO inbox (account, chat, key, event, raw_json, received_at, state, attempts, due_at, note) VALUES "
        "('chat', 'amina', 'x', '{}', '', '2026-01-01 00:00:00+00:00', 'new', 0, '2026-01-01 00:00:00+00:00', '')",
    )
    async with world.bridge():
        world.chat.writes("amina", "After it", user="amina", name="Amina", private=True)
        await until(lambda: world.card())
    connection = sqlite3.connect(tmp_path / "baraza.db")
    parked = connection.execute("SELECT state FROM inbox WHERE key = 'x'").fetchall()
    connection.close()
    assert parked == [("parked",)]
