"""What every handler of intake is given."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime

from bridge.core.community import Communities
from bridge.core.message import Attachment, RemoteFile, Uncarried
from bridge.core.ports import ChatFacts
from bridge.delivery.directory import Directory
from bridge.moderation.acts import Desk

Fetch = Callable[[str, RemoteFile], Awaitable[Attachment]]
"""Bring a file of an account into our media store; raises MediaRefused, OSError."""
Keep = Callable[[bytes, str, str], Awaitable[Attachment]]
"""Put a file of our own into the media store: its bytes, name and MIME type. Raises StorageUnavailable."""


@dataclass(frozen=True, kw_only=True)
class PressAnswer:
    """What to show a presser once the transaction has committed."""

    account: str
    press: str
    text: str
    alert: bool


@dataclass(frozen=True, kw_only=True)
class Context:
    """One event being handled: who there is, what time it is, what was fetched, what to answer afterwards."""

    communities: Communities
    directory: Directory
    now: datetime
    event_id: int
    attachments: tuple[Attachment, ...] = ()
    unfetched: tuple[Uncarried, ...] = ()
    members_of: frozenset[str] = frozenset()
    """The communities that the platform says the sender of a request for a post belongs to."""
    group: ChatFacts | None = None
    """What the platform says of the group, where that was asked for and could be told."""
    administers: bool = False
    """Does the sender run the group, as the platform says?"""
    keep: Keep | None = None
    claimed: bool = False
    """Does nothing prove who sends this event? Of an SMS anybody can invent the sender, also of a known number."""
    answers: list[PressAnswer] = field(default_factory=list)

    @property
    def desk(self) -> Desk:
        return Desk(communities=self.communities, directory=self.directory, now=self.now)
