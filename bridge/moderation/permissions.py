"""Who may do what. The person who presses is authorised at the press; being in the channel is not enough."""

from collections.abc import Iterable
from datetime import datetime

from bridge.core.community import Community
from bridge.core.events import Sender
from bridge.core.ids import AccountId, Address, AddressError, UserId, UserRef
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


async def role_of(
    community: Community, sender: Sender, where: Address | None, review: Review | None = None
) -> Role | None:
    """What this person may do at this press; None for whom the community has not made a moderator.

    ``review``: what it is about. On an escalated one the people named for safeguarding act, moderators or not.
    """
    if sender.bot or sender.anonymous:
        return None
    role = (await roles(community)).get(sender.ref)
    if role is not None:
        return role
    if community.trust_channel and where in community.moderators:
        return Role.MODERATOR
    if review is not None and review.escalated_at is not None and sender.ref in community.policy.safeguarding:
        return Role.MODERATOR
    return None


async def role_by_others(community: Community, identity: Identity) -> Role | None:
    """What a person may do by another account of theirs; linked accounts were proven to be theirs."""
    found: Role | None = None
    for ref, role in (await roles(community)).items():
        other = await people.find(ref)
        if other is not None and other.person_id == identity.person_id and (found is None or role.covers(found)):
            found = role
    return found


async def covers(community: Community, role: Role, needed: Role) -> bool:
    """Does a role suffice? Where nobody holds the one that is needed, the highest that somebody holds stands in."""
    if role.covers(needed):
        return True
    highest = max((held.rank for held in (await roles(community)).values()), default=Role.MODERATOR.rank)
    return role.rank >= min(needed.rank, highest)


def ref_of(text: str) -> UserRef | None:
    """A ``UserRef`` that was stored (or typed) as ``ACCOUNT:USER``; None for anything else."""
    try:
        address = Address.parse(text)
    except AddressError:
        return None
    return UserRef(address.account, UserId(str(address.chat)))


async def is_among(identity: Identity, refs: Iterable[UserRef]) -> bool:
    """Is this person one of those, by whichever of their accounts?"""
    wanted = set(refs)
    if identity.ref in wanted:
        return True
    for ref in wanted:
        other = await people.find(ref)
        if other is not None and other.person_id == identity.person_id:
            return True
    return False


def is_own(review: Review, identity: Identity) -> bool:
    """Is this person the author of what is to be decided?"""
    return review.submission.identity.person_id == identity.person_id


async def stands_alone(community: Community, identity: Identity) -> bool:
    """Is this person the only one who may decide? Somebody with several accounts is one person."""
    if community.trust_channel:
        return False
    return await others(community, identity) == []


async def owns_may(community: Community, identity: Identity) -> bool:
    """May this person decide on what is their own?"""
    return community.policy.own_posts or await stands_alone(community, identity)


async def others(community: Community, identity: Identity) -> list[UserRef]:
    """Everybody else who is known to be allowed to decide, by account. Whom we have never met counts as somebody."""
    found: list[UserRef] = []
    for ref in await roles(community):
        other = await people.find(ref)
        if other is None or other.person_id != identity.person_id:
            found.append(ref)
    return found


async def may_safeguard(community: Community, identity: Identity, role: Role) -> bool:
    """May this person decide on an escalated item: a senior, a coordinator, or a person named for safeguarding?

    Where the community has nobody of all these, the highest role that somebody holds stands in.
    """
    named = community.policy.safeguarding
    if role.covers(Role.SENIOR) or await is_among(identity, named):
        return True
    return not named and await covers(community, role, Role.SENIOR)


async def safeguarders(community: Community) -> set[UserRef]:
    """The accounts that ``may_safeguard``, as far as they are known."""
    held = await roles(community)
    found = {ref for ref, role in held.items() if role.covers(Role.SENIOR)} | community.policy.safeguarding
    if found:
        return found
    highest = max((role.rank for role in held.values()), default=0)
    return {ref for ref, role in held.items() if role.rank == highest}


def claim_ends(review: Review, community: Community) -> datetime | None:
    """Until when somebody has claimed an item; None where nobody has."""
    if not review.claimed_by or review.claimed_at is None:
        return None
    return review.claimed_at + community.policy.claim_for


async def is_claimant(review: Review, identity: Identity) -> bool:
    """Is this the person who claimed it, on whichever account?"""
    claimant = ref_of(review.claimed_by)
    return claimant is not None and await is_among(identity, [claimant])
