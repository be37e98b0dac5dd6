"""Whose words a message carries, for clients that show that in place of the account's name.

MSC4144 (https://github.com/matrix-org/matrix-spec-proposals/pull/4144) is open, so its unstable name is used. Clients
that do not know it show what they always did: the account's name, and the author in the first line of the text. That
line is the fallback: in the HTML its part with the name is marked, and clients that know profiles leave it out. The
post's number stays for everybody, since readers write it in commands; so in the plain body, where a client could only
take away a prefix of the MSC's own form, the line stays whole.

Of link previews Matrix says nothing. MSC4095 (open, too) lets a sender bundle them; an empty list tells the clients
that know it to show none. Others do as their readers set them.
"""

import re
from html import escape

from bridge.core.calls import defused
from bridge.core.hygiene import clean_line, isolated
from bridge.core.message import Author, Content
from bridge.core.ports import Json

PROFILE = "com.beeper.per_message_profile"
PREVIEWS = "com.beeper.linkpreviews"
_MOST_BYTES = 255
_FIRST_LINE = re.compile(r"<strong>((?:(?!<br>|</strong>).)*)", re.DOTALL)
_SEPARATOR = " · "


def with_hints(event: dict[str, Json], content: Content, *, authors: bool) -> dict[str, Json]:
    """The content of an event with what only some clients understand: whose words it carries, and no previews."""
    event = with_author(event, content.author if authors else None)
    return event if content.previews else without_previews(event)


def with_author(content: dict[str, Json], author: Author | None) -> dict[str, Json]:
    """The content of a message with its author's profile."""
    if author is None or not author.id or not author.name:
        return content
    shown = _bounded(clean_line(author.name, _MOST_BYTES))
    profile: dict[str, Json] = {"id": _bounded(author.id), "displayname": shown}
    html = content.get("formatted_body")
    marked = _marked(html, author.name) if isinstance(html, str) else None
    if marked is None:
        return content | {PROFILE: profile}
    return content | {"formatted_body": marked, PROFILE: profile | {"has_fallback": True}}


def without_previews(content: dict[str, Json]) -> dict[str, Json]:
    """The content with the wish that no client shows what is behind its addresses."""
    body = content.get("body")
    return content | {PREVIEWS: []} if isinstance(body, str) and "://" in body else content


def _marked(html: str, name: str) -> str | None:
    """The HTML with the author's name in its first line marked as the fallback; None where it does not stand there."""
    first = _FIRST_LINE.match(html)
    if first is None:
        return None
    words = escape(_SEPARATOR + isolated(defused(name)))
    before, found, after = first[1].partition(words)
    if not found or not before or not (not after or after.startswith(_SEPARATOR)):
        return None
    rest = html[first.end() :]
    again = f"<strong>{after}{rest}" if after or not rest.startswith("</strong>") else rest.removeprefix("</strong>")
    return f"<strong>{before}</strong><strong data-mx-profile-fallback>{words}</strong>{again}"


def _bounded(text: str) -> str:
    """At most as many bytes as the MSC allows, without half characters at the end."""
    return text.encode("utf-8", "replace")[:_MOST_BYTES].decode("utf-8", "ignore")
