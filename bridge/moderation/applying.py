"""Applications in the moderators' channels: what people ask that is no post (to join, to show a profile, to connect a
group), with one card each in every channel, decided like a post by a button, a reaction or a reply.

A kind of application is a ``Kind`` in a module of its own, entered in ``application_kinds``. Its cards are composed by
``application_cards`` and worked by ``application_desk``.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bridge.core.community import Community
from bridge.core.ids import Address
from bridge.core.policy import Role
from bridge.core.states import ApplicationState, DeliveryState
from bridge.core.text import RichText
from bridge.delivery.directory import Directory
from bridge.moderation.acts import Desk, Moderator, Reply
from bridge.rendering.words import Words, words
from bridge.storage import inbox, ledger
from bridge.storage.models import Delivery, Identity
from bridge.storage.models_members import Application


@dataclass(frozen=True, kw_only=True)
class Ruling:
    """One decision of one authorised person about one application, inside its transaction; the row is locked."""

    desk: Desk
    community: Community
    application: Application
    """With its identity and person."""
    moderator: Moderator
    identity: Identity
    """The person who decides."""
    role: Role
    text: RichText
    """Why not, where that was said; the value that a setting is given."""
    argument: str = ""
    """Which of the kind's options was chosen."""

    @property
    def w(self) -> Words:
        """The moderators' language."""
        return words(self.community.language)

    @property
    def now(self) -> datetime:
        return self.desk.now


@dataclass(frozen=True, kw_only=True)
class Option:
    """One of several ways in which an application can be approved: a button, or ``approve: <argument>``."""

    argument: str
    label: str
    emoji: str


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What a reply to the card changes besides the decision, before it or after it: ``intake: copy``."""

    word: Callable[[Words], str]
    perform: Callable[[Ruling], Awaitable[Reply]]


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What one kind of application shows and does. ``approve`` and ``decline`` run after the state has changed: they
    carry out what follows and tell the person, and return what the moderator is told besides "Done.".
    """

    name: str
    title: Callable[[Words], str]
    """For the head of its card: "wants to join", "a changed profile", "wants to connect a group"."""
    lines: Callable[[Application, Community, Words], Awaitable[RichText]]
    """What its card shows beside who asks."""
    approve: Callable[[Ruling], Awaitable[Reply | None]]
    decline: Callable[[Ruling], Awaitable[Reply | None]]
    role: Role = Role.MODERATOR
    """Who may decide."""
    own: bool = False
    """May moderators decide on what they asked for themselves, whatever the community says of one's own posts?"""
    options: Callable[[Application, Community, Words], Awaitable[Sequence[Option]]] | None = None
    """The ways in which it can be approved, where there are several; the first is meant where none is named."""
    settings: Mapping[str, Setting] = field(default_factory=dict)
    hindered: Callable[[Ruling], Awaitable[Reply | None]] | None = None
    """Why it cannot be approved now; None where it can."""


async def show(application: Application, community: Community, directory: Directory, now: datetime) -> None:
    """Plan its card in every moderators' channel."""
    for channel in community.moderators:
        await _plan_in(application, await inbox.resolve(channel), directory, now)


async def _plan_in(application: Application, channel: Address, directory: Directory, now: datetime) -> None:
    if directory.capabilities(channel) is None:
        return
    await ledger.plan(
        kind=ledger.APPLICATION,
        address=channel,
        now=now,
        community=application.community,
        application_id=application.id,
    )


async def show_missing(application: Application, channel: Address, directory: Directory, now: datetime) -> None:
    """Plan a card where a channel has none: it was refused, or stayed behind in a chat that moved.

    ``channel``: where it lives now.
    """
    if application.state != ApplicationState.OPEN:
        return
    missing = (DeliveryState.REFUSED, DeliveryState.CANCELLED, DeliveryState.UNCERTAIN)
    for card in await ledger.application_rows(application.id):
        if card.state not in missing and card.address == channel:
            return
    await _plan_in(application, channel, directory, now)


async def refresh(application: Application, now: datetime) -> None:
    """Let every card of it show what is true now. An edit not yet composed will do so by itself."""
    for card in await ledger.application_rows(application.id):
        await _refresh_one(card, now)


async def _refresh_one(card: Delivery, now: datetime) -> None:
    if card.state in (DeliveryState.REFUSED, DeliveryState.CANCELLED) or not card.payload:
        return
    if await ledger.unclaimed_edit(card) is not None:
        return
    await ledger.plan(
        kind=ledger.APPLICATION,
        address=card.address,
        now=now,
        operation=ledger.EDIT,
        community=card.community,
        application_id=card.application_id,
        target=card,
    )
