"""Whether what somebody sends may become a post: they are a member, become one by it, or are told how to."""

from dataclasses import dataclass

from bridge.core.community import Community
from bridge.core.events import MessageEdited, MessagePosted
from bridge.core.membership import Joining
from bridge.core.states import MembershipState
from bridge.core.text import plain
from bridge.intake.context import Context
from bridge.members import contact, membership, reach
from bridge.members.profiles import shown_name
from bridge.members.reach import Letter
from bridge.moderation import permissions
from bridge.rendering.words import Words
from bridge.storage import desk, memberships
from bridge.storage.models import Identity, Submission
from bridge.storage.models_members import Membership


@dataclass(frozen=True, kw_only=True)
class Admission:
    """What a message of this person may become."""

    passes: bool
    is_member: bool = True
    """If not, a moderator's approval of the post lets them in."""
    is_banned: bool = False
    is_new: bool = False
    """They have become a member by this message."""


async def at_the_door(event: MessagePosted, identity: Identity, community: Community, context: Context) -> Admission:
    """Let somebody in with what they send, or tell them why not."""
    row = await membership.standing(identity, community, context.now)
    if row is not None and row.state == MembershipState.MEMBER:
        return Admission(passes=True)
    if row is not None and row.state == MembershipState.BANNED:
        await refuse_banned(event, row, identity, community, context)
        return Admission(passes=False, is_banned=True)
    joining = community.members.joining
    if joining is Joining.OPEN or await _moderates(identity, community):
        await membership.admit(identity, community, context.directory, context.now, via=membership.POST)
        return Admission(passes=True, is_new=True)
    if joining is Joining.APPROVAL:
        await membership.ask_to_join(identity, community, context.now, via=membership.POST)
        return Admission(passes=True, is_member=False)
    await _tell_uninvited(event, identity, community, context)
    return Admission(passes=False)


def said(door: Admission, community: Community, w: Words) -> list[str]:
    """What a receipt adds for who is no member yet."""
    if door.is_member:
        return []
    text = w._(
        "You are not a member of {community} yet: if a moderator approves your message, you are.",
        community=community.name,
    )
    return [text]


async def _moderates(identity: Identity, community: Community) -> bool:
    return await permissions.is_among(identity, list(await permissions.roles(community)))


async def may_change(event: MessageEdited, submission: Submission, community: Community, context: Context) -> bool:
    """Whoever is banned can no more put new words into an old message than send them; they are told so once."""
    row = await memberships.membership(submission.identity.person_id, community.id)
    if row is None or row.state != MembershipState.BANNED:
        return True
    await refuse_banned(event, row, submission.identity, community, context)
    return False


async def refuse_banned(
    event: MessagePosted | MessageEdited, row: Membership, identity: Identity, community: Community, context: Context
) -> None:
    """Politely, once for every ban and not for every message."""
    key, ban = f"banned:{identity.person_id}", f"{row.id}:{row.ended_at}"
    if await desk.setting(community.id, key) == ban:
        return
    await desk.set_setting(community.id, key, ban)
    w = contact.language_of(identity, community)
    text = w._(
        "The moderators of {community} take no messages from you at present, so this one is not passed on. You will "
        "not be told again.",
        community=community.name,
    )
    letter = Letter(text=plain(text))
    if await reach.write(identity, letter, community, context.directory, context.now) is None:
        said = w._("{name}, your message is not passed on.", name=shown_name(identity, w))
        await contact.reply_in_group(event.ref, said, community, context.directory, context.now)


async def _tell_uninvited(event: MessagePosted, identity: Identity, community: Community, context: Context) -> None:
    w = contact.language_of(identity, community)
    text = w._(
        "{community} takes messages from its members only, and members come by invitation. Yours was not passed on; "
        "please keep it. If you have an invitation code, write: JOIN and the code. Then send your message again.",
        community=community.name,
    )
    if await reach.write(identity, Letter(text=plain(text)), community, context.directory, context.now) is None:
        said = w._(
            "{name}, {community} takes messages from its members only, and members come by invitation. Your message "
            "was not passed on. If you have a code, write it to me privately.",
            name=shown_name(identity, w),
            community=community.name,
        )
        await contact.reply_in_group(
            event.ref,
            said,
            community,
            context.directory,
            context.now,
            link_label=w._("Write to me"),
            start_payload=community.id,
        )
