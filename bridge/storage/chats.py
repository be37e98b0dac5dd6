"""What chats are called, so that people are shown names and not numbers."""

from collections.abc import Collection

from bridge.core.hygiene import clean_name
from bridge.core.ids import Address
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
    rows = Chat.filter(
        account__in=list({each.account for each in addresses}), chat__in=list({each.chat for each in addresses})
    )
    known = {(account, chat): title for account, chat, title in await rows.values_list("account", "chat", "title")}
    return {each: known.get((each.account, each.chat), str(each)) for each in addresses}
