"""``/rota``: whose day it is. Reminders name them; everybody may still decide."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from bridge.core.community import Community
from bridge.core.hygiene import clean_line, clean_name
from bridge.core.message import Content
from bridge.core.policy import Role
from bridge.core.text import plain
from bridge.core.when import weekday
from bridge.moderation.announcing import announce
from bridge.moderation.notes import taken_away
from bridge.moderation.orders import Order
from bridge.rendering.words import Words, words
from bridge.storage import audit, codec, desk, submissions

KEY = "rota"
"""The setting: names by the number of the weekday, Monday is 0."""
_MOST = 10
"""Names for one day."""


async def of(community: Community) -> dict[int, list[str]]:
    """Who has which weekday."""
    stored = codec.load_object(await desk.setting(community.id, KEY) or "{}")
    return {int(day): list(names) for day, names in stored.items()}


async def today(community: Community, now: datetime) -> list[str]:
    """Those whose day it is and who have not said that they are away."""
    names = (await of(community)).get(now.astimezone(community.policy.zone).weekday(), [])
    gone = {row.name.casefold() for row in (await desk.absent(community.id, now)).values()}
    return [name for name in names if name.casefold() not in gone]


async def rota(order: Order) -> Content:
    """Show it; lines of "Monday: Grace, Peter" change it, for every community of this channel."""
    lines: list[str] = []
    for community in order.communities:
        w = words(community.language)
        said = await _changed(order, community, w) if order.argument.strip() else _shown(await of(community), w)
        lines.append(f"{community.name}: {said}" if len(order.communities) > 1 else said)
    return Content(text=plain("\n\n".join(lines)))


def _shown(found: Mapping[int, Sequence[str]], w: Words) -> str:
    if not any(found.values()):
        return w._("There is no rota yet. It is written like this:") + f"\n/rota {w.weekday(0)}: Grace, Peter"
    return "\n".join(f"{w.weekday(day)}: {', '.join(names)}" for day, names in sorted(found.items()) if names)


def read(text: str, w: Words) -> dict[int, list[str]] | str:
    """Names by weekday, ``-`` for nobody; else what cannot be understood."""
    found: dict[int, list[str]] = {}
    for line in filter(None, (line.strip() for line in text.split("\n"))):
        said, colon, value = line.partition(":")
        day = weekday(said)
        names = [clean_name(name, fallback="") for name in value.split(",")]
        names = [] if taken_away(value, w) else list({name.casefold(): name for name in names if name}.values())
        if day is None or not colon or not value.strip() or len(names) > _MOST:
            return w._("This line is not understood: “{line}”. Nothing was done.", line=clean_line(line, 80))
        found[day] = names
    return found


async def _changed(order: Order, community: Community, w: Words) -> str:
    found = read(order.argument, w)
    if isinstance(found, str):
        return found
    refused = await order.refused(community, Role.MODERATOR)
    if refused is not None:
        return refused.text.text
    whole = {**await of(community), **found}
    await desk.set_setting(community.id, KEY, codec.dump_object({str(day): whole[day] for day in sorted(whole)}))
    await audit.write(
        community=community.id,
        actor=submissions.audit_actor(await order.identity()),
        action="rota",
        now=order.desk.now,
        detail={"days": len(found)},
    )
    text = w._("{name} has changed the rota:", name=order.moderator.name) + "\n" + _shown(whole, w)
    await announce(community, text, order.desk.now, besides=await order.here())
    return text


COMMANDS = {"rota": rota}
