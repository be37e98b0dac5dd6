"""What Telegram says of a group, and of who is in it."""

from collections.abc import Mapping
from typing import Any, Final

from telegram.error import ChatMigrated, TelegramError

from bridge.adapters.telegram import faults
from bridge.adapters.telegram.client import Client
from bridge.adapters.telegram.payload import address, split_chat
from bridge.core.clock import Clock
from bridge.core.errors import Refusal
from bridge.core.ids import ChatId, UserId
from bridge.core.ports import ChatFacts, Refused

Fields = Mapping[str, Any]
_ADMIN: Final = ("creator", "administrator")
_ABSENT: Final = ("left", "kicked")
_NOT_THERE: Final = (Refusal.CHAT_GONE, Refusal.FORBIDDEN, Refusal.UNREACHABLE)


async def describe(client: Client, clock: Clock, chat: ChatId) -> ChatFacts | None:
    """None for what is no group, or none that the bot is in. Raises OSError when it cannot be told now."""
    where = address(chat)["chat_id"]
    try:
        me = await client.call("getMe")
        found = await client.call("getChat", {"chat_id": where})
        if found.get("type") == "private":
            return None
        member = await client.call("getChatMember", {"chat_id": where, "user_id": me["id"]})
        if member.get("status") in _ABSENT:
            return None
        count = await client.call("getChatMemberCount", {"chat_id": where})
    except TelegramError as error:
        if _is_not_there(error, clock):
            return None
        raise ConnectionError(faults.in_words(error)) from None
    except (LookupError, TypeError, AttributeError):
        raise ConnectionError("the answer is not one of a Bot API server") from None
    admin = member.get("status") in _ADMIN
    return ChatFacts(
        title=str(found.get("title") or ""),
        members=count if type(count) is int else None,
        # With privacy mode a bot that is no administrator hears only what is addressed to it.
        hears=admin or me.get("can_read_all_group_messages") is True,
        removes=member.get("status") == "creator" or member.get("can_delete_messages") is True,
        writes=_writes(found, member),
    )


async def administers(client: Client, clock: Clock, chat: ChatId, user: UserId) -> bool:
    """Is this person an administrator of the group? Raises OSError when it cannot be told now."""
    if user == split_chat(chat)[0]:
        return True  # an administrator who remains anonymous writes as the group itself
    if not user.isdecimal():
        return False
    params = {"chat_id": address(chat)["chat_id"], "user_id": int(user)}
    try:
        member = await client.call("getChatMember", params)
    except TelegramError as error:
        if isinstance(faults.outcome(error, clock.now()), Refused):
            return False
        raise ConnectionError(faults.in_words(error)) from None
    return isinstance(member, Mapping) and member.get("status") in _ADMIN


def _is_not_there(error: TelegramError, clock: Clock) -> bool:
    if isinstance(error, ChatMigrated):
        return True
    refused = faults.outcome(error, clock.now())
    return isinstance(refused, Refused) and refused.reason in _NOT_THERE


def _writes(chat: Fields, member: Fields) -> bool:
    status, channel = str(member.get("status")), chat.get("type") == "channel"
    if status in _ADMIN:
        return not channel or member.get("can_post_messages") is not False
    rights = member if status == "restricted" else chat.get("permissions") or {}
    return not channel and rights.get("can_send_messages") is not False
