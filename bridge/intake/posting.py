"""A member's message becomes a submission, its edit a new wording, its deletion a withdrawal."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from bridge.core.capabilities import Form
from bridge.core.community import Community, Group, Intake
from bridge.core.errors import TooSoon
from bridge.core.events import ChatKind, MessageEdited, MessagePosted
from bridge.core.hygiene import clean_line, clean_text
from bridge.core.ids import RemoteRef
from bridge.core.message import Content, Uncarried, UncarriedKind
from bridge.core.policy import Consequence
from bridge.core.states import ReviewState
from bridge.core.text import EMPTY, RichText, joined, plain
from bridge.intake import admission, paging, pausing, profiling, published, refusing, threads
from bridge.intake.context import Context
from bridge.members import contact
from bridge.members.profiles import shown_name
from bridge.moderation import cards, carrying, decisions, joining, rules, sharing, themes, unread
from bridge.moderation.threads import inherited
from bridge.rendering.refusals import refusal_words
from bridge.rendering.words import Words
from bridge.storage import codec, inbox, intake_reads, ledger, people, submissions
from bridge.storage.models import Identity, Review

_BUNDLE = timedelta(seconds=60)
"""Files that follow one another as quickly as this belong together."""
_DETAIL, _LINES = 300, 32
"""Characters of a line and lines of what is neither text nor file: a checklist has a title and thirty tasks."""
_WORDS = 5_000
"""Characters of what is said for one thing that is no text: a long poll, a checklist."""
_MOST_BESIDE = 30
"""Things beside the text of one message that are told one by one: nobody reads further ones."""
_MOST_OPTIONS = 30
_MOST_TOGETHER = 100
"""Files that follow one another and still become one post."""
_MOST_CUT = 20_000
"""Characters of what was taken off a mail that are kept for the moderators."""
_REMEMBERED = timedelta(days=1)
"""For so long a group in which nothing could be removed is taken to be still so."""


def tidy(event: MessagePosted | MessageEdited, context: Context) -> tuple[RichText, tuple[Uncarried, ...]]:
    """The text and the words for what is not carried, made safe to show."""
    told, beyond = event.uncarried[:_MOST_BESIDE], len(event.uncarried) - _MOST_BESIDE
    rest = (Uncarried(kind=UncarriedKind.UNKNOWN, detail=f"+{beyond}"),) if beyond > 0 else ()
    return clean_text(event.text), (*map(_shown, told), *rest, *context.unfetched)


def _shown(item: Uncarried) -> Uncarried:
    """Moderators read the words, and readers may be shown the thing itself: it says nothing that the words do not."""
    place, poll = item.place, item.poll
    said: list[str] = []
    if place is not None:
        title, address = clean_line(place.title, _DETAIL), clean_line(place.address, _DETAIL)
        place = replace(place, title=title, address=address)
        said = [title, address]
    if poll is not None:
        options = tuple(clean_line(option, _DETAIL) for option in poll.options[:_MOST_OPTIONS])
        complete = len(options) == len(poll.options)
        poll = replace(poll, question=clean_line(poll.question, _DETAIL), options=options)
        said = [poll.question, *options]
        poll = poll if complete and len("\n".join(said)) < _WORDS else None
    detail = _lines(item.detail)
    if any(part not in detail for part in said):
        point = () if place is None else (f"{place.latitude:.5f}, {place.longitude:.5f}",)
        detail = _lines("\n".join((*said, *point)))
    return replace(item, detail=detail, place=place, poll=poll)


def _lines(text: str) -> str:
    """So many lines, and so many characters in all, as somebody reads; what is left out is said."""
    lines = [clean_line(line, _WORDS) for line in text[: 2 * _WORDS].splitlines()]
    shown = "\n".join([line for line in lines if line][:_LINES])
    complete = len(shown) <= _WORDS and len(lines) <= _LINES and len(text) <= 2 * _WORDS
    return shown if complete else f"{shown[: _WORDS - 1].rstrip()}…"


def length(text: RichText, uncarried: Sequence[Uncarried]) -> int:
    """Characters that readers are sent: those of a poll cost them as much as those of a sentence."""
    return len(text) + sum(len(item.detail) for item in uncarried)


async def in_group(event: MessagePosted, community: Community, group: Group, context: Context) -> None:
    """Somebody wrote in a bridged group."""
    if group.intake is Intake.NONE:
        await _point_to_bot(event, community, context)
        return
    await submit(event, community, context, intake=group.intake.value)


async def _point_to_bot(event: MessagePosted, community: Community, context: Context) -> None:
    identity = await people.meet(event.sender, context.now)
    w = contact.language_of(identity, community)
    await contact.reply_in_group(
        event.ref,
        w._("This group only receives posts. To post, write to me privately."),
        community,
        context.directory,
        context.now,
        link_label=w._("Write to me"),
        start_payload=community.id,
    )


async def submit(event: MessagePosted, community: Community, context: Context, *, intake: str) -> None:
    """Hold a message for the moderators and tell its author."""
    if await submissions.is_known(event.ref):
        return  # told twice, by two ways of receiving
    private = event.chat_kind is ChatKind.PRIVATE
    identity = await people.meet(event.sender, context.now, privately=private)
    text, uncarried = tidy(event, context)
    if await _joins_others(event, identity, text, context, uncarried):
        return
    if not text and not context.attachments and not uncarried:
        await answer(event.ref, identity, community, context, _nothing(identity, community))
        return
    leaves = intake == Intake.HOLD.value and not private
    door = await admission.at_the_door(event, identity, community, context)
    if not door.passes:
        await submissions.end_run(identity, event.ref.address)
        if leaves and door.is_banned:
            await _remove_original(event.ref, None, community, context, can_wait=True)
        return
    size = length(text, uncarried)
    if size > community.max_length:
        await submissions.end_run(identity, event.ref.address)
        if leaves:
            await _remove_original(event.ref, None, community, context)
        await answer(event.ref, identity, community, context, too_long(identity, community, size))
        return
    answered = await threads.answered(event, context.now)
    reply_post_id, quote = answered.post_id, answered.quote
    if reply_post_id is None and event.answers is not None:
        numbered = await threads.numbered(event.answers, community, context.now)
        reply_post_id = None if numbered is None else numbered.id
    if reply_post_id is None and not quote:
        parent, text = await threads.named(text, community, contact.language_of(identity, community), context.now)
        if parent is None and private and paging.is_paid(context.directory.capabilities(event.ref.address)):
            parent, text = await threads.begun_with_number(text, event.ref.address, community, context.now)
        reply_post_id = None if parent is None else parent.id
    title = clean_line(event.subject, themes.LIMIT) if reply_post_id is None else ""
    where = await inbox.origin(event.ref.address)
    said = "\n".join(filter(None, (title, rules.said_in(quote + text, uncarried, context.attachments))))
    case = rules.Case(
        community=community,
        identity=identity,
        text=quote + text,
        attachments=context.attachments,
        source=None if private else where,
        findings=rules.examined(said, None if private else where, community),
        now=context.now,
        claimed=context.claimed,
    )
    ruling = await rules.judge(case)
    if ruling.consequence is Consequence.REFUSE:
        await submissions.end_run(identity, event.ref.address)
        if leaves:
            await _remove_original(event.ref, None, community, context, can_wait=True)
        await refusing.tell(event, text, ruling, identity, community, context, removed=leaves)
        return
    if not door.is_member:
        # Approving it lets its author in: that is for a moderator to say.
        ruling = replace(ruling, codes=(joining.NOT_MEMBER, *ruling.codes))
    publish = ruling.consequence is Consequence.APPROVE and door.is_member and not event.missing
    if publish and leaves and await intake_reads.originals_stay(event.ref.address, context.now - _REMEMBERED):
        # Removing it would fail again, and readers there would see it twice.
        leaves, intake = False, Intake.COPY.value
    gather = bool(event.album) or _comes_alone(event, context)
    gathers = publish and gather
    parent = None if reply_post_id is None else await submissions.post_by_id(reply_post_id)
    headline, theme_id = await inherited(parent, community)
    headline = title or headline
    pause = await pausing.for_message(identity, community, context.now)
    findings = codec.dump_object(case.findings)
    review = await submissions.submit(
        community=community.id,
        identity=identity,
        source=event.ref,
        private=private,
        intake="private" if private else intake,
        text=quote + text,
        said=text,
        cut=clean_text(plain(event.cut[:_MOST_CUT])).text,
        attachments=context.attachments,
        uncarried=uncarried,
        reasons=(unread.ALBUM,) if gathers else ruling.codes,
        noted=ruling.noted,
        publish=gathers,
        now=context.now,
        album=event.album,
        reply_post_id=reply_post_id,
        reply_place=answered.place,
        approvals=ruling.approvals,
        findings=findings,
        headline=headline,
        theme_id=theme_id,
    )
    if leaves:
        await _remove_original(event.ref, review, community, context)
    await cards.plan(review, community, context.directory, context.now, gather=gather, pause=pause)
    if (
        publish
        and not gathers
        and await unread.publish(review, community, context.directory, context.now, list(ruling.codes))
    ):
        await profiling.offer(identity, community, context)
        return  # what its author is told of that says all that a receipt would
    await _receipt(event, identity, review, findings, community, context, door, removed=leaves)


async def _remove_original(
    ref: RemoteRef, review: Review | None, community: Community, context: Context, *, can_wait: bool = False
) -> None:
    """Take the original out of its group; where that is refused it stays, and is answered to once approved.

    ``can_wait``: after everything else that is to go to that group.
    """
    await ledger.plan(
        kind=ledger.REMOVAL,
        address=ref.address,
        now=context.now,
        operation=ledger.DELETE,
        target_ref=ref,
        community=community.id,
        review_id=None if review is None else review.id,
        view=ledger.CAN_WAIT if can_wait else "",
    )


def _comes_alone(event: MessagePosted, context: Context) -> bool:
    """Is it a file from where several of them cannot be sent in one message, so that others may follow it?"""
    capabilities = context.directory.capabilities(event.ref.address)
    return bool(context.attachments) and capabilities is not None and capabilities.album <= 1


async def _joins_others(
    event: MessagePosted, identity: Identity, text: RichText, context: Context, uncarried: tuple[Uncarried, ...]
) -> bool:
    """Further items of an album join the submission of its first one, while it is held.

    So do files without words that follow another file of the same person within a minute, where there are no albums.
    Raises TooSoon where somebody changes or decides it at this very moment.
    """
    known = None
    if event.album:
        known = await submissions.submission_by_album(event.account, event.chat, event.album)
    elif _comes_alone(event, context) and not text and not event.uncarried and event.reply_to is None:
        known = await submissions.followed(identity, event.ref.address, context.now - _BUNDLE)
    if known is None:
        return False
    review = await submissions.review_of_submission(known.id)
    community = None if review is None else context.communities.get(review.community)
    if review is None or community is None or review.state != ReviewState.HELD:
        return False
    wording = await submissions.revision_of(review)
    attachments = (*codec.load(codec.ATTACHMENTS, wording.attachments), *context.attachments)
    if not event.album and len(attachments) > _MOST_TOGETHER:
        return False
    all_uncarried = (*codec.load(codec.UNCARRIED, wording.uncarried), *uncarried)
    caption = clean_text(event.text)
    text = joined([part for part in (codec.load(codec.RICH_TEXT, wording.text), caption) if part], "\n")
    also = refusal_words(context.unfetched, contact.language_of(known.identity, community))
    size = length(text, all_uncarried)
    if size > community.max_length and (caption or length(EMPTY, uncarried)):
        also.append(too_long(known.identity, community, size))
        text, caption = codec.load(codec.RICH_TEXT, wording.text), EMPTY
        uncarried = tuple(item for item in uncarried if not item.detail)
        all_uncarried = (*codec.load(codec.UNCARRIED, wording.uncarried), *uncarried)
    await submissions.add_source(
        known, event.ref, text=caption, attachments=context.attachments, uncarried=uncarried, now=context.now
    )
    findings = await rules.judge_again(review, text, attachments, community, context.now, all_uncarried)
    if await cards.called_off(review):
        done = await submissions.amend(review, text, attachments, all_uncarried, findings=findings)
    else:
        done = await submissions.revise(
            review, text, attachments, all_uncarried, context.now, editor=wording.editor, findings=findings
        )
    if not done:
        raise TooSoon
    await cards.plan(review, community, context.directory, context.now, gather=True)
    if known.intake == Intake.HOLD.value:
        await _remove_original(event.ref, review, community, context)
    if also:
        await answer(event.ref, known.identity, community, context, "\n".join(also))
    return True


async def _answered_today(event: MessagePosted, context: Context) -> bool:
    """By letter, to an address that anybody may have written under: its owner gets one such letter a day."""
    can = context.directory.capabilities(event.ref.address)
    if can is None or not can.letters:
        return False
    return await ledger.count_notices(event.ref.address, context.now - timedelta(days=1)) > 0


async def _receipt(
    event: MessagePosted,
    identity: Identity,
    review: Review,
    findings: str,
    community: Community,
    context: Context,
    door: admission.Admission,
    *,
    removed: bool,
) -> None:
    """The author hears at once: privately where possible, else in one short reply that removes itself."""
    token = await submissions.handle("submission", review.submission_id, "withdraw", context.now)
    w = contact.language_of(identity, community)
    refused = refusal_words((*context.unfetched, *event.uncarried), w)
    if event.missing:
        refused.append(
            w._("A part of your message has not arrived: […] stands in its place. Please send the whole message again.")
        )
    can = context.directory.capabilities(event.ref.address)
    editable = can is not None and can.sees_edits and not removed
    question = sharing.asked_while_held(findings, review.submission.number, w, editable=editable)
    lost = await carrying.losses(context.attachments, community, context.directory)
    unseen = can is not None and not can.sees_deletes and can.form is not Form.LINE and not removed
    deleting = await _about_deleting(identity, review, w) if unseen else []
    also = [*refused, *carrying.told_author(lost, w), *question, *deleting, *admission.said(door, community, w)]
    if not also and context.claimed and await _answered_today(event, context):
        return
    receipt = decisions.held_receipt(identity, review, community, token, also=also)
    if await contact.tell(identity, receipt, community, context.directory, context.now) is not None:
        await profiling.offer(identity, community, context)
        return
    if identity.ref in community.allowed_bots or event.sender.says_bot:
        return  # it would answer, or be answered for ever
    name = shown_name(identity, w)
    text = (
        w._("Thank you, {name}: your message is with the moderators and will come back here.", name=name)
        if removed
        else w._("Thank you, {name}: your message is with the moderators.", name=name)
    )
    await contact.reply_in_group(
        event.ref,
        "\n".join((text, *refused)),
        community,
        context.directory,
        context.now,
        link_label=w._("Follow it privately"),
        start_payload=community.id,
    )


async def _about_deleting(identity: Identity, review: Review, w: Words) -> list[str]:
    """Said once, with somebody's first post: whoever deletes a message believes that it is gone everywhere."""
    if len(await submissions.reviews_by(identity, 2)) > 1:
        return []
    number = review.submission.number
    return [w._("If you delete your message, I am not told. To take it back, write /withdraw {number}.", number=number)]


