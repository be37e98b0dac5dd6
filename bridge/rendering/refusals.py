"""What an author is told of a file that was not carried: why, and how to mend it."""

from collections.abc import Sequence

from bridge.core.message import Uncarried, UncarriedKind
from bridge.rendering.posts import kind_words
from bridge.rendering.words import Words

UNFETCHED = "unfetched"
"""The code of a file that its platform would not hand over, however often it was asked."""
TOO_MANY = "too_many"
"""The code of what is beyond the files that one message may have."""


def refusal_words(items: Sequence[Uncarried], w: Words) -> list[str]:
    """One sentence for every file that was refused, and one for what could not be read; none for other kinds."""
    unread = [
        w._(
            "Your message is encrypted, and its key has not come: it could not be read. "
            "The key may still come; if in doubt, please send the message again."
        )
        for item in items
        if item.kind is UncarriedKind.ENCRYPTED and not item.refused
    ]
    return unread[:1] + [
        w._("Your {kind} was not carried: {why}", kind=kind_words(item.kind, w), why=_why(item, w))
        for item in items
        if item.refused
    ]


def _why(item: Uncarried, w: Words) -> str:
    match item.refused:
        case "empty":
            return w._("the file is empty. Please send it again.")
        case "too_big" if item.limit:
            return w._(
                "the file is too large: at most {limit} is carried here. Please send it smaller, or say in words what "
                "is in it.",
                limit=w.size(item.limit),
            )
        case "too_big":
            return w._("the file is too large. Please send it smaller, or say in words what is in it.")
        case "too_many_pixels":
            return w._("the picture is too large. Please send a smaller one.")
        case "animated":
            return w._("this moving sticker cannot be shown elsewhere. Please send a still picture.")
        case "no_decoder":
            return w._("this kind of picture cannot be opened here. Please send it as JPEG or PNG.")
        case "broken":
            return w._("the file cannot be read. Please send it again, or in another format.")
        case "executable":
            return w._("programs, scripts, web pages and documents with macros are not carried. Please send a PDF.")
        case "archive":
            return w._("packed files are not carried. Please unpack it and send the files one by one.")
        case "unsupported":
            return w._("this kind of file is not carried. Please send a PDF or a picture, or say it in words.")
        case "gone":
            return w._("the file is no longer there. Please send it again.")
        case "too_many":
            return w._("there are too many in one message. Please send the others in another one.")
        case _:
            return w._("it could not be fetched. Please send it again, or say it in words.")
