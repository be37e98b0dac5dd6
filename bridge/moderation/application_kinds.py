"""The kinds of application there are. A further one is a module with its ``KIND`` and a line here."""

from bridge.moderation import group_links, joining, profile_changes
from bridge.moderation.applying import Kind

_ALL = (
    # One line for each, so that adding one touches no other.
    group_links.KIND,
    joining.KIND,
    profile_changes.KIND,
)

KINDS: dict[str, Kind] = {kind.name: kind for kind in _ALL}
"""By name."""
