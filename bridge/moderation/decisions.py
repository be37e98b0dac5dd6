"""Decisions that end a review: approve, reject, withdraw. Each is one conditional change of state."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from bridge.core.community import Community
from bridge.core.hygiene import clean_line
from bridge.core.message import Button, Content
from bridge.core.states import ReviewState, ReviewStep
from bridge.core.text import plain
from bridge.delivery import planning
from bridge.delivery.directory import Directory
from bridge.members import contact
from bridge.members.profiles import shown_name
from bridge.moderation import cards, publication
from bridge.moderation.acts import Act, Reply
from bridge.moderation.facts import facts_of
from bridge.moderation.panel import refusal_sentence
from bridge.moderation.reasons import Reason
from bridge.rendering.diff import changed
from bridge.rendering.words import Words
from bridge.storage import codec, desk, inbox, submissions
from bridge.storage.models import Identity, Review
from bridge.storage.models_desk import Vote

WORDS_LIMIT = 600


class Verdict(StrEnum):
    DONE = "done"
    STALE = "stale"
    """The author (or a moderator) has changed the text since, or what the card shows is not what would go out."""
    DECIDED = "decided"
    """Somebody was first."""
    FORBIDDEN = "forbidden"
    EMPTY = "empty"
    UNREACHABLE = "unreachable"
    UNTOLD = "untold"
    """Done, and the author could not be told privately."""
    VOTED = "voted"
    """Counted; another moderator must approve, too."""
    AWAITS_CONSENT = "awaits_consent"


def standing(review: Review, revision: int) -> Verdict | None:
    """Why a decision on this revision cannot be taken any more; None where it can."""
    if review.state != ReviewState.HELD:
        return Verdict.DECIDED
    return Verdict.STALE if review.revision != revision else None


async def approve(act: Act, *, at: datetime | None = None) -> Verdict:
    """Post, audit line, one delivery row per physical message, cards and the author's notice: all or nothing.

    ``at``: not to be sent before, None for as soon as the community allows.
    """
    review, community = act.review, act.community
    if (refused := standing(review, act.revision)) is not None:
        return refused
    facts = await facts_of(review, community, act.revision)
    channel = await inbox.resolve(act.moderator.channel)
    if not await cards.shows(review, channel, facts.fingerprint):
        await cards.refresh(review, act.now)
        return Verdict.STALE
    if review.consent in ("asked", "refused"):
        return Verdict.AWAITS_CONSENT
    if review.approvals > 1 and not await _enough(act, facts.fingerprint):
        await cards.refresh(review, act.now)
        return Verdict.VOTED
    detail = {"shows": facts.fingerprint}
    if not await submissions.decide(
        review,
        ReviewStep.APPROVE,
        revision=act.revision,
        by=act.identity,
        name=act.moderator.name,
        now=act.now,
        detail=detail,
    ):
        return await lost(review, act.revision)
    await after_approval(review, community, act.desk.directory, act.now, at=at)
    return Verdict.DONE


async def _enough(act: Act, shows: str) -> bool:
    """Add this moderator's approval of exactly what their card shows, and count them."""
    review = act.review
    known = await desk.votes(review.id, act.revision, shows)
    if all(vote.person_id != act.identity.person_id for vote in known):
        known.append(
            await Vote.create(
                review_id=review.id,
                revision=act.revision,
                shows=shows,
                person_id=act.identity.person_id,
                actor=str(act.identity.ref),
                name=act.moderator.name,
                at=act.now,
            )
        )
    return len(known) >= review.approvals


async def after_approval(
    review: Review, community: Community, directory: Directory, now: datetime, *, at: datetime | None = None
) -> None:
    """What follows from an approval, whoever gave it: the post, the cards, the author's notice."""
    await submissions.close_queries(review.id)
    submission = review.submission
    identity = submission.identity
    wording = await submissions.revision_of(review)
    publish_at = max(at or now, now + community.policy.undo)
    post = await publication.publish(review, wording, community, directory, now, at=publish_at)
    await cards.refresh(review, now)
    w = contact.language_of(identity, community)
    text = w.ngettext(
        "Your post #{number} was approved. It is on its way to {count} group.",
        "Your post #{number} was approved. It is on its way to {count} groups.",
        len(planning.chosen(post, community)),
        number=submission.number,
    )
    told = plain(text)
    own = await submissions.authors_revision(submission.id, before=wording.number) if wording.editor else None
    if own is not None:
        before, after = codec.load(codec.RICH_TEXT, own.text), codec.load(codec.RICH_TEXT, wording.text)
        told = told + " " + w._("A moderator changed the wording:") + "\n\n" + (changed(before, after) or after)
    await contact.tell(identity, Content(text=told), community, directory, now, review_id=review.id, due=publish_at)


async def reject(act: Act, *, reason: Reason, own_words: str = "") -> Verdict:
    """Not published, with a reason from the closed list or in the moderator's words; the author is told privately."""
    review, community, directory, now = act.review, act.community, act.desk.directory, act.now
    own_words = clean_line(own_words, WORDS_LIMIT)
    if reason is Reason.OTHER and not own_words:
        return Verdict.EMPTY
    if (refused := standing(review, act.revision)) is not None:
        return refused
    if not await submissions.decide(
        review,
        ReviewStep.REJECT,
        revision=act.revision,
        by=act.identity,
        name=act.moderator.name,
        now=now,
        reason=reason.value,
        words=own_words,
    ):
        return await lost(review, act.revision)
    await submissions.close_queries(review.id)
    await cards.refresh(review, now)
    identity = review.submission.identity
    w = contact.language_of(identity, community)
    why = Content(text=plain(rejection_text(review, reason, own_words, w)))
    if await contact.tell(identity, why, community, directory, now, review_id=review.id) is not None:
        return Verdict.DONE
    await _hint_in_group(review, community, directory, now)
    return Verdict.UNTOLD


