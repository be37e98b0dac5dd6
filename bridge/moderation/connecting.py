"""Groups that were connected from inside a chat, in the memory of the running program: at its start, after the commit
of every change, when another program tells of one, and once a minute in case nobody told.
"""

from collections.abc import Sequence

from bridge.core.checks import ChatUse
from bridge.core.community import Communities, Community, Intake
from bridge.core.ids import AccountId, Address, CommunityId
from bridge.core.reports import GroupLine
from bridge.core.states import LinkState
from bridge.delivery.directory import Directory
from bridge.moderation import permissions
from bridge.moderation.acts import Desk
from bridge.storage import chats, groups, inbox, people, presence
from bridge.storage.bells import groups_bell
from bridge.storage.database import after_commit
from bridge.storage.models_members import BridgedGroup


async def reload(communities: Communities, directory: Directory) -> None:
    """Have what the table says."""
    while True:
        before = communities.changes
        linked = await groups.linked()
        wanted: set[Address] = set()
        for row in await groups.wanted():
            wanted |= {row.address, await inbox.resolve(row.address)}
        if communities.changes == before:  # else something was connected while this was read
            break
    communities.connect(linked)
    await inbox.know_as([*sorted(communities.named(), key=str), *(row.address for row in await groups.wanted())])
    for address in wanted - directory.kept:
        directory.keep(address, wanted=True)
    for address in directory.kept - wanted:
        directory.keep(address, wanted=False)


def asked(row: BridgedGroup, desk: Desk) -> None:
    """It stays where it is until somebody has decided."""
    address = row.address
    after_commit(lambda: desk.directory.keep(address, wanted=True))
    groups_bell.ring_after_commit()


def connected(row: BridgedGroup, desk: Desk) -> None:
    """Posts go there from the moment of the commit on."""
    community, group = CommunityId(row.community), groups.as_group(row)

    def now_known() -> None:
        desk.communities.link(community, group)
        desk.directory.keep(group.chat, wanted=True)

    after_commit(now_known)
    groups_bell.ring_after_commit()


def disconnected(row: BridgedGroup, desk: Desk, *, was_linked: bool) -> None:
    """No posts go there any more."""
    address = row.address

    def no_longer() -> None:
        if was_linked:
            desk.communities.unlink(address)
        desk.directory.keep(address, wanted=False)

    after_commit(no_longer)
    groups_bell.ring_after_commit()


# --- for the operator ---


async def uses(account: AccountId) -> list[ChatUse]:
    """The chats of an account that were connected from inside them, where they live now."""
    return [
        ChatUse(chat=(await inbox.resolve(row.address)).chat, intake=Intake(row.intake))
        for row in await groups.wanted()
        if row.account == account and row.state == LinkState.LINKED
    ]


async def report(communities: Sequence[Community]) -> list[GroupLine]:
    """Every group of every community."""
    known = Communities(communities)
    lines = [
        await _line(community, group.chat, intake=group.intake.value, language=group.language)
        for community in known.all
        for group in community.groups
    ]
    for row in await groups.everything():
        community = known.get(row.community)
        if community is not None:
            overruled = row.state == LinkState.LINKED and row.address in known.named()
            lines.append(
                await _line(
                    community,
                    row.address,
                    intake=row.intake,
                    language=row.language,
                    row=row,
                    state="overruled" if overruled else row.state.value,
                )
            )
    return sorted(lines, key=lambda line: line.community)


async def _line(
    community: Community,
    chat: Address,
    *,
    intake: str,
    language: str,
    row: BridgedGroup | None = None,
    state: str = "linked",
) -> GroupLine:
    where = await inbox.resolve(chat)
    seen = await groups.arrivals(where)
    trouble = seen.trouble
    return GroupLine(
        community=community.id,
        chat=where,
        title=await chats.title(where, otherwise="" if row is None else row.title),
        source="config" if row is None else "chat",
        state=state,
        intake=intake,
        language=language or community.language,
        size=None if row is None else row.size,
        code="" if row is None else f"G{row.id}",
        by="" if row is None else await _name(row.decided_by),
        since=None if row is None else row.changed_at,
        last_arrived=seen.last,
        trouble="" if trouble is None else trouble.reason or trouble.state.value,
        gone_since=await presence.gone_since(where),
    )


async def _name(ref: str) -> str:
    """Who that is, by name where it is known."""
    found = permissions.ref_of(ref)
    identity = None if found is None else await people.find(found)
    return ref if identity is None or not identity.name else identity.name
