"""What people send and what their devices show, in the words of no platform."""

import hashlib
from dataclasses import dataclass
from datetime import timedelta

from bridge.core.ids import RemoteRef
from bridge.core.message import Attachment, AttachmentKind, Place, Poll, Thumbnail
from bridge.core.text import MarkKind


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A file that somebody sends, and what their app says of it."""

    name: str
    mime: str
    data: bytes
    kind: AttachmentKind = AttachmentKind.DOCUMENT
    width: int | None = None
    height: int | None = None
    seconds: int | None = None
    title: str = ""
    performer: str = ""
    alt: str = ""
    spoiler: bool = False
    waveform: tuple[int, ...] = ()

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    @property
    def duration(self) -> timedelta | None:
        return None if self.seconds is None else timedelta(seconds=self.seconds)

    def as_thumbnail(self) -> Thumbnail:
        """Of another file."""
        return Thumbnail(
            sha256=self.sha256, mime=self.mime, size=len(self.data), width=self.width or 1, height=self.height or 1
        )


def thumbnail_file(small: Thumbnail) -> Attachment:
    """As the store hands it over with what it is the thumbnail of."""
    return Attachment(
        sha256=small.sha256,
        kind=AttachmentKind.PHOTO,
        mime=small.mime,
        size=small.size,
        name="thumbnail",
        width=small.width,
        height=small.height,
    )


@dataclass(frozen=True, kw_only=True)
class Shown:
    """One message as a member's device shows it now."""

    ref: RemoteRef
    text: str
    marks: frozenset[MarkKind] | None = None
    """Kinds of marks a reader sees; None where the device cannot tell."""
    reply_to: RemoteRef | None = None
    thread: RemoteRef | None = None
    """The beginning of the thread that it stands in."""
    buttons: tuple[str, ...] = ()
    """Labels in reading order; with ``ButtonStyle.REACTIONS`` the emoji placed by our account."""
    reactions: tuple[str, ...] = ()
    """What our account reacts with."""
    kind: AttachmentKind | None = None
    """As what its file is shown."""
    file_sha256: str | None = None
    file_size: int | None = None
    file_name: str = ""
    """As far as the device shows it; of music its title, too."""
    duration: timedelta | None = None
    thumbnail_sha256: str | None = None
    spoiler: bool = False
    alt: str = ""
    place: Place | None = None
    poll: Poll | None = None
    author: str = ""
    """Whose words it carries, where the device shows that beside the message."""
    preview: bool = False
    """Does the device show what is behind the first address?"""
    edited: bool = False
    ours: bool = True
    """Sent by the account under test."""
