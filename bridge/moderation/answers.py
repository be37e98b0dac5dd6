"""What each rule asks, answered from facts alone, and what follows from all the answers together."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property, lru_cache

from bridge.core.policy import Check, Consequence, Rule
from bridge.core.text import EMPTY, MarkKind, RichText
from bridge.moderation.likeness import first_alike

TRUSTED, ALWAYS_HELD = "trusted", "held"
NO_RULE = "no_rule"
"""The code of a post that the table says nothing of."""
_ADDRESS = re.compile(
    r"(?:https?://|www\.)\S+|(?<![\w@./-])(?:[a-z0-9-]+\.)+[a-z]{2,24}/\S*",
    re.IGNORECASE,
)
_NO_PLACES = ("mailto:", "tel:")
_STRICTNESS = (Consequence.NOTE, Consequence.APPROVE, Consequence.HOLD, Consequence.SECOND, Consequence.REFUSE)


@dataclass(frozen=True, kw_only=True)
class Recent:
    """Another post that is held or was published a while ago."""

    number: int
    at: datetime
    text: str


@dataclass(frozen=True, kw_only=True)
class Wording:
    """What is known of a wording when the rules are asked."""

    now: datetime
    text: RichText = EMPTY
    files: int = 0
    standing: str = ""
    """What moderators have said of its author."""
    has_profile: bool = False
    published: int = 0
    """Earlier posts of the author that stand published in this community."""
    by_author: Sequence[datetime] = ()
    """When the author sent their other messages, newest first."""
    from_source: Sequence[datetime] = ()
    """When other messages came from the same group, newest first; none for a private message."""
    recent: Sequence[Recent] = ()
    """Newest first."""
    language: str = ""
    """What it is written in, where its readers do not expect that."""
    hints: int = 0
    """Places that may identify somebody."""

    @cached_property
    def folded(self) -> str:
        return fold(self.text.text)


def fold(text: str) -> str:
    """Without capitals, accents and the places where lines end."""
    if text.isascii():
        return " ".join(text.lower().split())
    apart = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(char for char in apart if not unicodedata.combining(char)).split())


def count_links(text: RichText) -> int:
    """How many places of a text lead to the web, marked or written out."""
    marked = [mark for mark in text.marks if mark.kind is MarkKind.LINK and not mark.value.startswith(_NO_PLACES)]
    written = [match.span() for match in _ADDRESS.finditer(text.text)]
    alone = [span for span in written if not any(m.start < span[1] and span[0] < m.end for m in marked)]
    return len({(mark.start, mark.end) for mark in marked}) + len(alone)


Answer = Callable[[Rule, Wording], str | None]
"""None for no; for yes an empty text, or what was met."""


def _yes(answer: bool) -> str | None:
    return "" if answer else None


@lru_cache(maxsize=64)
def _watched(words: tuple[str, ...]) -> re.Pattern[str]:
    """All of them at once: a table may hold hundreds."""
    either = "|".join(re.escape(fold(word)) for word in sorted(words, key=len, reverse=True))
    return re.compile(rf"(?<!\w)(?:{either})(?!\w)")


def _words(rule: Rule, wording: Wording) -> str | None:
    match = _watched(rule.words).search(wording.folded) if rule.words else None
    return None if match is None else next(word for word in rule.words if fold(word) == match[0])


def _duplicate(rule: Rule, wording: Wording) -> str | None:
    since = wording.now - timedelta(hours=rule.hours)
    number = first_alike(wording.text.text, ((row.number, row.text) for row in wording.recent if row.at > since))
    return None if number is None else str(number)


def _full(rule: Rule, moments: Sequence[datetime], now: datetime) -> datetime | None:
    """When there is room for one more again; None where there is."""
    window = timedelta(hours=rule.hours)
    within = [moment for moment in moments if moment > now - window]
    return within[rule.over - 1] + window if 0 < rule.over <= len(within) else None


def room_again(rule: Rule, wording: Wording) -> datetime | None:
    """For a quota that is used up: the moment from which it takes one more."""
    match rule.check:
        case Check.AUTHOR_QUOTA:
            return _full(rule, wording.by_author, wording.now)
        case Check.SOURCE_QUOTA:
            return _full(rule, wording.from_source, wording.now)
        case _:
            return None


ANSWERS: Mapping[Check, Answer] = {
    Check.ALL: lambda _, __: "",
    Check.TRUSTED: lambda _, wording: _yes(wording.standing == TRUSTED),
    Check.ALWAYS_HELD: lambda _, wording: _yes(wording.standing == ALWAYS_HELD),
    Check.FIRST_POSTS: lambda rule, wording: _yes(wording.published < rule.over),
    Check.LINKS: lambda rule, wording: _yes(count_links(wording.text) > rule.over),
    Check.ATTACHMENTS: lambda rule, wording: _yes(wording.files > rule.over),
    Check.LENGTH: lambda rule, wording: _yes(len(wording.text) > rule.over),
    Check.NO_PROFILE: lambda _, wording: _yes(not wording.has_profile),
    Check.WORDS: _words,
    Check.AUTHOR_QUOTA: lambda rule, wording: _yes(room_again(rule, wording) is not None),
    Check.SOURCE_QUOTA: lambda rule, wording: _yes(room_again(rule, wording) is not None),
    Check.DUPLICATE: _duplicate,
    Check.LANGUAGE: lambda _, wording: _yes(bool(wording.language)),
    Check.PRIVACY: lambda _, wording: _yes(wording.hints > 0),
}
"""Every question that can stand in a table."""


@dataclass(frozen=True, kw_only=True)
class Ruling:
    """What follows for a wording, and every reason for it."""

    consequence: Consequence
    """HOLD, SECOND, APPROVE or REFUSE."""
    codes: tuple[str, ...]
    """Why, as ``panel.held_because`` reads it: a check, and after a colon what was met."""
    noted: tuple[str, ...] = ()
    """What is only to be said on the card."""
    approvals: int
    """How many moderators must approve."""
    refused_by: tuple[Rule, ...] = ()
    until: datetime | None = None
    """Of a refusal: from when on it may be tried again."""


def join(answered: Iterable[tuple[Rule, str]], *, approvals: int, holding: Sequence[str] = ()) -> Ruling:
    """The strictest consequence of all yeses, whatever their order; what nothing publishes is held.

    ``answered``: rules that said yes, with what was met; ``approvals``: needed by the community for any post;
    ``holding``: codes of what holds it beside the table.
    """
    rows = list(answered)
    strictest = max((rule.then for rule, _ in rows), key=_STRICTNESS.index, default=Consequence.NOTE)
    if strictest in (Consequence.NOTE, Consequence.APPROVE) and (holding or strictest is Consequence.NOTE):
        strictest = Consequence.HOLD
        holding = holding or (NO_RULE,)
    wanted = (Consequence.APPROVE,) if strictest is Consequence.APPROVE else _STRICTNESS[2:]
    return Ruling(
        consequence=strictest,
        codes=tuple(dict.fromkeys([*holding, *(_code(rule, met) for rule, met in rows if rule.then in wanted)])),
        noted=tuple(dict.fromkeys(_code(rule, met) for rule, met in rows if rule.then is Consequence.NOTE)),
        approvals=max(2, approvals) if any(rule.then is Consequence.SECOND for rule, _ in rows) else approvals,
        refused_by=tuple(rule for rule, _ in rows if rule.then is Consequence.REFUSE),
    )


def _code(rule: Rule, met: str) -> str:
    return f"{rule.check.value}:{met}" if met else rule.check.value
