"""Where anything personal stands: every column of every table is claimed here, or is impersonal and says why.

``SHARES`` says which rows are a person's, as whom (author, moderator, reader), which of their columns are personal and
what is left of each when the person is erased. ``holdings`` shows exactly these columns, ``erasure`` empties exactly
these. A test enumerates the models and fails for a column that stands neither here nor in ``IMPERSONAL``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tortoise.expressions import Q
from tortoise.models import Model

from bridge.core.text import EMPTY
from bridge.storage import codec
from bridge.storage.models import (
    AdapterState,
    Chat,
    Conversation,
    Decision,
    Delivery,
    Identity,
    Inbox,
    Person,
    Post,
    Profile,
    Query,
    Review,
    Revision,
    Source,
    Submission,
)
from bridge.storage.models_desk import (
    Absence,
    Appointment,
    Note,
    Quotation,
    Setting,
    Standing,
    Theme,
    Translation,
    Vote,
)
from bridge.storage.models_members import Application, BridgedGroup, Invitation, LinkCode, Membership
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


def _any(pairs: list[tuple[str, str]], second: str) -> Q:
    """account and another column, as pairs."""
    found = Q(id__in=[0])
    for account, value in pairs:
        found |= Q(account=account, **{second: value})
    return found


def _accounts(subject: Subject) -> Q:
    return _any([(row.account, row.user) for row in subject.accounts], "user")


def _mine(subject: Subject) -> Q:
    return Q(submission_id__in=list(subject.submissions) or [0])


def _settings(subject: Subject) -> Q:
    return Q(key__in=[f"{name}:{subject.person_id}" for name in SETTINGS])


def _is_kept(row: Any, subject: Subject) -> bool:
    """Is it the wording of a post that stays, or a translation of that?"""
    number = row.number if isinstance(row, Revision) else row.revision
    return (row.submission_id, number) in subject.kept_wordings


def _card(row: Any, subject: Subject) -> str:
    """The card of nobody; of a post that stays published, with the words that stand for its author."""
    label = codec.load_object(row.card).get("label", row.community)
    return codec.dump_object({"label": label, "name": subject.kept.get(row.id, NOBODY)})


def _unless_kept(blank: Any) -> Callable[[Any, Subject], Any]:
    def left(row: Any, subject: Subject) -> Any:
        return AS_IT_IS if row.id in subject.kept else blank

    return left


def _unless_reviewed(row: Any, subject: Subject) -> Any:
    """A note stands under a post that stays; what it says about one that does not goes with it."""
    return AS_IT_IS if row.review_id in subject.kept_reviews else ""


def _token(row: Any, subject: Subject) -> str:
    """In place of ``ACCOUNT:USER``: nobody's, and not empty, for that would mean that there was nobody."""
    return f"erased:{subject.person_id}"


_NUMBER = Stays("a number that nobody can be found by")
_MOMENT = Stays("a moment, of nobody in particular")

