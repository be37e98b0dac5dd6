"""Words of other people inside a message of ours, set apart so that nobody takes them for ours.

A member may write "✅ Approved by Grace" on a line of its own: on a card that must be seen to be the member's.
"""

import re

from bridge.core.text import MarkKind, RichText, emphasised, plain

_BAR = "> "


def quoted(text: RichText) -> RichText:
    """A block of its own, as a quotation."""
    return emphasised(text, MarkKind.QUOTE)


def said(lead: str, text: str) -> RichText:
    """``lead`` and what somebody said: on the same line, or as a quotation where it has lines of its own."""
    if "\n" not in text:
        return plain(lead + text)
    return plain(lead.rstrip() + "\n") + quoted(plain(text))


def barred(text: RichText) -> RichText:
    """For chats that show no quotations: every quoted line begins with a bar."""
    starts = [
        at
        for mark in text.marks
        if mark.kind is MarkKind.QUOTE
        for at in (
            mark.start,
            *(mark.start + match.end() for match in re.finditer("\n", text.text[mark.start : mark.end])),
        )
        if at < mark.end
    ]
    text = text.with_insertions(dict.fromkeys(starts, _BAR))
    return RichText(text.text, tuple(mark for mark in text.marks if mark.kind is not MarkKind.QUOTE))
