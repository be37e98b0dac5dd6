"""What a Telegram-like app writes in the place of what it cannot draw here: places, polls, voice notes and others."""

from collections.abc import Mapping, Sequence
from typing import Any

from bridge.playground.formatting import length_words, size_words

_NAMES = {
    "video": "Video",
    "animation": "GIF",
    "audio": "Music",
    "voice": "Voice note",
    "video_note": "Round video",
    "sticker": "Sticker",
    "document": "File",
    "photo": "Photo",
    "giveaway_winners": "Winners of a giveaway",
    "paid_media": "Paid media",
    "rich_message": "Rich message",
}


def kind_words(kinds: Sequence[str]) -> str:
    """The names of kinds of content, for the line that a reply quotes."""
    return ", ".join(_NAMES.get(kind, kind.replace("_", " ").capitalize()) for kind in kinds) or "?"


def file_words(file: Mapping[str, Any]) -> str:
    """The name of a file, or what it is: ``Voice note``, ``Amina - Mwongozo``."""
    if file["kind"] == "audio" and file.get("title"):
        return " - ".join(str(file[name]) for name in ("performer", "title") if file.get(name))
    if file["kind"] == "sticker" and file.get("emoji"):
        return f"{file['emoji']} Sticker"
    if file["kind"] in ("voice", "video_note"):  # the app shows these under no name
        return _NAMES[str(file["kind"])]
    return str(file["file_name"] or _NAMES.get(str(file["kind"]), file["kind"]))


def facts_words(file: Mapping[str, Any]) -> str:
    """Length, dimensions and size: ``0:07, 640 × 360, 1.2 MB``."""
    sides = f"{file['width']} × {file['height']}" if file.get("width") and file.get("height") else ""
    parts = (length_words(file.get("duration") or 0), sides, size_words(int(file["size"])))
    return ", ".join(part for part in parts if part)


def other_words(other: Mapping[str, Any], votes: Sequence[int] = ()) -> str:
    """What is neither text nor file, in words; empty where there is nothing of the kind."""
    if "venue" in other:  # its location is in the message a second time
        venue = other["venue"]
        return f"Place: {venue['title']}, {venue['address']} ({_point(venue['location'])})"
    return "\n".join(_words(kind, value, votes) for kind, value in other.items())


def _words(kind: str, value: Mapping[str, Any], votes: Sequence[int]) -> str:
    if kind == "location":
        return f"{'Live location' if 'live_period' in value else 'Location'}: {_point(value)}"
    if kind == "contact":
        name = " ".join(str(value[part]) for part in ("first_name", "last_name") if value.get(part))
        return f"Contact: {name}, {value['phone_number']}"
    if kind == "poll":
        return _poll(value, votes)
    if kind == "dice":
        return f"{value['emoji']} {value['value']}"
    if kind == "checklist":
        tasks = "\n".join(f"{'☑' if 'completion_date' in task else '☐'} {task['text']}" for task in value["tasks"])
        return f"{value['title']}\n{tasks}"
    if kind == "giveaway":
        return f"Giveaway: {value['winner_count']} × {value.get('prize_description') or 'a prize'}"
    return kind_words([kind])


def _poll(poll: Mapping[str, Any], votes: Sequence[int]) -> str:
    kind = "Quiz" if poll["type"] == "quiz" else "Poll"
    state = ", closed" if poll["is_closed"] else ""
    who = "anonymous" if poll["is_anonymous"] else "open"
    total = int(poll["total_voter_count"])
    lines = [f"{kind} ({who}{state}): {poll['question']}"]
    for number, option in enumerate(poll["options"]):
        mark = "●" if number in votes else "○"
        lines.append(f"{mark} {option['text']}: {option['voter_count']}")
    return "\n".join([*lines, "1 vote" if total == 1 else f"{total} votes"])


def _point(place: Mapping[str, Any]) -> str:
    return f"{float(place['latitude']):.5f}, {float(place['longitude']):.5f}"
