"""``/groups`` and ``/unbridge`` in a moderators' channel: which groups are connected, how they are, and no longer."""

import re

from bridge.core.community import Community, Group
from bridge.core.hygiene import without_accents
from bridge.core.ids import Address
from bridge.core.message import Content
from bridge.core.policy import Role
from bridge.core.states import LinkState
from bridge.core.text import MarkKind, RichText, joined, marked, plain
from bridge.moderation import arrival, group_links
from bridge.moderation.daily import duration
from bridge.moderation.orders import Order
from bridge.rendering.words import Words, words
from bridge.storage import chats, groups, inbox, presence
from bridge.storage.models_members import BridgedGroup

_MOST = 50
_CODE = re.compile(r"[Gg]?\s*(\d{1,9})")


def code_of(row: BridgedGroup) -> str:
    """What a group that was connected in a chat is called in commands: G3."""
    return f"G{row.id}"


async def listed(order: Order) -> Content:
    """Every group of this channel's communities, with how it is."""
    lines: list[RichText] = []
    for community in order.communities:
        w = words(community.language)
        title = w.ngettext(
            "{community}: {count} group", "{community}: {count} groups", len(community.groups), community=community.name
        )
        lines.append(marked(title, MarkKind.BOLD))
        rows = await _linked(community)
        shown = community.groups[:_MOST]
        lines += [plain(await _line(group, rows.get(group.chat), order, w)) for group in shown]
        if len(community.groups) > _MOST:
            lines.append(plain(w.ngettext("and {count} more", "and {count} more", len(community.groups) - _MOST)))
    w = order.w
    lines.append(
        plain(
            w._("To connect another: add me to it, and write /bridge {community} there.", community=order.community.id)
        )
    )
    return Content(text=joined(lines, "\n"))


async def _linked(community: Community) -> dict[Address, BridgedGroup]:
    return {row.address: row for row in await groups.wanted() if row.community == community.id}


async def _line(group: Group, row: BridgedGroup | None, order: Order, w: Words) -> str:
    where = await inbox.resolve(group.chat)
    name = await chats.title(where) if row is None else f"{code_of(row)} {await group_links.title_of(row)}"
    parts = [f"{name} ({group.chat.account})", group_links.intake_name(group.intake.value, w)]
    seen = await groups.arrivals(where)
    if seen.last is None:
        parts.append(w._("no post has arrived yet"))
    else:
        minutes = max(0, int((order.desk.now - seen.last).total_seconds() // 60))
        parts.append(w._("last post arrived {time} ago", time=duration(minutes, w)))
    return " · ".join([*parts, *await _troubles(where, seen, order, w)])


async def _troubles(where: Address, seen: groups.Arrivals, order: Order, w: Words) -> list[str]:
    """What is wrong there, each with its sign."""
    found: list[str] = []
    adapter = order.desk.directory.adapter(where.account)
    if adapter is None or not adapter.health().connected:
        found.append(w._("⚠️ the account {account} is not connected", account=where.account))
    gone = await presence.gone_since(where)
    if gone is not None:
        found.append(w._("⚠️ I was removed from it, {time}", time=w.time(gone, order.community.policy.zone)))
    elif seen.trouble is not None:
        reason = arrival.refusal(seen.trouble.reason, w) if seen.trouble.reason else w._("it may have arrived")
        found.append(w._("⚠️ the last post did not arrive: {reason}", reason=reason))
    return found


async def unbridge(order: Order) -> Content | None:
    """Disconnect a group that was connected in a chat."""
    w = order.w
    found = await _named(order)
    if found is None:
        usage = w._("Which one? Write /unbridge and its code; /groups lists them. Nothing was done.")
        return Content(text=plain(usage))
    community, row = found
    w = words(community.language)
    if row is None:
        said = w._(
            "That group is named in the config file: whoever runs the bridge must take it out there. Nothing was done."
        )
        return Content(text=plain(said))
    refused = await order.refused(community, Role.MODERATOR)
    if refused is not None:
        return refused
    if row.state == LinkState.ASKED:
        await group_links.withdraw(row, order.desk, by=await order.identity(), name=order.moderator.name)
        return Content(text=plain(w._("Done.")))
    done = await group_links.disconnect(
        row, community, order.desk, by=await order.identity(), name=order.moderator.name
    )
    if not done:
        return Content(text=plain(w._("That group is not connected. Nothing was done.")))
    return None  # every channel is told


async def _named(order: Order) -> tuple[Community, BridgedGroup | None] | None:
    """The group that was meant, by its code or its title; None for none, or for several of one title."""
    said = order.argument.strip()
    match = _CODE.fullmatch(said)
    found: list[tuple[Community, BridgedGroup | None]] = []
    for community in order.communities:
        rows = await _linked(community)
        for row in rows.values():
            titled = bool(said) and without_accents(await group_links.title_of(row)) == without_accents(said)
            if titled or (match is not None and row.id == int(match[1])):
                found.append((community, row))
        for group in community.groups:
            title = await chats.title(await inbox.resolve(group.chat))
            if group.chat not in rows and said and without_accents(title) == without_accents(said):
                found.append((community, None))
    return found[0] if len(found) == 1 else None


COMMANDS = {"groups": listed, "unbridge": unbridge}
