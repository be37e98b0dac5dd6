"""Which small pictures were made of which files, for readers of the archive who asked for them."""

from collections.abc import Collection

from bridge.storage.database import transaction
from bridge.storage.models_archive import SmallPicture


async def known(sources: Collection[str]) -> dict[tuple[str, str], SmallPicture]:
    """Those of some files, by file and kind of size."""
    rows = await SmallPicture.filter(source__in=list(sources) or [""])
    return {(row.source, row.kind): row for row in rows}


async def remember(source: str, kind: str, *, sha256: str, size: int, width: int, height: int) -> None:
    """One was made; made twice at once, one of them is remembered."""
    row = SmallPicture(source=source, kind=kind, sha256=sha256, size=size, width=width, height=height)
    async with transaction():
        await SmallPicture.bulk_create([row], ignore_conflicts=True)


__all__ = ["known", "remember"]
