"""The deed of taking a published post back, and an author's request for it."""

from datetime import datetime

from bridge.core.community import Community
from bridge.core.hygiene import clean_line
from bridge.core.message import Button, Content
from bridge.core.policy import Role
from bridge.core.states import PostState, ReviewState
from bridge.core.text import RichText, plain
from bridge.delivery import retracting as delivery
from bridge.delivery.directory import Directory
from bridge.members import contact
from bridge.members.reach import Letter
from bridge.moderation import authors, cards, corrections, crossing, decisions, powers
from bridge.moderation.acts import Act, Deed, Reply
from bridge.moderation.correcting import published, taken_back
from bridge.rendering.words import words
from bridge.storage import afterwards, audit, inbox, ledger, submissions
from bridge.storage.models import Review


async def question(act: Act) -> RichText | Reply:
    """The author is to know why."""
    post = await published(act)
    if isinstance(post, Reply):
        return post
    return plain(
        act.w._("#{number}: why is it taken back? Reply to this message. The author will read it.", number=act.number)
    )


async def retract(act: Act) -> Reply:
    """Take the post back everywhere, say where that is not possible, and tell the author why."""
    reason = clean_line(act.text.text, decisions.WORDS_LIMIT)
    if not reason:
        return decisions.told(decisions.Verdict.EMPTY, act)
    post = await published(act)
    if isinstance(post, Reply):
        return post
    submission, now = act.review.submission, act.now
    # What waits is closed first: whoever approves a correction locks it before the post, and so does this.
    await corrections.close(submission.id, act.identity, act.moderator.name, reason, now)
    if not await afterwards.retract(post, name=act.moderator.name, now=now):
        await post.refresh_from_db()
        return Reply(text=taken_back(post, act), alert=True)
    stays = await delivery.plan_removal(post, submission, act.desk.directory, now)
    await afterwards.give_reason(submission.id, reason)
    await audit.write(
        community=act.community.id,
        actor=submissions.audit_actor(act.identity),
        action="retract",
        now=now,
        review_id=act.review.id,
        revision=post.revision,
        detail=powers.audited(act, post=post.number, stays=len(stays)),
    )
    await cards.refresh_published([submission.id], now)
    where = ", ".join(await corrections.names(stays, act.community))
    told = await _tell_author(act, reason, where)
    await crossing.tell_others(post, act.desk.communities, now)
    return _answer(act, where, told=told)


async def _tell_author(act: Act, reason: str, where: str) -> bool:
    identity = act.review.submission.identity
    w = contact.language_of(identity, act.community)
    text = w._(
        "Your post #{number} has been taken back from the groups. The moderators write: {reason}",
        number=act.number,
        reason=reason.rstrip(". ") + ".",
    )
    if where:
        text += " " + w._("It cannot be removed in: {chats}.", chats=where)
    text += " " + w._("You can write a new post at any time.")
    letter = Letter(text=plain(text))
    return await authors.write(act.review, letter, act.community, act.desk.directory, act.now) is not None


def _answer(act: Act, where: str, *, told: bool) -> Reply:
    said = [act.w._("#{number} is taken back.", number=act.number)]
    if where:
        said.append(act.w._("It cannot be taken back there: {chats}.", chats=where))
    if not told:
        said.append(act.w._("The author could not be told privately."))
    return Reply(text=" ".join(said), alert=bool(where) or not told, on_card=not where and told)


# --- the author asks for it ---


async def ask_back(review: Review, community: Community, directory: Directory, now: datetime) -> str:
    """Tell the moderators that an author wants a published post taken back; returns what to tell the author."""
    number = review.submission.number
    w = contact.language_of(review.submission.identity, community)
    post = await submissions.post_of_submission(review.submission_id)
    if post is None:
        return w._("#{number} is not published.", number=number)
    if post.state == PostState.RETRACTED:
        return w._("#{number} has been taken back already.", number=number)
    if not await afterwards.is_asked_back(review):
        await audit.write(
            community=review.community,
            actor=submissions.audit_actor(review.submission.identity),
            action=afterwards.ASKED_BACK,
            now=now,
            review_id=review.id,
            revision=review.revision,
        )
        await _show_request(review, community, directory, now)
        await cards.refresh_published([review.submission_id], now)
    return w._("The moderators know that you want #{number} to be taken back. They decide soon.", number=number)


async def _show_request(review: Review, community: Community, directory: Directory, now: datetime) -> None:
    """In every moderators' channel, with the button that does it; a reply to it is a reply to the card."""
    w = words(community.language)
    number = review.submission.number
    text = w._("🙏 {community} #{number}: the author asks to take it back.", community=community.name, number=number)
    token = await submissions.handle("review", review.id, "retract", now, revision=review.revision)
    buttons = ((Button(label="🗑️ " + w._("Take it back"), emoji="🗑️", handle=token),),)
    for channel in community.moderators:
        address = await inbox.resolve(channel)
        if directory.capabilities(address) is None:
            continue
        card = await ledger.newest_card(review.id, review.revision, address)
        await ledger.plan(
            kind=ledger.EXHIBIT,
            address=address,
            now=now,
            content=Content(text=plain(text), buttons=buttons, reply_to=None if card is None else card.ref),
            community=community.id,
            review_id=review.id,
            revision=review.revision,
            view=afterwards.ASKED_BACK,
        )


DEEDS = (
    Deed(
        name="retract",
        word=lambda w: w._("retract"),
        question=question,
        heard=retract,
        role=Role.SENIOR,
        states=frozenset({ReviewState.APPROVED}),
        any_revision=True,
    ),
)