async def _hint_in_group(review: Review, community: Community, directory: Directory, now: datetime) -> None:
    """Who cannot be reached privately hears in the group that there is something to ask for; never the reason."""
    submission = review.submission
    if submission.private:
        return
    w = contact.language_of(submission.identity, community)
    await contact.reply_in_group(
        submission.source,
        w._(
            "{name}, your message was not published. Write to me privately to learn why.",
            name=shown_name(submission.identity, w),
        ),
        community,
        directory,
        now,
        link_label=w._("Write to me"),
        start_payload=community.id,
    )


def rejection_text(review: Review, reason: Reason, own_words: str, w: Words) -> str:
    """What the author reads."""
    if reason is Reason.OTHER:
        return w._(
            "Your post #{number} was not published. The moderator writes: {words} You can change it and send it again.",
            number=review.submission.number,
            words=own_words,
        )
    return w._(
        "Your post #{number} was not published because {reason}. You can change it and send it again.",
        number=review.submission.number,
        reason=refusal_sentence(reason, own_words, w).rstrip(". "),
    )


async def withdraw(review: Review, community: Community, directory: Directory, now: datetime) -> Verdict:
    """The author takes a held post back."""
    if review.state != ReviewState.HELD:
        return Verdict.DECIDED
    identity = review.submission.identity
    if not await submissions.decide(
        review, ReviewStep.WITHDRAW, revision=review.revision, by=identity, name=identity.name, now=now
    ):
        return await lost(review, review.revision)
    await submissions.close_queries(review.id)
    await cards.refresh(review, now)
    w = contact.language_of(identity, community)
    text = w._("Your post #{number} is withdrawn. It will not be published.", number=review.submission.number)
    await contact.tell(identity, Content(text=plain(text)), community, directory, now)
    return Verdict.DONE


async def lost(review: Review, revision: int) -> Verdict:
    """Somebody else's update came first: say which it was."""
    fresh = await submissions.review_by_id(review.id)
    if fresh is not None:
        review.update_from_dict(
            {name: getattr(fresh, name) for name in ("state", "revision", "decided_by", "decided_name", "decided_at")}
        )
    return standing(review, revision) or Verdict.DECIDED


def verdict_words(verdict: Verdict, review: Review, w: Words) -> str:
    """The short answer a presser is shown."""
    number = review.submission.number
    match verdict:
        case Verdict.DONE:
            return w._("Done.")
        case Verdict.STALE:
            return w._("#{number} has been changed since. Look at the newer card; nothing was done.", number=number)
        case Verdict.FORBIDDEN:
            return w._("Only this community's moderators may decide. Nothing was done.")
        case Verdict.UNTOLD:
            return w._(
                "Done. The author could not be told privately: they have not opened a private chat with the bot."
            )
        case Verdict.EMPTY:
            return w._("There was no text. Nothing was done.")
        case Verdict.VOTED:
            return w._("Your approval of #{number} is counted. Another moderator must approve it, too.", number=number)
        case Verdict.AWAITS_CONSENT:
            return w._(
                "The author of #{number} has not agreed to the changed wording. Nothing was done. "
                "You can wait for the answer, or edit again.",
                number=number,
            )
        case Verdict.UNREACHABLE:
            return w._(
                "The author has not opened a private chat with the bot and cannot be asked. Nothing was done. "
                "You can reject with a reason, or decide as it is."
            )
        case Verdict.DECIDED:
            return already(review, w)


def reply(verdict: Verdict, review: Review, w: Words) -> Reply:
    """What the person who acted is told."""
    done = verdict is Verdict.DONE
    return Reply(text=verdict_words(verdict, review, w), alert=not done and verdict is not Verdict.VOTED, on_card=done)


def already(review: Review, w: Words) -> str:
    """Who was first, and with what."""
    values = {"number": review.submission.number, "name": review.decided_name}
    when = f" ({w.time(review.decided_at)})" if review.decided_at is not None else ""
    match review.state:
        case ReviewState.APPROVED:
            return w._("{name} has already approved #{number}.", **values) + when
        case ReviewState.REJECTED:
            return w._("{name} has already rejected #{number}.", **values) + when
        case ReviewState.WITHDRAWN:
            return w._("The author has withdrawn #{number}. Nothing was published.", **values) + when
        case _:
            return w._("#{number} is no longer waiting.", **values) + when


def held_receipt(
    identity: Identity, review: Review, community: Community, withdraw_token: str, *, also: Sequence[str] = ()
) -> Content:
    """What an author hears at once; ``also``: further sentences, about files that were not carried."""
    w = contact.language_of(identity, community)
    text = w._(
        "Thank you. Your post #{number} to {community} is with the moderators. You will hear here what becomes of it.",
        number=review.submission.number,
        community=community.name,
    )
    button = Button(label=w._("Withdraw it"), emoji="🗑️", handle=withdraw_token)
    return Content(text=plain("\n".join((text, *also))), buttons=((button,),))
