"""Identifiers of things on other platforms. Only the adapter that owns a value makes it or looks inside it."""

import uuid
from dataclasses import dataclass
from functools import lru_cache
from typing import NewType, Self

AccountId = NewType("AccountId", str)
"""The name the operator gave an account in the config file."""
ChatId = NewType("ChatId", str)
"""One place to post to: a group, a room, a topic of a group, a private chat."""
UserId = NewType("UserId", str)
MessageId = NewType("MessageId", str)
PartId = NewType("PartId", str)
"""Which physical part of a message, where a platform makes several of one; empty for the whole."""
CommunityId = NewType("CommunityId", str)

# Frozen for ever: a send repeated after a crash must carry the same key to be recognised by the far side.
_DELIVERY_NAMESPACE = uuid.UUID("6f2f6b1e-3c7e-5a52-9a53-0d2a4a5c9b10")


class AddressError(ValueError):
    """An address is written ACCOUNT:CHAT, for example telegram:-1002222222222."""


@dataclass(frozen=True, slots=True)
class Address:
    """A chat of an account; written ``ACCOUNT:CHAT`` and split at the first colon."""

    account: AccountId
    chat: ChatId

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``ACCOUNT:CHAT``; raises AddressError with what is missing."""
        account, colon, chat = text.partition(":")
        if not colon or not account.strip() or not chat.strip():
            raise AddressError(f"{text!r} is not an address: write ACCOUNT:CHAT, for example telegram:-1002222222222")
        return cls(AccountId(account.strip()), ChatId(chat.strip()))

    def __str__(self) -> str:
        return f"{self.account}:{self.chat}"


@lru_cache(maxsize=4096)
def address_of(account: str, chat: str) -> Address:
    """The address of a row of the database; the same object for the same chat, which is asked for again and again."""
    return Address(AccountId(account), ChatId(chat))


@dataclass(frozen=True, slots=True)
class UserRef:
    """A person's identity on one account."""

    account: AccountId
    user: UserId

    def __str__(self) -> str:
        return f"{self.account}:{self.user}"


@dataclass(frozen=True, slots=True)
class RemoteRef:
    """The one way to point at a message out there. Message ids are unique only within their chat."""

    account: AccountId
    chat: ChatId
    message: MessageId
    part: PartId = PartId("")

    @property
    def address(self) -> Address:
        return Address(self.account, self.chat)

    def __str__(self) -> str:
        return f"{self.account}:{self.chat}#{self.message}" + (f"/{self.part}" if self.part else "")


@lru_cache(maxsize=1024)
def delivery_key(delivery_id: int | str, installation: str) -> str:
    """The idempotency key of a delivery row: the same for every attempt, different between installations."""
    return uuid.uuid5(_DELIVERY_NAMESPACE, f"{installation}/{delivery_id}").hex
