"""``/archive``: where what was published can be read on a page; for members, by a link that they can take back."""

import re

from bridge.core.archive import ArchivePolicy, archive_address
from bridge.core.community import Community
from bridge.core.states import MembershipState
from bridge.intake.context import Context
from bridge.members import membership
from bridge.rendering.words import Words
from bridge.storage import personal_links
from bridge.storage.models import Identity

NAME = "archive"
_TYPED = re.compile(r"archives?(?:\s+(new|off))?[.!]?", re.IGNORECASE)


def typed(text: str) -> tuple[str, str] | None:
    """``ARCHIVE``, ``ARCHIVE NEW``, ``ARCHIVE OFF``; None for any other text."""
    match = _TYPED.fullmatch(text.strip())
    return None if match is None else (NAME, (match[1] or "").casefold())


async def answered(argument: str, identity: Identity, community: Community, context: Context, w: Words) -> str:
    """Where the archive is, for the one who asks. ``argument``: ``new`` (another link), ``off`` (no link)."""
    archive, name = community.archive, community.name
    if not archive.is_reachable:
        return w._(
            "The posts of {community} are not on a web page. GET and a number shows you a post here.", community=name
        )
    if archive.policy is ArchivePolicy.PUBLIC:
        return w._(
            "The posts of {community}, for everybody: {address}", community=name, address=archive_address(archive)
        )
    row = await membership.standing(identity, community, context.now)
    if row is None or row.state != MembershipState.MEMBER:
        return w._("You are not a member of {community}. Write JOIN to become one.", community=name)
    wanted = argument.strip().casefold()
    if wanted in ("new", "off"):
        await personal_links.revoke_archive_keys(identity.person_id, str(community.id))
    if wanted == "off":
        return w._("Your link to the posts of {community} is no longer good. /archive makes another.", community=name)
    key = await personal_links.archive_key(identity.person_id, str(community.id), context.now)
    return w._(
        "The posts of {community}, for you alone: {address}\n"
        "Whoever has this link can read them: /archive new makes another, /archive off takes it back.",
        community=name,
        address=archive_address(archive, key),
    )


__all__ = ["NAME", "answered", "typed"]
