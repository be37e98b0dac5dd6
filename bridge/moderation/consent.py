"""The author's word on a moderator's wording, where the community wants it for changes beyond trivial ones.

Consent is asked for exactly one wording. A later edit asks anew, and the buttons for an older wording say so.
"""

from bridge.core.states import ReviewState
from bridge.core.text import RichText, plain
from bridge.members import answers
from bridge.members.reach import Letter
from bridge.moderation import asking, cards, letters, permissions
from bridge.moderation.acts import Act, Desk, Reply
from bridge.rendering.edits import is_trivial
from bridge.rendering.words import Words
from bridge.storage import audit, codec, dialogue, submissions
from bridge.storage import desk as store
from bridge.storage.models import Query, Review

ACTIONS = frozenset({"agree", "disagree"})


async def after_edit(act: Act) -> Reply | None:
    """Ask the author about the wording that a moderator has just given; None where that is not needed.

    Compared with the latest wording that is the author's own or that they agreed to.
    """
    review = act.review
    await dialogue.close_consents(review.id)
    if not act.community.policy.consent_to_edits or permissions.is_own(review, act.identity):
        await store.dress(review, consent="")
        return None
    base = await letters.agreed(review, review.revision)
    before, after = (
        codec.load(codec.RICH_TEXT, wording.text) for wording in (base, await submissions.revision_of(review))
    )
    if is_trivial(before, after):
        await store.dress(review, consent=dialogue.GIVEN if base.editor else "")
        return None
    waiting = await dialogue.undelivered(await dialogue.open_of_review(review.id))
    query = await submissions.ask(
        review, "", by=act.identity, name=act.moderator.name, now=act.now, kind=dialogue.CONSENT
    )
    await store.dress(review, consent=dialogue.ASKED, lapses_from=act.now)
    if await letters.put(query, review, act.community, act.desk.directory, act.now) is not None:
        return Reply(text=act.w._("Saved. The author is asked to agree to the new wording."))
    return Reply(text=await asking.unreached(act, invited_before=bool(waiting)), alert=True)


async def press(query: Query, review: Review, action: str, desk: Desk, w: Words) -> Reply | Letter:
    """A button under the request."""
    stale = _stale(query, review, w)
    if stale:
        return Reply(text=stale, alert=True)
    decision = answers.Decision(agrees=action == "agree")
    return await _settled(query, review, decision, desk, w)


async def hear(query: Query, review: Review, said: RichText, desk: Desk, w: Words) -> Letter:
    """The same in words; words that are neither yes nor no are shown to the moderators."""
    stale = _stale(query, review, w)
    if stale:
        return Letter(text=plain(stale))
    decision = answers.decision(said, w)
    if decision is not None:
        return await _settled(query, review, decision, desk, w)
    await dialogue.comment(query, said)
    await cards.refresh(review, desk.now)
    yes, no = (answers.terms(word)[0].upper() for word in (w._("yes"), w._("no")))
    number = review.submission.number
    return Letter(
        text=plain(
            w._(
                "Your words about #{number} are with the moderators. Do you agree to the changed wording? Write {yes} "
                "or {no}.",
                number=number,
                yes=yes,
                no=no,
            )
        )
    )


def _stale(query: Query, review: Review, w: Words) -> str:
    """Why an answer to this request counts no more; empty where it does."""
    number = review.submission.number
    if query.answered_at is not None:
        if query.answer == dialogue.GIVEN:
            return w._("You have already agreed to this wording of #{number}.", number=number)
        return w._("You have already said that you do not agree to this wording of #{number}.", number=number)
    if query.closed or review.state != ReviewState.HELD or review.consent != dialogue.ASKED:
        return w._("#{number} has been changed or decided since: nobody waits for this any more.", number=number)
    return ""


async def _settled(query: Query, review: Review, decision: answers.Decision, desk: Desk, w: Words) -> Letter:
    number = review.submission.number
    if not await dialogue.settle_consent(query, agrees=decision.agrees, words=decision.words, now=desk.now):
        return Letter(text=plain(w._("#{number} has been decided meanwhile.", number=number)))
    await store.dress(review, consent=dialogue.GIVEN if decision.agrees else dialogue.REFUSED)
    if not await dialogue.open_of_review(review.id):
        await store.dress(review, lapses_from=None)
    await audit.write(
        community=review.community,
        actor=submissions.audit_actor(review.submission.identity),
        action="consent_given" if decision.agrees else "consent_refused",
        now=desk.now,
        review_id=review.id,
        revision=query.revision,
    )
    await cards.refresh(review, desk.now)
    if decision.agrees:
        text = w._("Thank you. The moderators know that you agree to the new wording of #{number}.", number=number)
    else:
        text = w._(
            "Thank you. #{number} will not be published with that wording. The moderators see that you do not agree.",
            number=number,
        )
    return Letter(text=plain(text))
