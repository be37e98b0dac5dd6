"""``/bridge`` and ``/unbridge`` in a group, and what the bot says where it was added or is no longer."""

import re
from dataclasses import dataclass
from datetime import timedelta

import structlog

from bridge.core.community import Community
from bridge.core.events import BotMembershipChanged, ChatKind, InboundEvent, MessagePosted
from bridge.core.hygiene import clean_name
from bridge.core.ids import Address
from bridge.core.message import Content
from bridge.core.ports import ChatFacts
from bridge.core.states import LinkState
from bridge.core.text import plain
from bridge.intake.context import Context
from bridge.members import contact
from bridge.moderation import applying, connecting, group_links, permissions
from bridge.moderation.application_cards import name_of
from bridge.rendering.languages import tag_of
from bridge.rendering.words import Words, words
from bridge.storage import applications, chats, groups, ledger, memberships, people, presence
from bridge.storage.models import Identity
from bridge.storage.models_members import BridgedGroup

log = structlog.get_logger()

_ASKED = re.compile(r"[/!](?P<name>bridge|unbridge)(?:\s+(?P<argument>\S.*))?", re.IGNORECASE)
_LONGEST = 80
"""Characters of a command; what is longer is a message."""
_ONCE = timedelta(minutes=10)
"""The same answer is not given twice in so long."""
_REST = timedelta(days=1)
"""A group that was refused may ask again after this."""
_MOST_OPEN = 3
"""Groups that one person can have waiting for the moderators."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    name: str
    argument: str = ""


def parse(event: InboundEvent) -> Asked | None:
    """``/bridge hifa`` in a group; ``!bridge`` too, as some apps keep what begins with a slash. None for all else."""
    if not isinstance(event, MessagePosted) or event.chat_kind is ChatKind.PRIVATE or event.sender.bot:
        return None
    text = event.text.text.strip()
    match = _ASKED.fullmatch(text) if len(text) <= _LONGEST else None
    return None if match is None else Asked(name=match["name"].casefold(), argument=(match["argument"] or "").strip())


async def handle(event: MessagePosted, address: Address, context: Context) -> bool:
    """Do what was asked; False where it was no such command. ``address``: as the config or the table names it."""
    asked = parse(event)
    if asked is None:
        return False
    moderators = context.communities.of_moderators(address)
    if moderators and asked.name == "unbridge":
        return False  # an order about some other group
    if moderators:
        w = words(moderators[0].language)
        text = w._("This is a moderators' channel: it cannot be connected as a group. Nothing was done.")
        await _answer(event, text, moderators[0], context)
        return True
    identity = await people.meet(event.sender, context.now)
    if asked.name == "unbridge":
        await _unbridge(event, address, identity, context)
    else:
        await _bridge(event, address, asked.argument, identity, context)
    return True


async def private(event: MessagePosted, identity: Identity, community: Community, context: Context) -> bool:
    """The same words in a private chat: they belong into the group."""
    if _ASKED.fullmatch(event.text.text.strip()[: _LONGEST + 1]) is None:
        return False
    w = contact.language_of(identity, community)
    text = w._("Please add me to the group, and write that there: /bridge {community}", community=community.id)
    await contact.say(event.ref.address, Content(text=plain(text)), community, context.now)
    return True


async def _answer(event: MessagePosted, text: str, community: Community | None, context: Context) -> None:
    """Under the command; asked again and again, it is said once."""
    content = Content(text=plain(text), reply_to=event.ref, silent=True)
    if not await ledger.said_lately(event.ref.address, content, context.now - _ONCE):
        await contact.say(event.ref.address, content, community, context.now)


# --- /bridge ---


async def _bridge(event: MessagePosted, address: Address, argument: str, identity: Identity, context: Context) -> None:
    found = context.communities.of_group(address)
    named, _, rest = argument.partition(" ")
    community, language = _community(argument, context), ""
    if community is None and rest:
        community, language = _community(named, context), tag_of(rest)
    if found is not None and (community is None or community.id == found[0].id):
        w = contact.language_of(identity, found[0])
        text = w._("This group is connected with {community} already.", community=found[0].name)
        await _answer(event, text, found[0], context)
        return
    if community is None:
        await _hint(event, identity, context)
        return
    w = contact.language_of(identity, community)
    if found is not None:
        text = w._(
            "This group is connected with {community}. It must be disconnected there first: /unbridge. "
            "Nothing was done.",
            community=found[0].name,
        )
        await _answer(event, text, found[0], context)
        return
    known = next((row for row in await groups.of_chat(address) if row.community == community.id), None)
    refused = await _refused(known, identity, community, context, w)
    if refused:
        await _answer(event, refused, community, context)
        return
    await _ask(event, address, known, identity, community, language, context)


def _community(said: str, context: Context) -> Community | None:
    """The one that was named; without a name the only one there is."""
    everywhere = context.communities.all
    if not said:
        return everywhere[0] if len(everywhere) == 1 else None
    return next((c for c in everywhere if said.casefold() in (c.id.casefold(), c.name.casefold())), None)


async def _hint(event: MessagePosted, identity: Identity, context: Context) -> None:
    everywhere = context.communities.all
    w = contact.language_of(identity, everywhere[0] if everywhere else None)
    choices = "\n".join(f"/bridge {each.id} – {each.name}" for each in everywhere)
    text = w._("With which community? Write one of these here:") + "\n" + choices
    await _answer(event, text, everywhere[0] if everywhere else None, context)


async def _refused(
    known: BridgedGroup | None, identity: Identity, community: Community, context: Context, w: Words
) -> str:
    """Why nobody is asked; empty where the moderators are."""
    if await memberships.is_banned(identity.person_id, community.id):
        return w._("You cannot ask for that. Nothing was done.")
    if known is not None and known.state == LinkState.REFUSED and known.changed_at > context.now - _REST:
        return w._(
            "The moderators of {community} did not connect this group. You can ask again tomorrow.",
            community=community.name,
        )
    asking = known is not None and known.state == LinkState.ASKED
    waiting = await applications.open_of(group_links.NAME, community.id, identity.person_id)
    if not asking and len(waiting) >= _MOST_OPEN:
        return w._("You have asked for several groups already. Please wait until the moderators have decided.")
    return ""


async def _ask(
    event: MessagePosted,
    address: Address,
    known: BridgedGroup | None,
    identity: Identity,
    community: Community,
    language: str,
    context: Context,
) -> None:
    facts = context.group or ChatFacts()
    title = clean_name(facts.title, fallback=clean_name(event.chat_title, fallback=""))
    title = title or await chats.title(event.ref.address)
    await chats.remember(event.ref.address, title)
    remembered = {
        **group_links.stored(context.group),
        "platform": _platform(event.account, context),
        "chat": str(event.ref.address),
        "message": event.ref.message,
    }
    w = contact.language_of(identity, community)
    more = [] if context.group is None else group_links.rights(facts, w)
    if known is not None and known.state == LinkState.ASKED:
        application = await applications.open_about(group_links.NAME, known.id)
        if application is not None:
            if context.group is not None:
                await groups.describe(known, title=title, size=facts.members)
            await applications.remember(application, **remembered)
            await applying.refresh(application, context.now)
            said = w._(
                "The moderators of {community} have been asked already ({number}). They decide.",
                community=community.name,
                number=name_of(application),
            )
            await _answer(event, "\n".join((said, *more)), community, context)
            return
    best = group_links.possible(facts)[0].value
    values = {"title": title, "size": facts.members, "intake": best, "language": language}
    if known is not None and known.state == LinkState.ASKED:
        row: BridgedGroup | None = known  # what asked for it is gone
    else:
        row = await groups.ask(community.id, address, identity, context.now, **values)
    if row is None:
        return
    application = await applications.apply(
        kind=group_links.NAME,
        community=community.id,
        identity=identity,
        now=context.now,
        subject_id=row.id,
        facts=remembered,
    )
    connecting.asked(row, context.desk)
    await applying.show(application, community, context.directory, context.now)
    said = w._(
        "I have asked the moderators of {community} to connect this group ({number}). You will hear here what they "
        "decide. Until then nothing is passed on.",
        community=community.name,
        number=name_of(application),
    )
    await _answer(event, "\n".join((said, *more)), community, context)


def _platform(account: str, context: Context) -> str:
    adapter = context.directory.adapter(account)
    return account if adapter is None else adapter.kind


# --- /unbridge ---


async def _unbridge(event: MessagePosted, address: Address, identity: Identity, context: Context) -> None:
    known = [row for row in await groups.of_chat(address) if row.state in groups.WANTED]
    rows = [row for row in known if context.communities.get(row.community) is not None]
    found = context.communities.of_group(address)
    if not rows:
        community = None if found is None else found[0]
        w = contact.language_of(identity, community)
        text = (
            w._("This group is not connected. Nothing was done.")
            if found is None
            else w._(
                "This group is named in the config file: whoever runs the bridge must take it out there. "
                "Nothing was done."
            )
        )
        await _answer(event, text, community, context)
        return
    name = clean_name(event.sender.name, fallback=clean_name(event.sender.handle, fallback=event.sender.ref.user))
    for row in rows:
        community = context.communities.get(row.community)
        if community is None:
            continue
        asked_it = row.state == LinkState.ASKED and row.identity_id == identity.id
        if not asked_it and not await _may(event, community, context):
            w = contact.language_of(identity, community)
            text = w._(
                "Only an administrator of this group or a moderator of {community} can do that. Nothing was done.",
                community=community.name,
            )
            await _answer(event, text, community, context)
        elif row.state == LinkState.LINKED:
            await group_links.disconnect(row, community, context.desk, by=identity, name=name)
        else:
            await group_links.withdraw(row, context.desk, by=identity, name=name)
            w = contact.language_of(identity, community)
            text = w._("The moderators of {community} are no longer asked.", community=community.name)
            await _answer(event, text, community, context)


async def _may(event: MessagePosted, community: Community, context: Context) -> bool:
    """An administrator of the group, as the platform says, or a moderator of the community."""
    if context.administers:
        return True
    return await permissions.role_of(community, event.sender, None) is not None


# --- being added and removed ---


async def membership(event: BotMembershipChanged, address: Address, context: Context) -> None:
    """The account was put into a group, or out of it. ``address``: as the config or the table names it."""
    if event.present:
        await _added(event, address, context)
    else:
        await _removed(event, address, context)


async def _added(event: BotMembershipChanged, address: Address, context: Context) -> None:
    """Say once what to write."""
    here = Address(event.account, event.chat)
    everywhere = context.communities.all
    used = context.communities.of_group(address) is not None or bool(context.communities.of_moderators(address))
    if used or not everywhere:
        await presence.came(here)
        return
    if not await presence.greet(here, context.now):
        return
    community = everywhere[0]
    w = words((event.actor.language if event.actor is not None else "") or community.language)
    lines = [
        w._("Hello! I connect groups, so that they can talk with each other; moderators read every post first."),
        w._("To connect this group, write here:"),
        *(f"/bridge {each.id} – {each.name}" for each in everywhere),
        w._("(where your app keeps what begins with a slash: !bridge). Until then I pass nothing on."),
    ]
    if context.directory.visits(event.account):
        lines.append(w._("When nobody asks, I leave again after a day."))
    await contact.say(here, Content(text=plain("\n".join(lines))), community, context.now)


async def _removed(event: BotMembershipChanged, address: Address, context: Context) -> None:
    here = Address(event.account, event.chat)
    await presence.left(here, context.now)
    for row in await groups.of_chat(address):
        if row.state == LinkState.ASKED:
            await group_links.withdraw(row, context.desk, by=None)
