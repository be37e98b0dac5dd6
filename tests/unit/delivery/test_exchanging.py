"""How the messages of an album become another album."""

import pytest

from bridge.core.message import Attachment, AttachmentKind, Content
from bridge.core.text import plain
from bridge.delivery.exchanging import Exchange, exchange, is_similar


def album(files: str, words: str = "Our ward", alts: str = "") -> Content:
    """One file for every letter; those in ``alts`` are described."""
    kind, mime = AttachmentKind.PHOTO, "image/png"
    return Content(
        text=plain(words),
        attachments=tuple(
            Attachment(sha256=each * 64, kind=kind, mime=mime, size=9, name=each, alt=each if each in alts else "")
            for each in files
        ),
    )


@pytest.mark.parametrize(
    ("before", "after", "changed", "removed", "words_move"),
    [
        ("abc", "abc", [], [], False),
        ("abc", "axc", [(1, 1)], [], False),
        ("abc", "xbc", [(0, 0)], [], False),
        ("abc", "xyc", [(0, 0), (1, 1)], [], False),
        ("abc", "ac", [], [1], False),
        ("abc", "ab", [], [2], False),
        ("abc", "bc", [(1, 0)], [0], True),
        ("abc", "c", [(2, 0)], [0, 1], True),
        ("abcd", "axd", [(1, 1)], [2], False),
        ("ab", "a", [], [1], False),
    ],
)
def test_which_messages_change(
    before: str, after: str, changed: list[tuple[int, int]], removed: list[int], words_move: bool
) -> None:
    steps = Exchange(changed=tuple(changed), removed=tuple(removed), words_move=words_move)
    assert exchange(album(before), album(after)) == steps
    assert is_similar(album(before), album(after))


@pytest.mark.parametrize("after", ["", "abcd", "xabc", "bac", "cba", "xyz", "axyc", "abb"])
def test_what_takes_a_new_album(after: str) -> None:
    assert exchange(album("abc"), album(after)) is None
    assert not is_similar(album("abc"), album(after))


def test_words_stand_with_the_first() -> None:
    other = exchange(album("abc"), album("abc", "Your ward"))
    assert other is not None
    assert other.changed == ((0, 0),)
    without = exchange(album("abc", ""), album("bc", ""))
    assert without == Exchange(changed=(), removed=(0,), words_move=False), "there are none to take over"
    numbered = exchange(album("abc", alts="c"), album("ac", alts="c"))
    assert numbered == Exchange(changed=((0, 0),), removed=(1,), words_move=False), "it was the third, now the second"
