"""When an approved post goes out: not before its moderator said or what it answers, and not too many an hour."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from bridge.core.community import Community
from bridge.storage import schedule
from bridge.storage.models import Submission

HOUR = timedelta(hours=1)


def spaced(wanted: datetime, taken: Iterable[datetime], limit: int) -> datetime:
    """The first moment from ``wanted`` on at which one more makes no more than ``limit`` within any hour.

    ``taken``: the moments given out already; those more than an hour before ``wanted`` may be missing. An hour is
    without its end: at 14:00 and 15:00 are not within one.
    """
    moments = sorted(taken)
    moment = wanted
    # A full hour reaches from the first of as many as are allowed to the last; in between there is no room for another.
    for first, last in zip(moments, moments[limit - 1 :], strict=False):
        if last - first < HOUR and last - HOUR < moment < first + HOUR:
            moment = first + HOUR
    return moment


async def moment(submission: Submission, community: Community, now: datetime, at: datetime | None) -> datetime:
    """When the post of a submission being approved may go out. ``at``: not before, where the moderator said so.

    Moments are given out one after the other in a community: this waits for an approval that is under way.
    """
    before = [post for post in (submission.reply_post_id, submission.origin_post_id) if post is not None]
    earlier = await schedule.moments_of(before) if before else []
    wanted = max(at or now, now + community.policy.undo, *earlier)
    limit = community.policy.posts_per_hour
    if not limit:
        return wanted
    await schedule.take_turns(community.id)
    return spaced(wanted, await schedule.moments_after(community.id, wanted - HOUR), limit)
