"""The table of everything that moderators can do to an item."""

from bridge.moderation import asking, verdicts, wording
from bridge.moderation.acts import Deed

DEEDS: dict[str, Deed] = {deed.name: deed for module in (verdicts, wording, asking) for deed in module.DEEDS}
"""By name."""
