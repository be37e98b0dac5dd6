"""What a member says or presses in answer to something we asked: a moderators' question, the profile questions."""

from bridge.core.events import MessageEdited, MessagePosted, Sender
from bridge.core.hygiene import clean_text
from bridge.core.ids import Address
from bridge.core.message import Uncarried
from bridge.core.states import ConversationState
from bridge.core.text import EMPTY, RichText, plain
from bridge.intake import choosing, joining, languages, posting, profiling, rights, settings
from bridge.intake.context import Context
from bridge.members import contact, interview, reach
from bridge.members.reach import Letter
from bridge.moderation import appeals, query, restoring
from bridge.moderation.acts import Reply
from bridge.rendering.words import words
from bridge.storage import inbox, ledger, people, submissions
from bridge.storage.models import Conversation, Delivery, Handle, Identity


async def continues(event: MessagePosted, identity: Identity, context: Context) -> bool:
    """Is this an answer to something we asked? Then it is taken as one.

    Who replies to a question answers that one; else what was asked last counts. Of several files sent together each
    must be a reply: what follows an answer is a post.
    """
    if await languages.answered(event, identity, context):
        await joining.again(identity, event.ref.address, context)
        return True
    if await joining.answered(event, identity, context) or await settings.answered(event, identity, context):
        return True
    text, uncarried = posting.tidy(event, context)
    replied = None if event.reply_to is None else await ledger.answered(event.reply_to, event.at, context.now)
    if replied is not None and (asked := await query.replied_to(replied, identity)) is not None:
        await query.hear(asked, identity, text, context.attachments, uncarried, context.desk)
        return True
    if context.attachments:
        return not event.album and await _answered_with_a_file(identity, text, uncarried, context)
    awaited = await query.awaited(identity, text, context.desk)
    conversation = await interview.waiting(identity) if text else None
    rests = conversation is not None and await _rests(conversation, identity, text, replied, context)
    if (
        conversation is not None
        and not rests
        and (awaited is None or conversation.updated_at >= awaited[2])
        and await _interviewed(event, conversation, identity, text, context)
    ):
        return True
    if awaited is not None:
        await query.hear(awaited[0], identity, awaited[1], (), uncarried, context.desk)
        return True
    if conversation is not None and rests:
        community = context.communities.get(conversation.community)
        content = await interview.put_aside(conversation, identity, community, context.now)
        await contact.say(event.ref.address, content, community, context.now)
    return False


async def _answered_with_a_file(
    identity: Identity, text: RichText, uncarried: tuple[Uncarried, ...], context: Context
) -> bool:
    """ "Please send a photo of the box": the next message is the answer, also where it is a file."""
    awaited = await query.awaited(identity, text, context.desk)
    if awaited is None:
        return False
    await query.hear(awaited[0], identity, awaited[1], context.attachments, uncarried, context.desk)
    return True


async def edited(event: MessageEdited, context: Context) -> None:
    """A member has edited a private message that is no post: their answer is what it says now."""
    identity = await people.find(event.sender.ref)
    if identity is None or identity.direct != event.ref.address:
        return
    text, _ = posting.tidy(event, context)
    for before in await inbox.texts_of(event.ref):
        if await query.amended(identity, clean_text(before), text, context.desk):
            return


async def _rests(
    conversation: Conversation, identity: Identity, text: RichText, replied: Delivery | None, context: Context
) -> bool:
    """Has the last profile question been open for so long that this is rather something new?"""
    community = context.communities.get(conversation.community)
    if not interview.is_stale(conversation, text, contact.language_of(identity, community), context.now):
        return False
    return replied is None or not await interview.is_asked_in(replied, conversation)


async def _interviewed(
    event: MessagePosted, conversation: Conversation, identity: Identity, text: RichText, context: Context
) -> bool:
    community = context.communities.get(conversation.community)
    if community is None:
        return False
    return await profiling.answer(conversation, identity, text, event.ref.address, community, context)


async def pressed(handle: Handle, sender: Sender, where: Address, context: Context) -> Reply:
    """A button of a member's own: only the person it was made for may press it."""
    identity = await people.find(sender.ref)
    nothing = Reply(text=words(sender.language)._("This button no longer does anything."), alert=True)
    if identity is None:
        return nothing
    match handle.subject:
        case "submission":
            return await _own_post(handle, identity, context) or nothing
        case "query":
            return await query.press(handle, identity, context.desk)
        case "conversation":
            return await _dialogue(handle, identity, where, context) or nothing
        case _:
            return nothing


async def _own_post(handle: Handle, identity: Identity, context: Context) -> Reply | None:
    """Take it back, ask for a second look, bring it back."""
    review = await submissions.review_of_submission(handle.subject_id)
    community = None if review is None else context.communities.get(review.community)
    w = contact.language_of(identity, community)
    if review is None or community is None or review.submission.identity.person_id != identity.person_id:
        return Reply(text=w._("Only the author can do that."), alert=True)
    match handle.action:
        case "withdraw":
            return Reply(text=await posting.withdraw(handle.subject_id, context))
        case "appeal":
            letter = await appeals.appeal(review, EMPTY, community, identity, context.desk, w)
        case "restore":
            letter = Letter(text=plain(await restoring.restore(review, community, identity, context.desk, w)))
        case _:
            return None
    latest = await submissions.review_of_submission(handle.subject_id) or review
    await reach.write(identity, letter, community, context.directory, context.now, review_id=latest.id)
    return Reply(text="")


async def _dialogue(handle: Handle, identity: Identity, where: Address, context: Context) -> Reply | None:
    """A button of the profile questions, or of the choice of a community or language."""
    conversation = await people.conversation_by_id(handle.subject_id)
    if conversation is None or conversation.identity_id != identity.id:
        return None
    if conversation.kind == choosing.KIND:
        await choosing.chosen(conversation, identity, handle.argument, where, context)
        return Reply(text="")
    if conversation.kind == rights.KIND:
        return await rights.pressed(conversation, identity, handle.action, context)
    if conversation.kind == languages.KIND:
        await languages.pressed(conversation, identity, handle.argument, where, context)
        await joining.again(identity, where, context)
        return Reply(text="")
    if conversation.kind == joining.KIND:
        done = await joining.pressed(conversation, identity, handle.action, handle.argument, where, context)
        return Reply(text="") if done else None
    if conversation.kind == settings.KIND:
        done = await settings.pressed(conversation, identity, handle.argument, where, context)
        return Reply(text="") if done else None
    community = context.communities.get(conversation.community)
    if community is None:
        return None
    if conversation.state == ConversationState.OPEN and handle.argument != conversation.step:
        w = contact.language_of(identity, community)
        return Reply(text=w._("That question is answered already. The newest one is below."), alert=True)
    done = await profiling.act(conversation, handle.action, identity, where, community, context)
    return Reply(text="") if done else None
