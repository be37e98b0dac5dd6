"""``/mydata``, ``/correct``, ``/forget``: what a person may ask of what is held about them."""

import json
import re
import secrets
from datetime import timedelta

from bridge.core.capabilities import Capabilities, Form
from bridge.core.community import Community
from bridge.core.hygiene import without_accents
from bridge.core.ids import Address
from bridge.core.message import Attachment, AttachmentKind, Button, Content
from bridge.core.splitting import split
from bridge.core.states import ConversationState, ConversationStep
from bridge.core.text import RichText, plain
from bridge.intake.context import Context
from bridge.members import contact, reach
from bridge.members.reach import Letter
from bridge.moderation import forgetting
from bridge.moderation.acts import Reply
from bridge.rendering.words import Words
from bridge.storage import erasure, holdings, ledger, people, submissions, traces
from bridge.storage.models import Conversation, Identity

KIND = "forget"
NAMES = frozenset({"mydata", "correct", "forget"})
CONFIRM_WITHIN = timedelta(minutes=10)
CONFIRMATION = "FORGET ME"
"""The same in every language, like all words that are typed to the bot."""
_CODE = "code"
"""Where senders can be invented it belongs to the confirmation: only who reads what is answered there knows it."""
_TYPED = re.compile(r"(?:(my\s?data)|(correct)|(forget)(\s+me(?:\s+\d{4})?)?)[.!]?", re.IGNORECASE)
_PARTS, _LINE_PARTS = 12, 5
"""At most so many messages, and where every one of them costs money."""
_BULKY = ("in the archive", "log", "messages to you", "as it came from the platforms", "where they stood")
"""Sections that say the same once more: for the file alone."""
_VERSIONS = "profiles"
"""In words only the newest of them."""


def typed(text: str) -> tuple[str, str] | None:
    """``MY DATA``, ``CORRECT``, ``FORGET``, ``FORGET ME``; None for any other text."""
    match = _TYPED.fullmatch(text.strip())
    if match is None:
        return None
    return ("mydata" if match[1] else "correct" if match[2] else "forget"), (match[4] or "").strip()


async def run(
    name: str, argument: str, identity: Identity, where: Address, community: Community, context: Context
) -> None:
    """Carry out one of them, and answer in ``where``."""
    match name:
        case "mydata":
            await _show(identity, where, community, context)
        case "correct":
            w = contact.language_of(identity, community)
            await contact.say(where, Content(text=plain(_correcting(w))), community, context.now)
        case _:
            await _forget(argument, identity, where, community, context)


def _correcting(w: Words) -> str:
    return w._(
        "/profile puts right what you say of yourself, /language how I write to you, /accounts which accounts are "
        "yours. To change a post, edit your message; /withdraw 12 and /retract 12 take one back. /mydata shows "
        "everything that I hold."
    )


# --- seeing ---


async def _show(identity: Identity, where: Address, community: Community, context: Context) -> None:
    """Everything as a file where files can be sent, else in words; where words cost money, the most important of it."""
    w = contact.language_of(identity, community)
    capabilities = context.directory.capabilities(where)
    if capabilities is None:
        return
    found = await holdings.holdings(identity.person_id)
    files = await _files(found, where, capabilities, context)
    if files:
        await _once(where, Content(text=plain(w._("Everything that I hold about you."))), community, context)
        for file in files:
            await _once(where, Content(attachments=(file,), silent=True), community, context)
        return
    told = {section: rows for section, rows in found.items() if section not in _BULKY}
    if _VERSIONS in told:
        told[_VERSIONS] = told[_VERSIONS][-1:]
    text = holdings.in_words(told)
    most = _LINE_PARTS if capabilities.form is Form.LINE else _PARTS

    def fits(part: RichText) -> bool:
        return context.directory.fits(where, Content(text=part))

    parts = split(plain(w._("What I hold about you:") + "\n" + text), fits)
    for part in parts[:most]:
        await _once(where, Content(text=part), community, context)
    left = len(parts) - most
    rest = w._("The whole of it, as a file, I send where files can be sent: link such an account (LINK) and ask there.")
    if left > 0:
        rest = w.ngettext("{count} more message is left out.", "{count} more messages are left out.", left) + " " + rest
    await _once(where, Content(text=plain(rest)), community, context)


