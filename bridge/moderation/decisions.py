"""Decisions that end a review: approve, reject, withdraw. Each is one conditional change of state."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from bridge.core.community import Communities, Community
from bridge.core.hygiene import clean_line
from bridge.core.message import Button, Content
from bridge.core.states import ReviewState, ReviewStep
from bridge.core.text import plain
from bridge.delivery.directory import Directory
from bridge.members import contact, reach
from bridge.members.profiles import shown_name
from bridge.members.prompts import owed_text
from bridge.members.reach import Letter
from bridge.moderation import (
    authors,
    cards,
    corrections,
    crossing,
    joined,
    joining,
    outcomes,
    powers,
    profile_changes,
    publication,
    schedule,
)
from bridge.moderation.acts import Act, Reply
from bridge.moderation.facts import facts_of
from bridge.moderation.reasons import Reason
from bridge.rendering.words import Words
from bridge.storage import afterwards, audit, desk, inbox, submissions, undoing, votes
from bridge.storage.models import Identity, Review

WORDS_LIMIT = 600


class Verdict(StrEnum):
    DONE = "done"
    STALE = "stale"
    """The author (or a moderator) has changed the text since, or what the card shows is not what would go out."""
    DECIDED = "decided"
    """Somebody was first."""
    FORBIDDEN = "forbidden"
    EMPTY = "empty"
    UNTOLD = "untold"
    """Done, and the author could not be told privately."""
    VOTED = "voted"
    """Counted; another moderator must approve, too."""
    AWAITS_CONSENT = "awaits_consent"
    TAKEN_BACK = "taken_back"
    """A correction of what is no longer published."""
    NO_PROFILE = "no_profile"
    """Its author must first say who they are."""
    NOWHERE = "nowhere"
    """None of the groups that were chosen is connected any more."""


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
    if review.approvals > 1:
        await submissions.lock(review)  # votes are counted one after the other, each seeing those before it
    if (refused := standing(review, act.revision)) is not None:
        return refused
    facts = await facts_of(review, community, act.revision)
    channel = await inbox.resolve(act.moderator.channel)
    if not await cards.shows(review, channel, facts.fingerprint):
        await cards.refresh(review, act.now)
        return Verdict.STALE
    if review.consent in ("asked", "refused"):
        return Verdict.AWAITS_CONSENT
    if facts.owed:
        return await _ask_who(act)
    if facts.targets.isdisjoint(facts.titles) and facts.targets and review.kind != afterwards.CORRECTION:
        return Verdict.NOWHERE
    if review.approvals > 1 and not await _enough(act, facts.fingerprint):
        await cards.refresh(review, act.now)
        return Verdict.VOTED
    if review.kind == afterwards.CORRECTION and not await corrections.possible(review):
        return Verdict.TAKEN_BACK
    detail = powers.audited(act, shows=facts.fingerprint)
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
    await profile_changes.approve_with_post(act, facts.unseen)
    await votes.forget(review.id)  # they are in the audit log: once undone, all are asked anew
    await after_approval(
        review, community, act.desk.directory, act.now, at=at, communities=act.desk.communities, by=act.identity
    )
    return Verdict.DONE


async def _ask_who(act: Act) -> Verdict:
    """Ask the author who they are, and say so."""
    identity, community = act.review.submission.identity, act.community
    w = contact.language_of(identity, community)
    letter = Letter(text=plain(await owed_text(identity, community, w)))
    told = await reach.write(identity, letter, community, act.desk.directory, act.now, review_id=act.review.id)
    if told is None:
        await reach.invite(act.review.submission, community, act.desk.directory, act.now)
    return Verdict.NO_PROFILE


async def _enough(act: Act, shows: str) -> bool:
    """Add this moderator's approval of exactly what their card shows, and count them."""
    review = act.review
    known = await desk.votes(review.id, act.revision, shows)
    if all(vote.person_id != act.identity.person_id for vote in known):
        known.append(
            await votes.cast(review, act.revision, shows, by=act.identity, name=act.moderator.name, now=act.now)
        )
        await audit.write(
            community=review.community,
            actor=submissions.audit_actor(act.identity),
            action="vote",
            now=act.now,
            review_id=review.id,
            revision=act.revision,
            detail=powers.audited(act, shows=shows, count=len(known), needed=review.approvals),
        )
    return len(known) >= review.approvals


async def after_approval(
    review: Review,
    community: Community,
    directory: Directory,
    now: datetime,
    *,
    at: datetime | None = None,
    communities: Communities | None = None,
    by: Identity | None = None,
) -> None:
    """What follows from an approval, whoever gave it: the post, its copies elsewhere, the cards, the author's notice.

    ``communities``: those that copies can be offered to; ``by``: who approved, None for the program itself.
    """
    if review.kind == afterwards.CORRECTION:
        await corrections.carry_out(review, community, directory, now, at=at, communities=communities)
        return
    await submissions.close_queries(review.id)
    submission = review.submission
    identity = submission.identity
    wording = await submissions.revision_of(review)
    publish_at = await schedule.moment(submission, community, now, at)
    post = await publication.publish(review, wording, community, directory, now, at=publish_at)
    offered: list[str] = []
    if communities is not None:
        offered = await crossing.offer(review, post, wording, community, communities, directory, now, by=by)
    await cards.refresh(review, now)
    w = contact.language_of(identity, community)
    letter = await outcomes.approved(review, post, wording, community, now, w, offered=offered)
    # When it goes out is said in it: it waits only for as long as the approval may have been a slip.
    due = now + community.policy.undo
    await reach.write(identity, letter, community, directory, now, review_id=review.id, mark=undoing.APPROVED, due=due)
    await joined.tell_authors(review, community, directory, now, approved=True)
    await joining.by_post(review, community, directory, now, by)


