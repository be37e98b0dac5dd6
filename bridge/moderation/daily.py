"""Once a day, in waking hours: what was done, how fast, what was refused and why, and the head of the audit log."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from statistics import median

from bridge.core.community import Community
from bridge.core.message import Content
from bridge.core.states import ApplicationState, ReviewState
from bridge.core.text import MarkKind, joined, marked, plain
from bridge.delivery.directory import Directory
from bridge.members import contact
from bridge.moderation.reasons import Reason, label
from bridge.rendering.words import Words, words
from bridge.storage import applications, audit, desk, inbox, submissions
from bridge.storage.database import transaction
from bridge.storage.models import Review
from bridge.storage.models_members import Application

KEY = "daily_summary"


async def tick(community: Community, directory: Directory, now: datetime) -> None:
    """Say it at the first waking minute of a day, once; a day on which nothing happened is not mentioned."""
    del directory
    policy = community.policy
    today = now.astimezone(policy.zone).date().isoformat()
    if not policy.waking.contains(now, policy.zone):
        return
    async with transaction():
        told = await desk.setting(community.id, KEY)
        if told == today:
            return
        await desk.set_setting(community.id, KEY, today)
        if not told:
            return  # the first day of this installation has no yesterday
        decided = await submissions.decided_since(community.id, now - timedelta(days=1))
        waiting = await submissions.count_held(community.id)
        ruled = await applications.decided_since(community.id, now - timedelta(days=1))
        asked = await applications.count_open(community.id)
        if not (decided or waiting or ruled or asked):
            return
        chain = await audit.head(community.id)
        w = words(community.language)
        lines = [marked(w._("{community}: the last 24 hours", community=community.name), MarkKind.BOLD)]
        lines += [plain(line) for line in summary(decided, waiting, w)]
        if ruled or asked:
            lines.append(plain(_applications(ruled, asked, w)))
        if chain is not None:
            lines.append(plain(w._("Audit log: line {number}, {hash}", number=chain.seq, hash=chain.hash[:32])))
        for channel in community.moderators:
            content = Content(text=joined(lines, "\n"), silent=True)
            await contact.say(await inbox.resolve(channel), content, community, now)


def summary(decided: Sequence[Review], waiting: int, w: Words) -> list[str]:
    """Figures in words."""
    states = Counter(review.state for review in decided)
    lines = [
        w._(
            "Approved: {approved}. Rejected: {rejected}. Withdrawn: {withdrawn}. Waiting: {waiting}.",
            approved=w.number(states[ReviewState.APPROVED]),
            rejected=w.number(states[ReviewState.REJECTED]),
            withdrawn=w.number(states[ReviewState.WITHDRAWN]),
            waiting=w.number(waiting),
        )
    ]
    reasons = Counter(review.reason for review in decided if review.state == ReviewState.REJECTED and review.reason)
    if reasons:
        named = ", ".join(f"{label(Reason(reason), w)}: {w.number(count)}" for reason, count in reasons.most_common())
        lines.append(w._("Reasons: {reasons}", reasons=named))
    if (minutes := median_minutes(decided)) is not None:
        lines.append(w._("Half of the decisions came within {time}.", time=duration(minutes, w)))
    return lines


def _applications(ruled: Sequence[Application], asked: int, w: Words) -> str:
    states = Counter(application.state for application in ruled)
    return w._(
        "Applications: approved {approved}, declined {declined}, waiting {waiting}.",
        approved=w.number(states[ApplicationState.APPROVED]),
        declined=w.number(states[ApplicationState.DECLINED]),
        waiting=w.number(asked),
    )


def median_minutes(decided: Sequence[Review]) -> int | None:
    """The median time from arrival to a moderator's decision."""
    times = [
        (review.decided_at - review.created_at).total_seconds() / 60
        for review in decided
        if review.decided_at is not None and review.decided_by and review.state != ReviewState.WITHDRAWN
    ]
    return round(median(times)) if times else None


def duration(minutes: int, w: Words) -> str:
    """``35 min``, ``4 h``, ``3 days``: how long something has waited."""
    if minutes < 120:
        return w._("{count} min", count=w.number(minutes))
    if minutes < 48 * 60:
        return w._("{count} h", count=w.number(minutes // 60))
    return w.ngettext("{count} day", "{count} days", minutes // (24 * 60))
