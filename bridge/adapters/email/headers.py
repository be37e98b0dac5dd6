"""Lines of a letter's head, written so that nothing in a name or a subject can become a line of its own. Pure."""

import base64
import re
from functools import lru_cache
from typing import Final

from bridge.core.graphemes import cut_before
from bridge.core.hygiene import clean_line

_ATOMS: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*")
_SAFE_IN_Q: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/")
_LINE: Final = 76
"""RFC 2047, section 2: an encoded word has at most 75 characters, a line with one at most 76."""
_LEAST: Final = 60
"""Bytes that a subject may have, whatever stands beside it."""
NAME, SUBJECT = 100, 200
"""Characters; what is longer is cut, and says so."""


@lru_cache(maxsize=512)  # the same few names and subjects go to many thousands
def phrase(name: str) -> str:
    """A display name: as it is where it is plain, in quotation marks where it is ASCII, else in encoded words."""
    cleaned = clean_line(name, NAME)
    if not cleaned.isascii():
        return _folded(_encoded_words(cleaned, first=len("From: ")))
    # "=?" would be read as an encoded word.
    if _ATOMS.fullmatch(cleaned) and "=?" not in cleaned:
        return cleaned
    escaped = cleaned.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


@lru_cache(maxsize=512)
def unstructured(text: str, *, name: str, room: int = 1000) -> str:
    """A subject of at most ``room`` bytes, coded; ``name`` is that of the line, for its length."""
    limit = SUBJECT
    while len(written := _unstructured(clean_line(text, limit), name)) > max(room, _LEAST) and limit > 1:
        limit = limit * 7 // 8
    return written


def _unstructured(cleaned: str, name: str) -> str:
    if cleaned.isascii() and "=?" not in cleaned:
        return _wrapped(cleaned, first=len(name) + 2)
    return _folded(_encoded_words(cleaned, first=len(name) + 2))


def _encoded_words(text: str, *, first: int) -> list[str]:
    """Encoded words, none of which cuts a character in two; quoted or in base 64, whichever is shorter."""
    data = text.encode()
    quoted = sum(1 if byte in _SAFE_IN_Q or byte == 0x20 else 3 for byte in data) <= 4 * ((len(data) + 2) // 3)
    words: list[str] = []
    rest = text
    while rest:
        room = _LINE - 1 - (first if not words else 1)
        count = len(rest)
        while len(_encoded_word(rest[:count], quoted=quoted)) > room:
            count = cut_before(rest, count - 1) or count - 1
        words.append(_encoded_word(rest[:count], quoted=quoted))
        rest = rest[count:]
    return words


def _encoded_word(text: str, *, quoted: bool) -> str:
    data = text.encode()
    if not quoted:
        return f"=?utf-8?b?{base64.b64encode(data).decode()}?="
    body = "".join("_" if byte == 0x20 else chr(byte) if byte in _SAFE_IN_Q else f"={byte:02X}" for byte in data)
    return f"=?utf-8?q?{body}?="


def _folded(words: list[str]) -> str:
    return "\r\n ".join(words)


def _wrapped(text: str, *, first: int) -> str:
    """Folded at spaces where the line would be longer than 78 characters."""
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        room = 78 - (first if not lines else 1)
        if line and len(line) + 1 + len(word) > room:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    return "\r\n ".join([*lines, line])


def field(name: str, value: str) -> str:
    """One field, folded or not. Raises ValueError for a value that would begin another: a defect of ours."""
    unfolded = value.replace("\r\n ", "")
    if "\r" in unfolded or "\n" in unfolded or "\x00" in unfolded:
        raise ValueError(f"the value of {name} has a line of its own")
    return f"{name}: {value}\r\n"
