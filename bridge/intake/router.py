"""Which event means what. Every handler runs in the transaction that also marks the event done."""

from dataclasses import replace
from datetime import timedelta

import structlog

from bridge.core.community import Community
from bridge.core.events import (
    BotMembershipChanged,
    ButtonPressed,
    ChatKind,
    ChatMoved,
    ChatRenamed,
    DeliveryReported,
    InboundEvent,
    MessageDeleted,
    MessageEdited,
    MessagePosted,
    Missed,
    OptedOut,
    PollCounted,
    PollVoted,
    Reacted,
    ReactionsCounted,
    ReactionsSet,
    SetAside,
    Unreadable,
)
from bridge.core.hygiene import clean_text
from bridge.core.ids import Address
from bridge.core.message import Content
from bridge.core.text import plain
from bridge.intake import (
    arriving,
    bridging,
    choosing,
    commands,
    confirming,
    conversing,
    deciding,
    echoing,
    editing,
    languages,
    loops,
    moving,
    paging,
    posting,
    reverting,
    stopping,
    unreadable,
    wishes,
)
from bridge.intake.context import Context, PressAnswer
from bridge.members import answers, contact, interview
from bridge.moderation import application_desk, channel, letters, permissions, query
from bridge.moderation import commands as orders
from bridge.moderation.acts import Moderator, Reply
from bridge.moderation.orders import Order
from bridge.rendering.words import words
from bridge.storage import chats, inbox, ledger, memberships, people, persons, submissions
from bridge.storage.models import Delivery, Identity

log = structlog.get_logger()

_AGAIN = timedelta(minutes=1)
_LATELY, _MOST_ANSWERS = timedelta(hours=1), 30
"""More answers by mail than this in an hour no person asks for."""
_MOST_TO_STRANGERS, _MOST_TO_MEMBERS = 4, 12
"""Letters in a day to an address that nobody vouches for: in an open community whoever writes is a member."""
_MOST_PAID = 40
"""Answers in an hour to a telephone: two that answer each other would go on until no money is left, and whoever invents
senders could use up everybody's."""
_ABOUT_A_REVIEW = (ledger.CARD, ledger.PROMPT, ledger.EXHIBIT)
_POSTS = (ledger.POST, ledger.COPY)
_ABOUT_AN_APPLICATION = (ledger.APPLICATION, ledger.PROMPT)


class NotUnderstoodError(ValueError):
    """The platform delivered something that the adapter could not read: it is kept for a person."""


async def handle(event: InboundEvent, context: Context) -> None:
    """Do what an event asks for. Raises NotUnderstoodError for what a person must look at."""
    if isinstance(event, MessagePosted) and event.sender.proof == persons.CLAIMED:
        context = replace(context, claimed=True)
    match event:
        case MessagePosted():
            await _posted(event, context)
        case MessageEdited():
            if await unreadable.was_instruction(event, context):
                return
            await editing.edited(event, context)
            if await submissions.submission_by_source(event.ref) is None:
                await conversing.edited(event, context)
        case MessageDeleted():
            if not await echoing.removed(event.ref, context):
                await reverting.deleted(event, context)
        case ButtonPressed():
            await _pressed(event, context)
        case Reacted():
            await _reacted(event, context)
        case ReactionsSet() | ReactionsCounted() | PollVoted() | PollCounted():
            await echoing.heard(event, context)
        case BotMembershipChanged():
            await moving.membership(event, context)
        case ChatMoved():
            await moving.moved(event, context)
        case ChatRenamed():
            await chats.remember(Address(event.account, event.chat), event.title)
        case SetAside():
            log.info("set_aside", account=event.account, why=event.why)
        case Missed():
            await moving.missed(event, context)
        case DeliveryReported():
            await arriving.reported(event, context)
        case OptedOut():
            await stopping.opted_out(event, context)
        case Unreadable():
            raise NotUnderstoodError(event.reason)


async def _posted(event: MessagePosted, context: Context) -> None:
    if event.sender.bot:
        await _said_by_a_bot(event, context)
        return
    await chats.remember(event.ref.address, event.chat_title)
    if event.chat_kind is ChatKind.PRIVATE:
        if await stopping.by_link(event, context) or await deciding.handle(event, context):
            return
        await _refuse_to_circle(event, context)
        paid = await _paid_answers(event, context)
        if paid >= _MOST_PAID or await _has_heard_enough(event, context):
            with ledger.noted() as ours:
                await _in_private(event, context)
            await ledger.take_back_notices(event.ref.address, ours)
            if paid == _MOST_PAID:
                await _falls_silent(event, context)
            return
        await _in_private(event, context)
        return
    await _in_public(event, context)


async def _has_heard_enough(event: MessagePosted, context: Context) -> bool:
    """Is it an address that anybody may have written under, and did it get letters enough of ours today?"""
    capabilities = context.directory.capabilities(event.ref.address)
    if not context.claimed or capabilities is None or not capabilities.letters:
        return False
    identity = await people.find(event.sender.ref)
    known = identity is not None and await memberships.is_member_anywhere(identity.person_id)
    most = _MOST_TO_MEMBERS if known else _MOST_TO_STRANGERS
    return await ledger.count_notices(event.ref.address, context.now - timedelta(days=1)) >= most


