"""Why a file is not carried: a code for translations, and plain English words that say what to do instead."""

from enum import StrEnum

from bridge.core.errors import MediaRefused


class MediaReason(StrEnum):
    """Closed: translations and tests cover every one."""

    EMPTY = "empty"
    TOO_BIG = "too_big"
    """More bytes than allowed."""
    TOO_MANY_PIXELS = "too_many_pixels"
    ANIMATED = "animated"
    NO_DECODER = "no_decoder"
    """A kind of picture that this server cannot open (HEIC, AVIF): it could not be freed of its metadata."""
    BROKEN = "broken"
    """It says it is a picture or a document and cannot be read as one within the limits of time and memory."""
    EXECUTABLE = "executable"
    """A program, a script, a web page, or a document with macros."""
    ARCHIVE = "archive"
    """Nobody sees what is inside."""
    UNSUPPORTED = "unsupported"
    """Sound and video of a kind that cannot be freed of what is hidden in it, and whatever is not recognised."""
    GONE = "gone"
    """The platform no longer has it."""


WORDS: dict[MediaReason, str] = {
    MediaReason.EMPTY: "the file is empty: send it again",
    MediaReason.TOO_BIG: "the file is too large: send it smaller, or say in words what is in it",
    MediaReason.TOO_MANY_PIXELS: "the picture is too large: send a smaller one",
    MediaReason.ANIMATED: "this moving sticker has no still picture: send another one",
    MediaReason.NO_DECODER: "this kind of picture cannot be opened here: send it as JPEG or PNG",
    MediaReason.BROKEN: "the file cannot be read: send it again, or in another format",
    MediaReason.EXECUTABLE: "programs, scripts, web pages and documents with macros are not carried: send a PDF",
    MediaReason.ARCHIVE: "packed files are not carried: unpack it and send the files one by one",
    MediaReason.UNSUPPORTED: "this kind of file is not carried: send a PDF, a picture, or say it in words",
    MediaReason.GONE: "the file is no longer there: send it again",
}


class UnfitMedia(MediaRefused):
    """The file cannot be carried."""

    def __init__(self, reason: MediaReason, *, limit: int = 0) -> None:
        super().__init__(WORDS[reason])
        self.reason = reason
        self.limit = limit
        """Bytes that would have been carried, for ``TOO_BIG``; 0 where there is no such number."""
