"""Message text as Telegram stores it: cleaned, trimmed, with entities in UTF-16 code units.

The order of steps follows TDLib's `fix_formatted_text` (https://github.com/tdlib/td): check bounds, clean characters,
drop what cannot be nested, trim, then find links, mentions and commands.
"""

import itertools
import re
import urllib.parse
from collections.abc import Iterable
from typing import Any

from bridge.playground.botapi.detect import find_entities
from bridge.playground.botapi.errors import bad_request

Entity = dict[str, Any]

SPLITTABLE = ("bold", "italic", "underline", "strikethrough", "spoiler")
BLOCKQUOTES = ("blockquote", "expandable_blockquote")
#: Entities whose data is not in the text: they survive over whitespace.
HIDDEN_DATA = ("text_link", "text_mention", "custom_emoji", "pre")
#: Types that Telegram accepts and then finds by itself.
AUTOMATIC = ("mention", "hashtag", "cashtag", "bot_command", "url", "email", "phone_number")
ALLOWED = (*AUTOMATIC, *SPLITTABLE, *BLOCKQUOTES, "code", "pre", "text_link", "text_mention", "custom_emoji")
_EXTRA_FIELD = {
    "pre": ("language",),
    "text_link": ("url",),
    "text_mention": ("user",),
    "custom_emoji": ("custom_emoji_id",),
}
_PRIORITY = {
    name: n
    for n, name in enumerate((*BLOCKQUOTES, "text_link", "text_mention", "pre", "code", *AUTOMATIC, *SPLITTABLE))
}
_MAX_OFFSET = 1_000_000


def utf16_length(text: str) -> int:
    """Return the length of `text` in UTF-16 code units."""
    return len(text) + sum(char > "\uffff" for char in text)


def utf16_slice(text: str, offset: int, length: int) -> str:
    """Return the part of `text` at an entity's position (UTF-16 code units)."""
    raw = text.encode("utf-16-le")
    return raw[offset * 2 : (offset + length) * 2].decode("utf-16-le", "replace")


def check_entities(raw: object) -> list[Entity]:
    """Return a caller's list of entities, checked for shape; raise `ApiError` for what Telegram refuses."""
    if not isinstance(raw, list):
        raise bad_request("can't parse entities JSON object: expected an Array")
    return [_check_entity(item) for item in raw]


def _check_entity(item: object) -> Entity:
    if not isinstance(item, dict):
        raise bad_request("can't parse MessageEntity: expected an Object")
    kind = item.get("type")
    if not isinstance(kind, str):
        raise bad_request("can't parse MessageEntity: Can't find field \"type\"")
    if kind not in ALLOWED:
        raise bad_request(f'can\'t parse MessageEntity: [simulator] unsupported type "{kind}"')
    entity: Entity = {"type": kind}
    for name in ("offset", "length"):
        value = item.get(name)
        if isinstance(value, bool) or not isinstance(value, int):
            raise bad_request(f'can\'t parse MessageEntity: Field "{name}" must be of type Number')
        entity[name] = value
    for name in item.keys() - {"type", "offset", "length"}:
        if name not in _EXTRA_FIELD.get(kind, ()):
            raise bad_request(f'can\'t parse MessageEntity: [simulator] unknown field "{name}" of type "{kind}"')
        entity[name] = item[name]
    if kind == "text_link":
        url = checked_url(str(item.get("url", "")))
        if url is None:
            raise bad_request("can't parse MessageEntity: Wrong HTTP URL specified in a text_link")
        entity["url"] = url
    if kind == "text_mention" and not isinstance(item.get("user"), dict):
        raise bad_request("can't parse MessageEntity: Can't find field \"user\"")
    if kind == "custom_emoji" and not str(item.get("custom_emoji_id", "")).isdigit():
        raise bad_request("can't parse MessageEntity: Invalid custom emoji identifier specified")
    if kind == "pre" and not isinstance(item.get("language", ""), str):
        raise bad_request('can\'t parse MessageEntity: Field "language" must be of type String')
    return entity


