"""What happens in a moderators' channel: buttons and reactions on cards, replies to cards and prompts, commands."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from bridge.core.community import Communities, Community
from bridge.core.errors import TransitionRefused
from bridge.core.hygiene import clean_line
from bridge.core.ids import Address, RemoteRef
from bridge.core.message import Content
from bridge.core.states import DeliveryState, DeliveryStep
from bridge.core.text import MarkKind, RichText, joined, marked, plain
from bridge.delivery.directory import Directory
from bridge.members import contact
from bridge.members.profiles import shown_name
from bridge.moderation import cards, decisions, panel
from bridge.moderation.decisions import Moderator, Verdict
from bridge.moderation.effects import arrivals
from bridge.moderation.reasons import KEYCAPS, Reason, label
from bridge.rendering.words import Words, words
from bridge.storage import codec, inbox, ledger, submissions
from bridge.storage.models import Delivery, Handle, Review

PROMPTS = ("reject_words", "edit", "ask")


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What the person who acted is told; ``alert`` when it must not be overlooked."""

    text: str
    alert: bool = False


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What acting in a channel needs."""

    communities: Communities
    directory: Directory
    now: datetime


async def press(desk: Desk, handle: Handle, moderator: Moderator, message: RemoteRef | None) -> Reply:
    """A button of a card was pressed (or its reaction given). Authorised here and now, by the person."""
    review = await submissions.review_by_id(handle.subject_id)
    community = None if review is None else desk.communities.get(review.community)
    if review is None or community is None:
        return Reply(text=words("")._("This button no longer does anything."), alert=True)
    w = words(community.language)
    if not decisions.check(community, moderator):
        return _verdict(Verdict.FORBIDDEN, review, w)
    if handle.action in ("confirm", "send_again"):
        return await _settle(desk, handle, moderator, w)
    if (refused := decisions.standing(review, handle.revision)) is not None:
        return _verdict(refused, review, w)
    card = await _card(review, moderator.channel, message)
    if handle.action in ("reasons", "back"):
        if card is not None:
            await ledger.set_view(card, panel.REASONS if handle.action == "reasons" else panel.MAIN)
            await cards.refresh_one(card, desk.now)
        return Reply(text=w._("Why?") if handle.action == "reasons" else "")
    if handle.action in PROMPTS:
        await _prompt(desk, review, community, moderator, card, handle.action, w)
        return Reply(text=w._("Please reply to the message I just sent."))
    if handle.action == "approve":
        verdict = await decisions.approve(review, handle.revision, community, moderator, desk.directory, desk.now)
    elif handle.action == "reject":
        verdict = await decisions.reject(
            review,
            handle.revision,
            community,
            moderator,
            desk.directory,
            desk.now,
            reason=Reason(handle.argument),
        )
    else:
        return Reply(text=w._("This button no longer does anything."), alert=True)
    return _verdict(verdict, review, w)


def _verdict(verdict: Verdict, review: Review, w: Words) -> Reply:
    return Reply(text=decisions.verdict_words(verdict, review, w), alert=verdict is not Verdict.DONE)


async def _card(review: Review, channel: Address, message: RemoteRef | None) -> Delivery | None:
    if message is not None:
        row = await ledger.find_by_ref(message)
        if row is not None and row.kind == ledger.CARD:
            return row
    here = await inbox.resolve(channel)
    rows = [row for row in await ledger.card_rows(review.id) if await inbox.resolve(row.address) == here]
    return rows[-1] if rows else None


async def _settle(desk: Desk, handle: Handle, moderator: Moderator, w: Words) -> Reply:
    step = DeliveryStep.CONFIRM if handle.action == "confirm" else DeliveryStep.SEND_AGAIN
    try:
        await ledger.settle(
            int(handle.argument),
            step,
            desk.now,
            arrivals(desk.communities, lambda: desk.now),
            by=str(moderator.sender.ref),
        )
    except (TransitionRefused, LookupError):
        return Reply(text=w._("That has been settled already."), alert=True)
    return Reply(text=w._("Done."))


async def _prompt(
    desk: Desk,
    review: Review,
    community: Community,
    moderator: Moderator,
    card: Delivery | None,
    action: str,
    w: Words,
) -> None:
    """Ask the moderator to type something, as a reply to a message that remembers what it is for."""
    number = review.submission.number
    match action:
        case "reject_words":
            text = plain(w._("#{number}: why is it not published? Reply to this message.", number=number))
        case "ask":
            text = plain(w._("#{number}: what do you want to ask the author? Reply to this message.", number=number))
        case _:
            wording = codec.load(codec.RICH_TEXT, (await submissions.revision_of(review)).text)
            intro = w._("#{number}: reply to this message with the new wording. It is now:", number=number)
            text = plain(intro) + "\n\n" + wording
    room = 3000
    content = Content(
        text=text if len(text) <= room else text.shortened(room),
        reply_to=None if card is None else card.ref,
        asks_reply=True,
    )
    await ledger.plan(
        kind=ledger.PROMPT,
        address=await inbox.resolve(moderator.channel),
        now=desk.now,
        content=content,
        community=community.id,
        review_id=review.id,
        revision=review.revision,
        view=action,
        lifetime=contact.NOTICE_LIFETIME,
    )


async def reply(desk: Desk, row: Delivery, text: RichText, moderator: Moderator, said: RemoteRef) -> None:
    """A reply to a card or a prompt. Anything that is no instruction is talk among moderators, and goes nowhere."""
    review = await cards.of_message(row)
    community = None if review is None else desk.communities.get(review.community)
    if review is None or community is None:
        return
    w = words(community.language)
    if row.kind == ledger.PROMPT:
        action, rest = row.view, text
    else:
        found = instruction(text, w)
        if found is None:
            return
        action, rest = found
    if not decisions.check(community, moderator):
        verdict = Verdict.FORBIDDEN
    else:
        verdict = await _carry_out(desk, review, row.revision, community, moderator, action, rest, w)
    if verdict is Verdict.EMPTY and action in ("reject", "reject_words"):
        choices = ", ".join(f"{reason.value} ({label(reason, w)})" for reason in KEYCAPS)
        answer = w._("Please say why: reject <reason>. Reasons: {choices}, or your own words.", choices=choices)
    elif verdict is Verdict.DONE and action not in ("ask", "edit"):
        return  # the card itself shows it
    else:
        answer = decisions.verdict_words(verdict, review, w)
    await tell_channel(desk, said, answer, community)


async def tell_channel(desk: Desk, said: RemoteRef, answer: str, community: Community) -> None:
    """Answer under what a moderator wrote; the same words only once a minute."""
    content = Content(text=plain(answer), reply_to=said, silent=True)
    if not await ledger.said_lately(said.address, content, desk.now - timedelta(seconds=60)):
        await contact.say(said.address, content, community, desk.now)


async def _carry_out(
    desk: Desk,
    review: Review,
    revision: int,
    community: Community,
    moderator: Moderator,
    action: str,
    rest: RichText,
    w: Words,
) -> Verdict:
    common = (review, revision, community, moderator, desk.directory, desk.now)
    match action:
        case "approve":
            return await decisions.approve(*common)
        case "reject":
            reason, own = named_reason(rest.text, w)
            return await decisions.reject(*common, reason=reason, own_words=own)
        case "reject_words":
            return await decisions.reject(*common, reason=Reason.OTHER, own_words=rest.text)
        case "edit":
            return await decisions.edit(*common, text=rest)
        case _:
            return await decisions.ask(*common, question=rest.text)


def instruction(text: RichText, w: Words) -> tuple[str, RichText] | None:
    """``approve``, ``reject <reason>``, ``ask <question>``, ``edit <wording>``, also in the channel's language."""
    match = re.match(r"\s*[/!]?(\w+)[:,.]?(\s+|$)", text.text)
    if match is None:
        return None
    word = match[1].casefold()
    rest = text[match.end() :].strip()
    for action, local in (
        ("approve", w._("approve")),
        ("reject", w._("reject")),
        ("ask", w._("ask")),
        ("edit", w._("edit")),
    ):
        if word in (action, local.casefold()):
            # "approve of this?" is talk; "approve" alone is a decision.
            return None if action == "approve" and rest else (action, rest)
    return None


