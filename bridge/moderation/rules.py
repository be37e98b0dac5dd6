"""Rules as data: a community's table asks yes/no questions of a new wording; all reasons are kept, the strictest wins.

A rule that cannot be answered holds the post: a defect never publishes anything.
"""

import re
import unicodedata
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog

from bridge.core.community import Community
from bridge.core.ids import Address
from bridge.core.message import Attachment
from bridge.core.policy import Check, Consequence, Rule
from bridge.core.text import MarkKind, RichText
from bridge.moderation import hints, languages
from bridge.moderation.likeness import first_alike
from bridge.storage import codec, desk, intake_reads, people
from bridge.storage.models import Identity

log = structlog.get_logger()

EMERGENCY = "emergency"
"""The setting of a community that holds everything, while it is not empty."""
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_MOST_HINTS = 20
_EXCERPT = 120
_STRICTNESS = (Consequence.NOTE, Consequence.APPROVE, Consequence.HOLD, Consequence.SECOND, Consequence.REFUSE)


@dataclass(frozen=True, kw_only=True)
class Case:
    """What the rules are asked about."""

    community: Community
    identity: Identity
    text: RichText
    attachments: Sequence[Attachment]
    source: Address | None
    """The group it was written in; None for a private message."""
    findings: dict[str, Any]
    now: datetime
    submission_id: int | None = None
    """Where the wording belongs to a submission already: it is not compared with itself."""


@dataclass(frozen=True, kw_only=True)
class Ruling:
    """What follows, and every reason for it."""

    consequence: Consequence
    """HOLD, APPROVE or REFUSE."""
    codes: tuple[str, ...]
    """As ``panel.held_because`` reads them: a check, and after a colon what was met."""
    approvals: int
    until: datetime | None = None
    """Of a refusal: when it may be tried again."""


def expected_language(community: Community, source: Address | None) -> str:
    """What readers there read: the group's language, else the community's."""
    group = None if source is None else community.group(source)
    return (group.language if group is not None else "") or community.language


def findings_of(text: RichText, expected: str) -> dict[str, Any]:
    """What is noticed in a wording: hints at private facts, and a language that its readers do not expect."""
    found = hints.find(text.text)[:_MOST_HINTS]
    findings: dict[str, Any] = {}
    if found:
        findings["hints"] = [{"kind": hint.kind.value, "excerpt": hint.excerpt[:_EXCERPT]} for hint in found]
    spoken = languages.detect(text.text, languages.KNOWN)
    if spoken is not None and spoken.split("-")[0] != expected.split("-")[0]:
        findings["language"] = spoken
    return findings


def dumped(findings: dict[str, Any]) -> str:
    return codec.dump_object(findings)


Answer = Callable[[Rule, Case], Awaitable[str | None]]
"""None for no; for yes what was met, or an empty text."""


def _yes(answer: bool) -> str | None:
    return "" if answer else None


async def _all(_: Rule, __: Case) -> str | None:
    return ""


async def _trusted(_: Rule, case: Case) -> str | None:
    return _yes(await desk.standing(case.identity.person_id, case.community.id) == "trusted")


async def _always_held(_: Rule, case: Case) -> str | None:
    return _yes(await desk.standing(case.identity.person_id, case.community.id) == "held")


async def _first_posts(rule: Rule, case: Case) -> str | None:
    return _yes(await intake_reads.published_by(case.identity.person_id, case.community.id) < rule.over)


async def _links(rule: Rule, case: Case) -> str | None:
    addresses = set(_ADDRESS.findall(case.text.text))
    hidden = {mark.value for mark in case.text.marks if mark.kind is MarkKind.LINK and mark.value not in addresses}
    return _yes(len(addresses | hidden) > rule.over)


async def _attachments(rule: Rule, case: Case) -> str | None:
    return _yes(len(case.attachments) > rule.over)


async def _length(rule: Rule, case: Case) -> str | None:
    return _yes(len(case.text) > rule.over)


async def _no_profile(_: Rule, case: Case) -> str | None:
    profile = await people.profile(case.identity.person_id)
    return _yes(profile is None or not profile.shown)


def _folded(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(char for char in decomposed if not unicodedata.combining(char)).split())


