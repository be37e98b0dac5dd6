"""Who goes next, where many share what there is little of: start-time fair queueing, in whole calls."""

from collections import defaultdict
from collections.abc import Hashable


class Turns:
    """Those who want something take turns. Who wanted nothing for a while has nothing in store for it.

    ``at`` is what they share: what goes on at one place takes nobody's turn at another.
    """

    def __init__(self) -> None:
        self._ended: defaultdict[tuple[Hashable, Hashable], int] = defaultdict(int)
        self._reached: defaultdict[Hashable, int] = defaultdict(int)

    def next(self, whose: Hashable, at: Hashable = None) -> int:
        """The number of somebody's next turn: the lower goes first. The one after it is one higher."""
        return max(self._reached[at], self._ended[at, whose])

    def taken(self, whose: Hashable, at: Hashable = None) -> None:
        """Somebody had a turn."""
        turn = self.next(whose, at)
        self._ended[at, whose] = turn + 1
        self._reached[at] = turn
