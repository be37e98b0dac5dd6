"""Every state machine of Baraza, as tables. Nothing changes state elsewhere.

Storage repeats the guard of a table in the WHERE clause of its update (see ``Machine.sources``), so that of two people
pressing at once exactly one wins; the diagrams in ``docs/states.md`` are drawn from these tables.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, TypeVar

from bridge.core.errors import TransitionRefused

S = TypeVar("S", bound=StrEnum)
T = TypeVar("T", bound=StrEnum)


@dataclass(frozen=True)
class Machine(Generic[S, T]):
    """A table of allowed steps: (state, step) -> state."""

    name: str
    initial: S
    table: Mapping[tuple[S, T], S] = field(repr=False)

    def next(self, state: S, step: T) -> S:
        """The state after a step; raises TransitionRefused where the table has none."""
        try:
            return self.table[state, step]
        except KeyError:
            raise TransitionRefused(f"{self.name}: {step.value} is not possible when {state.value}") from None

    def allows(self, state: S, step: T) -> bool:
        return (state, step) in self.table

    def sources(self, step: T) -> tuple[S, ...]:
        """The states a step may start from, for a guard in a WHERE clause."""
        return tuple(state for (state, taken) in self.table if taken == step)

    def target(self, step: T) -> S:
        """Where a step leads, which must not depend on where it starts."""
        targets = {after for (_, taken), after in self.table.items() if taken == step}
        if len(targets) != 1:
            raise ValueError(f"{self.name}: {step.value} leads to {len(targets)} states")
        return targets.pop()


class InboxState(StrEnum):
    """An event as it came from a platform."""

    NEW = "new"
    DONE = "done"
    PARKED = "parked"
    """Processing failed for good; a person looks at it."""


class InboxStep(StrEnum):
    FINISH = "finish"
    PARK = "park"
    RETRY = "retry"


INBOX: Machine[InboxState, InboxStep] = Machine(
    "inbox",
    InboxState.NEW,
    {
        (InboxState.NEW, InboxStep.FINISH): InboxState.DONE,
        (InboxState.NEW, InboxStep.PARK): InboxState.PARKED,
        (InboxState.PARKED, InboxStep.RETRY): InboxState.NEW,
    },
)


class ReviewState(StrEnum):
    """What moderators decide on. "Asked" is no state: an open query blocks nobody."""

    HELD = "held"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"
    MERGED = "merged"


class ReviewStep(StrEnum):
    APPROVE = "approve"
    REJECT = "reject"
    WITHDRAW = "withdraw"
    LAPSE = "lapse"
    MERGE = "merge"
    UNDO = "undo"
    """Only while no delivery of the post has been attempted, or no author told that it was rejected or merged."""


REVIEW: Machine[ReviewState, ReviewStep] = Machine(
    "review",
    ReviewState.HELD,
    {
        (ReviewState.HELD, ReviewStep.APPROVE): ReviewState.APPROVED,
        (ReviewState.HELD, ReviewStep.REJECT): ReviewState.REJECTED,
        (ReviewState.HELD, ReviewStep.WITHDRAW): ReviewState.WITHDRAWN,
        (ReviewState.HELD, ReviewStep.LAPSE): ReviewState.LAPSED,
        (ReviewState.HELD, ReviewStep.MERGE): ReviewState.MERGED,
        (ReviewState.APPROVED, ReviewStep.UNDO): ReviewState.HELD,
        (ReviewState.REJECTED, ReviewStep.UNDO): ReviewState.HELD,
        (ReviewState.MERGED, ReviewStep.UNDO): ReviewState.HELD,
    },
)


class PostState(StrEnum):
    LIVE = "live"
    RETRACTED = "retracted"


class PostStep(StrEnum):
    RETRACT = "retract"


POST: Machine[PostState, PostStep] = Machine(
    "post", PostState.LIVE, {(PostState.LIVE, PostStep.RETRACT): PostState.RETRACTED}
)


class DeliveryState(StrEnum):
    """One physical message on its way out."""

    PLANNED = "planned"
    ATTEMPTING = "attempting"
    DELIVERED = "delivered"
    REFUSED = "refused"
    IN_DOUBT = "in_doubt"
    """It may have been sent; the worker settles it by the platform's guarantee."""
    UNCERTAIN = "uncertain"
    """Only a person can settle it."""
    CANCELLED = "cancelled"


class DeliveryStep(StrEnum):
    ATTEMPT = "attempt"
    CANCEL = "cancel"
    SENT = "sent"
    REFUSE = "refuse"
    POSTPONE = "postpone"
    DOUBT = "doubt"
    FOUND = "found"
    REPLAY = "replay"
    """Safe to send again: the far side recognises the key, or repeats do no harm."""
    PARK = "park"
    CONFIRM = "confirm"
    SEND_AGAIN = "send_again"
    GIVE_UP = "give_up"
    RETRY = "retry"
    RESTORE = "restore"
    """What it waited for is tried again after all."""


