"""A new wording of what is published: held and decided on like a post, then carried into the groups.

A moderator types it, or the author edits their message. At most one waits: a further one replaces its wording.
"""

from datetime import datetime, timedelta

from bridge.core.community import Communities, Community
from bridge.core.ids import Address
from bridge.core.message import Attachment, Uncarried
from bridge.core.states import ReviewStep
from bridge.core.text import RichText, plain
from bridge.delivery import correcting
from bridge.delivery.directory import Directory
from bridge.members import contact
from bridge.members.reach import Letter
from bridge.moderation import authors, cards, crossing, publication, rules
from bridge.moderation.names import chat_names
from bridge.moderation.panel import refusal_sentence
from bridge.moderation.reasons import Reason
from bridge.rendering.edits import changed, in_words
from bridge.rendering.words import Words
from bridge.storage import afterwards, audit, beside, chats, codec, desk, feed, submissions
from bridge.storage.models import Identity, Post, Review

Beside = tuple[tuple[Attachment, ...], tuple[Uncarried, ...]]


async def beside_of(post: Post, waiting: Review | None) -> Beside:
    """The files of a post and what else of it is no text: as published, or as a correction that waits has them."""
    row = post if waiting is None else await submissions.revision_of(waiting)
    return codec.load(codec.ATTACHMENTS, row.attachments), codec.load(codec.UNCARRIED, row.uncarried)


async def propose(
    about: Review,
    post: Post,
    text: RichText,
    community: Community,
    directory: Directory,
    now: datetime,
    *,
    by: Identity,
    editor: str = "",
    pause: timedelta = timedelta(0),
    files: Beside | None = None,
) -> Review:
    """Hold a new wording of a post and show it to the moderators. ``editor``: the moderator's name; empty: the author.

    ``about``: the review that published it, locked by the caller's transaction; ``pause``: see ``cards.plan``;
    ``files``: what stands beside the words, where that is to change.
    """
    review = await afterwards.held_correction(about.submission_id)
    attachments, uncarried = files or await beside_of(post, review)
    findings = rules.findings_of(text, about.submission, community, uncarried, attachments)
    if review is None:
        opened = await afterwards.open_correction(
            about,
            text,
            attachments,
            uncarried,
            now,
            editor=editor,
            findings=findings,
            approvals=max(about.approvals, community.policy.approvals),
            headline=post.headline,
            short=post.short,
            short_revision=post.revision,
        )
        review = await submissions.review_by_id(opened.id) or opened
    else:
        # It is locked, and held: nobody can have decided on it.
        await submissions.revise(review, text, attachments, uncarried, now, editor=editor, findings=findings)
        await desk.dress(review, consent="")
    if text == codec.load(codec.RICH_TEXT, post.text):  # what was made of these words still holds
        await beside.keep_translations(review.submission_id, post.revision, review.revision)
        if post.short:
            await desk.dress(review, short=post.short, short_revision=review.revision)
    await audit.write(
        community=review.community,
        actor=submissions.audit_actor(by),
        action="correct",
        now=now,
        review_id=review.id,
        revision=review.revision,
        detail={"post": post.number},
    )
    await cards.plan(review, community, directory, now, gather=False, pause=pause)
    return review


async def possible(review: Review) -> bool:
    """Is there still something to correct? The post stays locked until the transaction ends."""
    post = await submissions.post_of_submission(review.submission_id)
    return post is not None and await afterwards.lock_live(post)


