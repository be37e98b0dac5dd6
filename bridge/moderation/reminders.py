"""One reminder per interval, in waking hours, and only of what can be acted on."""

from datetime import datetime, timedelta

from bridge.core.community import Community
from bridge.core.message import Content
from bridge.core.text import MarkKind, joined, marked, plain
from bridge.delivery.directory import Directory
from bridge.members import contact
from bridge.members.profiles import shown_name
from bridge.moderation import application_desk, permissions, rota
from bridge.moderation.daily import duration
from bridge.rendering.words import words
from bridge.storage import applications, desk, dialogue, inbox, submissions
from bridge.storage.database import transaction
from bridge.storage.models import Review

KEY = "reminded_at"
PATIENCE = timedelta(minutes=60)
"""Younger items are not mentioned: somebody is probably reading them."""
_MOST = 10


async def tick(community: Community, directory: Directory, now: datetime) -> None:
    """Remind every moderators' channel of what waits for them, at most once per interval."""
    del directory
    policy = community.policy
    if not policy.waking.contains(now, policy.zone):
        return
    if await permissions.roles(community) and not await rota.present(community, now):
        return  # everybody is away, and the channel was told so
    last = await desk.setting(community.id, KEY)
    if last and datetime.fromisoformat(last) > now - policy.remind_moderators:
        return
    async with transaction():
        waiting = [
            review
            for review in await submissions.held(community.id, limit=200)
            if review.created_at <= now - PATIENCE and await actionable(review)
        ]
        asked = [
            application
            for application in await applications.open_in(community.id, limit=200)
            if application.created_at <= now - PATIENCE
        ]
        if not waiting and not asked:
            return
        await desk.set_setting(community.id, KEY, now.isoformat())
        w = words(community.language)
        titles = (
            [w.ngettext("{count} post waits for you", "{count} posts wait for you", len(waiting))] if waiting else []
        )
        if asked:
            titles.append(
                w.ngettext("{count} application waits for you", "{count} applications wait for you", len(asked))
            )
        lines = [marked(f"{community.name}: {' · '.join(titles)}", MarkKind.BOLD)]
        for review in waiting[:_MOST]:
            minutes = int((now - review.created_at).total_seconds() // 60)
            name = shown_name(review.submission.identity, w)
            lines.append(plain(f"#{review.submission.number} · {name} · {duration(minutes, w)}"))
        lines += [plain(application_desk.queue_line(application, now, w)) for application in asked[:_MOST]]
        lines.append(plain(w._("/next shows the one that has waited longest.")))
        for channel in community.moderators:
            await contact.say(await inbox.resolve(channel), Content(text=joined(lines, "\n")), community, now)


async def actionable(review: Review) -> bool:
    """Is it the moderators' turn? Not while the author has a question to answer, or a wording to agree to."""
    if review.consent == "asked":
        return False
    queries = [query for query in await submissions.queries(review.id) if query.kind != dialogue.SAFETY]
    return not queries or queries[-1].answered_at is not None or queries[-1].closed