async def approve_by_rules(
    review: Review, codes: Sequence[str], community: Community, directory: Directory, now: datetime
) -> bool:
    """Publish what the community's table lets through without a moderator; False where somebody was first."""
    if not await submissions.decide(
        review,
        ReviewStep.APPROVE,
        revision=review.revision,
        by=None,
        name="",
        now=now,
        detail={"rules": [code.partition(":")[0] for code in codes]},
    ):
        return False
    await after_approval(review, community, directory, now)
    await profile_changes.not_forgotten(review.submission.identity, community, directory, now)
    return True


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
        detail=powers.audited(act),
    ):
        return await lost(review, act.revision)
    await submissions.close_queries(review.id)
    await cards.refresh(review, now)
    if review.kind == afterwards.CORRECTION:
        told = await corrections.turned_down(review, reason, own_words, community, directory, now)
        return Verdict.DONE if told else Verdict.UNTOLD
    identity = review.submission.identity
    await profile_changes.not_forgotten(identity, community, directory, now)
    w = contact.language_of(identity, community)
    why = await outcomes.rejected(review, reason, own_words, now, w)
    # They hear of it once it can no longer have been a slip.
    due = now + community.policy.undo
    mark = undoing.ended(review) if community.policy.undo else ""
    await joined.tell_authors(review, community, directory, now, approved=False, mark=mark)
    if await authors.write(review, why, community, directory, now, mark=mark, due=due) is not None:
        return Verdict.DONE
    await _hint_in_group(review, community, directory, now, mark=mark, due=due)
    return Verdict.UNTOLD


async def _hint_in_group(
    review: Review, community: Community, directory: Directory, now: datetime, *, mark: str, due: datetime
) -> None:
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
        mark=mark,
        due=due,
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
    await cards.spare(review)
    await cards.refresh(review, now)
    w = contact.language_of(identity, community)
    await profile_changes.not_forgotten(identity, community, directory, now)
    text = w._("Your post #{number} is withdrawn. It will not be published.", number=review.submission.number)
    if review.kind == afterwards.CORRECTION:
        text = corrections.withdrawn_text(review, w)
    else:
        await joined.tell_authors(review, community, directory, now, approved=False)
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


def _words(verdict: Verdict, review: Review, w: Words, zone: ZoneInfo) -> str:
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
        case Verdict.NOWHERE:
            return w._(
                "None of the groups chosen for #{number} is connected any more. Please choose groups again. Nothing "
                "was done.",
                number=number,
            )
        case Verdict.NO_PROFILE:
            return w._(
                "The author of #{number} has not said yet who they are, which must stand under it. They have been asked"
                " again. Nothing was done.",
                number=number,
            )
        case Verdict.TAKEN_BACK:
            return w._("#{number} is no longer published, so there is nothing to correct.", number=number)
        case Verdict.DECIDED:
            return already(review, w, zone)


def told(verdict: Verdict, act: Act) -> Reply:
    """What the person who acted is told."""
    done = verdict is Verdict.DONE
    text = _words(verdict, act.review, act.w, act.community.policy.zone)
    return Reply(text=text, alert=not done and verdict is not Verdict.VOTED, on_card=done)


def already(review: Review, w: Words, zone: ZoneInfo) -> str:
    """Who was first, with what, and when, as the card has it."""
    values = {"number": review.submission.number, "name": review.decided_name}
    when = f" ({w.time(review.decided_at, zone)})" if review.decided_at is not None else ""
    match review.state:
        case ReviewState.APPROVED if not review.decided_name:
            return w._("#{number} was published by the community's rules.", **values) + when
        case ReviewState.APPROVED:
            return w._("{name} has already approved #{number}.", **values) + when
        case ReviewState.REJECTED:
            return w._("{name} has already rejected #{number}.", **values) + when
        case ReviewState.WITHDRAWN:
            return w._("The author has withdrawn #{number}. Nothing was published.", **values) + when
        case ReviewState.HELD:
            return w._("#{number} has not been decided yet. Nothing was done.", **values)
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
    if community.groups:
        reached = w.ngettext(
            "If it is approved, it reaches {count} group.",
            "If it is approved, it reaches {count} groups.",
            len(community.groups),
        )
        text = " ".join((text, reached))
    button = Button(label=w._("Withdraw it"), emoji="🗑️", handle=withdraw_token)
    return Content(text=plain("\n".join((text, *also))), buttons=((button,),))
