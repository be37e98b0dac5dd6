"""What authors do to messages they have sent: an edit is a new wording or a correction, a deletion takes it back."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from bridge.core.community import Community
from bridge.core.errors import TooSoon
from bridge.core.events import MessageDeleted, MessageEdited
from bridge.core.ids import RemoteRef
from bridge.core.message import Attachment, Content, Uncarried, UncarriedKind
from bridge.core.states import ReviewState
from bridge.core.text import EMPTY, RichText, joined, plain
from bridge.intake import choosing, pausing, posting, published, threads
from bridge.intake.context import Context
from bridge.members import contact
from bridge.moderation import cards, retracting, rewording, rules, sharing
from bridge.moderation.corrections import Beside
from bridge.rendering.refusals import refusal_words
from bridge.storage import codec, submissions
from bridge.storage.models import Review, Source, Submission

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class _Share:
    """What one message contributes to a submission."""

    text: RichText
    attachments: tuple[Attachment, ...]
    uncarried: tuple[Uncarried, ...]


@dataclass(frozen=True, kw_only=True)
class _Change:
    """What one message of a submission said before, and says now."""

    sources: Sequence[Source]
    source: Source
    before: _Share
    after: _Share

    @property
    def beside(self) -> bool:
        """Does something change that is no text?"""
        before, after = self.before, self.after
        return (before.attachments, before.uncarried) != (after.attachments, after.uncarried)

    def exchanged(self, whole: Beside) -> Beside:
        """The files of the whole post, and what else is no text, after the change."""
        before, after = self.before, self.after
        return (
            _exchanged(whole[0], before.attachments, after.attachments),
            _exchanged(whole[1], before.uncarried, after.uncarried),
        )

    def reworded(self, before: RichText, submission: Submission) -> RichText | None:
        """The author's whole wording after it; None where no word of it changes.

        Platforms report edits in which no word has changed (a preview, a reaction), also for the items of an album.
        """
        said = self.after.text
        quote = rewording.opening_quote(before) if submission.reply_post_id is None else EMPTY
        if len(self.sources) == 1 or (not self.source.text and self.source.ref == submission.source):
            whole = (quote + said).rstrip()
            return None if whole == before.rstrip() else whole
        if not self.source.text:
            # Which words of the whole came with this item was not recorded: nothing that was said is taken away.
            return None if said.text in before.text else _lines(before, said)
        if said.rstrip() == self.before.text.rstrip():
            return None
        texts = {source.id: _share_of(source).text for source in self.sources}
        if (quote + _lines(*texts.values())).rstrip() == before.rstrip():
            return (quote + _lines(*(texts | {self.source.id: said}).values())).rstrip()
        # The whole was reworded since: what came with this item is changed where it still stands.
        at = before.text.find(self.before.text.text) if self.before.text else -1
        if at < 0:
            return _lines(before, said)
        return (before[:at] + said + before[at + len(self.before.text) :]).rstrip()


def _lines(*texts: RichText) -> RichText:
    return joined([text for text in texts if text], "\n")


def _exchanged(items: tuple[T, ...], before: Sequence[T], after: Sequence[T]) -> tuple[T, ...]:
    """With these in place of those, where the first of those stood."""
    if tuple(before) == tuple(after):
        return items
    left = list(items)
    at = next((left.index(item) for item in before if item in left), len(left))
    for item in before:
        if item in left:
            left.remove(item)
    return (*left[:at], *after, *left[at:])


def _share_of(source: Source) -> _Share:
    return _Share(
        text=codec.load(codec.RICH_TEXT, source.text) if source.text else EMPTY,
        attachments=codec.load(codec.ATTACHMENTS, source.attachments),
        uncarried=codec.load(codec.UNCARRIED, source.uncarried),
    )


async def _source(submission: Submission, ref: RemoteRef) -> tuple[Source, list[Source]]:
    sources = await submissions.sources(submission.id)
    return next(source for source in sources if source.ref == ref), sources


async def _change(event: MessageEdited, submission: Submission, community: Community, context: Context) -> _Change:
    """What an edit changes. A file that cannot be had leaves the old one where it is."""
    source, sources = await _source(submission, event.ref)
    before = _share_of(source)
    said, uncarried = posting.tidy(event, context)
    w = contact.language_of(submission.identity, community)
    parent, rest = await threads.named(said, community, w, context.now)
    if parent is not None and parent.id == submission.reply_post_id:
        said = rest  # still says what it answers
    attachments = before.attachments
    if context.attachments and not context.unfetched and source.text:
        attachments = context.attachments
    # Whoever shares where they are moves, and is not read anew at every step.
    other = tuple(item for item in uncarried if not item.refused and item.kind is not UncarriedKind.LOCATION)
    # What could not be read was told; its key has come since.
    known = tuple(item for item in before.uncarried if item.kind is not UncarriedKind.ENCRYPTED)
    after = _Share(text=said, attachments=attachments, uncarried=other or known)
    if not source.text:
        after = _Share(text=said, attachments=before.attachments, uncarried=before.uncarried)
    return _Change(sources=sources, source=source, before=before, after=after)


async def edited(event: MessageEdited, context: Context) -> None:
    """While held, an edit is a new wording and older buttons stop counting; of what is published, a correction."""
    submission = await submissions.submission_by_source(event.ref)
    if submission is None:
        await choosing.edited(event, context)
        return
    if submission.identity.ref != event.sender.ref:
        return
    review = await submissions.review_of_submission(submission.id)
    community = None if review is None else context.communities.get(review.community)
    if review is None or community is None:
        return
    change = await _change(event, submission, community, context)
    own = await submissions.authors_revision(submission.id) or await submissions.revision_of(review)
    text = change.reworded(codec.load(codec.RICH_TEXT, own.text), submission)
    identity, w = submission.identity, contact.language_of(submission.identity, community)
    also = refusal_words(context.unfetched, w)
    if text is not None and not text and await _says_nothing_else(review, change):
        return
    open_ = review.state in (ReviewState.HELD, ReviewState.APPROVED)
    if text is None and not change.beside:
        note = ""
    elif open_ and text is not None and len(text) > community.max_length:
        note = posting.too_long(identity, community, len(text))
    elif review.state == ReviewState.APPROVED:
        note = await published.reworded(review, text, change.exchanged, identity, community, context)
        await _keep(change)
    elif review.state != ReviewState.HELD:
        note = w._(
            "#{number} is no longer with the moderators, so nobody reads your edit. "
            "Please send the new wording as a new message.",
            number=submission.number,
        )
    else:
        note = await _revise(review, text, change, event.ref, community, context)
    if note or also:
        await posting.answer(event.ref, identity, community, context, "\n".join(filter(None, (note, *also))))


async def _says_nothing_else(review: Review, change: _Change) -> bool:
    """Is there neither file nor anything else left beside the words?"""
    wording = await submissions.revision_of(review)
    files, others = change.exchanged(
        (codec.load(codec.ATTACHMENTS, wording.attachments), codec.load(codec.UNCARRIED, wording.uncarried))
    )
    return not files and not others


async def _keep(change: _Change) -> None:
    await submissions.share(change.source, change.after.text, change.after.attachments, change.after.uncarried)


async def _revise(
    review: Review, text: RichText | None, change: _Change, where: RemoteRef, community: Community, context: Context
) -> str:
    """A new wording of what is held; older buttons stop counting.

    Raises TooSoon where it is decided or reworded at this very moment.
    """
    wording = await submissions.revision_of(review)
    whole = (codec.load(codec.ATTACHMENTS, wording.attachments), codec.load(codec.UNCARRIED, wording.uncarried))
    attachments, uncarried = change.exchanged(whole)
    editor = wording.editor if text is None else ""  # of a moderator's words, where only the files are others
    text = codec.load(codec.RICH_TEXT, wording.text) if text is None else text
    findings = await rules.judge_again(review, text, attachments, community, context.now, uncarried)
    if not await submissions.revise(
        review, text, attachments, uncarried, context.now, editor=editor, findings=findings
    ):
        raise TooSoon
    await _keep(change)
    pause = await pausing.for_wording(review.submission_id, context.now)
    await cards.plan(review, community, context.directory, context.now, gather=False, pause=pause)
    await _thank(where, review, community, context)
    return ""


async def _thank(where: RemoteRef, review: Review, community: Community, context: Context) -> None:
    """For a new wording; what may identify somebody in it is asked about in private alone."""
    identity, number = review.submission.identity, review.submission.number
    w = contact.language_of(identity, community)
    note = w._("Your new wording of #{number} is with the moderators.", number=number)
    wording = await submissions.revision_of(review)
    question = sharing.asked_while_held(wording.findings, number, w, editable=True)
    letter = Content(text=plain("\n".join((note, *question))))
    if await contact.tell(identity, letter, community, context.directory, context.now) is None:
        await contact.reply_in_group(where, note, community, context.directory, context.now)


async def deleted(event: MessageDeleted, context: Context) -> None:
    """An author who deletes the original of a held post takes it back; of a published one, asks for that.

    Of several messages that a post is made of, one that is deleted takes its own share away.
    """
    if event.sender is None:
        return
    submission = await submissions.submission_by_source(event.ref)
    if submission is None:
        await choosing.deleted(event, context)
        return
    if submission.identity.ref != event.sender.ref:
        return
    review = await submissions.review_of_submission(submission.id)
    community = None if review is None else context.communities.get(review.community)
    if review is not None and community is not None and await _item_deleted(event, review, community, context):
        return
    if review is None or community is None or review.state != ReviewState.APPROVED:
        await posting.withdraw(submission.id, context)
        return
    note = await retracting.ask_back(review, community, context.directory, context.now)
    await contact.tell(submission.identity, Content(text=plain(note)), community, context.directory, context.now)


async def _item_deleted(event: MessageDeleted, review: Review, community: Community, context: Context) -> bool:
    """Was it one item of several, so that the others stay?"""
    submission = review.submission
    source, sources = await _source(submission, event.ref)
    if len(sources) == 1 or not source.text or review.state not in (ReviewState.HELD, ReviewState.APPROVED):
        return False
    nothing = _Share(text=EMPTY, attachments=(), uncarried=())
    change = _Change(sources=sources, source=source, before=_share_of(source), after=nothing)
    own = await submissions.authors_revision(submission.id) or await submissions.revision_of(review)
    text = change.reworded(codec.load(codec.RICH_TEXT, own.text), submission)
    if review.state == ReviewState.APPROVED:
        note = await published.reworded(review, text, change.exchanged, submission.identity, community, context)
        if note:
            await contact.tell(
                submission.identity, Content(text=plain(note)), community, context.directory, context.now
            )
    else:
        await _revise(review, text, change, event.ref, community, context)
    await submissions.drop_source(submission, source)
    return True
