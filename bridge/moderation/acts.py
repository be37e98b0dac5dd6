"""What moderators do, in neutral form: an act is one instruction of one person about one item.

A button, a reaction and a typed word lead to the same ``Deed``; ``deeds`` is the table of all of them, ``channel``
authorises and runs them. A deed runs in the transaction that also marks its event done.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime

from bridge.core.community import Communities, Community
from bridge.core.events import Sender
from bridge.core.hygiene import clean_name
from bridge.core.ids import Address, RemoteRef
from bridge.core.policy import Role
from bridge.core.states import ReviewState
from bridge.core.text import EMPTY, RichText
from bridge.delivery.directory import Directory
from bridge.rendering.words import Words, words
from bridge.storage import inbox
from bridge.storage.models import Delivery, Identity, Review


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What acting in a channel needs."""

    communities: Communities
    directory: Directory
    now: datetime


@dataclass(frozen=True, kw_only=True)
class Moderator:
    """Who acts, and from where."""

    sender: Sender
    channel: Address
    """As the config names it."""

    @property
    def name(self) -> str:
        return clean_name(self.sender.name, fallback=clean_name(self.sender.handle, fallback=self.sender.ref.user))


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What the person who acted is told."""

    text: str
    alert: bool = False
    """It must not be overlooked."""
    on_card: bool = False
    """The card itself shows it: who typed the instruction need not be told besides."""


@dataclass(frozen=True, kw_only=True)
class Act:
    """One instruction: who, what about, and what they gave with it."""

    desk: Desk
    community: Community
    review: Review
    """With its submission, identity and person."""
    revision: int
    """The wording that the person was looking at."""
    moderator: Moderator
    identity: Identity
    """The person who acts."""
    role: Role
    argument: str = ""
    """Of a button: which reason, which group."""
    text: RichText = EMPTY
    """What was typed."""
    card: Delivery | None = None
    """The card that was acted on, in the channel of the act."""
    said: RemoteRef | None = None
    """The message that was typed."""

    @property
    def w(self) -> Words:
        """The moderators' language."""
        return words(self.community.language)

    @property
    def now(self) -> datetime:
        return self.desk.now

    async def here(self) -> Address:
        """Where the channel of the act lives now."""
        return await inbox.resolve(self.moderator.channel)

    @property
    def number(self) -> int:
        return int(self.review.submission.number)


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """A message that waits for a reply: which deed the reply is for, and with what argument."""

    text: RichText
    deed: str
    argument: str = ""

    @property
    def view(self) -> str:
        """What its row remembers."""
        return f"{self.deed}:{self.argument}" if self.argument else self.deed


Handler = Callable[[Act], Awaitable[Reply]]
Question = Callable[[Act], Awaitable[RichText | Reply | list[Prompt]]]
HELD = frozenset({ReviewState.HELD})
ALWAYS = frozenset(ReviewState)


@dataclass(frozen=True, kw_only=True)
class Deed:
    """One thing that moderators can do to an item."""

    name: str
    """In handles, and in ``menu``."""
    word: Callable[[Words], str] | None = None
    """What is typed in front of it, in the channel's language; its English name works everywhere."""
    perform: Handler | None = None
    """A press, or the word alone."""
    question: Question | None = None
    """A press (or the word alone) of what needs words: the message (or several) to reply to, or why not."""
    heard: Handler | None = None
    """With the words that were given."""
    role: Role = Role.MODERATOR
    states: frozenset[ReviewState] = HELD
    """Of the review; a press in any other state is told what became of the item."""
    decides: bool = False
    """The rules about one's own posts, claims and escalation apply."""
    any_revision: bool = False
    """Says nothing about the wording, so an older card will do."""
    local: bool = False
    """Changes only what this channel's card offers; anybody there who may decide may do it."""
    options: frozenset[str] = field(default_factory=frozenset)
    """Words that may follow without a colon, in lower case (the reasons after "reject")."""
