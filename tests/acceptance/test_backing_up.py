"""`baraza backup` of a running program under load, `baraza restore` elsewhere, and the program goes on there."""

import asyncio
import contextlib
import shutil
import sqlite3
import stat
import tarfile
from pathlib import Path

from tests.acceptance.program import command, running
from tests.acceptance.world import World, until
from tests.servers import free_port


def rows(path: Path) -> dict[str, list[tuple[object, ...]]]:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: sorted(connection.execute(f'SELECT * FROM "{name}"'), key=repr) for name in names}  # noqa: S608


def open_to_others(folder: Path, *further: Path) -> list[Path]:
    """Files of the program that anybody but its user may read, and its folders that others may look into."""
    found = [*folder.glob("baraza.db*"), *folder.glob("media*"), *folder.glob("media*/**/*"), *further]
    assert folder / "media" in found
    return [path for path in found if stat.S_IMODE(path.stat().st_mode) & 0o077]


async def test_backup_under_load_and_restore_elsewhere(tmp_path: Path) -> None:
    here = World(tmp_path / "here", free_port())
    there = World(tmp_path / "there", free_port())
    await here.with_tables()
    file = tmp_path / "backup.tar.gz"
    written = 0

    async def chatter() -> None:
        nonlocal written
        here.chat.shares("leaflet.pdf", b"%PDF-1.4\n%%EOF\n")
        here.chat.writes("kenya", "", user="amina", name="Amina", file="leaflet.pdf")
        written += 1
        while True:
            written += 1
            here.chat.writes("kenya", f"Question {written}", user=f"member{written}", name=f"Member {written}")
            await asyncio.sleep(0.1)

    async with running(here.path):
        writing = asyncio.create_task(chatter())
        await until(lambda: here.card(3), 60)
        status, output = await command(here.path, "backup", str(file))
        at_the_end = written
        assert status == 0, output
        assert "rows in" in output
        # A restore under a running program is refused, with or without --replace.
        status, output = await command(here.path, "restore", str(file), "--replace")
        assert status == 1
        assert "already running" in output
        writing.cancel()
    assert open_to_others(here.directory, file) == []
    assert at_the_end > 3
    with tarfile.open(file) as tar:
        tar.extract("database.sqlite3", tmp_path, filter="data")
    saved = rows(tmp_path / "database.sqlite3")
    assert 3 <= len(saved["submission"]) <= written

    status, output = await command(there.path, "restore", str(file), "--moved")
    assert status == 0, output
    assert rows(there.directory / "baraza.db") == saved
    files = [path.name for path in (there.directory / "media").glob("??/??/*")]
    assert files == [path.name for path in (here.directory / "media").glob("??/??/*")]
    assert len(files) == 1
    assert open_to_others(there.directory) == []
    # The platform is the same one: its messages, and what it has not been told to be acknowledged, are there.
    shutil.rmtree(there.directory / "chat", ignore_errors=True)
    shutil.copytree(here.directory / "chat", there.directory / "chat")
    async with running(there.path):
        # What came after the backup is read again, and nothing twice. (The copied messages hold the old cards already.)
        await until(lambda: len(rows(there.directory / "baraza.db")["submission"]) >= written, 60)
        await until(lambda: there.card(written), 60)
    everything = rows(there.directory / "baraza.db")
    assert len(everything["submission"]) == written
    status, output = await command(there.path, "restore", str(file))
    assert status == 1
    assert "--replace" in output
    assert rows(there.directory / "baraza.db") == everything
