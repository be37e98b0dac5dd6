"""Takes from a reply what its author did not write just now: the mail answered, a signature. Pure, in any language.

It goes by form, not by words: a block behind ``>`` under a line that names an address or a moment and ends with a
colon; a block of ``Label: value`` lines with an address or a date; what stands under ``-- ``. What has no such form
stays, and where nothing would be left everything stays: a moderator removes in a second what was kept, and never sees
what was lost. What was cut is kept beside the words.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

_COLONS: Final = ":：፦︰ː"
_TIME: Final = re.compile(r"\b\d{1,2}\s?[:.hH٫]\s?\d{2}\b|\b\d{1,2}\s?(?:[ap]\.?m\.?|uhr)\b", re.IGNORECASE)
_YEAR: Final = re.compile(r"(?<!\d)(?:19|20|25)\d\d(?!\d)")
_NUMBER: Final = re.compile(r"\d+")
_ADDRESS: Final = re.compile(r"[^\s<>()@]{1,64}@[^\s<>()@]{1,190}\.[^\s<>()@]{2,}")
_LABEL: Final = re.compile(
    rf"\s*[*_]?([^\d\s{_COLONS}<>@/][^\d{_COLONS}<>@/]{{0,29}})[*_]?\s?[{_COLONS}][*_]?(?:\s+(.*))?$"
)
_DIVIDER: Final = re.compile(r"\s*[-_=—–]{2,}\s*\S.{1,60}?\S\s*[-_=—–]{2,}\s*$")
_RULE: Final = re.compile(r"\s*[-_=—–*]{10,}\s*$")
_QUOTED: Final = re.compile(r"\s?>")
_SECOND: Final = re.compile(r"\s?>\s?>")
_DEVICE: Final = re.compile(
    r"iPhone|iPad|Android|Samsung|Galaxy|BlackBerry|Outlook|Yahoo|Huawei|Nokia|Windows|Tecno|Infinix|itel|Xiaomi|Redmi"
    r"|Gmail|Proton|OPPO|Vivo|smartphone|mobile",
    re.IGNORECASE,
)
_PHONE: Final = re.compile(r"(?:\+|\b)\d(?:[\s().-]?\d){6,}")
_WEB: Final = re.compile(r"https?://|\bwww\.", re.IGNORECASE)
_ENDS_A_SENTENCE: Final = tuple(".!?…؟।።。")
_FROM: Final = frozenset(
    {"from", "de", "von", "da", "van", "från", "fra", "lähettäjä", "od", "от", "від", "kimden", "από", "من", "מאת"}
    | {"kutoka", "kwa", "daga", "lati", "ከ", "ኻብ", "का", "की ओर से", "प्रेषक", "से", "থেকে", "প্রেরক", "发件人", "寄件者"}
    | {"差出人", "보낸 사람", "dari", "từ", "จาก", "از", "فرستنده", "mula kay", "ka", "ko"}
)
_MOST_CONTEXT: Final = 240
"""Characters of what is answered that stay above an answer within it."""
_LONGEST_SIGNATURE: Final = 12
"""Lines below ``--`` without the space that makes it one for certain."""


@dataclass(frozen=True, kw_only=True)
class Stripped:
    kept: str
    cut: str = ""
    said_nothing: bool = False
    """There was nothing but a quotation, so that all of it was kept. A sign such as "?" or a thumb says something."""
    mingled: bool = False
    """Some of what was kept may be the end of a quoted line that a program broke and did not mark."""


def strip(text: str, *, is_reply: bool, name: str = "", known: str = "") -> Stripped:
    """``is_reply``: it says that it answers something; what is forwarded in another mail is what it is about.

    ``name``: its author's; ``known``: the community's, as it stands in the first line of our posts (``HIFA #12``).
    """
    lines = text.split("\n")
    keep = [True] * len(lines)
    context, answered = _cut_answered(lines, keep, known) if is_reply else ([], None)
    _cut_signature(lines, keep)
    _cut_device(lines, keep)
    _cut_contact(lines, keep, name)
    _shorten_context(lines, keep, context)
    kept = _joined(line for line, wanted in zip(lines, keep, strict=True) if wanted)
    if not any(char.isalnum() for char in kept):
        return Stripped(kept=text.strip("\n"), said_nothing=not any(_is_sign(char) for char in kept))
    cut = _joined(line for line, wanted in zip(lines, keep, strict=True) if not wanted)
    return Stripped(kept=kept, cut=cut, mingled=_is_mingled(lines, keep, answered))


def _is_mingled(lines: list[str], keep: list[bool], answered: int | None) -> bool:
    """May words below a quotation be the end of a line of it? Not where all that was written stands apart below it.

    ``answered``: the line where what is answered begins. What is quoted above it belongs to what was written.
    """
    quoted = [index for index, line in enumerate(lines) if _is_quoted(line)]
    if not quoted:
        return False
    own = [
        index
        for index, line in enumerate(lines)
        if keep[index] and not _is_quoted(line) and any(char.isalnum() for char in line)
    ]
    below = [index for index in own if index > quoted[0]]
    if not below:
        return False
    if len(below) < len(own):
        return answered is not None and own[-1] > answered
    return below[0] < quoted[-1] or all(lines[index].strip() for index in range(quoted[-1] + 1, below[0]))


def _is_sign(char: str) -> bool:
    """Does it mean something by itself, and is no mark of a quotation, no line and nothing that cannot be seen?"""
    return char not in ">|-_=*—–" and unicodedata.category(char)[0] not in "ZC"


def _joined(lines: Iterable[str]) -> str:
    text = "\n".join(lines)
    return re.sub(r"\n(?:[ \t]*\n){2,}", "\n\n", text).strip("\n").rstrip()


# --- forms ---


def _is_quoted(line: str) -> bool:
    return _QUOTED.match(line) is not None


def _is_blank(line: str) -> bool:
    return not line.strip("> \t\xa0\u200e\u200f")


def _names_a_moment(text: str) -> bool:
    """A day with its year, or a day and a time: one number alone stands in any sentence."""
    numbers = len(_NUMBER.findall(text))
    return (_YEAR.search(text) is not None and numbers >= 2) or (_TIME.search(text) is not None and numbers >= 3)


def _is_attribution(lines: list[str]) -> bool:
    """``On Mon, 5 Oct 2026 at 10:12, Amina <a@example.org> wrote:`` in any language, on up to three lines."""
    text = " ".join(line.strip() for line in lines).strip(" \xa0\u200e\u200f*_")
    if not text or text[-1] not in _COLONS or len(text) > 300:
        return False
    return _ADDRESS.search(text) is not None or _names_a_moment(text)


def _attribution_above(lines: list[str], start: int) -> int | None:
    """Where the attribution begins that stands above line ``start``, past at most one empty line."""
    end = start
    if end > 0 and _is_blank(lines[end - 1]) and not _is_quoted(lines[end - 1]):
        end -= 1
    for size in (1, 2, 3):
        begin = end - size
        if begin < 0 or _is_blank(lines[begin]) or _is_quoted(lines[begin]):
            return None
        if _is_attribution(lines[begin:end]):
            if size < 3 and _goes_on_above(lines, begin):
                continue
            return begin
    return None


def _opens_itself(lines: list[str], start: int, stop: int) -> bool:
    """Some phones mark the line that says who wrote like what they wrote."""
    first = [_QUOTED.sub("", line, count=1) for line in lines[start : min(stop, start + 8)]]
    if any(_header_block(first, place, after_divider=True) for place in range(min(2, len(first)))):
        return True
    first = first[:3]
    return any(_is_attribution(first[:size]) for size in range(1, len(first) + 1) if not _is_quoted(first[0]))


def _goes_on_above(lines: list[str], begin: int) -> bool:
    """Was the line broken, so that its beginning, with the day, stands in the one above?"""
    above = lines[begin - 1] if begin else ""
    if _is_blank(above) or _is_quoted(above) or above.rstrip().endswith(_ENDS_A_SENTENCE):
        return False
    return _names_a_moment(above) or (len(above) > 50 and bool(_NUMBER.search(above)))


def _label(line: str) -> tuple[str, str] | None:
    match = _LABEL.match(line)
    return None if match is None else (match[1].strip(" *_").casefold(), (match[2] or "").strip())


def _header_block(lines: list[str], start: int, *, after_divider: bool) -> bool:
    """``From: / Sent: / To: / Subject:`` in any language; a list of places or hours is none."""
    labels: list[str] = []
    values: list[str] = []
    for line in lines[start : start + 8]:
        found = _label(line)
        if found is None:
            if labels and line.strip() and not _is_blank(line) and len(labels) < 8 and line.startswith((" ", "\t")):
                values[-1] += line
                continue
            break
        labels.append(found[0])
        values.append(found[1])
    if len(labels) < (2 if after_divider else 3):
        return False
    if not any(
        _ADDRESS.search(value) or (_YEAR.search(value) and len(_NUMBER.findall(value)) >= 2) for value in values
    ):
        return False
    return after_divider or labels[0] in _FROM


# --- what is cut ---


def _cut_answered(lines: list[str], keep: list[bool], known: str) -> tuple[list[range], int | None]:
    """Cut what is answered; returns the lines of it that stay above an answer, and the line where it begins."""
    end = _cut_tail(lines, keep)
    place = 0
    blocks: list[tuple[int, int, int | None]] = []
    while place < end:
        if not _is_quoted(lines[place]):
            place += 1
            continue
        stop = place
        last = place
        while stop < end and (_is_quoted(lines[stop]) or _is_blank(lines[stop])):
            if _is_quoted(lines[stop]):
                last = stop
            stop += 1
        above = _attribution_above(lines, place)
        if above is None and _opens_itself(lines, place, last + 1):
            above = place
        blocks.append((place, last + 1, above))
        place = stop
    said_after = [_says_something(lines, block[1], _next(blocks, index, end)) for index, block in enumerate(blocks)]
    begins = next((block[2] for block in blocks if block[2] is not None), None)
    if begins is None and any(_is_ours(lines, block, known) for block in blocks):
        begins = blocks[0][0]
    context: list[range] = []
    if begins is None:
        return context, None
    inline = sum(said_after) > 1 or (len(blocks) > 1 and said_after[0])
    for index, (start, stop, attribution) in enumerate(blocks):
        if attribution is not None:
            _cut(keep, attribution, start)
        first_of_all = not _says_something(lines, 0, attribution if attribution is not None else start)
        if inline and said_after[index]:
            context.append(range(start, stop))  # an answer stands below: it is shown to what
        elif not said_after[index] or first_of_all or attribution is not None:
            _cut(keep, start, stop)
    return context, begins


def _next(blocks: list[tuple[int, int, int | None]], index: int, end: int) -> int:
    if index + 1 >= len(blocks):
        return end
    following = blocks[index + 1]
    return following[0] if following[2] is None else following[2]


def _is_ours(lines: list[str], block: tuple[int, int, int | None], known: str) -> bool:
    """Does it quote a post of ours, though no line says whose words they are?"""
    if not known:
        return False
    return any(f"{known} #" in line for line in lines[block[0] : min(block[1], block[0] + 6)])


def _says_something(lines: list[str], start: int, stop: int) -> bool:
    words = [line for line in lines[start:stop] if any(char.isalnum() for char in line) and not _is_quoted(line)]
    if words and words[0] == lines[start] and not words[1:] and _DEVICE.search(words[0]):
        return False
    for index, line in enumerate(words):
        if line.rstrip() == "--":
            words = words[:index]
            break
    return bool(words)


def _cut_tail(lines: list[str], keep: list[bool]) -> int:
    """Cut from a block of ``Label: value`` lines, or a line that says who wrote, to the end; returns where that is."""
    for index, line in enumerate(lines):
        if _is_quoted(line):
            continue
        start: int | None = None
        is_divider = _DIVIDER.match(line) is not None or _RULE.match(line) is not None
        if is_divider:
            following = index + 1
            while following < len(lines) and following <= index + 2 and _is_blank(lines[following]):
                following += 1
            if _header_block(lines, following, after_divider=True):
                start = index
        elif (index == 0 or _is_blank(lines[index - 1]) or _label(lines[index - 1]) is None) and _header_block(
            lines, index, after_divider=False
        ):
            start = index
        elif _ADDRESS.search(line) and (opened := _unmarked(lines, index)) is not None:
            start = opened
        if start is not None and _says_something(lines, 0, start):
            _cut(keep, start, len(lines))
            return start
    return len(lines)


def _unmarked(lines: list[str], index: int) -> int | None:
    """A line that says who wrote when, with what they wrote below it and no mark before its lines (Yahoo, phones)."""
    for size in (1, 2):
        begin, end = index - size + 1, index + 1
        if lines[index].rstrip()[-1:] not in tuple(_COLONS):
            end = index + 2
        if begin < 0 or end > len(lines) or _is_blank(lines[begin]):
            continue
        text = " ".join(lines[begin:end])
        if not _is_attribution(lines[begin:end]) or not _names_a_moment(text) or not _ADDRESS.search(text):
            continue
        following = next((line for line in lines[end:] if line.strip()), "")
        if not following or _is_quoted(following):
            return None
        return begin - 1 if begin and _goes_on_above(lines, begin) else begin
    return None


def _cut(keep: list[bool], start: int, stop: int) -> None:
    for place in range(start, stop):
        keep[place] = False


def _cut_signature(lines: list[str], keep: list[bool]) -> None:
    """RFC 3676, section 4.3: ``-- `` on a line of its own; its space is often lost on the way."""
    for index, line in enumerate(lines):
        if not keep[index] or line.rstrip("\r") not in ("-- ", "--", "--\xa0", "—", "__"):
            continue
        below = [place for place in range(index + 1, len(lines)) if keep[place] and lines[place].strip()]
        if line != "-- " and len(below) > _LONGEST_SIGNATURE:
            continue
        if any(keep[place] and lines[place].strip() for place in range(index)):
            _cut(keep, index, len(lines))
            return


def _cut_device(lines: list[str], keep: list[bool]) -> None:
    """``Sent from my iPhone``: a short last line, apart from the others, with a device and no sentence."""
    there = [index for index, wanted in enumerate(keep) if wanted and lines[index].strip()]
    if len(there) < 2:
        return
    last = there[-1]
    line = lines[last].strip()
    apart = there[-2] < last - 1
    if apart and len(line) <= 70 and len(line.split()) <= 9 and _DEVICE.search(line) and not _PHONE.search(line):
        if line.endswith(("?", "!", "؟")) or (line.endswith(".") and len(line.split()) > 6):
            return
        keep[last] = False


def _cut_contact(lines: list[str], keep: list[bool], name: str) -> None:
    """A last block of short lines that begins with the author's own name and says how to reach them."""
    words = [word.casefold() for word in re.findall(r"\w{3,}", name)]
    there = [index for index, wanted in enumerate(keep) if wanted and lines[index].strip()]
    if not words or not there:
        return
    last = there[-1]
    first = last
    while first > 0 and lines[first - 1].strip() and keep[first - 1]:
        first -= 1
    block = [lines[index].strip() for index in range(first, last + 1)]
    if not any(index < first for index in there) or not 2 <= len(block) <= 8 or max(map(len, block)) > 90:
        return
    opening = " ".join(block[:2]).casefold()
    text = " ".join(block)
    if any(word in opening for word in words) and (_ADDRESS.search(text) or _PHONE.search(text) or _WEB.search(text)):
        begin = next(index for index in range(first, last + 1) if any(w in lines[index].casefold() for w in words))
        if begin == last:
            return
        _cut(keep, begin + 1, last + 1)


def _shorten_context(lines: list[str], keep: list[bool], context: list[range]) -> None:
    """Above an answer within a quotation stay the last words of what it answers, and nothing that is quoted twice."""
    for block in context:
        room = _MOST_CONTEXT
        for index in reversed(block):
            room -= len(lines[index])
            keep[index] = keep[index] and room >= 0 and _SECOND.match(lines[index]) is None
