"""What stands between a moderator and a decision: their role, their own post, somebody's claim, escalation."""

from bridge.core.policy import Role
from bridge.moderation import permissions
from bridge.moderation.acts import Act, Moderator, Reply
from bridge.rendering.words import Words


def stranger(moderator: Moderator, w: Words) -> Reply:
    """Why somebody in the channel may not decide."""
    if moderator.sender.anonymous:
        text = w._(
            "You are writing anonymously, so nobody can tell who decides. Turn off “Remain anonymous” in your "
            "administrator rights and try again. Nothing was done."
        )
    else:
        text = w._("Only this community's moderators may decide. Nothing was done.")
    return Reply(text=text, alert=True)


def role_name(role: Role, w: Words) -> str:
    match role:
        case Role.MODERATOR:
            return w._("moderator")
        case Role.SENIOR:
            return w._("senior moderator")
        case Role.COORDINATOR:
            return w._("coordinator")


def needs(role: Role, w: Words) -> Reply:
    text = w._("That needs the role: {role}. Nothing was done.", role=role_name(role, w))
    return Reply(text=text, alert=True)


async def hindered(act: Act) -> Reply | None:
    """Why this person may not decide on this item; None where they may."""
    if (
        permissions.is_own(act.review, act.identity)
        and not act.community.policy.own_posts
        and not await permissions.stands_alone(act.community, act.identity)
    ):
        text = act.w._("This is your own post: another moderator must decide. Nothing was done.")
        return Reply(text=text, alert=True)
    return None
