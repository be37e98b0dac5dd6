"""The seam between the domain and the platforms. An adapter owns no database, schedule, retry or policy."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar, Protocol, TypeAlias, runtime_checkable

from bridge.core.capabilities import Capabilities
from bridge.core.clock import Clock
from bridge.core.errors import Refusal
from bridge.core.events import InboundEvent
from bridge.core.ids import AccountId, ChatId, CommunityId, MessageId, RemoteRef, UserId
from bridge.core.message import Attachment, Content, RemoteFile
from bridge.core.money import Price

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"
JsonObject: TypeAlias = "Mapping[str, Json]"


# --- what a send may answer -----------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Handed:
    """What one send is, as it is handed over: what somebody pays for."""

    bytes: int
    """Of the message itself, without what the connection adds."""
    segments: int = 0
    """Parts of an SMS; 0 where there are none."""
    cost: Price | None = None
    """What it costs, as far as anybody has said."""


@dataclass(frozen=True, kw_only=True)
class Sent:
    """It is there. ``refs`` has one entry per physical message; none for an edit or a removal."""

    refs: tuple[RemoteRef, ...] = ()
    handed: Handed | None = None
    """What was handed over, where the far side says it better than ``CanWeigh``."""


@dataclass(frozen=True, kw_only=True)
class Refused:
    """It is certainly not there and trying again will not help. ``detail`` is for the operator: no personal text."""

    reason: Refusal
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class Later:
    """It is certainly not there; try again at ``when``, not before."""

    when: datetime
    why: str = ""
    whole_account: bool = False
    """The limit (or the outage) is the account's, not only this chat's."""
    limit: bool = False
    """The platform says that it was asked too often (429)."""


@dataclass(frozen=True, kw_only=True)
class Unknown:
    """It may have been sent: the answer never came."""

    why: str


SendOutcome = Sent | Refused | Later | Unknown


# --- what an adapter is given ---------------------------------------------------------------------------------------


class Sink(Protocol):
    async def accept(self, events: Sequence[InboundEvent], *, state: Mapping[str, str] | None = None) -> None:
        """Commit events and the adapter's new state (its cursor) together. Acknowledge only after this returned.

        The same event twice is one event. Raises StorageUnavailable: do not acknowledge, try again.
        """
        ...


UPLOADED = ("file:", "mxc:", "sealed:")
"""How the keys begin under which adapters remember where a file lies that they have uploaded. Of an account's many the
oldest are forgotten: their files are uploaded again."""


class StateStore(Protocol):
    """Small durable values of one adapter: cursors, device ids, uploaded-file ids (see ``UPLOADED``)."""

    async def get(self, key: str) -> str | None: ...

    async def set(self, key: str, value: str) -> None: ...

    async def delete(self, key: str) -> None: ...


@dataclass(frozen=True, kw_only=True)
class AdapterContext:
    """What app gives every adapter when it builds it."""

    account: AccountId
    clock: Clock
    public_url: str = ""
    """Where the outside world reaches our web server; empty when nowhere."""
    permitted_inviters: frozenset[str] = frozenset()
    """User ids whose invitations the account may follow."""
    chats: frozenset[ChatId] = frozenset()
    """The chats of this account that the config names."""
    inboxes: Mapping[CommunityId, tuple[str, ChatId]] = field(default_factory=dict)
    """Each community that is written to on this account at an address of its own: its name, and the address."""


@dataclass(frozen=True, kw_only=True)
class LocalFile:
    """An attachment and where its bytes lie."""

    attachment: Attachment
    path: Path


@dataclass(frozen=True, kw_only=True)
class Outgoing:
    """A frozen message: the payload is what ``to_payload`` made, byte for byte the same at every attempt."""

    chat: ChatId
    payload: JsonObject
    files: tuple[LocalFile, ...] = ()
    item: int = 0
    """For an edit where a payload is several messages (an album): which of its files this message shows, from 1.
    0: the first, with which the words go."""


@dataclass(frozen=True, kw_only=True)
class Health:
    connected: bool
    detail: str = ""
    """In plain words, no secrets."""
    silent: timedelta | None = None
    """How long the platform has not been heard, not even with nothing to say; None: the adapter does not tell."""


# --- the contract ---------------------------------------------------------------------------------------------------


@runtime_checkable
class Adapter(Protocol):
    """One account of one platform. Calls may be cancelled at any time; start and stop may be repeated."""

    kind: ClassVar[str]
    account: AccountId

    async def start(self, sink: Sink, state: StateStore) -> None:
        """Connect and begin to receive. Returns when connected; raises AccountError when the operator must act.

        A network that is down is no error: keep trying in the background and say so in ``health``.
        """
        ...

    async def stop(self) -> None: ...

    def capabilities(self, chat: ChatId) -> Capabilities: ...

    def fits(self, chat: ChatId, content: Content) -> bool:
        """Pure: can this be one physical message there?"""
        ...

    def to_payload(self, chat: ChatId, content: Content) -> JsonObject:
        """Pure: what the platform takes, as JSON. Stored at the first claim and sent as it is at every attempt."""
        ...

    async def send(self, outgoing: Outgoing, key: str) -> SendOutcome:
        """Send once; never retry inside. ``key`` is the same at every attempt of the same delivery (32 hex digits)."""
        ...

    def health(self) -> Health: ...


@runtime_checkable
class CanWeigh(Protocol):
    """Its messages cost somebody money, or bytes that are counted."""

    channel: ClassVar[str]
    """What the figures are added up under: sms, email."""

    def weigh(self, outgoing: Outgoing) -> Handed:
        """Pure: what this send is."""
        ...

    def monthly_cap(self) -> Price | None:
        """What the account may cost in a calendar month (UTC); None: nobody said."""
        ...


@runtime_checkable
class CanEdit(Protocol):
    async def edit(self, ref: RemoteRef, outgoing: Outgoing, key: str) -> SendOutcome:
        """Replace a message of ours. Already being as asked is ``Sent``."""
        ...


@runtime_checkable
class CanDelete(Protocol):
    async def delete(self, ref: RemoteRef, key: str) -> SendOutcome:
        """Remove a message. Already being gone is ``Sent``."""
        ...


@runtime_checkable
class CanDeleteTogether(Protocol):
    async def delete_together(self, refs: Sequence[RemoteRef], key: str) -> SendOutcome:
        """Remove messages of one chat that were sent together (an album). Those that are gone already stay so.

        ``Sent`` only where none of them is there any more. It may be repeated, and goes on with those that are left.
        """
        ...


@runtime_checkable
class CanReact(Protocol):
    async def react(self, ref: RemoteRef, emojis: Sequence[str], key: str) -> SendOutcome:
        """From now on these are exactly our account's reactions to a message; none: nothing any more.

        The most wanted come first: as many are placed as the chat lets us place (``Capabilities.places_reactions``),
        and what the platform has no reaction for is left out. Already being as asked is ``Sent``, without ``refs``.
        """
        ...


@runtime_checkable
class CanAnswerPress(Protocol):
    async def answer_press(self, press: str, text: str, *, alert: bool = False) -> None:
        """Show the presser a short answer, best effort: never raises for the network."""
        ...


@runtime_checkable
class CanFetch(Protocol):
    def fetch(self, file: RemoteFile, *, limit: int) -> AsyncIterator[bytes]:
        """Stream a file's bytes; raises MediaRefused when it is gone or larger than ``limit`` bytes.

        That it says which (``media.refusal.UnfitMedia``), its author needs. What is claimed to be larger is not begun.
        Raises OSError for trouble that may pass.
        """
        ...


@runtime_checkable
class CanLookUp(Protocol):
    async def look_up(self, chat: ChatId, key: str) -> RemoteRef | Sequence[RemoteRef] | None:
        """Was a send with this key carried out? Its message, or all of them; None: certainly not.

        Raises OSError when it cannot be told now.
        """
        ...


class Limited(ConnectionError):
    """The platform was asked too often, and names how long it wants nothing."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__("asked too often")
        self.wait = wait


