"""How a member wants to read a community. What was planned by an old wish follows a new one."""

from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bridge.core.community import Community
from bridge.core.membership import Reading
from bridge.core.reading import COPIED, DIGESTS, next_digest
from bridge.core.states import MembershipState
from bridge.core.when import Hours
from bridge.storage import feed, memberships
from bridge.storage.models_members import Membership


def reading_of(member: Membership) -> Reading:
    try:
        return Reading(member.reading)
    except ValueError:
        return Reading.GROUPS


def zone_of(member: Membership, community: Community) -> ZoneInfo:
    """Their own time zone, else the community's."""
    if member.zone:
        try:
            return ZoneInfo(member.zone)
        except (ZoneInfoNotFoundError, ValueError):
            pass
    return community.policy.zone


def quiet_of(member: Membership) -> Hours | None:
    if not member.quiet:
        return None
    try:
        return Hours.parse(member.quiet)
    except ValueError:
        return None


def held_back_until(
    member: Membership, community: Community, now: datetime, usual: Hours | None = None
) -> datetime | None:
    """Until when nothing is to be sent to them: they are away, or it is their night.

    ``usual``: the hours that count where they named none of their own.
    """
    if member.away_until is not None and member.away_until > now:
        return member.away_until
    quiet, zone = quiet_of(member) or usual, zone_of(member, community)
    if quiet is not None and quiet.contains(now, zone):
        return quiet.next_end(now, zone)
    return None


def next_due(member: Membership, community: Community, after: datetime) -> datetime | None:
    """When their next digest comes; None for who gets none."""
    reading = reading_of(member)
    if reading not in DIGESTS:
        return None
    return next_digest(reading, member.hour, zone_of(member, community), after)


async def set_reading(member: Membership, reading: Reading, community: Community, now: datetime) -> None:
    """From now on. Who begins to be sent copies is sent what is published from now on; a copy that was planned and
    is not wanted in that form any more is called off, and comes in the new form.
    """
    before = reading_of(member)
    values: dict[str, object] = {"reading": reading.value}
    if before is reading and member.state == MembershipState.MEMBER:
        await _plan_anew(member, community, now)
        return
    if before in COPIED:
        await _take_back(member, again=reading in COPIED)
    else:
        newest = await feed.release(community.id, now)
        values["read_post_id"] = 0 if newest is None else newest.id
    await memberships.prefer(member, **values)
    await _plan_anew(member, community, now)


async def _plan_anew(member: Membership, community: Community, now: datetime) -> None:
    await memberships.prefer(member, next_at=next_due(member, community, now))


async def _take_back(member: Membership, *, again: bool) -> None:
    """Call off what nobody has tried to send; ``again``: it is to come later, so it counts as not sent."""
    if not again:
        await feed.call_off(member.person_id, member.community)
        return
    first = await feed.take_back(member.person_id, member.community)
    if first:
        await memberships.prefer(member, read_post_id=await feed.before(member.community, first))


async def set_hour(member: Membership, hour: int, community: Community, now: datetime) -> None:
    await memberships.prefer(member, hour=hour)
    await _plan_anew(member, community, now)


async def set_zone(member: Membership, zone: str, community: Community, now: datetime) -> None:
    await memberships.prefer(member, zone=zone)
    await _plan_anew(member, community, now)


async def set_quiet(member: Membership, hours: Hours | None, community: Community, now: datetime) -> None:
    await memberships.prefer(member, quiet="" if hours is None else f"{hours.start:%H:%M}-{hours.end:%H:%M}")
    await _plan_anew(member, community, now)


async def set_away(member: Membership, until: datetime | None, community: Community, now: datetime) -> None:
    """Until a moment nothing comes; what was published meanwhile comes then. None: back."""
    if until is not None and reading_of(member) in COPIED:
        await _take_back(member, again=True)
    await memberships.prefer(member, away_until=until)
    await _plan_anew(member, community, now)


async def stop(person_id: int) -> list[Membership]:
    """No private copies in any community, from now on."""
    await feed.call_off(person_id)
    rows = await memberships.memberships(person_id)
    for row in rows:
        await memberships.prefer(row, reading=Reading.NONE.value, next_at=None)
    return rows
