"""Moderating by mail: a held post comes as a letter, and what is answered to it is what a reply to its card is.

Three things must hold for an answer to count: it goes to the address that only this letter named, it comes from the
address that the letter went to, and the mail provider vouches for its sender. Nothing is decided by opening a link.
"""

import re
from dataclasses import replace
from datetime import datetime

from bridge.core.community import Community
from bridge.core.events import Sender
from bridge.core.ids import Address, RemoteRef
from bridge.core.message import Content
from bridge.core.states import ReviewState
from bridge.core.text import RichText, plain
from bridge.delivery import lettering
from bridge.moderation import cards, channel, permissions, powers
from bridge.moderation.acts import Deed, Desk, Moderator, Reply
from bridge.moderation.deeds import DEEDS
from bridge.rendering.words import Words, words
from bridge.storage import handles, inbox, ledger, people, submissions
from bridge.storage.models import Delivery, Review

SUBJECT = "letter"
"""Of the handles that stand in the addresses of such letters; ``subject_id`` is the letter's row."""
_OFFERED = ("approve", "reject", "ask", "edit", "note")
"""What a letter names; every other word that can be replied to a card works, too."""
_WORDS_FOLLOW = ("reject", "ask", "note", "escalate")
"""Their words need no colon before them. What is published by other ones, "Edit the second line?" must not become."""
_QUESTIONS = "?؟？፧⁇"
_BREAKS = re.compile(r"[\s>|]+")
_STAYS_QUIET = ("ask",)
"""Afterwards the next to speak is the author, and then a new letter comes."""


async def dressed(content: Content, row: Delivery, review: Review, community: Community, now: datetime) -> Content:
    """A card as a letter: how to answer it stands in front, and its address counts for this letter alone."""
    w = words(community.language)
    await handles.forget(SUBJECT, [card.id for card in await _letters(review, row.address) if card.id != row.id])
    token = await handles.handle(SUBJECT, row.id, "moderate", now, revision=row.revision, in_address=True)
    letter = replace(lettering.of_notice(community), answer=f"m-{token}", subject=_subject(content.text))
    return Content(text=plain(_how(community, w) + "\n\n") + content.text, letter=letter)


def for_others(content: Content, community: Community) -> Content:
    """A card that is not decided by mail, as a letter."""
    w = words(community.language)
    said = plain(w._("This is decided in the moderators' chat, not by mail.") + "\n\n")
    letter = replace(lettering.of_notice(community), subject=_subject(content.text))
    return Content(text=said + content.text, letter=letter)


def misdirected(row: Delivery, desk: Desk) -> str:
    """What somebody is told who answered a letter about an item, but not at the address that it named."""
    community = desk.communities.get(row.community)
    w = words("" if community is None else community.language)
    if row.kind == ledger.APPLICATION:
        return w._("This is decided in the moderators' chat, not by mail.") + " " + w._("Nothing was done.")
    return w._(
        "Your answer went to everybody's address, so nothing was done. Please answer the letter itself: the address to "
        "answer to stands in it (Reply-To)."
    )


def _subject(text: RichText) -> str:
    return text.text.partition("\n")[0]


def _how(community: Community, w: Words) -> str:
    said = {
        name: f"{word}: ..." if deed.heard is not None else word
        for name, deed in DEEDS.items()
        if deed.word is not None and (word := deed.word(w))
    }
    lines = [_first_line(w)]
    lines.append("  ".join(said[name] for name in _OFFERED))
    if community.policy.empty_reply_approves:
        lines.append(w._("An empty answer approves."))
    return "\n".join(lines)


def _first_line(w: Words) -> str:
    return w._("Answer this letter with one of these in the first line, and your words after it:")


def _has_letter(text: RichText, w: Words) -> bool:
    """Does the letter stand in it, wherever its lines were broken and however they are marked?"""
    said, ours = (_BREAKS.sub(" ", each).casefold().strip() for each in (text.text, _first_line(w)))
    return ours in said


