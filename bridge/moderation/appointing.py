"""``/moderators``: who may decide, from the config file and from here; appointing people, and ending it.

Nobody gives a role above their own, changes somebody above them, or ends what the config file says. What is changed
counts from the next press on.
"""

from dataclasses import dataclass

from bridge.core.community import Community
from bridge.core.events import Sender
from bridge.core.ids import UserRef
from bridge.core.message import Content
from bridge.core.policy import Role
from bridge.core.text import MarkKind, RichText, joined, marked, plain
from bridge.members.profiles import shown_name
from bridge.moderation import claims, permissions, persons, powers, votes
from bridge.moderation.announcing import announce
from bridge.moderation.orders import Order
from bridge.rendering.words import Words, words
from bridge.storage import audit, desk, people, submissions
from bridge.storage.models import Identity


async def moderators(order: Order) -> Content:
    """List them; ``add`` and ``remove`` change them."""
    verb, _, rest = order.argument.strip().partition(" ")
    if not verb:
        return await _list(order)
    if verb.casefold() not in ("add", "remove"):
        return Content(text=plain(_usage(order.w)))
    change = _add if verb.casefold() == "add" else _remove
    lines: list[str] = []
    for community in order.communities:
        w = words(community.language)
        refused = await order.refused(community, Role.COORDINATOR)
        said = refused.text.text if refused is not None else await change(order, community, rest.strip(), w)
        lines.append(f"{community.name}: {said}" if len(order.communities) > 1 else said)
    return Content(text=plain("\n".join(lines)))


def _usage(w: Words) -> str:
    return w._(
        "Please write: /moderators, or /moderators add @name, or /moderators add @name senior (or coordinator), or "
        "/moderators remove @name. Instead of @name also ACCOUNT:USER; or reply to a message of theirs with "
        "/moderators add."
    )


# --- the list ---


async def _list(order: Order) -> Content:
    parts: list[RichText] = []
    for community in order.communities:
        w = words(community.language)
        roles = await permissions.roles(community)
        count = w.ngettext(
            "{community}: {count} account may decide",
            "{community}: {count} accounts may decide",
            len(roles),
            community=community.name,
        )
        parts.append(marked(count, MarkKind.BOLD))
        if community.trust_channel:
            parts.append(plain(w._("Besides, everybody who is in this channel may decide.")))
        parts += [plain(line) for line in await _lines(order, community, roles, w)]
    parts.append(plain(order.w._("/moderators add, /moderators remove: who may do that is a coordinator.")))
    return Content(text=joined(parts, "\n"))


async def _lines(order: Order, community: Community, roles: dict[UserRef, Role], w: Words) -> list[str]:
    zone = community.policy.zone
    appointed = {
        ref: row
        for row in await desk.appointments(community.id)
        if (ref := permissions.ref_of(f"{row.account}:{row.user}")) is not None
    }
    absent = await desk.absent(community.id, order.desk.now)
    lines: list[str] = []
    for ref, role in sorted(roles.items(), key=lambda pair: (-pair[1].rank, str(pair[0]))):
        known = await people.find(ref)
        name = appointed[ref].name if ref in appointed else ""
        name = name if known is None or not known.name else known.name
        row = appointed.get(ref)
        if row is not None and community.policy.roles.get(ref) is not role:
            by = await persons.name_of(row.set_by, fallback=row.set_by)
            source = w._("by {name}, {time}", name=by, time=w.time(row.set_at, zone))
        else:
            source = w._("by the config file")
        line = " · ".join((f"{name} ({ref})" if name else str(ref), powers.role_name(role, w), source))
        if ref in absent:
            line += " · " + w._("away until {time}", time=w.time(absent[ref].until, zone))
        if ref in community.policy.safeguarding:
            line += " · " + w._("named for safeguarding")
        lines.append(line)
    for ref in sorted(community.policy.safeguarding - set(roles), key=str):
        known = await people.find(ref)
        shown = str(ref) if known is None else f"{shown_name(known, w)} ({ref})"
        lines.append(shown + " · " + w._("named for safeguarding"))
    return lines


# --- changing it ---


@dataclass(frozen=True, kw_only=True)
class _Target:
    """Whom a change is about, and what they are now."""

    found: persons.Found
    identity: Identity
    by: Identity
    mine: Role
    """The role of who gave the command."""
    now: Role | None
    written: Role | None
    """What the config file says."""


