"""``/invite``: codes that let people in, made, listed and ended in a moderators' channel."""

from datetime import timedelta

from bridge.core.community import Community
from bridge.core.message import Content
from bridge.core.policy import Role
from bridge.core.text import plain
from bridge.members import ways
from bridge.moderation.orders import Order
from bridge.rendering.words import Words, words
from bridge.storage import audit, invitations
from bridge.storage.models_members import Invitation
from bridge.storage.submissions import audit_actor

_MOST, _DAYS = 1, 14
"""What ``/invite`` alone means: one person, two weeks."""
_MOST_EVER, _DAYS_EVER = 10_000, 366


async def invite(order: Order) -> Content:
    """``/invite 30 60``, ``/invite list``, ``/invite end 7K3M-9Q2X``; also ``/invite hifa 30 60``."""
    community, said = _community(order)
    if community is None:
        names = ", ".join(each.id for each in order.communities)
        return _content(order.w._("For which community? Write for example: /invite {id} 10 14", id=names))
    refused = await order.refused(community, Role.MODERATOR)
    if refused is not None:
        return refused
    w = words(community.language)
    match said:
        case ["end", *code]:
            return _content(await _end("".join(code), order, community, w))
        case ["list"]:
            return _content(await _list(order, community, w))
        case _ if len(said) <= 2 and all(part.isdecimal() and len(part) <= 5 for part in said):
            most, days = [int(part) for part in said] + [_MOST, _DAYS][len(said) :]
            if 1 <= most <= _MOST_EVER and 1 <= days <= _DAYS_EVER:
                return _content(await _make(most, days, order, community, w))
    return _content(
        w._(
            "Please write: /invite, or /invite 30 60 for thirty people within sixty days, /invite list, or /invite end "
            "and the code."
        )
    )


def _community(order: Order) -> tuple[Community | None, list[str]]:
    said = order.argument.split()
    for community in order.communities:
        if said and said[0].casefold() in (community.id, community.name.casefold()):
            return community, [part.casefold() for part in said[1:]]
    rest = [part.casefold() for part in said]
    return (order.community if len(order.communities) == 1 else None), rest


async def _make(most: int, days: int, order: Order, community: Community, w: Words) -> str:
    identity = await order.identity()
    invitation = await invitations.create(
        community=community.id, by=str(identity.ref), now=order.desk.now, most=most, lasts=timedelta(days=days)
    )
    await _audit("invite", invitation, order, most=most, days=days)
    lines = [
        _what(invitation, community, w),
        *(
            w._("{account}: write {words} to {address}", account=way.account, words=way.words, address=way.address)
            if way.address
            else w._("{account}: {link}", account=way.account, link=way.link)
            if way.link and not way.words
            else w._("{account}: {link} (then write: {words})", account=way.account, link=way.link, words=way.words)
            if way.link
            else w._("{account}: write to me: {words}", account=way.account, words=way.words)
            for way in ways.ways(community, order.desk.directory, invitation.code)
        ),
        w._("/invite end {code} ends it.", code=invitations.shown(invitation.code)),
    ]
    return "\n".join(lines)


def _what(invitation: Invitation, community: Community, w: Words) -> str:
    until = "" if invitation.expires_at is None else w.time(invitation.expires_at, community.policy.zone)
    return w.ngettext(
        "{code} lets {count} person into {community}, until {time}.",
        "{code} lets {count} people into {community}, until {time}.",
        invitation.most,
        code=invitations.shown(invitation.code),
        community=community.name,
        time=until,
    )


async def _list(order: Order, community: Community, w: Words) -> str:
    rows = await invitations.good_ones(community.id, order.desk.now)
    if not rows:
        return w._("No invitation lets anybody in now.")
    return "\n".join(_what(row, community, w) + " " + w._("Used: {used}", used=w.number(row.used)) for row in rows)


async def _end(code: str, order: Order, community: Community, w: Words) -> str:
    invitation = await invitations.find(code)
    if invitation is None or invitation.community != community.id:
        return w._("There is no such invitation. /invite list shows those there are.")
    if not await invitations.end(invitation):
        return w._("It was ended already.")
    await _audit("invite_end", invitation, order)
    return w._("{code} lets nobody in any more.", code=invitations.shown(invitation.code))


async def _audit(action: str, invitation: Invitation, order: Order, **codes: int) -> None:
    actor = audit_actor(await order.identity())
    detail = {"invitation": invitation.id, **codes}
    await audit.write(community=invitation.community, actor=actor, action=action, now=order.desk.now, detail=detail)


def _content(text: str) -> Content:
    return Content(text=plain(text))


COMMANDS = {"invite": invite}
