"""What a text is as SMS: 3GPP TS 23.038 (alphabets) and 23.040 (concatenation).

A text of the 7-bit alphabet has 160 septets in one SMS, or 153 in each of several; one character outside of it, and the
whole text has 70 or 67 UTF-16 units.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from bridge.core.graphemes import cut_before

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


_KEPT = 0x100000
"""Plane 16, which is for private use: no text that people write has anything there."""
_HALVES = {half: chr(_KEPT + half) for half in range(0xD800, 0xE000)}
_PAIR = re.compile("([\U0010d800-\U0010dbff])([\U0010dc00-\U0010dfff])")
_HALF = re.compile("[\U0010d800-\U0010dfff]")


def uncut(text: str) -> str:
    """Text that no gateway cuts inside a surrogate pair: some cut after so many units, whatever stands there.

    Where a pair would lie across, a space more stands before it, by another one if it can: many scripts of ours have no
    other letters.
    """
    _, together = _ROOM["ucs2"]
    if _encoding(text) == "gsm7" or segments(text).count == 1:
        return text
    start = index = units = 0
    while index < len(text):
        units += 2 if text[index] > "\uffff" else 1
        if units == together + 1:
            space = text.rfind(" ", start, index) + 1
            place = space or max(start, cut_before(text, index))
            text = f"{text[:place]} {text[place:]}"
        index += 1
        if units >= together:
            start, units = index, 0
    return text


def keep_halves(text: str) -> str:
    """Text of a part in which halves of surrogate pairs, which no database keeps, are ``joined_halves`` of later.

    Telephones cut a part after so many units, also in the middle of a character.
    """
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    return whole.translate(_HALVES).replace("\x00", "\ufffd")


def joined_halves(text: str) -> str:
    """The characters that were cut in two; U+FFFD for halves whose other one is not there."""
    text = _PAIR.sub(lambda pair: _one(*(ord(half) - _KEPT for half in pair.groups())), text)
    return _HALF.sub("\ufffd", text)


def _one(high: int, low: int) -> str:
    return chr(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))


def octets(text: str) -> int:
    """How many bytes of text the network carries, in all parts, without their headers."""
    found = segments(text)
    return -(-found.units * 7 // 8) if found.encoding == "gsm7" else found.units * 2
