"""Rules as data: a community's table asks yes/no questions of a new wording; all reasons are kept, the strictest wins.

A rule that cannot be answered holds the post: a defect never publishes anything.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import PurePosixPath
from typing import Any

import structlog
from babel.core import get_global

from bridge.core.community import Community
from bridge.core.errors import StorageUnavailable
from bridge.core.ids import Address
from bridge.core.membership import WithoutProfile
from bridge.core.message import Attachment, AttachmentKind, Uncarried
from bridge.core.policy import Check, Consequence, Rule
from bridge.core.text import RichText
from bridge.members.profiles import owed, standing
from bridge.moderation import answers, hints, languages
from bridge.moderation.answers import ALWAYS_HELD, Recent, Ruling, Wording, join
from bridge.rendering.languages import base
from bridge.storage import codec, desk, inbox, intake_reads, people, reasons
from bridge.storage.database import UNAVAILABLE
from bridge.storage.models import Identity, Review, Submission

log = structlog.get_logger()

_MOST_HINTS = 20
_EXCERPT = 120


# --- what is noticed in a wording ---


def examined(text: str, source: Address | None, community: Community) -> dict[str, Any]:
    """Hints at private facts, and a language that its readers do not expect. Every new wording is looked at.

    ``source``: the group it was written in, None for a private message.
    """
    group = None if source is None else community.group(source)
    expected = (group.language if group is not None else "") or community.language
    zone = (group.zone if group is not None else None) or community.policy.zone
    country = str(get_global("zone_territories").get(zone.key, ""))
    findings: dict[str, Any] = {}
    try:
        # 20,000 characters take some 40 ms: not worth a thread.
        found = hints.find(text, country=country if country.isalpha() else "")[:_MOST_HINTS]
        spoken = languages.detect(text, languages.KNOWN)
    except Exception as error:
        _log("findings", community, error)
        return {Check.FAILED.value: True}
    if found:
        findings["hints"] = [{"kind": hint.kind.value, "excerpt": hint.excerpt[:_EXCERPT]} for hint in found]
    if spoken is not None and base(spoken) != base(expected):
        findings["language"] = spoken
    return findings


def said_in(text: RichText, uncarried: Sequence[Uncarried], attachments: Sequence[Attachment] = ()) -> str:
    """All of its words: the number on a contact card, or in the name of a file, identifies somebody as much as one
    in a sentence.
    """
    beside = [item.detail for item in uncarried]
    beside += [words for file in attachments for words in _words_of(file)]
    return "\n".join([text.text, *filter(None, beside)])


def _words_of(file: Attachment) -> tuple[str, ...]:
    # Of a name only what people wrote: "20240112_093045.jpg" and its like are no telephone numbers.
    name = "" if file.kind is not AttachmentKind.DOCUMENT else PurePosixPath(file.name).stem.replace("_", " ")
    return file.alt, file.title, file.performer, name


def findings_of(
    text: RichText,
    submission: Submission,
    community: Community,
    uncarried: Sequence[Uncarried],
    attachments: Sequence[Attachment],
) -> str:
    """The same for a further wording of a submission, as it is stored with it."""
    return codec.dump_object(examined(said_in(text, uncarried, attachments), source_of(submission), community))


def source_of(submission: Submission) -> Address | None:
    """The group that something was written in; None for a private message."""
    return None if submission.private else submission.source.address


def _log(rule: str, community: Community, error: Exception) -> None:
    # Not its words: they may quote the post.
    log.error("rule_failed", rule=rule, community=community.id, error=type(error).__name__)


# --- asking the rules ---


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
    """Of ``examined``."""
    now: datetime
    submission_id: int | None = None
    """Where the wording belongs to a submission already: it is not compared with itself."""
    claimed: bool = False
    """Does nothing prove who sent it? Trust in a person is none in whoever writes in their name."""


async def judge(case: Case) -> Ruling:
    """Ask every rule of the community's table.

    Raises StorageUnavailable, and what the database raises, where it cannot be read now: that is tried again.
    """
    community = case.community
    rules = _asked(case)
    holding: list[str] = []
    answered: list[tuple[Rule, str]] = []
    try:
        wording = await _wording(case)
        holding += [Check.EMERGENCY.value] if await desk.setting(community.id, Check.EMERGENCY.value) else []
        # What goes out unread shows only what moderators have seen of its author.
        holding += [Check.NO_PROFILE.value] if await _owes(case) else []
        # Said by a moderator of one person, it does not need a rule.
        holding += [Check.ALWAYS_HELD.value] if wording.standing == ALWAYS_HELD else []
    except (StorageUnavailable, *UNAVAILABLE):
        raise
    except Exception as error:
        _log("facts", community, error)
        return join((), approvals=community.policy.approvals, holding=(Check.FAILED.value,))
    for rule in rules:
        try:
            met = answers.ANSWERS[rule.check](rule, wording)
        except Exception as error:
            _log(rule.check.value, community, error)
            holding.append(Check.FAILED.value)
            continue
        if met is not None:
            answered.append((rule, met))
    if case.findings.get(Check.FAILED.value):
        holding.append(Check.FAILED.value)
    ruling = join(answered, approvals=community.policy.approvals, holding=holding)
    moments = [answers.room_again(rule, wording) for rule in ruling.refused_by]
    return replace(ruling, until=max((moment for moment in moments if moment is not None), default=None))


async def _owes(case: Case) -> bool:
    """Must its author still say something of themselves before a post of theirs can go out?"""
    community = case.community
    if community.members.without_profile is not WithoutProfile.ASK:
        return False
    return bool(owed(await standing(case.identity, community), community))


def _asked(case: Case) -> tuple[Rule, ...]:
    """The table; of a further wording not how much comes, for it has been taken."""
    rules = case.community.policy.rules
    quotas = () if case.submission_id is None else (Check.AUTHOR_QUOTA, Check.SOURCE_QUOTA)
    return tuple(rule for rule in rules if rule.check not in quotas)


async def judge_again(
    review: Review,
    text: RichText,
    attachments: Sequence[Attachment],
    community: Community,
    now: datetime,
    uncarried: Sequence[Uncarried] = (),
) -> str:
    """Ask the rules about another wording by the author of what is held; returns what was noticed in it, to be stored.

    Reasons may be added, none is taken away, and nothing that waits is published by it.
    """
    submission = review.submission
    source = source_of(submission)
    case = Case(
        community=community,
        identity=submission.identity,
        text=text,
        attachments=attachments,
        source=source,
        findings=examined(said_in(text, uncarried, attachments), source, community),
        now=now,
        submission_id=submission.id,
    )
    ruling = await judge(case)
    if ruling.consequence is not Consequence.APPROVE:
        codes = [code for code in ruling.codes if code != answers.NO_RULE]
        known = reasons.of(review)
        await reasons.keep(review, known.with_more(codes, ruling.noted), approvals=ruling.approvals)
    return codec.dump_object(case.findings)


async def _wording(case: Case) -> Wording:
    """Everything that the table asks for; what it does not ask for is not looked up."""
    community, person, besides = case.community, case.identity.person_id, case.submission_id
    rules = _asked(case)

    def since(check: Check) -> datetime:
        return case.now - timedelta(hours=_most(rules, check, lambda rule: rule.hours))

    asked = {rule.check for rule in rules}
    standing = await desk.standing(person, community.id)
    profile = await people.approved_profile(person, community.id) if Check.NO_PROFILE in asked else None
    by_author: list[datetime] = []
    if Check.AUTHOR_QUOTA in asked:
        limit = _most(rules, Check.AUTHOR_QUOTA, lambda rule: rule.over)
        moment = since(Check.AUTHOR_QUOTA)
        by_author = await intake_reads.sent_by(person, community.id, moment, limit=limit, besides=besides)
    from_source: list[datetime] = []
    if Check.SOURCE_QUOTA in asked and case.source is not None:
        limit = _most(rules, Check.SOURCE_QUOTA, lambda rule: rule.over)
        moment = since(Check.SOURCE_QUOTA)
        chat = await inbox.resolve(case.source)
        from_source = await intake_reads.sent_in(chat, community.id, moment, limit=limit, besides=besides)
    recent: list[Recent] = []
    if Check.DUPLICATE in asked and case.text:
        rows = await intake_reads.recent_texts(community.id, since(Check.DUPLICATE), besides=besides)
        recent = [Recent(number=number, at=at, text=text) for number, at, text in rows]
    return Wording(
        now=case.now,
        text=case.text,
        files=len(case.attachments),
        standing="" if standing == answers.TRUSTED and case.claimed else standing,
        has_profile=profile is not None and profile.shown,
        published=await intake_reads.published_by(person, community.id) if Check.FIRST_POSTS in asked else 0,
        by_author=by_author,
        from_source=from_source,
        recent=recent,
        language=str(case.findings.get("language", "")),
        hints=len(case.findings.get("hints", [])),
    )


def _most(rules: Sequence[Rule], check: Check, number: Callable[[Rule], int]) -> int:
    return max(number(rule) for rule in rules if rule.check is check)
