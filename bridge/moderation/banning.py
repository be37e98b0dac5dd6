"""Banning a person from a community, on every account of theirs, and lifting it.

What they have waiting stays to be decided; what is published stays published. The person is told once, with the reason.
"""

from datetime import datetime

from bridge.core.community import Community
from bridge.core.hygiene import clean_line
from bridge.core.message import Content
from bridge.core.policy import Role
from bridge.core.states import MembershipState, MembershipStep
from bridge.core.text import RichText, plain
from bridge.members import contact
from bridge.members.profiles import shown_name
from bridge.moderation import cards, permissions, persons
from bridge.moderation.acts import ALWAYS, Act, Deed, Desk, Reply
from bridge.moderation.orders import Order
from bridge.rendering.words import Words, words
from bridge.storage import audit, barred, feed, memberships, people, submissions
from bridge.storage.models import Identity, Review

WHY_LIMIT = 300


# --- what is done ---


async def ban(
    author: Identity, community: Community, why: str, desk_: Desk, *, by: Identity | None, review: Review | None = None
) -> str | None:
    """Ban the person behind an account and tell them; returns why that cannot be, in the moderators' language."""
    w = words(community.language)
    if by is not None and author.person_id == by.person_id:
        return w._("Nobody bans themselves. Nothing was done.")
    if await _decides(author, community):
        return w._(
            "{name} is a moderator here: end that first. Nothing was done.",
            name=shown_name(author, w),
        )
    row = await memberships.membership(author.person_id, community.id)
    if row is None:
        row = await memberships.enter(
            author.person_id, community.id, MembershipState.APPLIED, now=desk_.now, via="post"
        )
    actor = submissions.audit_actor(by)
    if not await memberships.step(row, MembershipStep.BAN, now=desk_.now, by=actor, note=why):
        return w._("{name} is banned already. Nothing was done.", name=shown_name(author, w))
    await feed.call_off(author.person_id, community.id)
    await _written_down("ban", author, community, actor, desk_.now, review)
    for account in await people.identities(author.person_id):
        v = contact.language_of(account, community)
        text = v._(
            "The moderators of {community} have decided that you cannot post there for now. They write: {reason} "
            "What you have waiting there is still read. You can ask for everything that is held about you: /mydata",
            community=community.name,
            reason=why.rstrip(". ") + ".",
        )
        await contact.tell(account, Content(text=plain(text)), community, desk_.directory, desk_.now)
    return None


async def lift(
    author: Identity, community: Community, desk_: Desk, *, by: Identity | None, review: Review | None = None
) -> str | None:
    """Let somebody back in; returns why there is nothing to lift."""
    w = words(community.language)
    row = await memberships.membership(author.person_id, community.id)
    actor = submissions.audit_actor(by)
    if row is None or not await memberships.step(row, MembershipStep.LIFT, now=desk_.now, by=actor, note=""):
        return w._("{name} is not banned. Nothing was done.", name=shown_name(author, w))
    await barred.forgive(await people.identities(author.person_id), community.id)
    await _written_down("unban", author, community, actor, desk_.now, review)
    for account in await people.identities(author.person_id):
        v = contact.language_of(account, community)
        text = v._("You can post to {community} again. Welcome back.", community=community.name)
        await contact.tell(account, Content(text=plain(text)), community, desk_.directory, desk_.now)
    return None


async def _decides(author: Identity, community: Community) -> bool:
    return await permissions.is_among(author, await permissions.roles(community))


async def _written_down(
    action: str, author: Identity, community: Community, actor: str, now: datetime, review: Review | None
) -> None:
    await audit.write(
        community=community.id,
        actor=actor,
        action=action,
        now=now,
        review_id=None if review is None else review.id,
        revision=0 if review is None else review.revision,
        detail={"author": author.id},
    )
    await cards.refresh_held(author, now)
    if review is not None:
        await cards.refresh(review, now)


# --- on a card ---


async def question(act: Act) -> RichText | Reply:
    """The person is to know why."""
    return plain(
        act.w._(
            "Why is {name} banned, on all of their accounts? Reply to this message. They will read it.",
            name=shown_name(act.review.submission.identity, act.w),
        )
    )


async def banned(act: Act) -> Reply:
    """``ban: <reason>``, of the author of an item. The item stays as it is."""
    author, why = act.review.submission.identity, clean_line(act.text.text, WHY_LIMIT)
    if not why:
        return Reply(text=act.w._("There was no text. Nothing was done."), alert=True)
    refused = await ban(author, act.community, why, act.desk, by=act.identity, review=act.review)
    return Reply(text=refused, alert=True) if refused else Reply(text=_said(author, act.w))


async def lifted(act: Act) -> Reply:
    author = act.review.submission.identity
    refused = await lift(author, act.community, act.desk, by=act.identity, review=act.review)
    return Reply(text=refused, alert=True) if refused else Reply(text=_said_lifted(author, act.w))


def _said(author: Identity, w: Words) -> str:
    return w._(
        "{name} is banned, on every account. What waits of theirs is still to be decided. To lift it: unban",
        name=shown_name(author, w),
    )


def _said_lifted(author: Identity, w: Words) -> str:
    return w._("{name} is no longer banned.", name=shown_name(author, w))


# --- as a command ---


async def ban_order(order: Order) -> Content:
    """``/ban #12 the reason``, ``/ban @name: the reason``."""
    return await _for_each(order, lifting=False)


async def unban_order(order: Order) -> Content:
    """``/unban #12``."""
    return await _for_each(order, lifting=True)


async def _for_each(order: Order, *, lifting: bool) -> Content:
    lines: list[str] = []
    for community in order.communities:
        w = words(community.language)
        refused = await order.refused(community, Role.SENIOR)
        said = refused.text.text if refused is not None else await _ordered(order, community, w, lifting=lifting)
        lines.append(f"{community.name}: {said}" if len(order.communities) > 1 else said)
    return Content(text=plain("\n".join(lines)))


async def _ordered(order: Order, community: Community, w: Words, *, lifting: bool) -> str:
    target, _, rest = order.argument.strip().partition(" ")
    target, why = target.rstrip(":,"), clean_line(rest.strip(" :"), WHY_LIMIT)
    if order.replied is not None and not target.startswith(("#", "@")):
        target, why = "", clean_line(order.argument, WHY_LIMIT)
    if (not target and order.reply_to is None) or (not why and not lifting):
        return w._("Please write: /ban #12 and the reason, or /unban #12. Instead of #12 also @name or ACCOUNT:USER.")
    found = await persons.meant(order, community, target, anywhere=True)
    if isinstance(found, str):
        return found
    author = await people.find(found.ref)
    if author is None:
        return w._("{who} has not posted anything yet. Nothing was done.", who=str(found.ref))
    by = await order.identity()
    if lifting:
        return await lift(author, community, order.desk, by=by) or _said_lifted(author, w)
    return await ban(author, community, why, order.desk, by=by) or _said(author, w)


DEEDS = (
    Deed(
        name="ban",
        word=lambda w: w._("ban"),
        question=question,
        heard=banned,
        role=Role.SENIOR,
        states=ALWAYS,
        any_revision=True,
    ),
    Deed(
        name="unban",
        word=lambda w: w._("unban"),
        perform=lifted,
        role=Role.SENIOR,
        states=ALWAYS,
        any_revision=True,
    ),
)
COMMANDS = {"ban": ban_order, "unban": unban_order}
