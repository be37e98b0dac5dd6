"""Digests: what a community published since the last one, as an index and in short, for one reader."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from zoneinfo import ZoneInfo

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
_CHANGES = 40
"""Numbers of changed posts that are named; of more it is said how many they are."""


@dataclass(frozen=True, kw_only=True)
class Digest:
    """What goes into one."""

    community: str
    reading: Reading
    items: Sequence[PostView] = ()
    """Oldest first, in the reader's language."""
    earlier: int = 0
    """How many more there are that are left out."""
    first_earlier: int | None = None
    """The number of the first of them."""
    page: str = ""
    """Where this reader finds them on a web page; empty where nowhere."""
    pages: Mapping[int, str] = field(default_factory=dict)
    """Where they find each post, by its number."""
    published: Mapping[int, datetime] = field(default_factory=dict)
    """When each came out."""
    zone: ZoneInfo | None = None
    """The reader's."""
    corrected: Sequence[int] = ()
    """Numbers of posts of earlier digests."""
    taken_back: Sequence[int] = ()
    most_changes: int = _CHANGES

    def without_oldest(self) -> "Digest":
        """With one post less in it, and counted as left out."""
        first = self.items[0].number if self.first_earlier is None else self.first_earlier
        return replace(self, items=self.items[1:], earlier=self.earlier + 1, first_earlier=first)

    def with_fewer_changes(self) -> "Digest":
        return replace(self, most_changes=min(self.most_changes, len(self.corrected) + len(self.taken_back)) // 2)


def threaded(items: Sequence[PostView]) -> list[PostView]:
    """Each thread together, in the order of their first posts here; within one in the order of publication."""
    threads: dict[int, list[PostView]] = {}
    for view in items:
        threads.setdefault(view.thread_root or view.answers or view.number, []).append(view)
    return [view for thread in threads.values() for view in thread]


def head(digest: Digest, w: Words) -> str:
    """``HIFA daily digest · 12 new messages``."""
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


def words_of(view: PostView) -> str:
    """The short version, else all words, on one line."""
    shown = posts.wording(view).text if view.translation is not None or not view.short else view.short
    return " ".join(shown.split())


def _title(view: PostView, room: int) -> str:
    return posts.subject(view) or plain(words_of(view)).shortened(room).text


def _index(view: PostView) -> str:
    return f"#{view.number} {view.author}: {_title(view, _TITLE)}"


def changes(digest: Digest, w: Words) -> list[str]:
    """What became of posts of earlier digests."""
    found: list[str] = []
    for numbers, said in ((digest.corrected, w._("Corrected since:")), (digest.taken_back, w._("Taken back since:"))):
        named = [f"#{number}" for number in numbers[len(numbers) - min(len(numbers), digest.most_changes) :]]
        if more := len(numbers) - len(named):
            named.append(w.ngettext("and {count} earlier one", "and {count} earlier ones", more))
        if numbers:
            found.append(said + " " + ", ".join(named))
    return found


def _item(view: PostView, w: Words) -> RichText:
    head = [f"#{view.number} · {cards.one_line(view.card, w)}"]
    if view.answers is not None:
        head[0] += " · " + w._("Re #{number}", number=view.answers)
    head += [posts.subject(view)] if posts.subject(view) else []
    whole = words_of(view)
    short = plain(whole).shortened(_SHORT).text
    files = posts.files_words(view.attachments, w) + posts.uncarried_words(view.uncarried, w)
    lines = [short, *files]
    if short != whole or files:
        lines.append(w._("All of it: /get {number}", number=view.number))
    return marked("\n".join(head), MarkKind.BOLD) + "\n" + "\n".join(line for line in lines if line)


def compose(digest: Digest, capabilities: Capabilities, w: Words) -> RichText:
    """The whole of it; ``line`` is for chats where every character costs."""
    sections: list[RichText] = [marked(head(digest, w), MarkKind.BOLD)]
    items = threaded(digest.items)
    if len(items) > 1:
        sections.append(plain("\n".join(map(_index, items))))
    if digest.earlier:
        sections.append(plain(earlier(digest, w)))
    sections += [_item(view, w) for view in items]
    sections += [plain("\n".join(changed))] if (changed := changes(digest, w)) else []
    sections.append(plain(w._("/settings changes how you read.")))
    text = joined(sections, "\n\n")
    return text if capabilities.form is Form.RICH else RichText(text.text)


def earlier(digest: Digest, w: Words) -> str:
    """How many are left out, and how to get them."""
    count = digest.earlier
    if digest.page:
        return w.ngettext(
            "and {count} earlier message: {address}",
            "and {count} earlier messages: {address}",
            count,
            address=digest.page,
        )
    if digest.first_earlier is not None:
        return w.ngettext(
            "and {count} earlier message. To get it, write GET {number}",
            "and {count} earlier messages. To get one, write GET and its number; the first is GET {number}",
            count,
            number=digest.first_earlier,
        )
    return w.ngettext("and {count} earlier message", "and {count} earlier messages", count)


def line(digest: Digest, w: Words, most: int) -> str:
    """The newest ``most`` in a few words each, and how to get one whole."""
    shown = list(digest.items[-most:]) if most else []
    left_out = len(digest.items) - len(shown) + digest.earlier
    parts = [f"#{view.number} {view.author}: {_title(view, _LINE_TITLE)}" for view in shown]
    if left_out:
        parts.append(w.ngettext("and {count} earlier message", "and {count} earlier messages", left_out))
    parts += changes(digest, w)
    if shown:
        parts.append(w._("All of one: GET {number}", number=shown[-1].number))
    return sms.fold(f"{digest.community}: " + ". ".join(part.rstrip(". ") for part in parts), w.language)
