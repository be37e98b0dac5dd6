"""Foreign names and texts made safe to show: no control characters, no bidirectional overrides, no walls of marks."""

import re
import unicodedata

from bridge.core.text import EMPTY, RichText

# Overrides and isolates let a name turn the text beside it around: https://www.unicode.org/reports/tr36/
# Right-to-left writing needs the marks (and isolates) inside a text; only the overrides change what a reader sees.
_OVERRIDES = frozenset("\u202a\u202b\u202d\u202e")
_MARKS_OF_DIRECTION = frozenset("\u061c\u200e\u200f\u202c\u2066\u2067\u2068\u2069")
# Unicode's Default_Ignorable_Code_Point, and the blanks that are none: they make names that look empty, or like others.
_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d159\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
# Persian, Indic scripts and emoji are written with joiners and variation selectors, which mean something only between
# and after characters that are seen: https://www.unicode.org/reports/tr31/#Layout_and_Format_Control_Characters
_JOINERS = frozenset("\u200c\u200d")
_SELECTORS = frozenset("\ufe0e\ufe0f")
_ISOLATES, _END_OF_ISOLATE = frozenset("\u2066\u2067\u2068"), "\u2069"
_MOST_PILED = 4
"""Marks above or below one letter: Arabic, Hebrew and Vietnamese need up to four."""
_MOST_MARKS = 8
"""Marks of any kind after one letter: stacked Tibetan needs most."""
_MOST_LINES = 3
"""Ends of line in a row: two empty lines."""
_MOST_BLANKS = 200
"""In a row: tables are drawn with spaces."""
MAX_NAME = 64


def _is_control(char: str) -> bool:
    # Unassigned ones stay (this Python's Unicode is older than people's emoji), noncharacters do not.
    nonchar = ord(char) & 0xFFFE == 0xFFFE or "\ufdd0" <= char <= "\ufdef"
    return nonchar or unicodedata.category(char) in ("Cc", "Cs", "Co") or char in "\u2028\u2029"


def _is_seen(char: str) -> bool:
    return not char.isspace() and not _UNSEEN.match(char) and not _is_control(char)


def _spaced(text: str) -> str:
    return "".join(" " if char.isspace() or char == "\u2800" or _is_control(char) else char for char in text)


def _without_unseen(text: str, keep: frozenset[str] = frozenset()) -> str:
    """Only what is seen, and the joiners between and the selectors after it."""
    wanted = [
        char for char in text if char in keep or char in _JOINERS or char in _SELECTORS or not _UNSEEN.match(char)
    ]
    kept: list[str] = []
    for index, char in enumerate(wanted):
        before = kept[-1] if kept else " "
        if char in _SELECTORS and not _is_seen(before):
            continue
        if char in _JOINERS:
            after = wanted[index + 1] if index + 1 < len(wanted) else " "
            if not (_is_seen(before) or before in _SELECTORS) or not _is_seen(after):
                continue
        kept.append(char)
    return "".join(kept)


def _unpaired(text: str) -> set[int]:
    """Isolates that nothing ends, and ends of none: what follows on their line would be turned, too."""
    places: set[int] = set()
    open_at: list[int] = []
    for place, char in enumerate(text):
        if char in _ISOLATES:
            open_at.append(place)
        elif char == _END_OF_ISOLATE and open_at:
            open_at.pop()
        elif char == _END_OF_ISOLATE:
            places.add(place)
    return places.union(open_at)


def _excess(text: str) -> set[int]:
    """What makes a wall: marks piled on one letter, and lines or blanks in which nothing is seen."""
    places: set[int] = set()
    piled = marks = lines = blanks = 0
    for place, char in enumerate(text):
        if not char.isascii() and unicodedata.category(char).startswith("M"):
            marks += 1
            piled += bool(unicodedata.combining(char))
            if marks > _MOST_MARKS or piled > _MOST_PILED:
                places.add(place)
            continue
        piled = marks = 0
        if _is_seen(char):
            lines = blanks = 0
            continue
        lines += char == "\n"
        blanks += char != "\n"
        if (lines if char == "\n" else blanks) > (_MOST_LINES if char == "\n" else _MOST_BLANKS):
            places.add(place)
    return places


