"""An approved wording becomes a post: everything beside the words is frozen into it, and its deliveries are planned."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from bridge.core.card import to_json
from bridge.core.community import Community
from bridge.core.ids import Address
from bridge.delivery import planning
from bridge.delivery.directory import Directory
from bridge.members import answering
from bridge.members.profiles import standing_of
from bridge.rendering.languages import base
from bridge.storage import afterwards, beside, codec, desk, feed, submissions, undoing
from bridge.storage.counting import next_number, next_would_be
from bridge.storage.models import Post, Review, Revision, Submission


async def publish(
    review: Review, wording: Revision, community: Community, directory: Directory, now: datetime, *, at: datetime
) -> Post:
    """Write the post of a review just approved, and a row for every message; nothing goes out before ``at``."""
    former = await undoing.former_id(review.id)
    frozen = await _frozen(review, wording, community, now, at, next_number, post_id=former)
    post = await submissions.publish(frozen)
    await planning.plan_post(post, review.submission, community, directory, now, not_before=at)
    await answering.tell(post, community, directory, now, at=at)
    feed.announce()
    return post


async def draft(review: Review, wording: Revision, community: Community, now: datetime) -> Post:
    """The post that approval would make of this wording now, not stored, with the numbers it would get."""
    published = await submissions.post_of_submission(review.submission_id)
    if review.kind == afterwards.CORRECTION and published is not None:
        columns = {
            "text": wording.text,
            "attachments": wording.attachments,
            "uncarried": wording.uncarried,
            "revision": wording.number,
            "corrected_at": now,
        }
        published.update_from_dict({**columns, **await corrected(review, wording, community)})
        return published
    return await _frozen(review, wording, community, now, now, next_would_be, unseen=True)


async def corrected(review: Review, wording: Revision, community: Community) -> dict[str, str]:
    """What a correction changes beside the words, as columns. It began with the notes that stood.

    A short version and translations are of one wording: without new ones there are none.
    """
    return {
        "headline": review.headline,
        "notes": await _notes(review),
        "short": beside.short_of(review),
        "translations": await _translations(review.submission, wording, community),
    }


async def _frozen(
    review: Review,
    wording: Revision,
    community: Community,
    now: datetime,
    at: datetime,
    count: Callable[[str], Awaitable[int]],
    *,
    post_id: int | None = None,
    unseen: bool = False,
) -> Post:
    """``count``: the next of a running number, by its name; ``post_id``: None for a new one.

    ``unseen``: with a first profile that the approval of this post would approve, too.
    """
    submission = review.submission
    card = (await standing_of(submission, community, unseen=unseen)).card
    parent = None if submission.reply_post_id is None else await submissions.post_by_id(submission.reply_post_id)
    root = None if parent is None else parent.thread_id or parent.id
    theme = await desk.theme(review.theme_id)
    return submissions.drafted(
        review,
        author=card.name,
        card=codec.dump_object(to_json(card)),
        revision=wording,
        now=now,
        headline=review.headline,
        theme_id=None if theme is None else theme.id,
        theme_number=None if theme is None else await count(f"theme:{theme.id}"),
        thread_id=root,
        thread_number=1 if root is None else 1 + await count(f"thread:{root}"),
        notes=await _notes(review),
        short=beside.short_of(review),
        translations=await _translations(submission, wording, community),
        origin=await _origin(submission.origin_post_id),
        targets=review.targets,
        previews=review.previews,
        publish_at=at,
        **({} if post_id is None else {"id": post_id}),
    )


async def _notes(review: Review) -> str:
    return codec.dump_object(
        {
            "notes": [
                {"text": note.text, "anchor": note.anchor, "name": note.name, "initials": note.initials}
                for note in await desk.notes(review.id)
            ]
        }
    )


async def _translations(submission: Submission, wording: Revision, community: Community) -> str:
    source = language_of(submission, wording, community)
    return codec.dump_object(
        {
            row.language: {
                "text": row.text,
                "translator": row.translator,
                # Nobody translates from a language into itself: then it is written in another that was not noticed.
                "source": "" if base(source) == base(row.language) else source,
            }
            for row in await desk.translations(submission.id, wording.number)
        }
    )


def language_of(submission: Submission, wording: Revision, community: Community) -> str:
    """What a wording is written in: another language than its group's was noticed, else it is the group's."""
    noticed = str(codec.load_object(wording.findings).get("language", ""))
    group = community.group(Address(submission.source.account, submission.source.chat))
    return noticed or ("" if group is None else group.language) or community.language


async def _origin(post_id: int | None) -> str:
    """Where a copy from another community comes from."""
    origin = None if post_id is None else await submissions.post_by_id(post_id)
    if origin is None:
        return "{}"
    label = codec.load_object(origin.card).get("label", origin.community)
    return codec.dump_object({"community": label, "number": origin.number})
