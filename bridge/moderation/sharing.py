"""Asking an author, in private, whether they meant to share what may identify somebody. Nothing is ever removed."""

from bridge.core.text import plain
from bridge.moderation.hints import HintKind, label
from bridge.rendering.words import Words
from bridge.storage import codec

_EXCERPT = 40
_MOST = 3


def noticed(findings: str, w: Words) -> str:
    """What was found in a wording, each kind once with its words; empty where nothing was."""
    first: dict[str, str] = {}
    for hint in codec.load_object(findings).get("hints", []):
        first.setdefault(str(hint["kind"]), str(hint["excerpt"]))
    named = [
        f"{label(HintKind(kind), w)} “{plain(' '.join(excerpt.split())).shortened(_EXCERPT).text}”"
        for kind, excerpt in list(first.items())[:_MOST]
    ]
    if len(first) > _MOST:
        named.append("…")
    return ", ".join(named)


def asked_while_held(findings: str, number: int, w: Words, *, editable: bool) -> list[str]:
    """The question with a receipt. ``editable``: the author still has a message that they can change."""
    what = noticed(findings, w)
    if not what:
        return []
    asked = w._("🔎 Did you mean to share this? {what}. Readers in all groups would see it.", what=what)
    if editable:
        how = w._("If not, edit your message, or withdraw it: it is not published yet.")
    else:
        how = w._(
            "If not, withdraw it (write WITHDRAW {number}) and send it again without that: it is not published yet.",
            number=number,
        )
    return [f"{asked} {how}"]


def asked_when_published(findings: str, number: int, w: Words) -> str:
    """The same of what goes out without being read; empty where there is nothing to ask."""
    what = noticed(findings, w)
    if not what:
        return ""
    return w._(
        "🔎 Did you mean to share this in #{number}? {what}. If not, write RETRACT {number}: the moderators can take "
        "it back.",
        what=what,
        number=number,
    )
