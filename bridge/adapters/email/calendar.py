"""The words of an invitation (iCalendar, RFC 5545): what, when, where. Pure."""

import re
from typing import Final

_SHOWN: Final = ("SUMMARY", "DTSTART", "DTEND", "LOCATION", "DESCRIPTION")
_LINE: Final = re.compile(r"([A-Z-]{1,40})((?:;[^:\n]{0,300})?):(.*)")
_MOMENT: Final = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2})\d{2}(Z?))?")
_ESCAPED: Final = {"\\n": "\n", "\\N": "\n", "\\,": ",", "\\;": ";", "\\\\": "\\"}


def summary(text: str) -> str:
    """Its first event in a few lines."""
    unfolded = re.sub(r"\n[ \t]", "", text[:100_000].replace("\r\n", "\n"))
    _, begun, event = unfolded.partition("BEGIN:VEVENT")
    said: dict[str, str] = {}
    for line in (event if begun else unfolded).split("\n"):
        if line.startswith("END:VEVENT"):
            break
        match = _LINE.match(line)
        if match is not None and match[1] in _SHOWN and match[1] not in said:
            said[match[1]] = _moment(match[2], match[3]) if match[1].startswith("DT") else _text(match[3])
    return "\n".join(said[name] for name in _SHOWN if said.get(name))


def _text(value: str) -> str:
    return re.sub(r"\\[nN,;\\]", lambda match: _ESCAPED[match[0]], value).strip()[:1000]


def _moment(parameters: str, value: str) -> str:
    match = _MOMENT.match(value)
    if match is None:
        return ""
    day = f"{match[1]}-{match[2]}-{match[3]}"
    if match[4] is None:
        return day
    zone = re.search(r"TZID=([^;:]{1,60})", parameters)
    where = "UTC" if match[6] else zone[1].strip('"') if zone else ""
    return f"{day} {match[4]}:{match[5]} {where}".rstrip()
