"""/profile and the answers to its questions: the dialogue, and what becomes of what was said."""

import re
from collections.abc import Sequence

from bridge.core.capabilities import ButtonStyle
from bridge.core.community import Community
from bridge.core.ids import Address
from bridge.core.membership import DEFAULT_FIELDS, WithoutProfile
from bridge.core.message import Content
from bridge.core.splitting import split
from bridge.core.text import RichText, plain
from bridge.intake.context import Context
from bridge.members import answers as spoken
from bridge.members import contact, prompts
from bridge.members.fields import label
from bridge.members.interview import Dialogue, Turn
from bridge.moderation import hints, profile_changes
from bridge.rendering.words import words
from bridge.storage.models import Conversation, Identity

NAME = "profile"
_TYPED = re.compile(r"profile\s+(\S.{0,200})", re.IGNORECASE | re.DOTALL)
_OFFERED = ("en", "fr", "pt", "es", "sw")


def typed(text: str) -> str | None:
    """What follows the word where there is no slash: ``country Kenya``; None for a text that is meant as one.

    "Profile of a good clinic" is a message. The first word must be one that Baraza itself knows, since whose questions
    are meant is not known here; whatever else a community asks is chosen by its number.
    """
    match = _TYPED.fullmatch(text.strip())
    return match[1] if match is not None and names_something(match[1]) else None


def names_something(argument: str) -> bool:
    """Does this begin with the name of a field that everybody has, or with hide or show?"""
    said = spoken.folded(argument)
    for language in _OFFERED:
        w = words(language)
        names = {spoken.folded(name) for field in DEFAULT_FIELDS for name in (field.id, label(field, w))}
        steering = spoken.steering(w)
        # "Profile country" may be anything; with what follows, or alone, it is one of ours only by its first word.
        if any(said == name or said.startswith((f"{name} ", f"{name}:")) for name in names):
            return len(said) <= 160
        if said in steering["card"] | steering["all"]:
            return True
        for action in ("hide", "show"):
            if any(said.startswith(f"{term} ") and said[len(term) + 1 :] in names for term in steering[action]):
                return True
    return False


def dialogue(identity: Identity, community: Community, where: Address | None, context: Context) -> Dialogue:
    """The questions of a community, put to this person in that chat."""
    capabilities = None if where is None else context.directory.capabilities(where)
    w = contact.language_of(identity, community)

    def look(text: str, country: str) -> Sequence[str]:
        found = hints.find(text, country=country if len(country) == 2 else "")
        return [w._("{what} ({excerpt})", what=hints.label(hint.kind, w), excerpt=hint.excerpt) for hint in found]

    return Dialogue(
        identity=identity,
        community=community,
        now=context.now,
        look=look,
        many_buttons=capabilities is None or capabilities.buttons is not ButtonStyle.REACTIONS,
    )


async def run(argument: str, identity: Identity, where: Address, community: Community, context: Context) -> None:
    """Carry out ``/profile``, ``/profile country Kenya`` or ``/profile hide e-mail``, and answer in ``where``."""
    talk = dialogue(identity, community, where, context)
    turn = await talk.change(argument.strip()) if argument.strip() else Turn(content=await talk.begin())
    await follow(turn, identity, where, community, context)


async def answer(
    conversation: Conversation,
    identity: Identity,
    text: RichText,
    where: Address,
    community: Community,
    context: Context,
) -> bool:
    """A written answer; False where this text is none."""
    turn = await dialogue(identity, community, where, context).answer(conversation, text)
    if turn is None:
        return False
    await follow(turn, identity, where, community, context)
    return True


async def act(
    conversation: Conversation, action: str, identity: Identity, where: Address, community: Community, context: Context
) -> bool:
    """A button; False where the dialogue has moved on."""
    turn = await dialogue(identity, community, where, context).act(conversation, action)
    if turn is None:
        return False
    await follow(turn, identity, where, community, context)
    return True


async def follow(turn: Turn, identity: Identity, where: Address, community: Community, context: Context) -> None:
    """Keep what was given, and say what comes next."""
    content = turn.content
    if turn.given is not None:
        kept = await profile_changes.keep(identity, turn.given, community, context.directory, context.now)
        w = contact.language_of(identity, community)
        said = (profile_changes.thanks(kept, w), await prompts.owed_text(identity, community, w))
        content = Content(text=plain("\n".join(part for part in said if part)))
    if content is not None:
        await say(where, content, community, context)


async def say(where: Address, content: Content, community: Community, context: Context) -> None:
    """In as many messages as the chat needs; the buttons stand under the last."""

    def fits(part: RichText) -> bool:
        return context.directory.fits(where, Content(text=part, buttons=content.buttons, letter=content.letter))

    if context.directory.capabilities(where) is None:
        return
    parts = split(content.text, fits)
    for number, part in enumerate(parts, 1):
        buttons = content.buttons if number == len(parts) else ()
        shown = Content(text=part, buttons=buttons, letter=content.letter)
        await contact.say(where, shown, community, context.now)


async def offer(identity: Identity, community: Community, context: Context) -> None:
    """Ask who posts who they are: once, where that costs them nothing; again, where their posts wait for it."""
    where = identity.direct
    capabilities = None if where is None else context.directory.capabilities(where)
    if where is None or capabilities is None or not contact.reachable(identity, context.directory):
        return
    content = await dialogue(identity, community, where, context).offer() if capabilities.interviews else None
    if content is not None:
        await say(where, content, community, context)
        return
    if community.members.without_profile is WithoutProfile.ASK:
        owed = await prompts.owed_text(identity, community, contact.language_of(identity, community))
        if owed:
            await contact.tell(identity, Content(text=plain(owed)), community, context.directory, context.now)


__all__ = ["NAME", "act", "answer", "dialogue", "follow", "names_something", "offer", "run", "say", "typed"]
