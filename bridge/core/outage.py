"""How long an account heard nothing, told from a wall clock that may be set while nobody looks."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bridge.core.clock import Clock

_BEHIND = 3600.0
"""Seconds after which a clock that is behind the last note is believed all the same: the note was wrong."""
_INCREDIBLE = timedelta(days=3650)
"""No account is away so long: the clock of then, or of now, was never set."""


@dataclass(frozen=True)
class Outage:
    since: datetime
    until: datetime


class Hearing:
    """When an account last heard from its platform. ``noted``: what was last made durable, by an earlier run."""

    def __init__(self, clock: Clock, noted: datetime | None) -> None:
        self._clock = clock
        self._noted = noted
        """From before this run, as long as it was not compared with a clock that can be believed."""
        self._first: float | None = None
        self._last: float | None = None
        self.at = noted

    def silent(self) -> timedelta:
        """How long nothing has been heard, as far as that can be told."""
        if self._last is not None:
            return timedelta(seconds=self._clock.monotonic() - self._last)
        return timedelta(0) if self._noted is None else self._clock.now() - self._noted

    def heard(self) -> Outage | None:
        """Something was heard now, even if it is only that there is nothing. Returns how long nothing was before.

        Within a run the steady clock alone counts: setting the wall clock makes no outage and hides none.
        """
        now, steady = self._clock.now(), self._clock.monotonic()
        last, self._last = self._last, steady
        if self._first is None:
            self._first = steady
        found = None
        if self._noted is not None:
            began = now - timedelta(seconds=steady - self._first)
            if began < self._noted and steady - self._first < _BEHIND:
                return None  # not set yet since the machine started: the note stays, to be compared with later
            if timedelta(0) < began - self._noted < _INCREDIBLE:
                found = Outage(self._noted, began)
            self._noted = None
        elif last is not None:
            found = Outage(now - timedelta(seconds=steady - last), now)
        self.at = now
        return found

    def doubted(self, outage: Outage) -> None:
        """What was found could not be made durable: find it again."""
        self._noted, self._first, self._last, self.at = outage.since, None, None, outage.since
