"""What stands between a moderator and a decision: their role, their own post, somebody's claim, escalation."""

from bridge.core.policy import Role
from bridge.moderation import appeals, permissions
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
        # Who administers a chat, or has a high power level in a room, expects that this is enough.
        text += " " + w._(
            "Rights in this chat do not count. A coordinator can add you: /moderators add {account}",
            account=moderator.sender.ref,
        )
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


async def own(act: Act) -> Reply | None:
    """Why nobody decides on what they wrote themselves; None where it is not theirs, or the community allows it."""
    if not permissions.is_own(act.review, act.identity) or await permissions.owns_may(act.community, act.identity):
        return None
    text = act.w._("This is your own post: another moderator must decide. Nothing was done.")
    return Reply(text=text, alert=True)


async def reserved(act: Act) -> Reply | None:
    """Why an escalated item is not for everybody; None where this person may decide on it."""
    if act.review.escalated_at is None or await permissions.may_safeguard(act.community, act.identity, act.role):
        return None
    text = act.w._(
        "#{number} was escalated: a senior moderator, a coordinator or somebody named for safeguarding decides. "
        "Nothing was done.",
        number=act.number,
    )
    return Reply(text=text, alert=True)


async def claimed(act: Act) -> Reply | None:
    """Who is working on it; None where nobody is, or this person."""
    review, ends = act.review, permissions.claim_ends(act.review, act.community)
    if ends is None or review.claimed_at is None or ends <= act.now:
        return None
    if await permissions.is_claimant(review, act.identity):
        return None
    text = act.w._(
        "{name} has claimed #{number} ({time}). Claim it yourself to take over. Nothing was done.",
        name=review.claimed_name,
        number=act.number,
        time=act.w.time(review.claimed_at, act.community.policy.zone),
    )
    return Reply(text=text, alert=True)


async def hindered(act: Act) -> Reply | None:
    """Why this person may not decide on this item; None where they may."""
    return await own(act) or await appeals.hindered(act) or await reserved(act) or await claimed(act)


def audited(act: Act, **codes: object) -> dict[str, object]:
    """What an audit line says beside who, when and what: above all that somebody acted on a post of their own."""
    return {**codes, "own": True} if permissions.is_own(act.review, act.identity) else codes
