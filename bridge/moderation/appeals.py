"""A second look at a rejected item: once, by a moderator who did not reject it, and then final.

An appeal is a review of its own, of the same wording. Where nobody else may decide, the same person does, on a card
that says what it is.
"""

from datetime import datetime

from bridge.core.community import Community
from bridge.core.message import Button
from bridge.core.policy import Role
from bridge.core.states import ReviewState
from bridge.core.text import RichText, plain
from bridge.delivery.directory import Directory
from bridge.members import contact, reach
from bridge.members.reach import Letter
from bridge.moderation import cards, permissions
from bridge.moderation.acts import Act, Desk, Reply
from bridge.rendering.words import Words
from bridge.storage import audit, codec, dialogue, people, submissions
from bridge.storage.models import Identity, Review

KIND = "appeal"


async def possible(review: Review) -> bool:
    """May its author still ask for a second look?"""
    if review.kind != "post" or review.state != ReviewState.REJECTED or await dialogue.appealed(review):
        return False
    return await submissions.has_words(review.submission_id)


async def offer(said: RichText, review: Review, now: datetime, w: Words) -> Letter:
    """Why something was rejected, with the way to a second look."""
    token = await submissions.handle("submission", review.submission_id, KIND, now)
    return Letter(
        text=said,
        buttons=((Button(label=w._("Ask for a second look"), emoji="⚖️", handle=token),),),
        typed=how(review, w),
    )


def how(review: Review, w: Words) -> str:
    """The way to a second look, in words."""
    return w._("For a second look, write APPEAL {number}", number=review.submission.number)


async def appeal(
    found: Review, said: RichText, community: Community, identity: Identity, desk: Desk, w: Words
) -> Letter:
    """Hold a rejected item anew, as its author; returns what to tell them. ``said``: why, where they say so."""
    rejected = await submissions.locked_review(found.id)
    number = found.submission.number
    if found.kind == KIND or (rejected is not None and await dialogue.appealed(rejected)):
        return Letter(
            text=plain(w._("A second look at #{number} can be asked for once, and you have done so.", number=number))
        )
    if rejected is not None and not await submissions.has_words(rejected.submission_id):
        said_so = w._(
            "#{number} was rejected long ago, and its text is no longer kept. Please write it again.", number=number
        )
        return Letter(text=plain(said_so))
    if rejected is None or not await possible(rejected):
        return Letter(text=plain(w._("#{number} was not rejected: there is nothing to look at again.", number=number)))
    review = await dialogue.begin_appeal(
        rejected,
        said,
        approvals=await _approvals(rejected, community),
        by=str(identity.ref),
        name=identity.name,
        now=desk.now,
    )
    await audit.write(
        community=community.id,
        actor=submissions.audit_actor(identity),
        action=KIND,
        now=desk.now,
        review_id=review.id,
        revision=review.revision,
        detail={"about": rejected.id},
    )
    if rejected.consent in (dialogue.ASKED, dialogue.REFUSED):
        await _own_wording(review, desk.now)
    await cards.plan(review, community, desk.directory, desk.now, gather=False)
    await _tell_coordinators(review, rejected, community, desk.directory, desk.now)
    text = w._(
        "Thank you. The moderators will look at #{number} a second time. You will hear here what becomes of it.",
        number=number,
    )
    line = plain(text)
    if not said:
        text = " ".join((text, w._("If you want to say why, reply to this message.")))
    return Letter(text=plain(text), line=line, asks_reply=not said)


async def _own_wording(review: Review, now: datetime) -> None:
    """An appeal is about what its author wants to say: not about a wording that they never agreed to."""
    own = await submissions.authors_revision(review.submission_id)
    if own is not None:
        attachments = codec.load(codec.ATTACHMENTS, own.attachments)
        uncarried = codec.load(codec.UNCARRIED, own.uncarried)
        await submissions.revise(
            review,
            codec.load(codec.RICH_TEXT, own.text),
            attachments,
            uncarried,
            now,
            findings=own.findings,
        )


async def hindered(act: Act) -> Reply | None:
    """Why this person may not decide on an appeal: they rejected it, and somebody else can look."""
    about = act.review.about_review
    rejected = None if act.review.kind != KIND or about is None else await submissions.review_by_id(about)
    rejecter = None if rejected is None else permissions.ref_of(rejected.decided_by)
    if rejecter is None or not await permissions.is_among(act.identity, [rejecter]):
        return None
    if not await _others(act.review, act.identity, act.community):
        return None
    text = act.w._(
        "You rejected #{number} yourself: somebody else must decide on the appeal. Nothing was done.", number=act.number
    )
    return Reply(text=text, alert=True)


async def _others(review: Review, identity: Identity, community: Community) -> int:
    """How many people beside this one are known to decide on this, not counting the author.

    Where being in the channel is enough, who has decided before is known, too.
    """
    refs = await permissions.others(community, identity)
    if review.escalated_at is not None:
        refs = [
            ref for ref in await permissions.safeguarders(community) if not await permissions.is_among(identity, [ref])
        ]
    elif community.trust_channel:
        refs += [ref for text in await dialogue.deciders(community.id) if (ref := permissions.ref_of(text)) is not None]
    persons: set[object] = set()
    for ref in refs:
        other = await people.find(ref)
        if other is None:
            persons.add(ref)  # named in the config, and never met
        elif other.person_id not in (identity.person_id, review.submission.identity.person_id):
            persons.add(other.person_id)
    return len(persons)


async def _rejecter(rejected: Review) -> Identity | None:
    ref = permissions.ref_of(rejected.decided_by)
    return None if ref is None else await people.find(ref)


async def _approvals(rejected: Review, community: Community) -> int:
    """As many as were needed before, but no more than there are people who may give them."""
    rejecter = await _rejecter(rejected)
    if rejecter is None or community.trust_channel:
        return rejected.approvals
    return max(1, min(rejected.approvals, await _others(rejected, rejecter, community)))


async def _tell_coordinators(
    review: Review, rejected: Review, community: Community, directory: Directory, now: datetime
) -> None:
    """Where one moderator works alone, the coordinators hear that it is for them."""
    rejecter = await _rejecter(rejected)
    if rejecter is None or community.trust_channel:
        return
    roles = await permissions.roles(community)
    others = await permissions.others(community, rejecter)
    if not others or any(roles[ref] is not Role.COORDINATOR for ref in others):
        return
    for ref in others:
        coordinator = await people.find(ref)
        if coordinator is not None and coordinator.person_id != review.submission.identity.person_id:
            w = contact.language_of(coordinator, community)
            text = w._(
                "{community} #{number}: its author asks for a second look. The card is in the moderators' channel; it "
                "is for you, because the only moderator rejected it.",
                community=community.name,
                number=review.submission.number,
            )
            await reach.write(coordinator, Letter(text=plain(text)), community, directory, now)
