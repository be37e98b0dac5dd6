"""Which groups our accounts were put into or out of, and where they have introduced themselves."""

from datetime import datetime, timedelta

from bridge.core.ids import Address
from bridge.storage.inbox import DurableState

_AGAIN = timedelta(days=1)
"""Who adds and removes us again and again is greeted once."""


async def greet(chat: Address, now: datetime) -> bool:
    """Is it time to introduce ourselves there? True once, and again only after having been away."""
    state = DurableState(chat.account)
    said, gone = await state.get(f"greeted:{chat.chat}"), await state.get(f"gone:{chat.chat}")
    await state.delete(f"gone:{chat.chat}")
    if said is not None and (gone is None or datetime.fromisoformat(said) > now - _AGAIN):
        return False
    await state.set(f"greeted:{chat.chat}", now.isoformat())
    return True


async def left(chat: Address, now: datetime) -> None:
    """We were put out of a group, or it is no more."""
    await DurableState(chat.account).set(f"gone:{chat.chat}", now.isoformat())


async def came(chat: Address) -> None:
    """We are in it (again)."""
    await DurableState(chat.account).delete(f"gone:{chat.chat}")


async def gone_since(chat: Address) -> datetime | None:
    """Since when we have been out of a group that we were in."""
    since = await DurableState(chat.account).get(f"gone:{chat.chat}")
    return None if since is None else datetime.fromisoformat(since)
