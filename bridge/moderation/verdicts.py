"""The deeds that end a review, and those that settle a send nobody knows the outcome of."""

from collections.abc import Sequence

from bridge.core.errors import TransitionRefused
from bridge.core.hygiene import clean_line, without_accents
from bridge.core.policy import NEUTRAL_REASONS
from bridge.core.states import DeliveryStep
from bridge.core.text import RichText, plain
from bridge.moderation import cards, decisions, votes
from bridge.moderation.acts import ALWAYS, Act, Deed, Reply
from bridge.moderation.effects import arrivals
from bridge.moderation.reasons import Reason, label
from bridge.rendering.words import Words
from bridge.storage import audit, ledger, submissions


async def approve(act: Act) -> Reply:
    return await votes.reply(act, await decisions.approve(act))


async def reject(act: Act) -> Reply:
    """By a button, with a reason of the list."""
    if not act.argument:
        return Reply(text=_choices(act), alert=True)
    reason = Reason(act.argument)
    if reason not in act.community.policy.reasons:  # a card from before the config was changed
        await cards.refresh(act.review, act.now)
        return Reply(text=_choices(act), alert=True)
    verdict = await decisions.reject(act, reason=reason)
    return decisions.told(verdict, act)


async def reject_said(act: Act) -> Reply:
    """By a typed instruction: a reason of the list with or without more words, or words alone."""
    offered = act.community.policy.reasons
    reason, own = named_reason(act.text.text, act.w, offered)
    if reason not in (*offered, Reason.OTHER):
        return Reply(text=_choices(act), alert=True)
    verdict = await decisions.reject(act, reason=reason, own_words=own)
    if verdict is decisions.Verdict.EMPTY:
        return Reply(text=_choices(act), alert=True)
    return decisions.told(verdict, act)


async def why(act: Act) -> RichText | Reply:
    return plain(act.w._("#{number}: why is it not published? Reply to this message.", number=act.number))


async def reject_words(act: Act) -> Reply:
    verdict = await decisions.reject(act, reason=Reason.OTHER, own_words=act.text.text)
    return decisions.told(verdict, act)


def _choices(act: Act) -> str:
    w = act.w
    choices = ", ".join(f"{reason.value} ({label(reason, w)})" for reason in act.community.policy.reasons)
    return w._("Please say why: reject <reason>. Reasons: {choices}, or your own words.", choices=choices)


def named_reason(text: str, w: Words, offered: Sequence[Reason] = NEUTRAL_REASONS) -> tuple[Reason, str]:
    """A reason by its code or label, with what follows; else the moderator's own words. ``offered``: as numbered."""
    said = clean_line(text, decisions.WORDS_LIMIT)
    numbered = {str(number): reason for number, reason in enumerate(offered, 1)}  # as on the card
    if said in numbered:
        return numbered[said], ""
    for reason in NEUTRAL_REASONS:
        for name in (reason.value, label(reason, w)):
            if without_accents(said) == without_accents(name):
                return reason, ""
            if said.casefold().startswith((f"{name.casefold()}:", f"{name.casefold()}.", f"{name.casefold()},")):
                return reason, said[len(name) + 1 :].strip()
    return Reason.OTHER, said


async def settle(act: Act, step: DeliveryStep) -> Reply:
    """Say of an uncertain send that it is there, or that it is to be sent again."""
    effects = arrivals(act.desk.communities, lambda: act.now)
    try:
        await ledger.settle(int(act.argument or 0), step, act.now, effects, by=str(act.moderator.sender.ref))
    except (TransitionRefused, LookupError):
        return Reply(text=act.w._("That has been settled already."), alert=True)
    await audit.write(
        community=act.community.id,
        actor=submissions.audit_actor(act.identity),
        action=step.value,
        now=act.now,
        review_id=act.review.id,
        revision=act.revision,
        detail={"delivery": int(act.argument or 0)},
    )
    return Reply(text=act.w._("Done."))


async def confirm(act: Act) -> Reply:
    return await settle(act, DeliveryStep.CONFIRM)


async def send_again(act: Act) -> Reply:
    return await settle(act, DeliveryStep.SEND_AGAIN)


_REASONS = frozenset([*NEUTRAL_REASONS, *(str(number) for number in range(1, len(NEUTRAL_REASONS) + 1))])
DEEDS = (
    Deed(name="approve", word=lambda w: w._("approve"), perform=approve, decides=True),
    Deed(
        name="reject", word=lambda w: w._("reject"), perform=reject, heard=reject_said, decides=True, options=_REASONS
    ),
    Deed(name="reject_words", question=why, heard=reject_words, decides=True),
    Deed(name="confirm", perform=confirm, states=ALWAYS, any_revision=True),
    Deed(name="send_again", perform=send_again, states=ALWAYS, any_revision=True),
)