async def answer(ref: RemoteRef, identity: Identity, community: Community, context: Context, text: str) -> None:
    """A clear answer to the sender, in the right place; none to a bot, which would answer it."""
    if identity.ref in community.allowed_bots:
        return
    if await contact.tell(identity, Content(text=plain(text)), community, context.directory, context.now) is None:
        await contact.reply_in_group(ref, text, community, context.directory, context.now)


def _nothing(identity: Identity, community: Community) -> str:
    return contact.language_of(identity, community)._("There was nothing in your message that can be passed on.")


def too_long(identity: Identity, community: Community, size: int) -> str:
    w = contact.language_of(identity, community)
    return w._(
        "Your message has {size} characters; {community} takes at most {limit}. It was not passed on. "
        "Please shorten it or send it in parts.",
        size=w.number(size),
        limit=w.number(community.max_length),
        community=community.name,
    )


async def withdraw(submission_id: int, context: Context) -> str:
    """Take a submission back, as its author; returns what to tell them where the notice about it does not."""
    review = await submissions.review_of_submission(submission_id)
    community = None if review is None else context.communities.get(review.community)
    if review is None or community is None:
        return ""
    w = contact.language_of(review.submission.identity, community)
    if review.state == ReviewState.APPROVED and await published.withdrawn(submission_id, community, context):
        return ""
    verdict = await decisions.withdraw(review, community, context.directory, context.now)
    if verdict is decisions.Verdict.DONE:
        return ""
    if review.state == ReviewState.APPROVED:
        return w._(
            "Post #{number} is already published. To have it taken back, write: RETRACT {number}",
            number=review.submission.number,
        )
    return decisions.already(review, w, community.policy.zone)
