"""What happens in a moderators' channel: buttons and reactions on cards, replies to cards and prompts.

Whatever the way, an instruction becomes an ``Act`` that is authorised here and now, by the person, and carried out by
its ``Deed``.
"""

import re
from dataclasses import dataclass, replace
from datetime import timedelta

from bridge.core.community import Community
from bridge.core.hygiene import without_accents
from bridge.core.ids import Address, RemoteRef
from bridge.core.message import Content
from bridge.core.policy import Role
from bridge.core.states import ReviewState
from bridge.core.text import RichText, plain
from bridge.members import contact
from bridge.moderation import cards, decisions, permissions, powers, waiting
from bridge.moderation.acts import Act, Deed, Desk, Moderator, Prompt, Reply
from bridge.moderation.decisions import Verdict
from bridge.moderation.deeds import DEEDS
from bridge.moderation.menu import MAIN, VIEWS
from bridge.rendering.words import Words, words
from bridge.storage import codec, inbox, ledger, people, submissions
from bridge.storage.models import Delivery, Handle, Review

_PROMPT_ROOM = 3500


async def press(desk: Desk, handle: Handle, moderator: Moderator, message: RemoteRef | None) -> Reply:
    """A button of a card was pressed (or its reaction given)."""
    review = await submissions.locked_review(handle.subject_id)
    community = None if review is None else desk.communities.get(review.community)
    if review is None or community is None:
        return Reply(text=words("")._("This button no longer does anything."), alert=True)
    w = words(community.language)
    role = await permissions.role_of(community, moderator.sender, moderator.channel, review)
    if role is None:
        return powers.stranger(moderator, w)
    identity = await people.meet(moderator.sender, desk.now)
    act = Act(
        desk=desk,
        community=community,
        review=review,
        revision=handle.revision,
        moderator=moderator,
        identity=identity,
        role=role,
        argument=handle.argument,
        card=await _card(review, moderator.channel, message),
    )
    if handle.action == "view":
        return await _show(act, handle.argument)
    deed = DEEDS.get(handle.action)
    if deed is None:
        return Reply(text=w._("This button no longer does anything."), alert=True)
    return await _carry_out(act, deed)


async def _carry_out(act: Act, deed: Deed) -> Reply:
    """Authorise, look whether it is still possible, and do it; or ask for the words that it needs."""
    refused = await _refused(act, deed)
    if refused is not None:
        return refused
    if act.text and deed.heard is not None:
        return await _and_next(act, deed, await deed.heard(act))
    if deed.perform is not None:
        return await _and_next(act, deed, await deed.perform(act))
    if deed.question is None:
        return Reply(text=act.w._("There was no text. Nothing was done."), alert=True)
    asked = await deed.question(act)
    if isinstance(asked, Reply):
        return asked
    if isinstance(asked, RichText):
        await _prompt(act, Prompt(text=asked, deed=deed.name), asks_reply=True)
        return Reply(text=act.w._("Please reply to the message I just sent."), on_card=True)
    for one in asked:
        await _prompt(act, one, asks_reply=False)
    return Reply(text=act.w._("Please reply to one of the messages I just sent."), on_card=True)


async def _and_next(act: Act, deed: Deed, told: Reply) -> Reply:
    """Who has just decided hears how much still waits."""
    if not deed.decides or not told.on_card or act.review.state == ReviewState.HELD:
        return told
    more = await waiting.more(act.community, act.w)
    return replace(told, text=f"{told.text} {more}") if more else told


async def _refused(act: Act, deed: Deed) -> Reply | None:
    """Why this person cannot do this to this item now; None where they can."""
    if not await permissions.covers(act.community, act.role, deed.role):
        return powers.needs(deed.role, act.w)
    if act.review.state not in deed.states:
        return decisions.told(Verdict.DECIDED, act)
    if not deed.any_revision and act.revision != act.review.revision:
        return decisions.told(Verdict.STALE, act)
    return await powers.hindered(act) if deed.decides else None


