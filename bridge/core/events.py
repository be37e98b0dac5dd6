"""What platforms tell us. An adapter makes these; they are committed before the platform hears that we have them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from bridge.core.ids import AccountId, ChatId, MessageId, RemoteRef, UserRef
from bridge.core.message import RemoteFile, Uncarried
from bridge.core.text import EMPTY, RichText


class ChatKind(StrEnum):
    PRIVATE = "private"
    GROUP = "group"
    CHANNEL = "channel"


@dataclass(frozen=True, kw_only=True)
class Sender:
    """Who did it, as the platform vouches for it."""

    ref: UserRef
    name: str
    """Shown name, as given: clean it before showing it."""
    handle: str = ""
    """The platform's readable id beside the name, such as @amina; empty where there is none."""
    language: str = ""
    """BCP 47 guess of the platform, or empty."""
    bot: bool = False
    says_bot: bool = False
    """With ``bot``: the message says so, and nobody vouches for it. People can send such messages, too."""
    anonymous: bool = False
    """Stands for a chat, not a person (an anonymous administrator, a channel)."""
    direct: ChatId | None = None
    """Where this person could be written to privately, if the platform lets us."""
    proof: str = ""
    """What vouches for the account: empty (the platform does), mail (the mail server) or claimed (nothing does)."""


@dataclass(frozen=True, kw_only=True)
class Happening:
    """What all events share. ``raw`` is the platform's own JSON, kept so that it can be read again after a bug fix."""

    account: AccountId
    chat: ChatId
    key: str
    """The same event has the same key, however often the platform repeats it; unique per account."""
    at: datetime
    """When we received it: platform clocks are not used for order or expiry."""
    raw: str = ""


@dataclass(frozen=True, kw_only=True)
class Piece:
    """Which piece of a longer message it is, where a network hands those over one by one."""

    reference: int = 0
    """The same for all pieces of one message."""
    number: int = 0
    count: int = 0
    """0: the network numbers none."""
    full: bool = False
    """Of one without a number: it was cut because it was full, so that the next may go on."""
    held: tuple[tuple[int, str], ...] = ()
    """Once they were joined: what each piece said, by number."""


@dataclass(frozen=True, kw_only=True)
class MessagePosted(Happening):
    type: Literal["posted"] = "posted"
    ref: RemoteRef
    sender: Sender
    chat_kind: ChatKind
    chat_title: str = ""
    text: RichText = EMPTY
    files: tuple[RemoteFile, ...] = ()
    uncarried: tuple[Uncarried, ...] = ()
    album: str = ""
    """The same for the items of one album; empty otherwise."""
    reply_to: RemoteRef | None = None
    reply_excerpt: str = ""
    """First words of the message answered, where the platform says them."""
    is_command: bool = False
    """Addressed to the bot by the platform's own mark of a command."""
    community: str = ""
    """The id of the community that it was addressed to, where the platform says so; empty: it does not."""
    answers: int | None = None
    """The number of the post that it answers, where it names one beside its words."""
    subject: str = ""
    """Its headline, in its author's words."""
    cut: str = ""
    """What stood there and is not taken as its author's words: the message answered, a signature."""
    mingled: bool = False
    """Some of its words may be those of the message answered: nobody can tell."""
    piece: Piece | None = None
    """Of one that may be a part of a longer message; see ``intake.pieces``."""
    missing: int = 0
    """Parts of it that did not come: ``[…]`` stands in their place."""


@dataclass(frozen=True, kw_only=True)
class SetAside(Happening):
    """What machines sent: automatic answers, reports, mail of other lists. Nobody is answered, nothing is published."""

    type: Literal["set_aside"] = "set_aside"
    why: str
    """A code: ``auto_reply``, ``bounce``, ``list``, ``loop``, ``bulk``."""
    about: str = ""
    """For a report: the key of the delivery that it is about."""
    detail: str = ""
    """For a report: what it says, in the platform's codes. No personal text."""


@dataclass(frozen=True, kw_only=True)
class MessageEdited(Happening):
    type: Literal["edited"] = "edited"
    ref: RemoteRef
    """The message as first posted."""
    sender: Sender
    chat_kind: ChatKind
    text: RichText = EMPTY
    files: tuple[RemoteFile, ...] = ()
    """What it shows now; the file as it was before where that has not changed."""
    uncarried: tuple[Uncarried, ...] = ()
    edit: MessageId | None = None
    """The edit as a thing of its own, where the platform has such: its removal comes as ``MessageDeleted``."""


