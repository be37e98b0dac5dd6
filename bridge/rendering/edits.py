"""What an edit did to a text, with the addresses behind its links: readers follow them, so they count as words."""

from bridge.core.text import RichText
from bridge.rendering import diff
from bridge.rendering.posts import spelled
from bridge.rendering.words import Words


def changed(before: RichText, after: RichText) -> RichText:
    """For chats with formatting; EMPTY where neither a word nor an address changed."""
    return diff.changed(spelled(before), spelled(after))


def in_words(before: RichText, after: RichText, w: Words) -> str:
    """For chats without."""
    return diff.in_words(spelled(before), spelled(after), w)


def is_trivial(before: RichText, after: RichText) -> bool:
    """Is it too small to ask the author about? Another address never is."""
    return diff.is_trivial(spelled(before).text, spelled(after).text)
