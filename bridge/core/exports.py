"""What is taken out of the database for people: posts with their authors' cards, quotations, thematic discussions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bridge.core.card import AuthorCard
from bridge.core.ids import RemoteRef
from bridge.core.text import RichText


@dataclass(frozen=True, kw_only=True)
class ExportedNote:
    """A moderator's, never part of the author's words."""

    text: str
    name: str
    initials: str
    anchor: str
    """The author's words that it stands beside, empty for the whole post."""


@dataclass(frozen=True, kw_only=True)
class ExportedTranslation:
    language: str
    translator: str
    text: RichText


@dataclass(frozen=True, kw_only=True)
class ExportedPost:
    number: int
    published: datetime
    """When it went out."""
    corrected: datetime | None
    theme: str
    theme_number: int | None
    headline: str
    thread_headline: str
    """The headline of its sub-thread's first post; its own where it is the first."""
    thread_number: int
    """Its number within its sub-thread."""
    answers: int | None
    """The number of the post it answers."""
    card: AuthorCard
    """As it was when the post was approved."""
    text: RichText
    attachments: tuple[tuple[str, str], ...]
    """(kind, name) of its files, and of what could not be carried."""
    notes: tuple[ExportedNote, ...]
    translations: tuple[ExportedTranslation, ...]
    places: tuple[RemoteRef, ...] = ()
    """Where it stands: the first message in every chat that it arrived in."""
    addresses: tuple[str, ...] = ()
    """Of those, as the platforms' own links."""
    origin: tuple[str, int] | None
    """For a copy from another community: its name, and the number there."""


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """How many there are besides that are not exported."""

    retracted: int = 0
    """Their posts were taken back."""
    reworded: int = 0
    """Quotations that are no longer in the text of their posts."""


@dataclass(frozen=True, kw_only=True)
class ExportedQuotation:
    text: str
    post: ExportedPost
    selected_by: str
    selected_at: datetime


@dataclass(frozen=True, kw_only=True)
class Posts:
    posts: Sequence[ExportedPost]
    left_out: LeftOut


@dataclass(frozen=True, kw_only=True)
class Quotations:
    quotations: Sequence[ExportedQuotation]
    left_out: LeftOut


@dataclass(frozen=True, kw_only=True)
class DiscussionLine:
    """A theme or discussion, found by what an operator wrote."""

    id: int
    community: str
    title: str


@dataclass(frozen=True, kw_only=True)
class ExportedDiscussion:
    id: int
    community: str
    """Its id."""
    title: str
    state: str
    sponsor: str
    starts: datetime | None
    ends: datetime | None
    """The beginnings of its first and last day."""
    questions: tuple[str, ...]
    working_group: tuple[str, ...]
    counter: int
    """The number that its newest post bears; those taken back have theirs, too."""
    posts: Sequence[ExportedPost]
    left_out: LeftOut


@dataclass(frozen=True, kw_only=True)
class Decisions:
    """How moderators decided in some time, in figures alone: who and what is in none of them."""

    counts: Mapping[tuple[str, str], int]
    """By kind of item and state that it was left in."""
    reasons: Mapping[str, int]
    """Of the posts that were rejected."""
    median_minutes: int | None
    """From arrival to a moderator's decision."""
