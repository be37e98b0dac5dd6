"""What a community has decided about its members, as data: who may join, what they are asked, how long things stay."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum


class Joining(StrEnum):
    """How somebody becomes a member."""

    OPEN = "open"
    """By joining or by posting."""
    APPROVAL = "approval"
    """A moderator lets them in; approving a first post does so, too."""
    INVITATION = "invitation"
    """Only with a code that a moderator made."""


class WithoutProfile(StrEnum):
    """What becomes of a post whose author has no profile."""

    PLAIN = "plain"
    """The card says "new member"."""
    ASK = "ask"
    """It cannot be approved before its author has given the fields that are required."""


class Reading(StrEnum):
    """Whether a member is sent private copies, and how."""

    GROUPS = ""
    """None: they read in the bridged groups."""
    IMMEDIATE = "immediate"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    NONE = "none"
    """They said that they want none: no later default changes that."""


class FieldKind(StrEnum):
    NAME = "name"
    """One line without odd signs."""
    TEXT = "text"
    COUNTRY = "country"
    """Kept as an ISO 3166 code where it is known, and shown in the reader's language."""
    LANGUAGES = "languages"
    """Kept as BCP 47 tags where they are known."""
    EMAIL = "email"
    """Shown as ``name AT example.org``, and only where its owner said so."""


@dataclass(frozen=True, kw_only=True)
class ProfileField:
    """One question of a community's profile."""

    id: str
    """``name``, ``degrees``, ``role``, ``organisation``, ``town``, ``country``, ``interests``, ``languages`` and
    ``email`` have their place in the sentence of the card; any other id stands behind it with its label."""
    kind: FieldKind = FieldKind.TEXT
    limit: int = 120
    """Characters of an answer."""
    required: bool = False
    shown: bool = True
    """Is it shown unless its owner says otherwise?"""
    label: Mapping[str, str] = field(default_factory=dict)
    """By language tag; for the fields named above, none is needed."""
    question: Mapping[str, str] = field(default_factory=dict)


DEFAULT_FIELDS = (
    ProfileField(id="name", kind=FieldKind.NAME, limit=64, required=True),
    ProfileField(id="degrees", limit=60),
    ProfileField(id="role", limit=80, required=True),
    ProfileField(id="organisation", limit=120),
    ProfileField(id="town", limit=60),
    ProfileField(id="country", kind=FieldKind.COUNTRY, limit=60, required=True),
    ProfileField(id="interests", limit=200),
    ProfileField(id="languages", kind=FieldKind.LANGUAGES, limit=80, shown=False),
    ProfileField(id="email", kind=FieldKind.EMAIL, limit=120, shown=False),
)
"""The questions of a community that wrote none."""


@dataclass(frozen=True, kw_only=True)
class MemberPolicy:
    """Everything about its members that a community can choose."""

    joining: Joining = Joining.OPEN
    without_profile: WithoutProfile = WithoutProfile.PLAIN
    fields: tuple[ProfileField, ...] = DEFAULT_FIELDS
    review_profiles: bool = True
    """Do moderators see a changed profile before it shows?"""
    keep_posts: bool = False
    """Do published posts stay, without a name, when their author has everything erased?"""
    reading: Reading = Reading.GROUPS
    """How somebody reads who has joined privately and chosen nothing."""

    def field(self, field_id: str) -> ProfileField | None:
        return next((each for each in self.fields if each.id == field_id), None)


@dataclass(frozen=True, kw_only=True)
class Retention:
    """How long things stay; None: for ever."""

    raw: timedelta | None = timedelta(days=30)
    """What platforms delivered, as it came, after it was handled."""
    messages: timedelta | None = timedelta(days=90)
    """The words of notices, cards and questions that were delivered, and who reacted and voted."""
    rejected: timedelta | None = timedelta(days=365)
    """The words of posts that were never published."""
    left: timedelta | None = timedelta(days=365)
    """Profiles and preferences of people who left every community."""
