"""Authors whose posts were joined with another hear what becomes of that one."""

from datetime import datetime

from bridge.core.community import Community
from bridge.core.text import plain
from bridge.delivery.directory import Directory
from bridge.members import contact, reach
from bridge.members.reach import Letter
from bridge.moderation import authors
from bridge.storage import merges, undoing
from bridge.storage.models import Review


async def tell_authors(
    review: Review, community: Community, directory: Directory, now: datetime, *, approved: bool, mark: str = ""
) -> None:
    """Plan a notice for each of them, once for every person, and none for the author of the decided post.

    ``mark``: by what the notices are known while what they say can be undone.
    """
    mark = undoing.APPROVED if approved else mark
    told = {review.submission.identity.person_id}
    for other in await merges.into(review.submission_id):
        identity = other.submission.identity
        if identity.person_id in told:
            continue
        told.add(identity.person_id)
        w = contact.language_of(identity, community)
        numbers = {"number": other.submission.number, "other": review.submission.number}
        if approved:
            text = w._("#{other}, with which your post #{number} was joined, was approved. Thank you.", **numbers)
        else:
            text = w._(
                "#{other}, with which your post #{number} was joined, was not published. You can write a new post at "
                "any time.",
                **numbers,
            )
        await reach.write(
            identity,
            authors.named(Letter(text=plain(text)), other, community),
            community,
            directory,
            now,
            review_id=review.id,
            mark=mark,
            due=now + community.policy.undo if mark else None,
        )