async def _files(
    found: dict[str, object], where: Address, capabilities: Capabilities, context: Context
) -> list[Attachment]:
    """The same twice: to be read by people, and by programs. None where one of them cannot be sent."""
    if context.keep is None:
        return []
    kept: list[Attachment] = []
    for name, mime, text in (
        ("my-data.txt", "text/plain", holdings.in_words(found)),
        ("my-data.json", "application/json", json.dumps(found, ensure_ascii=False, indent=1)),
    ):
        data = text.encode()
        if len(data) > capabilities.file_limit(AttachmentKind.DOCUMENT):
            return []
        kept.append(await context.keep(data, name, mime))
        await erasure.doom([kept[-1].sha256], context.now)
    fitting = all(context.directory.fits(where, Content(attachments=(file,))) for file in kept)
    return kept if fitting else []


async def _once(where: Address, content: Content, community: Community, context: Context) -> None:
    """What is sent now and not kept: its row is forgotten once it has arrived."""
    row = await contact.say(where, content, community, context.now)
    await ledger.mark(row.id, traces.ONCE)


# --- being forgotten ---


async def _forget(argument: str, identity: Identity, where: Address, community: Community, context: Context) -> None:
    w = contact.language_of(identity, community)
    asked = await people.conversation(identity, KIND)
    said = without_accents(argument).split()
    if said[:1] == ["me"] and asked is not None and _is_open(asked, context):
        if not context.claimed or said[1:] == [people.answers_of(asked).get(_CODE)]:
            await _carry_out(identity, context)
            return
        # One guess: whoever invents the sender does not read what is answered.
        await people.advance(asked, context.now, transition=ConversationStep.FINISH, answers={})
    await _ask(asked, identity, where, community, context, w)


def _is_open(asked: Conversation | None, context: Context) -> bool:
    """Was it explained, no longer ago than ten minutes?"""
    return (
        asked is not None and asked.state == ConversationState.OPEN and context.now - asked.updated_at <= CONFIRM_WITHIN
    )


async def _ask(
    asked: Conversation | None,
    identity: Identity,
    where: Address,
    community: Community,
    context: Context,
    w: Words,
) -> None:
    """Say what will happen, and what cannot be called back; nothing happens before it is confirmed."""
    code = f"{secrets.randbelow(10**4):04d}" if context.claimed else ""
    answers = {_CODE: code} if code else {}
    if asked is None:
        asked = await people.open_conversation(
            identity, KIND, community=community.id, step="confirm", answers=answers, now=context.now
        )
    else:
        transition = None if asked.state == ConversationState.OPEN else ConversationStep.RESUME
        await people.advance(asked, context.now, transition=transition, community=community.id, answers=answers)
    capabilities = context.directory.capabilities(where)
    if capabilities is None:
        return

    async def button(action: str, label: str, emoji: str) -> tuple[Button, ...]:
        token = await submissions.handle("conversation", asked.id, action, context.now)
        return (Button(label=label, emoji=emoji, handle=token),)

    letter = Letter(
        text=plain(await forgetting.beforehand(identity.person_id, context.desk, w)),
        buttons=(
            await button("forget", w._("Erase everything about me"), "🗑️"),
            await button("keep", w._("Keep everything"), "↩️"),
        ),
        typed=w._("To confirm, write within 10 minutes: {words}", words=f"{CONFIRMATION} {code}".strip()),
    )
    whole = reach.composed(letter, capabilities)

    def fits(part: RichText) -> bool:
        return context.directory.fits(where, Content(text=part, buttons=whole.buttons))

    parts = split(whole.text, fits)
    for number, part in enumerate(parts, 1):
        content = Content(text=part, buttons=whole.buttons if number == len(parts) else ())
        await contact.say(where, content, community, context.now)


async def pressed(asked: Conversation, identity: Identity, action: str, context: Context) -> Reply:
    """A button under the explanation; returns what the presser is told at once."""
    community = context.communities.get(asked.community)
    w = contact.language_of(identity, community)
    if not _is_open(asked, context):
        late = w._("That was more than ten minutes ago. Write /forget to begin again. Nothing was done.")
        return Reply(text=late, alert=True)
    if action != "forget":
        await people.advance(asked, context.now, transition=ConversationStep.FINISH)
        return Reply(text=w._("Nothing was done. Everything stays as it is."), alert=True)
    await _carry_out(identity, context)
    # No alert: where those are messages, it would be one more to somebody who is not known any more.
    return Reply(text=w._("Everything about you is being erased."))


async def _carry_out(identity: Identity, context: Context) -> None:
    """Every account that can be written to hears of it, for the last time."""
    accounts = await people.identities(identity.person_id)
    await forgetting.forget(identity.person_id, context.desk, farewell=accounts, handling=context.event_id)
