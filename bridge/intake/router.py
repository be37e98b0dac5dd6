"""Which event means what. Every handler runs in the transaction that also marks the event done."""

from bridge.core.events import (
    BotMembershipChanged,
    ButtonPressed,
    ChatKind,
    ChatMoved,
    InboundEvent,
    MessageDeleted,
    MessageEdited,
    MessagePosted,
    Reacted,
    Sender,
    Unreadable,
)
from bridge.core.hygiene import clean_text
from bridge.core.ids import Address
from bridge.core.message import Content
from bridge.core.states import ConversationState
from bridge.core.text import plain
from bridge.intake import choosing, commands, posting
from bridge.intake.context import Context, PressAnswer
from bridge.members import contact, interview
from bridge.moderation import cards, channel, query
from bridge.moderation import commands as orders
from bridge.moderation.acts import Moderator, Reply
from bridge.moderation.orders import Order
from bridge.rendering.words import words
from bridge.storage import chats, inbox, ledger, people, submissions
from bridge.storage.models import Conversation, Delivery, Handle, Identity

_ABOUT_A_REVIEW = (ledger.CARD, ledger.PROMPT, ledger.EXHIBIT)


class NotUnderstoodError(ValueError):
    """The platform delivered something that the adapter could not read: it is kept for a person."""


async def handle(event: InboundEvent, context: Context) -> None:
    """Do what an event asks for. Raises NotUnderstoodError for what a person must look at."""
    match event:
        case MessagePosted():
            await _posted(event, context)
        case MessageEdited():
            await posting.edited(event, context)
        case MessageDeleted():
            await posting.deleted(event, context)
        case ButtonPressed():
            await _pressed(event, context)
        case Reacted():
            await _reacted(event, context)
        case BotMembershipChanged():
            await _membership(event, context)
        case ChatMoved():
            await inbox.move_chat(event)
        case Unreadable():
            raise NotUnderstoodError(event.reason)


async def _posted(event: MessagePosted, context: Context) -> None:
    if event.sender.bot:
        return  # bots, ours or others': answering them is how loops begin
    await chats.remember(event.ref.address, event.chat_title)
    if event.chat_kind is ChatKind.PRIVATE:
        await _private(event, context)
        return
    address = await inbox.origin(event.ref.address)
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


async def _in_channel(event: MessagePosted, address: Address, context: Context) -> None:
    moderator = Moderator(sender=event.sender, channel=address)
    command = commands.parse(event) if event.text.text.startswith("/") else None
    if command is not None and event.reply_to is None:
        known = context.communities.of_moderators(address)
        order = Order(
            desk=context.desk, communities=known, moderator=moderator, argument=command.argument, said=event.ref
        )
        content = await orders.run(command.name, order)
        if content is not None:
            await contact.say(event.ref.address, content, known[0], context.now)
        return
    if event.reply_to is None:
        return
    row = await ledger.answered(event.reply_to, event.at, context.now)
    if row is None or row.review_id is None or row.kind not in _ABOUT_A_REVIEW:
        return
    await channel.reply(context.desk, row, clean_text(event.text), moderator, event.ref)


async def _private(event: MessagePosted, context: Context) -> None:
    identity = await commands.meet_privately(event, context)
    command = commands.parse(event)
    known = context.communities.on_account(event.account)
    if not known:
        if command is not None and command.name == "id":
            await commands.in_group(command, event, context)
        return
    if command is not None and command.name == "start" and context.communities.get(command.argument) in known:
        await people.choose_community(identity, command.argument)
    community = await choosing.community_for(identity, known, context)
    if command is not None and command.name == "community" and len(known) > 1:
        await choosing.ask(event, identity, known, context, waits=False)
        return
    if command is not None and (event.text.text.startswith("/") or not _answers_something(event)):
        await commands.run(command, event, identity, community or known[0], context)
        return
    if await _continues(event, identity, context):
        return
    if community is None:
        if not await choosing.answered(event, identity, known, context):
            await choosing.ask(event, identity, known, context)
        return
    await posting.submit(event, community, context, intake="private")


def _answers_something(event: MessagePosted) -> bool:
    return event.reply_to is not None


