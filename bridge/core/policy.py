"""What a community has decided about its own moderation, as data: roles, rules, wordings, times."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from bridge.core.ids import UserRef
from bridge.core.when import Hours


class Role(StrEnum):
    """What a person may do in a community, each including the one before."""

    MODERATOR = "moderator"
    SENIOR = "senior"
    COORDINATOR = "coordinator"

    @property
    def rank(self) -> int:
        return list(Role).index(self)

    def covers(self, needed: "Role") -> bool:
        return self.rank >= needed.rank


class Reason(StrEnum):
    """Why a post is not published. A community chooses among these; disagreement is none of them."""

    RELEVANCE = "relevance"
    CLARITY = "clarity"
    PRIVACY = "privacy"
    DUPLICATE = "duplicate"
    PRIVATE = "private"
    ADVERTISING = "advertising"
    SAFETY = "safety"
    OTHER = "other"
    """In the moderator's own words."""


NEUTRAL_REASONS = tuple(reason for reason in Reason if reason is not Reason.OTHER)
"""All that a community can offer its moderators, besides words of their own."""


class Check(StrEnum):
    """The questions that rules ask of a new wording. Each is answered yes or no."""

    ALL = "all"
    """Always yes."""
    TRUSTED = "trusted"
    """Have the moderators said that they trust this author?"""
    ALWAYS_HELD = "always_held"
    """Have the moderators said that this author's posts are always to be read first?"""
    FIRST_POSTS = "first_posts"
    """Has this author fewer than ``over`` published posts?"""
    LINKS = "links"
    """More than ``over`` links?"""
    ATTACHMENTS = "attachments"
    """More than ``over`` files?"""
    LENGTH = "length"
    """Longer than ``over`` characters?"""
    NO_PROFILE = "no_profile"
    WORDS = "words"
    """Does one of ``words`` stand in it, as a word or phrase of its own?"""
    AUTHOR_QUOTA = "author_quota"
    """More than ``over`` posts of this author within ``hours``?"""
    SOURCE_QUOTA = "source_quota"
    """More than ``over`` posts from this group within ``hours``?"""
    DUPLICATE = "duplicate"
    """Nearly the same as another post of the last ``hours``?"""
    LANGUAGE = "language"
    """In another language than the group's it was written in (or the community's)?"""
    PRIVACY = "privacy"
    """Does it hold what may identify a patient, or is private?"""
    EMERGENCY = "emergency"
    """Has somebody thrown the "hold everything" switch? It stands before every table."""
    FAILED = "failed"
    """A rule could not be answered. Never in a table: it means hold."""


class Consequence(StrEnum):
    """What a yes leads to. The strictest of all answers counts; approving only where nothing holds."""

    NOTE = "note"
    """Said on the card."""
    APPROVE = "approve"
    """Published at once, where no other rule holds it."""
    HOLD = "hold"
    SECOND = "second"
    """Held, and two moderators must approve."""
    REFUSE = "refuse"
    """Not taken; the author is told politely (quotas only)."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One line of a community's table."""

    check: Check
    then: Consequence
    over: int = 0
    hours: int = 24
    words: tuple[str, ...] = ()


DEFAULT_RULES = (
    Rule(check=Check.AUTHOR_QUOTA, then=Consequence.REFUSE, over=12, hours=1),
    Rule(check=Check.ALL, then=Consequence.HOLD),
    Rule(check=Check.PRIVACY, then=Consequence.NOTE),
    Rule(check=Check.DUPLICATE, then=Consequence.NOTE, hours=72),
    Rule(check=Check.LANGUAGE, then=Consequence.NOTE),
)
"""The table of a community that wrote none: everything is read first."""


@dataclass(frozen=True, kw_only=True)
class Template:
    """A wording kept ready: a question to authors, an answer in a safeguarding case. ``{name}`` is the author."""

    id: str
    label: str
    """For the button, in the moderators' language."""
    texts: Mapping[str, str]
    """By language tag."""

    def text(self, language: str, fallback: str) -> str:
        """In a language, else its base language, else the community's, else any."""
        for tag in (language, language.split("-")[0], fallback, fallback.split("-")[0]):
            if tag in self.texts:
                return self.texts[tag]
        return next(iter(self.texts.values()))


@dataclass(frozen=True, kw_only=True)
class Policy:
    """Everything about moderating that a community can choose."""

    roles: Mapping[UserRef, Role] = field(default_factory=dict)
    """Who may decide, from the config; more are appointed by ``/moderators``."""
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    rules: tuple[Rule, ...] = DEFAULT_RULES
    reasons: tuple[Reason, ...] = NEUTRAL_REASONS
    """For not publishing, in the order of the card."""
    questions: tuple[Template, ...] = ()
    safeguarding: frozenset[UserRef] = frozenset()
    """The named people that an escalated item goes to."""
    safeguarding_replies: tuple[Template, ...] = ()
    own_posts: bool = False
    """May a moderator decide on a post of their own?"""
    empty_reply_approves: bool = False
    """Does an empty answer to the letter of a held post approve it?"""
    approvals: int = 1
    """How many moderators must approve."""
    consent_to_edits: bool = False
    """Must the author agree to a moderator's wording, beyond trivial changes?"""
    mirror_reactions: bool = False
    """Does our account react in every group as readers elsewhere do?"""
    undo: timedelta = timedelta(0)
    """How long an approval waits before the first send, so that it can be undone."""
    posts_per_hour: int = 0
    """0: no limit."""
    claim_for: timedelta = timedelta(minutes=30)
    waking: Hours = field(default_factory=lambda: Hours.parse("07:00-21:00"))
    """When moderators may be reminded, in ``zone``."""
    remind_moderators: timedelta = timedelta(hours=6)
    """One reminder digest per such interval."""
    remind_author: timedelta = timedelta(hours=24)
    lapse: timedelta = timedelta(days=14)
    """After a question that was never answered; nothing else lapses."""
