"""The dialogue of joining: short, left and taken up again, by buttons, reactions, numbers and words."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from enum import StrEnum

from bridge.core.capabilities import ButtonStyle, Capabilities, Form
from bridge.core.community import Community
from bridge.core.events import MessagePosted
from bridge.core.hygiene import clean_line
from bridge.core.ids import Address
from bridge.core.membership import Joining, Reading
from bridge.core.message import Button, Content
from bridge.core.states import ConversationState, ConversationStep, MembershipState
from bridge.core.text import RichText, plain
from bridge.intake import admission, choosing, languages, profiling, wishes
from bridge.intake.context import Context
from bridge.members import answers as spoken
from bridge.members import contact, interview, membership, preferences, reach
from bridge.members.reach import Letter
from bridge.moderation import applying, cards, query
from bridge.moderation import joining as desk
from bridge.rendering.words import Words
from bridge.storage import applications, invitations, ledger, memberships, people, submissions
from bridge.storage.models import Conversation, Identity
from bridge.storage.models_members import Membership

KIND = "join"


class Step(StrEnum):
    """What is asked."""

    ASK = "ask"
    NOTE = "note"
    """Who they are, for the moderators."""
    CODE = "code"
    READING = "reading"


READINGS = (
    Reading.GROUPS,
    Reading.IMMEDIATE,
    Reading.DAILY,
    Reading.WEEKLY,
    Reading.MONTHLY,
    Reading.NONE,
)
"""As they are numbered wherever they are offered."""
NUMBERS = ("1️⃣", "2️⃣", "3️⃣", "4️⃣", "5️⃣", "6️⃣", "7️⃣", "8️⃣", "9️⃣")
_WAITS = timedelta(hours=1)
"""A number, or any words where words are asked for, answers for so long."""
_NOTE = 600
"""Characters of what somebody says of themselves."""


_Maker = Callable[..., Awaitable[tuple[Button, ...]]]


# --- beginning ---


async def start(identity: Identity, where: Address, community: Community, context: Context) -> None:
    """After the welcome of ``/start``: offer to join to who is no member yet, or go on where they left."""
    row = await membership.standing(identity, community, context.now)
    if row is not None and row.state in (MembershipState.MEMBER, MembershipState.BANNED):
        return
    if row is not None and await applications.open_of("join", community.id, identity.person_id):
        w = contact.language_of(identity, community)
        await _say(w._("Your wish to join is with the moderators. You will hear here."), where, community, context)
        return
    conversation = await _open(identity, community, Step.ASK, context, keep=True)
    await _prompt(conversation, identity, where, community, context)


async def join(
    event: MessagePosted, argument: str, identity: Identity, known: tuple[Community, ...], context: Context
) -> None:
    """``/join``, ``/join hifa``, ``JOIN 7K3M-9Q2X``."""
    where = event.ref.address
    named = wishes.names(argument, known)
    if named is None and argument:
        await redeem(argument, identity, where, known, context)
        return
    community = named or await choosing.community_for(identity, known, context)
    if community is None:
        await choosing.ask(event, identity, known, context)
        return
    if named is not None:
        await people.choose_community(identity, named.id)
    await _enter(event, identity, where, community, context)


async def _enter(
    event: MessagePosted | None, identity: Identity, where: Address, community: Community, context: Context
) -> None:
    """Somebody has said that they want to join."""
    w = contact.language_of(identity, community)
    row = await membership.standing(identity, community, context.now)
    if row is not None and row.state == MembershipState.BANNED:
        if event is not None:
            await admission.refuse_banned(event, row, identity, community, context)
        return
    if row is not None and row.state == MembershipState.MEMBER:
        await _finish(identity, context)
        text = w._("You are a member of {community}. /settings is how you read it.", community=community.name)
        await _say(text, where, community, context)
        return
    if row is not None and await applications.open_of("join", community.id, identity.person_id):
        await _finish(identity, context)
        await _say(w._("Your wish to join is with the moderators. You will hear here."), where, community, context)
        return
    match community.members.joining:
        case Joining.OPEN:
            await _admit(identity, where, community, context, via=membership.JOIN)
        case Joining.APPROVAL:
            conversation = await _open(identity, community, Step.NOTE, context)
            await _prompt(conversation, identity, where, community, context)
        case Joining.INVITATION:
            conversation = await _open(identity, community, Step.CODE, context)
            await _prompt(conversation, identity, where, community, context)


async def redeem(said: str, identity: Identity, where: Address, known: tuple[Community, ...], context: Context) -> bool:
    """An invitation code; False where it lets nobody in."""
    invitation = await invitations.find(said) if invitations.is_code(said) else None
    community = None if invitation is None else context.communities.get(invitation.community)
    w = contact.language_of(identity, community or (known[0] if known else None))
    if invitation is None or community is None or community not in known:
        await _say(
            w._("I know no community and no invitation code like that. Please look at it once more."),
            where,
            known[0] if known else None,
            context,
        )
        return False
    row = await membership.standing(identity, community, context.now)
    banned = row is not None and row.state == MembershipState.BANNED
    if row is not None and row.state == MembershipState.MEMBER:
        await people.choose_community(identity, community.id)
        text = w._("You are a member of {community}. /settings is how you read it.", community=community.name)
        await _say(text, where, community, context)
        return True
    if banned or not await invitations.use(invitation, context.now):
        text = w._("That invitation lets nobody in any more. Please ask for a new one.")
        await _say(text, where, community, context)
        return False
    await people.choose_community(identity, community.id)
    await _admit(identity, where, community, context, via=membership.INVITATION, invitation_id=invitation.id)
    for waiting in await membership.withdraw_applications(identity, community, context.now):
        await applying.refresh(waiting, context.now)
    await cards.refresh_held(identity, context.now)
    return True


async def _admit(
    identity: Identity,
    where: Address,
    community: Community,
    context: Context,
    *,
    via: str,
    invitation_id: int | None = None,
) -> None:
    """A member from now on; where that costs nothing, one question follows: how they want to read."""
    row = await membership.admit(
        identity,
        community,
        context.directory,
        context.now,
        via=via,
        by=str(identity.id),
        invitation_id=invitation_id,
        welcomes=False,
    )
    w = contact.language_of(identity, community)
    capabilities = context.directory.capabilities(where)
    if capabilities is None:
        return
    if capabilities.form is Form.LINE:
        await _finish(identity, context)
        await contact.say(where, reach.composed(membership.welcome(community, w), capabilities), community, context.now)
        return
    conversation = await _open(identity, community, Step.READING, context)
    await _prompt(conversation, identity, where, community, context, row=row)


# --- what is asked ---


async def _open(
    identity: Identity, community: Community, step: str, context: Context, *, keep: bool = False
) -> Conversation:
    """The dialogue at a step, waiting for an answer from now on; ``keep``: at the step where it was left."""
    conversation = await people.conversation(identity, KIND)
    if conversation is None:
        return await people.open_conversation(
            identity, KIND, community=community.id, step=step, answers={}, now=context.now
        )
    left = conversation.state == ConversationState.PAUSED and conversation.community == community.id
    kept = keep and left and conversation.step in (Step.NOTE, Step.CODE)
    transition = None if conversation.state == ConversationState.OPEN else ConversationStep.RESUME
    await people.advance(
        conversation,
        context.now,
        transition=transition,
        step=conversation.step if kept else step,
        community=community.id,
    )
    return conversation


async def _finish(identity: Identity, context: Context, step: ConversationStep = ConversationStep.FINISH) -> None:
    conversation = await people.conversation(identity, KIND)
    if conversation is not None and conversation.state == ConversationState.OPEN:
        await people.advance(conversation, context.now, transition=step)


async def _prompt(
    conversation: Conversation,
    identity: Identity,
    where: Address,
    community: Community,
    context: Context,
    *,
    row: Membership | None = None,
) -> None:
    """Ask what stands open, in the form of that chat."""
    w = contact.language_of(identity, community)
    capabilities = context.directory.capabilities(where)
    if capabilities is None:
        return

    async def button(action: str, label: str, emoji: str, argument: str = "") -> tuple[Button, ...]:
        token = await submissions.handle(
            "conversation", conversation.id, action, context.now, argument=argument or conversation.step
        )
        return (Button(label=label, emoji=emoji, handle=token),)

    later = await button("later", w._("Not now"), "⏸️")
    match conversation.step:
        case Step.READING:
            letter = await _reading_letter(community, row, capabilities, button, w)
        case Step.NOTE:
            letter = Letter(
                text=plain(
                    w._(
                        "A moderator lets new members into {community}. Please write one or two sentences: who are "
                        "you, and why do you want to join? Only the moderators read it.",
                        community=community.name,
                    )
                ),
                buttons=(await button("skip", w._("Skip"), "⏭️"), later),
                typed=w._("(Or write: skip, later)"),
                asks_reply=True,
            )
        case Step.CODE:
            letter = Letter(
                text=plain(
                    w._(
                        "{community} takes new members by invitation. Please write your invitation code. If you have "
                        "none, ask a member or moderator for one.",
                        community=community.name,
                    )
                ),
                buttons=(later,),
                typed=w._("(Or write: later)"),
            )
        case _:
            letter = Letter(
                text=plain(w._("Do you want to become a member of {community}?", community=community.name)),
                line=plain(w._("To become a member of {community}, write JOIN.", community=community.name)),
                buttons=(
                    await button("yes", w._("Join"), "✅"),
                    later,
                    await button("language", "Language · Langue · Língua · Idioma · Lugha", "🌐"),
                ),
                typed="" if capabilities.form is Form.LINE else w._("Write: 1 yes, 2 not now, 3 another language"),
            )
    await contact.say(where, reach.composed(letter, capabilities), community, context.now)


async def _reading_letter(
    community: Community, row: Membership | None, capabilities: Capabilities, button: _Maker, w: Words
) -> Letter:
    now = community.members.reading if row is None else preferences.reading_of(row)
    lines, buttons, so_far = [], [], w._("now")
    for number, reading in enumerate(READINGS, 1):
        said = membership.reads_by(reading, w) + (f" ({so_far})" if reading is now else "")
        lines.append(f"{number}. {said}")
        made = await button("reading", said[:1].upper() + said[1:], NUMBERS[number - 1], reading.value or "groups")
        buttons.append(made)
    if capabilities.buttons is ButtonStyle.REACTIONS:
        lines = []  # what the reactions stand for is the list
    question = w._("How do you want to read {community}?", community=community.name)
    text = membership.welcome(community, w).text + "\n\n" + "\n".join([question, *lines])
    return Letter(text=text, buttons=tuple(buttons), typed=w._("Answer with a number."))


# --- what is answered ---


async def again(identity: Identity, where: Address, context: Context) -> None:
    """The open question once more: the language has changed."""
    conversation = await people.conversation(identity, KIND)
    if conversation is None or conversation.state != ConversationState.OPEN:
        return
    community = context.communities.get(conversation.community)
    if community is None or conversation.updated_at < context.now - _WAITS:
        return
    row = await memberships.membership(identity.person_id, community.id)
    await _prompt(conversation, identity, where, community, context, row=row)


async def answered(event: MessagePosted, identity: Identity, context: Context) -> bool:
    """Is this an answer to the question that stands open, and was nothing else asked since?"""
    conversation = await people.newest_open(identity)
    if conversation is None or conversation.kind != KIND or context.attachments:
        return False
    community = context.communities.get(conversation.community)
    if community is None or conversation.updated_at < context.now - _WAITS:
        return False
    if not await is_for(event, conversation, identity, context):
        return False
    return await _take(event, event.text, conversation, identity, community, context)


async def is_for(event: MessagePosted, conversation: Conversation, identity: Identity, context: Context) -> bool:
    """Does this message answer that dialogue, the newest open one: by a reply, or because nothing was asked since?"""
    if event.reply_to is not None:
        row = await ledger.answered(event.reply_to, event.at, context.now)
        return row is not None and await interview.is_asked_in(row, conversation)
    awaited = await query.awaited(identity, event.text, context.desk)
    return awaited is None or awaited[2] <= conversation.updated_at


async def _take(
    event: MessagePosted,
    text: RichText,
    conversation: Conversation,
    identity: Identity,
    community: Community,
    context: Context,
) -> bool:
    where, said = event.ref.address, text.text.strip()
    w = contact.language_of(identity, community)
    meant = spoken.meaning(said, w)
    if meant == "later" or (conversation.step == Step.ASK and meant == "no"):
        return await _act("later", "", conversation, identity, where, community, context)
    match conversation.step:
        case Step.ASK:
            action = {"1": "yes", "2": "later", "3": "language"}.get(said, "yes" if meant == "yes" else "")
            return bool(action) and await _act(action, "", conversation, identity, where, community, context)
        case Step.NOTE:
            if not said or len(said) > 2 * _NOTE:
                return False
            note = "" if meant == "skip" else clean_line(said, _NOTE)
            await _applied(identity, note, where, community, context)
            return True
        case Step.CODE:
            if not invitations.is_code(said):
                return False
            await redeem(said, identity, where, context.communities.on_account(event.account), context)
            return True
        case _:
            if not (said.isdecimal() and len(said) == 1 and 1 <= int(said) <= len(READINGS)):
                return False
            reading = READINGS[int(said) - 1].value or "groups"
            return await _act("reading", reading, conversation, identity, where, community, context)


async def pressed(
    conversation: Conversation, identity: Identity, action: str, argument: str, where: Address, context: Context
) -> bool:
    """A button or reaction; False where the dialogue has moved on."""
    community = context.communities.get(conversation.community)
    if community is None or conversation.state == ConversationState.DONE:
        return False
    if action != "reading" and argument != conversation.step:
        return False
    return await _act(action, argument, conversation, identity, where, community, context)


async def _act(
    action: str,
    argument: str,
    conversation: Conversation,
    identity: Identity,
    where: Address,
    community: Community,
    context: Context,
) -> bool:
    w = contact.language_of(identity, community)
    match action:
        case "later":
            await _finish(identity, context, ConversationStep.PAUSE)
            await _say(w._("All right. Whenever you like, write /join to go on."), where, community, context)
        case "yes":
            await _enter(None, identity, where, community, context)
        case "skip" if conversation.step == Step.NOTE:
            await _applied(identity, "", where, community, context)
        case "language":
            await languages.run("", identity, where, community, context)
        case "reading":
            return await _chosen(argument, conversation, identity, where, community, context)
        case _:
            return False
    return True


async def _applied(identity: Identity, note: str, where: Address, community: Community, context: Context) -> None:
    w = contact.language_of(identity, community)
    await _finish(identity, context)
    application = await desk.apply(identity, note, community, context.directory, context.now)
    text = (
        w._("You are a member of {community}. /settings is how you read it.", community=community.name)
        if application is None
        else w._(
            "Thank you. The moderators of {community} decide soon, and you will hear here. You can write your first "
            "message already: they read it, too.",
            community=community.name,
        )
    )
    await _say(text, where, community, context)


async def _chosen(
    argument: str,
    conversation: Conversation,
    identity: Identity,
    where: Address,
    community: Community,
    context: Context,
) -> bool:
    row = await memberships.membership(identity.person_id, community.id)
    reading = Reading.GROUPS if argument == "groups" else Reading(argument)
    if row is None or row.state != MembershipState.MEMBER:
        return False
    await preferences.set_reading(row, reading, community, context.now)
    await _finish(identity, context)
    w = contact.language_of(identity, community)
    said = membership.reads_by(reading, w, hour=row.hour)
    text = w._("You read {community}: {how}. /settings changes it.", community=community.name, how=said)
    await _say(text, where, community, context)
    await profiling.offer(identity, community, context)
    return True


async def _say(text: str, where: Address, community: Community | None, context: Context) -> None:
    await contact.say(where, Content(text=plain(text)), community, context.now)
