"""Encrypted messages whose key came late or never, where they are no posts: instructions are not carried out late.

Meanwhile its author will have said it again, another may have decided, and a reply may be about another wording.
"""

from bridge.core.community import Community
from bridge.core.events import ChatKind, MessageEdited, MessagePosted
from bridge.core.message import UncarriedKind
from bridge.intake import commands, posting
from bridge.intake.context import Context
from bridge.members import contact
from bridge.moderation import channel
from bridge.rendering.words import words
from bridge.storage import codec, submissions


def is_unread(event: MessagePosted) -> bool:
    """Could nothing of the message be read, for want of its key?"""
    return any(item.kind is UncarriedKind.ENCRYPTED for item in event.uncarried)


async def among_moderators(event: MessagePosted, community: Community, context: Context) -> None:
    """It may have been an instruction or talk: its author knows which, and must know that nothing was done."""
    w = words(community.language)
    told = w._(
        "This message is encrypted, and its key has not come: it could not be read. "
        "If it was meant for the bridge, nothing was done: please write it again."
    )
    await channel.tell_channel(context.desk, event.ref, told, community)


async def was_instruction(event: MessageEdited, context: Context) -> bool:
    """Is this a held message that is readable only now, and turns out to be a command? Then it is no post."""
    submission = await submissions.submission_by_source(event.ref)
    if submission is None or submission.identity.ref != event.sender.ref:
        return False
    source = next(source for source in await submissions.sources(submission.id) if source.ref == event.ref)
    before = codec.load(codec.UNCARRIED, source.uncarried)
    if not any(item.kind is UncarriedKind.ENCRYPTED for item in before) or not _is_command(event):
        return False
    review = await submissions.review_of_submission(submission.id)
    community = None if review is None else context.communities.get(review.community)
    if community is None:
        return False
    note = contact.language_of(submission.identity, community)._(
        "Your message #{number} could be read only now. It is an instruction, and those are not carried out so late: "
        "please send it again if you still want it.",
        number=submission.number,
    )
    await posting.answer(event.ref, submission.identity, community, context, note)
    await posting.withdraw(submission.id, context)
    return True


def _is_command(event: MessageEdited) -> bool:
    common = {name: getattr(event, name) for name in ("account", "chat", "key", "at", "ref", "sender", "chat_kind")}
    said = MessagePosted(**common, text=event.text)
    parse = commands.parse if event.chat_kind is ChatKind.PRIVATE else commands.parse_in_group
    return parse(said) is not None