def named_reason(text: str, w: Words) -> tuple[Reason, str]:
    """A reason of the list by its code or label, with what follows; else the moderator's own words."""
    said = clean_line(text, decisions.WORDS_LIMIT)
    for reason in KEYCAPS:
        for name in (reason.value, label(reason, w)):
            if said.casefold() == name.casefold():
                return reason, ""
            if said.casefold().startswith((f"{name.casefold()}:", f"{name.casefold()}.", f"{name.casefold()},")):
                return reason, said[len(name) + 1 :].strip()
    return Reason.OTHER, said


async def react(desk: Desk, row: Delivery, emoji: str, moderator: Moderator) -> Reply | None:
    """A reaction to a message of ours: the button that this reaction stands for. None where it stands for nothing."""
    token = await token_for(row, emoji)
    if token is None:
        return None
    handle = await submissions.handle_by_token(token)
    if handle is None or handle.subject != "review":
        return None
    return await press(desk, handle, moderator, row.ref)


async def token_for(row: Delivery, emoji: str) -> str | None:
    """The handle that a reaction to one of our messages stands for: of the newest buttons it was given."""
    edits = await Delivery.filter(target_id=row.id, operation=ledger.EDIT, state=DeliveryState.DELIVERED).order_by("id")
    wanted = emoji.replace("\ufe0f", "")
    for version in (*reversed(edits), row):
        if not version.content:
            continue
        for line in codec.load(codec.CONTENT, version.content).buttons:
            for button in line:
                if button.handle and button.emoji.replace("\ufe0f", "") == wanted:
                    return button.handle
    return None


async def queue(desk: Desk, channel: Address) -> Content:
    """``/queue``: what waits, longest first. Cards that this channel was never shown come along."""
    lines: list[RichText] = []
    for community in desk.communities.of_moderators(await inbox.origin(channel)):
        w = words(community.language)
        count = await submissions.count_held(community.id)
        title = w.ngettext(
            "{community}: {count} post waiting", "{community}: {count} posts waiting", count, community=community.name
        )
        lines.append(marked(title, MarkKind.BOLD))
        for review in await submissions.held(community.id):
            await cards.plan_missing(review, community, await inbox.resolve(channel), desk.directory, desk.now)
            minutes = max(0, int((desk.now - review.created_at).total_seconds() // 60))
            lines.append(
                plain(
                    w._(
                        "#{number} · {name} · for {minutes} min",
                        number=review.submission.number,
                        name=shown_name(review.submission.identity, w),
                        minutes=w.number(minutes),
                    )
                )
            )
    return Content(text=joined(lines, "\n"))