SHARES: tuple[Share, ...] = (
    Share(
        section="person",
        model=Person,
        find=lambda s: Q(id=s.person_id),
        columns={"language": "", "created_at": _MOMENT},
    ),
    Share(
        section="accounts",
        model=Identity,
        find=lambda s: Q(id__in=s.ids),
        columns={
            "user": lambda row, subject: f"erased:{row.id}",
            "name": "",
            "handle": "",
            "direct_chat": "",
            "direct_open": False,
            "community": "",
            "verified": "claimed",
            "verified_at": None,
            "created_at": _MOMENT,
        },
        also=("id", "account"),
    ),
    Share(
        section="profiles",
        model=Profile,
        find=lambda s: Q(person_id=s.person_id),
        deletes=True,
        columns=dict.fromkeys(("answers", "shown", "hidden", "biography", "state", "version", "decided_at")),
        also=("community", "created_at"),
    ),
    Share(
        section="memberships",
        model=Membership,
        find=lambda s: Q(person_id=s.person_id),
        deletes=True,
        columns=dict.fromkeys(
            (
                "state",
                "title",
                "note",
                "via",
                "invitation_id",
                "language",
                "reading",
                "media",
                "hour",
                "zone",
                "quiet",
                "away_until",
                "read_post_id",
                "digest_at",
                "joined_at",
                "ended_at",
            )
        ),
        also=("community", "created_at"),
    ),
    Share(
        section="standings",
        model=Standing,
        find=lambda s: Q(person_id=s.person_id),
        deletes=True,
        columns=dict.fromkeys(("standing", "set_at")),
        also=("community",),
    ),
    Share(
        section="dialogues",
        model=Conversation,
        find=lambda s: Q(identity_id__in=s.ids),
        deletes=True,
        columns=dict.fromkeys(("answers", "state", "step", "updated_at")),
        also=("kind", "community"),
    ),
    Share(
        section="what moderators were asked",
        model=Application,
        find=lambda s: Q(identity_id__in=s.ids),
        columns={"facts": "{}", "words": "", "created_at": _MOMENT},
        also=("community", "kind", "number", "state", "decided_at"),
    ),
    Share(
        section="link codes",
        model=LinkCode,
        find=lambda s: Q(identity_id__in=s.ids) | _accounts(s),
        deletes=True,
        columns=dict.fromkeys(("account", "user", "hash", "attempts", "expires_at", "used_at")),
        also=("created_at",),
    ),
    Share(
        section="what you were told of",
        model=Setting,
        find=_settings,
        deletes=True,
        columns=dict.fromkeys(("key", "value")),
        also=("community",),
    ),
    Share(
        section="messages sent in",
        model=Submission,
        find=lambda s: Q(identity_id__in=s.ids),
        columns={
            "chat": lambda row, subject: "" if row.private else AS_IT_IS,
            "message": "",
            "album": "",
            "reply_excerpt": "",
            "private": Stays("whether it was written privately"),
            "created_at": _MOMENT,
        },
        also=("community", "number", "account"),
    ),
    Share(
        section="where they stood",
        model=Source,
        find=_mine,
        deletes=True,
        columns=dict.fromkeys(("chat", "message")),
        also=("account",),
    ),
    Share(
        section="wordings",
        model=Revision,
        find=_mine,
        columns={"text": NO_WORDS, "attachments": "[]", "uncarried": "[]", "findings": "{}", "created_at": _MOMENT},
        also=("submission_id", "number"),
        spares=_is_kept,
    ),
    Share(
        section="decisions about them",
        model=Review,
        find=_mine,
        columns={
            "headline": "",
            "short": "",
            "words": "",
            "reason": Stays("a code of why it was rejected"),
            "reasons": Stays("codes of why it was held, and the words of the community's own rules"),
            "consent": "",
        },
        also=("community", "kind", "state", "decided_at", "submission_id"),
    ),
    Share(
        section="questions and answers",
        model=Query,
        find=lambda s: Q(review_id__in=list(s.reviews) or [0]),
        columns={"question": "", "answer": "", "wording": ""},
        also=("review_id", "kind", "asked_at", "answered_at"),
    ),
    Share(
        section="notes about them",
        model=Note,
        find=lambda s: Q(review_id__in=list(s.reviews) or [0]),
        columns={
            "anchor": _unless_reviewed,
            "text": _unless_reviewed,
        },
        also=("review_id", "created_at"),
    ),
    Share(
        section="translations of them",
        model=Translation,
        find=_mine,
        columns={"text": NO_WORDS},
        also=("submission_id", "language"),
        spares=_is_kept,
    ),
    Share(
        section="posts",
        model=Post,
        find=_mine,
        columns={
            "author": lambda row, subject: subject.kept.get(row.id, NOBODY),
            "card": _card,
            "text": _unless_kept(NO_WORDS),
            "attachments": _unless_kept("[]"),
            "uncarried": _unless_kept("[]"),
            "headline": _unless_kept(""),
            "notes": _unless_kept("{}"),
            "short": _unless_kept(""),
            "translations": _unless_kept("{}"),
            "origin": _unless_kept("{}"),
        },
        also=("community", "number", "state", "approved_at"),
    ),
    Share(
        section="quotations from them",
        model=Quotation,
        find=lambda s: Q(post_id__in=[post for post in s.posts if post not in s.kept] or [0]),
        deletes=True,
        columns=dict.fromkeys(("text",)),
        also=("post_id", "created_at"),
    ),
    Share(
        section="log",
        model=Decision,
        find=lambda s: Q(actor__in=s.actors) | Q(review_id__in=list(s.reviews) or [0]),
        columns=dict.fromkeys(("at", "action", "reason", "detail"), _NUMBER),
        also=("community", "review_id"),
    ),
    # --- as a moderator ---
    Share(
        section="decided as a moderator",
        model=Review,
        find=lambda s: Q(decided_by__in=s.refs),
        columns={"decided_by": _token, "decided_name": NOBODY},
        also=("community", "kind", "state", "decided_at"),
    ),
    Share(
        section="claimed as a moderator",
        model=Review,
        find=lambda s: Q(claimed_by__in=s.refs) | Q(claimed_name__in=s.called, claimed_by=""),
        columns={"claimed_by": "", "claimed_name": "", "claimed_at": None},
        also=("community",),
    ),
    Share(
        section="escalated as a moderator",
        model=Review,
        find=lambda s: Q(id__in=s.reviews_where("escalate")) & ~Q(escalated_name=""),
        columns={"escalated_name": NOBODY},
        also=("community", "escalated_at"),
    ),
    Share(
        section="wordings as a moderator",
        model=Revision,
        find=lambda s: Q(id__in=list(s.edited) or [0]),
        columns={"editor": NOBODY},
        also=("submission_id", "number"),
    ),
    Share(
        section="taken back as a moderator",
        model=Post,
        find=lambda s: Q(submission__reviews__id__in=s.reviews_where("retract")) & ~Q(retracted_name=""),
        columns={"retracted_name": NOBODY},
        also=("community", "number", "retracted_at"),
    ),
    Share(
        section="questions asked",
        model=Query,
        find=lambda s: Q(asked_by__in=s.refs),
        columns={"asked_by": _token, "asked_name": NOBODY},
        also=("review_id", "asked_at"),
    ),
    Share(
        section="notes signed",
        model=Note,
        find=lambda s: Q(actor__in=s.refs),
        columns={"actor": _token, "name": NOBODY, "initials": NOBODY},
        also=("review_id", "text", "created_at"),
    ),
    Share(
        section="translations signed",
        model=Translation,
        find=lambda s: Q(actor__in=s.refs),
        columns={"actor": _token, "translator": NOBODY},
        also=("submission_id", "language", "created_at"),
    ),
    Share(
        section="quotations marked",
        model=Quotation,
        find=lambda s: Q(actor__in=s.refs),
        columns={"actor": _token, "selected_name": NOBODY},
        also=("post_id", "created_at"),
    ),
    Share(
        section="themes opened",
        model=Theme,
        find=lambda s: Q(created_by__in=s.refs),
        columns={"created_by": _token},
        also=("community", "title", "created_at"),
    ),
    Share(
        section="named in discussions",
        model=Theme,
        find=lambda s: Q(sponsor__in=s.called) | _listed(s),
        columns={
            "sponsor": lambda row, subject: NOBODY if row.sponsor in subject.names else AS_IT_IS,
            "working_group": lambda row, subject: codec.dump_list(
                name for name in codec.load_list(row.working_group) if name not in subject.names
            ),
        },
        also=("community", "title"),
    ),
    Share(
        section="standings given",
        model=Standing,
        find=lambda s: Q(set_by__in=s.refs),
        columns={"set_by": _token},
        also=("community", "set_at"),
    ),
    Share(
        section="appointments",
        model=Appointment,
        find=_accounts,
        deletes=True,
        columns=dict.fromkeys(("account", "user", "name", "role")),
        also=("community", "set_at"),
    ),
    Share(
        section="appointments made",
        model=Appointment,
        find=lambda s: Q(set_by__in=s.refs),
        columns={"set_by": _token},
        also=("community", "set_at"),
    ),
    Share(
        section="absences",
        model=Absence,
        find=_accounts,
        deletes=True,
        columns=dict.fromkeys(("account", "user", "name", "until")),
        also=("community",),
    ),
    Share(
        section="votes",
        model=Vote,
        find=lambda s: Q(person_id=s.person_id),
        columns={"actor": _token, "name": NOBODY, "person_id": _NUMBER, "at": _MOMENT},
        also=("review_id", "revision"),
    ),
    Share(
        section="profiles decided",
        model=Profile,
        find=lambda s: Q(decided_by__in=[*s.refs, *s.actors]),
        columns={"decided_by": _token},
        also=("community", "decided_at"),
    ),
    Share(
        section="memberships decided",
        model=Membership,
        find=lambda s: Q(set_by__in=[*s.refs, *s.actors]),
        columns={"set_by": _token},
        also=("community", "joined_at", "ended_at"),
    ),
    Share(
        section="applications decided",
        model=Application,
        find=lambda s: Q(decided_by__in=[*s.refs, *s.actors]),
        columns={"decided_by": _token, "decided_name": NOBODY},
        also=("community", "number", "decided_at"),
    ),
    Share(
        section="invitations made",
        model=Invitation,
        find=lambda s: Q(set_by__in=[*s.refs, *s.actors]),
        columns={"set_by": _token, "label": ""},
        also=("community", "created_at"),
    ),
    Share(
        section="groups connected",
        model=BridgedGroup,
        find=lambda s: Q(identity_id__in=s.ids),
        columns={"identity_id": _NUMBER},
        also=("community", "title", "created_at"),
    ),
    Share(
        section="groups decided",
        model=BridgedGroup,
        find=lambda s: Q(decided_by__in=[*s.refs, *s.actors]),
        columns={"decided_by": _token},
        also=("community", "title", "changed_at"),
    ),
    # --- as a name in other texts: emptied by ``traces`` ---
    Share(
        section="private chats",
        model=Chat,
        find=lambda s: _any(s.addresses, "chat"),
        deletes=True,
        columns=dict.fromkeys(("chat", "title")),
        also=("account",),
    ),
    Share(
        section="what a platform's account remembers",
        model=AdapterState,
        find=lambda s: remembered([(row.account, row.user) for row in s.accounts]),
        deletes=True,
        columns=dict.fromkeys(("key", "value")),
        also=("account",),
    ),
    Share(
        section="messages to you",
        model=Delivery,
        find=lambda s: Q(person_id=s.person_id) | _any(s.addresses, "chat") | Q(view__in=_sent_codes(s)),
        columns={
            name: Traced("rows of private chats go, others lose their words (traces.deliveries)")
            for name in (
                "chat",
                "content",
                "payload",
                "remote_chat",
                "message",
                "target_chat",
                "target_message",
                "detail",
                "person_id",
                "view",
            )
        },
        also=("account", "community", "kind", "state", "planned_at", "done_at"),
    ),
    Share(
        section="as it came from the platforms",
        model=Inbox,
        find=lambda s: _heard(s),
        columns={
            name: Traced("emptied where the person wrote it or is named in it (traces.inbox)")
            for name in ("chat", "event", "raw_json", "note")
        },
        also=("account", "received_at", "state"),
    ),
)