async def _show(act: Act, view: str) -> Reply:
    """Another view of the same card, in this channel only."""
    if act.revision != act.review.revision:
        return decisions.told(Verdict.STALE, act)
    of_held = view in VIEWS and view != MAIN
    if act.review.state != ReviewState.HELD and (of_held or act.review.state != ReviewState.APPROVED):
        return decisions.told(Verdict.DECIDED, act)
    if act.card is not None:
        await ledger.set_view(act.card, view)
        await cards.refresh_one(act.card, act.now)
    return Reply(text="", on_card=True)


async def _card(review: Review, channel: Address, message: RemoteRef | None) -> Delivery | None:
    if message is not None:
        row = await ledger.find_by_ref(message)
        # A button can be sent with any message of ours: only a card of this very item says what was looked at.
        if row is not None and row.kind == ledger.CARD and row.review_id == review.id:
            return row
    here = await inbox.resolve(channel)
    rows = [row for row in await ledger.card_rows(review.id) if await inbox.resolve(row.address) == here]
    return rows[-1] if rows else None


async def _prompt(act: Act, prompt: Prompt, *, asks_reply: bool) -> None:
    """Ask the moderator to type something, as a reply to a message that remembers what it is for.

    ``asks_reply``: their app may open the reply by itself, which is of no use where several are offered.
    """
    content = Content(
        text=prompt.text.shortened(_PROMPT_ROOM),
        reply_to=None if act.card is None else act.card.ref,
        asks_reply=asks_reply,
    )
    await ledger.plan(
        kind=ledger.PROMPT,
        address=await inbox.resolve(act.moderator.channel),
        now=act.now,
        content=content,
        community=act.community.id,
        review_id=act.review.id,
        revision=act.revision,
        view=prompt.view,
        lifetime=contact.NOTICE_LIFETIME,
    )


async def reply(desk: Desk, row: Delivery, text: RichText, moderator: Moderator, said: RemoteRef) -> None:
    """A reply to a card or a prompt. Anything that is no instruction is talk among moderators, and goes nowhere."""
    review = None if row.review_id is None else await submissions.locked_review(row.review_id)
    community = None if review is None else desk.communities.get(review.community)
    if review is None or community is None:
        return
    w = words(community.language)
    wanted, _, argument = row.view.partition(":") if row.kind == ledger.PROMPT else ("", "", "")
    deed, rest = (DEEDS.get(wanted), text) if row.kind == ledger.PROMPT else instruction(text, w) or (None, text)
    if deed is None:
        if word := unclear(text, w):
            await tell_channel(desk, said, _hint(text, word, w), community)
        return
    role = await permissions.role_of(community, moderator.sender, moderator.channel, review)
    if role is None:
        answer = powers.stranger(moderator, w)
    else:
        if row.kind == ledger.PROMPT and not rest:
            answer = Reply(text=w._("There was no text. Nothing was done."))
        else:
            answer = await order(
                desk,
                row,
                deed,
                rest,
                moderator=moderator,
                said=said,
                review=review,
                community=community,
                role=role,
                argument=argument,
            )
    if answer.text and not answer.on_card:
        # Who may decide gets an answer to everything; others hear the same words once a minute.
        again = role is not None
        await tell_channel(desk, said, answer.text, community, again=again)


async def order(
    desk: Desk,
    row: Delivery,
    deed: Deed,
    rest: RichText,
    *,
    moderator: Moderator,
    said: RemoteRef,
    review: Review,
    community: Community,
    role: Role,
    argument: str = "",
) -> Reply:
    """Carry out what somebody who may decide typed about the item of a card or prompt, as it was shown there."""
    act = Act(
        desk=desk,
        community=community,
        review=review,
        revision=row.revision,
        moderator=moderator,
        identity=await people.meet(moderator.sender, desk.now),
        role=role,
        argument=argument,
        text=rest,
        card=await _card(review, moderator.channel, row.ref),
        said=said,
    )
    return await _carry_out(act, deed)


async def tell_channel(desk: Desk, said: RemoteRef, answer: str, community: Community, *, again: bool = False) -> None:
    """Answer under what somebody wrote; the same words only once a minute, unless ``again``."""
    content = Content(text=plain(answer), reply_to=said, silent=True)
    if again or not await ledger.said_lately(said.address, content, desk.now - timedelta(seconds=60)):
        await contact.say(said.address, content, community, desk.now)