async def _words(rule: Rule, case: Case) -> str | None:
    text = _folded(case.text.text)
    for word in rule.words:
        if re.search(rf"(?<!\w){re.escape(_folded(word))}(?!\w)", text):
            return word
    return None


async def _author_quota(rule: Rule, case: Case) -> str | None:
    since = case.now - timedelta(hours=rule.hours)
    sent = await intake_reads.sent_by(case.identity.person_id, case.community.id, since, case.submission_id)
    return _yes(sent >= rule.over)


async def _source_quota(rule: Rule, case: Case) -> str | None:
    if case.source is None:
        return None
    since = case.now - timedelta(hours=rule.hours)
    return _yes(await intake_reads.sent_in(case.source, case.community.id, since, case.submission_id) >= rule.over)


async def _duplicate(rule: Rule, case: Case) -> str | None:
    since = case.now - timedelta(hours=rule.hours)
    number = first_alike(case.text.text, await intake_reads.recent_texts(case.community.id, since, case.submission_id))
    return None if number is None else str(number)


async def _language(_: Rule, case: Case) -> str | None:
    return _yes(bool(case.findings.get("language")))


async def _privacy(_: Rule, case: Case) -> str | None:
    return _yes(bool(case.findings.get("hints")))


ANSWERS: dict[Check, Answer] = {
    Check.ALL: _all,
    Check.TRUSTED: _trusted,
    Check.ALWAYS_HELD: _always_held,
    Check.FIRST_POSTS: _first_posts,
    Check.LINKS: _links,
    Check.ATTACHMENTS: _attachments,
    Check.LENGTH: _length,
    Check.NO_PROFILE: _no_profile,
    Check.WORDS: _words,
    Check.AUTHOR_QUOTA: _author_quota,
    Check.SOURCE_QUOTA: _source_quota,
    Check.DUPLICATE: _duplicate,
    Check.LANGUAGE: _language,
    Check.PRIVACY: _privacy,
}
_SAID_ELSEWHERE = (Check.LANGUAGE, Check.PRIVACY)
"""Their findings stand on the card in lines of their own."""


async def judge(case: Case) -> Ruling:
    """Ask every rule of the community's table."""
    answered: list[tuple[Rule, str]] = []
    codes: list[str] = []
    consequences: list[Consequence] = []
    if await desk.setting(case.community.id, EMERGENCY):
        codes.append(Check.EMERGENCY.value)
        consequences.append(Consequence.HOLD)
    if await desk.standing(case.identity.person_id, case.community.id) == "held":
        codes.append(Check.ALWAYS_HELD.value)
        consequences.append(Consequence.HOLD)
    for rule in case.community.policy.rules:
        try:
            met = await ANSWERS[rule.check](rule, case)
        except Exception as error:
            # Not its words: they may quote the post.
            log.error("rule_failed", rule=rule.check.value, error=type(error).__name__)  # noqa: TRY400
            codes.append(Check.FAILED.value)
            consequences.append(Consequence.HOLD)
            continue
        if met is not None:
            answered.append((rule, met))
    for rule, met in answered:
        consequences.append(rule.then)
        if rule.then is not Consequence.NOTE or rule.check not in _SAID_ELSEWHERE:
            codes.append(f"{rule.check.value}:{met}" if met else rule.check.value)
    return _ruling(case, answered, consequences, codes)


def _ruling(
    case: Case, answered: Sequence[tuple[Rule, str]], consequences: Sequence[Consequence], codes: Sequence[str]
) -> Ruling:
    strictest = max(consequences, key=_STRICTNESS.index, default=Consequence.NOTE)
    approvals = case.community.policy.approvals
    unique = tuple(dict.fromkeys(codes))
    if strictest is Consequence.REFUSE:
        hours = max(rule.hours for rule, _ in answered if rule.then is Consequence.REFUSE)
        return Ruling(
            consequence=Consequence.REFUSE, codes=unique, approvals=approvals, until=case.now + timedelta(hours=hours)
        )
    if strictest is Consequence.APPROVE:
        return Ruling(consequence=Consequence.APPROVE, codes=unique, approvals=approvals)
    if strictest is Consequence.SECOND:
        approvals = max(2, approvals)
    # What no rule answers is read by a person.
    return Ruling(consequence=Consequence.HOLD, codes=unique or (Check.ALL.value,), approvals=approvals)
