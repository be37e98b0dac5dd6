"""Programs on several machines need one media folder; one that only looks the same loses files in silence.

So the folder has a mark that the database knows.
"""

import asyncio
import secrets
from pathlib import Path

from bridge.core.errors import ConfigError
from bridge.storage.models import Meta

_KEY = "media"
_FILE = ".baraza"


async def made_sure(folder: Path, *, alone: bool) -> None:
    """Raises ConfigError where others have another folder. Whoever is ``alone`` says which one it is from now on."""
    known = await Meta.get_or_none(key=_KEY)
    try:
        mark = await asyncio.to_thread(_read, folder / _FILE)
        if known is not None and mark == known.value:
            return
        if not alone and known is not None:
            raise ConfigError(
                f"bridge.media: {folder} is not the folder that the other programs on this database use: mount theirs "
                "here (a shared disk), so that every program has every file"
            )
        mark = secrets.token_hex(16)
        await asyncio.to_thread(_write, folder / _FILE, mark)
    except OSError as error:
        raise ConfigError(f"bridge.media: {folder} cannot be written ({error.strerror})") from error
    await Meta.update_or_create(key=_KEY, defaults={"value": mark})


def _read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def _write(path: Path, mark: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.write_text(mark)
    path.chmod(0o600)
