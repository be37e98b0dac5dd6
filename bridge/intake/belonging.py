"""Whose posts somebody may read: those of the communities that they belong to.

Anybody can write to a bot and choose a community there. To send it something for the moderators that is enough; to be
handed what its members wrote to each other it is not.
"""

from bridge.core.community import Communities, Community
from bridge.core.events import ChatKind, MessagePosted
from bridge.core.ids import UserRef
from bridge.core.membership import Joining
from bridge.core.ports import CanTellMember
from bridge.core.states import MembershipState
from bridge.delivery.directory import Directory
from bridge.moderation import permissions
from bridge.storage import inbox, intake_reads, memberships
from bridge.storage.models import Identity


async def asked(event: MessagePosted, communities: Communities, directory: Directory) -> frozenset[str]:
    """The communities in one of whose groups the platform says that this person is; before any transaction.

    Where a platform cannot tell, as with telephones, whoever writes to the account may read, if anybody may join.
    Where it does not answer now, nothing is known.
    """
    adapter: object = directory.adapter(event.account)
    known = communities.on_account(event.account) if event.chat_kind is ChatKind.PRIVATE else ()
    if not isinstance(adapter, CanTellMember):
        return frozenset(community.id for community in known if community.members.joining is Joining.OPEN)
    found: set[str] = set()
    for community in known:
        if await _is_in_a_group(adapter, event.sender.ref, community):
            found.add(community.id)
    return frozenset(found)


async def _is_in_a_group(adapter: CanTellMember, person: UserRef, community: Community) -> bool:
    for group in community.groups:
        if group.chat.account != person.account:
            continue
        try:
            if await adapter.is_member((await inbox.resolve(group.chat)).chat, person.user):
                return True
        except OSError:
            continue
    return False


async def belongs(identity: Identity, community: Community, members_of: frozenset[str]) -> bool:
    """Are they a member, in a group of the community, do they moderate it, or have they written there?

    Who is banned or was not let in is sent nothing, wherever else they are.

    ``members_of``: see ``asked``.
    """
    if identity.ref in community.policy.safeguarding:
        return True
    row = await memberships.membership(identity.person_id, community.id)
    if row is not None and row.state in (MembershipState.BANNED, MembershipState.REFUSED):
        return False
    if community.id in members_of or (row is not None and row.state == MembershipState.MEMBER):
        return True
    return identity.ref in await permissions.roles(community) or await intake_reads.has_written(
        identity.person_id, community.id
    )
