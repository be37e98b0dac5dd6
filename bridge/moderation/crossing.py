"""A copy of a post for another community of this installation, where it is held and decided on like any other.

A copy has the source of its original, so an item is at most once in a community, and never comes back to where it was.
"""

from datetime import datetime
from typing import TYPE_CHECKING

from bridge.core.community import Communities, Community
from bridge.core.states import PostState, ReviewState, ReviewStep
from bridge.core.text import EMPTY, MarkKind, RichText, marked
from bridge.delivery.directory import Directory
from bridge.moderation import announcing, cards, publication
from bridge.rendering.languages import base
from bridge.rendering.words import words
from bridge.storage import audit, codec, copies, people, submissions
from bridge.storage.models import Identity, Post, Review, Revision, Submission

if TYPE_CHECKING:
    from bridge.core.message import Attachment, Uncarried

REASON = "crossed"
"""Why a copy is held."""
_EXCERPT = 120
_SHOWN = 1500
"""Characters of a corrected wording that the moderators of a copy are shown."""


async def offer(
    review: Review,
    post: Post,
    wording: Revision,
    source: Community,
    communities: Communities,
    directory: Directory,
    now: datetime,
    *,
    by: Identity | None,
) -> list[str]:
    """Hold a copy of a post just approved in every community that was chosen; returns their names.

    A community that is configured no more, or has the item already, is passed over.
    """
    offered: list[str] = []
    for community_id in codec.load_list(review.crossed):
        target = communities.get(community_id)
        if target is None or target.id == source.id:
            continue
        await copies.take_turns(target.id)
        if await copies.is_known(target.id, review.submission):
            continue
        if not review.submission.identity.person.language:
            # Its author never wrote to the other community: what becomes of it there is said in the language so far.
            await people.choose_language(review.submission.identity, source.language)
        copy = await _submit(review, post, wording, source, target, now)
        await cards.plan(copy, target, directory, now, gather=False)
        await audit.write(
            community=source.id,
            actor=submissions.audit_actor(by),
            action="offer",
            now=now,
            review_id=review.id,
            revision=wording.number,
            detail={"community": target.id, "number": copy.submission.number},
        )
        offered.append(target.name)
    return offered


async def _submit(
    review: Review, post: Post, wording: Revision, source: Community, target: Community, now: datetime
) -> Review:
    original = review.submission
    attachments: tuple[Attachment, ...] = codec.load(codec.ATTACHMENTS, wording.attachments)
    uncarried: tuple[Uncarried, ...] = codec.load(codec.UNCARRIED, wording.uncarried)
    text = await _answered(original) + codec.load(codec.RICH_TEXT, wording.text)
    copy = await submissions.submit(
        community=target.id,
        identity=original.identity,
        source=original.source,
        private=True,  # its original is no affair of the target's groups
        intake="private",
        text=text,
        attachments=attachments,
        uncarried=uncarried,
        reasons=(REASON,),
        now=now,
        findings=_findings(original, wording, source, target),
        approvals=target.policy.approvals,
        headline=post.headline,
        origin_post_id=post.id,
    )
    return await submissions.review_by_id(copy.id) or copy


async def _answered(submission: Submission) -> RichText:
    """A line of what it answers, which readers there have not seen."""
    parent = None if submission.reply_post_id is None else await submissions.post_by_id(submission.reply_post_id)
    if parent is None or parent.state != PostState.LIVE:
        return EMPTY
    words_of = " ".join(codec.load(codec.RICH_TEXT, parent.text).text.split())
    excerpt = RichText(words_of).shortened(_EXCERPT).text
    return marked(f"«{excerpt}»", MarkKind.QUOTE) + "\n" if excerpt else EMPTY


def _findings(submission: Submission, wording: Revision, source: Community, target: Community) -> str:
    """What was noticed, with the language it is written in where that is not the target's."""
    language = publication.language_of(submission, wording, source)
    found = {**codec.load_object(wording.findings), "language": language}
    if base(language) == base(target.language):
        del found["language"]
    return codec.dump_object(found)


async def tell_others(post: Post, communities: Communities, now: datetime) -> None:
    """A post was taken back or corrected: communities with a copy decide themselves what becomes of theirs."""
    source = communities.get(post.community)
    for review in await copies.reviews(post.id):
        target = communities.get(review.community)
        if source is None or target is None or review.state not in (ReviewState.HELD, ReviewState.APPROVED):
            continue
        w = words(target.language)
        numbers = {"number": review.submission.number, "community": source.name, "other": post.number}
        if post.state == PostState.RETRACTED:
            text = w._("⚠️ #{number} is a copy of {community} #{other}, which was taken back there.", **numbers)
        else:
            text = w._("⚠️ #{number} is a copy of {community} #{other}, which was corrected there:", **numbers)
            text += "\n" + codec.load(codec.RICH_TEXT, post.text).shortened(_SHOWN).text
        await announcing.announce(target, text, now, silent=False)
        await cards.refresh(review, now)


async def withdraw(
    post: Post, source: Community, communities: Communities, now: datetime, *, by: Identity
) -> list[str]:
    """Take back the copies that are still held; the moderators of the others are told. Returns where those are."""
    decided: list[str] = []
    for review in await copies.reviews(post.id):
        target = communities.get(review.community)
        if review.state == ReviewState.HELD:
            await submissions.decide(
                review, ReviewStep.WITHDRAW, revision=review.revision, by=by, name=source.name, now=now
            )
            await submissions.close_queries(review.id)
            await cards.refresh(review, now)
        elif review.state == ReviewState.APPROVED and target is not None:
            decided.append(target.name)
            text = words(target.language)._(
                "⚠️ #{number} is a copy of {community} #{other}, whose approval was undone there.",
                number=review.submission.number,
                community=source.name,
                other=post.number,
            )
            await announcing.announce(target, text, now, silent=False)
    return decided
