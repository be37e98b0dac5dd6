"""Where an author stands in a community, in a few words for the moderators' card."""

from bridge.core.community import Community
from bridge.core.membership import Joining
from bridge.core.states import MembershipState
from bridge.rendering.words import Words
from bridge.storage.models_members import Membership


def words_of(row: Membership | None, community: Community, w: Words) -> str:
    """Empty where anybody is a member by posting, and there is nothing to say."""
    if row is None or row.state == MembershipState.APPLIED:
        return "" if community.members.joining is Joining.OPEN else w._("not a member yet")
    match row.state:
        case MembershipState.MEMBER if row.joined_at is not None:
            joined = row.joined_at.astimezone(community.policy.zone)
            return w._("member since {date}", date=f"{joined:%d.%m.%Y}")
        case MembershipState.LEFT:
            return w._("has left the community")
        case MembershipState.REFUSED:
            return w._("was not let in")
        case MembershipState.BANNED:
            return w._("banned")
        case _:
            return w._("member")
