"""Groups that move, that the account is put into or out of, and of which something was missed: what is said of it."""

from collections.abc import Iterable

from bridge.core.community import Community
from bridge.core.events import BotMembershipChanged, ChatMoved, Missed
from bridge.core.ids import Address
from bridge.intake import bridging
from bridge.intake.context import Context
from bridge.moderation import applying, cards
from bridge.moderation.announcing import announce
from bridge.rendering.words import Words, words
from bridge.storage import applications, chats, inbox, people, presence, submissions

_MOST_CARDS = 200
"""Shown anew at once; /queue shows the others."""
_MOST_NAMES = 20


def _concerned(address: Address, context: Context) -> tuple[Community, ...]:
    """Whose group or moderators' channel a chat is. ``address``: as the config or the table names it."""
    found = context.communities.of_group(address)
    return (*(() if found is None else (found[0],)), *context.communities.of_moderators(address))


# --- moving ---------------------------------------------------------------------------------------------------------


async def moved(event: ChatMoved, context: Context) -> None:
    """Go along, and say what must be done by hand."""
    old = Address(event.account, event.chat)
    known = await inbox.origin(old)
    concerned, title = _concerned(known, context), await chats.title(old)
    if event.followed:
        if await inbox.resolve(old) == Address(event.account, event.new_chat):
            return  # told twice, by both sides
        await inbox.move_chat(event)
        if title != str(old):
            await chats.remember(Address(event.account, event.new_chat), title)
        await _show_cards_again(event, context)
    for community in concerned:
        w = words(community.language)
        if event.followed:
            text = w._(
                "⚠️ {chat} has moved to another place ({address}). Posts go there from now on. Please see that the bot "
                "has its rights there, too: it must be able to write and, where posts are held, to remove messages.",
                chat=title,
                address=str(Address(event.account, event.new_chat)),
            )
        else:
            text = w._(
                "⚠️ {chat} was replaced by another room, and the bot cannot come in: posts do not reach it. Please "
                "invite the bot there ({address}); it goes on by itself then.",
                chat=title,
                address=str(Address(event.account, event.new_chat)),
            )
        await announce(community, text, context.now, silent=event.followed)


async def _show_cards_again(event: ChatMoved, context: Context) -> None:
    """The cards of a moderators' group that has moved stay behind: what waits is shown anew where it is now."""
    here = Address(event.account, event.new_chat)
    for community in context.communities.of_moderators(await inbox.origin(here)):
        for review in await submissions.held(community.id, limit=_MOST_CARDS):
            await cards.plan_missing(review, community, here, context.directory, context.now)
        for application in await applications.open_in(community.id, limit=_MOST_CARDS):
            await applying.show_missing(application, here, context.directory, context.now)


# --- being put in and out -------------------------------------------------------------------------------------------


async def membership(event: BotMembershipChanged, context: Context) -> None:
    """The account was put into a chat, or out of it."""
    here = Address(event.account, event.chat)
    address = await inbox.origin(here)
    await chats.remember(here, event.chat_title)
    was_gone = await presence.gone_since(here) is not None
    await bridging.membership(event, address, context)
    if not event.present:
        await people.close_direct(event.account, event.chat)
        if await inbox.resolve(address) != here:
            return  # out of the room that it was: what counts is the one it is now
    elif not was_gone:
        return
    for community in _concerned(address, context):
        w = words(community.language)
        title = await chats.title(here)
        if event.present:
            text = w._(
                "The bot is in {chat} again, and new posts go there. What did not arrive meanwhile says so on its "
                "card: reply {word} to it.",
                chat=title,
                word=w._("retry"),
            )
        else:
            text = w._("⚠️ The bot was removed from {chat}. Posts cannot go there.", chat=title)
        await announce(community, text, context.now, besides=None if event.present else here, silent=False)


# --- what was missed ------------------------------------------------------------------------------------------------


async def missed(event: Missed, context: Context) -> None:
    """Tell the moderators of everybody concerned, once, what nobody will ever be told by itself."""
    here = Address(event.account, event.chat) if event.chat else None
    address = None if here is None else await inbox.origin(here)
    for community in context.communities.all if address is None else _concerned(address, context):
        places = (group.chat for group in community.groups)
        chosen = [chat for chat in places if chat.account == event.account] if address is None else [address]
        if not chosen and not any(chat.account == event.account for chat in community.moderators):
            continue
        w = words(community.language)
        await announce(community, await _missing(event, chosen, community, w), context.now, silent=False)


async def _missing(event: Missed, chosen: Iterable[Address], community: Community, w: Words) -> str:
    names = [await chats.title(await inbox.resolve(chat)) for chat in chosen]
    if len(names) > _MOST_NAMES:
        names = [*names[:_MOST_NAMES], "…"]
    where = ", ".join(names) or event.account
    zone = community.policy.zone
    until = f"{event.until.astimezone(zone):%d.%m.%Y %H:%M}"
    if event.since is None:
        lost = w._("⚠️ What was written before {until} may not have reached the bot: {chats}.", until=until, chats=where)
    else:
        since = f"{event.since.astimezone(zone):%d.%m.%Y %H:%M}"
        lost = w._(
            "⚠️ What was written between {since} and {until} may not have reached the bot: {chats}.",
            since=since,
            until=until,
            chats=where,
        )
    if event.too_many:
        why = w._("More was written while the bot was away than it reads at once.")
    else:
        why = w._("The bot was away for longer than the platform keeps messages for it, or may not read them any more.")
    what = w._("Nobody there was told. Please look there, and ask for what matters to be sent again.")
    return "\n".join((lost, why, what))