async def _target(order: Order, community: Community, said: str) -> _Target | str:
    found = await persons.meant(order, community, said)
    if isinstance(found, str):
        return found
    mine = await permissions.role_of(community, order.moderator.sender, order.moderator.channel)
    # Who never wrote to us has no number yet, and the audit log knows people by numbers only.
    identity = await people.find(found.ref) or await people.meet(Sender(ref=found.ref, name=found.name), order.desk.now)
    return _Target(
        found=found,
        identity=identity,
        by=await order.identity(),
        mine=mine or Role.MODERATOR,
        now=(await permissions.roles(community)).get(found.ref),
        written=community.policy.roles.get(found.ref),
    )


def _wanted(rest: str, w: Words) -> tuple[str, Role]:
    """``@name senior``: whom, and as what."""
    names = [(name.casefold(), role) for role in Role for name in (role.value, powers.role_name(role, w))]
    said = rest.casefold()
    for name, role in sorted(names, key=lambda pair: -len(pair[0])):  # "senior moderator" before "moderator"
        if said == name or said.endswith(f" {name}"):
            return rest[: len(rest) - len(name)].strip(), role
    return rest, Role.MODERATOR


def _above(target: _Target, w: Words) -> str:
    return w._(
        "{who} is a {role}: that is above your own role. Nothing was done.",
        who=target.found.shown,
        role=powers.role_name(target.now or Role.MODERATOR, w),
    )


async def _add(order: Order, community: Community, rest: str, w: Words) -> str:
    said, role = _wanted(rest, w)
    if not said and order.reply_to is None:
        return _usage(w)
    target = await _target(order, community, said)
    if isinstance(target, str):
        return target
    if not target.mine.covers(role):
        return w._(
            "Nobody can give a role above their own: {role} can be written into the config file. Nothing was done.",
            role=powers.role_name(role, w),
        )
    if target.now is not None and not target.mine.covers(target.now):
        return _above(target, w)
    name = powers.role_name(role, w)
    if target.now is role:
        return w._("{who} is {role} already.", who=target.found.shown, role=name)
    if target.written is not None and target.written.covers(role):
        return _by_the_file(target, w)
    await desk.appoint(
        community.id,
        target.found.ref,
        role.value,
        name=target.found.name,
        by=str(target.by.ref),
        now=order.desk.now,
    )
    await _audit(order, community, target, "appoint", role.value)
    text = w._(
        "{who} is now {role}, appointed by {name}.", who=target.found.shown, role=name, name=order.moderator.name
    )
    await announce(community, text, order.desk.now, besides=await order.here())
    return text


def _by_the_file(target: _Target, w: Words) -> str:
    return w._(
        "{who} is {role} by the config file, and only whoever edits that file can change it. Nothing was done.",
        who=target.found.shown,
        role=powers.role_name(target.written or Role.MODERATOR, w),
    )


async def _remove(order: Order, community: Community, said: str, w: Words) -> str:
    if not said and order.reply_to is None:
        return _usage(w)
    target = await _target(order, community, said)
    if isinstance(target, str):
        return target
    who, now = target.found.shown, order.desk.now
    if target.now is None:
        return w._("{who} is no moderator here. Nothing was done.", who=who)
    if not target.mine.covers(target.now):
        return _above(target, w)
    standing = await desk.appointment(community.id, target.found.ref)
    if standing is None or not standing.role:
        return _by_the_file(target, w)
    left = [ref for ref in await permissions.roles(community) if ref != target.found.ref]
    if target.written is None and not left and not community.trust_channel:
        return w._("Then nobody could decide any more. Appoint somebody else first. Nothing was done.")
    await desk.appoint(community.id, target.found.ref, "", name=standing.name, by=str(target.by.ref), now=now)
    await _audit(order, community, target, "dismiss", standing.role)
    if target.written is not None:
        text = w._(
            "{who} is only {role} again, as the config file says.",
            who=who,
            role=powers.role_name(target.written, w),
        )
    else:
        text = w._("{who} is no moderator any more, says {name}.", who=who, name=order.moderator.name)
        text += await _leave_nothing(order, community, target, w)
    await announce(community, text, now, besides=await order.here())
    return text


async def _leave_nothing(order: Order, community: Community, target: _Target, w: Words) -> str:
    """Claims and votes of who may no longer decide end; other accounts of theirs that still may are named."""
    others = [ref for ref in await permissions.roles(community) if await permissions.is_among(target.identity, [ref])]
    if others:
        return " " + w._("Their other account may still decide: {accounts}.", accounts=", ".join(map(str, others)))
    await claims.release_all(community, target.identity, order.desk.now)
    await votes.withdraw_all(community, target.identity, order.desk.now)
    return ""


async def _audit(order: Order, community: Community, target: _Target, action: str, role: str) -> None:
    await audit.write(
        community=community.id,
        actor=submissions.audit_actor(target.by),
        action=action,
        now=order.desk.now,
        reason=role,
        detail={"who": target.identity.id},
    )


COMMANDS = {"moderators": moderators}
