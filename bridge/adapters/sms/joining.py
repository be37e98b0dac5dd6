"""Messages that come in pieces, one call for each: the first is posted, the next ones make it longer.

Nothing waits, so nothing is lost: a piece that never comes leaves what came before. What was said is kept in memory
only, for two minutes: after a restart a later piece is a message of its own.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from bridge.adapters.sms.gateways.common import Part, Text
from bridge.core.gsm import Segments, segments
from bridge.core.ids import RemoteRef

_NUMBERED: Final = timedelta(minutes=2)
_BARE: Final = timedelta(seconds=30)
"""Between two pieces that say nothing of each other."""
_MOST: Final = 2000
_WORD: Final = 12
"""Characters. A shorter text that says nothing of a piece before it is one of its own: it may be STOP."""
_FULL: Final = {"gsm7": (152, 153, 159, 160), "ucs2": (66, 67, 69, 70)}
"""Units of a piece that was cut because it was full; one less where a pair did not fit in."""


@dataclass
class _Growing:
    first: RemoteRef
    at: datetime
    pieces: dict[int, str] = field(default_factory=dict, repr=False)

    @property
    def text(self) -> str:
        return "".join(self.pieces[number] for number in sorted(self.pieces))


@dataclass(frozen=True, kw_only=True)
class Longer:
    """What the first piece becomes."""

    first: RemoteRef
    text: str = field(repr=False)


class Joiner:
    """Remembers what may go on."""

    def __init__(self) -> None:
        self._growing: dict[tuple[str, int, int], _Growing] = {}

    def continued(self, user: str, text: Text, now: datetime) -> Longer | None:
        """What an earlier message becomes by this piece; None where it begins one. Changes nothing."""
        found = self._growing.get(_key(user, text.part))
        if found is None or now - found.at > (_NUMBERED if text.part else _BARE):
            return None
        if text.part is None and len(text.text.strip()) <= _WORD:
            return None
        if text.part is None:
            return Longer(first=found.first, text=found.text + text.text)
        if text.part.number in found.pieces:
            return None  # the network's number came round again: another message
        pieces = {**found.pieces, text.part.number: text.text}
        return Longer(first=found.first, text="".join(pieces[number] for number in sorted(pieces)))

    def remember(self, user: str, text: Text, ref: RemoteRef, now: datetime, *, longer: Longer | None) -> None:
        """It is committed: what comes next may belong to it."""
        key = _key(user, text.part)
        known = self._growing.pop(key, None) if longer is not None else None
        if text.part is None and not _is_full(segments(text.text)):
            self._growing.pop(key, None)
            return
        growing = known or _Growing(first=ref, at=now)
        growing.at = now
        growing.pieces[text.part.number if text.part else len(growing.pieces)] = text.text
        self._growing.pop(key, None)
        self._growing[key] = growing
        for old in [k for k, each in self._growing.items() if now - each.at > _NUMBERED]:
            del self._growing[old]
        while len(self._growing) > _MOST:
            del self._growing[next(iter(self._growing))]


def _key(user: str, part: Part | None) -> tuple[str, int, int]:
    return (user, part.reference, part.count) if part else (user, -1, 0)


def _is_full(found: Segments) -> bool:
    return found.count == 1 and found.units in _FULL[found.encoding]
