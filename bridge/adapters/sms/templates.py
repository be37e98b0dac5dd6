"""Templates in the shape of RapidPro's External API: ``{{to}}`` and its like, encoded for where they stand. Pure."""

import json
import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote
from xml.sax.saxutils import escape

NAMES: Final = ("to", "to_no_plus", "text", "id", "from", "from_no_plus", "channel", "password", "username")
"""``channel`` is the name of the account. RapidPro's ``uuid``, ``session_status`` and ``quick_replies`` say nothing."""
_EMPTY: Final = ("session_status", "quick_replies")
_HOLE: Final = re.compile(r"\{\{\s*(\w+)\s*\}\}")


def unknown(template: str) -> str:
    """The first name that stands for nothing; empty where all is well."""
    known = (*NAMES, *_EMPTY, "uuid")
    return next((name for name in _HOLE.findall(template) if name not in known), "")


def filled(template: str, values: Mapping[str, str], content_type: str = "") -> str:
    """With the values in place. In JSON each is a string with its quotation marks."""

    def value(match: re.Match[str]) -> str:
        name = "id" if match[1] == "uuid" else match[1]
        return _encoded(values.get(name, ""), content_type)

    return _HOLE.sub(value, template)


def _encoded(value: str, content_type: str) -> str:
    kind = content_type.partition(";")[0].strip().lower()
    if kind.endswith("json"):
        return json.dumps(value, ensure_ascii=False)
    if kind == "application/x-www-form-urlencoded":
        return quote(value, safe="")
    return escape(value) if kind.endswith("xml") else value
