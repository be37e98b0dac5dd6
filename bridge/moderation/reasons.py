"""The closed list of reasons for not publishing, in words. Disagreement is never one."""

from collections.abc import Sequence

from bridge.core.policy import Reason
from bridge.rendering.words import Words

_KEYCAPS = ("1️⃣", "2️⃣", "3️⃣", "4️⃣", "5️⃣", "6️⃣", "7️⃣")


def keycaps(reasons: Sequence[Reason]) -> dict[Reason, str]:
    """The reaction that stands for each of a community's reasons where there are no buttons."""
    return dict(zip(reasons, _KEYCAPS, strict=False))


def label(reason: Reason, w: Words) -> str:
    """Two or three words for a button."""
    match reason:
        case Reason.RELEVANCE:
            return w._("Not on topic")
        case Reason.CLARITY:
            return w._("Not clear enough")
        case Reason.PRIVACY:
            return w._("Names a patient")
        case Reason.DUPLICATE:
            return w._("Already posted")
        case Reason.PRIVATE:
            return w._("A private message")
        case Reason.ADVERTISING:
            return w._("Advertising")
        case Reason.SAFETY:
            return w._("Could do harm")
        case Reason.OTHER:
            return w._("Another reason")


def explanation(reason: Reason, w: Words) -> str:
    """The sentence the author reads."""
    match reason:
        case Reason.RELEVANCE:
            return w._("it is not about what this community is for")
        case Reason.CLARITY:
            return w._("readers elsewhere could not understand it as it is")
        case Reason.PRIVACY:
            return w._("somebody could be recognised from it")
        case Reason.DUPLICATE:
            return w._("the same has just been posted")
        case Reason.PRIVATE:
            return w._("it seems to be meant for one person")
        case Reason.ADVERTISING:
            return w._("it advertises something")
        case Reason.SAFETY:
            return w._("readers who follow it could come to harm")
        case Reason.OTHER:
            return w._("of the reason given below")


__all__ = ["Reason", "explanation", "keycaps", "label"]
