"""What a member's Matrix app sends, and what it makes of events: read and written by other means than the adapter's."""

from collections.abc import Mapping
from datetime import timedelta
from html import escape
from html.parser import HTMLParser
from typing import Any

from bridge.core.message import AttachmentKind, Place, Poll, UncarriedKind
from bridge.core.text import MarkKind, RichText
from bridge.playground.matrix_timeline import POLL
from tests.contract.harness import PERSONAL
from tests.contract.seen import Upload

TAGS = {
    "strong": MarkKind.BOLD,
    "em": MarkKind.ITALIC,
    "u": MarkKind.UNDERLINE,
    "del": MarkKind.STRIKE,
    "code": MarkKind.CODE,
    "pre": MarkKind.PRE,
    "a": MarkKind.LINK,
    "blockquote": MarkKind.QUOTE,
    "span": MarkKind.SPOILER,
}
TYPES = {
    AttachmentKind.PHOTO: "m.image",
    AttachmentKind.VIDEO: "m.video",
    AttachmentKind.ANIMATION: "m.video",
    AttachmentKind.AUDIO: "m.audio",
    AttachmentKind.VOICE: "m.audio",
    AttachmentKind.DOCUMENT: "m.file",
}
PLAIN = {
    "m.image": AttachmentKind.PHOTO,
    "m.video": AttachmentKind.VIDEO,
    "m.audio": AttachmentKind.AUDIO,
    "m.file": AttachmentKind.DOCUMENT,
    "m.sticker": AttachmentKind.STICKER,
}
"""What each type is, without further marks."""
MESSAGE = "m.room.message"
SPOILER = "page.codeberg.everypizza.msc4193.spoiler"
ALT = "org.matrix.msc1767.alt_text"
VOICE = "org.matrix.msc3245.voice"
TEXT = "org.matrix.msc1767.text"
OTHERS: Mapping[UncarriedKind, tuple[str, dict[str, Any]]] = {
    UncarriedKind.LOCATION: (
        MESSAGE,
        {"msgtype": "m.location", "body": f"{PERSONAL}'s clinic", "geo_uri": "geo:-1.28333,36.81667"},
    ),
    UncarriedKind.POLL: (
        POLL,
        {
            POLL: {
                "question": {TEXT: f"Does {PERSONAL} come?"},
                "answers": [{"id": "y", TEXT: "Yes"}, {"id": "n", TEXT: "No"}],
            }
        },
    ),
    UncarriedKind.ENCRYPTED: (
        "m.room.encrypted",
        {"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "AAAA", "session_id": "s", "device_id": "D"},
    ),
    UncarriedKind.UNKNOWN: ("org.example.hologram", {"body": f"{PERSONAL} waves"}),
    # A film that nobody can fetch.
    UncarriedKind.VIDEO: (MESSAGE, {"msgtype": "m.video", "body": f"{PERSONAL}.mp4", "info": {}}),
}
"""Event type and content of what is neither text nor a file."""


def file_content(file: Upload) -> dict[str, Any]:
    """What an app says of a file, beside its name and address."""
    info: dict[str, Any] = {"w": file.width, "h": file.height}
    info["duration"] = None if file.seconds is None else file.seconds * 1000
    info = {name: value for name, value in info.items() if value is not None}
    if file.kind is AttachmentKind.ANIMATION:
        info["fi.mau.gif"] = True
    more: dict[str, Any] = {"info": info}
    if file.spoiler:
        more[SPOILER] = True
    if file.alt:
        more[ALT] = {TEXT: [{"body": file.alt}]}
    if file.kind is AttachmentKind.VOICE:
        more |= {VOICE: {}, "org.matrix.msc1767.audio": {"waveform": list(file.waveform)}}
    return more


def file_facts(kind: str, content: Mapping[str, Any]) -> dict[str, Any]:
    """What a device shows of a file, as fields of Shown."""
    info, shown = content.get("info", {}), content.get("msgtype", kind)
    found = PLAIN[shown]
    if VOICE in content:
        found = AttachmentKind.VOICE
    if info.get("fi.mau.gif") or info.get("org.matrix.msc4230.is_animated"):
        found = AttachmentKind.ANIMATION
    described = content.get(ALT, {}).get(TEXT, [{"body": content["body"] if shown == "m.sticker" else ""}])
    return {
        "kind": found,
        "file_name": content.get("filename", ""),
        "duration": timedelta(milliseconds=info["duration"]) if "duration" in info else None,
        "spoiler": content.get(SPOILER) is True,
        "alt": described[0]["body"],
    }


def place_of(content: Mapping[str, Any]) -> Place | None:
    if content.get("msgtype") != "m.location":
        return None
    latitude, longitude = content["geo_uri"].removeprefix("geo:").partition(";")[0].split(",")
    described = content.get("org.matrix.msc3488.location", {}).get("description", "")
    return Place(latitude=float(latitude), longitude=float(longitude), title=described)


def poll_of(content: Mapping[str, Any]) -> Poll | None:
    if POLL not in content:
        return None
    start = content[POLL]
    options = tuple(answer[TEXT] for answer in start["answers"])
    return Poll(question=start["question"][TEXT], options=options, multiple=start["max_selections"] > 1)


def as_html(text: RichText) -> str | None:
    """For marks that do not overlap."""
    if not text.marks:
        return None
    names = {kind: tag for tag, kind in TAGS.items()}
    html, last = "", 0
    for mark in sorted(text.marks):
        tag = names[mark.kind]
        opening = f'<a href="{escape(mark.value)}">' if tag == "a" else f"<{tag}>"
        html += escape(text.text[last : mark.start]) + opening + escape(text.text[mark.start : mark.end]) + f"</{tag}>"
        last = mark.end
    return html + escape(text.text[last:])


class _Seen(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        self.marks: set[MarkKind] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("br", "pre", "blockquote"):
            self.text += "\n"
        if tag in TAGS:
            self.marks.add(TAGS[tag])

    def handle_endtag(self, tag: str) -> None:
        if tag in ("pre", "blockquote"):
            self.text += "\n"

    def handle_data(self, data: str) -> None:
        self.text += data


def from_html(html: str) -> tuple[str, frozenset[MarkKind]]:
    seen = _Seen()
    seen.feed(html)
    seen.close()
    return seen.text, frozenset(seen.marks)
