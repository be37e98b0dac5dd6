"""An album's new files put in the place of the old ones: which of its messages change, and which go. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from bridge.core.message import Content


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """What is done to the messages of an album, each named by its place in it, from 0."""

    changed: tuple[tuple[int, int], ...]
    """Messages that show another file, or other words: which message, and which file of the new content."""
    removed: tuple[int, ...]
    words_move: bool
    """The message that had the words goes, and the first of ``changed`` takes them over."""


def is_similar(shown: Content, wanted: Content) -> bool:
    """May the files of an album be changed into these one by one? At least one stays; none is added or moved."""
    return len(shown.attachments) > 1 and _kept(shown, wanted) is not None


def exchange(shown: Content, wanted: Content) -> Exchange | None:
    """How an album becomes another; None where that takes a new one."""
    kept = _kept(shown, wanted)
    if kept is None:
        return None
    changed = [
        (message, file)
        for file, message in enumerate(kept)
        if shown.attachments[message].sha256 != wanted.attachments[file].sha256
    ]
    first = kept[0]
    other_words = _words(shown) != _words(wanted) if first == 0 else _words(wanted) != _words(Content())
    if other_words and (first, 0) not in changed:
        changed.insert(0, (first, 0))
    removed = tuple(message for message in range(len(shown.attachments)) if message not in kept)
    return Exchange(changed=tuple(changed), removed=removed, words_move=first != 0 and other_words)


def _kept(shown: Content, wanted: Content) -> list[int] | None:
    """For every wanted file the message that is to show it, in order."""
    before, after = _files(shown), _files(wanted)
    if not after or wanted.place is not None or wanted.poll is not None:
        return None
    kept: list[int] = []
    stays = False
    for what, start, end, begin, stop in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if stop - begin > end - start or (what != "equal" and not set(after[begin:stop]).isdisjoint(before)):
            return None
        stays = stays or what == "equal"
        kept += range(start, start + stop - begin)
    return kept if stays else None


def _files(content: Content) -> Sequence[str]:
    return [file.sha256 for file in content.attachments]


def _words(content: Content) -> object:
    """All that may stand with the first message: what pictures show is numbered where there are several."""
    alts = [(number, file.alt) for number, file in enumerate(content.attachments) if file.alt]
    return content.text, alts, bool(alts) and len(content.attachments) > 1
