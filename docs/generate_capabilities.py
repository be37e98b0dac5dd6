"""Writes ``docs/capabilities.md`` from the adapters' own tables: ``make docs``; a test compares."""

from collections.abc import Callable, Mapping
from pathlib import Path

from bridge.adapters.email.capabilities import MAILBOX
from bridge.adapters.loopback.capabilities import RICH, THIN
from bridge.adapters.matrix.capabilities import CAPABILITIES as MATRIX
from bridge.adapters.sms.capabilities import CAPABILITIES as SMS
from bridge.adapters.telegram.capabilities import CAPABILITIES as TELEGRAM
from bridge.adapters.telegram.capabilities import MAX_LOCAL
from bridge.core.capabilities import ButtonStyle, Capabilities, Form, Guarantee, TextUnit
from bridge.core.message import AttachmentKind
from bridge.core.text import MarkKind

TARGET = Path(__file__).with_name("capabilities.md")
TABLES: Mapping[str, Capabilities] = {
    "Telegram": TELEGRAM,
    "Matrix": MATRIX,
    "e-mail": MAILBOX,
    "SMS": SMS,
    "loopback": RICH,
    "loopback, thin (as SMS)": THIN,
}
"""Every adapter's table by the name of its column."""

HEAD = """\
# What each platform can do

Generated from the adapters' own tables (`capabilities.py` in each) by `docs/generate_capabilities.py` (`make docs`):
change the tables, not this page. Planning, the moderators' preview, the tests of every adapter and this page read the
same data. Nothing is left out in silence: where a chat cannot show something, its readers get words (kind, name, size,
duration, and how to get the rest).

Some accounts can do more or less than their platform's column says: a Matrix homeserver names its own largest file, and
a Telegram bot with its own Bot API server carries files of up to {local} both ways. A topic of a Telegram forum is a
group of its own to the bridge.
"""

_UNITS = {
    TextUnit.UTF16: "UTF-16 units",
    TextUnit.CODE_POINTS: "characters",
    TextUnit.BYTES: "bytes",
    TextUnit.SEPTETS: "septets (three SMS)",
}
_FORMS = {Form.RICH: "rich text", Form.PLAIN: "plain text", Form.LINE: "one line, every character costs"}
_BUTTONS = {
    ButtonStyle.INLINE: "buttons",
    ButtonStyle.REACTIONS: "reactions to press",
    ButtonStyle.WORDS: "words to write",
}
_GUARANTEES = {
    Guarantee.ONCE_BY_KEY: "once: a repeated send is recognised",
    Guarantee.ONCE_BY_LOOKUP: "once: past sends can be looked up",
    Guarantee.AT_MOST_ONCE: "at most once: what is in doubt is shown to a moderator",
    Guarantee.AT_LEAST_ONCE: "at least once: a repeat does little harm",
}
_MARKS = {MarkKind.PRE: "code block", MarkKind.STRIKE: "struck through"}
_KINDS = {AttachmentKind.VIDEO_NOTE: "round video", AttachmentKind.VOICE: "voice message"}

Cell = Callable[[Capabilities], str]


def _size(count: int) -> str:
    return f"{count / 1e6:.0f} MB"


def _yes(answer: object, otherwise: str = "no") -> str:
    return "yes" if answer else otherwise


def _mark(kind: MarkKind) -> Cell:
    return lambda can: _yes(kind in can.marks, "its text")


def _file(kind: AttachmentKind) -> Cell:
    def cell(can: Capabilities) -> str:
        if kind not in can.media:
            return "words"
        limit = can.file_limit(kind)
        return f"to {_size(limit)}" if limit else "yes"

    return cell


def _received(kind: AttachmentKind) -> Cell:
    return lambda can: _yes(kind in can.receives)


def _largest(can: Capabilities) -> str:
    if not can.receives:
        return "none"
    return _size(can.max_received_bytes) if can.max_received_bytes else "as the config says"


def _age(can: Capabilities) -> str:
    if can.deletes_others is None:
        return "no"
    days = can.deletes_others.days
    return "yes" if days > 300 else f"to {int(can.deletes_others.total_seconds() // 3600)} hours old"


SECTIONS: tuple[tuple[str, tuple[tuple[str, Cell], ...]], ...] = (
    (
        "Text, to a group",
        (
            ("form", lambda can: _FORMS[can.form]),
            ("longest message", lambda can: f"{can.text_limit} {_UNITS[can.text_unit]}"),
            ("longest text beside a file", lambda can: str(can.caption_limit or "none")),
            ("messages a post may become", lambda can: str(can.max_parts)),
            *((_MARKS.get(kind, kind.value.replace("_", " ")), _mark(kind)) for kind in MarkKind),
            ("link previews can be chosen", lambda can: _yes(can.previews)),
            ("author shown beside each message", lambda can: _yes(can.authors, "in the text")),
        ),
    ),
    (
        "Files and other kinds, to a group",
        (
            *((_KINDS.get(kind, kind.value.replace("_", " ")), _file(kind)) for kind in AttachmentKind),
            ("files shown as one album", lambda can: str(can.album) if can.album > 1 else "one by one"),
            ("place", lambda can: _yes(can.places, "words")),
            ("poll", lambda can: _yes(can.polls, "words")),
            ("contact, dice, checklist, story, giveaway", lambda can: "words"),
        ),
    ),
    (
        "Files from members",
        (
            *((_KINDS.get(kind, kind.value.replace("_", " ")), _received(kind)) for kind in AttachmentKind),
            ("largest", _largest),
        ),
    ),
    (
        "Afterwards",
        (
            ("replies", lambda can: _yes(can.replies, "Re #482")),
            ("threads", lambda can: _yes(can.threads)),
            ("our messages can be edited", lambda can: _yes(can.edits)),
            ("our messages can be removed", lambda can: _yes(can.deletes_own)),
            ("members' messages can be removed", _age),
            ("members' edits are seen", lambda can: _yes(can.sees_edits)),
            ("members' deletions are seen", lambda can: _yes(can.sees_deletes, "no: /withdraw")),
            ("reactions are counted", lambda can: _yes(can.reads_reactions)),
            ("reactions we can place on a message", lambda can: str(can.places_reactions)),
        ),
    ),
    (
        "The rest",
        (
            ("choices are offered as", lambda can: _BUTTONS[can.buttons]),
            ("the bot may write first", lambda can: _yes(can.opens_direct)),
            ("end-to-end encryption", lambda can: _yes(can.encrypts)),
            ("a send whose answer never came", lambda can: _GUARANTEES[can.guarantee]),
        ),
    ),
)


def page() -> str:
    """The whole of ``docs/capabilities.md``."""
    lines = [HEAD.format(local=_size(MAX_LOCAL))]
    for title, rows in SECTIONS:
        lines += [f"## {title}", "", "| | " + " | ".join(TABLES) + " |", "|---" * (len(TABLES) + 1) + "|"]
        lines += [f"| {name} | " + " | ".join(cell(can) for can in TABLES.values()) + " |" for name, cell in rows]
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    TARGET.write_text(page(), encoding="utf-8")
