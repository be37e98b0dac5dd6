"""/language: in which language a member is written to. What they choose stays, whatever their apps say later."""

import re
import unicodedata
from datetime import timedelta

from babel import Locale

from bridge.core.capabilities import ButtonStyle
from bridge.core.community import Community
from bridge.core.events import MessagePosted
from bridge.core.ids import Address
from bridge.core.message import Button, Content
from bridge.core.states import ConversationState, ConversationStep
from bridge.core.text import RichText, plain
from bridge.intake.context import Context
from bridge.members import contact, interview, reach
from bridge.members.reach import Letter
from bridge.moderation import query
from bridge.rendering.languages import base, tag_of
from bridge.rendering.sms import to_gsm7
from bridge.rendering.words import Words, words
from bridge.storage import ledger, memberships, people, submissions
from bridge.storage.models import Conversation, Identity

KIND = "language"
NAMES = frozenset({"language", "lugha", "idioma", "langue", "lingua"})
"""What the command is called, without accents."""
OFFERED = ("en", "fr", "pt", "es", "sw")
"""The languages of the catalogues."""
_EMOJI = ("1️⃣", "2️⃣", "3️⃣", "4️⃣", "5️⃣")
_WAITS = timedelta(hours=1)
"""A number or name alone answers the question for so long."""
_TYPED = re.compile(rf"(?:{'|'.join(sorted(NAMES))})(?:[\s:,.]+(\S.*))?")
_LONGEST = 60
"""Characters of the command and a language; what is longer is a message."""


def own_name(tag: str) -> str:
    """What a language calls itself."""
    return Locale.parse(tag).get_display_name() or tag


def _bare(text: str) -> str:
    apart = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(char for char in apart if not unicodedata.combining(char)).split()).strip(" .")


_BY_NAME = {
    _bare(Locale.parse(tag).get_display_name(spoken) or tag): tag for spoken in reversed(OFFERED) for tag in OFFERED
}
"""The offered languages as people call them, in any of them, without accents: a plain keypad has none."""


def named(said: str) -> str:
    """The tag of a language that was meant by its number in the list, tag or name; empty where none was."""
    said = said.strip().strip("#.")
    if said.isdecimal():
        return OFFERED[int(said) - 1] if len(said) == 1 and 0 < int(said) <= len(OFFERED) else ""
    return _BY_NAME.get(_bare(said), "") or tag_of(said)


def is_command(name: str) -> bool:
    """Is it what the command is called in any of the languages?"""
    return _bare(name) in NAMES


def typed(text: str) -> str | None:
    """What follows the word: ``sw`` of "LUGHA sw"; empty where it stands alone. None for a text that is meant as one.

    "Language barriers" is a message: no language is called so.
    """
    match = _TYPED.fullmatch(_bare(text)) if len(text) <= _LONGEST else None
    if match is None:
        return None
    said = match[1] or ""
    return said if not said or named(said) else None


def alone(text: str) -> str:
    """The tag of an offered language whose name is all that was written; empty for any other text."""
    return _BY_NAME.get(_bare(text), "") if len(text) <= _LONGEST else ""


async def run(argument: str, identity: Identity, where: Address, community: Community, context: Context) -> None:
    """Carry out ``/language``, ``/language sw`` or ``/language 5``, and answer in ``where``."""
    tag = named(argument)
    if base(tag) in OFFERED:
        await _choose(identity, base(tag), where, community, context)
        return
    w = contact.language_of(identity, community)
    unknown = ""
    if argument:
        unknown = (
            w._("I do not speak {language} yet.", language=w.language_name(tag))
            if tag
            else w._("I do not know that language.")
        )
    await _ask(identity, where, community, context, w, unknown)


