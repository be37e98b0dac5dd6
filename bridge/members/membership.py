"""Who becomes a member, and how they hear of it; how they leave."""

from datetime import datetime

from bridge.core.community import Community
from bridge.core.membership import Reading
from bridge.core.states import ApplicationStep, MembershipState, MembershipStep
from bridge.core.text import plain
from bridge.delivery.directory import Directory
from bridge.members import contact, preferences, reach
from bridge.members.reach import Letter
from bridge.rendering.words import Words
from bridge.storage import applications, audit, feed, memberships
from bridge.storage.models import Identity
from bridge.storage.models_members import Application, Membership
from bridge.storage.submissions import audit_actor

POST, JOIN, INVITATION, APPROVAL = "post", "join", "invitation", "approval"
"""How somebody came: by posting, by asking, with a code, by a moderator's word."""


async def standing(identity: Identity, community: Community, now: datetime) -> Membership | None:
    """Where a person stands. Who was published before there were memberships is a member."""
    row = await memberships.membership(identity.person_id, community.id)
    if row is None and await memberships.has_published(identity.person_id, community.id):
        return await memberships.enter(
            identity.person_id, community.id, MembershipState.MEMBER, now=now, via=POST, by="program"
        )
    return row


async def admit(
    identity: Identity,
    community: Community,
    directory: Directory,
    now: datetime,
    *,
    via: str,
    by: str = "",
    invitation_id: int | None = None,
    welcomes: bool = True,
) -> Membership:
    """Make or restore a member, and welcome them once; a member stays as they are, and so does who is banned.

    ``by``: who let them in, an identity's number; ``welcomes``: False where the caller says so itself. Who posts
    is told by the receipt for that.
    """
    row = await memberships.membership(identity.person_id, community.id)
    if row is not None and row.state in (MembershipState.MEMBER, MembershipState.BANNED):
        return row
    by = by or "program"
    if row is None:
        row = await memberships.enter(
            identity.person_id,
            community.id,
            MembershipState.MEMBER,
            now=now,
            via=via,
            by=by,
            invitation_id=invitation_id,
        )
        fresh = True
    else:
        fresh = row.joined_at is None
        values = {"via": via, "invitation_id": invitation_id} if invitation_id is not None else {}
        await memberships.step(row, MembershipStep.ADMIT, now=now, by=by, **values)
    if fresh and via != POST and not row.reading:
        await preferences.set_reading(row, _usual_reading(identity, community, directory), community, now)
    else:
        await memberships.prefer(row, next_at=preferences.next_due(row, community, now))
    await audit.write(
        community=community.id,
        actor=audit_actor(identity),
        action="member_admitted",
        now=now,
        detail={"via": via, **({"invitation": invitation_id} if invitation_id is not None else {})},
    )
    if welcomes and via != POST:
        await reach.write(
            identity, welcome(community, contact.language_of(identity, community)), community, directory, now
        )
    return row


def _usual_reading(identity: Identity, community: Community, directory: Directory) -> Reading:
    """What the community has chosen, else what is usual where they are: by SMS nobody is in a group."""
    direct = identity.direct
    capabilities = None if direct is None else directory.capabilities(direct)
    if community.members.reading is not Reading.GROUPS or capabilities is None:
        return community.members.reading
    return capabilities.reading


def welcome(community: Community, w: Words) -> Letter:
    """What a new member is told."""
    return Letter(
        text=plain(
            w._(
                "Welcome: you are now a member of {community}. Write me a message to post it: a moderator reads it "
                "before it goes to all groups. /settings is how you read {community}, /profile who you are, /leave "
                "ends it.",
                community=community.name,
            )
        ),
        line=plain(
            w._(
                "You are now a member of {community}. Write a message to post it, a moderator reads it first. DAILY: "
                "a digest each day. STOP: no messages.",
                community=community.name,
            )
        ),
    )


async def ask_to_join(
    identity: Identity, community: Community, now: datetime, *, via: str, note: str = ""
) -> Membership | None:
    """Let a person wait for a moderator's word; None where they are banned. A member stays one."""
    row = await memberships.membership(identity.person_id, community.id)
    if row is None:
        return await memberships.enter(
            identity.person_id,
            community.id,
            MembershipState.APPLIED,
            now=now,
            via=via,
            by=str(identity.id),
            note=note,
        )
    if row.state == MembershipState.BANNED:
        return None
    if row.state in (MembershipState.LEFT, MembershipState.REFUSED):
        await memberships.step(row, MembershipStep.APPLY, now=now, by=str(identity.id))
    if note:
        await memberships.prefer(row, note=note)
    return row


async def leave(identity: Identity, community: Community, now: datetime) -> bool:
    """Not a member any more, and nothing more is sent to them; False where they were none."""
    row = await memberships.membership(identity.person_id, community.id)
    if row is None or row.state not in (MembershipState.MEMBER, MembershipState.APPLIED):
        return False
    await memberships.step(row, MembershipStep.LEAVE, now=now, by=str(identity.id), next_at=None)
    await feed.call_off(identity.person_id, community.id)
    await audit.write(community=community.id, actor=audit_actor(identity), action="member_left", now=now)
    return True


async def withdraw_applications(identity: Identity, community: Community, now: datetime) -> list[Application]:
    """Take back what they have asked and nobody has answered; returns what its cards must show."""
    return [
        row
        for row in await applications.open_of("join", community.id, identity.person_id)
        if await applications.decide(row, ApplicationStep.WITHDRAW, by=identity, name="", now=now)
    ]


def reads_by(reading: Reading, w: Words, *, hour: int = 7) -> str:
    """How somebody reads, in a few words."""
    at = f"{hour:02}:00"
    match reading:
        case Reading.IMMEDIATE:
            return w._("each message at once")
        case Reading.DAILY:
            return w._("a digest every day at {time}", time=at)
        case Reading.WEEKLY:
            return w._("a digest every Monday at {time}", time=at)
        case Reading.MONTHLY:
            return w._("a digest on the first of the month at {time}", time=at)
        case Reading.NONE:
            return w._("nothing privately")
        case _:
            return w._("in the groups")
