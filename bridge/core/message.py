"""Messages in neutral form: what came in beside its text, and what goes out."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from bridge.core.ids import RemoteRef
from bridge.core.text import EMPTY, RichText


class AttachmentKind(StrEnum):
    PHOTO = "photo"
    DOCUMENT = "document"
    AUDIO = "audio"
    VOICE = "voice"
    VIDEO = "video"


class UncarriedKind(StrEnum):
    """A kind of message not carried as itself: it becomes visible words, never silence."""

    STICKER = "sticker"
    ANIMATION = "animation"
    AUDIO = "audio"
    VOICE = "voice"
    VIDEO = "video"
    VIDEO_NOTE = "video_note"
    LOCATION = "location"
    VENUE = "venue"
    CONTACT = "contact"
    POLL = "poll"
    DICE = "dice"
    GAME = "game"
    CHECKLIST = "checklist"
    STORY = "story"
    GIVEAWAY = "giveaway"
    PHOTO = "photo"
    DOCUMENT = "document"
    ENCRYPTED = "encrypted"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Uncarried:
    """What could not be carried, with the words it holds (a poll's question, a place's name), if any."""

    kind: UncarriedKind
    detail: str = ""
    refused: str = ""
    """For a file that would have been carried: the code of why it was not (``media.refusal`` and ``unfetched``)."""


@dataclass(frozen=True, kw_only=True)
class RemoteFile:
    """A file still on the platform; ``ref`` is the adapter's own handle for fetching it."""

    ref: str
    kind: AttachmentKind
    name: str = ""
    mime: str = ""
    size: int | None = None
    """Bytes, as the platform claims."""


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """A file in our media store, cleaned. The bytes are found by ``sha256`` and streamed."""

    sha256: str
    kind: AttachmentKind
    mime: str
    size: int
    """Bytes."""
    name: str
    width: int | None = None
    height: int | None = None
    duration: timedelta | None = None


@dataclass(frozen=True, kw_only=True)
class Button:
    """Something to press. Where a platform has no buttons, ``emoji`` is reacted with or ``words`` are written."""

    label: str
    handle: str = ""
    """At most 64 bytes; opaque and unguessable where it decides anything."""
    emoji: str = ""
    url: str = ""
    """Opens an address instead of pressing."""


@dataclass(frozen=True, kw_only=True)
class Content:
    """One physical message to be, in neutral form; adapters turn it into what their platform takes."""

    text: RichText = EMPTY
    attachments: tuple[Attachment, ...] = ()
    buttons: tuple[tuple[Button, ...], ...] = ()
    """Rows of buttons."""
    reply_to: RemoteRef | None = None
    """Answered to where possible; the message goes out all the same where it is gone."""
    asks_reply: bool = False
    """Invite the reader's app to open a reply to this message."""
    silent: bool = False
    """No sound on the reader's phone."""