async def _paid_answers(event: MessagePosted, context: Context) -> int:
    """What was said lately where every message is paid for; elsewhere 0."""
    if not paging.is_paid(context.directory.capabilities(event.ref.address)):
        return 0
    return await ledger.count_notices(event.ref.address, context.now - _LATELY)


async def _falls_silent(event: MessagePosted, context: Context) -> None:
    """Said once; STOP and everything else that is written there is honoured all the same."""
    identity = await people.find(event.sender.ref)
    known = context.communities.on_account(event.account)
    if identity is None or identity.stopped_at is not None or not known:
        return
    community = context.communities.get(identity.community) or known[0]
    w = contact.language_of(identity, community)
    said = w._("You had many answers within an hour, and each costs. What you write is still read; answers come later.")
    await contact.say(event.ref.address, Content(text=plain(said)), community, context.now)


async def _in_private(event: MessagePosted, context: Context) -> None:
    paid = paging.is_paid(context.directory.capabilities(event.ref.address))
    if wishes.is_stop(event.text.text, carrier=paid) and not event.files:
        await stopping.stop(event, context)
        return
    identity = await commands.meet_privately(event, context)
    await _private(event, identity, context)
    await letters.deliver_waiting(identity, context.communities, context.directory, context.now)


async def _in_public(event: MessagePosted, context: Context) -> None:
    address = await inbox.origin(event.ref.address)
    if await bridging.handle(event, address, context):
        return
    command = commands.parse_in_group(event)
    if command is not None and await commands.in_group(command, event, context):
        return
    if context.communities.of_moderators(address):
        await _in_channel(event, address, context)
        return
    found = context.communities.of_group(address)
    if found is None:
        return
    if command is not None:
        await commands.not_here(event, found[0], context)
        return
    await posting.in_group(event, found[0], found[1], context)


async def _refuse_to_circle(event: MessagePosted, context: Context) -> None:
    """A mailbox that answers by itself without saying so would be answered, and answer, for ever: a person looks."""
    capabilities = context.directory.capabilities(event.ref.address)
    if capabilities is None or not capabilities.letters:
        return
    if await ledger.count_notices(event.ref.address, context.now - _LATELY) >= _MOST_ANSWERS:
        raise NotUnderstoodError("it was answered too often within an hour: a machine may be writing there")


async def _said_by_a_bot(event: MessagePosted, context: Context) -> None:
    """Bots, ours or others', are not heard, and answering them is how loops begin: but some groups want a bot's posts.

    What it says to a message of ours is not one: it may be another bridge that answers ours. Nor is a post of ours.
    """
    found = context.communities.of_group(await inbox.origin(event.ref.address))
    if found is None or event.chat_kind is ChatKind.PRIVATE or event.sender.ref not in found[0].allowed_bots:
        return
    if event.reply_to is not None and await ledger.answered(event.reply_to, event.at, context.now) is not None:
        return
    await chats.remember(event.ref.address, event.chat_title)
    if await loops.brings_back(event, found[0], context):
        return
    sender = replace(event.sender, bot=False, direct=None)
    await posting.in_group(replace(event, sender=sender, is_command=False), found[0], found[1], context)


async def _in_channel(event: MessagePosted, address: Address, context: Context) -> None:
    moderator = Moderator(sender=event.sender, channel=address)
    if unreadable.is_unread(event):
        await unreadable.among_moderators(event, context.communities.of_moderators(address)[0], context)
        return
    command = commands.parse_in_channel(event)
    row = None if event.reply_to is None else await ledger.answered(event.reply_to, event.at, context.now)
    about_all = command is not None and orders.is_about_no_item(command.name)
    if row is not None and row.review_id is not None and row.kind in _ABOUT_A_REVIEW and not about_all:
        await channel.reply(context.desk, row, clean_text(event.text), moderator, event.ref)
        return
    if row is not None and row.application_id is not None and row.kind in _ABOUT_AN_APPLICATION and not about_all:
        await application_desk.reply(context.desk, row, clean_text(event.text), moderator, event.ref)
        return
    if command is None:
        return
    known = context.communities.of_moderators(address)
    order = Order(
        desk=context.desk,
        communities=known,
        moderator=moderator,
        argument=command.argument,
        said=event.ref,
        reply_to=event.reply_to,
        replied=None if event.reply_to is None else await inbox.sender_of(event.reply_to),
    )
    content = await orders.run(command.name, order)
    if content is None or (await _unasked(content, order, context)):
        return
    await contact.say(event.ref.address, content, known[0], context.now)


async def _unasked(content: Content, order: Order, context: Context) -> bool:
    """Has somebody who may not decide been told that already, a moment ago? They could fill the channel with it."""
    for community in order.communities:
        if await permissions.role_of(community, order.moderator.sender, order.moderator.channel) is not None:
            return False
    return await ledger.said_lately(order.said.address, content, context.now - _AGAIN)


