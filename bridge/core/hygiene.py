"""Foreign names and texts made safe to show: no control characters, no bidirectional overrides, no walls of marks."""

import unicodedata

from bridge.core.text import RichText

# Overrides and isolates let a name turn the text beside it around: https://www.unicode.org/reports/tr36/
_BIDIRECTIONAL = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# Right-to-left writing needs the marks (and isolates) inside a text; only the overrides change what a reader sees.
_OVERRIDES = frozenset("\u202a\u202b\u202d\u202e")
_INVISIBLE = frozenset("\u200b\u2060\ufeff\u00ad\u115f\u1160\u3164\uffa0")
MAX_NAME = 64


def _is_control(char: str) -> bool:
    return unicodedata.category(char) in ("Cc", "Cs", "Cn", "Co") or char in "\u2028\u2029"


def clean_name(name: str, fallback: str = "?") -> str:
    """One line of at most 64 code points, without control, bidirectional and invisible characters."""
    spaced = "".join(" " if char.isspace() or _is_control(char) else char for char in name)
    kept: list[str] = []
    marks = 0
    for char in spaced:
        if char in _BIDIRECTIONAL or char in _INVISIBLE:
            continue
        marks = marks + 1 if unicodedata.combining(char) else 0
        if marks <= 3:  # "Zalgo" names grow over the lines above and below
            kept.append(char)
    cleaned = " ".join("".join(kept).split())
    if len(cleaned) > MAX_NAME:
        cleaned = cleaned[: MAX_NAME - 1].rstrip() + "…"
    return cleaned or fallback


def clean_line(text: str, limit: int = 200) -> str:
    """One line a person typed (an answer, a reason), without control characters, at most ``limit`` code points."""
    spaced = "".join(" " if char.isspace() or _is_control(char) else char for char in text)
    cleaned = " ".join("".join(c for c in spaced if c not in _OVERRIDES and c not in _INVISIBLE).split())
    return cleaned if len(cleaned) <= limit else cleaned[: limit - 1].rstrip() + "…"


def clean_text(text: RichText) -> RichText:
    """A message body without control characters (but with its lines) and without direction overrides."""
    return text.without(lambda char: char in _OVERRIDES or (char not in "\n\t" and _is_control(char))).strip()


def clean_filename(name: str, fallback: str = "file") -> str:
    """A neutral file name of at most 80 code points: no path, no leading dot, no control characters."""
    base = clean_line(name.replace("\\", "/").rsplit("/", 1)[-1], 300).lstrip(". ")
    kept = "".join(char if char.isalnum() or char in " ._-()" else "_" for char in base).strip()
    if len(kept) > 80:
        stem, dot, suffix = kept.rpartition(".")
        kept = f"{stem[: 79 - len(suffix)]}.{suffix}" if dot and len(suffix) <= 10 else kept[:80]
    return kept or fallback
