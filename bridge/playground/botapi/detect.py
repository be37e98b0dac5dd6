"""Finds commands, mentions, hashtags, addresses and links in text, roughly as Telegram does."""

import re
from typing import Any

_TLD = (
    "com|org|net|edu|gov|int|mil|info|biz|io|app|dev|me|co|africa|health|care|news|blog|online|site|world|live|"
    "ke|tz|ug|rw|ng|gh|za|zm|zw|mw|et|in|pk|bd|np|id|ph|vn|uk|ie|de|fr|es|pt|it|nl|be|ch|at|se|no|fi|dk|pl|ru|ua|us|ca|"
    "br|mx|ar|cl|au|nz|jp|cn|kr|eu"
)
_EMAIL = re.compile(r"(?<![\w.+-])[A-Za-z0-9_.+-]{1,64}@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,24}(?![\w-])")
_URL = re.compile(
    rf"(?<![\w@/.])(?:(?:https?://[^\s<>\"]+)|(?:(?:[A-Za-z0-9-]{{1,63}}\.)+(?:{_TLD})(?![\w.-]*[\w-])(?:[:/?#][^\s<>\"]*)?))",
    re.IGNORECASE,
)
_COMMAND = re.compile(r"(?<![\w/@<>])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?(?![\w/@<>])")
_MENTION = re.compile(r"(?<![\w@/])@[A-Za-z0-9_]{4,32}(?![\w@])")
_HASHTAG = re.compile(r"(?<![\w#/])#(?=\w*[^\W\d])\w{1,256}(?![\w#])")
_CASHTAG = re.compile(r"(?<![\w$])\$[A-Z]{1,8}(?![\w$])")
_TRAILING = ".,;:!?'\"»”’*_~"


def _trim_url(url: str) -> str:
    while url:
        if url[-1] in _TRAILING or (url[-1] == ")" and url.count("(") < url.count(")")):
            url = url[:-1]
        else:
            break
    return url


def find_entities(text: str) -> list[dict[str, Any]]:
    """Return the entities that Telegram adds by itself, without overlaps, in UTF-16 code units."""
    spans: list[tuple[int, int, str]] = []
    for kind, pattern in (
        ("email", _EMAIL),
        ("url", _URL),
        ("bot_command", _COMMAND),
        ("mention", _MENTION),
        ("hashtag", _HASHTAG),
        ("cashtag", _CASHTAG),
    ):
        for match in pattern.finditer(text):
            start, found = match.start(), match.group()
            if kind == "url":
                found = _trim_url(found)
            end = start + len(found)
            if not any(start < other_end and other_start < end for other_start, other_end, _ in spans):
                spans.append((start, end, kind))
    entities = []
    for start, end, kind in sorted(spans):
        wide = sum(char > "\uffff" for char in text[:start])
        length = end - start + sum(char > "\uffff" for char in text[start:end])
        entities.append({"type": kind, "offset": start + wide, "length": length})
    return entities