@dataclass(frozen=True, kw_only=True)
class Spoken:
    """What may be an instruction: its first word, in small letters and without accents, and what follows."""

    word: str
    rest: RichText
    marked: bool
    """By a slash in front, or a colon or new line behind: then it is certainly no talk."""


def spoken(text: RichText) -> Spoken | None:
    """The first word of a reply and the rest; None where it does not begin with a word."""
    match = _INSTRUCTION.match(text.text)
    if match is None:
        return None
    return Spoken(
        word=without_accents(match["word"]),
        rest=text[match.end() :].strip(),
        marked=bool(match["mark"]) or match["colon"] is not None,
    )


_INSTRUCTION = re.compile(r"\s*(?P<mark>[/!]?)(?P<word>\w+)(?P<colon>\s*:|[.!]?[ \t]*(?=\n))?[.!,]?(?:\s+|$)")


def instruction(text: RichText, w: Words) -> tuple[Deed, RichText] | None:
    """``approve``, ``reject: <reason>``, ``/ask <question>``, ``note: <words>``, also in the channel's language.

    Words that follow need a colon, a slash in front or a new line: "Edit the second line?" is talk among moderators.
    """
    found = named(text, w)
    if found is None:
        return None
    deed, rest, marked = found
    if rest and deed.heard is None:
        return None
    return (deed, rest) if marked or not rest or rest.text.casefold().strip(" .") in deed.options else None


def unclear(text: RichText, w: Words) -> str:
    """The word of a deed that may have been meant, where words follow it without a colon; empty for plain talk."""
    found = named(text, w)
    if found is None or instruction(text, w) is not None:
        return ""
    if found[0].heard is None and not found[2]:
        return ""  # "Approve of this?" is talk
    return found[0].name if found[0].word is None else found[0].word(w)


def named(text: RichText, w: Words) -> tuple[Deed, RichText, bool] | None:
    """The deed whose word a text begins with, what follows it, and whether that certainly is no talk."""
    said = spoken(text)
    if said is None:
        return None
    for deed in DEEDS.values():
        if deed.word is not None and said.word in (deed.name, without_accents(deed.word(w))):
            return deed, said.rest, said.marked
    return None


def _hint(text: RichText, word: str, w: Words) -> str:
    found = named(text, w)
    if found is not None and found[0].heard is None:
        return w._("To do that, write only “{word}”. Nothing was done.", word=word)
    return with_a_colon(word, w)


def with_a_colon(word: str, w: Words) -> str:
    """What was perhaps an instruction, and perhaps a sentence."""
    return w._("If that was an instruction, please write it with a colon: “{word}: ...”. Nothing was done.", word=word)


async def react(desk: Desk, row: Delivery, emoji: str, moderator: Moderator) -> Reply | None:
    """A reaction to a message of ours: the button that this reaction stands for. None where it stands for nothing."""
    token = await token_for(row, emoji)
    if token is None:
        if not await was_offered(row, emoji):
            return None
        community = desk.communities.get(row.community)
        w = words("" if community is None else community.language)
        text = w._("The card no longer offers that. Look at what it offers now; nothing was done.")
        return Reply(text=text, alert=True)
    handle = await submissions.handle_by_token(token)
    if handle is None or handle.subject != "review":
        return None
    return await press(desk, handle, moderator, row.ref)


async def token_for(row: Delivery, emoji: str) -> str | None:
    """The handle that a reaction to one of our messages stands for, as the message stands now.

    Never by what it offered before: the same sign meant something else in another view.
    """
    return _offered((await ledger.versions(row))[0], emoji)


def _offered(version: Delivery, emoji: str) -> str | None:
    wanted = emoji.replace("\ufe0f", "")
    if not version.content:
        return None
    for line in codec.load(codec.CONTENT, version.content).buttons:
        for button in line:
            if button.handle and button.emoji.replace("\ufe0f", "") == wanted:
                return button.handle
    return None


async def was_offered(row: Delivery, emoji: str) -> bool:
    """Did this sign stand for something in an earlier view of the message?"""
    return any(_offered(version, emoji) is not None for version in await ledger.versions(row))
