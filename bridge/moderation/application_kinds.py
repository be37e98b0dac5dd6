"""The kinds of application there are. A further one is a module with its ``KIND`` and a line here."""

from bridge.moderation import group_links, joining
from bridge.moderation.applying import Kind

KINDS: dict[str, Kind] = {kind.name: kind for kind in (group_links.KIND, joining.KIND)}
"""By name."""
