"""Digests as letters, in the layout of RFC 1153: an index, then the posts in short, with what stands over letters.

What one post takes is counted in bytes, for that is what readers pay for: at most ``POST``, with its line in the index.
"""

from datetime import UTC

from bridge.core.text import plain
from bridge.rendering import cards, digests, posts
from bridge.rendering.digests import Digest
from bridge.rendering.kinds import files_words, uncarried_words
from bridge.rendering.posts import PostView
from bridge.rendering.words import Words

POST = 500
"""Bytes of a post in all, ends of lines (two bytes each) among them."""
_BEFORE, _BETWEEN = "-" * 70, "-" * 30
_NAME, _TITLE, _AUTHOR, _SUBJECT, _FILES = 40, 70, 80, 110, 80
"""Bytes of a name and a title in the index; of a card, a headline, and the words for files over a post."""
_LEAST = 40
"""Bytes that are left for the text, however long an address is."""


def compose(digest: Digest, w: Words) -> str:
    """All of it but how to leave, which stands beneath every letter."""
    items = digests.threaded(digest.items)
    preamble = [digests.head(digest, w)]
    index = [_index(view, w) for view in items]
    if digest.earlier:
        index.append(digests.earlier(digest, w))
    preamble += ["\n".join(index)] if index else []
    ending = ["\n".join(changes)] if (changes := digests.changes(digest, w)) else []
    if items:
        ending.append(w._("To answer a post where you cannot reply to it, begin your message with: Re #12"))
    end = w._("End of the {community} digest", community=digest.community)
    sections = ["\n\n".join(preamble) + f"\n\n{_BEFORE}"]
    sections += [f"{_item(view, digest, w)}\n\n{_BETWEEN}" for view in items]
    sections += ["\n\n".join([*ending, f"{end}\n{'*' * min(len(end), 70)}"])]
    return "\n\n".join(sections)


def _index(view: PostView, w: Words) -> str:
    who = _within(view.author, _NAME)
    if view.answers is not None:
        answered = w._("Re #{number}", number=view.answers)
        who = f"{who} ({answered})"
    return f"#{view.number} {who}: {_within(posts.subject(view) or digests.words_of(view), _TITLE)}"


def _item(view: PostView, digest: Digest, w: Words) -> str:
    head = [_numbered(view, digest, w), w._("From: {name}", name=_within(cards.one_line(view.card, w), _AUTHOR))]
    if subject := posts.subject(view):
        head.append(w._("Subject: {subject}", subject=_within(subject, _SUBJECT)))
    whole = digests.words_of(view)
    files = "; ".join(files_words(view.attachments, w) + uncarried_words(view.uncarried, w, brief=True))
    files = _within(files, _FILES)
    address = digest.pages.get(view.number)
    more = address or w._("All of it: GET {number}", number=view.number)
    taken = sum(_weight(line) for line in (_index(view, w), *head, "", "", _BETWEEN, ""))
    room = POST - taken - (_weight(files) if files else 0)
    if _weight(whole) <= room - (_weight(more) if files else 0):
        lines = [whole, files, more if files else ""]
    else:
        lines = [_within(whole, max(_LEAST, room - _weight(more) - _weight(""))), files, more]
    return "\n".join([*head, "", *(line for line in lines if line)])


def _numbered(view: PostView, digest: Digest, w: Words) -> str:
    parts = [f"#{view.number}"]
    if view.answers is not None:
        parts.append(w._("Re #{number}", number=view.answers))
    moment = digest.published.get(view.number)
    if moment is not None:
        parts.append(f"{w.date(moment, digest.zone)} {moment.astimezone(digest.zone or UTC):%H:%M}")
    return " · ".join(parts)


def _weight(line: str) -> int:
    """Bytes of a line on its way, with its end."""
    return len(line.encode()) + 2


def _within(text: str, most: int) -> str:
    """Of a text as much as has so many bytes; what is shorter says so."""
    text = " ".join(text.split())
    if len(text.encode()) <= most:
        return text
    low, high = 0, min(len(text), most)
    while low < high:
        middle = (low + high + 1) // 2
        if len(plain(text).shortened(middle).text.encode()) <= most:
            low = middle
        else:
            high = middle - 1
    return plain(text).shortened(low).text


__all__ = ["POST", "compose"]
