"""Which community a private message is meant for, where an account serves several: asked once, the message is kept."""

from collections.abc import Sequence
from dataclasses import replace

from bridge.core.community import Community
from bridge.core.events import MessageDeleted, MessageEdited, MessagePosted
from bridge.core.ids import Address
from bridge.core.message import Button, Content
from bridge.core.states import ConversationState, ConversationStep
from bridge.core.text import plain
from bridge.intake.context import Context
from bridge.members import contact
from bridge.storage import inbox, people, submissions
from bridge.storage.models import Conversation, Identity

KIND = "community"
_EMOJI = ("1️⃣", "2️⃣", "3️⃣", "4️⃣", "5️⃣", "6️⃣", "7️⃣", "8️⃣", "9️⃣")


async def community_for(
    identity: Identity, known: Sequence[Community], context: Context, addressed: str = ""
) -> Community | None:
    """The one addressed, the only one there is, or the one this person chose; None where they must be asked."""
    to = context.communities.get(addressed) if addressed else None
    if to is not None and to in known:
        return to
    if len(known) == 1:
        return known[0]
    chosen = context.communities.get(identity.community)
    return chosen if chosen in known else None


async def ask(
    event: MessagePosted, identity: Identity, known: Sequence[Community], context: Context, *, waits: bool = True
) -> None:
    """Offer the communities as buttons and numbers; ``waits``: this message is kept until there is an answer."""
    conversation = await people.conversation(identity, KIND)
    asked = conversation is not None and conversation.state == ConversationState.OPEN
    waiting = people.events_of(conversation) if asked else []
    waiting += [context.event_id] if waits else []
    answers = {people.EVENTS: " ".join(map(str, waiting))}
    if conversation is None:
        conversation = await people.open_conversation(
            identity, KIND, community="", step="choose", answers=answers, now=context.now
        )
    else:
        transition = None if asked else ConversationStep.RESUME
        await people.advance(conversation, context.now, transition=transition, answers=answers)
    w = contact.language_of(identity, None)
    lines = [
        w._("Which community do you want to write to? Your message is kept.")
        if waiting
        else w._("Which community do you want to write to?")
    ]
    buttons: list[tuple[Button, ...]] = []
    for number, community in enumerate(known[: len(_EMOJI)], 1):
        lines.append(f"{number}. {community.name}")
        token = await submissions.handle(
            "conversation", conversation.id, "community", context.now, argument=community.id
        )
        buttons.append((Button(label=community.name, emoji=_EMOJI[number - 1], handle=token),))
    content = Content(text=plain("\n".join(lines)), buttons=tuple(buttons))
    await contact.say(event.ref.address, content, None, context.now)


async def answered(event: MessagePosted, identity: Identity, known: Sequence[Community], context: Context) -> bool:
    """Is this the number or name of a community, in answer to the question?"""
    conversation = await people.conversation(identity, KIND)
    if conversation is None or conversation.state != ConversationState.OPEN:
        return False
    said = event.text.text.strip().casefold()
    for number, community in enumerate(known, 1):
        if said in (str(number), community.id, community.name.casefold()):
            await chosen(conversation, identity, community.id, event.ref.address, context)
            return True
    return False


async def chosen(
    conversation: Conversation, identity: Identity, community_id: str, where: Address, context: Context
) -> None:
    """Remember the choice, and handle the messages that waited for it, in their order."""
    community = context.communities.get(community_id)
    if community is None or not await people.advance(
        conversation, context.now, transition=ConversationStep.FINISH, community=community_id
    ):
        return
    await people.choose_community(identity, community_id)
    w = contact.language_of(identity, community)
    note = w._("Your messages go to {community} from now on. /community changes it.", community=community.name)
    await contact.say(where, Content(text=plain(note)), community, context.now)
    for event_id in people.events_of(conversation):
        await inbox.again(event_id, context.now)


async def _waiting(event: MessageEdited | MessageDeleted) -> tuple[Conversation | None, int, MessagePosted | None]:
    """The message that this is about, where it still waits for the choice of its sender: its row and what it says."""
    identity = None if event.sender is None else await people.find(event.sender.ref)
    conversation = None if identity is None else await people.conversation(identity, KIND)
    if identity is None or conversation is None or conversation.state != ConversationState.OPEN:
        return None, 0, None
    for event_id in people.events_of(conversation):
        posted = await inbox.event_of(event_id)
        if isinstance(posted, MessagePosted) and posted.ref == event.ref and posted.sender.ref == identity.ref:
            return conversation, event_id, posted
    return None, 0, None


async def edited(event: MessageEdited, context: Context) -> None:
    """What waits for the choice of a community says something else now."""
    _, event_id, posted = await _waiting(event)
    if posted is not None:
        files = event.files or posted.files
        uncarried = event.uncarried or posted.uncarried
        await inbox.reword(event_id, replace(posted, text=event.text, files=files, uncarried=uncarried))


async def deleted(event: MessageDeleted, context: Context) -> None:
    """What waited for the choice of a community is taken back."""
    conversation, event_id, _ = await _waiting(event)
    if conversation is not None:
        left = [each for each in people.events_of(conversation) if each != event_id]
        await people.advance(conversation, context.now, answers={people.EVENTS: " ".join(map(str, left))})
        await inbox.forget(event_id)
