"""Who may do what. The person who presses is authorised at the press; being in the channel is not enough."""

from bridge.core.community import Community
from bridge.core.events import Sender
from bridge.core.ids import AccountId, Address, UserId, UserRef
from bridge.core.policy import Role
from bridge.storage import desk, people
from bridge.storage.models import Identity, Review


async def roles(community: Community) -> dict[UserRef, Role]:
    """Everybody who may decide: those of the config, and those appointed from the chat (never below the config)."""
    found = dict(community.policy.roles)
    for row in await desk.appointments(community.id):
        ref, role = UserRef(AccountId(row.account), UserId(row.user)), Role(row.role)
        if ref not in found or role.covers(found[ref]):
            found[ref] = role
    return found


async def role_of(community: Community, sender: Sender, where: Address | None) -> Role | None:
    """What this person may do at this press; None for whom the community has not made a moderator."""
    if sender.bot or sender.anonymous:
        return None
    role = (await roles(community)).get(sender.ref)
    if role is None and community.trust_channel and where in community.moderators:
        return Role.MODERATOR
    return role


async def covers(community: Community, role: Role, needed: Role) -> bool:
    """Does a role suffice? Where nobody holds the one that is needed, the highest that somebody holds stands in."""
    if role.covers(needed):
        return True
    highest = max((held.rank for held in (await roles(community)).values()), default=Role.MODERATOR.rank)
    return role.rank >= min(needed.rank, highest)


def is_own(review: Review, identity: Identity) -> bool:
    """Is this person the author of what is to be decided?"""
    return review.submission.identity.person_id == identity.person_id


async def stands_alone(community: Community, identity: Identity) -> bool:
    """Is this person the only one who may decide? Somebody with several accounts is one person."""
    if community.trust_channel:
        return False
    for ref in await roles(community):
        other = await people.find(ref)
        if other is None or other.person_id != identity.person_id:
            return False
    return True