async def _ask(
    identity: Identity, where: Address, community: Community, context: Context, w: Words, before: str
) -> None:
    """Offer the languages: as buttons, and as numbers for everybody else."""
    conversation = await _opened(identity, community, context)
    capabilities = context.directory.capabilities(where)
    if capabilities is None:
        return
    question = w._("Which language do you want? Now: {language}.", language=w.language_name(w.language))
    names = [f"{number}. {own_name(tag)}" for number, tag in enumerate(OFFERED, 1)]
    buttons: list[tuple[Button, ...]] = []
    for emoji, tag in zip(_EMOJI, OFFERED, strict=True):
        token = await submissions.handle("conversation", conversation.id, KIND, context.now, argument=tag)
        buttons.append((Button(label=own_name(tag), emoji=emoji, handle=token),))
    letter = Letter(
        # Where there are reactions, what they stand for is the list.
        text=_lines(before, question, *(() if capabilities.buttons is ButtonStyle.REACTIONS else names)),
        # A keypad's alphabet has no c with a cedilla: one of them, and the message costs twice as much.
        line=plain(" ".join(part for part in (before, question, to_gsm7(", ".join(names), accents=True)) if part)),
        buttons=tuple(buttons),
        typed=w._("Answer with a number, or: LANGUAGE sw"),
    )
    await contact.say(where, reach.composed(letter, capabilities), community, context.now)


def _lines(*parts: str) -> RichText:
    return plain("\n".join(part for part in parts if part))


async def _opened(identity: Identity, community: Community, context: Context) -> Conversation:
    """The question as one that waits for an answer, from now on."""
    conversation = await people.conversation(identity, KIND)
    if conversation is None:
        return await people.open_conversation(
            identity, KIND, community=community.id, step="choose", answers={}, now=context.now
        )
    transition = None if conversation.state == ConversationState.OPEN else ConversationStep.RESUME
    await people.advance(conversation, context.now, transition=transition, community=community.id)
    return conversation


async def _choose(identity: Identity, tag: str, where: Address, community: Community | None, context: Context) -> None:
    await people.choose_language(identity, tag)
    await memberships.forget_languages(identity.person_id)
    identity.person.languages = "{}"
    conversation = await people.conversation(identity, KIND)
    if conversation is not None and conversation.state == ConversationState.OPEN:
        await people.advance(conversation, context.now, transition=ConversationStep.FINISH)
    w = words(tag)
    note = w._("From now on I write to you in {language}.", language=w.language_name(tag))
    await contact.say(where, Content(text=plain(note)), community, context.now)


async def answered(event: MessagePosted, identity: Identity, context: Context) -> bool:
    """Is this the number or the name of a language, said to the question about it?

    It is where that is the last thing we asked, or where the message replies to it.
    """
    conversation = await people.conversation(identity, KIND)
    if conversation is None or conversation.state != ConversationState.OPEN or context.attachments:
        return False
    tag = base(named(event.text.text))
    if tag not in OFFERED or conversation.updated_at < context.now - _WAITS:
        return False
    if event.reply_to is not None:
        row = await ledger.answered(event.reply_to, event.at, context.now)
        if row is None or not await interview.is_asked_in(row, conversation):
            return False
    elif await _asked_since(event, identity, conversation, context):
        return False
    community = context.communities.get(conversation.community)
    await _choose(identity, tag, event.ref.address, community, context)
    return True


async def _asked_since(event: MessagePosted, identity: Identity, conversation: Conversation, context: Context) -> bool:
    """Was something else asked later, which the same words would answer?"""
    newest = await people.newest_open(identity)
    if newest is not None and newest.id != conversation.id and newest.updated_at > conversation.updated_at:
        return True
    awaited = await query.awaited(identity, event.text, context.desk)
    return awaited is not None and awaited[2] > conversation.updated_at


async def pressed(conversation: Conversation, identity: Identity, tag: str, where: Address, context: Context) -> None:
    """A button of the list; an older list does as well."""
    if tag in OFFERED:
        await _choose(identity, tag, where, context.communities.get(conversation.community), context)
