"""An empty database with its tables, made once: making them takes longer than most tests."""

import asyncio
import atexit
import shutil
import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path

from bridge import config
from bridge.core.errors import ConfigError

_MADE: list[Path] = []
_MAKE = (
    "import asyncio, sys\n"
    "from bridge.storage import database\n"
    "async def make():\n"
    "    await database.open_database(sys.argv[1])\n"
    "    await database.close_database()\n"
    "asyncio.run(make())\n"
)


async def begin_with_tables(path: Path) -> None:
    """Put a copy where a config file wants its SQLite database, unless there is one."""
    try:
        wanted = config.load(path).sqlite_path
    except ConfigError:  # the program is to say so itself
        return
    if wanted is None or wanted.exists():
        return
    if not _MADE:
        _MADE.append(await _made())
    wanted.parent.mkdir(parents=True, exist_ok=True)
    await asyncio.to_thread(shutil.copy, _MADE[0], wanted)


async def _made() -> Path:
    """By a process of its own: whoever asks may have another database open."""
    template = Path(tempfile.mkdtemp(prefix="baraza-tables-")) / "baraza.db"
    atexit.register(shutil.rmtree, template.parent, ignore_errors=True)
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", _MAKE, f"sqlite://{template}")
    assert await process.wait() == 0
    with closing(sqlite3.connect(template)) as database, database:
        database.execute("DELETE FROM meta WHERE key = 'installation'")  # each copy is an installation of its own
    return template
