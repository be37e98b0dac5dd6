"""What all moderators are to know, whichever channel they look at."""

from datetime import datetime

from bridge.core.community import Community
from bridge.core.ids import Address
from bridge.core.message import Content
from bridge.core.text import plain
from bridge.members import contact
from bridge.storage import inbox


async def announce(
    community: Community, text: str, now: datetime, *, besides: Address | None = None, silent: bool = True
) -> None:
    """Say it in every moderators' channel, but not in ``besides`` (as it is called now), where it is known already."""
    told = {besides}
    for channel in community.moderators:
        address = await inbox.resolve(channel)
        if address not in told:
            told.add(address)
            await contact.say(address, Content(text=plain(text), silent=silent), community, now)
