"""Themes and thematic discussions: found by title or number, opened, closed, and counted."""

from datetime import datetime
from typing import Any

from bridge.core.states import THEME, ThemeState, ThemeStep
from bridge.storage.counting import lock, next_would_be
from bridge.storage.models import Identity
from bridge.storage.models_desk import Theme


def same_title(one: str, other: str) -> bool:
    """Capitals and spaces do not make another theme."""
    return " ".join(one.split()).casefold() == " ".join(other.split()).casefold()


async def of_community(community: str) -> list[Theme]:
    """All, open and closed, oldest first."""
    return await Theme.filter(community=community).order_by("id")


async def titled(community: str, title: str) -> Theme | None:
    """The theme of this title."""
    # Compared here: SQLite knows the capitals of English only.
    return next((theme for theme in await of_community(community) if same_title(theme.title, title)), None)


async def found(community: str, said: str) -> Theme | None:
    """The theme of this title, else of this number (its id)."""
    theme = await titled(community, said)
    number = said.strip().lstrip("#")
    if theme is None and number.isascii() and number.isdecimal() and len(number) < 18:
        theme = await Theme.get_or_none(community=community, id=int(number))
    return theme


async def lock_titles(community: str) -> None:
    """Let nobody else add a theme until the transaction ends: of two who open the same one the second finds it."""
    await lock(f"themes:{community}")


async def create(community: str, title: str, *, by: Identity, now: datetime, **values: Any) -> Theme:
    """A new open theme (``lock_titles`` comes first). ``values``: further columns."""
    return await Theme.create(community=community, title=title, created_by=str(by.ref), created_at=now, **values)


async def change(theme: Theme, **values: Any) -> bool:
    """Other columns of an open theme; False where it was closed meanwhile."""
    if await Theme.filter(id=theme.id, state=ThemeState.OPEN).update(**values) != 1:
        return False
    theme.update_from_dict(values)
    return True


async def take(theme: Theme, step: ThemeStep) -> bool:
    """Close or reopen; False where its state has no such step (somebody was first)."""
    after = THEME.target(step)
    if await Theme.filter(id=theme.id, state__in=THEME.sources(step)).update(state=after) != 1:
        return False
    theme.state = after
    return True


async def count(theme: Theme) -> int:
    """The number that its newest post bears."""
    return await next_would_be(f"theme:{theme.id}") - 1
