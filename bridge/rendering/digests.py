"""Digests: what a community published since the last one, as an index and in short, for one reader."""

from collections.abc import Sequence
from dataclasses import dataclass

from bridge.core.capabilities import Capabilities, Form
from bridge.core.membership import Reading
from bridge.core.text import MarkKind, RichText, joined, marked, plain
from bridge.rendering import cards, posts, sms
from bridge.rendering.posts import PostView
from bridge.rendering.words import Words

_TITLE = 60
"""Characters of a post's beginning where it has no headline."""
_SHORT = 280
"""Characters of a post in a digest."""
_LINE_TITLE = 45


@dataclass(frozen=True, kw_only=True)
class Digest:
    """What goes into one."""

    community: str
    reading: Reading
    items: Sequence[PostView] = ()
    """Oldest first, in the reader's language."""
    earlier: int = 0
    """How many more there are that are left out."""
    corrected: Sequence[int] = ()
    """Numbers of posts of earlier digests."""
    taken_back: Sequence[int] = ()


def _head(digest: Digest, w: Words) -> str:
    match digest.reading:
        case Reading.DAILY:
            name = w._("{community} daily digest", community=digest.community)
        case Reading.WEEKLY:
            name = w._("{community} weekly digest", community=digest.community)
        case Reading.MONTHLY:
            name = w._("{community} monthly digest", community=digest.community)
        case _:
            name = w._("{community}: what you have missed", community=digest.community)
    count = len(digest.items) + digest.earlier
    return f"{name} · " + w.ngettext("{count} new message", "{count} new messages", count) if count else name


def _words_of(view: PostView) -> str:
    shown = posts.wording(view).text if view.translation is not None or not view.short else view.short
    return " ".join(shown.split())


def _title(view: PostView, room: int) -> str:
    return posts.subject(view) or plain(_words_of(view)).shortened(room).text


def _index(view: PostView) -> str:
    return f"#{view.number} {view.author}: {_title(view, _TITLE)}"


def _changes(digest: Digest, w: Words) -> list[str]:
    found: list[str] = []
    for numbers, said in ((digest.corrected, w._("Corrected since:")), (digest.taken_back, w._("Taken back since:"))):
        if numbers:
            found.append(said + " " + ", ".join(f"#{number}" for number in numbers))
    return found


def _item(view: PostView, w: Words) -> RichText:
    head = [f"#{view.number} · {cards.one_line(view.card, w)}"]
    if view.answers is not None:
        head[0] += " · " + w._("Re #{number}", number=view.answers)
    head += [posts.subject(view)] if posts.subject(view) else []
    whole = _words_of(view)
    short = plain(whole).shortened(_SHORT).text
    files = posts.files_words(view.attachments, w) + posts.uncarried_words(view.uncarried, w)
    lines = [short, *files]
    if short != whole or files:
        lines.append(w._("All of it: /get {number}", number=view.number))
    return marked("\n".join(head), MarkKind.BOLD) + "\n" + "\n".join(line for line in lines if line)


def compose(digest: Digest, capabilities: Capabilities, w: Words) -> RichText:
    """The whole of it; ``line`` is for chats where every character costs."""
    sections: list[RichText] = [marked(_head(digest, w), MarkKind.BOLD)]
    if len(digest.items) > 1:
        sections.append(plain("\n".join(map(_index, digest.items))))
    if digest.earlier:
        sections.append(plain(_earlier(digest, w)))
    sections += [_item(view, w) for view in digest.items]
    sections += [plain("\n".join(changes))] if (changes := _changes(digest, w)) else []
    sections.append(plain(w._("/settings changes how you read.")))
    text = joined(sections, "\n\n")
    return text if capabilities.form is Form.RICH else RichText(text.text)


def _earlier(digest: Digest, w: Words) -> str:
    return w.ngettext("and {count} earlier message", "and {count} earlier messages", digest.earlier)


def line(digest: Digest, w: Words, most: int) -> str:
    """The newest ``most`` in a few words each, and how to get one whole."""
    shown = list(digest.items[-most:]) if most else []
    left_out = len(digest.items) - len(shown) + digest.earlier
    parts = [f"#{view.number} {view.author}: {_title(view, _LINE_TITLE)}" for view in shown]
    if left_out:
        parts.append(w.ngettext("and {count} earlier message", "and {count} earlier messages", left_out))
    parts += _changes(digest, w)
    if shown:
        parts.append(w._("All of one: GET {number}", number=shown[-1].number))
    return sms.fold(f"{digest.community}: " + ". ".join(part.rstrip(". ") for part in parts), w.language)
