"""What a text is as SMS: 3GPP TS 23.038 (alphabets) and 23.040 (concatenation).

A text of the 7-bit alphabet has 160 septets in one SMS, or 153 in each of several; one character outside of it, and the
whole text has 70 or 67 UTF-16 units.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Encoding = Literal["gsm7", "ucs2"]

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("\f^{}\\[~]|€")
"""Written as an escape and a second septet, which belong together."""
GSM7 = _BASIC | _EXTENDED
_ROOM: dict[Encoding, tuple[int, int]] = {"gsm7": (160, 153), "ucs2": (70, 67)}


@dataclass(frozen=True, slots=True)
class Segments:
    """What a text costs. Units are septets (gsm7) or UTF-16 units (ucs2)."""

    count: int
    """How many SMS are paid for; an empty text is one."""
    encoding: Encoding
    units: int
    """Of the text, without the room lost where a pair did not fit in whole."""
    per_segment: int
    """The room of each: 160 or 70 where there is one, 153 or 67 where there are several."""
    left: int
    """Units left in the last."""


def unfit(text: str) -> tuple[str, ...]:
    """The different characters that force UCS-2, in the order in which they come. Empty: the text is GSM-7."""
    return tuple(dict.fromkeys(char for char in text if char not in GSM7))


def _size(encoding: Encoding) -> Callable[[str], int]:
    if encoding == "gsm7":
        return lambda char: 2 if char in _EXTENDED else 1
    return lambda char: 2 if char > "\uffff" else 1


def _encoding(text: str) -> Encoding:
    return "gsm7" if GSM7.issuperset(text) else "ucs2"


def parts(text: str) -> tuple[str, ...]:
    """The text of each SMS, as phones cut it: never inside an escape pair or a surrogate pair."""
    encoding = _encoding(text)
    size = _size(encoding)
    alone, together = _ROOM[encoding]
    if sum(map(size, text)) <= alone:
        return (text,)
    cuts, room = [0], together
    for index, char in enumerate(text):
        if size(char) > room:
            cuts.append(index)
            room = together
        room -= size(char)
    return tuple(text[start:end] for start, end in zip(cuts, [*cuts[1:], len(text)], strict=True))


def segments(text: str) -> Segments:
    """What sending ``text`` as it stands costs."""
    encoding = _encoding(text)
    size = _size(encoding)
    cut = parts(text)
    room = _ROOM[encoding][len(cut) > 1]
    return Segments(
        count=len(cut),
        encoding=encoding,
        units=sum(map(size, text)),
        per_segment=room,
        left=room - sum(map(size, cut[-1])),
    )


def octets(text: str) -> int:
    """How many bytes of text the network carries, in all parts, without their headers."""
    found = segments(text)
    return -(-found.units * 7 // 8) if found.encoding == "gsm7" else found.units * 2
