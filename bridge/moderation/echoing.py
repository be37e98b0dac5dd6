"""What readers answered without words, for the card."""

from collections.abc import Sequence

from bridge.core.message import Poll
from bridge.rendering.words import Words

_MOST = 8
"""Different reactions that are named."""


def reaction_line(counts: Sequence[tuple[str, int]], w: Words) -> list[str]:
    """``Reactions: 👍 12 · ❤ 3``."""
    if not counts:
        return []
    shown = " · ".join(f"{emoji} {w.number(count)}" for emoji, count in counts[:_MOST])
    return [w._("Reactions: {counts}", counts=shown + (" · …" if len(counts) > _MOST else ""))]


def vote_lines(poll: Poll, votes: Sequence[int], w: Words) -> list[str]:
    """How a poll stands, an answer a line."""
    total = w.ngettext("📊 {count} vote in all groups:", "📊 {count} votes in all groups:", sum(votes))
    return [total, *(f"  {w.number(count)} – {answer}" for answer, count in zip(poll.options, votes, strict=True))]