def _says_something(text: str) -> bool:
    return any(_is_seen(char) and not unicodedata.category(char).startswith("M") for char in text)


def clean_name(name: str, fallback: str = "?") -> str:
    """One line of at most 64 code points, without control, bidirectional and invisible characters."""
    kept: list[str] = []
    marks = 0
    for char in _without_unseen(_spaced(name)):
        marks = marks + 1 if unicodedata.combining(char) else 0
        if marks <= 3:  # "Zalgo" names grow over the lines above and below
            kept.append(char)
    cleaned = " ".join("".join(kept).split())
    if len(cleaned) > MAX_NAME:
        cleaned = _cut(cleaned, MAX_NAME)
    return cleaned if _says_something(cleaned) else fallback


def _cut(text: str, limit: int) -> str:
    return text[: max(0, limit - 1)].rstrip(" \u200c\u200d") + "…"


def _one_line(text: str) -> str:
    line = " ".join(_without_unseen(_spaced(text), _MARKS_OF_DIRECTION).split())
    line = _left(line, _excess(line))
    line = _left(line, _unpaired(line)).strip()
    return line if _says_something(line) else ""


def _left(text: str, places: set[int]) -> str:
    return "".join(char for place, char in enumerate(text) if place not in places) if places else text


def clean_line(text: str, limit: int = 200) -> str:
    """One line a person typed (an answer, a reason), without control characters, at most ``limit`` code points."""
    cleaned = _one_line(text)
    if len(cleaned) <= limit:
        return cleaned
    cut = _cut(cleaned, limit)
    return _left(cut, _unpaired(cut))


def clean_field(text: str) -> str:
    """One line that will stand beside other people's words: like a name, of any length, without direction marks."""
    kept: list[str] = []
    marks = 0
    for char in _without_unseen(_spaced(text)):
        marks = marks + 1 if unicodedata.combining(char) else 0
        if marks <= 3:
            kept.append(char)
    cleaned = " ".join("".join(kept).split())
    return cleaned if _says_something(cleaned) else ""


def clean_text(text: RichText) -> RichText:
    """A message body without control characters (but with its lines), direction overrides and walls.

    Empty where nothing in it can be seen.
    """
    cleaned = text.without(lambda char: char in _OVERRIDES or (char not in "\n\t" and _is_control(char)))
    cleaned = cleaned.without_places(_excess(cleaned.text)).strip()
    cleaned = cleaned.without_places(_unpaired(cleaned.text)).strip()
    return cleaned if _says_something(cleaned.text) else EMPTY


def isolated(name: str) -> str:
    """A name within a line of ours: what is written from right to left must not turn the numbers beside it around.

    ``HIFA #12 · آمنة · رد على #9`` shows its last number beside the name otherwise.
    """
    if any(unicodedata.bidirectional(char) in ("R", "AL") for char in name):
        return f"\u2068{name}\u2069"
    return name


def clean_filename(name: str, fallback: str = "file") -> str:
    """A neutral file name of at most 80 code points: no path, no leading dot, no control characters."""
    base = _one_line(name.replace("\\", "/").rsplit("/", 1)[-1]).lstrip(". ")
    # Vowel signs are marks, not letters: without them words in many scripts fall apart.
    kept = "".join(
        char if char in " ._-()" or char in _JOINERS or unicodedata.category(char)[0] in "LMN" else "_" for char in base
    ).strip()
    if len(kept) > 80:
        stem, dot, suffix = kept.rpartition(".")
        kept = f"{stem[: 79 - len(suffix)]}.{suffix}" if dot and len(suffix) <= 10 else kept[:80]
    return kept or fallback


def without_accents(text: str) -> str:
    """For comparing what people type: no letter case, no accents, one space where there are several."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(char for char in decomposed if not unicodedata.combining(char)).split())
