"""``/emergency on`` and ``off``: while it is on every post is held, whatever the rules say of it."""

from bridge.core.community import Community
from bridge.core.message import Content
from bridge.core.policy import Role
from bridge.core.text import plain
from bridge.moderation.announcing import announce
from bridge.moderation.orders import Order
from bridge.rendering.words import Words, words
from bridge.storage import audit, desk, submissions

KEY = "emergency"
"""The setting: the name of whoever switched it on, or nothing."""


async def emergency(order: Order) -> Content:
    """Switch it, for every community of this channel; without a word, say how it stands."""
    lines: list[str] = []
    for community in order.communities:
        w = words(community.language)
        said = await _switched(order, community, w)
        lines.append(f"{community.name}: {said}" if len(order.communities) > 1 else said)
    return Content(text=plain("\n".join(lines)))


async def _switched(order: Order, community: Community, w: Words) -> str:
    before = await desk.setting(community.id, KEY)
    match order.argument.strip().casefold():
        case "on":
            wanted = order.moderator.name
        case "off":
            wanted = ""
        case _:
            return how_it_stands(before, w) + " " + w._("/emergency on, /emergency off: a senior moderator does that.")
    refused = await order.refused(community, Role.SENIOR)
    if refused is not None:
        return refused.text.text
    if bool(before) == bool(wanted):
        return how_it_stands(before, w)
    now, identity = order.desk.now, await order.identity()
    await desk.set_setting(community.id, KEY, wanted)
    await audit.write(
        community=community.id,
        actor=submissions.audit_actor(identity),
        action="emergency",
        now=now,
        reason="on" if wanted else "off",
    )
    if wanted:
        text = w._("🛑 {name} has switched on “hold everything”: every post now waits for a moderator.", name=wanted)
    else:
        text = w._("“Hold everything” is off again, says {name}. The usual rules apply.", name=order.moderator.name)
    await announce(community, text, now, besides=await order.here(), silent=False)
    return text


def how_it_stands(name: str, w: Words) -> str:
    """``name``: of whoever switched it on, or nothing."""
    if name:
        return w._("“Hold everything” is on, switched on by {name}.", name=name)
    return w._("“Hold everything” is off.")


COMMANDS = {"emergency": emergency}