def _listed(subject: Subject) -> Q:
    found = Q(id__in=[0])
    for name in subject.names:
        found |= Q(working_group__contains=codec.dump_list([name])[1:-1])
    return found


def _sent_codes(subject: Subject) -> list[str]:
    return [f"link:{number}" for number in subject.ids]


def remembered(accounts: list[tuple[str, str]]) -> Q:
    """Of Matrix: which room is whose private one, both ways."""
    found = Q(id__in=[0])
    for account, user in accounts:
        found |= Q(account=account) & (Q(key__in=[f"direct:{user}", f"opening:{user}"]) | Q(value=user))
    return found


def _heard(subject: Subject) -> Q:
    """Events that may be the person's: ``traces`` looks closer."""
    found = _any(subject.addresses, "chat")
    for row in subject.accounts:
        quoted = codec.dump_object({"user": row.user})[1:-1]
        found |= Q(account=row.account) & (Q(event__contains=quoted) | Q(event__contains=_plain(row.user)))
    return found


def _plain(user: str) -> str:
    """As pydantic writes it: not escaped beyond what JSON needs."""
    return f'"user":{codec.quoted(user)}'


_ROW = "counts rows"
_WHICH = "which community it belongs to"
_KIND = "a word of the program's own"
_WHEN = "a moment"
_POINTS = "points to another row"
_HASH = "a fingerprint of what was shown"