Turn = Callable[[ChatId], AbstractAsyncContextManager[None]]
"""Waits until the pace of a chat allows one more call to it, which is made inside: ``Limited`` is heard there."""


@dataclass(frozen=True, kw_only=True)
class Doubt:
    """A send of which nobody knows whether it was carried out, and the messages around it that are known."""

    outgoing: Outgoing
    since: datetime
    """Its first attempt."""
    until: datetime
    """The beginning of its last."""
    desk: ChatId
    """A chat that only moderators see."""
    earlier: frozenset[MessageId]
    """Certainly there before the first attempt."""
    later: frozenset[MessageId]
    """Certainly sent when the last could be carried out no longer."""
    known: frozenset[MessageId]
    """All of which it is known whose they are."""


@runtime_checkable
class CanSearch(Protocol):
    """Can find out by other means than a key whether something was sent; where the operator wants that."""

    def numbered_with(self, chat: ChatId) -> Sequence[ChatId]:
        """The chats whose messages are numbered in one row with this one's, itself too. None: it is not searched."""
        ...

    def alike(self, one: JsonObject, other: JsonObject) -> bool:
        """Could the message of one payload be taken for that of the other?"""
        ...

    async def search(self, doubt: Doubt, turn: Turn) -> RemoteRef | None:
        """Its message; None: certainly not sent.

        Raises OSError when it cannot be told now, LookupError when it cannot be told at all.
        """
        ...


