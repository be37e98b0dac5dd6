"""What moderators write of an author: a curated biography in place of the sentence made of the answers, and a title.

A biography is a version of the profile like any other. It shows where its author agreed to show a profile; they are
told of it, and can leave it out like every part.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime

from bridge.core.community import Community
from bridge.core.hygiene import clean_field
from bridge.core.message import Content
from bridge.core.policy import Role
from bridge.core.states import MembershipState, ProfileState, ProfileStep
from bridge.core.text import RichText, plain
from bridge.delivery.directory import Directory
from bridge.members import reach
from bridge.members.contact import language_of
from bridge.members.fields import BIOGRAPHY
from bridge.members.profiles import shown_name
from bridge.members.reach import Letter
from bridge.moderation import applying, cards, permissions, persons, powers
from bridge.moderation.acts import ALWAYS, Act, Deed, Reply
from bridge.moderation.notes import taken_away
from bridge.moderation.orders import Order
from bridge.moderation.profile_changes import PROFILE
from bridge.rendering.words import Words, words
from bridge.storage import applications, audit, memberships, people, submissions
from bridge.storage.models import Identity, Profile

LIMIT = 2000
"""Longest biography, in code points: nine sentences are some nine hundred."""
TITLE_LIMIT = 120


Said = Callable[[Order, Community, Identity, str, Words], Awaitable[str]]
"""Carries out what a command says of somebody, and says what was done."""


# --- biographies ---


async def question(act: Act) -> RichText | Reply:
    """Show what there is."""
    w, author = act.w, act.review.submission.identity
    text = w._(
        "#{number}: reply to this message with a short biography of {name}, at most {limit} characters. It stands in "
        "place of the sentence made of their answers.",
        number=act.number,
        name=shown_name(author, w),
        limit=w.number(LIMIT),
    )
    known = await people.profile(author.person_id, act.community.id)
    if known is not None and known.biography:
        text += "\n" + w._("It is now: {text}", text=known.biography) + "\n" + w._("“-” takes it away.")
    return plain(text)


async def heard(act: Act) -> Reply:
    """Keep a biography, or take it away."""
    author = act.review.submission.identity
    refused = await powers.own(act)
    if refused is not None:
        return refused
    text = await _curate(author, act.text.text, act.community, act.desk.directory, by=act.identity, now=act.now)
    return Reply(text=text)


async def _curate(
    author: Identity, said: str, community: Community, directory: Directory, *, by: Identity, now: datetime
) -> str:
    w = words(community.language)
    text = "" if taken_away(said, w) else clean_field(said)
    if len(text) > LIMIT:
        return w._(
            "That biography has {length} characters; at most {limit} are possible. Nothing was done.",
            length=w.number(len(text)),
            limit=w.number(LIMIT),
        )
    if not text and not taken_away(said, w):
        return w._("There was no text. Nothing was done.")
    pending = await people.pending_profile(author.person_id, community.id)
    approved = await people.approved_profile(author.person_id, community.id)
    standing = approved or pending
    if not text and (standing is None or not standing.biography):
        return w._("{name} has no biography. Nothing was done.", name=shown_name(author, w))
    if approved is not None or pending is None:
        standing = await _version(author, approved, text, community, ProfileState.APPROVED, by, now)
    if pending is not None:
        # What waits for a decision stays the newest, with the same biography.
        newer = await _version(author, pending, text, community, ProfileState.PENDING, by, now)
        await people.settle_profile(pending, ProfileStep.REPLACE, by=str(by.ref), now=now)
        application = await applications.open_about(PROFILE, pending.id)
        if application is not None:
            await applications.point_to(application, newer.id)
            await applying.refresh(application, now)
    await audit.write(
        community=community.id,
        actor=submissions.audit_actor(by),
        action="biography",
        now=now,
        detail={"author": author.id, "characters": len(text)},
    )
    await cards.refresh_held(author, now)
    await _tell(author, text, community, directory, now, shown=standing is not None and standing.shown)
    name = shown_name(author, w)
    if not text:
        return w._("The biography of {name} is taken away. They have been told.", name=name)
    if standing is None or not standing.shown:
        return w._("Kept. It shows once {name} agrees to show a profile; they have been asked.", name=name)
    return w._("Kept: the biography of {name} stands under their posts from now on. They have been told.", name=name)


async def _version(
    author: Identity,
    base: Profile | None,
    biography: str,
    community: Community,
    state: ProfileState,
    by: Identity,
    now: datetime,
) -> Profile:
    hidden = frozenset() if base is None else people.hidden_of(base)
    same = base is not None and base.biography == biography
    return await people.save_profile(
        author.person_id,
        people.answers_of(base),
        shown=base is not None and base.shown,
        # Who left an earlier one out has not said anything about this one, and is told how to.
        hidden=hidden if same else hidden - {BIOGRAPHY},
        biography=biography,
        community=community.id,
        state=state,
        by=str(by.ref) if state is ProfileState.APPROVED else "",
        now=now,
    )


async def _tell(
    author: Identity, text: str, community: Community, directory: Directory, now: datetime, *, shown: bool
) -> None:
    w = language_of(author, community)
    if not text:
        told = w._(
            "The moderators of {community} took away the text they had written about you. Your own answers stand there "
            "again.",
            community=community.name,
        )
    elif shown:
        told = w._(
            "The moderators of {community} wrote this about you; it stands under your posts from now on: {text}\n"
            "If you do not want that, write: /profile hide biography",
            community=community.name,
            text=text,
        )
    else:
        told = w._(
            "The moderators of {community} would like to put this under your posts: {text}\n"
            "Nothing is shown before you agree. Write /profile card to see it and to say yes or no.",
            community=community.name,
            text=text,
        )
    await reach.write(author, Letter(text=plain(told)), community, directory, now)


async def biography_order(order: Order) -> Content:
    """``/biography @name text``: of an author none of whose cards is at hand."""
    return await _ordered(order, Role.MODERATOR, _biography)


async def title_order(order: Order) -> Content:
    """``/title @name Country Representative for Kenya``."""
    return await _ordered(order, Role.COORDINATOR, _title)


# --- titles ---


async def _title(order: Order, community: Community, author: Identity, said: str, w: Words) -> str:
    name = shown_name(author, w)
    known = await memberships.membership(author.person_id, community.id)
    if not said:
        if known is None or not known.title:
            return w._("{name} has no title.", name=name)
        return w._("{name} is: {title}", name=name, title=known.title)
    title = "" if taken_away(said, w) else clean_field(said).rstrip(".")
    if len(title) > TITLE_LIMIT:
        limit = w.number(TITLE_LIMIT)
        return w._("That is long for a title: at most {limit} characters. Nothing was done.", limit=limit)
    by = await order.identity()
    if known is None:
        # Who is given an office belongs to the community.
        known = await memberships.enter(
            author.person_id,
            community.id,
            MembershipState.MEMBER,
            now=order.desk.now,
            via="title",
            by=str(by.ref),
        )
    await memberships.prefer(known, title=title)
    await audit.write(
        community=community.id,
        actor=submissions.audit_actor(by),
        action="title",
        now=order.desk.now,
        detail={"author": author.id, "characters": len(title)},
    )
    await cards.refresh_held(author, order.desk.now)
    own = language_of(author, community)
    told = (
        own._("In {community} you are now: {title}. It stands on your profile.", community=community.name, title=title)
        if title
        else own._("Your title in {community} has ended.", community=community.name)
    )
    await reach.write(author, Letter(text=plain(told)), community, order.desk.directory, order.desk.now)
    if not title:
        return w._("{name} has no title any more.", name=name)
    return w._("{name} is now: {title}", name=name, title=title)


async def _biography(order: Order, community: Community, author: Identity, said: str, w: Words) -> str:
    if not said:
        known = await people.profile(author.person_id, community.id)
        if known is None or not known.biography:
            return w._("{name} has no biography.", name=shown_name(author, w))
        return known.biography
    by = await order.identity()
    if author.person_id == by.person_id and not await permissions.owns_may(community, by):
        return w._("Another moderator must say that of you. Nothing was done.")
    return await _curate(author, said, community, order.desk.directory, by=by, now=order.desk.now)


# --- whom a command is about ---


async def _ordered(order: Order, role: Role, carry_out: Said) -> Content:
    lines: list[str] = []
    for community in order.communities:
        w = words(community.language)
        refused = await order.refused(community, role)
        if refused is not None:
            lines.append(refused.text.text)
            continue
        target, said = _target(order)
        if not target and order.reply_to is None:
            lines.append(
                w._("Please write whom you mean and what: @name, or #12 for the author of that post, then the text.")
            )
            continue
        found = await persons.meant(order, community, target, anywhere=True)
        author = None if isinstance(found, str) else await people.find(found.ref)
        if isinstance(found, str):
            lines.append(found)
        elif author is None:
            lines.append(w._("{who} has not posted anything yet. Nothing was done.", who=str(found.ref)))
        else:
            lines.append(await carry_out(order, community, author, said, w))
    return Content(text=plain("\n".join(dict.fromkeys(lines))))


def _target(order: Order) -> tuple[str, str]:
    """Whom, and what; whom is empty where the command was a reply and begins with no name."""
    first, _, rest = order.argument.strip().partition(" ")
    names_somebody = first.startswith("@") or first.lstrip("#").isdecimal() or permissions.ref_of(first) is not None
    if names_somebody and (first.startswith(("@", "#")) or ":" in first):
        return first, rest.strip()
    return "", order.argument.strip()


DEEDS = (
    Deed(
        name="biography",
        word=lambda w: w._("biography"),
        question=question,
        heard=heard,
        states=ALWAYS,
        any_revision=True,
    ),
)
COMMANDS = {"biography": biography_order, "title": title_order}