def checked_url(url: str) -> str | None:
    """Return `url` as Telegram stores it (scheme added, host in lower case, a path), or None where it is refused."""
    url = url.strip()
    if not url or re.search(r"[\x00-\x20<>\"]", url):
        return None
    if "://" not in url and not url.lower().startswith(("tg:", "ton:")):
        url = "http://" + url
    try:
        parts = urllib.parse.urlsplit(url)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        return None
    scheme = parts.scheme.lower()
    if scheme in {"tg", "ton"}:
        return url
    if scheme not in {"http", "https"} or not host or ("." not in host and ":" not in host):
        return None
    if not all(re.fullmatch(r"[\w-]{1,63}", label) for label in host.strip(".").split(".")) and ":" not in host:
        return None
    netloc = parts.netloc.replace(parts.netloc.rpartition("@")[2], parts.netloc.rpartition("@")[2].lower())
    return urllib.parse.urlunsplit((scheme, netloc, parts.path or "/", parts.query, parts.fragment))


def format_text(text: str, entities: Iterable[Entity], *, automatic: bool = True) -> tuple[str, list[Entity]]:
    """Return text and entities as Telegram stores them.

    Offsets and lengths are UTF-16 code units. Raises `ApiError` for entities outside the text or inside a character,
    and for text that is no valid Unicode. The text comes back empty if only white space was left.
    """
    given = [dict(entity) for entity in entities]
    for entity in given:
        if not 0 <= entity["offset"] <= _MAX_OFFSET:
            raise bad_request(f"receive an entity with incorrect offset {entity['offset']}")
        if not 0 <= entity["length"] <= _MAX_OFFSET:
            raise bad_request(f"receive an entity with incorrect length {entity['length']}")
    given = _sorted(e for e in given if e["length"] and e["type"] not in AUTOMATIC)
    cleaned, given = _clean(text, given)
    given = _fix(given)
    trimmed, given = _trim(cleaned, _drop_blank(cleaned, given))
    given = _fix(given)
    if automatic:
        given = _merge_found(given, find_entities(trimmed))
    return trimmed, _drop_blank(trimmed, given)


def _sorted(entities: Iterable[Entity]) -> list[Entity]:
    return sorted(entities, key=lambda e: (e["offset"], -e["length"], _PRIORITY.get(e["type"], 99)))


def _clean(text: str, entities: list[Entity]) -> tuple[str, list[Entity]]:
    kept: list[str] = []
    moved: dict[int, int] = {}  # a character's start before cleaning -> after cleaning
    before = after = 0
    for char in text:
        moved[before] = after
        before += 1 + (char > "\uffff")
        if "\ud800" <= char <= "\udfff":
            raise bad_request("strings must be encoded in UTF-8")
        # Carriage returns, line separators, bidirectional controls and three combining marks never arrive.
        if char == "\r" or "\u2028" <= char <= "\u202e" or char in "\u0333\u033f\u030a":
            continue
        kept.append(" " if char < " " and char != "\n" else char)
        after += 1 + (char > "\uffff")
    moved[before] = after
    for entity in entities:
        start, end = entity["offset"], entity["offset"] + entity["length"]
        if start > before:
            raise bad_request(f"entity begins after the end of the text at UTF-16 offset {start}")
        if end > before:
            raise bad_request(
                f"entity beginning at UTF-16 offset {start} ends after the end of the text at UTF-16 offset {end}"
            )
        if start not in moved:
            raise bad_request(
                f"entity begins in a middle of a UTF-16 symbol at byte offset {_byte_offset(text, start)}"
            )
        if end not in moved:
            raise bad_request(
                f"entity beginning at UTF-16 offset {start} ends in a middle of a UTF-16 symbol"
                f" at byte offset {_byte_offset(text, end)}"
            )
        entity["offset"], entity["length"] = moved[start], moved[end] - moved[start]
    return "".join(kept), _sorted(e for e in entities if e["length"])


def _byte_offset(text: str, utf16_offset: int) -> int:
    return len(utf16_slice(text, 0, utf16_offset + 1).encode())


def _end(entity: Entity) -> int:
    return int(entity["offset"] + entity["length"])


def _crosses(one: Entity, other: Entity) -> bool:
    first, second = sorted((one, other), key=lambda e: (e["offset"], -e["length"]))
    return bool(second["offset"] < _end(first) < _end(second))


def _contains(outer: Entity, inner: Entity) -> bool:
    return bool(outer["offset"] <= inner["offset"] and _end(inner) <= _end(outer))