async def _private(event: MessagePosted, identity: Identity, context: Context) -> None:
    command = commands.parse(event)
    known = context.communities.on_account(event.account)
    if not known:
        if command is not None and command.name == "id":
            await commands.in_group(command, event, context)
        return
    if command is not None and command.name == "start" and context.communities.get(command.argument) in known:
        await people.choose_community(identity, command.argument)
    community = await choosing.community_for(identity, known, context, event.community)
    if await bridging.private(event, identity, community or known[0], context):
        return
    if command is not None and command.name == "community" and len(known) > 1:
        await choosing.ask(event, identity, known, context, waits=False)
        return
    if command is not None and command.is_word and await _answers_a_question(event, command, identity, known, context):
        command = None
    if (confirmed := await confirming.given(event, identity, context)) is not None:
        name, argument = confirmed
        order = commands.Command(name=name, argument=argument)
        await commands.run(order, event, identity, community or known[0], replace(context, claimed=False))
        return
    if await confirming.is_spent(event, community or known[0], identity, context):
        return
    if command is not None and (event.text.text.startswith(("/", "!")) or not _answers_something(event)):
        place = community or known[0]
        if not await confirming.asks(command.name, command.argument, event, identity, place, context):
            await commands.run(command, event, identity, place, context)
        return
    if await conversing.continues(event, identity, context):
        return
    if community is None:
        if not await choosing.answered(event, identity, known, context):
            await choosing.ask(event, identity, known, context)
        return
    if (wish := _meant_by_telephone(event, context)) is not None:
        await commands.run(wish, event, identity, community, context)
        return
    await posting.submit(event, community, context, intake="private")


def _meant_by_telephone(event: MessagePosted, context: Context) -> commands.Command | None:
    """What somebody without buttons may want who writes "SWAHILI", or "1" or "ok" to nothing that we asked."""
    text = event.text.text
    alone = not event.files and not event.uncarried and event.reply_to is None
    if not alone or not paging.is_paid(context.directory.capabilities(event.ref.address)):
        return None
    if language := languages.alone(text):
        return commands.Command(name=languages.KIND, argument=language)
    return commands.Command(name="help") if text.strip() and answers.is_no_more_than_an_answer(text) else None


async def _answers_a_question(
    event: MessagePosted, command: commands.Command, identity: Identity, known: tuple[Community, ...], context: Context
) -> bool:
    """Is a word such as "daily" what somebody was asked for, or is "join us" said to people?"""
    if command.name == "join":
        return not wishes.is_meant(command.argument, known)
    if await query.awaited(identity, event.text, context.desk) is not None:
        return True
    asked = await people.newest_open(identity)
    return asked is not None and asked.kind == interview.KIND and command.name in ("away", "back")


def _answers_something(event: MessagePosted) -> bool:
    return event.reply_to is not None


async def _pressed(event: ButtonPressed, context: Context) -> None:
    handle_row = await submissions.handle_by_token(event.handle)
    if handle_row is None:
        reply = Reply(text=words(event.sender.language)._("This button no longer does anything."), alert=True)
    elif handle_row.subject == "review":
        where = await inbox.origin(Address(event.account, event.chat))
        moderator = Moderator(sender=event.sender, channel=where)
        reply = await channel.press(context.desk, handle_row, moderator, event.ref)
    elif handle_row.subject == "application":
        where = await inbox.origin(Address(event.account, event.chat))
        reply = await application_desk.press(context.desk, handle_row, Moderator(sender=event.sender, channel=where))
    else:
        reply = await conversing.pressed(handle_row, event.sender, Address(event.account, event.chat), context)
    context.answers.append(PressAnswer(account=event.account, press=event.press, text=reply.text, alert=reply.alert))


async def _reacted(event: Reacted, context: Context) -> None:
    if event.sender.bot:
        return
    row = await ledger.answered(event.ref, event.at, context.now)
    if row is None:
        return
    where = await inbox.origin(event.ref.address)
    of_application = row.application_id is not None and row.kind in _ABOUT_AN_APPLICATION
    if of_application or row.kind in _ABOUT_A_REVIEW:
        moderator = Moderator(sender=event.sender, channel=where)
        react = application_desk.react if of_application else channel.react
        reply = await react(context.desk, row, event.emoji, moderator)
        community = context.communities.get(row.community)
        if reply is not None and reply.alert and community is not None:
            await channel.tell_channel(context.desk, event.ref, reply.text, community)
        return
    if row.kind in _POSTS and await channel.token_for(row, event.emoji) is None:
        await echoing.reacted(event, row, context)
        return
    await _personal_reaction(event, row, context)


async def _personal_reaction(event: Reacted, row: Delivery, context: Context) -> None:
    token = await channel.token_for(row, event.emoji)
    handle_row = None if token is None else await submissions.handle_by_token(token)
    if handle_row is None or handle_row.subject in ("review", "application"):
        return
    where = event.ref.address
    reply = await conversing.pressed(handle_row, event.sender, where, context)
    if reply.alert:
        community = context.communities.get(row.community)
        await contact.say(where, Content(text=plain(reply.text)), community, context.now)
