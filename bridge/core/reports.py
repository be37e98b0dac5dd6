"""What an operator is shown of the queue and the ledger: figures and ids, never anybody's text."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bridge.core.errors import Refusal
from bridge.core.ids import Address, CommunityId
from bridge.core.states import ArrivalState, DeliveryState


@dataclass(frozen=True, kw_only=True)
class HeldItem:
    """Something that waits for a moderator."""

    id: int
    kind: str
    since: datetime


@dataclass(frozen=True, kw_only=True)
class Queue:
    """What one community's moderators have before them."""

    community: CommunityId
    held: int
    items: tuple[HeldItem, ...] = ()
    """The oldest first, at most 20."""


@dataclass(frozen=True, kw_only=True)
class StatusReport:
    queues: tuple[Queue, ...]
    inbox_waiting: int
    inbox_oldest: datetime | None
    """When the oldest event that is still unread was received."""
    inbox_parked: int
    deliveries: Mapping[DeliveryState, int]
    oldest_uncertain: datetime | None = None
    """When the oldest message that a person must settle was last attempted."""
    oldest_undelivered: datetime | None
    """When the oldest delivery that is neither finished nor given up was planned."""
    handed: Mapping[str, int] = field(default_factory=dict)
    """By account: what was handed over in the last day, where that is counted."""
    failed: Mapping[str, int] = field(default_factory=dict)
    """By account: what came back in the last day."""
    warned: Mapping[str, int] = field(default_factory=dict)
    """By account: people who were told that letters to them come back."""
    unreachable: Mapping[str, int] = field(default_factory=dict)
    """By account: people to whom nothing is sent any more, since it never arrived."""


@dataclass(frozen=True, kw_only=True)
class GroupLine:
    """One group of a community, from the config file or connected from inside a chat."""

    community: str
    chat: Address
    title: str
    source: str
    """``config`` or ``chat``."""
    state: str
    """``linked``, ``asked``, ``refused``, ``unlinked``; ``overruled`` where the config file says what that chat is."""
    intake: str
    language: str
    size: int | None = None
    code: str = ""
    """What moderators call it in ``/unbridge``."""
    by: str = ""
    """Who decided on it, by name where it is known."""
    since: datetime | None = None
    last_arrived: datetime | None = None
    """When a post last arrived there."""
    trouble: str = ""
    """Why the last one did not."""
    gone_since: datetime | None = None
    """Since when the account has been out of it."""


@dataclass(frozen=True, kw_only=True)
class DeliveryFilter:
    """Which rows of the ledger are wanted; None: any."""

    post: int | None = None
    state: DeliveryState | None = None
    chat: Address | None = None
    limit: int = 50


@dataclass(frozen=True, kw_only=True)
class DeliveryLine:
    """One row of the ledger."""

    id: int
    post: int | None
    """None for a notice or a moderators' card."""
    target: Address
    part: int
    operation: str
    state: DeliveryState
    attempts: int
    changed: datetime
    due: datetime | None
    refusal: Refusal | None
    detail: str
    """The platform's own words, without secrets and personal text."""
    arrival: ArrivalState | None = None
    """What was reported after the gateway had taken it; None where nothing is counted there."""
    code: str = ""
    """Why it failed after that, as the network says it."""


@dataclass(frozen=True, kw_only=True)
class Chain:
    """What was found in a community's audit log."""

    community: str
    lines: int
    head: str
    """The hash of the last line."""
    broken_at: int | None = None
    """The first line that is not as it was written, or whose forerunner is missing."""
    older: int = 0
    """Lines from before there was a chain."""


@dataclass(frozen=True, kw_only=True)
class TraceLine:
    """One thing that happened to an item on its way."""

    at: datetime
    step: str
    """inbox, submission, revision, review, decision, post, delivery."""
    what: str
    where: str
    outcome: str
    id: int | None = None
    """Of the row in its table; for an inbox event and a delivery, the number that the log names, too."""
    attempts: int = 0
    reference: str = ""
    """What the platform calls the message."""
    by: str = ""
    tried_at: datetime | None = None
    """When it was last attempted."""
    done_at: datetime | None = None
    due_at: datetime | None = None
    """When it is tried (again)."""
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class TraceReport:
    """The way of one item from intake to arrival."""

    community: str
    number: int
    ids: tuple[str, ...]
    """What log lines about it carry as ``trace``: one, or one for each item of an album."""
    state: str
    lines: tuple[TraceLine, ...]
