"""Who goes next, where many share what there is little of: start-time fair queueing, in whole calls."""

from collections import defaultdict
from collections.abc import Hashable


class Turns:
    """Those who want something take turns. Who wanted nothing for a while has nothing in store for it."""

    def __init__(self) -> None:
        self._ended: defaultdict[Hashable, int] = defaultdict(int)
        self._reached = 0

    def next(self, whose: Hashable) -> int:
        """The number of somebody's next turn: the lower goes first. The one after it is one higher."""
        return max(self._reached, self._ended[whose])

    def taken(self, whose: Hashable) -> None:
        """Somebody had a turn."""
        turn = self.next(whose)
        self._ended[whose] = turn + 1
        self._reached = turn
