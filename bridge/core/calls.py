"""Words that call a whole room, made harmless: nobody's phone rings because somebody elsewhere wrote "@room"."""

import re
from itertools import pairwise
from typing import Final

from bridge.core.text import RichText

_WORD_JOINER: Final = "\u2060"
"""Not seen, and taken for a letter by nobody: the words read as they were written."""
# Only ASCII letters make one word with them: that is how clients look for them. An e-mail address has one before the @,
# a person's handle goes on after it, and an address on the Web has to stay what it is.
_CALL: Final = re.compile(
    r"https?://[^\s<>]+|(?<![A-Za-z0-9_])@(?=(?:room|all|everyone|channel|here)(?![A-Za-z0-9_]))", re.IGNORECASE
)


def call_places(text: str, pattern: re.Pattern[str] = _CALL) -> list[int]:
    """Behind which ``@`` a joiner belongs."""
    return [found.end() for found in pattern.finditer(text) if found[0] == "@"]


def defused(text: str) -> str:
    """The text with a word joiner in every call of all."""
    places = [0, *call_places(text), len(text)]
    return _WORD_JOINER.join(text[start:end] for start, end in pairwise(places))


def defused_text(text: RichText, places: list[int] | None = None) -> RichText:
    """The same for a rich text; or with a word joiner at ``places``."""
    return text.with_insertions(dict.fromkeys(call_places(text.text) if places is None else places, _WORD_JOINER))
