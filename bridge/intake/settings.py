"""/settings: how a member reads a community, as a menu of buttons, reactions or numbers, and as words."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from bridge.core.capabilities import ButtonStyle, Capabilities, Form
from bridge.core.community import Community
from bridge.core.events import MessagePosted
from bridge.core.ids import Address
from bridge.core.message import Button, Content
from bridge.core.reading import DIGESTS
from bridge.core.states import ConversationState, ConversationStep, MembershipState
from bridge.core.text import plain
from bridge.intake import join_questions, joining, languages, preferring
from bridge.intake.context import Context
from bridge.intake.preferring import MENU, Step
from bridge.members import contact, membership, preferences, reach
from bridge.members.answers import folded, meaning
from bridge.members.reach import Letter
from bridge.moderation import applying
from bridge.rendering.words import Words
from bridge.storage import memberships, people, submissions
from bridge.storage.models import Conversation, Identity
from bridge.storage.models_members import Membership

KIND = "settings"
_WAITS = timedelta(hours=1)
_SHORT = 40
"""Characters of an answer that was not understood; what is longer is a message."""
_PAUSE = timedelta(days=30)
"""What PAUSE alone means."""
_HOURS = (6, 7, 8, 12, 18, 20)
_NIGHTS = ("21:00-07:00", "22:00-06:00", "20:00-08:00")


# --- commands ---


async def run(
    name: str, argument: str, identity: Identity, where: Address, community: Community, context: Context
) -> None:
    """Carry out ``/settings``, ``/settings reading daily``, ``/away 12 December``, ``/back`` or ``/leave``."""
    w = contact.language_of(identity, community)
    row = await membership.standing(identity, community, context.now)
    if row is None or row.state != MembershipState.MEMBER:
        if name == "leave" and row is not None and row.state == MembershipState.APPLIED:
            await _ask(Step.LEAVE, identity, row, where, community, context)
            return
        text = w._(
            "You are not a member of {community}. Write JOIN to become one.",
            community=community.name,
        )
        await _say(text, where, community, context)
        return
    match name:
        case "leave":
            await _ask(Step.LEAVE, identity, row, where, community, context)
        case "back":
            await _set(Step.AWAY, "back", identity, row, where, community, context)
        case "away" if not argument:
            await preferences.set_away(row, context.now + _PAUSE, community, context.now)
            await _say(preferring.away_words(row, community, w), where, community, context)
        case "away":
            await _set(Step.AWAY, argument, identity, row, where, community, context)
        case _:
            await _settings(argument, identity, row, where, community, context)


async def _settings(
    argument: str, identity: Identity, row: Membership, where: Address, community: Community, context: Context
) -> None:
    key, _, value = argument.strip().partition(" ")
    step = next((each for each in MENU if folded(key) == each.value), None)
    if step is None:
        await _ask(Step.MENU, identity, row, where, community, context)
    elif not value.strip() or step is Step.LEAVE:
        await _ask(step, identity, row, where, community, context)
    else:
        await _set(step, value.strip(), identity, row, where, community, context)


async def _set(
    step: Step,
    value: str,
    identity: Identity,
    row: Membership,
    where: Address,
    community: Community,
    context: Context,
) -> None:
    """Change one thing and say so, or ask again for what was not understood."""
    told = await preferring.apply(step, value, identity, row, community, context.now)
    if told is None:
        w = contact.language_of(identity, community)
        await _ask(step, identity, row, where, community, context, before=w._("I did not understand that."))
        return
    await _say(told, where, community, context)


# --- the menu and its questions ---

_Maker = Callable[[str, str, str], Awaitable[tuple[Button, ...]]]


async def _ask(
    step: Step,
    identity: Identity,
    row: Membership,
    where: Address,
    community: Community,
    context: Context,
    *,
    before: str = "",
) -> None:
    """Show the menu, or ask for one value; what is pressed or said next answers it."""
    conversation = await _opened(step, identity, community, context)
    capabilities = context.directory.capabilities(where)
    if capabilities is None:
        return
    w = contact.language_of(identity, community)

    async def button(label: str, emoji: str, argument: str) -> tuple[Button, ...]:
        token = await submissions.handle("conversation", conversation.id, KIND, context.now, argument=argument)
        return (Button(label=label, emoji=emoji, handle=token),)

    question, choices, typed = _question(step, row, community, context.now, w)
    lines = [before, question, *_listed(step, choices, capabilities)]
    buttons = [
        await button(label[:1].upper() + label[1:], join_questions.NUMBERS[number - 1], argument)
        for number, (label, argument) in enumerate(choices, 1)
    ]
    brief = " ".join(
        line.rstrip(": \u00a0\u202f") + ("." if line and line[-1] not in ".?!" else "") for line in lines if line
    )
    letter = Letter(
        text=plain("\n".join(line for line in lines if line)),
        line=plain(brief) if capabilities.form is Form.LINE else None,
        buttons=tuple(buttons),
        typed=typed,
    )
    await contact.say(where, reach.composed(letter, capabilities), community, context.now)


def _listed(step: Step, choices: list[tuple[str, str]], capabilities: Capabilities) -> list[str]:
    """The choices in the text: numbered, as they can be answered."""
    if capabilities.buttons is ButtonStyle.REACTIONS:
        return []  # what the reactions stand for is the list
    if step is Step.HOUR:
        return [", ".join(label for label, _ in choices)]  # a number is the hour itself
    return [f"{number}. {label}" for number, (label, _) in enumerate(choices, 1)]


def _question(
    step: Step, row: Membership, community: Community, now: datetime, w: Words
) -> tuple[str, list[tuple[str, str]], str]:
    """The words, the choices as (label, argument of its button), and what to write where there are no buttons."""
    number = w._("Answer with a number.")
    match step:
        case Step.MENU:
            listed = [(preferring.value_of(each, row, community, now, w), f"menu:{each.value}") for each in MENU]
            return w._("What is set for you in {community}:", community=community.name), listed, number
        case Step.READING:
            listed = [
                (membership.reads_by(reading, w, hour=row.hour), f"reading:{reading.value or 'groups'}")
                for reading in join_questions.READINGS
            ]
            return w._("How do you want to read {community}?", community=community.name), listed, number
        case Step.LANGUAGE:
            listed = [(languages.own_name(tag), f"language:{tag}") for tag in languages.OFFERED]
            return w._("In which language shall {community} write to you?", community=community.name), listed, number
        case Step.MEDIA:
            listed = [(w._("files, too"), "media:media"), (w._("words only"), "media:text")]
            return w._("Shall photos and documents be sent to you, too?"), listed, number
        case Step.HOUR:
            listed = [(f"{hour:02}:00", f"hour:{hour}") for hour in _HOURS]
            return w._("At what hour shall digests come? Write 0 to 23, or choose:"), listed, ""
        case Step.ZONE:
            zone = preferences.zone_of(row, community)
            question = w._(
                "Which is your time zone? Write a large town in it, such as Kampala. Now: {zone}", zone=zone.key
            )
            return question, [], ""
        case Step.QUIET:
            listed = [(hours, f"quiet:{hours}") for hours in _NIGHTS] + [(w._("none"), "quiet:none")]
            return w._("When shall nothing be sent to you? Write for example 21:00-06:30, or choose:"), listed, ""
        case Step.AWAY:
            listed = [
                (w._("a week"), "away:1 week"),
                (w._("two weeks"), "away:2 weeks"),
                (w._("a month"), "away:30 days"),
                (w._("not away"), "away:back"),
            ]
            return w._("Until when are you away? Write for example 12 December, or choose:"), listed, ""
        case Step.LEAVE:
            listed = [(w._("Yes, leave"), "leave:yes"), (w._("No, stay"), "leave:no")]
            question = w._(
                "Do you want to leave {community}? Nothing more is sent to you then. What was published stays.",
                community=community.name,
            )
            return question, listed, number


async def _opened(step: Step, identity: Identity, community: Community, context: Context) -> Conversation:
    conversation = await people.conversation(identity, KIND)
    if conversation is None:
        return await people.open_conversation(
            identity, KIND, community=community.id, step=step.value, answers={}, now=context.now
        )
    transition = None if conversation.state == ConversationState.OPEN else ConversationStep.RESUME
    await people.advance(conversation, context.now, transition=transition, step=step.value, community=community.id)
    return conversation


async def _done(conversation: Conversation, context: Context) -> None:
    if conversation.state == ConversationState.OPEN:
        await people.advance(conversation, context.now, transition=ConversationStep.FINISH)


# --- answers ---


async def answered(event: MessagePosted, identity: Identity, context: Context) -> bool:
    """Is this the answer to what the menu asked, said as a number or in words?"""
    conversation = await people.newest_open(identity)
    if conversation is None or conversation.kind != KIND or context.attachments:
        return False
    community = context.communities.get(conversation.community)
    if community is None or conversation.updated_at < context.now - _WAITS:
        return False
    if not await joining.is_for(event, conversation, identity, context):
        return False
    row = await memberships.membership(identity.person_id, community.id)
    said = event.text.text.strip()
    if row is None or not said or len(said) > _SHORT or "\n" in said:
        return False
    step = Step(conversation.step)
    w = contact.language_of(identity, community)
    _, choices, _ = _question(step, row, community, context.now, w)
    argument = ""
    if said.isdecimal() and len(said) == 1 and 1 <= int(said) <= len(choices) and step is not Step.HOUR:
        argument = choices[int(said) - 1][1]
    elif step is Step.LEAVE and meaning(said, w) in ("yes", "no"):
        argument = f"leave:{meaning(said, w)}"
    elif step in (Step.MENU, Step.LEAVE):
        return False
    where = event.ref.address
    if argument:
        return await _choose(argument, conversation, identity, row, where, community, context)
    told = await preferring.apply(step, said, identity, row, community, context.now)
    if told is not None:
        await _done(conversation, context)
        await _say(told, where, community, context)
        return True
    if "?" in said or step in (Step.READING, Step.LANGUAGE, Step.MEDIA):
        return False  # what takes a number has not been answered: this is a message
    await _ask(step, identity, row, where, community, context, before=w._("I did not understand that."))
    return True


async def pressed(
    conversation: Conversation, identity: Identity, argument: str, where: Address, context: Context
) -> bool:
    """A button or reaction of the menu, also of an older one."""
    community = context.communities.get(conversation.community)
    row = None if community is None else await memberships.membership(identity.person_id, community.id)
    if community is None or row is None:
        return False
    return await _choose(argument, conversation, identity, row, where, community, context)


async def _choose(
    argument: str,
    conversation: Conversation,
    identity: Identity,
    row: Membership,
    where: Address,
    community: Community,
    context: Context,
) -> bool:
    key, _, value = argument.partition(":")
    if key == "menu":
        if row.state != MembershipState.MEMBER and value != Step.LEAVE:
            return False
        await _ask(Step(value), identity, row, where, community, context)
        return True
    step = Step(key)
    if step is Step.LEAVE:
        await _done(conversation, context)
        await _leave(value == "yes", identity, where, community, context)
        return True
    if row.state != MembershipState.MEMBER:
        return False
    told = await preferring.apply(step, value, identity, row, community, context.now)
    if told is None:
        return False
    await _done(conversation, context)
    if step is Step.READING and preferences.reading_of(row) in DIGESTS:
        w = contact.language_of(identity, community)
        told += " " + w._("/settings hour changes when.")
    await _say(told, where, community, context)
    return True


async def _leave(leaves: bool, identity: Identity, where: Address, community: Community, context: Context) -> None:
    w = contact.language_of(identity, community)
    if not leaves:
        await _say(w._("All right, nothing has changed."), where, community, context)
        return
    if not await membership.leave(identity, community, context.now):
        await _say(w._("You are not a member of {community}.", community=community.name), where, community, context)
        return
    for application in await membership.withdraw_applications(identity, community, context.now):
        await applying.refresh(application, context.now)
    text = w._(
        "You have left {community}, and nothing more of it is sent to you. To come back, write: JOIN {id}",
        community=community.name,
        id=community.id,
    )
    await _say(text, where, community, context)


async def _say(text: str, where: Address, community: Community, context: Context) -> None:
    await contact.say(where, Content(text=plain(text)), community, context.now)
