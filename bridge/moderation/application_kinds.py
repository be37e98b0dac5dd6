"""The kinds of application there are. A further one is a module with its ``KIND`` and a line here."""

from bridge.moderation import joining
from bridge.moderation.applying import Kind

_ALL: tuple[Kind, ...] = (joining.KIND,)

KINDS: dict[str, Kind] = {kind.name: kind for kind in _ALL}
"""By name."""
