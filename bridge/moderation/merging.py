"""Two items that say the same become one: the one is closed, the other goes on, and both authors hear of it."""

import re

from bridge.core.states import PostState, ReviewState, ReviewStep
from bridge.core.text import RichText, plain
from bridge.members import contact
from bridge.members.reach import Letter
from bridge.moderation import authors, cards, decisions, permissions, powers, profile_changes
from bridge.moderation.acts import Act, Deed, Reply
from bridge.storage import afterwards, audit, merges, reasons, submissions, undoing
from bridge.storage.models import Review

_NUMBER = re.compile(r"#?\s*(\d{1,15})\s*\.?")
_GOES_ON = (ReviewState.HELD, ReviewState.APPROVED)


async def question(act: Act) -> RichText | Reply:
    text = act.w._("#{number}: which post says the same? Reply to this message with its number.", number=act.number)
    alike = [code.removeprefix("duplicate:") for code in _reasons(act.review) if code.startswith("duplicate:")]
    if alike:
        text += " " + act.w._("It is nearly the same as #{number}.", number=alike[0])
    return plain(text)


def _reasons(review: Review) -> list[str]:
    known = reasons.of(review)
    return [*known.codes, *known.noted]


async def merge(act: Act) -> Reply:
    """``merge: 12``: this item says the same as #12."""
    review, w = act.review, act.w
    match = _NUMBER.fullmatch(act.text.text.strip())
    if match is None:
        text = w._("Please write the number of the post that says the same, for example: merge: 12. Nothing was done.")
        return Reply(text=text, alert=True)
    number = int(match[1])
    if review.kind == afterwards.CORRECTION:
        return Reply(text=w._("A correction cannot be joined with another post. Nothing was done."), alert=True)
    if number == act.number:
        return Reply(text=w._("#{number} is this very post. Nothing was done.", number=number), alert=True)
    target = await merges.by_number(act.community.id, number)
    refused = await _unfit(act, target, number)
    if target is None or refused:
        return Reply(text=refused, alert=True)
    if not await submissions.decide(
        review,
        ReviewStep.MERGE,
        revision=act.revision,
        by=act.identity,
        name=act.moderator.name,
        now=act.now,
        detail=powers.audited(act, into=number),
        merged_into=target.id,
    ):
        return decisions.told(await decisions.lost(review, act.revision), act)
    await audit.write(
        community=target.community,
        actor=submissions.audit_actor(act.identity),
        action="joined",
        now=act.now,
        review_id=target.id,
        revision=target.revision,
        detail={"number": act.number},
    )
    await submissions.close_queries(review.id)
    await cards.refresh(review, act.now)
    await cards.refresh(target, act.now)
    await profile_changes.not_forgotten(review.submission.identity, act.community, act.desk.directory, act.now)
    await _tell_authors(act, target)
    return Reply(text=w._("#{number} is joined with #{other}.", number=act.number, other=number), on_card=True)


async def _unfit(act: Act, target: Review | None, number: int) -> str:
    """Why nothing can be joined with that item; empty where it can. It is locked, and stays as it is."""
    w = act.w
    if target is None:
        return w._(
            "There is no #{number} in {community}. Nothing was done.", number=number, community=act.community.name
        )
    if permissions.is_own(target, act.identity) and not await permissions.owns_may(act.community, act.identity):
        # Whose post stands for both is decided, too.
        return w._("#{number} is your own post: another moderator must decide. Nothing was done.", number=number)
    if target.state == ReviewState.MERGED:
        further = None if target.merged_into is None else await submissions.review_by_id(target.merged_into)
        if further is not None and further.id == act.review.id:
            return w._("#{number} was joined with this one already. Nothing was done.", number=number)
        return w._(
            "#{number} was itself joined with #{other}. Nothing was done.",
            number=number,
            other="?" if further is None else further.submission.number,
        )
    post = await submissions.post_of_submission(target.submission_id)
    taken_back = post is not None and post.state == PostState.RETRACTED
    if target.state not in _GOES_ON or taken_back:
        return w._(
            "#{number} neither waits nor is it published, so nothing can be joined with it. Nothing was done.",
            number=number,
        )
    return ""


async def _tell_authors(act: Act, target: Review) -> None:
    """Both, kindly; somebody who wrote both hears it once."""
    identity, other = act.review.submission.identity, target.submission.identity
    numbers = {"number": act.number, "other": target.submission.number}
    w = contact.language_of(identity, act.community)
    if target.state == ReviewState.APPROVED:
        text = w._(
            "Thank you for your post #{number}. #{other}, which says the same, is published already, so #{number} was "
            "joined with it and does not go out by itself.",
            **numbers,
        )
    else:
        text = w._(
            "Thank you for your post #{number}. #{other} says the same, so the two were joined: #{number} does not go "
            "out by itself. You will hear here what becomes of #{other}.",
            **numbers,
        )
    await _tell(act, act.review, text)
    if identity.person_id != other.person_id:
        w = contact.language_of(other, act.community)
        text = w._(
            "Another member has written the same as your post #{other}. The moderators joined the two, and yours "
            "stands for both. Thank you.",
            other=numbers["other"],
        )
        await _tell(act, target, text)


async def _tell(act: Act, review: Review, text: str) -> None:
    grace = act.community.policy.undo
    letter, mark, due = Letter(text=plain(text)), undoing.ended(act.review) if grace else "", act.now + grace
    await authors.write(review, letter, act.community, act.desk.directory, act.now, mark=mark, due=due)


DEEDS = (Deed(name="merge", word=lambda w: w._("merge"), question=question, heard=merge, decides=True),)
