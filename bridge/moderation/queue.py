"""``/queue`` and ``/next``: what waits, longest first, and one's way through it."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from bridge.core.community import Community
from bridge.core.message import Content
from bridge.core.text import MarkKind, RichText, joined, marked, plain
from bridge.members.profiles import shown_name
from bridge.moderation import application_desk, applying, cards
from bridge.moderation.daily import duration
from bridge.moderation.orders import Order
from bridge.moderation.reminders import actionable
from bridge.rendering.words import words
from bridge.storage import applications, inbox, ledger, submissions
from bridge.storage.models import Delivery, Identity, Review
from bridge.storage.models_members import Application

_MOST = 20
_AGE = re.compile(r"[<>]?\s*(\d{1,4})\s*(min|m|h|d)\w*", re.IGNORECASE)
_UNITS = {"m": timedelta(minutes=1), "min": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


@dataclass(frozen=True, kw_only=True)
class Filter:
    """What of the queue is wanted: ``/queue amina``, ``/queue 2h``, ``/queue chifa``, or several of them."""

    older_than: timedelta | None = None
    community: str = ""
    author: str = ""

    def fits(self, review: Review, order: Order) -> bool:
        return self._fits(review.created_at, review.submission.identity, review.community, order)

    def asked(self, application: Application, order: Order) -> bool:
        return self._fits(application.created_at, application.identity, application.community, order)

    def _fits(self, since: datetime, identity: Identity, community: str, order: Order) -> bool:
        if self.older_than is not None and order.desk.now - since < self.older_than:
            return False
        named = f"{identity.name} {identity.handle}".casefold()
        return self.author in named and self.community in ("", community)


def parse(argument: str, communities: tuple[Community, ...]) -> Filter:
    """Words in any order; whatever is no age and no community is (part of) an author's name."""
    older: timedelta | None = None
    community, author = "", list[str]()
    for word in argument.split():
        if match := _AGE.fullmatch(word):
            older = int(match[1]) * _UNITS[match[2].casefold()]
        elif found := next((c for c in communities if word.casefold() in (c.id, c.name.casefold())), None):
            community = found.id
        else:
            author.append(word.casefold())
    return Filter(older_than=older, community=community, author=" ".join(author))


async def queue(order: Order) -> Content:
    """What waits. Cards that this channel was never shown come along."""
    desk, lines = order.desk, list[RichText]()
    here = await order.here()
    wanted = parse(order.argument, order.communities)
    for community in order.communities:
        if wanted.community not in ("", community.id):
            continue
        w = words(community.language)
        found = [r for r in await submissions.held(community.id, limit=500) if wanted.fits(r, order)]
        count = await submissions.count_held(community.id) if wanted == Filter() else len(found)
        title = w.ngettext(
            "{community}: {count} post waiting", "{community}: {count} posts waiting", count, community=community.name
        )
        lines.append(marked(title, MarkKind.BOLD))
        for review in found[:_MOST]:
            await cards.plan_missing(review, community, here, desk.directory, desk.now)
            lines.append(plain(await _line(review, community, order)))
        if len(found) > _MOST:
            lines.append(plain(w.ngettext("and {count} more", "and {count} more", len(found) - _MOST)))
        lines += await _applications(community, wanted, order)
    if len(lines) > len(order.communities):
        lines.append(plain(order.w._("/next shows the one that has waited longest.")))
    return Content(text=joined(lines, "\n"))


async def _applications(community: Community, wanted: Filter, order: Order) -> list[RichText]:
    """What is asked that is no post; nothing where nobody asks."""
    w, here = words(community.language), await order.here()
    everything = await applications.open_in(community.id, limit=500)
    found = [application for application in everything if wanted.asked(application, order)]
    if not found:
        return []
    title = w.ngettext(
        "{community}: {count} application waiting",
        "{community}: {count} applications waiting",
        len(found),
        community=community.name,
    )
    lines: list[RichText] = [marked(title, MarkKind.BOLD)]
    for application in found[:_MOST]:
        await applying.show_missing(application, here, order.desk.directory, order.desk.now)
        lines.append(plain(application_desk.queue_line(application, order.desk.now, w)))
    if len(found) > _MOST:
        lines.append(plain(w.ngettext("and {count} more", "and {count} more", len(found) - _MOST)))
    return lines


async def _line(review: Review, community: Community, order: Order) -> str:
    w = words(community.language)
    minutes = max(0, int((order.desk.now - review.created_at).total_seconds() // 60))
    parts = [f"#{review.submission.number}", shown_name(review.submission.identity, w), duration(minutes, w)]
    if review.claimed_by:
        parts.append(w._("✋ {name}", name=review.claimed_name))
    if not await actionable(review):
        parts.append(w._("⏳ the author has been asked"))
    return " · ".join(parts)


async def following(order: Order) -> Content:
    """The item that has waited longest and can be acted on: an answer to its card, which a touch jumps to."""
    here = await order.here()
    wanted = parse(order.argument, order.communities)
    mine = str(order.moderator.sender.ref)
    candidates = [
        (review, community)
        for community in order.communities
        for review in await submissions.held(community.id, limit=500)
        if wanted.fits(review, order) and review.claimed_by in ("", mine) and await actionable(review)
    ]
    asked = [
        (application, community)
        for community in order.communities
        for application in await applications.open_in(community.id)
        if wanted.asked(application, order)
    ]
    if asked:
        application, owner = min(asked, key=lambda pair: pair[0].created_at)
        if all(review.created_at > application.created_at for review, _ in candidates):
            return await _asked_next(application, owner, order)
    if not candidates:
        return Content(text=plain(order.w._("Nothing waits for you. Thank you!")))
    review, community = min(candidates, key=lambda pair: pair[0].created_at)
    await cards.plan_missing(review, community, here, order.desk.directory, order.desk.now)
    card = await _card_in(review, order)
    return Content(text=plain(await _line(review, community, order)), reply_to=None if card is None else card.ref)


async def _asked_next(application: Application, community: Community, order: Order) -> Content:
    here = await order.here()
    await applying.show_missing(application, here, order.desk.directory, order.desk.now)
    line = application_desk.queue_line(application, order.desk.now, words(community.language))
    return Content(text=plain(line), reply_to=await application_desk.card_in(application, here))


async def _card_in(review: Review, order: Order) -> Delivery | None:
    here = await order.here()
    rows = [row for row in await ledger.card_rows(review.id) if row.revision == review.revision and row.ref is not None]
    mine = [row for row in rows if await inbox.resolve(row.address) == here]
    return mine[-1] if mine else None


COMMANDS = {"queue": queue, "next": following}