DELIVERY: Machine[DeliveryState, DeliveryStep] = Machine(
    "delivery",
    DeliveryState.PLANNED,
    {
        (DeliveryState.PLANNED, DeliveryStep.ATTEMPT): DeliveryState.ATTEMPTING,
        (DeliveryState.PLANNED, DeliveryStep.CANCEL): DeliveryState.CANCELLED,
        (DeliveryState.ATTEMPTING, DeliveryStep.SENT): DeliveryState.DELIVERED,
        (DeliveryState.ATTEMPTING, DeliveryStep.REFUSE): DeliveryState.REFUSED,
        (DeliveryState.ATTEMPTING, DeliveryStep.POSTPONE): DeliveryState.PLANNED,
        (DeliveryState.ATTEMPTING, DeliveryStep.DOUBT): DeliveryState.IN_DOUBT,
        (DeliveryState.IN_DOUBT, DeliveryStep.FOUND): DeliveryState.DELIVERED,
        (DeliveryState.IN_DOUBT, DeliveryStep.REPLAY): DeliveryState.PLANNED,
        (DeliveryState.IN_DOUBT, DeliveryStep.PARK): DeliveryState.UNCERTAIN,
        (DeliveryState.UNCERTAIN, DeliveryStep.CONFIRM): DeliveryState.DELIVERED,
        (DeliveryState.UNCERTAIN, DeliveryStep.SEND_AGAIN): DeliveryState.PLANNED,
        (DeliveryState.UNCERTAIN, DeliveryStep.GIVE_UP): DeliveryState.CANCELLED,
        (DeliveryState.REFUSED, DeliveryStep.RETRY): DeliveryState.PLANNED,
        (DeliveryState.CANCELLED, DeliveryStep.RESTORE): DeliveryState.PLANNED,
    },
)


class ArrivalState(StrEnum):
    """What is known of a message after its gateway had taken it. Reports come twice, late and in any order."""

    HANDED = "handed"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"


class ArrivalStep(StrEnum):
    RELAY = "relay"
    DELIVER = "deliver"
    FAIL = "fail"


ARRIVAL: Machine[ArrivalState, ArrivalStep] = Machine(
    "arrival",
    ArrivalState.HANDED,
    {
        (ArrivalState.HANDED, ArrivalStep.RELAY): ArrivalState.SENT,
        (ArrivalState.HANDED, ArrivalStep.DELIVER): ArrivalState.DELIVERED,
        (ArrivalState.HANDED, ArrivalStep.FAIL): ArrivalState.FAILED,
        (ArrivalState.SENT, ArrivalStep.DELIVER): ArrivalState.DELIVERED,
        (ArrivalState.SENT, ArrivalStep.FAIL): ArrivalState.FAILED,
        # Whatever was said before: who has it has it.
        (ArrivalState.FAILED, ArrivalStep.DELIVER): ArrivalState.DELIVERED,
    },
)


class ConversationState(StrEnum):
    """A dialogue with a member (the profile questions), which may be left and taken up again."""

    OPEN = "open"
    PAUSED = "paused"
    DONE = "done"


class ConversationStep(StrEnum):
    PAUSE = "pause"
    RESUME = "resume"
    FINISH = "finish"


CONVERSATION: Machine[ConversationState, ConversationStep] = Machine(
    "conversation",
    ConversationState.OPEN,
    {
        (ConversationState.OPEN, ConversationStep.PAUSE): ConversationState.PAUSED,
        (ConversationState.OPEN, ConversationStep.FINISH): ConversationState.DONE,
        (ConversationState.PAUSED, ConversationStep.RESUME): ConversationState.OPEN,
        (ConversationState.DONE, ConversationStep.RESUME): ConversationState.OPEN,
    },
)


class ThemeState(StrEnum):
    """A theme, or thematic discussion: only an open one is offered for new posts."""

    OPEN = "open"
    CLOSED = "closed"


class ThemeStep(StrEnum):
    CLOSE = "close"
    REOPEN = "reopen"


THEME: Machine[ThemeState, ThemeStep] = Machine(
    "theme",
    ThemeState.OPEN,
    {
        (ThemeState.OPEN, ThemeStep.CLOSE): ThemeState.CLOSED,
        (ThemeState.CLOSED, ThemeStep.REOPEN): ThemeState.OPEN,
    },
)