def _fix(entities: list[Entity]) -> list[Entity]:
    """Drop and split what cannot be nested, the way Telegram does it silently."""
    continuous = _without_overlaps(e for e in entities if e["type"] not in (*SPLITTABLE, *BLOCKQUOTES))
    quotes = _without_overlaps(e for e in entities if e["type"] in BLOCKQUOTES)
    continuous = [e for e in continuous if not any(_crosses(e, q) or _strictly(e, q) for q in quotes)]
    splittable = [e for e in entities if e["type"] in SPLITTABLE]
    fixed = _sorted(continuous + quotes)
    merged = _merge_same(splittable)
    if _nests(_sorted(fixed + merged)):
        return _sorted(fixed + merged)
    return _split(merged, fixed)


def _strictly(outer: Entity, inner: Entity) -> bool:
    return _contains(outer, inner) and outer["length"] > inner["length"]


def _without_overlaps(entities: Iterable[Entity]) -> list[Entity]:
    kept: list[Entity] = []
    for entity in _sorted(entities):
        if not kept or entity["offset"] >= _end(kept[-1]):
            kept.append(entity)
    return kept


def _merge_same(entities: list[Entity]) -> list[Entity]:
    merged: list[Entity] = []
    for kind in SPLITTABLE:
        last: Entity | None = None
        for entity in _sorted(e for e in entities if e["type"] == kind):
            if last is not None and entity["offset"] <= _end(last):
                last["length"] = max(_end(last), _end(entity)) - last["offset"]
            else:
                last = dict(entity)
                merged.append(last)
    return merged


def _nests(entities: list[Entity]) -> bool:
    stack: list[Entity] = []
    for entity in entities:
        while stack and _end(stack[-1]) <= entity["offset"]:
            stack.pop()
        if any(_end(entity) > _end(outer) or outer["type"] in {"code", "pre"} for outer in stack):
            return False
        stack.append(entity)
    return True


def _split(splittable: list[Entity], fixed: list[Entity]) -> list[Entity]:
    cuts = sorted({e["offset"] for e in fixed} | {_end(e) for e in fixed})
    cuts += sorted({e["offset"] for e in splittable} | {_end(e) for e in splittable})
    pieces: list[Entity] = []
    for entity in splittable:
        points = sorted({entity["offset"], _end(entity), *(c for c in cuts if entity["offset"] < c < _end(entity))})
        for start, stop in itertools.pairwise(points):
            piece = {**entity, "offset": start, "length": stop - start}
            if not any(f["type"] in {"code", "pre"} and _contains(f, piece) for f in fixed):
                pieces.append(piece)
    return _sorted(fixed + pieces)


def _merge_found(entities: list[Entity], found: list[Entity]) -> list[Entity]:
    fixed = [e for e in entities if e["type"] not in SPLITTABLE]
    new = [
        f
        for f in found
        if not any(
            _crosses(f, e) or (e["type"] not in BLOCKQUOTES and _overlap(f, e)) or _strictly(f, e) for e in fixed
        )
    ]
    if not new:
        return entities
    # Telegram splits bold and its kin at the borders of links it finds.
    return _split([e for e in entities if e["type"] in SPLITTABLE], _sorted(fixed + new))


def _overlap(one: Entity, other: Entity) -> bool:
    return bool(one["offset"] < _end(other) and other["offset"] < _end(one))


def _drop_blank(text: str, entities: list[Entity]) -> list[Entity]:
    kept = []
    for entity in entities:
        if entity["type"] not in HIDDEN_DATA:
            part = utf16_slice(text, entity["offset"], entity["length"])
            lead = len(part) - len(part.lstrip(" \n"))
            entity["offset"] += lead
            entity["length"] -= lead
        if entity["length"] > 0:
            kept.append(entity)
    return _sorted(kept)


def _trim(text: str, entities: list[Entity]) -> tuple[str, list[Entity]]:
    text = text.rstrip(" \n")
    size = utf16_length(text)
    first = min((e["offset"] for e in entities), default=size)
    lead = min(len(text) - len(text.lstrip(" \n")), first)
    kept = []
    for entity in entities:
        entity["length"] = min(entity["length"], size - entity["offset"])
        entity["offset"] -= lead
        if entity["length"] > 0:
            kept.append(entity)
    return text[lead:], kept
