"""Decisions. ``check`` authorises the person who presses, at the press; the others perform, in one transaction each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bridge.core.community import Community
from bridge.core.events import Sender
from bridge.core.hygiene import clean_line, clean_name, clean_text
from bridge.core.ids import Address
from bridge.core.message import Button, Content
from bridge.core.states import ReviewState, ReviewStep
from bridge.core.text import MarkKind, RichText, marked, plain
from bridge.delivery import planning
from bridge.delivery.directory import Directory
from bridge.members import contact
from bridge.members.profiles import author_card, shown_name
from bridge.moderation import cards
from bridge.moderation.panel import refusal_sentence
from bridge.moderation.reasons import Reason
from bridge.rendering.words import Words
from bridge.storage import codec, inbox, submissions
from bridge.storage.models import Identity, Review

WORDS_LIMIT = 600


class Verdict(StrEnum):
    DONE = "done"
    STALE = "stale"
    """The author (or a moderator) has changed the text since."""
    DECIDED = "decided"
    """Somebody was first."""
    FORBIDDEN = "forbidden"
    EMPTY = "empty"
    UNREACHABLE = "unreachable"
    UNTOLD = "untold"
    """Done, and the author could not be told privately."""


@dataclass(frozen=True, kw_only=True)
class Moderator:
    """Who decides, and from where."""

    sender: Sender
    channel: Address

    @property
    def name(self) -> str:
        return clean_name(self.sender.name, fallback=clean_name(self.sender.handle, fallback=self.sender.ref.user))


def check(community: Community, moderator: Moderator) -> bool:
    """May this person decide? Being in the channel is not enough unless the community says so."""
    sender = moderator.sender
    if sender.bot or sender.anonymous:
        return False
    return community.may_decide(sender.ref, moderator.channel)


def standing(review: Review, revision: int) -> Verdict | None:
    """Why a decision on this revision cannot be taken any more; None where it can."""
    if review.state != ReviewState.HELD:
        return Verdict.DECIDED
    return Verdict.STALE if review.revision != revision else None


async def approve(
    review: Review, revision: int, community: Community, moderator: Moderator, directory: Directory, now: datetime
) -> Verdict:
    """Post, audit line, one delivery row per physical message, cards and the author's notice: all or nothing."""
    if (refused := standing(review, revision)) is not None:
        return refused
    if not await cards.shows_author(review, community, await inbox.resolve(moderator.channel)):
        await cards.refresh(review, now)
        return Verdict.STALE
    if not await submissions.decide(
        review, ReviewStep.APPROVE, revision=revision, actor=moderator.sender.ref, name=moderator.name, now=now
    ):
        return await _lost(review, revision)
    await submissions.close_queries(review.id)
    submission = review.submission
    identity = submission.identity
    card = await author_card(identity, community)
    wording = await submissions.revision_of(review)
    post = await submissions.publish(
        review,
        author=card.name,
        card=codec.dump_object({name: getattr(card, name) for name in card.__dataclass_fields__}),
        revision=wording,
        now=now,
    )
    await planning.plan_post(post, submission, community, directory, now)
    await cards.refresh(review, now)
    w = contact.language_of(identity, community)
    text = w.ngettext(
        "Your post #{number} was approved. It is on its way to {count} group.",
        "Your post #{number} was approved. It is on its way to {count} groups.",
        len(community.groups),
        number=submission.number,
    )
    if wording.editor:
        changed = codec.load(codec.RICH_TEXT, wording.text)
        await contact.tell(
            identity,
            Content(text=plain(text + " " + w._("A moderator changed the wording:")) + "\n\n" + changed),
            community,
            directory,
            now,
        )
    else:
        await contact.tell(identity, Content(text=plain(text)), community, directory, now)
    return Verdict.DONE


async def reject(
    review: Review,
    revision: int,
    community: Community,
    moderator: Moderator,
    directory: Directory,
    now: datetime,
    *,
    reason: Reason,
    own_words: str = "",
) -> Verdict:
    """Not published, with a reason from the closed list or in the moderator's words; the author is told privately."""
    own_words = clean_line(own_words, WORDS_LIMIT)
    if reason is Reason.OTHER and not own_words:
        return Verdict.EMPTY
    if (refused := standing(review, revision)) is not None:
        return refused
    if not await submissions.decide(
        review,
        ReviewStep.REJECT,
        revision=revision,
        actor=moderator.sender.ref,
        name=moderator.name,
        now=now,
        reason=reason.value,
        words=own_words,
    ):
        return await _lost(review, revision)
    await submissions.close_queries(review.id)
    await cards.refresh(review, now)
    identity = review.submission.identity
    w = contact.language_of(identity, community)
    why = Content(text=plain(rejection_text(review, reason, own_words, w)))
    if await contact.tell(identity, why, community, directory, now) is not None:
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
        review, ReviewStep.WITHDRAW, revision=review.revision, actor=identity.ref, name=identity.name, now=now
    ):
        return await _lost(review, review.revision)
    await submissions.close_queries(review.id)
    await cards.refresh(review, now)
    w = contact.language_of(identity, community)
    text = w._("Your post #{number} is withdrawn. It will not be published.", number=review.submission.number)
    await contact.tell(identity, Content(text=plain(text)), community, directory, now)
    return Verdict.DONE


async def edit(
    review: Review,
    revision: int,
    community: Community,
    moderator: Moderator,
    directory: Directory,
    now: datetime,
    *,
    text: RichText,
) -> Verdict:
    """A moderator's wording becomes a new revision; the author's stays on record and older buttons stop counting."""
    cleaned = clean_text(text)
    if not cleaned:
        return Verdict.EMPTY
    if (refused := standing(review, revision)) is not None:
        return refused
    wording = await submissions.revision_of(review)
    attachments = codec.load(codec.ATTACHMENTS, wording.attachments)
    uncarried = codec.load(codec.UNCARRIED, wording.uncarried)
    if not await submissions.revise(
        review,
        cleaned,
        attachments,
        uncarried,
        now,
        editor=moderator.name,
    ):
        return await _lost(review, revision)
    await cards.plan(review, community, directory, now, gather=False)
    return Verdict.DONE


async def ask(
    review: Review,
    revision: int,
    community: Community,
    moderator: Moderator,
    directory: Directory,
    now: datetime,
    *,
    question: str,
) -> Verdict:
    """A question to the author, privately; it blocks nobody."""
    question = clean_line(question, WORDS_LIMIT)
    if not question:
        return Verdict.EMPTY
    if (refused := standing(review, revision)) is not None:
        return refused
    identity = review.submission.identity
    if not contact.reachable(identity, directory):
        return Verdict.UNREACHABLE
    await submissions.ask(review, question, actor=moderator.sender.ref, name=moderator.name, now=now)
    w = contact.language_of(identity, community)
    text = (
        plain(w._("A moderator asks about your post #{number}:", number=review.submission.number))
        + "\n\n"
        + marked(question, MarkKind.QUOTE)
        + "\n\n"
        + w._("Answer by replying here. Your post stays with the moderators.")
    )
    question_to = Content(text=text, asks_reply=True)
    await contact.tell(identity, question_to, community, directory, now, review_id=review.id)
    await cards.refresh(review, now)
    return Verdict.DONE


async def _lost(review: Review, revision: int) -> Verdict:
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
        case Verdict.UNREACHABLE:
            return w._(
                "The author has not opened a private chat with the bot and cannot be asked. Nothing was done. "
                "You can reject with a reason, or decide as it is."
            )
        case Verdict.DECIDED:
            return already(review, w)


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
