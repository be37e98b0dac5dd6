"""What the author of an approved post is told of its way: how far it goes, when, and to whom it was offered besides."""

from collections.abc import Sequence
from datetime import datetime

from bridge.core.community import Community
from bridge.delivery import planning
from bridge.rendering.words import Words
from bridge.storage.models import Post, Review


def sentences(
    review: Review, post: Post, community: Community, now: datetime, w: Words, *, offered: Sequence[str] = ()
) -> str:
    """``offered``: the names of the other communities that hold a copy."""
    said = [_approved(review, community, w), *_way(post, community, now, w)]
    if offered:
        said.append(
            w._("It was also offered to {communities}; the moderators there decide.", communities=", ".join(offered))
        )
    return " ".join(said)


def _approved(review: Review, community: Community, w: Words) -> str:
    number = review.submission.number
    if review.submission.origin_post_id is None:
        return w._("Your post #{number} was approved.", number=number)
    return w._(
        "Your post was approved in {community}, too, where it is #{number}.", community=community.name, number=number
    )


def _way(post: Post, community: Community, now: datetime, w: Words) -> list[str]:
    groups = planning.chosen(post, community)
    at = post.publish_at or now
    if at > now + community.policy.undo:
        time = w.time(at, community.policy.zone)
        said = w.ngettext(
            "It goes out to {count} group at {time}.",
            "It goes out to {count} groups at {time}.",
            len(groups),
            time=time,
        )
    else:
        said = w.ngettext("It is on its way to {count} group.", "It is on its way to {count} groups.", len(groups))
    waiting = sum(planning.due_in(group, community, at) > at for group in groups)
    if not waiting:
        return [said]
    later = w.ngettext(
        "In {count} group it waits for the end of the quiet time there.",
        "In {count} groups it waits for the end of the quiet time there.",
        waiting,
    )
    return [said, later]