@dataclass(frozen=True, kw_only=True)
class MessageDeleted(Happening):
    type: Literal["deleted"] = "deleted"
    ref: RemoteRef
    sender: Sender | None = None


@dataclass(frozen=True, kw_only=True)
class ButtonPressed(Happening):
    type: Literal["pressed"] = "pressed"
    ref: RemoteRef | None
    sender: Sender
    handle: str
    press: str
    """The platform's id of this press, to answer it."""


@dataclass(frozen=True, kw_only=True)
class Reacted(Happening):
    type: Literal["reacted"] = "reacted"
    ref: RemoteRef
    """The message reacted to."""
    sender: Sender
    emoji: str
    reaction: MessageId | None = None
    """The reaction as a thing of its own, where the platform has such: its removal comes as ``MessageDeleted``."""


@dataclass(frozen=True, kw_only=True)
class ReactionsSet(Happening):
    """All that this person reacts to the message with from now on; empty: nothing any more."""

    type: Literal["reactions_set"] = "reactions_set"
    ref: RemoteRef
    sender: Sender
    emojis: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ReactionsCounted(Happening):
    """How many reacted with what in all, where the platform does not say who."""

    type: Literal["reactions_counted"] = "reactions_counted"
    ref: RemoteRef
    counts: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, kw_only=True)
class PollVoted(Happening):
    """A person's vote, which replaces their earlier one; empty: taken back."""

    type: Literal["poll_voted"] = "poll_voted"
    ref: RemoteRef
    """The message that is the poll."""
    sender: Sender
    options: tuple[int, ...] = ()
    """Places of the answers chosen, from 0."""


@dataclass(frozen=True, kw_only=True)
class PollCounted(Happening):
    """Where a poll of ours stands, where the platform does not say who voted."""

    type: Literal["poll_counted"] = "poll_counted"
    ref: RemoteRef
    counts: tuple[int, ...]
    """Votes for each answer, in the order of the poll."""
    closed: bool = False


@dataclass(frozen=True, kw_only=True)
class BotMembershipChanged(Happening):
    type: Literal["membership"] = "membership"
    present: bool
    chat_title: str = ""
    actor: Sender | None = None


@dataclass(frozen=True, kw_only=True)
class ChatMoved(Happening):
    """``chat`` now lives under another id; old message ids stay with the old one."""

    type: Literal["moved"] = "moved"
    new_chat: ChatId
    followed: bool = True
    """False: the account could not come into the new one, and nothing is known of it but its id."""


@dataclass(frozen=True, kw_only=True)
class ChatRenamed(Happening):
    type: Literal["renamed"] = "renamed"
    title: str


@dataclass(frozen=True, kw_only=True)
class Missed(Happening):
    """What was said in that time never reached us, and never will. An empty ``chat``: in all chats of the account."""

    type: Literal["missed"] = "missed"
    since: datetime | None
    """When the account last heard anything; None: nobody knows."""
    until: datetime
    too_many: bool = False
    """It was there to be read, but was more than is read at once."""


class Arrival(StrEnum):
    """What became of a message after its gateway had taken it."""

    SENT = "sent"
    """It went on its way: to the network, to the next server."""
    DELIVERED = "delivered"
    """The telephone or the mailbox has it."""
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class DeliveryReported(Happening):
    """A gateway or server says later what became of one of our messages. May come twice, and in any order."""

    type: Literal["reported"] = "reported"
    send: str = ""
    """Our key of the send (see ``Adapter.send``), where the report names that."""
    message: MessageId | None = None
    """The message as ``Sent`` named it, where the report names that."""
    arrival: Arrival
    code: str = ""
    """The network's own code for why, such as 5.1.1 or 30003; never anybody's words."""
    final: bool = True
    """False: it failed for now, and over there it is still being tried."""


@dataclass(frozen=True, kw_only=True)
class OptedOut(Happening):
    """Somebody told the platform, not us, that they want nothing more from this account. It has answered them."""

    type: Literal["opted_out"] = "opted_out"
    sender: Sender


@dataclass(frozen=True, kw_only=True)
class Unreadable(Happening):
    """The adapter could not make sense of it: kept for a person, with the reason and without guessing."""

    type: Literal["unreadable"] = "unreadable"
    reason: str


InboundEvent = (
    MessagePosted
    | SetAside
    | MessageEdited
    | MessageDeleted
    | ButtonPressed
    | Reacted
    | ReactionsSet
    | ReactionsCounted
    | PollVoted
    | PollCounted
    | BotMembershipChanged
    | ChatMoved
    | ChatRenamed
    | Missed
    | DeliveryReported
    | OptedOut
    | Unreadable
)
