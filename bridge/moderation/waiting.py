"""How much still waits, for who has just decided."""

from bridge.core.community import Community
from bridge.rendering.words import Words
from bridge.storage import applications, submissions


async def more(community: Community, w: Words) -> str:
    """In words; empty where nothing waits."""
    if held := await submissions.count_held(community.id):
        return w.ngettext("{count} more post waits: /next", "{count} more posts wait: /next", held)
    if asked := await applications.count_open(community.id):
        return w.ngettext("{count} more application waits: /next", "{count} more applications wait: /next", asked)
    return ""