async def carry_out(
    review: Review,
    community: Community,
    directory: Directory,
    now: datetime,
    *,
    at: datetime | None = None,
    communities: Communities | None = None,
) -> None:
    """What follows from the approval of a correction. ``at``: not to be carried into the groups before.

    ``communities``: those that may have a copy, and hear of it.
    """
    await submissions.close_queries(review.id)
    submission, wording = review.submission, await submissions.revision_of(review)
    post = await submissions.post_of_submission(submission.id)
    if post is None:
        return
    before = codec.load(codec.RICH_TEXT, post.text)
    dressed = await publication.corrected(review, wording, community)
    if not await afterwards.reword(post, wording, now, **dressed):
        return
    stays = await correcting.plan_correction(post, submission, community, directory, now, not_before=at or now)
    await feed.note_change(post, "correct", now)
    await cards.refresh_published([submission.id], now)
    if communities is not None:
        await crossing.tell_others(post, communities, now)
    identity = submission.identity
    w = contact.language_of(identity, community)
    where = ", ".join(await names(stays, community))
    after = codec.load(codec.RICH_TEXT, wording.text)
    if wording.editor and before == after:
        said = w._(
            "A moderator changed what stands beside your post #{number} (a note, the headline or a translation). Your "
            "words stay as they are.",
            number=submission.number,
        )
        text = Letter(text=plain(said))
    elif wording.editor:
        text = _by_moderator(before, after, submission.number, w)
    else:
        said = w._(
            "Your change to post #{number} was approved. It is on its way to the groups.", number=submission.number
        )
        text = Letter(text=plain(said))
    if where:
        text = _and(text, w._("It cannot be changed any more in: {chats}.", chats=where))
    await authors.write(review, text, community, directory, now, due=at)


def _by_moderator(before: RichText, after: RichText, number: int, w: Words) -> Letter:
    intro = w._("A moderator corrected your post #{number}:", number=number)
    return Letter(
        text=plain(intro) + "\n\n" + (changed(before, after) or after),
        line=plain(f"{intro} {in_words(before, after, w) or after.text}"),
    )


def _and(letter: Letter, sentence: str) -> Letter:
    line = None if letter.line is None else letter.line + " " + sentence
    return Letter(text=letter.text + "\n\n" + sentence, line=line)


async def names(addresses: list[Address], community: Community) -> list[str]:
    """What chats are called, each as on the cards."""
    titles = {group.chat: await chats.title(group.chat) for group in community.groups}
    titles |= {address: await chats.title(address) for address in addresses}
    known = chat_names(titles)
    return [known[address] for address in addresses]


def refusal_text(review: Review, reason: Reason, own_words: str, w: Words) -> str:
    """What an author reads whose change was turned down."""
    number = review.submission.number
    if reason is Reason.OTHER:
        return w._(
            "Your change to post #{number} was not taken over. The moderator writes: {words} The post stays as it is.",
            number=number,
            words=own_words,
        )
    return w._(
        "Your change to post #{number} was not taken over because {reason}. The post stays as it is.",
        number=number,
        reason=refusal_sentence(reason, own_words, w).rstrip(". "),
    )


def withdrawn_text(review: Review, w: Words) -> str:
    """What an author reads who takes their change back."""
    number = review.submission.number
    return w._("Your change to post #{number} is withdrawn. The post stays as it is.", number=number)


async def turned_down(
    review: Review, reason: Reason, own_words: str, community: Community, directory: Directory, now: datetime
) -> bool:
    """Tell an author that their change was turned down; False where they cannot be told privately.

    Of what moderators discuss among themselves they hear nothing.
    """
    wording = await submissions.revision_of(review)
    if wording.editor:
        return True
    identity = review.submission.identity
    text = refusal_text(review, reason, own_words, contact.language_of(identity, community))
    letter = Letter(text=plain(text))
    return await authors.write(review, letter, community, directory, now) is not None


async def close(submission_id: int, by: Identity, name: str, words: str, now: datetime) -> None:
    """The post is taken back: what was to be changed in it is decided with it."""
    review = await afterwards.held_correction(submission_id)
    if review is None:
        return
    decided = await submissions.decide(
        review,
        ReviewStep.REJECT,
        revision=review.revision,
        by=by,
        name=name,
        now=now,
        reason=Reason.OTHER.value,
        words=words,
        detail={"retracted": True},
    )
    if decided:
        await submissions.close_queries(review.id)
        await cards.refresh(review, now)
