"""People and figures as an operator is shown them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Outcome(StrEnum):
    """What became of one line of an import."""

    CREATED = "created"
    """A new person."""
    JOINED = "joined"
    """Known already, and now a member here, too."""
    KNOWN = "known"
    """A member already: nothing was changed."""
    REFUSED = "refused"


@dataclass(frozen=True, kw_only=True)
class NewMember:
    """One line of an import, checked."""

    line: int
    addresses: tuple[tuple[str, str], ...]
    """(account, user): at least one."""
    name: str
    answers: Mapping[str, str] = field(default_factory=dict)
    """Of the profile, by field id."""
    shown: bool = False
    """Do readers see the profile? They agreed to it where they came from."""
    language: str = ""
    reading: str = ""
    title: str = ""
    joined: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """A line that was not taken."""

    line: int
    reason: str
    cells: tuple[str, ...] = field(default=(), repr=False)
    """As they stood in the file, to be mended there."""


class UnreadableFile(ValueError):
    """The file as a whole cannot be used; its words say what to do."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """An open file: its columns, and its lines as they come."""

    columns: tuple[str, ...]
    lines: Iterator[tuple[int, list[str]]]
    """(number in the file, cells)"""


@dataclass(kw_only=True)
class ImportReport:
    """An import as far as it has come."""

    created: int = 0
    joined: int = 0
    known: int = 0
    refused: list[Refusal] = field(default_factory=list)
    columns: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    """Columns that mean nothing here."""

    @property
    def lines(self) -> int:
        return self.created + self.joined + self.known + len(self.refused)


@dataclass(frozen=True, kw_only=True)
class AccountLine:
    account: str
    user: str
    name: str
    handle: str
    verified: str
    reachable: bool
    """Has a private chat been opened there?"""
    since: datetime
    warned: datetime | None = None
    """When they were told that letters to them come back."""
    lost: datetime | None = None
    """Since when nothing is sent there, as it never arrived."""
    stopped: datetime | None = None
    """Since when nothing is sent there, as they wrote STOP."""


@dataclass(frozen=True, kw_only=True)
class MembershipLine:
    community: str
    state: str
    title: str
    reading: str
    language: str
    via: str
    standing: str
    """What moderators said of them: trusted, held or nothing."""
    joined: datetime | None
    posts: int
    """Published in this community."""


@dataclass(frozen=True, kw_only=True)
class PersonShown:
    """One person, for whoever runs the bridge."""

    number: int
    language: str
    since: datetime
    erased: datetime | None
    accounts: Sequence[AccountLine]
    memberships: Sequence[MembershipLine]
    answers: Mapping[str, str]
    shown: bool
    biography: str = ""

    @property
    def name(self) -> str:
        """What they call themselves, else what an account of theirs is called."""
        return self.answers.get("name") or next((a.name for a in self.accounts if a.name), "")


@dataclass(frozen=True, kw_only=True)
class Contributor:
    name: str
    country: str
    messages: int


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What a community publishes of itself for some days, as HIFA does each month."""

    community: str
    messages: int
    contributors: int
    countries: Sequence[tuple[str, int]]
    """(country as its authors' cards say it, messages), most first."""
    top: Sequence[Contributor]
    members: int
    """Now."""
    joined: int
    left: int
    retracted: int
    rejected: int
    reasons: Sequence[tuple[str, int]]
    """Why posts were rejected, by code."""
    median_decision: float | None
    """Seconds from a post to the decision on it; None where nothing was decided."""
