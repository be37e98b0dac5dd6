"""``/queue`` and ``/next``: what waits, longest first, and one's way through it."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from bridge.core.community import Community
from bridge.core.hygiene import without_accents
from bridge.core.message import Content
from bridge.core.text import MarkKind, RichText, joined, marked, plain
from bridge.members.profiles import shown_name
from bridge.moderation import application_desk, applying, cards, permissions, powers, votes
from bridge.moderation.acts import Act
from bridge.moderation.daily import duration
from bridge.moderation.orders import Order
from bridge.moderation.reminders import actionable
from bridge.rendering.words import words
from bridge.storage import applications, codec, inbox, ledger, submissions
from bridge.storage.models import Delivery, Identity, Review
from bridge.storage.models_members import Application

_MOST, _FEWEST = 20, 5
"""Lines that are shown in all, and at least of each community."""
_EXCERPT = 40
"""Characters of a post by which it is known again."""
_AGE = re.compile(
    r"(?<!\w)(<?)>?\s*(\d{1,4})\s*(m|h|d|j)(?:in\w*|r\w*|ours?|eures?|oras?|ays?|[ií]as?)?(?!\w)", re.IGNORECASE
)
_NUMBER = re.compile(r"(?<!\w)#(\d{1,9})(?!\w)")
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "j": timedelta(days=1)}


@dataclass(frozen=True, kw_only=True)
class Filter:
    """What of the queue is wanted: ``/queue amina``, ``/queue 2h``, ``/queue chifa``, or several of them."""

    older_than: timedelta | None = None
    younger_than: timedelta | None = None
    community: str = ""
    number: int | None = None
    author: str = ""

    def fits(self, review: Review, order: Order) -> bool:
        number = review.submission.number
        return self.number in (None, number) and self._fits(
            review.created_at, review.submission.identity, review.community, order
        )

    def asked(self, application: Application, order: Order) -> bool:
        if self.number is not None:
            return False
        return self._fits(application.created_at, application.identity, application.community, order)

    def _fits(self, since: datetime, identity: Identity, community: str, order: Order) -> bool:
        age = order.desk.now - since
        if self.older_than is not None and age < self.older_than:
            return False
        if self.younger_than is not None and age >= self.younger_than:
            return False
        named = without_accents(f"{identity.name} {identity.handle.removeprefix('@')}")
        return self.author in named and self.community in ("", community)


def parse(argument: str, communities: tuple[Community, ...]) -> Filter:
    """Words in any order; whatever is no age, no number and no community is (part of) an author's name."""
    rest, community = f" {' '.join(argument.casefold().split())} ", ""
    for found in sorted(communities, key=lambda one: -len(one.name)):
        named = next((name for name in (found.name.casefold(), found.id) if f" {name} " in rest), None)
        if named is not None and not community:
            community, rest = found.id, rest.replace(f" {named} ", " ", 1)
    older = younger = None
    if match := _AGE.search(rest):
        age, rest = int(match[2]) * _UNITS[match[3]], rest.replace(match[0], " ", 1)
        older, younger = (None, age) if match[1] else (age, None)
    number = _NUMBER.search(rest)
    author = without_accents(_NUMBER.sub(" ", rest)).strip().removeprefix("@")
    return Filter(
        older_than=older,
        younger_than=younger,
        community=community,
        number=None if number is None else int(number[1]),
        author=author,
    )


async def queue(order: Order) -> Content:
    """What waits. Cards that this channel was never shown come along."""
    desk, lines = order.desk, list[RichText]()
    here = await order.here()
    wanted = parse(order.argument, order.communities)
    shown = [community for community in order.communities if wanted.community in ("", community.id)]
    most = max(_FEWEST, _MOST // len(shown))
    for community in shown:
        w = words(community.language)
        found = [r for r in await submissions.held(community.id, limit=500) if wanted.fits(r, order)]
        count = await submissions.count_held(community.id)
        title = w.ngettext(
            "{community}: {count} post waiting", "{community}: {count} posts waiting", count, community=community.name
        )
        if wanted not in (Filter(), Filter(community=community.id)):
            fitting = w.ngettext("{count} of them is shown", "{count} of them are shown", len(found))
            title, count = f"{title}, {fitting}", len(found)
        lines.append(marked(title, MarkKind.BOLD))
        for review in found[:most]:
            await cards.plan_missing(review, community, here, desk.directory, desk.now)
            lines.append(plain(await _line(review, community, order)))
        if count > most:
            lines.append(plain(w.ngettext("and {count} more", "and {count} more", count - most)))
        lines += await _applications(community, wanted, order)
    if len(lines) > len(shown):
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
    text = codec.load(codec.RICH_TEXT, (await submissions.revision_of(review)).text).text
    if text:
        parts.append(f"“{plain(' '.join(text.split())).shortened(_EXCERPT).text}”")
    return " · ".join(parts)


async def following(order: Order) -> Content:
    """What has waited longest and can be decided by this person: an answer to its card, which a touch jumps to.

    As a reply to a card: the one after that.
    """
    here = await order.here()
    wanted = parse(order.argument, order.communities)
    waiting = [
        (review, community)
        for community in order.communities
        for review in await submissions.held(community.id, limit=500)
        if wanted.fits(review, order)
    ]
    waiting.sort(key=lambda pair: (pair[0].created_at, pair[0].id))
    before = await _replied(order)
    if before is not None:
        at = (before.created_at, before.id)
        waiting = [
            *(pair for pair in waiting if (pair[0].created_at, pair[0].id) > at),
            *(pair for pair in waiting if (pair[0].created_at, pair[0].id) < at),
        ]
    asked = [
        (application, community)
        for community in order.communities
        for application in await applications.open_in(community.id)
        if wanted.asked(application, order)
    ]
    oldest = min(asked, key=lambda pair: pair[0].created_at, default=None)
    if oldest is not None and before is None and all(r.created_at > oldest[0].created_at for r, _ in waiting):
        return await _asked_next(*oldest, order)
    for review, community in waiting:
        if await actionable(review) and await _can_decide(review, community, order):
            break
    else:
        if oldest is not None:
            return await _asked_next(*oldest, order)
        return Content(text=plain(order.w._("Nothing waits for you. Thank you!")))
    await cards.plan_missing(review, community, here, order.desk.directory, order.desk.now)
    card = await _card_in(review, order)
    return Content(text=plain(await _line(review, community, order)), reply_to=None if card is None else card.ref)


async def _replied(order: Order) -> Review | None:
    """The item whose card (or whatever else of ours) the command was a reply to."""
    row = None if order.reply_to is None else await ledger.find_by_ref(order.reply_to)
    return None if row is None else await cards.of_message(row)


async def _can_decide(review: Review, community: Community, order: Order) -> bool:
    """Is there anything left for this person to decide: not their own, not another's, not approved by them already?"""
    role = await permissions.role_of(community, order.moderator.sender, order.moderator.channel, review)
    if role is None:
        return False
    act = Act(
        desk=order.desk,
        community=community,
        review=review,
        revision=review.revision,
        moderator=order.moderator,
        identity=await order.identity(),
        role=role,
    )
    if review.claimed_by and not await permissions.is_claimant(review, act.identity):
        return False
    return await powers.hindered(act) is None and not await votes.has_approved(act)


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
