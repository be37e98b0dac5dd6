"""Writing to the author of an item."""

from dataclasses import replace
from datetime import datetime, timedelta

from bridge.core.community import Community
from bridge.core.text import plain
from bridge.delivery.directory import Directory
from bridge.members import contact, reach
from bridge.members.reach import Letter
from bridge.storage.models import Delivery, Review


async def write(
    review: Review,
    letter: Letter,
    community: Community,
    directory: Directory,
    now: datetime,
    *,
    mark: str = "",
    due: datetime | None = None,
    lifetime: timedelta = contact.NOTICE_LIFETIME,
) -> Delivery | None:
    """Plan a letter about an item to its author; None where they cannot be written to. See ``reach.write``."""
    return await reach.write(
        review.submission.identity,
        named(letter, review, community),
        community,
        directory,
        now,
        review_id=review.id,
        mark=mark,
        due=due,
        lifetime=lifetime,
    )


def named(letter: Letter, review: Review, community: Community) -> Letter:
    """Of a copy in another community its author knows neither where it is nor its number: say whose letter it is."""
    if review.submission.origin_post_id is None:
        return letter
    w = contact.language_of(review.submission.identity, community)
    whose = plain(w._("From {community}:", community=community.name) + " ")
    return replace(letter, text=whose + letter.text, line=None if letter.line is None else whose + letter.line)
