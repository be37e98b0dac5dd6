"""Texts for chats that show few marks or none: what a mark says is said in signs or words, as shortly as it can be.

Bold and its like are left out: the words say the same without. Lists are text with bullets everywhere, and code is as
it stands. A quotation begins every line with a bar, or stands in quotation marks where every character costs. What its
author covered cannot be uncovered there, and leaving it out would lose it: so it is shown, announced, with its end.
"""

from bridge.core.capabilities import Capabilities, Form
from bridge.core.text import MarkKind, RichText
from bridge.rendering.apart import barred
from bridge.rendering.words import Words

_LONGEST_WORDED = 200
"""Covered stretches that are announced; more are no text any more."""


def worded(text: RichText, capabilities: Capabilities, w: Words) -> RichText:
    """The text with what its quotations and covered stretches mean, where the chat does not show that by itself."""
    line = capabilities.form is Form.LINE
    if line or MarkKind.SPOILER not in capabilities.marks:
        text = _announced(text, w)
    if line:
        return _in_quotation_marks(text)
    return text if MarkKind.QUOTE in capabilities.marks else barred(text)


def _announced(text: RichText, w: Words) -> RichText:
    begins, ends = _stretches(text, MarkKind.SPOILER)
    additions = dict.fromkeys(ends, ")")
    announced = "(" + w._("spoiler") + ": "
    for place in begins:
        additions[place] = additions.get(place, "") + announced
    text = text.with_insertions(additions)
    return RichText(text.text, tuple(mark for mark in text.marks if mark.kind is not MarkKind.SPOILER))


def _in_quotation_marks(text: RichText) -> RichText:
    begins, ends = _stretches(text, MarkKind.QUOTE)
    text = text.with_insertions(dict.fromkeys((*begins, *ends), '"'))
    return RichText(text.text, tuple(mark for mark in text.marks if mark.kind is not MarkKind.QUOTE))


def _stretches(text: RichText, kind: MarkKind) -> tuple[list[int], list[int]]:
    """Where marks of a kind begin and end; those that touch are one."""
    begins: list[int] = []
    ends: list[int] = []
    for mark in sorted(m for m in text.marks if m.kind is kind):
        if ends and mark.start <= ends[-1]:
            ends[-1] = max(ends[-1], mark.end)
        elif len(begins) < _LONGEST_WORDED:
            begins.append(mark.start)
            ends.append(mark.end)
    return begins, ends