class MembershipState(StrEnum):
    """Where a person stands in a community."""

    APPLIED = "applied"
    """Waits for a moderator to let them in."""
    MEMBER = "member"
    LEFT = "left"
    REFUSED = "refused"
    BANNED = "banned"
    """On every platform: it belongs to the person, not to one of their accounts."""


class MembershipStep(StrEnum):
    APPLY = "apply"
    ADMIT = "admit"
    REFUSE = "refuse"
    LEAVE = "leave"
    BAN = "ban"
    LIFT = "lift"


MEMBERSHIP: Machine[MembershipState, MembershipStep] = Machine(
    "membership",
    MembershipState.APPLIED,
    {
        (MembershipState.APPLIED, MembershipStep.ADMIT): MembershipState.MEMBER,
        (MembershipState.APPLIED, MembershipStep.REFUSE): MembershipState.REFUSED,
        (MembershipState.APPLIED, MembershipStep.LEAVE): MembershipState.LEFT,
        (MembershipState.MEMBER, MembershipStep.LEAVE): MembershipState.LEFT,
        (MembershipState.LEFT, MembershipStep.APPLY): MembershipState.APPLIED,
        (MembershipState.LEFT, MembershipStep.ADMIT): MembershipState.MEMBER,
        (MembershipState.REFUSED, MembershipStep.APPLY): MembershipState.APPLIED,
        (MembershipState.REFUSED, MembershipStep.ADMIT): MembershipState.MEMBER,
        (MembershipState.APPLIED, MembershipStep.BAN): MembershipState.BANNED,
        (MembershipState.MEMBER, MembershipStep.BAN): MembershipState.BANNED,
        (MembershipState.LEFT, MembershipStep.BAN): MembershipState.BANNED,
        (MembershipState.REFUSED, MembershipStep.BAN): MembershipState.BANNED,
        (MembershipState.BANNED, MembershipStep.LIFT): MembershipState.LEFT,
    },
)


class ProfileState(StrEnum):
    """One version of a profile. What moderators have not seen yet stands under no post that goes out unread."""

    PENDING = "pending"
    APPROVED = "approved"
    DECLINED = "declined"
    REPLACED = "replaced"
    """A newer version was given before anybody decided on this one."""


class ProfileStep(StrEnum):
    APPROVE = "approve"
    DECLINE = "decline"
    REPLACE = "replace"


PROFILE: Machine[ProfileState, ProfileStep] = Machine(
    "profile",
    ProfileState.PENDING,
    {
        (ProfileState.PENDING, ProfileStep.APPROVE): ProfileState.APPROVED,
        (ProfileState.PENDING, ProfileStep.DECLINE): ProfileState.DECLINED,
        (ProfileState.PENDING, ProfileStep.REPLACE): ProfileState.REPLACED,
    },
)


class ApplicationState(StrEnum):
    """What a person asks of the moderators that is no post: to join, to show a profile, to connect a group."""

    OPEN = "open"
    APPROVED = "approved"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    """By who asked, or because a newer one took its place."""


class ApplicationStep(StrEnum):
    APPROVE = "approve"
    DECLINE = "decline"
    WITHDRAW = "withdraw"


APPLICATION: Machine[ApplicationState, ApplicationStep] = Machine(
    "application",
    ApplicationState.OPEN,
    {
        (ApplicationState.OPEN, ApplicationStep.APPROVE): ApplicationState.APPROVED,
        (ApplicationState.OPEN, ApplicationStep.DECLINE): ApplicationState.DECLINED,
        (ApplicationState.OPEN, ApplicationStep.WITHDRAW): ApplicationState.WITHDRAWN,
    },
)


class LinkState(StrEnum):
    """A group that was connected from inside a chat."""

    ASKED = "asked"
    LINKED = "linked"
    REFUSED = "refused"
    UNLINKED = "unlinked"


class LinkStep(StrEnum):
    ASK = "ask"
    LINK = "link"
    REFUSE = "refuse"
    UNLINK = "unlink"


LINK: Machine[LinkState, LinkStep] = Machine(
    "group link",
    LinkState.ASKED,
    {
        (LinkState.ASKED, LinkStep.LINK): LinkState.LINKED,
        (LinkState.ASKED, LinkStep.REFUSE): LinkState.REFUSED,
        (LinkState.ASKED, LinkStep.UNLINK): LinkState.UNLINKED,
        (LinkState.LINKED, LinkStep.UNLINK): LinkState.UNLINKED,
        (LinkState.REFUSED, LinkStep.ASK): LinkState.ASKED,
        (LinkState.UNLINKED, LinkStep.ASK): LinkState.ASKED,
    },
)

MACHINES = (INBOX, REVIEW, POST, DELIVERY, ARRIVAL, CONVERSATION, THEME, MEMBERSHIP, PROFILE, APPLICATION, LINK)
