"""The deeds that end a review, and those that settle a send nobody knows the outcome of."""

from bridge.core.errors import TransitionRefused
from bridge.core.hygiene import clean_line, without_accents
from bridge.core.states import DeliveryStep
from bridge.core.text import RichText, plain
from bridge.moderation import decisions, votes
from bridge.moderation.acts import ALWAYS, Act, Deed, Reply
from bridge.moderation.effects import arrivals
from bridge.moderation.reasons import KEYCAPS, Reason, label
from bridge.rendering.words import Words
from bridge.storage import audit, ledger, submissions


async def approve(act: Act) -> Reply:
    return await votes.reply(act, await decisions.approve(act))


async def reject(act: Act) -> Reply:
    """By a button, with a reason of the list."""
    if not act.argument:
        return Reply(text=_choices(act.w), alert=True)
    verdict = await decisions.reject(act, reason=Reason(act.argument))
    return decisions.told(verdict, act)


async def reject_said(act: Act) -> Reply:
    """By a typed instruction: a reason of the list with or without more words, or words alone."""
    reason, own = named_reason(act.text.text, act.w)
    verdict = await decisions.reject(act, reason=reason, own_words=own)
    if verdict is decisions.Verdict.EMPTY:
        return Reply(text=_choices(act.w), alert=True)
    return decisions.told(verdict, act)


async def why(act: Act) -> RichText | Reply:
    return plain(act.w._("#{number}: why is it not published? Reply to this message.", number=act.number))


async def reject_words(act: Act) -> Reply:
    verdict = await decisions.reject(act, reason=Reason.OTHER, own_words=act.text.text)
    return decisions.told(verdict, act)


def _choices(w: Words) -> str:
    choices = ", ".join(f"{reason.value} ({label(reason, w)})" for reason in KEYCAPS)
    return w._("Please say why: reject <reason>. Reasons: {choices}, or your own words.", choices=choices)


def named_reason(text: str, w: Words) -> tuple[Reason, str]:
    """A reason of the list by its code or label, with what follows; else the moderator's own words."""
    said = clean_line(text, decisions.WORDS_LIMIT)
    for number, reason in enumerate(KEYCAPS, 1):
        if said == str(number):  # as the card numbers them
            return reason, ""
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


_REASONS = frozenset([*(reason.value for reason in KEYCAPS), *(str(number) for number in range(1, len(KEYCAPS) + 1))])
DEEDS = (
    Deed(name="approve", word=lambda w: w._("approve"), perform=approve, decides=True),
    Deed(
        name="reject", word=lambda w: w._("reject"), perform=reject, heard=reject_said, decides=True, options=_REASONS
    ),
    Deed(name="reject_words", question=why, heard=reject_words, decides=True),
    Deed(name="confirm", perform=confirm, states=ALWAYS, any_revision=True),
    Deed(name="send_again", perform=send_again, states=ALWAYS, any_revision=True),
)
