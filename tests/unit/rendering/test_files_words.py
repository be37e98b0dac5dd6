"""Files that are told of in words."""

from datetime import timedelta

from bridge.core.message import Attachment, AttachmentKind
from bridge.rendering.kinds import files_words
from bridge.rendering.words import words

K = AttachmentKind


def attachment(sha256: str, kind: AttachmentKind = K.PHOTO, size: int = 100_000, seconds: int = 0) -> Attachment:
    duration = timedelta(seconds=seconds) if seconds else None
    return Attachment(sha256=sha256, kind=kind, mime="image/jpeg", size=size, name=f"{sha256}.jpg", duration=duration)


def test_equal_ones_are_counted_and_the_order_is_kept() -> None:
    files = [attachment("a"), attachment("b"), attachment("c", K.VOICE, seconds=7), attachment("d"), attachment("e")]
    assert files_words(files, words("en")) == [
        "[2 × photo, 200 kB]",
        "[voice message 0:07, 100 kB]",
        "[2 × photo, 200 kB]",
    ]


def test_what_differs_stands_alone() -> None:
    files = [attachment("a", K.DOCUMENT), attachment("b", K.DOCUMENT), attachment("c", K.VIDEO, seconds=7)]
    said = ["[document a.jpg, 100 kB]", "[document b.jpg, 100 kB]", "[video 0:07, 100 kB]"]
    assert files_words(files, words("en")) == said
    pictures = [attachment("a"), attachment("b")]
    assert files_words(pictures, words("en"), {"a": 3}) == ["[photo, 100 kB: GET 3]", "[photo, 100 kB]"]