async def _continues(event: MessagePosted, identity: Identity, context: Context) -> bool:
    """Is this an answer to something we asked: a profile question, a moderator's query?

    Who replies to a query answers that one; else what was asked last counts. A file is an answer only as a reply.
    """
    has_files = bool(context.attachments)
    text, uncarried = posting.tidy(event, context)
    replied = None if event.reply_to is None else await ledger.answered(event.reply_to, event.at, context.now)
    about = None if replied is None or replied.review_id is None else replied.review_id
    if about is not None and (asked := await submissions.query_about(identity, about)) is not None:
        await query.answer(asked, text, context.attachments, uncarried, context.desk)
        return True
    if has_files:
        return False
    asked = await submissions.open_query(identity)
    conversation = await interview.waiting(identity)
    if asked is not None and (conversation is None or conversation.updated_at < asked.asked_at):
        await query.answer(asked, text, (), uncarried, context.desk)
        return True
    if conversation is None or not event.text:
        return False
    community = context.communities.get(conversation.community)
    if community is None:
        return False
    content = await interview.answer(conversation, identity, community, text, context.now)
    if content is None:
        return False
    await contact.say(event.ref.address, content, community, context.now)
    await _show_new_profile(conversation, identity, context)
    return True


async def _show_new_profile(conversation: Conversation, identity: Identity, context: Context) -> None:
    """Moderators decide on what readers will see: the cards of posts that still wait show a profile just given."""
    if conversation.state == ConversationState.DONE:
        await cards.refresh_held(identity, context.now)


async def _pressed(event: ButtonPressed, context: Context) -> None:
    handle_row = await submissions.handle_by_token(event.handle)
    if handle_row is None:
        reply = Reply(text=words(event.sender.language)._("This button no longer does anything."), alert=True)
    elif handle_row.subject == "review":
        where = await inbox.origin(Address(event.account, event.chat))
        moderator = Moderator(sender=event.sender, channel=where)
        reply = await channel.press(context.desk, handle_row, moderator, event.ref)
    else:
        reply = await _personal(handle_row, event.sender, Address(event.account, event.chat), context)
    context.answers.append(PressAnswer(account=event.account, press=event.press, text=reply.text, alert=reply.alert))


async def _personal(handle_row: Handle, sender: Sender, where: Address, context: Context) -> Reply:
    """A button of a member's own: only the person it was made for may press it."""
    identity = await people.find(sender.ref)
    w = words(sender.language)
    nothing = Reply(text=w._("This button no longer does anything."), alert=True)
    if identity is None:
        return nothing
    if handle_row.subject == "submission":
        review = await submissions.review_of_submission(handle_row.subject_id)
        if review is None or review.submission.identity.person_id != identity.person_id:
            return Reply(text=w._("Only the author can do that."), alert=True)
        return Reply(text=await posting.withdraw(handle_row.subject_id, context))
    conversation = await people.conversation_by_id(handle_row.subject_id)
    if conversation is None or conversation.identity_id != identity.id:
        return nothing
    if conversation.kind == choosing.KIND:
        await choosing.chosen(conversation, identity, handle_row.argument, where, context)
        return Reply(text="")
    community = context.communities.get(conversation.community)
    if community is None:
        return nothing
    if conversation.state == ConversationState.OPEN and handle_row.argument != conversation.step:
        return Reply(text=w._("That question is answered already. The newest one is below."), alert=True)
    content = await interview.act(conversation, identity, community, handle_row.action, context.now)
    if content is None:
        return nothing
    await contact.say(where, content, community, context.now)
    await _show_new_profile(conversation, identity, context)
    return Reply(text="")


async def _reacted(event: Reacted, context: Context) -> None:
    if event.sender.bot:
        return
    row = await ledger.answered(event.ref, event.at, context.now)
    if row is None:
        return
    where = await inbox.origin(event.ref.address)
    if row.kind in _ABOUT_A_REVIEW:
        moderator = Moderator(sender=event.sender, channel=where)
        reply = await channel.react(context.desk, row, event.emoji, moderator)
        community = context.communities.get(row.community)
        if reply is not None and reply.alert and community is not None:
            await channel.tell_channel(context.desk, event.ref, reply.text, community)
        return
    await _personal_reaction(event, row, context)


async def _personal_reaction(event: Reacted, row: Delivery, context: Context) -> None:
    token = await channel.token_for(row, event.emoji)
    handle_row = None if token is None else await submissions.handle_by_token(token)
    if handle_row is None or handle_row.subject == "review":
        return
    where = event.ref.address
    reply = await _personal(handle_row, event.sender, where, context)
    if reply.alert:
        community = context.communities.get(row.community)
        await contact.say(where, Content(text=plain(reply.text)), community, context.now)


async def _membership(event: BotMembershipChanged, context: Context) -> None:
    address = Address(event.account, event.chat)
    await chats.remember(address, event.chat_title)
    if event.present:
        return
    await people.close_direct(event.account, event.chat)
    found = context.communities.of_group(await inbox.origin(address))
    if found is None:
        return
    community = found[0]
    w = words(community.language)
    text = w._("⚠️ The bot was removed from {chat}. Posts cannot go there.", chat=await chats.title(address))
    for moderators in community.moderators:
        await contact.say(await inbox.resolve(moderators), Content(text=plain(text)), community, context.now)
