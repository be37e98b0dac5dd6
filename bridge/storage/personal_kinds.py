"""What the registry of personal columns is made of: a person as the tables know them, and shares of tables."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tortoise.expressions import Q
from tortoise.models import Model

from bridge.core.text import EMPTY
from bridge.storage import codec
from bridge.storage.models import (
    Identity,
    Revision,
)
from bridge.storage.persons import SETTINGS

NO_WORDS = codec.dump(codec.RICH_TEXT, EMPTY)
NOBODY = "—"
"""Stands where a name stood."""


@dataclass(frozen=True)
class Stays:
    """Shown to the person, and left when they are erased: why it then says nothing about anybody."""

    why: str


@dataclass(frozen=True)
class Traced:
    """Found by reading, not by a key (``traces``): what of it is the person's is emptied there."""

    how: str


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A person as the tables know them."""

    person_id: int
    accounts: tuple[Identity, ...]
    names: frozenset[str]
    """Everything they were called."""
    submissions: tuple[int, ...] = ()
    reviews: tuple[int, ...] = ()
    posts: tuple[int, ...] = ()
    kept: Mapping[int, str] = field(default_factory=dict)
    """Posts that stay published, with what stands in place of their author's name."""
    kept_wordings: frozenset[tuple[int, int]] = frozenset()
    """(submission, number) of what they say."""
    kept_reviews: frozenset[int] = frozenset()
    acted: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """Reviews, by what the person did to them as a moderator."""
    edited: tuple[int, ...] = ()
    """Revisions that they worded as a moderator."""

    @property
    def ids(self) -> list[int]:
        return [row.id for row in self.accounts] or [0]

    @property
    def refs(self) -> list[str]:
        return [str(row.ref) for row in self.accounts] or [""]

    @property
    def actors(self) -> list[str]:
        """In the audit log."""
        return [f"identity:{row.id}" for row in self.accounts] or [""]

    @property
    def called(self) -> list[str]:
        return sorted(self.names) or ["\u2060"]

    @property
    def addresses(self) -> list[tuple[str, str]]:
        """Their private chats."""
        return [(row.account, row.direct_chat) for row in self.accounts if row.direct_chat]

    def reviews_where(self, action: str) -> list[int]:
        return list(self.acted.get(action, ())) or [0]


AS_IT_IS = object()
Blank = Any
"""What is left of a column: a value, a function of (row, subject), ``Stays`` or ``Traced``."""


@dataclass(frozen=True, kw_only=True)
class Share:
    """Some columns of some rows of a table that are about a person."""

    section: str
    """Of the export."""
    model: type[Model]
    find: Callable[[Subject], Q]
    columns: Mapping[str, Blank]
    deletes: bool = False
    """The whole row goes; ``columns`` says what of it is shown."""
    also: tuple[str, ...] = ()
    """Shown with it so that it can be understood; impersonal."""
    spares: Callable[[Any, Subject], bool] = lambda row, subject: False
    """Rows that are left as they are."""


def any_of(pairs: list[tuple[str, str]], second: str) -> Q:
    """account and another column, as pairs."""
    found = Q(id__in=[0])
    for account, value in pairs:
        found |= Q(account=account, **{second: value})
    return found


def accounts(subject: Subject) -> Q:
    """Rows that name one of their accounts."""
    return any_of([(row.account, row.user) for row in subject.accounts], "user")


def mine(subject: Subject) -> Q:
    """Rows of what they sent in."""
    return Q(submission_id__in=list(subject.submissions) or [0])


def settings(subject: Subject) -> Q:
    """When they were last told something."""
    return Q(key__in=[f"{name}:{subject.person_id}" for name in SETTINGS])


def is_kept(row: Any, subject: Subject) -> bool:
    """Is it the wording of a post that stays, or a translation of that?"""
    number = row.number if isinstance(row, Revision) else row.revision
    return (row.submission_id, number) in subject.kept_wordings


def bare_card(row: Any, subject: Subject) -> str:
    """The card of nobody; of a post that stays published, with the words that stand for its author."""
    label = codec.load_object(row.card).get("label", row.community)
    return codec.dump_object({"label": label, "name": subject.kept.get(row.id, NOBODY)})


def unless_kept(blank: Any) -> Callable[[Any, Subject], Any]:
    """Of a post that stays published, its words stay."""

    def left(row: Any, subject: Subject) -> Any:
        return AS_IT_IS if row.id in subject.kept else blank

    return left


def unless_reviewed(row: Any, subject: Subject) -> Any:
    """A note stands under a post that stays; what it says about one that does not goes with it."""
    return AS_IT_IS if row.review_id in subject.kept_reviews else ""


def token(row: Any, subject: Subject) -> str:
    """In place of ``ACCOUNT:USER``: nobody's, and not empty, for that would mean that there was nobody."""
    return f"erased:{subject.person_id}"


NUMBER = Stays("a number that nobody can be found by")
MOMENT = Stays("a moment, of nobody in particular")


def listed(subject: Subject) -> Q:
    """Working groups with one of their names."""
    found = Q(id__in=[0])
    for name in subject.names:
        found |= Q(working_group__contains=codec.dump_list([name])[1:-1])
    return found


def sent_codes(subject: Subject) -> list[str]:
    """The views of codes that they had sent to other accounts."""
    return [f"link:{number}" for number in subject.ids]


def remembered(accounts: list[tuple[str, str]]) -> Q:
    """Of Matrix: which room is whose private one, both ways."""
    found = Q(id__in=[0])
    for account, user in accounts:
        found |= Q(account=account) & (Q(key__in=[f"direct:{user}", f"opening:{user}"]) | Q(value=user))
    return found


def heard(subject: Subject) -> Q:
    """Events that may be the person's: ``traces`` looks closer."""
    found = any_of(subject.addresses, "chat")
    for row in subject.accounts:
        quoted = codec.dump_object({"user": row.user})[1:-1]
        found |= Q(account=row.account) & (Q(event__contains=quoted) | Q(event__contains=plain(row.user)))
    return found


def plain(user: str) -> str:
    """As pydantic writes it: not escaped beyond what JSON needs."""
    return f'"user":{codec.quoted(user)}'