async def answered(
    desk: Desk,
    token: str,
    said_words: RichText,
    sender: Sender,
    said: RemoteRef,
    *,
    proven: bool,
    bare: bool = True,
    mingled: bool = False,
) -> tuple[str, Community | None] | None:
    """Somebody wrote to the address of such a letter. Returns what they are told, and by which community.

    ``bare``: nothing came with the words that nobody has read, so that an empty answer is one. ``mingled``: some of the
    words may be the letter's own.

    None: they are told nothing, for nobody knows who they are, and they do not know the address of any such letter.
    """
    handle = await handles.handle_by_token(token) or await handles.handle_by_token(token.lower())
    row = None
    if handle is not None and handle.subject == SUBJECT:
        row = await Delivery.get_or_none(id=handle.subject_id)
    if handle is None or row is None or row.review_id is None:
        return (_counts_no_more(words("")), None) if proven else None
    community = desk.communities.get(row.community)
    review = await submissions.locked_review(row.review_id)
    if community is None or review is None:
        return (_counts_no_more(words("")), community) if proven else None
    w = words(community.language)
    if row.address != said.address:
        told = w._("That letter was written to somebody else: only their own answer counts. Nothing was done.")
        return (told, community) if proven else None
    if not proven:
        told = w._(
            "Your mail provider does not vouch for who sends your letters, so nothing was done about #{number}. Please "
            "decide in the moderators' channel.",
            number=review.submission.number,
        )
        return told, community
    wanted = _wanted(said_words, community, w, bare=bare, mingled=mingled)
    if isinstance(wanted, str):
        return wanted, community
    # One letter, one instruction: whatever becomes of it, the same answer sent again does nothing.
    if not await handles.spend(handle.token):
        return _counts_no_more(w), community
    moderator = Moderator(sender=sender, channel=row.address)
    reply = await _ordered(desk, row, review, community, *wanted, moderator, said)
    speaks_next = reply.alert or wanted[0].name not in _STAYS_QUIET
    if review.state == ReviewState.HELD and speaks_next and await _is_channel(community, row.address):
        await cards.plan_another(review, community, row.address, desk.now)
    number = f"#{review.submission.number}"
    return (reply.text if reply.text.startswith(number) else f"{number}: {reply.text}"), community


async def _is_channel(community: Community, address: Address) -> bool:
    """Whose mailbox was taken out of the config is sent no further letters, whatever they answer to old ones."""
    return address in [await inbox.resolve(channel) for channel in community.moderators]


async def _ordered(
    desk: Desk,
    row: Delivery,
    review: Review,
    community: Community,
    deed: Deed,
    rest: RichText,
    moderator: Moderator,
    said: RemoteRef,
) -> Reply:
    identity = await people.meet(moderator.sender, desk.now, privately=True)
    role = await permissions.role_of(community, moderator.sender, moderator.channel, review)
    role = role or await permissions.role_by_others(community, identity)
    if role is None:
        return powers.stranger(moderator, words(community.language))
    return await channel.order(
        desk, row, deed, rest, moderator=moderator, said=said, review=review, community=community, role=role
    )


def _wanted(
    text: RichText, community: Community, w: Words, *, bare: bool, mingled: bool
) -> tuple[Deed, RichText] | str:
    """The instruction of an answer, or why it is none."""
    if mingled:
        return _own_words_alone(w)
    if not text:
        if community.policy.empty_reply_approves and bare:
            return DEEDS["approve"], text
        return w._("Your answer was empty. Nothing was done. {how}", how=_words_offered(w))
    named = channel.named(text, w)
    if named is None:
        return w._("Your answer does not begin with an instruction. Nothing was done. {how}", how=_words_offered(w))
    deed, rest, marked = named
    word = deed.name if deed.word is None else deed.word(w)
    if rest and deed.heard is None:
        return w._("To do that, write only “{word}”. Nothing was done.", word=word)
    follows = deed.name in _WORDS_FOLLOW and not _may_be_talk(deed, rest)
    if rest and not (marked or follows or rest.text.casefold().strip(" .") in deed.options):
        return channel.with_a_colon(word, w)
    if _has_letter(rest, w):
        return _own_words_alone(w)
    if not rest and deed.perform is None:
        return w._("There was no text. Nothing was done.")
    return deed, rest


def _may_be_talk(deed: Deed, rest: RichText) -> bool:
    """ "Reject or approve, what do you think?" and "Ask Ruth first" are said to other moderators, not to the author."""
    asks = any(mark in rest.text for mark in _QUESTIONS)
    return (deed.name == "reject" and asks) or (deed.name == "ask" and not asks)


def _own_words_alone(w: Words) -> str:
    return w._(
        "Your words have this letter itself below them, and what moderators say among themselves with it. Please "
        "answer again with your own words alone. Nothing was done."
    )


def _words_offered(w: Words) -> str:
    said = [deed.word(w) for name in _OFFERED if (deed := DEEDS[name]).word is not None]
    return w._("Begin with one of: {words}", words=", ".join(said))


def _counts_no_more(w: Words) -> str:
    return w._(
        "The address that you answered to counts no more: it was used already, or there is a newer letter about the "
        "same post. Nothing was done."
    )


async def _letters(review: Review, address: Address) -> list[Delivery]:
    return [card for card in await ledger.card_rows(review.id) if card.address == address]
