"""What chats are called, so that people are shown names and not numbers."""

from collections.abc import Collection

from bridge.core.hygiene import clean_name
from bridge.core.ids import Address
from bridge.storage import lookup
from bridge.storage.models import Chat


async def remember(address: Address, title: str) -> None:
    name = clean_name(title, fallback="")
    if not name:
        return
    if not await Chat.filter(account=address.account, chat=address.chat).update(title=name):
        await Chat.create(account=address.account, chat=address.chat, title=name)


async def title(address: Address, *, otherwise: str = "") -> str:
    """The chat's name as it was last heard; where none was heard yet, ``otherwise`` or else its address."""
    row = await Chat.get_or_none(account=address.account, chat=address.chat)
    return (otherwise or str(address)) if row is None else row.title


async def titles(addresses: Collection[Address]) -> dict[Address, str]:
    """The same for many chats, in one question."""
    accounts, chats = sorted({each.account for each in addresses}), sorted({each.chat for each in addresses})
    rows = await lookup.rows(Chat, account=accounts, chat=chats) if addresses else []
    known = {(row.account, row.chat): row.title for row in rows}
    return {each: known.get((each.account, each.chat), str(each)) for each in addresses}
