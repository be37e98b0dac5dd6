"""An approved wording becomes a post: everything beside the words is frozen into it, and its deliveries are planned."""

from datetime import datetime

from bridge.core.card import AuthorCard
from bridge.core.community import Community
from bridge.delivery import planning
from bridge.delivery.directory import Directory
from bridge.members.profiles import author_card
from bridge.storage import codec, desk, submissions
from bridge.storage.models import Post, Review, Revision


def _card(card: AuthorCard) -> str:
    return codec.dump_object({name: getattr(card, name) for name in card.__dataclass_fields__})


async def publish(
    review: Review, wording: Revision, community: Community, directory: Directory, now: datetime, *, at: datetime
) -> Post:
    """Write the post of a review just approved, and a row for every message; nothing goes out before ``at``."""
    submission = review.submission
    card = await author_card(submission.identity, community)
    parent = None if submission.reply_post_id is None else await submissions.post_by_id(submission.reply_post_id)
    root = None if parent is None else parent.thread_id or parent.id
    theme = await desk.theme(review.theme_id)
    post = await submissions.publish(
        review,
        author=card.name,
        card=_card(card),
        revision=wording,
        now=now,
        headline=review.headline,
        theme_id=None if theme is None else theme.id,
        theme_number=None if theme is None else await submissions.next_number(f"theme:{theme.id}"),
        thread_id=root,
        thread_number=1 if root is None else 1 + await submissions.next_number(f"thread:{root}"),
        notes=codec.dump_object(
            {
                "notes": [
                    {"text": note.text, "anchor": note.anchor, "name": note.name, "initials": note.initials}
                    for note in await desk.notes(review.id)
                ]
            }
        ),
        short=review.short,
        translations=codec.dump_object(
            {
                row.language: {"text": row.text, "translator": row.translator}
                for row in await desk.translations(submission.id, wording.number)
            }
        ),
        origin=await _origin(submission.origin_post_id),
        targets=review.targets,
        publish_at=at,
    )
    await planning.plan_post(post, submission, community, directory, now, not_before=at)
    return post


async def _origin(post_id: int | None) -> str:
    """Where a copy from another community comes from."""
    origin = None if post_id is None else await submissions.post_by_id(post_id)
    if origin is None:
        return "{}"
    label = codec.load_object(origin.card).get("label", origin.community)
    return codec.dump_object({"community": label, "number": origin.number})
