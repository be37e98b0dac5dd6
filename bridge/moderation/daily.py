"""Once a day, in waking hours: what was done, how fast, what was refused and why, and the head of the audit log."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from statistics import median

from bridge.core.community import Community
from bridge.core.message import Content
from bridge.core.states import ApplicationState, ReviewState, ThemeState
from bridge.core.text import MarkKind, joined, marked, plain
from bridge.delivery.directory import Directory
from bridge.members import contact
from bridge.moderation import emergency
from bridge.moderation.reasons import Reason, label
from bridge.rendering.words import Words, words
from bridge.storage import applications, audit, desk, inbox, people, submissions, themes
from bridge.storage.database import transaction
from bridge.storage.models import Review
from bridge.storage.models_members import Application

KEY = "daily_summary"
HEAD = "daily_head"
"""The setting: the number of the last line of the audit log that was posted."""


async def tick(community: Community, directory: Directory, now: datetime) -> None:
    """Say it at the first waking minute of a day, once; a day on which nothing happened is not mentioned."""
    del directory
    policy = community.policy
    today = now.astimezone(policy.zone).date()
    if not policy.waking.contains(now, policy.zone):
        return
    async with transaction():
        told = await desk.setting(community.id, KEY)
        if told == today.isoformat():
            return
        await desk.set_setting(community.id, KEY, today.isoformat())
        if not told:
            return  # the first day of this installation has no yesterday
        w = words(community.language)
        decided = await submissions.decided_since(community.id, now - timedelta(days=1))
        waiting = await submissions.count_held(community.id)
        news = await _discussions(community, date.fromisoformat(told), today, w)
        ruled = await applications.decided_since(community.id, now - timedelta(days=1))
        asked = await applications.count_open(community.id)
        chain = await audit.head(community.id)
        grown = chain is not None and str(chain.seq) != await desk.setting(community.id, HEAD)
        failing = await people.failing_members(community.id, now - timedelta(days=1))
        if not (decided or waiting or ruled or asked or news or grown or any(failing)):
            return
        lines = [marked(w._("{community}: the last 24 hours", community=community.name), MarkKind.BOLD)]
        lines += [plain(line) for line in (*summary(decided, waiting, w), *news)]
        if switched_on := await desk.setting(community.id, emergency.KEY):
            lines.append(plain(emergency.how_it_stands(switched_on, w)))
        if ruled or asked:
            lines.append(plain(_applications(ruled, asked, w)))
        lines += [plain(line) for line in _failing(*failing, w)]
        if chain is not None:
            await desk.set_setting(community.id, HEAD, str(chain.seq))
            lines.append(plain(w._("Audit log: line {number}, {hash}", number=chain.seq, hash=chain.hash[:32])))
        for channel in community.moderators:
            content = Content(text=joined(lines, "\n"), silent=True)
            await contact.say(await inbox.resolve(channel), content, community, now)


async def _discussions(community: Community, last: date, today: date, w: Words) -> list[str]:
    """Those that have begun since ``last``, and those whose last day has passed: a person closes them."""
    zone, lines = community.policy.zone, list[str]()
    for theme in await themes.of_community(community.id):
        if not theme.discussion or theme.state != ThemeState.OPEN:
            continue
        starts, ends = (None if at is None else at.astimezone(zone).date() for at in (theme.starts_at, theme.ends_at))
        if starts is not None and last < starts <= today:
            lines.append(w._("📚 The discussion “{title}” has begun.", title=theme.title))
        if ends is not None and last <= ends < today:
            lines.append(
                w.ngettext(
                    "📚 The discussion “{title}” has reached its last day, with {count} post. "
                    "/discussion close {number} ends it.",
                    "📚 The discussion “{title}” has reached its last day, with {count} posts. "
                    "/discussion close {number} ends it.",
                    await themes.count(theme),
                    title=theme.title,
                    number=theme.id,
                )
            )
    return lines


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


def _failing(warned: int, lost: int, w: Words) -> list[str]:
    """Members whom letters do not reach, of the last day; who they are says `baraza members`, and no channel."""
    lines: list[str] = []
    if warned:
        lines.append(
            w.ngettext(
                "✉️ Letters to {count} member come back: they were warned.",
                "✉️ Letters to {count} members come back: they were warned.",
                warned,
            )
        )
    if lost:
        lines.append(
            w.ngettext(
                "✉️ {count} member cannot be reached any more: nothing is sent until they write again.",
                "✉️ {count} members cannot be reached any more: nothing is sent until they write again.",
                lost,
            )
        )
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
