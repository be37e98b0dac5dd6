"""What is known of who somebody is: what vouches for an account, and which of several people of one name it is."""

from bridge.core.hygiene import clean_line
from bridge.rendering.words import Words
from bridge.storage import persons
from bridge.storage.models import Identity


def level(identity: Identity, w: Words) -> str:
    """How an account is verified, in words for moderators (and for its owner)."""
    match identity.verified:
        case persons.CODE:
            return w._("confirmed by a code")
        case persons.MAIL:
            return w._("address proven by the mail server")
        case persons.PLATFORM:
            return w._("known by its id on the platform")
        case _:
            return w._("only claimed: nothing proves who writes there")


def account_name(identity: Identity) -> str:
    """An account as its owner and the moderators read it: ``telegram @amina (12345)``."""
    user = clean_line(identity.user, 80)
    if identity.handle and identity.handle != identity.user:
        return f"{identity.account} {identity.handle} ({user})"
    return f"{identity.account} {user}"


async def told_apart(name: str, identity: Identity, community: str) -> str:
    """``Amina (2)`` for the second person who posts in a community as Amina; the first stays as she is.

    A count says nothing about anybody; a number of their account, such as that of a telephone, would.
    """
    same = await persons.namesakes_until(identity.person_id, name, community)
    if len(same) < 2 or same[-1] != identity.person_id:
        return name
    return f"{name} ({len(same)})"
