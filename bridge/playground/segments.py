"""How a text is cut into SMS, as a phone counts it: 3GPP TS 23.038 (alphabets) and 23.040 (concatenation)."""

from dataclasses import dataclass

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("\f^{}\\[~]|€")


@dataclass(frozen=True)
class Segments:
    """``count`` SMS are paid for; ``units`` are septets, or UTF-16 units where ``is_unicode``."""

    count: int
    units: int
    is_unicode: bool


def segments(text: str) -> Segments:
    """What sending ``text`` costs. An empty text is one SMS."""
    is_unicode = not all(char in _BASIC or char in _EXTENDED for char in text)
    if is_unicode:
        sizes, alone, together = [2 if char > "\uffff" else 1 for char in text], 70, 67
    else:
        sizes, alone, together = [2 if char in _EXTENDED else 1 for char in text], 160, 153
    units = sum(sizes)
    if units <= alone:
        return Segments(1, units, is_unicode)
    count, room = 1, together
    for size in sizes:
        if size > room:  # neither an escape nor a surrogate pair is torn apart
            count, room = count + 1, together
        room -= size
    return Segments(count, units, is_unicode)