@runtime_checkable
class CanLink(Protocol):
    def start_link(self, payload: str) -> str | None:
        """An address that opens a private chat with the bot; the payload comes back as ``/start payload``."""
        ...


@runtime_checkable
class CanPoint(Protocol):
    def message_link(self, ref: RemoteRef) -> str | None:
        """Pure: an address that opens this message for whoever is in its chat; None where there is none."""
        ...


# --- groups ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class ChatFacts:
    """What a platform says of a group that the account is in. None: it does not say."""

    title: str = ""
    """As given: clean it before showing it."""
    members: int | None = None
    """How many are in it, the account included."""
    hears: bool | None = None
    """Does the account get what members write to each other?"""
    removes: bool | None = None
    """May it remove members' messages?"""
    writes: bool | None = None
    encrypted: bool = False
    """Messages are encrypted end to end. Whether they can be read here is what ``hears`` says."""


@runtime_checkable
class CanDescribe(Protocol):
    """Looks at a group. Both raise OSError when it cannot be told now."""

    async def describe(self, chat: ChatId) -> ChatFacts | None:
        """None for what is no group, or none that the account is in."""
        ...

    async def administers(self, chat: ChatId, user: UserId) -> bool:
        """May this person change who is in the group?"""
        ...


@runtime_checkable
class CanIntroduce(Protocol):
    async def introduce(self) -> None:
        """Learn what ``start_link`` needs. Needs no ``start``, and ``stop`` closes afterwards.

        Raises OSError or AccountError where the platform does not say it.
        """
        ...


@runtime_checkable
class CanTellMember(Protocol):
    async def is_member(self, chat: ChatId, user: UserId) -> bool:
        """Is this person in a chat now? Raises OSError when it cannot be told now."""
        ...


@runtime_checkable
class CanVisit(Protocol):
    """Follows invitations of people it does not know, and leaves again where nothing comes of it."""

    def keep(self, chat: ChatId, *, wanted: bool) -> None:
        """From now on this group is (or is no longer) one that was connected or that somebody asked to connect."""
        ...


@runtime_checkable
class CanBeFound(Protocol):
    def profile_link(self) -> str | None:
        """An address that shows the bot to somebody, who must begin to write to it themselves. Pure."""
        ...


@runtime_checkable
class CanBeWrittenTo(Protocol):
    def public_address(self, community: str) -> str | None:
        """Where anybody can write to a community (a mail address, a telephone number); None where nowhere. Pure."""
        ...
