"""What a checked config file says, as the rest of the program reads it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel

from bridge.core.checks import ChatUse
from bridge.core.community import Community
from bridge.core.ids import AccountId, ChatId, CommunityId
from bridge.core.membership import Retention


@dataclass(frozen=True, kw_only=True)
class Web:
    host: str
    port: int
    public_url: str
    """Without a slash at its end; empty where nothing outside reaches us."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses and networks whose X-Forwarded-For is believed."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """A file in which everything was found to be in order."""

    path: Path
    database: str = field(repr=False)
    """``sqlite:///absolute/path`` or ``postgres://...``; may hold a password."""
    media: Path
    max_megabytes: int = 50
    """Of the largest file that is carried."""
    language: str
    web: Web
    accounts: Mapping[AccountId, BaseModel]
    """Each account's settings, of its adapter's own model."""
    secrets: tuple[str, ...] = field(repr=False)
    """Everything that logs must not show."""
    warnings: tuple[str, ...] = ()
    retention: Retention = field(default_factory=Retention)
    _communities: tuple[Community, ...] = ()

    def communities(self) -> tuple[Community, ...]:
        return self._communities

    @property
    def sqlite_path(self) -> Path | None:
        """The database file; None where the database is a server."""
        return Path(self.database.removeprefix("sqlite://")) if self.database.startswith("sqlite://") else None

    def chat_uses(self, account: AccountId) -> tuple[ChatUse, ...]:
        """Every chat that the file names on an account, and what for."""
        uses: dict[ChatId, ChatUse] = {}
        for community in self._communities:
            people = tuple(sorted(str(person.user) for person in community.moderator_ids if person.account == account))
            for address in community.moderators:
                if address.account == account:
                    before = uses[address.chat].users if address.chat in uses else ()
                    users = tuple(sorted({*before, *people}))
                    uses[address.chat] = ChatUse(chat=address.chat, moderators=True, users=users)
            for group in community.groups:
                if group.chat.account == account:
                    uses[group.chat.chat] = ChatUse(chat=group.chat.chat, intake=group.intake)
        return tuple(uses.values())

    def inboxes(self, account: AccountId) -> dict[CommunityId, tuple[str, ChatId]]:
        """Where each community is written to on an account."""
        return {
            community.id: (community.name, inbox.chat)
            for community in self._communities
            for inbox in community.inboxes
            if inbox.account == account
        }

    def chats(self, account: AccountId) -> frozenset[ChatId]:
        return frozenset(use.chat for use in self.chat_uses(account))

    def inviters(self, account: AccountId) -> frozenset[str]:
        """Who may invite an account into rooms: the moderators there are."""
        people = (person for community in self._communities for person in community.moderator_ids)
        return frozenset(str(person.user) for person in people if person.account == account)
