"""Chats that moved to another id: where they live now, and under which id the config knows them."""

from collections.abc import Sequence
from typing import Final, cast

from tortoise.exceptions import IntegrityError

from bridge.core.events import ChatMoved
from bridge.core.ids import Address, ChatId
from bridge.core.states import DeliveryState
from bridge.storage import lookup
from bridge.storage.database import seen_before, transaction
from bridge.storage.models import ChatAlias, Delivery

_RESOLVE: Final = "resolve"
_ORIGIN: Final = "origin"


async def resolve(address: Address) -> Address:
    """Where a chat lives now."""
    seen = seen_before()
    if (_RESOLVE, address) not in seen:
        alias = await lookup.first(ChatAlias, account=address.account, old=address.chat)
        seen[_RESOLVE, address] = address if alias is None else Address(address.account, ChatId(alias.new))
    return cast("Address", seen[_RESOLVE, address])


async def origin(address: Address) -> Address:
    """The id under which the config knows a chat that has moved."""
    seen = seen_before()
    if (_ORIGIN, address) not in seen:
        alias = await lookup.first(ChatAlias, account=address.account, new=address.chat, order="id")
        seen[_ORIGIN, address] = address if alias is None else Address(address.account, ChatId(alias.old))
    return cast("Address", seen[_ORIGIN, address])


async def move_chat(event: ChatMoved) -> None:
    """Remember a chat's new id and send there what was planned for the old one."""
    seen_before().clear()
    try:
        if not await ChatAlias.filter(account=event.account, old=event.chat).update(new=event.new_chat):
            await ChatAlias.create(account=event.account, old=event.chat, new=event.new_chat)
    except IntegrityError:
        return
    await ChatAlias.filter(account=event.account, new=event.chat).update(new=event.new_chat)
    await _bring_along(event.account, event.chat, event.new_chat)


async def _bring_along(account: str, old: str, new: str) -> None:
    """What is frozen names the old chat; it is rendered again for the new one. Nothing of it was sent.

    What was refused goes to the new chat, too, should somebody want it to be tried again.
    """
    rows = Delivery.filter(account=account, chat=old)
    await rows.filter(state=DeliveryState.PLANNED).update(chat=new, payload="")
    await rows.filter(state=DeliveryState.REFUSED, operation="send").update(chat=new, payload="")


async def bring_stragglers_along() -> None:
    """What was under way when its chat moved, and came to nothing, goes to the new chat."""
    for alias in await ChatAlias.all():
        if alias.old != alias.new and await Delivery.exists(
            account=alias.account, chat=alias.old, state=DeliveryState.PLANNED
        ):
            async with transaction():
                await _bring_along(alias.account, alias.old, alias.new)


async def know_as(named: Sequence[Address]) -> None:
    """Of all the ids that a chat has had, the first of ``named`` that is one of them is its ``origin`` from now on.

    The config may be corrected to the new id at any time, or still name the old one.
    """
    async with transaction():
        seen_before().clear()
        done: set[Address] = set()
        for address in named:
            now = await resolve(address)
            if now in done:
                continue
            done.add(now)
            rows = await ChatAlias.filter(account=address.account, new=now.chat).order_by("id")
            if not rows or rows[0].old == address.chat:
                continue
            await ChatAlias.filter(id__in=[row.id for row in rows]).delete()
            seen_before().clear()
            others = [row.old for row in rows if row.old not in (address.chat, now.chat)]
            for old in (address.chat, *others):
                await ChatAlias.create(account=address.account, old=old, new=now.chat)
