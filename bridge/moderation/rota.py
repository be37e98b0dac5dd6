"""Who is there: ``/away until Monday``, ``/back``. Whoever is away holds no claims and is not counted on."""

import re
from datetime import datetime

from bridge.core.community import Community
from bridge.core.hygiene import clean_name
from bridge.core.ids import UserRef
from bridge.core.message import Content
from bridge.core.policy import Role
from bridge.core.text import plain
from bridge.core.when import parse
from bridge.moderation import claims, permissions
from bridge.moderation.announcing import announce
from bridge.moderation.orders import Order
from bridge.rendering.words import Words, words
from bridge.storage import audit, desk, submissions
from bridge.storage.models import Identity

# "until", as people write it before a day: English, French, Portuguese, Spanish, Swahili.
_UNTIL = re.compile(
    r"(?:until|till|til|up to|jusqu['’]\s*(?:au\s+|à\s+la\s+|à\s+|a\s+)?|até(?:\s+(?:o|a|às?|ao))?\b|ate\b|"
    r"hasta(?:\s+(?:el|la|las))?\b|mpaka|hadi)\s*",
    re.IGNORECASE,
)


def without_until(said: str) -> str:
    """``Monday`` of "until Monday"."""
    return _UNTIL.sub("", said, count=1) if _UNTIL.match(said) else said


async def present(community: Community, now: datetime) -> dict[UserRef, Role]:
    """Who may decide and is not away, by account. Who is away on one account is away on all of theirs."""
    gone = await desk.absent(community.id, now)
    return {ref: role for ref, role in (await permissions.roles(community)).items() if ref not in gone}


async def away(order: Order) -> Content:
    """From now until a moment: claims end, and if nobody is left, everybody is told."""
    lines: list[str] = []
    for community in order.communities:
        w = words(community.language)
        refused = await order.refused(community, Role.MODERATOR)
        lines.append(refused.text.text if refused is not None else await _away(order, community, w))
    return Content(text=plain("\n".join(dict.fromkeys(lines))))


async def _away(order: Order, community: Community, w: Words) -> str:
    now, zone = order.desk.now, community.policy.zone
    said = order.argument.strip()
    until = parse(without_until(said), now, zone)
    if until is None:
        return w._("Until when? For example: /away until Monday, /away 3 days, /away until 24 December 08:00.")
    identity = await order.identity()
    name = order.moderator.name
    for ref in await _accounts(community, identity):
        await desk.set_absence(community.id, ref, name, until)
    released = await claims.release_all(community, identity, now)
    await _audit(community, identity, "away", now, until=until.isoformat())
    lines = [w._("{name} is away until {time}. /back ends it.", name=name, time=w.time(until, zone))]
    if released:
        numbers = ", ".join(f"#{number}" for number in released)
        lines.append(w._("No longer claimed: {numbers}.", numbers=numbers))
    await announce(community, "\n".join(lines), now, besides=await order.here())
    await _say_if_empty(community, w, now)
    return "\n".join(lines)


async def _accounts(community: Community, identity: Identity) -> set[UserRef]:
    """All of a person's accounts that may decide, and the one they write from."""
    known = {ref for ref in await permissions.roles(community) if await permissions.is_among(identity, [ref])}
    return known | {identity.ref}


async def _say_if_empty(community: Community, w: Words, now: datetime) -> None:
    """Where everybody is away, every channel hears it, and who comes back first. Nothing is decided meanwhile."""
    roles = await permissions.roles(community)
    if community.trust_channel or not roles or await present(community, now):
        return
    gone = await desk.absent(community.id, now)
    first = min((gone[ref] for ref in roles), key=lambda row: row.until)
    text = w._(
        "⚠️ Everybody who may decide is away now. {name} is back first, {time}. Posts wait until then.",
        name=clean_name(first.name),
        time=w.time(first.until, community.policy.zone),
    )
    await announce(community, text, now, silent=False)


async def back(order: Order) -> Content:
    """Here again, before the time or after it."""
    lines: list[str] = []
    for community in order.communities:
        w = words(community.language)
        refused = await order.refused(community, Role.MODERATOR)
        lines.append(refused.text.text if refused is not None else await _back(order, community, w))
    return Content(text=plain("\n".join(dict.fromkeys(lines))))


async def _back(order: Order, community: Community, w: Words) -> str:
    now, identity, name = order.desk.now, await order.identity(), order.moderator.name
    gone = await desk.absent(community.id, now)
    mine = [ref for ref in await _accounts(community, identity) if ref in gone]
    if not mine:
        return w._("{name} is not away.", name=name)
    for ref in mine:
        await desk.set_absence(community.id, ref, name, now)
    await _audit(community, identity, "back", now)
    count = await submissions.count_held(community.id)
    waiting = w.ngettext("{count} post waits: /queue", "{count} posts wait: /queue", count)
    return w._("Welcome back, {name}.", name=name) + (f" {waiting}" if count else "")


async def _audit(community: Community, identity: Identity, action: str, now: datetime, **codes: str) -> None:
    actor = submissions.audit_actor(identity)
    await audit.write(community=community.id, actor=actor, action=action, now=now, detail=codes)


COMMANDS = {"away": away, "back": back}
