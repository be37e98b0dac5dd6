"""Telegram's own JSON, so that it can be kept."""

import json
from collections.abc import Mapping, Sequence

from bridge.adapters.telegram.entities import without_surrogates


def storable(update: object) -> object:
    """The update without half surrogate pairs and null characters, which no database takes."""
    raw = json.dumps(update, ensure_ascii=False)
    try:
        raw.encode()
    except UnicodeEncodeError:
        return _cleaned(update)
    return _cleaned(update) if "\\u0000" in raw else update


def in_ascii(update: object) -> str:
    """As JSON of characters that every database takes; empty where even that cannot be written."""
    try:
        return json.dumps(update)
    except (ValueError, RecursionError):  # deeper than Python writes
        return ""


def _cleaned(value: object) -> object:
    if isinstance(value, str):
        return without_surrogates(value).replace("\x00", "\ufffd")
    if isinstance(value, Mapping):
        return {_cleaned(name): _cleaned(item) for name, item in value.items()}
    if isinstance(value, Sequence):
        return [_cleaned(item) for item in value]
    return value