IMPERSONAL: Mapping[str, Mapping[str, str]] = {
    "Meta": {"key": _KIND, "value": "the installation's own number"},
    "Counter": {"name": _KIND, "value": "a count"},
    "AdapterState": {"id": _ROW, "account": "one of ours"},
    "ChatAlias": {"id": _ROW, "account": "one of ours", "old": "a group, never a person", "new": "a group"},
    "Chat": {"id": _ROW, "account": "one of ours"},
    "Inbox": {
        "id": _ROW,
        "account": "one of ours",
        "key": "the platform's number of the event: it stays, so that a repeated event is recognised",
        "received_at": _WHEN,
        "state": _KIND,
        "attempts": "a count",
        "due_at": _WHEN,
    },
    "Person": {"id": _ROW, "erased_at": _WHEN},
    "Identity": {"id": "in the audit log", "person_id": _POINTS, "account": "one of ours"},
    "Profile": {"id": _ROW, "person_id": _POINTS, "community": _WHICH, "created_at": _WHEN},
    "Conversation": {"id": _ROW, "identity_id": _POINTS, "kind": _KIND, "community": _WHICH},
    "Submission": {
        "id": _ROW,
        "community": _WHICH,
        "number": "a running number",
        "identity_id": _POINTS,
        "account": "one of ours",
        "intake": _KIND,
        "reply_post_id": _POINTS,
        "origin_post_id": _POINTS,
    },
    "Source": {"id": _ROW, "submission_id": _POINTS, "account": "one of ours"},
    "Revision": {"id": _ROW, "submission_id": _POINTS, "number": "a running number"},
    "Review": {
        "id": _ROW,
        "kind": _KIND,
        "community": _WHICH,
        "submission_id": _POINTS,
        "revision": "a running number",
        "state": _KIND,
        "approvals": "a count",
        "theme_id": _POINTS,
        "short_revision": "a running number",
        "targets": "groups",
        "crossed": "communities",
        "escalated_at": _WHEN,
        "merged_into": _POINTS,
        "about_review": _POINTS,
        "lapses_from": _WHEN,
        "decided_at": _WHEN,
        "created_at": _WHEN,
    },
    "Decision": {
        "id": _ROW,
        "review_id": _POINTS,
        "community": _WHICH,
        "actor": "the number of an account, which says nothing once the account is erased",
        "revision": "a running number",
        "seq": "a running number",
        "prev": "a hash of numbers and codes",
        "hash": "a hash of numbers and codes",
    },
    "Query": {
        "id": _ROW,
        "review_id": _POINTS,
        "asked_at": _WHEN,
        "answered_at": _WHEN,
        "closed": _KIND,
        "kind": _KIND,
        "revision": "a running number",
        "reminded_at": _WHEN,
        "escalated_at": _WHEN,
    },
    "Post": {
        "id": _ROW,
        "community": _WHICH,
        "number": "a running number",
        "submission_id": _POINTS,
        "revision": "a running number",
        "reply_post_id": _POINTS,
        "theme_id": _POINTS,
        "theme_number": "a running number",
        "thread_id": _POINTS,
        "thread_number": "a running number",
        "targets": "groups",
        "publish_at": _WHEN,
        "corrected_at": _WHEN,
        "retracted_at": _WHEN,
        "state": _KIND,
        "approved_at": _WHEN,
    },
    "Handle": {
        "token": "random",
        "subject": _KIND,
        "subject_id": _POINTS,
        "revision": "a running number",
        "action": _KIND,
        "argument": "the number or code of a choice",
        "created_at": _WHEN,
    },
    "Delivery": {
        "id": _ROW,
        "kind": _KIND,
        "community": _WHICH,
        "post_id": _POINTS,
        "review_id": _POINTS,
        "application_id": _POINTS,
        "account": "one of ours",
        "part": "a running number",
        "operation": _KIND,
        "revision": "a running number",
        "state": _KIND,
        "due_at": _WHEN,
        "expires_at": _WHEN,
        "waits_for": _POINTS,
        "target_id": _POINTS,
        "attempts": "a count",
        "doubted": _KIND,
        "first_attempt_at": _WHEN,
        "attempted_at": _WHEN,
        "shows": _HASH,
        "reason": _KIND,
        "planned_at": _WHEN,
        "done_at": _WHEN,
    },
    "Note": {"id": _ROW, "review_id": _POINTS, "created_at": _WHEN, "removed": _KIND},
    "Translation": {
        "id": _ROW,
        "submission_id": _POINTS,
        "revision": "a running number",
        "language": _KIND,
        "created_at": _WHEN,
    },
    "Theme": {
        "id": _ROW,
        "community": _WHICH,
        "title": "what a run of posts is about",
        "state": _KIND,
        "counter": "a count",
        "discussion": _KIND,
        "questions": "what a community discusses",
        "starts_at": _WHEN,
        "ends_at": _WHEN,
        "created_at": _WHEN,
    },
    "Quotation": {"id": _ROW, "post_id": _POINTS, "created_at": _WHEN},
    "Standing": {"id": _ROW, "person_id": _POINTS, "community": _WHICH},
    "Appointment": {"id": _ROW, "community": _WHICH, "set_at": _WHEN},
    "Absence": {"id": _ROW, "community": _WHICH},
    "Vote": {"id": _ROW, "review_id": _POINTS, "revision": "a running number", "shows": _HASH},
    "Setting": {"id": _ROW, "community": _WHICH},
    "Membership": {"id": _ROW, "person_id": _POINTS, "community": _WHICH, "created_at": _WHEN},
    "Invitation": {
        "id": _ROW,
        "code": "random",
        "community": _WHICH,
        "most": "a count",
        "used": "a count",
        "expires_at": _WHEN,
        "ended": _KIND,
        "created_at": _WHEN,
    },
    "Application": {
        "id": _ROW,
        "kind": _KIND,
        "community": _WHICH,
        "number": "a running number",
        "identity_id": _POINTS,
        "subject_id": _POINTS,
        "state": _KIND,
        "decided_at": _WHEN,
    },
    "LinkCode": {"id": _ROW, "identity_id": _POINTS, "created_at": _WHEN},
    "BridgedGroup": {
        "id": _ROW,
        "community": _WHICH,
        "account": "one of ours",
        "chat": "a group, never a person",
        "title": "what a group is called",
        "size": "a count",
        "intake": _KIND,
        "language": "of the group",
        "quiet": "of the group",
        "zone": "of the group",
        "state": _KIND,
        "created_at": _WHEN,
        "changed_at": _WHEN,
    },
}
"""By model: the columns that say nothing about anybody, each with why."""


def claimed() -> dict[str, set[str]]:
    """By model, the columns that some share claims."""
    found: dict[str, set[str]] = {}
    for share in SHARES:
        found.setdefault(share.model.__name__, set()).update(share.columns)
    return found
